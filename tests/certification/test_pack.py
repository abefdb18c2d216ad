"""Writing a pack: the same bytes twice, refusals, and a kill at any moment."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from certification.pack import Packed
from controller.errors import InputError
from tests.certification.fixture import Inputs, read
from tests.certification.forger import disagreeing

ROOT = Path(__file__).resolve().parents[2]


def bytes_of(packed: Packed) -> dict[str, bytes]:
    files = (path for path in packed.path.rglob("*") if path.is_file())
    return {path.relative_to(packed.path).as_posix(): path.read_bytes() for path in files}


def test_pack_holds_what_it_should(tmp_path: Path) -> None:
    packed = Inputs().write(tmp_path)
    files = set(bytes_of(packed))
    assert packed.status == 0
    assert {"index.html", "evidence.pdf", "evidence.json", "manifest.json", "hil/measured.json"} <= files
    assert {
        "kernel/kernel.c",
        "kernel/parameters.c",
        "proofs/STATE-BOUNDS-7.smt2",
        "tests/project.xml",
        "tests/suite.json",
    } <= files
    manifest = read(packed.path, "manifest.json")
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert sorted(manifest["deterministic"] + manifest["measured"]) == sorted(manifest["files"])


def test_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = Inputs().write(tmp_path / "a"), Inputs().write(tmp_path / "b")
    assert bytes_of(one) == bytes_of(two)


def test_other_timings_leave_the_deterministic_files(tmp_path: Path) -> None:
    slower = Inputs()
    assert slower.hil is not None
    slower.hil["kernel_ns"]["p50"] = 301
    slower.hil["histogram"]["kernel_ns"][3][1] += 5
    slower.hil["deadline"]["kernel_of"] += 5
    slower.hil["deadline_misses"] = 13
    one, two = Inputs().write(tmp_path / "a"), slower.write(tmp_path / "b")
    steady = read(one.path, "manifest.json")["deterministic"]
    assert {"evidence.json", "kernel/kernel.c", "proofs/FINITE-0.smt2"} - set(steady) <= {
        "proofs/FINITE-0.smt2"
    }
    first, second = bytes_of(one), bytes_of(two)
    assert all(first[path] == second[path] for path in steady)
    assert first["index.html"] != second["index.html"]
    assert one.summary["deterministic_digest"] == two.summary["deterministic_digest"]
    assert one.digest != two.digest


def test_replaces_an_older_pack(tmp_path: Path) -> None:
    old = Inputs().write(tmp_path)
    inputs = Inputs(hil=None)
    new = inputs.write(tmp_path)
    assert (old.path, new.status) == (new.path, 3)
    assert disagreeing(new.path) == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "proofs"]


def test_never_replaces_what_is_no_pack(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="no pack"):
        Inputs().write(tmp_path)
    assert (tmp_path / "pack" / "thesis.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="no folder"):
        Inputs().write(tmp_path, "file")


def refusal(inputs: Inputs, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        inputs.write(folder)
    assert not (folder / "pack").exists()
    return str(caught.value)


def test_proved_without_unsat_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("STATE-BOUNDS")["answers"][3]["replay"] = "unknown"
    assert "STATE-BOUNDS-3.smt2" in refusal(inputs, tmp_path)


def test_proved_without_answers_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("GUARD-RANGE").update(answers=[], evidence=[])
    assert "GUARD-RANGE says PROVED-IEEE without a solver's answer" in refusal(inputs, tmp_path)


def test_proof_from_contradicting_assumptions_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("GUARD-RANGE")["answers"][0]["vacuity"] = "unsat"
    assert "may never hold" in refusal(inputs, tmp_path)


def test_replay_by_the_same_solver_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("STATE-BOUNDS")["answers"][0]["replay_solver"] = "z3"
    assert "same solver" in refusal(inputs, tmp_path)


def test_missing_proof_file_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("FINITE")["evidence"] = ["proofs/gone.smt2"]
    assert "proofs/gone.smt2" in refusal(inputs, tmp_path)


@pytest.mark.parametrize("file", ["/etc/hostname", "proofs/../../x", "x.smt2"])
def test_proof_file_from_elsewhere_is_refused(tmp_path: Path, file: str) -> None:
    inputs = Inputs()
    inputs.claim("FINITE")["evidence"] = [file]
    assert "not under proofs/" in refusal(inputs, tmp_path)


def test_other_kernel_than_the_proved_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.sources["kernel.c"] += " "
    assert "kernel_digest is not the proved one" in refusal(inputs, tmp_path)


def test_claim_that_stands_twice_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.verify["claims"].append(inputs.claim("FINITE"))
    assert "twice" in refusal(inputs, tmp_path)


def test_open_without_reason_is_refused(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.open("FINITE", "")
    assert "OPEN without a reason" in refusal(inputs, tmp_path)


KILLER = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
import certification.pack
from fixture import Inputs
left = int(sys.argv[2])
def deadly(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call
inputs = Inputs(hil=None)
Path.write_bytes = deadly(Path.write_bytes)
os.rename = deadly(os.rename)
certification.pack.shutil.rmtree = deadly(certification.pack.shutil.rmtree)
inputs.write(Path(sys.argv[1]))
"""


def kill_after(calls: int, folder: Path) -> int:
    command = [sys.executable, "-c", KILLER, str(folder), str(calls), str(Path(__file__).parent)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120).returncode


def test_kill_at_any_moment_leaves_the_old_pack_or_none(tmp_path: Path) -> None:
    old = Inputs().write(tmp_path)
    steps = 2 + len(bytes_of(old)) + 1 + 2  # the PDF's sources, files, manifest, two renames
    seen = set()
    for calls in (0, 1, steps // 2, steps - 4, steps - 3, steps - 2, steps - 1, steps, steps + 1):
        status = kill_after(calls, tmp_path)
        there = old.path.exists()
        digest = read(old.path, "manifest.json")["pack_digest"] if there else ""
        seen.add(
            (status == -signal.SIGKILL, "none" if not there else "old" if digest == old.digest else "new")
        )
        if there:
            assert disagreeing(old.path) == ""
        assert Inputs().write(tmp_path).digest == old.digest
        assert not list(tmp_path.glob(".*"))
    assert {(True, "old"), (True, "none"), (True, "new")} <= seen
