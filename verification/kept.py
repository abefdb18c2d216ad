"""Answers that outlive a run: one small file each, by a key that names all that the answer depends on.

What is kept is believed where its key and its digest fit: whoever can write in the folder can forge both.
A file that is torn, odd, renamed or of an older form is as good as none.
"""

import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

MOST_BYTES = 1 << 24
ROOT = Path(__file__).resolve().parent.parent
PARTS = ("controller", "verification")  # all that is proved, and all that proves it


def key(*parts: Any) -> str:
    """SHA-256 of plain data: the name of an answer."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write(path: Path, text: str) -> None:
    """Write aside and rename, so that a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def put(path: Path, name: str, data: Any) -> None:
    """Keep plain data under a key."""
    write(path, json.dumps({"key": name, "data": data, "check": key(name, data)}))


def get(path: Path, name: str) -> Any:
    """The data that was kept under this very key, or None."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        fits = kept["key"] == name and kept["check"] == key(name, kept["data"])
        return kept["data"] if fits else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def code_digest(root: Path = ROOT) -> str:
    """SHA-256 over every source file of the kernel, its printer and the verification, as they are now."""
    files = sorted(p for part in PARTS for p in (root / part).rglob("*") if p.suffix in (".py", ".c", ".h"))
    return key([[p.relative_to(root).as_posix(), hashlib.sha256(p.read_bytes()).hexdigest()] for p in files])


@cache
def environment() -> str:
    """SHA-256 over the interpreter, the machine, and the name and version of every installed package.

    Not of Seawall itself, whose code has a digest of its own, nor of the copies that setuptools, once it is
    imported, puts on the path.
    """
    here = [platform.python_implementation(), platform.python_version(), platform.machine()]
    found = distributions(path=[place for place in sys.path if Path(place).name != "_vendor"])
    others = (d for d in found if d.name not in (None, "seawall"))
    return key(here, sorted({f"{d.name} {d.version}" for d in others}))
