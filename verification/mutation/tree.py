"""A tree of the code with some files changed: links to all the rest, so that imports, inspect and the C
printer see the mutant and nothing else differs."""

from pathlib import Path

PACKAGES = ("controller", "verification")


def plant(root: Path, place: Path, files: dict[str, str]) -> None:
    """In `place`, an empty folder, the packages of `root`, where each of `files` reads otherwise."""
    changed = [root / file for file in files]
    for package in PACKAGES:
        _link(root / package, place / package, changed)
    for file, text in files.items():
        (place / file).write_text(text, encoding="utf-8")


def _link(real: Path, link: Path, changed: list[Path]) -> None:
    """A link to all that is not changed; a folder of links on the way to what is."""
    if real in changed:
        return
    if not any(path.is_relative_to(real) for path in changed):
        link.symlink_to(real)
        return
    link.mkdir(parents=True)
    for inner in real.iterdir():
        if inner.name != "__pycache__":
            _link(inner, link / inner.name, changed)
