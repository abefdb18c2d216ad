"""Where a command's JSON goes: tried before the work, written after it."""

from pathlib import Path

from controller import output_file

ROOM = 1 << 20  # bytes that must be free there


def check(path: Path) -> None:
    """Raises InputError unless a file of ROOM bytes can be written there; nothing is left of it."""
    output_file.check(path, _name(path), ROOM)


def write(path: Path, text: str) -> None:
    """The text there at once or not at all; as it comes where it is a device or a pipe. Raises InputError."""
    with output_file.written(path, _name(path)) as stream:
        stream.write(text)


def _name(path: Path) -> str:
    return f"--json {path}"
