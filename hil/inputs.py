"""The pseudo-random flight of a campaign; hil/agent/inputs.h is the same in C, to the bit.

Each number is a hash (splitmix64) of seed, step and lane. Blocks of steps are calm (all in range, on time)
or, one in four, rough: NaN, infinities, subnormals, values out of range, samples missing, late, doubled, of
the future or of no channel, steps out of their time range and missed deadlines.
"""

from struct import pack, unpack

from controller.kernel.records import Law
from controller.ports.messages import Sample
from hil.messages import Period

WORD = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
BLOCK_LANE = 4095
SEED_LANE = 4094
UNIT = 2.0**-53


def draw(seed: int, index: int, lane: int) -> int:
    """64 pseudo-random bits (splitmix64)."""
    z = (seed + GAMMA * (index * 4096 + lane + 1)) & WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


class Stream:
    """The periods of one seed, from the first on."""

    def __init__(self, law: Law, seed: int) -> None:
        self.law = law
        self.seed = seed & WORD
        self.index = 0
        self.now_us = 0
        self.channels = len(law.sensors.low)
        self.length = 64 + 4 * min(law.clock.recovery, 1000)
        self.block = 0

    def next(self) -> Period:
        """The next period."""
        clock = self.law.clock
        if self.index % self.length == 0:
            self.block = draw(self.seed, self.index // self.length, BLOCK_LANE)
        r = draw(self.seed, self.index, 0)
        rough = self.block & 3 == 0
        if rough and r & 7 == 0:
            dt = (r >> 8) % (2 * clock.high_us + 2)
        else:
            dt = clock.low_us + (r >> 8) % (clock.high_us - clock.low_us + 1)
        self.now_us += dt
        samples: list[Sample] = []
        dead = (self.block >> 10) % (4 * self.channels) if rough else -1
        for j in range(self.channels):
            s = draw(self.seed, self.index, 1 + j)
            sample = Sample(j, self.now_us, self._value(s, j))
            if not rough:
                samples.append(sample)
            elif j != dead:
                samples += self._spoil(s, j, sample)
        self.index += 1
        return Period(self.now_us, int(rough and (r >> 3) & 15 == 0), samples)

    def _value(self, r: int, j: int) -> float:
        """In range: spread, from end to end, or steady for the whole block."""
        low, high = self.law.sensors.low[j], self.law.sensors.high[j]
        style = (self.block >> 2) & 3
        if style == 2:
            return high if r >> 63 else low
        return low + (high - low) * (((self.block if style == 3 else r) >> 11) * UNIT)

    def _spoil(self, r: int, j: int, sample: Sample) -> list[Sample]:
        """The sample, spoilt as the low bits of r say."""
        low, high = self.law.sensors.low[j], self.law.sensors.high[j]
        now = self.now_us
        match r & 63:
            case 0 | 1 | 2 | 3 | 4 | 5:
                return []
            case 6:
                return [Sample(j, now, float("nan"))]
            case 7:
                return [Sample(j, now, float("inf"))]
            case 8:
                return [Sample(j, now, -1.0e300)]
            case 9:
                (tiny,) = unpack("<d", pack("<Q", r >> 12))
                return [Sample(j, now, tiny)]
            case 10:
                return [Sample(j, now, high + (high - low) * ((r >> 11) * UNIT))]
            case 11:
                return [Sample(j, now - (r >> 20) % 100000, sample.value)]
            case 12:
                return [sample, sample]
            case 13:
                return [Sample(j + self.channels, now, sample.value)]
            case 14:
                return [Sample(j, now + 2000000, sample.value)]
            case 15:
                return [Sample(j, now + self.law.clock.high_us, sample.value)]
        return [sample]
