"""The shape of controller.toml by itself: strict types, no unknown key, nothing changes after loading."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.config import RANGE_LIMIT, Config, InputTable
from controller.faults import find_line, shorten
from tests.projects import tables, to_toml

SENSOR: dict[str, Any] = tables(1, 1)["input"][0]


def test_the_smallest_table_has_the_declared_defaults() -> None:
    settings = tables(1, 1)
    for key in ("substeps", "precision", "network", "recovery_periods", "inbox_slots"):
        del settings["controller"][key]
    del settings["state"], settings["requirement"]
    config = Config.model_validate(settings)
    c = config.controller
    assert (c.substeps, c.precision, c.network, c.recovery_periods, c.inbox_slots) == (
        1, "float64", "network.json", 20, 16,
    )  # fmt: skip
    assert config.state.limit == 1.0625 and config.requirement == []


@pytest.mark.parametrize("table", ["controller", "dt", "input", "output", "fallback", "timing"])
def test_every_table_is_asked_for(table: str) -> None:
    settings = tables(1, 1)
    del settings[table]
    with pytest.raises(ValidationError, match=table):
        Config.model_validate(settings)


@pytest.mark.parametrize("key", sorted(SENSOR))
def test_every_key_of_a_sensor_is_asked_for(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        InputTable.model_validate({k: v for k, v in SENSOR.items() if k != key})


def test_nothing_changes_after_loading() -> None:
    sensor = InputTable.model_validate(SENSOR)
    with pytest.raises(ValidationError, match="frozen"):
        sensor.low = 0.0


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.floats(),
    st.integers(),
    st.lists(st.floats(), max_size=2),
)


@given(anything)
def test_a_range_end_is_a_finite_number_or_refused(value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    good = number and -RANGE_LIMIT <= value <= RANGE_LIMIT
    try:
        sensor = InputTable.model_validate(SENSOR | {"low": value})
    except ValidationError:
        assert not good
    else:
        assert good and sensor.low == float(value) and type(sensor.low) is float


@given(st.one_of(anything, st.text(), st.integers(10**37, 10**5000)))
def test_a_shown_value_is_one_short_printable_line(value: Any) -> None:
    text = shorten(value)
    assert len(text) <= 40 and text.isprintable()


def test_the_line_of_a_key_is_found_in_its_own_table() -> None:
    text = to_toml(tables(2, 1))
    lines = text.splitlines()
    places: list[tuple[list[int | str], str]] = [
        (["input", 1, "low"], "low = -2.0"),
        (["dt", "low_us"], "low_us = 500"),
    ]
    for location, start in places:
        found = find_line(text, location)
        assert found is not None and lines[found - 1] == start
    assert find_line(text, ["nowhere", "key"]) is None
