"""A pack's signature: made and checked by ssh-keygen, of the manifest's bytes, in a namespace of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from certification import manifest as manifests
from certification.audit import audit
from certification.canonical import dump
from certification.opened import Opened
from certification.planted import ONCE
from certification.signature import check_key, findings, sign, signers
from controller.errors import InputError
from tests.certification.fixture import Inputs, read
from tests.certification.forger import reseal
from tests.certification.real import Real, Trusting

WHO, OTHER = "maker@example.org", "other@example.org"

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with two keys, and who may sign: each by their own key."""
    folder = tmp_path_factory.mktemp("keys")
    rows = []
    for who in (WHO, OTHER):
        name = who.partition("@")[0]
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]
        subprocess.run(words, cwd=folder, check=True)
        rows.append(f"{who} {(folder / name).with_suffix('.pub').read_text()}")
    (folder / "signers").write_text("".join(rows))
    yield folder


@pytest.fixture
def signed(keys: Path, tmp_path: Path) -> Path:
    pack = Inputs().write(tmp_path).path
    sign(pack / manifests.NAME, keys / "maker")
    return pack


def said(pack: Path, keys: Path, who: str = WHO) -> str:
    return "\n".join(findings(Opened(pack), signers(keys / "signers", who), []))


def test_a_signed_pack_passes(keys: Path, tmp_path: Path) -> None:
    """write_pack() signs; the audit checks, and says who must have signed."""
    pack = Real.of().write(tmp_path, key=keys / "maker").path
    allowed = signers(keys / "signers", WHO)
    assert audit(pack, executor=Trusting(), signers=allowed, make=ONCE)["findings"] == []
    (finding,) = audit(pack, executor=Trusting(), signers=signers(keys / "signers", OTHER))["findings"]
    assert f"{manifests.SIGNATURE}: is not {OTHER}'s signature of this manifest (" in finding


def test_another_pack_under_the_old_signature(signed: Path, keys: Path) -> None:
    assert said(signed, keys) == ""
    page = signed / "index.html"
    page.write_text(page.read_text().replace("cart", "crane"))
    reseal(signed)
    assert f"{manifests.SIGNATURE}: is not {WHO}'s signature of this manifest" in said(signed, keys)


def test_who_else_may_sign_is_not_who_must(signed: Path, keys: Path) -> None:
    sign_again = signed / manifests.SIGNATURE
    sign_again.unlink()
    sign(signed / manifests.NAME, keys / "other")
    assert f"is not {WHO}'s signature" in said(signed, keys)
    assert said(signed, keys, OTHER) == ""


def test_a_signature_for_something_else(signed: Path, keys: Path) -> None:
    """Of the same bytes, in another namespace: a key that signs commits signs no pack by that."""
    (signed / manifests.SIGNATURE).unlink()
    words = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(keys / "maker"), "-n", "git", manifests.NAME]
    subprocess.run(words, cwd=signed, check=True, capture_output=True)
    assert f"is not {WHO}'s signature" in said(signed, keys)


def test_no_signature(signed: Path, keys: Path) -> None:
    (signed / manifests.SIGNATURE).unlink()
    assert said(signed, keys) == f"{manifests.SIGNATURE}: is missing, so the pack is signed by no one"


def test_a_signature_that_no_one_checks_is_noted(signed: Path) -> None:
    notes: list[str] = []
    assert list(findings(Opened(signed), None, notes)) == []
    assert "give --signers and --identity" in notes[0]


def test_a_manifest_that_only_reads_the_same(signed: Path, keys: Path) -> None:
    """Signed are bytes: a manifest with its lines in another order is another."""
    manifest = read(signed, manifests.NAME)
    (signed / manifests.NAME).write_bytes(dump(manifest).replace(b"\n", b"\r\n"))
    assert "is not" in said(signed, keys)


def test_what_can_not_sign_or_check_is_told(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give an SSH key that ssh-keygen takes"):
        check_key(tmp_path / "nowhere")
    check_key(keys / "maker")
    with pytest.raises(InputError, match="go together"):
        signers(keys / "signers", None)
    with pytest.raises(InputError, match="is no file"):
        signers(tmp_path / "nowhere", WHO)
