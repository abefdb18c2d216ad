"""What stands between the loop and the world: samples come in, commands go out.

A port never waits: what has not arrived yet belongs to the next period.
"""

from collections.abc import Iterable
from typing import Protocol

from controller.ports.messages import Command, Sample


class Port(Protocol):
    """A source of samples and a sink of commands."""

    def receive(self, now_us: int) -> Iterable[Sample]:
        """The samples that have arrived by now_us and were not given before, in order of arrival.

        Raises Ended where no more will come, Lost where the line broke.
        """

    def send(self, command: Command, last: bool = False) -> bool:
        """Hand over a command; False where an older one is still on its way; Lost where the line broke.

        last: it is the last one, of which delivered() must know.
        """

    def delivered(self) -> bool:
        """Whether all that was handed over has left, as far as can be known; Lost where the line broke."""

    def counts(self) -> dict[str, int]:
        """What was lost on the way, by name; empty where nothing can be."""

    def close(self) -> None:
        """Let the line go; a second call does nothing."""


class Ended(Exception):
    """The port has given its last sample; one sentence."""


class Lost(Exception):
    """The line to the sensors or the actuator broke; one sentence."""
