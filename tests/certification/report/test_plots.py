"""Plots: every bar as wide as its bin, no label over another or over a line, axes that say what they are."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.report.plots import bounds, histogram
from hil.statistics import Histogram

MARKS = st.lists(st.floats(1e-3, 1e9), max_size=5)


@pytest.mark.parametrize("bins", [[], [[1.0, 0]], [[0, 5]]])
def test_plots_of_nothing_are_nothing(bins: list[list[float]]) -> None:
    assert histogram(bins, [], "us", "t") == ""
    assert bounds([], "t") == ""


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e9), st.integers(0, 10**9)), min_size=1, max_size=40),
    st.lists(st.floats(1e-3, 1e9), max_size=5),
)
def test_histogram_draws_any_data(bins: list[tuple[float, int]], times: list[float]) -> None:
    svg = histogram(sorted(bins), [(f"m{i}", time) for i, time in enumerate(times)], "us", "t")
    assert "nan" not in svg and "inf" not in svg
    assert all(float(number) >= -0.01 for number in re.findall(r'(?:width|height)="(-?[\d.]+)"', svg))


def bars(svg: str) -> list[tuple[float, float]]:
    """(left, width) of each bar."""
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(float(left), float(wide)) for left, wide in found]


def test_the_first_bar_is_as_wide_as_its_bin() -> None:
    times = Histogram()
    for ns in (1000, 1050, 1100, 9000):
        times.add(ns)
    (first, wide), (second, _), *_ = bars(histogram(times.bars(), [], "ns", "t"))
    edges = [edge for edge, _ in times.bars()]
    scale = (second - first) / math.log(edges[1] / edges[0])
    assert wide == pytest.approx(second - first, abs=0.02)
    last_left, last_wide = bars(histogram(times.bars(), [], "ns", "t"))[-1]
    assert (
        last_wide == pytest.approx(scale * math.log(edges[-1] / edges[-2]), abs=0.05) and last_left > second
    )


@pytest.mark.parametrize("bins", [[[100.0, 5]], [[100.0, 5], [110.0, 3]]])
def test_a_first_bin_with_none_before_it_is_not_the_widest(bins: list[list[float]]) -> None:
    (_, wide), *_ = bars(histogram([*bins, [1000.0, 0], [2000.0, 1]], [], "ns", "t"))
    assert wide < 50


@given(MARKS.filter(bool))
def test_no_label_stands_over_another_or_over_a_line(times: list[float]) -> None:
    svg = histogram([(10.0, 5.0), (11.0, 7.0)], [(f"m{i}", time) for i, time in enumerate(times)], "µs", "t")
    labels = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="start" fill="#\w+">([^<]*)<', svg)
    boxes = [(float(x), float(y) - 8, float(x) + 6.1 * len(text), float(y)) for x, y, text in labels]
    lines = re.findall(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="\1" y2="([\d.]+)" [^>]*dash', svg)
    assert len(boxes) == len(lines) == len(times)
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert right <= 680
        for x, high, low in ((float(a), float(b), float(c)) for a, b, c in lines):
            assert not (left < x < right and high < bottom and low > top)
        for other in boxes[:i]:
            assert other[3] <= top or bottom <= other[1]


def test_axes_say_their_unit_and_that_they_are_logarithmic() -> None:
    svg = histogram([(10.0, 5.0), (11.0, 7.0)], [("max", 1_234_567.0)], "µs", "t")
    assert "time in µs, on a logarithmic axis" in svg and "count in a bin, log axis" in svg
    assert "max 1,234,567 µs" in svg


@pytest.mark.parametrize("low", [-0.001, 0.0, -5.0, 1.0])
def test_the_scale_of_bounds_has_no_label_over_another(low: float) -> None:
    svg = bounds([("h[0]", low, 100.0, None, None)], "t")
    places = sorted(float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle"', svg))
    assert all(b - a > 52 for a, b in pairwise(places))
