"""Patterns that requirements use to name claims, campaigns, tests and files."""

from collections.abc import Iterable


def _fits(pattern: str, name: str) -> bool:
    """Whether name is pattern with any text for each `*`; in time that no pattern can stretch.

    Only `*` is special: test ids hold brackets, which fnmatch would read as sets.
    """
    first, *middle, last = pattern.split("*")
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:  # the leftmost place leaves most for what follows
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def matches(pattern: str, name: str) -> bool:
    """Whether name is pattern, a parameter set of it (`[`), inside it (`::`, `/`), or fits its `*`."""
    if name == pattern or name.startswith((pattern + "[", pattern + "::")):
        return True
    if pattern.endswith("/"):
        return name.startswith(pattern)
    return "*" in pattern and _fits(pattern, name)


def select(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that fit any of the patterns, in the order of names."""
    wanted = list(patterns)
    return [name for name in names if any(matches(pattern, name) for pattern in wanted)]
