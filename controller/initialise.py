"""`seawall init`: a project that flies and can be proved, to begin from."""

import os
import re
from importlib.resources import files
from pathlib import Path

from controller.errors import InputError
from controller.faults import shorten
from controller.project import FILE_NAME, Project, load

FILES = (FILE_NAME, "network.json", "trained.csv")
TEMPLATE_NAME = "servo"
NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"


def initialise(directory: Path, name: str | None = None) -> Project:
    """Write controller.toml and network.json into a folder, made if missing; the project, loaded.

    name: the controller's; without one, the folder's name where it can be one. Raises InputError where
    either file exists: nothing is overwritten, and then nothing is written.
    """
    title = _title(directory, name)
    texts = {file: files("controller").joinpath("templates", file).read_text("utf-8") for file in FILES}
    texts[FILE_NAME] = texts[FILE_NAME].replace(f'"{TEMPLATE_NAME}"', f'"{title}"', 1)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        taken = next((file for file in FILES if os.path.lexists(directory / file)), None)
        if taken:
            raise InputError(
                f"{directory / taken}: exists already; choose another folder, or remove it first"
            )
        _write(directory, texts)
    except FileExistsError:
        raise InputError(f"{directory}: is a file; give a folder") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        where = shorten(str(directory))
        raise InputError(f"{where!r}: can't be written ({reason}); choose another place") from None
    return load(directory)


def _write(directory: Path, texts: dict[str, str]) -> None:
    """All of the files, or none where one can't be written; OSError then."""
    made = list[Path]()
    try:
        for file, text in texts.items():
            with (directory / file).open("x", encoding="utf-8") as stream:
                made.append(directory / file)
                stream.write(text)
    except OSError:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _title(directory: Path, name: str | None) -> str:
    if name is None:
        found = re.search(NAME, re.sub(r"[^A-Za-z0-9_-]", "-", directory.absolute().name))
        return found[0] if found else TEMPLATE_NAME
    if not re.fullmatch(NAME, name):
        raise InputError(
            f"name {shorten(name)!r}: must begin with a letter and have only letters, digits, _ and -"
        )
    return name
