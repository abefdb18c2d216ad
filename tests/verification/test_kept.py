"""What is kept between runs: believed under its own key alone, and never from a file that is odd."""

import json
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.verification.test_proof import Nobody, about
from verification import kept
from verification.proof import Answer, discharge_all, recall

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = kept.key("a")
BUG = ("return select(want, mode, healthy + 1, 0)", "return select(want, mode, healthy + 1, healthy)")
PROGRAM = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from verification.claims import discrete, modes

discrete.CONTRACTS = ((modes.tally,), modes.contracts_verdict), discrete.CONTRACTS[2]
discrete.WHOLE = discrete.WHOLE[:1]

if __name__ == "__main__":
    told = []
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found = discrete.contract_verdicts(pool, lambda *call: told.append(call), Path("known"))
    print(told[0][1], *(v.word for v in found))
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '{"key": 1}',
        "[" * 100_000,
        '{"key": "x", "data": {}, "check": "x"}',
        "\udc80",
    ],
)
def test_an_odd_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    place = tmp_path / "a.json"
    place.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert kept.get(place, NAME) is None
    kept.put(place, NAME, {"word": "unsat"})
    assert kept.get(place, NAME) == {"word": "unsat"}


def test_a_changed_renamed_or_foreign_file_is_as_good_as_none(tmp_path: Path) -> None:
    place = tmp_path / "a.json"
    kept.put(place, NAME, {"word": "sat"})
    assert kept.get(place, kept.key("b")) is None  # another answer's file under this name
    place.write_text(place.read_text().replace("sat", "unsat"))
    assert kept.get(place, NAME) is None
    place.unlink()
    place.mkdir()
    assert kept.get(place, NAME) is None
    place.rmdir()
    os.mkfifo(place)  # would be waited for, for ever
    assert kept.get(place, NAME) is None


def test_an_answer_of_another_question_is_not_taken(tmp_path: Path) -> None:
    true, false = about("(< x 2.0)", "(< x 1.0)"), about("(< x 0.5)", "(< x 1.0)")
    with ThreadPoolExecutor(1) as executor:
        discharge_all([true], tmp_path, executor, tmp_path)
        shutil.copy(tmp_path / f"{true.key}.json", tmp_path / f"{false.key}.json")
        assert discharge_all([false], tmp_path, executor, tmp_path)["X"].answer == "sat"


@pytest.mark.parametrize(
    "odd",
    [
        {"rlimit": "x"},
        {"model": 7},
        {"answer": "proved"},
        {"replay": []},
        {"main": "bitwuzla"},
        {"vacuity": None},
    ],
)
def test_an_answer_of_an_odd_shape_is_asked_again(tmp_path: Path, odd: dict[str, object]) -> None:
    one = about("(< x 2.0)", "(< x 1.0)")
    said = asdict(Answer("X", "f", "z3", "unsat", "cvc5", "unsat", 1, "sat"))
    kept.put(tmp_path / f"{one.key}.json", one.key, said)
    assert recall(tmp_path, one) is not None
    kept.put(tmp_path / f"{one.key}.json", one.key, said | odd)
    assert recall(tmp_path, one) is None


def test_what_ran_out_of_the_machines_time_is_not_kept() -> None:
    steady = Answer("X", "f", "z3", "unsat", "cvc5", "unknown", 1, "sat")
    assert steady.lasting  # a budget in steps: the same on each machine
    assert not replace(steady, replay_solver="bitwuzla").lasting
    assert not replace(steady, main="bitwuzla", answer="unknown", replay="").lasting
    assert replace(steady, main="bitwuzla", replay="unsat").lasting


def test_a_question_that_is_asked_in_another_way_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    one = about("(< x 2.0)")
    before = one.key
    monkeypatch.setattr("verification.proof._way_of_asking", lambda: "another file")
    assert one.key != before


def test_what_was_shown_is_kept_and_a_planted_bug_is_found(tmp_path: Path) -> None:
    """Real processes on a copy of the code: the same answers at once, and never those of other code."""
    for part in ("controller", "verification"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "program.py").write_text(PROGRAM)

    def run() -> list[str]:
        done = subprocess.run(
            [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    first = run()
    assert first == ["0", "CONFIRMED", "CONFIRMED", "EXHAUSTED"]
    again = run()
    assert int(again[0]) == len(list((tmp_path / "known").glob("*.json"))) > 2 and again[1:] == first[1:]
    kernel = tmp_path / "controller" / "kernel" / "modes.py"
    plain = kernel.read_text()
    assert plain.count(BUG[0]) == 1
    kernel.write_text(plain.replace(*BUG))
    assert run() == ["0", "REFUTED", "CONFIRMED", "EXHAUSTED"]
    assert run()[1] == "REFUTED"
    kernel.write_text(plain)
    for file in (tmp_path / "known").glob("*.json"):
        said = json.loads(file.read_text())
        assert "REFUTED" not in json.dumps(said["data"])
        file.write_text(json.dumps(said).replace("EXHAUSTED", "CONFIRMED"))  # forged without its digest
    assert run()[1:] == first[1:]


def test_any_source_that_is_changed_named_anew_or_new_is_other_code(tmp_path: Path) -> None:
    seen = {kept.code_digest(tmp_path)}
    for name in ("controller/a.py", "controller/native/a.c", "verification/b/a.h", "verification/c.py"):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        for text in ("", "one"):
            place.write_text(text)
            seen.add(kept.code_digest(tmp_path))
        place = place.rename(place.with_stem("other"))
        seen.add(kept.code_digest(tmp_path))
    assert len(seen) == 13


@pytest.mark.parametrize("name", ["python_implementation", "python_version", "machine"])
def test_another_interpreter_or_machine_is_another_place(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.environment.__wrapped__()
    monkeypatch.setattr(platform, name, lambda: "another")
    assert kept.environment.__wrapped__() != before


def test_another_version_of_a_package_is_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.environment.__wrapped__()
    (tmp_path / "added-1.0.dist-info").mkdir()
    (tmp_path / "added-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: added\nVersion: 1.0\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert kept.environment.__wrapped__() != before


def test_who_reads_the_old_answer_reads_all_of_it(tmp_path: Path) -> None:
    """A file is put in the old one's place, not written over it."""
    place = tmp_path / "a.json"
    kept.write(place, "old")
    with place.open() as stream:
        kept.write(place, "new")
        assert stream.read() == "old" and place.read_text() == "new"
    assert list(tmp_path.iterdir()) == [place]


def test_known_answers_need_nobody(tmp_path: Path) -> None:
    one = about("(< x 2.0)", "(< x 1.0)")
    with ThreadPoolExecutor(1) as executor:
        first = discharge_all([one], tmp_path, executor, tmp_path)
    assert discharge_all([one], tmp_path, Nobody(), tmp_path) == first


def test_a_package_that_is_found_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command finds it by its script, and by its file."""
    before = kept.environment.__wrapped__()
    monkeypatch.setattr(sys, "path", [*sys.path, *sys.path, str(ROOT)])
    assert kept.environment.__wrapped__() == before


def test_setuptools_packages_of_its_own_are_none_of_the_place() -> None:
    script = (
        "from verification import kept; before = kept.environment.__wrapped__(); import setuptools, sys; "
        "print(before == kept.environment.__wrapped__(), any(p.endswith('_vendor') for p in sys.path))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n"
