"""A pack's files opened for an audit: no link, no pipe, nothing too large; and its manifest against them."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from certification import manifest as manifests
from certification.canonical import dump, listing_digest, load, sha256
from controller.errors import InputError

MOST_BYTES = 1 << 28


class Opened:
    """A pack by its folder. Raises InputError where there is no manifest that can be read."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        if not (pack / manifests.NAME).exists():
            raise InputError(f"{pack}: has no {manifests.NAME}, so it is no pack; give a pack's folder")
        self.manifest, self.sealed = self._manifest()
        self.files: dict[str, str] = self.manifest["files"]

    def _manifest(self) -> tuple[dict[str, Any], bytes]:
        """The manifest, as data and as it is."""
        path = self.pack / manifests.NAME
        try:
            raw = self.read(manifests.NAME)
            data = load(raw)
        except InputError as fault:
            raise InputError(f"{self.pack}: {fault}; get the pack again") from None
        except ValueError:
            raise InputError(f"{path}: is no JSON, so this is no evidence pack; get it again") from None
        if not isinstance(data, dict) or data.get("schema") != manifests.SCHEMA:
            raise InputError(f"{path}: is no {manifests.SCHEMA}; get the pack again")
        files = data.get("files")
        if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
            raise InputError(f"{path}: lists no files; get the pack again")
        return data, raw

    def has(self, path: str) -> bool:
        """Whether anything of this path is there."""
        return (self.pack / path).exists()

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises InputError on a link, a pipe or a device, and on more than it may hold."""
        place = self.pack / path
        try:
            status = place.lstat()
            if stat.S_ISLNK(status.st_mode) or not place.resolve().is_relative_to(self.pack.resolve()):
                raise InputError(f"{path}: is a link")
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path}: is no plain file")
            if status.st_size > MOST_BYTES:
                raise InputError(f"{path}: has {status.st_size:,} bytes, more than any file of a pack")
            return place.read_bytes()
        except (OSError, ValueError) as fault:
            what = getattr(fault, "strerror", None) or fault
            raise InputError(f"{path}: can't be read ({what})") from None

    def load(self, path: str) -> dict[str, Any]:
        """A JSON object. Raises InputError."""
        try:
            data = load(self.read(path))
        except ValueError:
            raise InputError(f"{path}: is no JSON") from None
        if not isinstance(data, dict):
            raise InputError(f"{path}: is no JSON object")
        return data

    def sources(self) -> dict[str, str]:
        """The C in kernel/: name to text."""
        names = sorted(path for path in self.files if path.startswith("kernel/"))
        return {name.removeprefix("kernel/"): self.read(name).decode("utf-8", "replace") for name in names}

    def digests(self) -> Iterator[str]:
        """The manifest against itself and against the files: a sentence on each fault."""
        manifest, files, here = self.manifest, self.files, manifests.files_in(self.pack)
        if dump(manifest) != self.sealed:
            yield "manifest.json: its bytes are not in the form in which it was written"
        if manifest.get("pack_digest") != manifests.seal(manifest):
            yield "manifest.json: pack_digest does not fit the manifest"
        steady = manifests.deterministic(files)
        if manifest.get("deterministic") != steady:
            yield "manifest.json: the list of deterministic files is not the declared one"
        elif manifest.get("deterministic_digest") != listing_digest({path: files[path] for path in steady}):
            yield "manifest.json: deterministic_digest does not fit the files"
        if manifest.get("measured") != sorted(files.keys() - {*steady}):
            yield "manifest.json: the list of measured files is not the declared one"
        for key in sorted(manifest.keys() ^ manifests.KEYS):
            yield f"manifest.json: {key} {'is no part of it' if key in manifest else 'is missing'}"
        for path in sorted({*files, *here}):
            if path not in here:
                yield f"{path}: is missing"
            elif path not in files:
                yield f"{path}: is not in the manifest"
            elif not manifests.has_place(path):
                yield f"{path}: is no part of a pack"
            else:
                yield from self._digest(path)

    def _digest(self, path: str) -> Iterator[str]:
        try:
            if sha256(self.read(path)) != self.files[path]:
                yield f"{path}: its SHA-256 is not the manifest's"
        except InputError as fault:
            yield str(fault)
