"""A unified diff, as git or diff -u writes it, against the kernel's Python or the printed C.

It must fit exactly: no line is looked for elsewhere.
"""

import re
from pathlib import Path

from controller.errors import InputError
from verification.mutation.run import Defect

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
CODE = "controller"  # what a patch may change: all that is judged, nothing that judges


def read(path: Path, root: Path, printed: dict[str, str]) -> Defect:
    """What a patch plants: files under `root`, or of the printed C. Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"--patch {path}: can't be read as text ({fault}); give a unified diff") from None
    files: dict[str, str] = {}
    c: dict[str, str] = {}
    for name, hunks in _sections(text, path):
        place = _code(name, root)
        if Path(name).name in printed and not place:
            c[Path(name).name] = _applied(printed[Path(name).name], hunks, path, name)
        elif place:
            files[place] = _applied((root / place).read_text(encoding="utf-8"), hunks, path, name)
        else:
            raise InputError(
                f"--patch {path}: {name} is no file of {CODE}/ and none of the printed C; name one"
            )
    if not files and not c:
        raise InputError(f"--patch {path}: is no unified diff; write one with git diff or diff -u")
    return Defect("patch", path.name, files, c)


def _sections(text: str, path: Path) -> list[tuple[str, list[tuple[int, list[str]]]]]:
    """(file, [(line, its rows)]) of each file."""
    found: list[tuple[str, list[tuple[int, list[str]]]]] = []
    left = 0
    for row in text.splitlines():
        hunk = HUNK.match(row)
        if left <= 0 and row.startswith("+++ "):
            found.append((row[4:].split("\t")[0].strip(), []))
        elif hunk and found:
            left = int(hunk[2] or 1)
            found[-1][1].append((int(hunk[1]), []))
        elif found and found[-1][1] and row[:1] in (" ", "-", "+", ""):
            if left <= 0 and not row.startswith("+"):
                continue  # what stands between two files
            found[-1][1][-1][1].append(row or " ")
            left -= not row.startswith("+")
    if any(not hunks for _, hunks in found):
        raise InputError(f"--patch {path}: a file has no change; write it with git diff or diff -u")
    return found


def _code(name: str, root: Path) -> str:
    """The path from root of a file of the code, or ""."""
    parts = Path(name).parts
    if ".." in parts or CODE not in parts:
        return ""
    place = Path(*parts[parts.index(CODE) :])
    return place.as_posix() if place.suffix == ".py" and (root / place).is_file() else ""


def _applied(text: str, hunks: list[tuple[int, list[str]]], path: Path, name: str) -> str:
    """A file with the changes."""
    old, new, at = text.splitlines(keepends=True), list[str](), 0
    for line, rows in hunks:
        start = max(line - 1, 0)
        new += old[at:start]
        at = start
        for row in rows:
            if row.startswith("+"):
                new.append(row[1:] + "\n")
                continue
            if at >= len(old) or old[at].rstrip("\n") != row[1:]:
                raise InputError(
                    f"--patch {path}: line {at + 1} of {name} is not what it takes away; make it anew"
                )
            if row.startswith(" "):
                new.append(old[at])
            at += 1
    return "".join(new + old[at:])
