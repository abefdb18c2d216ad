"""Seawall's own files by digest: those that fly or stand beside what flies, and all that its tests test."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from certification.canonical import listing_digest, sha256

FLIES = (
    ("controller/kernel", ("*.py",)),
    ("controller", ("*.py",)),
    ("controller/native", ("*.py", "*.c", "*.h")),
    ("controller/ports", ("*.py",)),
    ("hil", ("*.py",)),
    ("hil/agent", ("*.c", "*.h")),
)
SUITE = "certification/suite.json"  # the result for these files, so none of them
INSTALLED = ("certification", "controller", "hil", "verification", "seawall.py")
BESIDE = ("benchmarks", "conftest.py", "docs", "examples", "pyproject.toml", "README.md", "tests")
MADE = ("__pycache__", "build", "evidence")  # what running makes, which is no source


def root_of(root: Path | None = None) -> Path:
    """The folder that Seawall's own code is in, unless another is given."""
    return root or Path(__file__).resolve().parent.parent


def code_digests(root: Path | None = None) -> dict[str, str]:
    """Path from the root, with `/`, to SHA-256, in order of path; the root is Seawall's own by default."""
    base = root_of(root)
    paths = {
        path
        for folder, globs in FLIES
        for glob in globs
        for path in (base / folder).glob(glob)
        if path.is_file() and path.name != "__init__.py"
    }
    return {path.relative_to(base).as_posix(): sha256(path.read_bytes()) for path in sorted(paths)}


def is_checkout(root: Path | None = None) -> bool:
    """Whether Seawall's tests lie beside its code; a folder `tests` among installed packages is another's."""
    base = root_of(root)
    return (base / "pyproject.toml").is_file() and (base / "tests" / "should_fail").is_dir()


def all_digests(root: Path | None = None) -> dict[str, str]:
    """Path to SHA-256 of all that Seawall's tests may depend on: its code, and in a checkout what is beside.

    What running makes, hidden files, pictures and the suite's own result are no part of it.
    """
    base = root_of(root)
    return _digests(base, (*INSTALLED, *(BESIDE if is_checkout(base) else ())))


def installed_digests(root: Path | None = None) -> dict[str, str]:
    """Path to SHA-256 of all that is installed of Seawall: the code that makes and checks a pack."""
    return _digests(root_of(root), INSTALLED)


def digest_of_tests(folder: Path) -> str:
    """Names the Python files of a project's tests, as sha256sum lists them from there; "" without any."""
    files = (path for path in folder.rglob("*.py") if path.is_file()) if folder.is_dir() else ()
    found = {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in files}
    return listing_digest(found) if found else ""


def installed_of(files: Mapping[str, str]) -> dict[str, str]:
    """Those of the digests that are of installed files."""
    packages = tuple(f"{name}/" for name in INSTALLED)
    return {f: digest for f, digest in files.items() if f.startswith(packages) or f in INSTALLED}


def _digests(base: Path, names: Iterable[str]) -> dict[str, str]:
    paths = sorted(path for name in names for path in _sources(base / name))
    return {
        path.relative_to(base).as_posix(): sha256(path.read_bytes())
        for path in paths
        if path != base / SUITE and path.suffix != ".png"
    }


def _sources(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        for path in place.iterdir():
            if path.name not in MADE and not path.name.startswith("."):
                yield from _sources(path)
