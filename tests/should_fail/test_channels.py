"""Channels that reach into each other: the claim must be refuted, or open where a step mixes them."""

import pytest

from controller.kernel import inbox, step
from tests.settling import flown, settled
from tests.should_fail.mutant import Change, mutant
from tests.should_fail.test_clock import fly
from verification.claims.channels import channels_apart


@pytest.mark.parametrize(
    "bug",
    [
        ("mine = same(j, channel, in_time, 0)", "mine = in_time"),
        ("mine = same(j, channel, in_time, 0)", "mine = select(channel, j, 0, in_time)"),
        ("insert(box.time_us[j], box.value[j]", "insert(box.time_us[0], box.value[0]"),
        ("insert(box.time_us[j], box.value[j]", "insert(box.time_us[j], box.value[1]"),
        ("select(0, twin, 0, mine)\n", "select(0, twin, 0, mine)\n    box.seen_us[0] = new\n"),
    ],
)  # fmt: skip
def test_channels_apart_twin(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample in each row, or in all rows up to its own, one row for all, another one's values, a count."""
    verdict = settled(channels_apart(fly(mutant(step, push=mutant(inbox, bug).push), monkeypatch)))
    assert verdict.word == "REFUTED" and verdict.counterexample


@pytest.mark.parametrize(
    "bug",
    [
        ("box.value[j][s]\n", "box.value[0][s]\n"),
        ("time_us, value = box.time_us[j][s], ", "time_us, value = box.time_us[0][s], "),
        ("sensors.low[j], sensors.high[j])", "sensors.low[0], sensors.high[j])"),
        ("bad = outside(value", "bad = state.bad[0] + outside(value"),
    ],
)
def test_channels_apart_twin_step(bug: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """A period that reads another channel's value, time, range or health."""
    verdict = channels_apart(fly(mutant(step, take=mutant(inbox, bug).take), monkeypatch)).verdict
    assert verdict.word == "OPEN" and "[0]" in verdict.reason


def test_the_unchanged_claim_holds() -> None:
    assert settled(channels_apart(flown()[1])).word == "PROVED-IEEE"
