"""Samples by arrival, on a line in virtual time: never taken for younger than they are, whatever waits."""

import os
import random
import select
import tty
from collections import deque
from contextlib import suppress
from types import ModuleType

import pytest

from controller.ports import intake
from controller.ports.frame import encode
from controller.ports.intake import CHUNK, LINE_FULL, Intake, newest
from controller.ports.messages import Command, Sample, Tick, pack
from tests.should_fail.mutant import Change, mutant

LOOKS, SEEDS = 300, range(12)
FAR_US = 10**15  # a sender's clock of its own


class Line:
    """A line that shows at most LINE_FULL bytes in one look, and what waits behind them in the next."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.now_us = 1000
        self.queued: deque[tuple[int, int]] = deque()  # when it came, and the byte
        self.first_us: list[int] = []  # when each sample's first byte came; its value names it

    def send(self) -> None:
        """One sample, byte by byte; at times only its first part before the next look."""
        slow_us = self.draw.choice((0, 0, 3, 40))
        begin_us = max(self.now_us, self.queued[-1][0] if self.queued else 0)
        for at, byte in enumerate(encode(pack(1, Sample(0, FAR_US, float(len(self.first_us)))))):
            self.queued.append((begin_us + at * slow_us, byte))
        self.first_us.append(begin_us)
        self.now_us = self.queued[-1][0] if self.draw.random() < 0.5 else begin_us + slow_us

    def read(self) -> bytes:
        data = bytearray()
        while self.queued and self.queued[0][0] <= self.now_us and len(data) < LINE_FULL:
            data.append(self.queued.popleft()[1])
        return bytes(data)


def look(module: ModuleType, seed: int) -> tuple[list[str], int]:
    """Looks at a line that is fed at random, with pauses; samples taken for younger, and how many came."""
    draw = random.Random(seed)
    line, taker, wrong, came = Line(draw), module.Intake(), [], 0
    for _ in range(LOOKS):
        for _ in range(draw.choice((0, 1, 1, 2, 3, 150 if draw.random() < 0.1 else 1))):
            line.send()
        line.now_us += draw.choice((0, 100, 1000, 1000, 50_000))
        looked_us = line.now_us
        data = line.read()
        for time_us, _, message in taker.take(data, looked_us, len(data) % CHUNK):
            assert isinstance(message, Sample)
            came += 1
            came_us = line.first_us[round(message.value)]
            if time_us > came_us:
                wrong.append(f"sample {message.value} came at {came_us}, not {time_us}")
        line.now_us += 1
    return wrong, came


@pytest.mark.parametrize("seed", SEEDS)
def test_no_sample_is_taken_for_younger_than_it_is(seed: int) -> None:
    wrong, came = look(intake, seed)
    assert wrong == [] and came > LOOKS


@pytest.mark.parametrize(
    "bug",
    [
        ("if not self.splitter.buffer and not self.splitter.skipping:", "if True:"),
        ("last == CHUNK or len(data) >= LINE_FULL", "last == CHUNK"),
        ("    self._emptied_us = now_us", "    self._emptied_us = now_us + 2"),
        (
            "        end = data.find(0) + 1",
            "        self._look(now_us, False)\n        end = data.find(0) + 1",
        ),
    ],
)
def test_twins_that_must_fail(bug: Change) -> None:
    """A frame as old as its end, a full line believed, a look too late, a look that counts for itself."""
    assert any(look(mutant(intake, bug), seed)[0] for seed in SEEDS)


def test_the_system_shows_no_more_at_once_than_is_taken_for_a_full_line() -> None:
    """What waits behind it must not make a look believed."""
    near, far = os.openpty()
    try:
        tty.setraw(far)
        os.set_blocking(near, False)
        with suppress(BlockingIOError):
            while os.write(near, bytes([1]) * 512):
                pass
        shown, waits = len(os.read(far, 1 << 16)), 0
        while select.select([far], [], [], 0.0)[0]:
            waits += len(os.read(far, 1 << 16))
        assert shown >= LINE_FULL and waits > 0
    finally:
        os.close(near)
        os.close(far)


def test_a_steady_line_is_a_look_old_from_the_third_look_on() -> None:
    taker = Intake()
    times = []
    for n in range(6):
        frames = encode(pack(n, Sample(1, FAR_US, 0.5))) * 2
        times += [time_us for time_us, _, _ in taker.take(frames, 1000 * n, len(frames))]
    assert times == [-1, -1, -1, -1, 1000, 1000, 2000, 2000, 3000, 3000, 4000, 4000]


def test_messages_come_with_their_numbers_and_what_is_none_is_told() -> None:
    messages = [Sample(0, 1, 0.5), Tick(5, True), Command(7, 0, 0, (1.0,))]
    data = b"".join(encode(pack(9 + n, message)) for n, message in enumerate(messages)) + encode(b"\x77")
    found = Intake().take(data, 100, len(data))
    assert found == [(-1, 9, messages[0]), (-1, 10, messages[1]), (-1, 11, messages[2]), (-1, 0, None)]


def test_the_newest_of_each_channel() -> None:
    rows = [Sample(0, 5, 1.0), Sample(1, 5, 2.0), Sample(0, 5, 3.0), Sample(-7, 5, 4.0)]
    assert newest(rows) == [rows[2], rows[1], rows[3]]
