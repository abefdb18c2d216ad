"""Every answer of a target is read by one function, which takes nothing that can't be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.messages import (
    BIN,
    CLOCK,
    GAUGED,
    IDENTITY,
    OUTCOME,
    PROTOCOL,
    Clock,
    Gauged,
    Identity,
    Outcome,
    Told,
    Unreadable,
)
from hil.statistics import BINS, bin_of


def outcome(longest: int = 520, step: int = 40, bins: dict[int, int] | None = None, late: int = 1) -> bytes:
    """An answer of ten steps from 40 on, as an agent packs it."""
    counted = {bin_of(300): 9, bin_of(520): 1} if bins is None else bins
    return OUTCOME.pack(7, longest, step, late) + b"".join(BIN.pack(*pair) for pair in counted.items())


def test_a_campaigns_answer() -> None:
    assert Outcome.read(outcome(), 40, 10, 400) == Outcome(7, 520, 40, 1, {bin_of(300): 9, bin_of(520): 1})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it has 0 bytes"),
        (outcome()[:-1], "it has 35 bytes"),
        (outcome(bins={}), "the times of 0 steps, 10 were asked for"),
        (outcome(bins={bin_of(520): 9}), "the times of 9 steps"),
        (outcome(bins={bin_of(300): 2**32 - 1, bin_of(520): 2**32 - 1}), "the times of 8,589,934,590 steps"),
        (outcome(bins={bin_of(520): 1, bin_of(300): 9}), "out of order"),
        (outcome(bins={bin_of(300): 0, bin_of(520): 10}), "out of order"),
        (outcome(bins={bin_of(300): 9, BINS: 1}), "out of order"),
        (outcome(longest=300), "its longest time, 300 ns, is not in its last bin"),
        (outcome(longest=1_140_000_000), "is not in its last bin"),
        (outcome(step=39), "its longest step, 39, is none of those"),
        (outcome(late=0), "it says that 0 steps took over 400 ns, its bins say otherwise"),
        (outcome(late=2), "it says that 2 steps took over 400 ns"),
        (outcome(step=50), "its longest step, 50, is none of those"),
    ],
)
def test_a_campaigns_answer_that_can_not_be(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        Outcome.read(body, 40, 10, 400)


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused_in_words(body: bytes) -> None:
    for read in (
        Identity.read, Clock.read, Gauged.read,
        lambda b: Told.read(b, 3, 1), lambda b: Outcome.read(b, 0, 10, 400),
    ):  # fmt: skip
        try:
            read(body)
        except Unreadable as fault:
            assert str(fault).startswith("it")


@pytest.mark.parametrize(("limit_ns", "late"), [(515, 0), (515, 1), (511, 1), (520, 0), (299, 10)])
def test_steps_over_a_limit_within_a_bin_are_the_targets_count(limit_ns: int, late: int) -> None:
    assert Outcome.read(outcome(late=late), 40, 10, limit_ns).late == late


def test_the_sizes_of_the_others() -> None:
    assert Clock.read(CLOCK.pack(*range(8))).now_ns == 0
    assert Gauged.read(GAUGED.pack(5, 6)) == Gauged(5, 6)
    assert Identity.read(IDENTITY.pack(PROTOCOL, 9, *range(5), b"k" * 32, b"p" * 32) + b"cpu").nonce == 9
    with pytest.raises(Unreadable, match="another protocol"):
        Identity.read(IDENTITY.pack(PROTOCOL - 1, 9, *range(5), b"k" * 32, b"p" * 32))
