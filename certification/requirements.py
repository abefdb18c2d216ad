"""Requirements as typed data: the kernel's, which ship with Seawall, and the project's own."""

import difflib
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from typing import Any

from pydantic import ValidationError

from certification.campaigns import CAMPAIGN_IDS
from certification.models import Family, Requirement, Strict, Trusted
from certification.pattern import select
from controller.errors import InputError
from controller.faults import place, read_bytes, text_of
from controller.project import FILE_NAME, SIZE_LIMIT, Project
from verification.claims import CLAIMS

OWN = "kernel"  # the source of the requirements that ship with Seawall


class _File(Strict):
    requirement: list[Requirement]
    family: list[Family]
    trusted: list[Trusted]


@dataclass(frozen=True)
class Requirements:
    """All requirements of a pack, the rows of page one, and the trusted base."""

    requirements: list[Requirement]
    families: list[Family]
    trusted: list[Trusted]


def kernel_text() -> str:
    """The shipped file."""
    return resources.files("certification").joinpath("requirements.toml").read_text(encoding="utf-8")


def load(text: str | None = None, place: str = "requirements.toml") -> Requirements:
    """The shipped requirements, or those in `text` (TOML). Raises InputError."""
    try:
        data = tomllib.loads(kernel_text() if text is None else text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{place}: {error}; mend the TOML") from None
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{place}: {_first(error, data)}") from None
    _check(file.requirement, place)
    return Requirements(file.requirement, file.family, file.trusted)


def with_project(shipped: Requirements, entries: list[dict[str, Any]], place: str) -> Requirements:
    """The shipped requirements and then the project's [[requirement]] entries. Raises InputError."""
    try:
        own = [Requirement.model_validate({**entry, "source": "project"}) for entry in entries]
    except ValidationError as error:
        raise InputError(f"{place}: requirement: {_first(error, {})}") from None
    both = shipped.requirements + own
    _check(both, place)
    return Requirements(both, shipped.families, shipped.trusted)


def check(project: Project, tests: Collection[str] | None = None) -> None:
    """Raises InputError, with the place in controller.toml, where a requirement could never be shown.

    Its id is another's, it names nothing, or a pattern of it finds no claim that `verify` gives, no campaign,
    or none of `tests` (every id that there will be; None where this is not known).
    """
    path = project.root / FILE_NAME
    entries = project.config.requirement
    text = text_of(read_bytes(path, SIZE_LIMIT), path)
    own = {requirement.id for requirement in load().requirements}
    pools: list[tuple[str, str, Collection[str]]] = [
        ("claims", "claim that verify gives", CLAIMS),
        ("campaigns", "campaign", CAMPAIGN_IDS),
    ]
    if tests is not None:
        pools.append(("tests", "test of the project's folder tests or of a --junit file", tests))
    for n, entry in enumerate(entries):
        if entry.id in own:
            what = f"{entry.id} is a requirement of Seawall's own; choose another id"
            raise InputError(f"{place(path, ['requirement', n, 'id'], text)}: {what}")
        if not (entry.claims or entry.tests or entry.campaigns):
            what = f"{entry.id} names nothing that shows it; give claims, tests or campaigns"
            raise InputError(f"{place(path, ['requirement', n, 'id'], text)}: {what}")
        for key, kind, names in pools:
            for pattern in getattr(entry, key):
                if not select([pattern], names):
                    where = place(path, ["requirement", n, key], text)
                    raise InputError(f"{where}: no {kind} is {pattern!r}; {_nearest(pattern, names)}")


def _nearest(pattern: str, names: Collection[str]) -> str:
    """What was perhaps meant: the most alike of the names, or the files and folders that hold them."""
    places = {name.partition("::")[0] for name in names}
    plain = {name.lower(): name for name in sorted({*names, *places})}
    if found := difflib.get_close_matches(pattern.lower(), plain, 1, 0.5):
        return f"did you mean {plain[found[0]]!r}?"
    return f"there are {', '.join(sorted(names)[:4])}, ..." if names else "there is none, so add one"


def _check(requirements: list[Requirement], place: str) -> None:
    seen: set[str] = set()
    for requirement in requirements:
        if requirement.id in seen:
            raise InputError(f"{place}: requirement {requirement.id} stands twice; rename one")
        seen.add(requirement.id)
        if not (requirement.claims or requirement.tests or requirement.campaigns):
            raise InputError(
                f"{place}: requirement {requirement.id} names nothing that shows it; "
                "give claims, tests or campaigns"
            )


def _first(error: ValidationError, data: dict[str, Any]) -> str:
    """The first fault as `requirement ID: key: what; mend`."""
    fault = error.errors()[0]
    where = list(fault["loc"])
    if len(where) > 1 and isinstance(where[1], int):
        entry = data.get(str(where[0]), [{}])[where[1]]
        name = entry.get("id") or entry.get("name") or f"number {where[1] + 1}"
        where = [f"{where[0]} {name}", *where[2:]]
    place = ": ".join(str(part) for part in where) or "the file"
    return f"{place}: {fault['msg'].lower()}; mend this entry"
