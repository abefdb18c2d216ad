"""Requirements as typed data: the kernel's, which ship with Seawall, and the project's own."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from pydantic import ValidationError

from certification.models import Family, Requirement, Strict, Trusted
from controller.errors import InputError


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
