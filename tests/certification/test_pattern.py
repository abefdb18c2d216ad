"""Patterns mean what the regular expression means, and take no longer for being wicked."""

import re

from hypothesis import given
from hypothesis import strategies as st

from certification.pattern import matches


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_a_star_stands_for_any_text(pattern: str, name: str) -> None:
    wanted = re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name) is not None
    assert matches(pattern, name) == wanted


def test_many_stars_end_at_once() -> None:
    assert not matches("*a" * 40 + "!", "a" * 4000)


def test_brackets_and_insides() -> None:
    assert matches("t.py::test_a", "t.py::test_a[x-1]") and matches("t.py", "t.py::test_a")
    assert matches("tests/hil/", "tests/hil/test_x.py::test_y") and not matches("tests/hil", "tests/hil/x.py")
    assert matches("test_a[*]", "test_a[0]") and not matches("test_a[*]", "test_a0")
