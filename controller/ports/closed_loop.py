"""A port onto the simulated plant: the command of a period drives it until the next one reads it."""

from controller.errors import InputError
from controller.ports.messages import Command, Sample
from controller.ports.simulated import Cart
from controller.project import FILE_NAME, Project


class ClosedLoop:
    """The plant of a project's [plant] table; raises InputError where there is none."""

    def __init__(self, project: Project) -> None:
        table = project.config.plant
        if table is None:
            where = project.root / FILE_NAME
            raise InputError(f"{where}: has no [plant]; fly yours with --port, or a recording with --replay")
        self.plant = Cart(table)
        self._channels = {sensor.name: j for j, sensor in enumerate(project.config.input)}
        self._output = [actuator.name for actuator in project.config.output].index(table.output)
        self._held = project.law.limits.safe[self._output]
        self._now_us: int | None = None

    def receive(self, now_us: int) -> list[Sample]:
        """Move the plant to now_us under the command that it was last sent, and measure it there."""
        if self._now_us is not None:
            self.plant.advance(now_us - self._now_us, self._held)
        self._now_us = now_us
        channels = self._channels
        return [Sample(channels[name], now_us, value) for name, value in self.plant.measure().items()]

    def send(self, command: Command, last: bool = False) -> bool:
        """The command that drives the plant from now on."""
        self._held = command.outputs[self._output]
        return True

    def delivered(self) -> bool:
        """Nothing is on the way."""
        return True

    def counts(self) -> dict[str, int]:
        """Nothing is lost on the way."""
        return {}

    def close(self) -> None:
        """Nothing to let go."""
