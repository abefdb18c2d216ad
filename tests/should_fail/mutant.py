"""Copies of shipped modules with a planted bug: the rest of each copy is as it is shipped, contracts too."""

import inspect
import linecache
import sys
from itertools import count
from types import ModuleType
from typing import Any

Change = tuple[str, str]  # what stands there once, and what to put in its place
_number = count()


def mutant(module: ModuleType, *changes: Change, **parts: Any) -> ModuleType:
    """A copy of a module with changes to its text; then names rebound to parts of other mutants."""
    source = inspect.getsource(module)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in {module.__name__}")
        source = source.replace(old, new)
    copy = ModuleType(f"{module.__name__}_mutant{next(_number)}")
    name = f"<{copy.__name__}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    sys.modules[copy.__name__] = copy
    exec(compile(source, name, "exec"), vars(copy))
    vars(copy).update(parts)
    return copy
