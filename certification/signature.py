"""A pack's signature, beside its manifest, made and checked by ssh-keygen, which keeps the keys.

What is signed are the bytes of manifest.json, which names every other file by its digest.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from certification import manifest as manifests
from certification.opened import Opened
from controller.errors import InputError

NAMESPACE = "seawall-evidence"


@dataclass(frozen=True)
class Signers:
    """Who must have signed: a file of allowed signers, as ssh-keygen knows it, and one identity in it."""

    allowed: Path
    identity: str


def signers(allowed: Path | None, identity: str | None) -> Signers | None:
    """As a command line names them; None where it names none. Raises InputError where it names half."""
    if allowed is None and identity is None:
        return None
    if allowed is None or identity is None:
        raise InputError("--signers and --identity go together; give both, or neither")
    if not allowed.is_file():
        raise InputError(f"--signers {allowed}: is no file; give a file of allowed signers")
    return Signers(allowed, identity)


def sign(manifest: Path, key: Path) -> None:
    """Write the signature beside a manifest; key: of a private key, or a public one whose agent is there.

    Raises InputError.
    """
    status, said = _keygen(["sign", "-q", "-f", str(key), "-n", NAMESPACE, str(manifest)])
    if status or not manifest.with_name(manifests.SIGNATURE).is_file():
        raise InputError(
            f"--sign {key}: can't be signed with ({said}); give an SSH key that ssh-keygen takes"
        )


def check_key(key: Path) -> None:
    """Raises InputError where the key can't sign, before the hours of work."""
    with TemporaryDirectory(prefix="seawall-") as folder:
        trial = Path(folder) / manifests.NAME
        trial.write_bytes(b"")
        sign(trial, key)


def findings(pack: Opened, wanted: Signers | None, notes: list[str]) -> Iterator[str]:
    """A sentence where the pack is not signed as it must be; a note where no one asks. Raises InputError."""
    there = pack.has(manifests.SIGNATURE)
    if wanted is None:
        if there:
            notes.append(f"{manifests.SIGNATURE} is there and was not checked: give --signers and --identity")
        return
    if not there:
        yield f"{manifests.SIGNATURE}: is missing, so the pack is signed by no one"
        return
    with TemporaryDirectory(prefix="seawall-") as folder:
        copy = Path(folder) / manifests.SIGNATURE
        copy.write_bytes(pack.read(manifests.SIGNATURE))
        words = [
            "verify",
            "-f",
            str(wanted.allowed),
            "-I",
            wanted.identity,
            "-n",
            NAMESPACE,
            "-s",
            str(copy),
        ]
        status, said = _keygen(words, pack.sealed)
    if status:
        yield f"{manifests.SIGNATURE}: is not {wanted.identity}'s signature of this manifest ({said})"


def _keygen(words: list[str], data: bytes = b"") -> tuple[int, str]:
    """Its status, and the last line that it says."""
    try:
        done = subprocess.run(["ssh-keygen", "-Y", *words], input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError("ssh-keygen: is not installed; install OpenSSH to sign and to check") from None
    lines = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
    return done.returncode, lines[-1] if lines else f"status {done.returncode}"
