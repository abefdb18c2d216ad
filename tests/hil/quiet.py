"""Campaigns whose times a loaded machine may spoil: flown anew, up to a limit, until it was quiet enough."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

TRIES = 5
Found = dict[str, Any]


def quiet(fly: Callable[[Path], Found], holds: Callable[[Found], bool], place: Path) -> Found:
    """The result of the first campaign that holds, else of the last; each in a folder of its own.

    What does not depend on time must be asserted of the result: here nothing is.
    """
    found: Found = {}
    for attempt in range(TRIES):
        found = fly(place / str(attempt))
        if holds(found):
            break
    return found


def in_no_doubt(found: Found) -> bool:
    """Whether nothing speaks against the target's times."""
    return found["timing"]["reasons"] == []
