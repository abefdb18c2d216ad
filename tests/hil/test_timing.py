"""The target's clock: an honest one is measured with, and every liar's times are OPEN, with the reason."""

from pathlib import Path
from typing import Any

import pytest

from controller.project import Project
from hil.campaign import exit_status, run
from hil.link import Link
from hil.statistics import Histogram
from hil.targets import Embedded
from hil.timing import RATE, Reading, Watch, rate, verdict
from tests.hil.mutants import mutant
from tests.hil.quiet import in_no_doubt, quiet

NOW = "(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec"
TAKEN = "taken < UINT32_MAX ? (uint32_t)taken : UINT32_MAX"
COUNTING = "{ static uint64_t ns; ns += 1u; return ns; }"
TOLD_NOW = "wire_put(wire_put(at, port_now_ns(), 8), overhead, 4)"
BACK = TOLD_NOW.replace("port_now_ns()", "UINT64_MAX - port_now_ns()")
JUMP = TOLD_NOW.replace("port_now_ns()", "port_now_ns() - (self.steps > 300u ? 9000000000u : 0u)")
OVERHEAD = TOLD_NOW.replace("overhead", "overhead + 4000000000u")
SPIN = "{ const uint64_t until = port_now_ns() + %du; while (port_now_ns() < until) { } }\n"
FLOWN = "    const uint32_t ns = timed(now_us, missed, samples, count);\n"
BINNED = "        self.bins[bin_of(ns)]++;\n"
STEPS = TOLD_NOW.replace("port_now_ns()", "port_now_ns() / 5000u * 5000u")
TICK = ("count == 0 ? least_change() : 0", "count == 0 ? (least_change(), 7900u) : 0")
LIARS: dict[str, tuple[str, str, str, str]] = {
    "always 0": ("main.c", NOW, "0", "its clock stands still"),
    "1 ns each time": ("main.c", f"return {NOW};", COUNTING, "its clock went on by"),
    "a thousand times too slow": ("main.c", NOW, f"({NOW}) / 1000u", "its clock went on by"),
    "a thousandth too fast": ("main.c", NOW, f"({NOW}) / 1000u * 1001u", "its clock went on by"),
    "ticks of 1 ms": ("main.c", NOW, f"({NOW}) / 1000000u * 1000000u", "moves by 1,000,000 ns at a time"),
    "times of 0": ("agent.c", TAKEN, "taken == UINT64_MAX", "and 0 by its own"),
    "times of 1 ns": ("agent.c", TAKEN, "taken > 0", "by the host's clock, and 1 by its own"),
    "700 us in any round trip": ("agent.c", TAKEN, "(uint32_t)taken + 700000u", "in a round trip of"),
    "a twentieth, but not where gauged": (
        "agent.c",
        "    return ns;",
        "    return ns / 20u;",
        "in the mean by its clock",
    ),
    "half and less": ("agent.c", TAKEN, "(uint32_t)(taken * 10u / 39u)", "by the host's clock, and "),
    "every step of 2 ms, told as half a millisecond": (
        "agent.c",
        "    taken = port_now_ns() - begin;\n",
        "    " + SPIN % 2_000_000 + "    taken = (port_now_ns() - begin) * 10u / 39u;\n",
        "by the host's clock",
    ),
    "a step that goes on after its time is taken": (
        "agent.c",
        FLOWN,
        FLOWN + SPIN % 900_000,
        "with nothing flown",
    ),
    "its own flight's steps of 1.5 ms, told as 600 ns": (
        "agent.c",
        BINNED,
        "        " + SPIN % 1_500_000 + "        ns = 600u;\n" + BINNED,
        "steps that it flew by itself took",
    ),
    "one step in fifty of 5 ms, told as usual": (
        "agent.c",
        FLOWN,
        FLOWN + "    if (self.steps % 50u == 0u) " + SPIN.replace("%d", "5000000"),
        "steps that it flew by itself took",
    ),
    "an overhead of 4 s": ("agent.c", TOLD_NOW, OVERHEAD, "it says that reading its clock takes 4,000,000,"),
    "a CLOCK in ticks of 5 us, said to be fine": (
        "agent.c",
        TOLD_NOW,
        STEPS,
        "ns at a time, and it moves by 5,000",
    ),
    "a CLOCK that runs backwards": ("agent.c", TOLD_NOW, BACK, "its clock went back by"),
    "a CLOCK that jumps back once": ("agent.c", TOLD_NOW, JUMP, "its clock went back by"),
}


@pytest.mark.parametrize("liar", LIARS)
def test_a_liars_times_are_open(project: Project, tmp_path: Path, liar: str) -> None:
    file, old, new, reason = LIARS[liar]

    def told(found: dict[str, Any]) -> bool:
        return any(reason in sentence for sentence in found["timing"]["reasons"])

    with Embedded(mutant(project, file, (old, new))) as target:
        found = quiet(lambda work: run(project, work, 700, target.url), told, tmp_path)
    assert told(found), found["timing"]["reasons"]
    assert found["timing"]["word"] == "OPEN"
    assert found["mismatches"] == 0 and "error" not in found
    assert exit_status(found) == 3


@pytest.mark.parametrize("lie", ["taken > 0", "taken == UINT64_MAX"], ids=["1 ns", "0 ns"])
def test_a_tick_that_is_claimed_makes_no_room_for_short_times(
    project: Project, tmp_path: Path, lie: str
) -> None:
    with Embedded(mutant(project, "agent.c", (TAKEN, lie), TICK)) as target:
        found = run(project, tmp_path, 700, target.url)
    assert found["timing"]["tick_ns"] == 7900
    assert (found["timing"]["word"], exit_status(found)) == ("OPEN", 3)


def test_a_coarse_clock_is_measured_with(project: Project, tmp_path: Path) -> None:
    """Ticks of 4 us, where a step takes less than one: right in the mean."""
    with Embedded(mutant(project, "main.c", (NOW, f"({NOW}) / 4000u * 4000u"))) as target:
        found = quiet(lambda work: run(project, work, 4000, target.url), in_no_doubt, tmp_path)
    assert found["timing"]["reasons"] == []
    assert found["timing"]["tick_ns"] >= 4000


def test_times_in_doubt_are_not_called_late(project: Project, tmp_path: Path) -> None:
    """What a liar says may refute nothing either."""
    with Embedded(mutant(project, "agent.c", (TAKEN, "1140000000u + (taken > UINT32_MAX)"))) as target:
        found = run(project, tmp_path, 10, target.url)
    assert found["kernel_ns"]["p99_9"] > 1000.0 * found["deadline_us"]
    assert (found["timing"]["word"], exit_status(found)) == ("OPEN", 3)


def test_an_honest_targets_rate_is_bounded(project: Project, tmp_path: Path) -> None:
    found = quiet(lambda work: run(project, work, 100), in_no_doubt, tmp_path)["timing"]
    assert found["reasons"] == []
    low, high = found["rate"]
    assert 1.0 - RATE <= low <= 1.0 <= high <= 1.0 + RATE
    assert 0 < found["tick_ns"] < 10_000 and found["step_ns"] > 0.0


class TestRate:
    def test_the_true_rate_lies_within(self) -> None:
        first, last = Reading(100, 160, 1_000_130), Reading(1_000_000_000, 1_000_000_050, 1_001_000_020)
        low, high = rate(first, last, 1)
        assert low < 1.0 < high and high - low < 2.5e-7

    def test_two_readings_that_overlap_have_no_upper_bound(self) -> None:
        assert rate(Reading(0, 100, 5), Reading(90, 200, 95), 1)[1] == float("inf")


@pytest.fixture
def watch(link: Link) -> Watch:
    return Watch(link, 1000)


class TestWatch:
    @pytest.mark.parametrize(("told", "fits"), [(100_000, True), (100_010, True), (100_200, False)])
    def test_a_time_beyond_its_round_trip(self, watch: Watch, told: int, fits: bool) -> None:
        watch.within(told, 100_000, 1)
        assert (watch.doubts == {}) == fits

    def test_the_first_sentence_of_a_kind_stays(self, watch: Watch) -> None:
        watch.within(2000, 1000, 1)
        watch.within(9000, 1000, 3)
        assert list(watch.doubts.values()) == ["a step took 2,000 ns by its clock, in a round trip of 1,000"]

    def test_a_mean_far_below_the_cost(self, watch: Watch) -> None:
        times: dict[int, Any] = {160: Histogram(), 20: Histogram()}
        watch.begin()
        watch.step_ns = 300.0
        for ns, histogram in times.items():
            histogram.add(ns, 50)
            watch.mean(histogram, f"the steps of {ns}")
        assert list(watch.doubts) == ["mean of the steps of 20"]

    def test_times_below_a_deadline_that_a_step_costs_more_than(self, watch: Watch) -> None:
        watch.tick_ns = 20
        words = []
        for cost_ns, late in ((900e3, 0), (1100e3, 0), (1100e3, 9)):
            watch.step_ns = cost_ns
            words.append(verdict(watch, [], [(late, 1000)], 1000, 1000)["word"])
        assert words == ["MEASURED", "OPEN", "REFUTED"]

    @pytest.mark.parametrize(
        ("counted", "allowed", "word"),
        [
            ([(17, 1_000_000), (0, 200_000)], 17, "MEASURED"),
            ([(17, 1_000_000), (0, 200_000)], 16, "REFUTED"),
            ([(0, 1_000_000), (1, 200_000)], 0, "REFUTED"),
            ([(0, 1_000_000), (4, 200_000)], 19, "REFUTED"),
            ([(0, 0), (0, 0)], 0, "MEASURED"),
        ],
    )
    def test_no_more_steps_are_late_than_are_allowed(
        self, watch: Watch, counted: list[tuple[int, int]], allowed: int, word: str
    ) -> None:
        """Of the steps that the host gave and of those that the target flew by itself, each for itself."""
        watch.step_ns = 500.0
        assert verdict(watch, [], counted, 1000, allowed)["word"] == word

    def test_a_tick_counts_in_and_the_longest_time_of_all_is_late(self, watch: Watch) -> None:
        watch.tick_ns = 20
        assert watch.limit_ns == 999_980
        watch.deadline_ns = 10**10
        assert watch.limit_ns == 2**32 - 2

    def test_a_rate_that_can_not_be_shown_is_a_doubt(
        self, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With so little patience that no round trip is short enough."""
        watch.begin()
        monkeypatch.setattr("hil.timing.LONGEST_S", 0.0)
        monkeypatch.setattr("hil.timing.RATE", 1.0e-9)
        watch.settle(lambda what, done, total: None)
        assert any("its clock's rate is only known to lie between" in s for s in watch.doubts.values())
