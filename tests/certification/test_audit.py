"""An audit finds every flipped byte, missing or added file, and every edited verdict, resealed or not."""

import os
import re
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certification import claims
from certification import manifest as manifests
from certification.audit import audit
from certification.canonical import dump
from certification.evidence import NO_ATTACK
from certification.planted import ONCE
from controller.errors import InputError
from tests.certification.fixture import REALS, project_tables, read
from tests.certification.forger import claim, edit, findings, of_other_code, reseal
from tests.certification.real import Real, Trusting
from verification.claims.discrete import told as discrete_told
from verification.falsify import extent
from verification.proof import Answer, ask
from verification.verify import TRIES


def test_clean_pack_passes(whole: Path) -> None:
    seen = []
    report = audit(whole, lambda *call: seen.append(call), Trusting(), make=ONCE)
    assert (report["status"], report["findings"]) == (0, [])
    assert report["replayed"] == report["unsat"] == len(obligations(whole)) == seen[-1][-1]


def test_open_pack_is_sound_though_not_everything_is_shown(tmp_path: Path) -> None:
    inputs = Real.of(project_tables())  # without a reference
    pack = inputs.write(tmp_path)
    assert pack.status == 3
    assert audit(pack.path, executor=Trusting(), make=ONCE)["findings"] == []


def obligations(pack: Path) -> list[str]:
    return [path for path in manifests.files_in(pack) if path.startswith("proofs/")]


def test_flipped_byte_of_each_file_in_turn(pack: Path) -> None:
    for name in [*manifests.files_in(pack), manifests.NAME]:
        path = pack / name
        data = path.read_bytes()
        if not data:
            continue
        for place in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            try:
                assert name in findings(pack), (name, place)
            except InputError as error:  # a manifest that can't be read
                assert name == manifests.NAME and name in str(error)
        path.write_bytes(data)
    assert findings(pack) == ""


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_any_flip_in_manifest_or_evidence(pack: Path, place: int, mask: int) -> None:
    for name in (manifests.NAME, "evidence.json"):
        path = pack / name
        data = bytearray(whole_bytes := path.read_bytes())
        data[place % len(data)] ^= mask
        path.write_bytes(bytes(data))
        try:
            assert findings(pack) != ""
        except InputError:
            assert name == manifests.NAME
        path.write_bytes(whole_bytes)


def test_each_missing_file(pack: Path) -> None:
    for name in manifests.files_in(pack):
        data = (pack / name).read_bytes()
        (pack / name).unlink()
        assert f"{name}: is missing" in findings(pack)
        (pack / name).write_bytes(data)


def test_added_file_and_link(pack: Path) -> None:
    (pack / "proofs" / "more.smt2").write_text(REALS)
    assert "proofs/more.smt2: is not in the manifest" in findings(pack)
    reseal(pack)
    assert "proofs/more.smt2: no claim names it" in findings(pack)
    (pack / "proofs" / "more.smt2").unlink()
    reseal(pack)
    (pack / "kernel" / "kernel.c").unlink()
    (pack / "kernel" / "kernel.c").symlink_to(pack / "kernel" / "kernel.h")
    assert "kernel/kernel.c: is a link" in findings(pack)


@pytest.mark.parametrize(
    "name", ["evidence.json", "hil/measured.json", "kernel/kernel.c", "proofs/GUARD-RANGE.smt2"]
)
def test_files_that_would_never_end(pack: Path, name: str) -> None:
    path = pack / name
    path.unlink()
    os.mkfifo(path)
    assert f"{name}: is no plain file" in findings(pack)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert f"{name}: is a link" in findings(pack)
    path.unlink()
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    assert f"{name}: has 1,099,511,627,776 bytes" in findings(pack)


def test_a_manifest_that_would_never_end(pack: Path) -> None:
    (pack / manifests.NAME).unlink()
    os.mkfifo(pack / manifests.NAME)
    with pytest.raises(InputError, match=r"manifest\.json: is no plain file"):
        audit(pack)


def test_a_file_that_has_no_place_in_a_pack(pack: Path) -> None:
    (pack / "summary.html").write_text("all is well")
    reseal(pack)
    assert findings(pack) == "summary.html: is no part of a pack"


class Dying(Executor):
    """As where a solver takes its process with it."""

    def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:
        raise BrokenExecutor("a process ended abruptly")


def test_a_solver_that_dies_is_a_finding(pack: Path) -> None:
    assert "a solver broke down" in findings(pack, Dying())


class Deciding(Trusting):
    """Takes all as confirmed but one obligation, of which both solvers say that it is false."""

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        found = super().submit(fn, *arguments, **named)
        if isinstance(answer := found.result(), Answer) and answer.obligation == "GUARD-SLEW":
            answer.answer, answer.replay, answer.vacuity = "sat", "", ""
        return found


def test_answers_that_a_maker_made_up(pack: Path) -> None:
    """The obligation is this project's, and false: only asking tells."""
    said = "evidence.json: claim GUARD-SLEW is PROVED-IEEE, and REFUTED here, as GUARD-SLEW has a"
    assert said in findings(pack, Deciding())


def test_the_solvers_are_asked(whole: Path) -> None:
    """One real question; the rest is left to test_forgeries.py, where it is soaked."""
    asked = [o for o in Real.of().obligations if o.name == "C-WORDS-less_int"]
    assert [ask(o).proved for o in asked] == [True]


def test_thorough_runs_again_what_only_its_maker_ran(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs themselves, which take minutes, are stood in for."""
    evidence = read(pack, "evidence.json")
    attained, planted = evidence["attained"], evidence["attack"]
    monkeypatch.setattr("certification.audit.table", lambda *_: planted)
    *well, last = discrete_told()
    ran = [*well, last]
    monkeypatch.setattr(claims, "contract_verdicts", lambda *_: deepcopy(ran))
    monkeypatch.setattr(claims, "falsify", lambda p, *_: extent(p, TRIES) | {"attained": attained})

    def thorough() -> list[str]:
        return list(audit(pack, executor=Trusting(), thorough=True, make=ONCE)["findings"])

    assert thorough() == []
    ran[-1] = replace(last, word="REFUTED", reason="a frame came through")
    (finding,) = thorough()
    assert f"claim {last.id} is {last.word}, and REFUTED here, as a frame came through" in finding
    ran[-1] = last
    attained = {key: [[0.0, 0.0] for _ in rows] for key, rows in attained.items()}
    assert thorough() == ["evidence.json: attained is not what the adversary reaches"]
    attained, planted = evidence["attained"], NO_ATTACK
    assert thorough() == ["evidence.json: its table of planted defects is not what comes out here"]


def test_what_only_its_maker_ran_is_noted(whole: Path) -> None:
    notes = audit(whole, executor=Trusting(), make=ONCE)["notes"]
    said = " ".join(notes)
    assert "2 tests of the project" in said and "WIRE-SEARCH" in said and "--thorough" in said


def test_a_pack_can_not_write_to_the_terminal_of_who_audits_it(pack: Path) -> None:
    """Else it clears the findings before its own "0 findings", or writes a line like the audit's."""
    lie = "interval reading\x1b[2J\n49 files, 0 findings; digest 00\r\u202e"

    def forge(evidence: dict[str, Any]) -> None:
        claim(evidence, "FINITE").update(id=lie)

    edit(pack, forge)
    manifest = read(pack, manifests.NAME) | {"project": lie}
    manifest["pack_digest"] = manifests.seal(manifest)
    (pack / manifests.NAME).write_bytes(dump(manifest))
    report = audit(pack, executor=Trusting(), make=ONCE)
    assert report["pack_digest"] == manifests.seal(manifest) and len(report["findings"]) > 1
    said = [*report["findings"], *report["notes"]]
    assert any("[U+001B][2J 49 files" in text for text in said)
    assert all(text.isprintable() for text in said)


def test_what_is_no_pack(tmp_path: Path) -> None:
    for content in (None, "", "[]", '{"schema": "other"}', "[" * 100_000):
        if content is not None:
            (tmp_path / manifests.NAME).write_text(content)
        with pytest.raises(InputError, match=r"manifest\.json"):
            audit(tmp_path)


def test_edited_word(pack: Path) -> None:
    edit(pack, lambda e: claim(e, "REFERENCE").update(word="PROVED-IEEE"))
    found = findings(pack)
    assert "trace does not follow" in found and "without a solver's answer" in found and "index.html" in found


def test_edited_word_with_everything_made_again(pack: Path) -> None:
    edit(pack, lambda e: claim(e, "REFERENCE").update(word="EXHAUSTED"), all_of_it=True)
    assert findings(pack) == "evidence.json: claim REFERENCE is EXHAUSTED, and TESTED here"


def test_another_claim_left_open(pack: Path) -> None:
    edit(pack, lambda e: claim(e, "FINITE").update(word="OPEN", reason="who knows"), all_of_it=True)
    assert findings(pack) == "evidence.json: claim FINITE is OPEN, and PROVED-IEEE here"


def test_dropped_answers(pack: Path) -> None:
    edit(pack, lambda e: claim(e, "GUARD-RANGE").update(answers=[], evidence=[]), all_of_it=True)
    found = findings(pack)
    assert "without a solver's answer" in found and "proofs/GUARD-RANGE.smt2: no claim names it" in found


def test_another_obligation(pack: Path) -> None:
    path = pack / "proofs" / "STATE-BOUNDS-0-low.smt2"
    path.write_text(path.read_text().replace("(assert (not", "(assert false)\n(assert (not"))
    reseal(pack)
    assert "digest evidence.json holds" in findings(pack)
    edit(pack, lambda e: None, all_of_it=True)
    said = "proofs/STATE-BOUNDS-0-low.smt2: is not the obligation that this Seawall writes for project/"
    assert findings(pack) == said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e["counts"][0]["words"].update({"PROVED-IEEE": 4}), "counts does not follow"),
        (lambda e: e["trace"]["requirements"][0].update(status="failed"), "trace does not follow"),
        (lambda e: e["trace"]["orphans"]["tests"].append("x"), "trace does not follow"),
        (lambda e: e["assumptions"].pop(), "assumptions does not follow"),
        (lambda e: e.update(status=3), "status does not follow"),
        (lambda e: e["tests"].pop(), "tests/project.xml"),
        (lambda e: e["suite"]["tests"].pop(), "tests/suite.json"),
        (lambda e: e["hil"].update(mismatches=1), "hil/campaign.json"),
        (lambda e: e["campaigns"][1].update(word="OPEN"), "campaigns' verdicts do not follow"),
        (lambda e: e["program"].update(kernel_digest="0"), "kernel_digest is not that of the proved"),
        (lambda e: e["kernel"]["files"].clear(), "kernel/: its files"),
        (lambda e: claim(e, "FINITE").update(program_digest="0"), "another program"),
        (lambda e: claim(e, "FINITE").update(word="SURE"), "word"),
        (lambda e: e.pop("claims"), "shape is broken"),
        (lambda e: e.update(schema="x"), "is no seawall/evidence/3"),
        (lambda e: e["tests"][0].update(outcome="failed"), "tests/project.xml"),
        (lambda e: e["requirements"].pop(), "trace does not follow"),
        (lambda e: e["bounds"]["state"][0].__setitem__(0, -0.1), "index.html"),
    ],
)
def test_edited_evidence(pack: Path, change: Callable[[dict[str, Any]], None], says: str) -> None:
    edit(pack, change)
    assert says in findings(pack)


def test_edited_page(pack: Path) -> None:
    page = (pack / "index.html").read_text()
    shown = re.search(r"(\d+) of \1\b", page)
    assert shown
    for old, new in (
        ('"SEARCHED": 1', '"SEARCHED": 2'),
        (shown[0], "0 of 0"),
        ("3 of 1,000,000", "0 of 1,000,000"),
    ):
        assert old in page
        (pack / "index.html").write_text(page.replace(old, new))
        reseal(pack)
        assert "index.html" in findings(pack)
    (pack / "index.html").write_text(page)
    data = (pack / "evidence.pdf").read_bytes()
    (pack / "evidence.pdf").write_bytes(data + b"\n")
    reseal(pack)
    assert "evidence.pdf: is not what" in findings(pack)


def test_edited_kernel(pack: Path) -> None:
    (pack / "kernel" / "kernel.c").write_text("/* another */\n")
    reseal(pack)
    assert "kernel_digest" in findings(pack)


def test_measured_file_can_not_hide_a_deterministic_one(pack: Path) -> None:
    manifest = read(pack, manifests.NAME)
    manifest["deterministic"].remove("evidence.json")
    manifest["measured"].append("evidence.json")
    manifest["pack_digest"] = manifests.seal(manifest)
    (pack / manifests.NAME).write_bytes(dump(manifest))
    assert "list of deterministic files" in findings(pack)


@pytest.mark.parametrize("key", ["renderer", "typst"])
def test_an_unknown_renderer_is_a_finding(pack: Path, key: str) -> None:
    manifest = read(pack, manifests.NAME) | {key: "0"}
    manifest["pack_digest"] = manifests.seal(manifest)
    (pack / manifests.NAME).write_bytes(dump(manifest))
    assert f"manifest.json: its {key} is '0', and this Seawall's is " in findings(pack)


def test_a_pack_of_other_code_is_one_finding_that_names_it(pack: Path) -> None:
    of_other_code(pack)
    found = findings(pack)
    assert found.startswith("evidence.json: the pack was made by other code than this: Seawall ")
    assert "install that one and audit again" in found and "\n" not in found
