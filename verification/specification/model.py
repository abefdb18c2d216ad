"""The specification as something that flies: it answers golden vectors, and finds where a kernel differs."""

import re
from copy import deepcopy
from typing import Any

from controller.kernel.records import Law, State, allocate
from verification.specification import period

PLACE = re.compile(r"(?:inbox\.)?(\w+)((?:\[\d+\])*)")


class Model:
    """What a kernel must do, period by period, in plain numbers."""

    def __init__(self, law: Law, sizes: dict[str, int]) -> None:
        self._law = law
        self._state = allocate(State, sizes)
        self.reset()

    def reset(self) -> None:
        """The declared start."""
        self._keep(period.reset(self._law, self._state))

    def receive(self, now_us: int, channel: int, time_us: int, value: float) -> None:
        """Accept one sample."""
        self._keep(period.receive(self._law, self._state, now_us, channel, time_us, value))

    def step(self, now_us: int, missed: int) -> None:
        """One control period; nothing where the clock stands still."""
        now = min(max(now_us, -period.FAR_US), period.FAR_US)
        if now != self._state.previous_us:
            self._keep(period.step(self._law, self._state, now_us, missed))

    def snapshot(self) -> State:
        """A copy of the whole state."""
        return deepcopy(self._state)

    @property
    def output(self) -> tuple[float, ...]:
        """The commands, in output units."""
        return tuple(self._state.output)

    @property
    def mode(self) -> int:
        """Who drives."""
        return self._state.mode

    @property
    def cause(self) -> int:
        """Why."""
        return self._state.cause

    def _keep(self, found: dict[str, Any]) -> None:
        for path, value in found.items():
            place = PLACE.fullmatch(path)
            assert place is not None
            record: Any = self._state.inbox if path.startswith("inbox.") else self._state
            *way, last = [place[1], *map(int, re.findall(r"\d+", place[2]))]
            for key in way:
                record = getattr(record, key) if isinstance(key, str) else record[key]
            if isinstance(last, str):
                setattr(record, last, value)
            else:
                record[last] = value
