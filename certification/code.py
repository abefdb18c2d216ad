"""The files that fly or stand beside what flies: path and digest of each, for the trace."""

from pathlib import Path

from certification.canonical import sha256

FLIES = (
    ("controller/kernel", ("*.py",)),
    ("controller", ("*.py",)),
    ("controller/native", ("*.py", "*.c", "*.h")),
    ("controller/ports", ("*.py",)),
    ("hil", ("*.py",)),
    ("hil/agent", ("*.c", "*.h")),
)


def code_digests(root: Path | None = None) -> dict[str, str]:
    """Path from the root, with `/`, to SHA-256, in order of path; the root is Seawall's own by default."""
    base = root or Path(__file__).resolve().parent.parent
    paths = {
        path
        for folder, globs in FLIES
        for glob in globs
        for path in (base / folder).glob(glob)
        if path.is_file() and path.name != "__init__.py"
    }
    return {path.relative_to(base).as_posix(): sha256(path.read_bytes()) for path in sorted(paths)}
