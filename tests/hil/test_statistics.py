"""Log histograms: bins, merging, quantiles within the stated error, and the picture."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from hil.statistics import BIN_ERROR, LONGEST_NS, Histogram, bin_of, picture, upper_edge

TIMES = st.one_of(st.integers(0, 200), st.integers(0, LONGEST_NS))


def filled(times: list[int]) -> Histogram:
    found = Histogram()
    for ns in times:
        found.add(ns)
    return found


@given(TIMES)
def test_a_bin_is_at_most_a_sixteenth_wide(ns: int) -> None:
    edge = upper_edge(bin_of(ns))
    assert ns <= edge <= ns * (1 + BIN_ERROR)
    assert bin_of(edge) == bin_of(ns) == bin_of(edge + 1) - 1
    assert 0 <= bin_of(ns) < 464


@given(st.lists(TIMES, max_size=50), st.lists(TIMES, max_size=50))
def test_merging_is_counting_together_and_survives_json(a: list[int], b: list[int]) -> None:
    merged = filled(a)
    merged.merge(filled(b))
    assert merged == filled(a + b)
    assert Histogram.from_json(json.loads(json.dumps(merged.to_json()))) == merged


@given(st.lists(TIMES, min_size=1, max_size=200), st.sampled_from([0.5, 0.99, 0.999, 1.0]))
def test_a_quantile_is_never_too_small_nor_far_too_large(times: list[int], share: float) -> None:
    exact = sorted(times)[max(1, math.ceil(share * len(times))) - 1]
    found = filled(times).quantile(share)
    assert exact <= found <= exact * (1 + BIN_ERROR)


@given(st.lists(TIMES, min_size=1, max_size=50))
def test_bars_hold_every_time(times: list[int]) -> None:
    found = filled(times)
    assert sum(count for _, count in found.bars()) == len(times) == found.total
    assert found.bars()[0][0] == 0 or found.bars()[0][1] == 0  # where the first that holds a time begins
    assert found.summary()["max"] == max(times)


def test_the_picture_joins_bins_and_keeps_the_counts() -> None:
    lines = picture(filled(list(range(100, 5000))).bars(), "ns", rows=10)
    assert len(lines) <= 10
    assert sum(int(line.split()[-1].replace(",", "")) for line in lines) == 4900
    assert picture([], "ns") == ["no times yet"]


def test_no_times_have_no_quantile() -> None:
    assert Histogram().summary()["p99_9"] == 0
