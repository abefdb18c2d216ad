"""Where a command's file goes: whole or not at all, written aside and renamed.

What is no plain file (a device, a pipe, an open descriptor under /proc) is written to as it comes and never
replaced; a link stays a link, and its target is written. A file keeps its mode, a read-only one its text.
"""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from controller.errors import InputError

LINKS = 40  # as many as Linux follows
DESCRIPTOR = re.compile(r"/proc/(\d+)/(?:task/\d+/)?fd/(\d+)")  # where /dev/stdout and /dev/fd/N lead
WRITABLE = 0o222


@contextmanager
def written(path: Path, name: str = "", room: int = 0) -> Iterator[TextIO]:
    """A stream whose text is at `path` when the block has ended well, and of which else nothing is left.

    name: what the sentence of the InputError begins with; the path unless given. room: bytes that must be
    free there before the block begins. Raises InputError where the file can't be written.
    """
    name = name or str(path)
    try:
        target, descriptor = _target(path)
        plain = descriptor is None and _plain(target, name)
    except (OSError, ValueError) as fault:
        raise _refused(name, fault) from None
    if plain:
        with _aside(target, name, room) as stream:
            yield stream
        return
    try:
        place = os.dup(descriptor) if descriptor is not None else os.open(target, os.O_WRONLY | os.O_NOCTTY)
        with os.fdopen(place, "w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as fault:
        raise _refused(name, fault) from None


def check(path: Path, name: str, room: int) -> None:
    """Raises InputError unless a file of `room` bytes can be written there; nothing is left of it.

    A device or a pipe is not opened: who reads a pipe may not be there yet.
    """
    try:
        target, descriptor = _target(path)
        plain = descriptor is None and _plain(target, name)
    except (OSError, ValueError) as fault:
        raise _refused(name, fault) from None
    if plain:
        with suppress(_Enough), _aside(target, name, room):
            raise _Enough


class _Enough(Exception):
    """Ends a trial: the file aside goes."""


def _target(path: Path) -> tuple[Path, int | None]:
    """Where the path leads over all its links; the descriptor of this process that it names, if it does."""
    for _ in range(LINKS):
        found = DESCRIPTOR.fullmatch(str(path.parent.resolve() / path.name))
        if found and int(found[1]) == os.getpid():
            return path, int(found[2])
        if not path.is_symlink():
            return path, None
        path = path.parent / path.readlink()
    raise OSError(0, "its links go in a circle")


def _plain(path: Path, name: str) -> bool:
    """Whether it is a plain file, or will be one; raises InputError for a folder or where none may write."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InputError(
                f"{name}: can't be written (there is no such folder); give another place"
            ) from None
        return True
    if stat.S_ISDIR(mode):
        raise InputError(f"{name}: is a folder and can't be written; give a file's name")
    if not mode & WRITABLE or not os.access(path, os.W_OK):
        raise InputError(f"{name}: can't be written (it is read-only); give another place, or remove it")
    return stat.S_ISREG(mode)


@contextmanager
def _aside(path: Path, name: str, room: int) -> Iterator[TextIO]:
    aside: Path | None = None
    try:
        handle, made = tempfile.mkstemp(prefix=f".{path.name[:16]}.", dir=path.parent)
        aside = Path(made)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write("\0" * room)
            stream.flush()
            stream.seek(0)
            stream.truncate()
            yield stream
        aside.chmod(_mode(path))
        aside.replace(path)
    except OSError as fault:
        raise _refused(name, fault) from None
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """The old file's mode, or what a new one gets: mkstemp's file is private."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _refused(name: str, fault: OSError | ValueError) -> InputError:
    reason = getattr(fault, "strerror", None) or str(fault)
    return InputError(f"{name}: can't be written ({reason}); give another place")
