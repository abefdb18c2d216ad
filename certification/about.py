"""What a pack says of a project: its files, and all that they declare."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from certification import maker
from certification.canonical import sha256
from certification.code import digest_of_tests
from certification.project_tests import FOLDER
from controller.config import Config
from controller.errors import InputError
from controller.project import FILE_NAME, Project

NETWORK, REFERENCE = "network.json", "reference.csv"  # as the pack names them, whatever the project does
DIGESTS = {FILE_NAME: "config_digest", NETWORK: "network_digest", REFERENCE: "reference_digest"}


def about(project: Project) -> dict[str, Any]:
    """The `project_info` of write_pack(); raises InputError where a file is no longer what was loaded."""
    controller = project.config.controller
    files = {FILE_NAME: project.root / FILE_NAME, NETWORK: project.root / controller.network}
    if controller.reference is not None:
        files[REFERENCE] = project.root / controller.reference
    data = {name: _bytes(path) for name, path in files.items()}
    digests = {key: sha256(data[name]) for name, key in DIGESTS.items() if name in data}
    for name, read in ((FILE_NAME, project.config_digest), (NETWORK, project.network_digest)):
        if digests[DIGESTS[name]] != read:
            raise InputError(f"{files[name]}: was changed while this ran; run it again")
    return {
        **described(project.config),
        **digests,
        "tests_digest": digest_of_tests(project.root / FOLDER),
        "requirements": [r.model_dump() for r in project.config.requirement],
        "files": data,
        "host": maker.host(),
        "seawall": maker.seawall(),
    }


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path}: can't be read ({fault.strerror}); put it back and run again") from None


def described(config: Config) -> dict[str, Any]:
    """All that controller.toml declares but the requirements and the simulated plant."""
    controller = config.controller.model_dump()
    if controller["ahead_us"] is None:
        controller["ahead_us"] = config.controller.period_us
    return {
        "name": config.controller.name,
        "period_us": config.controller.period_us,
        "controller": controller,
        "dt": config.dt.model_dump(),
        "state": config.state.model_dump(),
        "inputs": [i.model_dump() for i in config.input],
        "outputs": [o.model_dump() for o in config.output],
        "fallback": [f.model_dump() for f in config.fallback],
        "timing": config.timing.model_dump(),
        "campaign": config.campaign.model_dump(),
    }


def parsed(data: bytes) -> Config:
    """The controller.toml of a pack. Raises InputError."""
    try:
        return Config.model_validate(tomllib.loads(data.decode("utf-8")))
    except (ValidationError, ValueError, RecursionError):
        raise InputError(f"project/{FILE_NAME}: is no project file of this version of Seawall") from None
