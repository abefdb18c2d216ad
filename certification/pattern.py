"""Patterns that requirements use to name claims, campaigns, tests and files."""

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Only `*` is special: test ids hold brackets, which fnmatch would read as sets.
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))


def matches(pattern: str, name: str) -> bool:
    """Whether name is pattern, a parameter set of it (`[`), inside it (`::`, `/`), or fits its `*`."""
    if name == pattern or name.startswith((pattern + "[", pattern + "::")):
        return True
    if pattern.endswith("/"):
        return name.startswith(pattern)
    return "*" in pattern and _compiled(pattern).fullmatch(name) is not None


def select(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that fit any of the patterns, in the order of names."""
    wanted = list(patterns)
    return [name for name in names if any(matches(pattern, name) for pattern in wanted)]
