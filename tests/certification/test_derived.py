"""An audit derives from a pack's own files what the project declares, what this code asks, what was timed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certification import manifest as manifests
from certification.canonical import dump, sha256
from certification.pack import SUITE_NAME
from certification.suite import parse as parse_suite
from tests.certification.fixture import read
from tests.certification.forger import edit, findings, reseal


def test_a_result_of_other_code(pack: Path) -> None:
    """Seawall's tests, run on code that is not the pack's."""
    other = read(pack, SUITE_NAME)
    other["files"]["controller/kernel/guard.py"] = "00" * 32
    (pack / SUITE_NAME).write_bytes(dump(other))
    digest = parse_suite(dump(other), "x").digest
    edit(pack, lambda e: e["suite"].update(digest=digest), all_of_it=True)
    assert f"{SUITE_NAME}: speaks of another controller/kernel/guard.py than evidence.json" in findings(pack)
    other["machine"], other["files"] = "another", read(pack, "evidence.json")["code"]
    (pack / SUITE_NAME).write_bytes(dump(other))
    digest = parse_suite(dump(other), "x").digest
    edit(pack, lambda e: e["suite"].update(digest=digest), all_of_it=True)
    assert "hil/measured.json: its date and machine of Seawall's tests" in findings(pack)
    (pack / SUITE_NAME).unlink()
    reseal(pack)
    assert f"are not those of {SUITE_NAME}" in findings(pack)


def test_a_result_of_other_code_beside_what_flies(pack: Path) -> None:
    """What proves is no part of the evidence's list of code, and is Seawall all the same."""
    other = read(pack, SUITE_NAME)
    other["files"]["verification/verify.py"] = "00" * 32
    (pack / SUITE_NAME).write_bytes(dump(other))
    digest = parse_suite(dump(other), "x").digest
    edit(pack, lambda e: e["suite"].update(digest=digest), all_of_it=True)
    assert findings(pack) == f"{SUITE_NAME}: speaks of other code than that which made the pack"


def without_claim(evidence: dict[str, Any]) -> None:
    """As if the claim, and what asks for it, had never been."""
    evidence["claims"] = [c for c in evidence["claims"] if c["id"] != "WIRE-SEARCH"]
    for rule in evidence["requirements"]:
        rule["claims"] = [name for name in rule["claims"] if name != "WIRE-SEARCH"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without_claim, "claim WIRE-SEARCH is missing"),
        (without_claim, "requirements are not those of this Seawall"),
        (lambda e: e["requirements"][0].update(text="It is safe."), "requirements are not those of"),
        (lambda e: e["trusted"].pop(), "trusted are not those of this Seawall"),
        (lambda e: e["families"][0].update(name="All of it"), "families are not those of"),
    ],
)
def test_what_this_code_asks_and_trusts(
    pack: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    edit(pack, change, all_of_it=True)
    assert says in findings(pack)


@pytest.mark.parametrize(("key", "value"), [("deadline_us", 8000), ("late_per_million", 999_999)])
def test_a_campaign_judged_by_another_limit(pack: Path, key: str, value: int) -> None:
    def forge(evidence: dict[str, Any]) -> None:
        evidence["hil"][key] = value
        (pack / "hil/campaign.json").write_bytes(dump(evidence["hil"]))

    edit(pack, forge)
    assert f"hil/: was judged by {key} = {value}, and the project's [timing] has " in findings(pack)


def test_a_line_judged_by_another_limit(pack: Path) -> None:
    measured = read(pack, "hil/measured.json")
    measured["line"]["allowed"]["reboots"] = 7
    (pack / "hil/measured.json").write_bytes(dump(measured))
    edit(pack, lambda e: None)
    assert "hil/: was judged by reboots = 7, and the project's [campaign] has 0" in findings(pack)


def test_more_steps_than_were_timed(pack: Path) -> None:
    def forge(evidence: dict[str, Any]) -> None:
        evidence["hil"]["steps"] *= 1000
        (pack / "hil/campaign.json").write_bytes(dump(evidence["hil"]))

    edit(pack, forge)
    assert "has the times of 1,000,000 steps, and hil/campaign.json tells of 1,000,000,000" in findings(pack)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"project": "crane"}, "manifest.json: its project is 'crane', and that of evidence.json 'cart'"),
        ({"seawall": "9.9"}, "manifest.json: its seawall is '9.9'"),
        ({"approved": "by nobody"}, "manifest.json: approved is no part of it"),
    ],
)
def test_what_the_manifest_says_of_itself(pack: Path, change: dict[str, str], says: str) -> None:
    manifest = read(pack, manifests.NAME) | change
    manifest["pack_digest"] = manifests.seal(manifest)
    (pack / manifests.NAME).write_bytes(dump(manifest))
    assert says in findings(pack)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"high = 0.6", b"high = 0.7", "project.inputs is not what project/ gives"),
        (b"kp = -2.0", b"kp = -2.5", "project.fallback is not what"),
        (
            b"recovery_periods = 5",
            b"recovery_periods = 6",
            "kernel/parameters.c: is not what this Seawall prints",
        ),
        (b"never exceeds 10 N", b"never exceeds 9 N", "requirements are not those of"),
        (b'id = "CART-1"', b'id = "CART-2"', "requirements are not those of"),
        (b"[controller]", b"[contraller]", "is no project file"),
    ],
)
def test_edited_project_file(pack: Path, old: bytes, new: bytes, says: str) -> None:
    path = pack / "project" / "controller.toml"
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
    reseal(pack)
    assert "is no project file" in (found := findings(pack)) or "project.config_digest is not" in found
    edit(pack, lambda e: e["project"].update(config_digest=sha256(path.read_bytes())), all_of_it=True)
    assert says in findings(pack)


def test_edited_network(pack: Path) -> None:
    path = pack / "project" / "network.json"
    network = json.loads(path.read_text())
    network["b"][0] += 1.0
    path.write_text(json.dumps(network))
    edit(pack, lambda e: e["project"].update(network_digest=sha256(path.read_bytes())), all_of_it=True)
    found = findings(pack)
    assert "kernel/parameters.c: is not what this Seawall prints for project/" in found
    assert "proofs/STATE-BOUNDS-0-low.smt2: is not the obligation that this Seawall writes" in found


def test_edited_limit_on_the_page(pack: Path) -> None:
    edit(pack, lambda e: e["project"]["outputs"][0].update(high=9.0), all_of_it=True)
    assert findings(pack) == "evidence.json: project.outputs is not what project/ gives"


def test_late_steps_that_the_histogram_has_and_the_count_has_not(pack: Path) -> None:
    measured = read(pack, "hil/measured.json")
    measured["deadline"]["kernel"] = 0
    (pack / "hil/measured.json").write_bytes(dump(measured))
    edit(pack, lambda e: None, all_of_it=True)
    assert findings(pack) == (
        "hil/measured.json: says that 0 steps of kernel were late, and hil/histogram.json has from 3 to 3"
    )
