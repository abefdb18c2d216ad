"""seawall attack: one's own defect in a pack's Python or C turns a claim red; what is no pack is told."""

import difflib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certification import defects as planting
from certification.attack import attack, report
from certification.defects import sample, table
from certification.evidence import NO_ATTACK
from certification.forgeries import forgeries
from certification.planted import judge_forgeries
from certification.terminal import attacked
from controller.errors import InputError
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import Project, load
from tests.certification.fixture import Inputs
from tests.certification.test_schema import check
from tests.projects import make_project
from verification import kept
from verification.mutation.judge import Here
from verification.mutation.kernel import mutants
from verification.mutation.run import Defect, Result, counted, defects

STEP = "controller/kernel/step.py"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Inputs().write(tmp_path_factory.mktemp("attacked")).path


def patch(folder: Path, name: str, text: str, old: str, new: str) -> Path:
    """A diff of a file that replaces one text by another."""
    assert text.count(old) == 1
    before, after = (t.splitlines(keepends=True) for t in (text, text.replace(old, new)))
    path = folder / "my.patch"
    path.write_text("".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")))
    return path


def own(pack: Path, tmp_path: Path, path: Path) -> tuple[int, dict[str, Any]]:
    """Exit status, and what became of one's own defect."""
    result = attack(pack, Here(), tmp_path / "work", patch=path)
    check("attack", result)
    (found,) = result["defects"]
    return result["status"], found


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("sample of input", "sample of the input", "same"),
        ("    return met\n", "    return met if met else 0\n", "refused"),
        ("    cause = worst(\n        reference_bad,", "    cause = worst(\n        0,", "killed"),
    ],
)
def test_a_patch_of_the_kernel(pack: Path, tmp_path: Path, old: str, new: str, word: str) -> None:
    """A word of a comment, what the language refuses, and a bug."""
    text = (kept.ROOT / STEP).read_text(encoding="utf-8")
    status, found = own(pack, tmp_path, patch(tmp_path, STEP, text, old, new))
    assert status == 0 and found["word"] == word and bool(found["reason"]) == (word != "same")
    assert bool(found["claim"]) == (word == "killed")


def test_a_patch_of_the_printed_c(pack: Path, tmp_path: Path) -> None:
    text = (pack / "kernel/kernel.c").read_text(encoding="utf-8")
    path = patch(tmp_path, "kernel/kernel.c", text, "state->mode = SAFE;", "state->mode = NOMINAL;")
    status, found = own(pack, tmp_path, path)
    assert (status, found["word"], found["claim"]) == (0, "killed", "C-EQUALS-PYTHON")


def test_a_forged_pack(whole: Path) -> None:
    """What an audit finds of one is what it did not find before."""
    claims = json.loads((whole / "evidence.json").read_text())["claims"]
    words = [
        f
        for f in forgeries(whole)
        if f.way[2:] == ("word",) and f.kind == "claim" and claims[f.way[1]]["answers"]
    ]
    word = next(f for f in words if f.value != "PROVED-IEEE")
    same = replace(word, value=claims[word.way[1]]["word"])
    killed, survived = judge_forgeries(whole, [word, same], Here())
    assert killed.word == "killed" and f"is {word.value}, and PROVED-" in killed.reason
    assert survived.word == "survived"


def test_a_sample_has_some_of_each_class_and_its_seed_names_it() -> None:
    all_of_them = defects(mutants(kept.ROOT))
    first, again, other = (sample(all_of_them, seed, 3) for seed in (1, 1, 2))
    assert first == again != other and len(first) == 3 * len({d.kind for d in all_of_them})


@pytest.mark.parametrize(
    ("words", "status"),
    [(["killed", "same", "refused"], 0), (["killed", "lost"], 3), (["lost", "survived"], 1)],
)
def test_what_survives_is_named_and_is_the_status(
    pack: Path, words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [Result("field", f"name{n}", word, "", "", 1.0) for n, word in enumerate(words)]
    result = report(pack, results, 9, 0, False)
    check("attack", result)
    assert result["status"] == status
    assert [d["word"] for d in result["defects"]] == [w for w in words if w in ("survived", "lost")]
    attacked(result)
    said = capsys.readouterr().out
    assert all(f"{w}: name{n}" in said for n, w in enumerate(words) if w in ("survived", "lost"))
    assert f"{words.count('killed')} of " in said


def test_a_row_a_class_says_which_claims_turned_red() -> None:
    results = [Result("a", "", "killed", claim, "", 1.0) for claim in ("Y", "X", "X")]
    (row,) = counted([*results, Result("a", "", "same", "", "", 1.0)])
    assert (row["planted"], row["tried"], row["killed"], row["same"]) == (4, 3, 3, 1)
    assert list(row["claims"].items()) == [("X", 2), ("Y", 1)]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            lambda pack: (pack / "manifest.json").write_text("{}"),
            "is no seawall/manifest/1; give a pack's folder",
        ),
        (lambda pack: (pack / "manifest.json").unlink(), "manifest.json can't be read"),
        (lambda pack: (pack / "project/network.json").unlink(), "project/network.json can't be read"),
        (lambda pack: (pack / "kernel/kernel.c").write_text(""), "is not what this Seawall prints"),
        (
            lambda pack: (pack / "project/controller.toml").write_text(
                (pack / "project/controller.toml").read_text().replace('"network.json"', '"../network.json"')
            ),
            "a file lies outside the project",
        ),
    ],
)
def test_what_is_no_pack_of_this_seawall_is_told(pack: Path, tmp_path: Path, damage: Any, says: str) -> None:
    shutil.copytree(pack, tmp_path / "pack")
    damage(tmp_path / "pack")
    with pytest.raises(InputError) as caught:
        attack(tmp_path / "pack", Here(), tmp_path / "work")
    assert says in str(caught.value), json.dumps(str(caught.value))


@pytest.fixture(scope="module")
def cart(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return load(make_project(tmp_path_factory.mktemp("cart") / "p", inputs=1, hidden=2))


def of_cart(project: Project, work: Path, *claims: dict[str, str]) -> dict[str, Any]:
    """The table that a pack of a project would hold."""
    sources = kernel_sources(project.sizes) | parameter_sources(project.law)
    return table(project, list(claims), sources, Here(), work)


def test_the_table_of_a_pack_counts_what_turned_red(
    cart: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is possible, here a bug and nothing; that the project names no reference keeps nothing back."""
    text = (kept.ROOT / STEP).read_text(encoding="utf-8")
    bug = text.replace("    cause = worst(\n        reference_bad,", "    cause = worst(\n        0,")
    planted = [Defect("a", "bug", {STEP: bug}), Defect("a", "nothing", {STEP: text + "\n"})]
    monkeypatch.setattr(planting, "possible_of", lambda _: planted)
    found = of_cart(
        cart, tmp_path, {"id": "REFERENCE", "word": "OPEN"}, {"id": "FINITE", "word": "PROVED-IEEE"}
    )
    assert bug != text and found["possible"] == 2 and not found["survived"] and not found["why"]
    ((row),) = found["classes"]
    assert (row["planted"], row["tried"], row["killed"], row["same"]) == (2, 1, 1, 1)


def test_no_defect_is_planted_where_it_could_not_be_told(cart: Project, tmp_path: Path) -> None:
    """A claim is red anyway, or the network lies elsewhere."""
    red = of_cart(cart, tmp_path, {"id": "FINITE", "word": "OPEN"})
    assert red == NO_ATTACK | {"why": "FINITE is red without one"}
    away = make_project(tmp_path / "away", inputs=1, hidden=2)
    (away / "network.json").rename(tmp_path / "net.json")
    config = away / "controller.toml"
    config.write_text(config.read_text().replace('"network.json"', '"../net.json"'))
    assert "outside" in of_cart(load(away), tmp_path)["why"]
