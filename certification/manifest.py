"""manifest.json: every file of a pack by its SHA-256, sealed by a digest over the manifest itself."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from certification.canonical import dump, listing_digest, sha256

SCHEMA = "seawall/manifest/1"
NAME = "manifest.json"
SIGNATURE = "manifest.json.sig"  # over the manifest, so none of its files
ABOUT = ("project", "seawall", "renderer", "typst")  # what a pack says of itself
KEYS = {*ABOUT, "schema", "files", "deterministic", "measured", "deterministic_digest", "pack_digest"}
# These hold timings or dates, or show them; all other files are the same for the same inputs.
MEASURED = re.compile(r"evidence\.pdf|hil/(histogram|measured)\.json|index\.html|tests/.+")
REPORTS = re.compile(r"tests/(project|junit-\d+)\.xml")
PLACES = re.compile(
    r"evidence\.json|evidence\.pdf|index\.html|hil/(campaign|measured|histogram)\.json|tests/suite\.json"
    rf"|{REPORTS.pattern}|project/(controller\.toml|network\.json|reference\.csv)|kernel/[\w.-]+|proofs/.+"
)


def has_place(path: str) -> bool:
    """Whether a pack can hold a file of this path; those under proofs/ must be named by a claim too."""
    return PLACES.fullmatch(path) is not None


def files_in(pack: Path) -> list[str]:
    """All files of a folder but the manifest and its signature, as paths with `/`, sorted."""
    paths = (path for path in pack.rglob("*") if not path.is_dir() or path.is_symlink())
    return sorted({path.relative_to(pack).as_posix() for path in paths} - {NAME, SIGNATURE})


def seal(manifest: Mapping[str, Any]) -> str:
    """The pack's digest: SHA-256 over the manifest's canonical bytes without the digest itself."""
    return sha256(dump({key: value for key, value in manifest.items() if key != "pack_digest"}))


def make(pack: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of the files in a folder; `about` adds what the pack says of itself."""
    files = {path: sha256((pack / path).read_bytes()) for path in files_in(pack)}
    steady = deterministic(files)
    manifest: dict[str, Any] = {
        **about,
        "schema": SCHEMA,
        "files": files,
        "deterministic": steady,
        "measured": [path for path in files if MEASURED.fullmatch(path)],
        "deterministic_digest": listing_digest({path: files[path] for path in steady}),
    }
    return manifest | {"pack_digest": seal(manifest)}


def deterministic(files: Iterable[str]) -> list[str]:
    """The files that two runs on the same inputs give alike."""
    return sorted(path for path in files if not MEASURED.fullmatch(path))
