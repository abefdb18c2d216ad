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

    def send(self, command: Command) -> None:
        """Hand over a command; raises Lost where the line broke."""

    def close(self) -> None:
        """Let the line go; a second call does nothing."""


class Ended(Exception):
    """The port has given its last sample; one sentence."""


class Lost(Exception):
    """The line to the sensors or the actuator broke; one sentence."""
