"""A flight bundle: whole or not there, refused where it would destroy, and a self-test that one bit stops."""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.errors import InputError
from controller.native import cross, golden
from controller.native.bundle import digest
from controller.native.deploy import deploy
from controller.native.mission import baud
from controller.project import Project, load
from tests.controller.native.flights import cart_project
from tests.projects import make_project

ROOT = Path(__file__).parents[3]
CROSS = pytest.mark.xdist_group("cross")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The cart with a seeded random network."""
    return cart_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def bundle(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host bundle that no test changes."""
    folder = tmp_path_factory.mktemp("host") / "bundle"
    deploy(project, "host", folder)
    return folder


def check(binary: Path, *before: str) -> tuple[int, str]:
    """Exit status and standard error of the self-test."""
    done = subprocess.run([*before, str(binary), "--check"], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def snapshot(folder: Path) -> dict[str, bytes]:
    """All that a folder holds."""
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_the_object_and_the_manifest(project: Project, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    found = deploy(project, "host", tmp_path / "out", lambda *call: calls.append(call))
    schema = json.loads((ROOT / "certification/schema/deploy-1.json").read_text())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for one in (found, manifest):
        jsonschema.validate(one, schema)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in snapshot(tmp_path / "out").items()}
    assert found["files"] == sums and found["directory"] == str(tmp_path / "out")
    assert manifest["files"] == {name: value for name, value in sums.items() if name != "manifest.json"}
    assert calls[-1] == ("compile for host", 1, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_digests_name_the_sources(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    for key, names in {
        "kernel_digest": ("kernel.h", "kernel.c", "scalar.h"),
        "parameter_digest": ("parameters.h", "parameters.c"),
    }.items():
        assert manifest[key] == digest({name: (bundle / name).read_text() for name in names})
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=bundle, check=True)


def test_sizes_are_those_of_the_records(bundle: Path, project: Project) -> None:
    sizes = json.loads((bundle / "manifest.json").read_text())["bytes"]
    inputs, hidden, outputs, slots = (project.sizes[n] for n in ("inputs", "hidden", "outputs", "slots"))
    assert sizes["binary"] == (bundle / "test-flight").stat().st_size
    assert sizes["state"] == 8 * (2 * inputs * slots + 5 * inputs + hidden + 3 * outputs + 8)
    assert sizes["work"] == 8 * (6 * hidden + outputs)
    assert sizes["kernel_stack_bound"] is None or 0 < sizes["kernel_stack_bound"] < 4096


def test_two_runs_give_the_same_bytes(bundle: Path, project: Project, tmp_path: Path) -> None:
    deploy(project, "host", tmp_path / "again")
    assert snapshot(tmp_path / "again") == snapshot(bundle)


def test_no_machine_path_is_in_the_bundle(bundle: Path) -> None:
    for name, data in snapshot(bundle).items():
        assert str(ROOT).encode() not in data and b"/tmp/" not in data, name


def test_the_script_builds_the_same_binary(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    (copy / "test-flight").unlink()
    subprocess.run(["./build.sh"], cwd=copy, check=True)
    assert (copy / "test-flight").read_bytes() == (bundle / "test-flight").read_bytes()


@CROSS
def test_the_script_builds_the_same_binary_for_another_machine(project: Project, tmp_path: Path) -> None:
    deploy(project, "riscv64-linux", tmp_path / "out")
    binary = tmp_path / "out" / "test-flight"
    before = binary.read_bytes()
    assert str(ROOT).encode() not in before and str(tmp_path).encode() not in before
    binary.unlink()
    compiler = " ".join(cross.toolchain("riscv64-linux").command)
    subprocess.run(["./build.sh"], cwd=tmp_path / "out", check=True, env=os.environ | {"CC": compiler})
    assert binary.read_bytes() == before


def test_the_unit_says_whose_time_a_sample_has(bundle: Path) -> None:
    """The same option, values and default as `seawall run --port`, in a place where an override finds it."""
    unit = (bundle / "test-flight.service").read_text()
    assert "\nEnvironment=SEAWALL_TIMES=arrival\n" in unit
    assert "-flight --times ${SEAWALL_TIMES} ${SEAWALL_PORT}\n" in unit
    page = (bundle / "README.md").read_text()
    assert "`--times arrival`, the default" in page and "`--times sender`" in page and "SEAWALL_TIMES" in page


def test_systemd_reads_the_unit(bundle: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    text = (bundle / "test-flight.service").read_text()
    unit = tmp_path / "test-flight.service"
    unit.write_text(text.replace("/opt/seawall/test", str(bundle)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_tells_the_installer(bundle: Path) -> None:
    text = (bundle / "README.md").read_text()
    manifest = json.loads((bundle / "manifest.json").read_text())
    for needed in (
        "--check",
        "systemctl stop",
        "SIGTERM",
        "NOMINAL",
        "FALLBACK",
        "dialout",
        "deadline missed",
    ):
        assert needed in text
    assert manifest["kernel_digest"] in text and manifest["parameter_digest"] in text
    assert "{{" not in text and "{%" not in text
    help_text = subprocess.run([str(bundle / "test-flight")], capture_output=True, text=True).stderr
    assert set(re.findall(r"--[a-z]+", text)) - {"--now"} <= set(re.findall(r"--[a-z]+", help_text))


def test_an_unknown_target(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="host, aarch64-linux, armv7-linux, riscv64-linux"):
        deploy(project, "sparc", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_cross_compiler(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ziglang", None)  # as Python sees a package that is not installed
    with pytest.raises(InputError, match=r"pip install 'seawall\[cross\]'"):
        deploy(project, "aarch64-linux", tmp_path / "out")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="apt-get install gcc"):
        deploy(project, "host", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_host_without_cc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ziglang stands in, with a static libc for this machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    tools = cross.toolchain("host")
    assert tools.version.startswith("zig ") and tools.words.endswith("-linux-musl")


@CROSS
@pytest.mark.soak
def test_host_bundle_by_zig(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    deploy(project, "host", tmp_path / "out")
    assert check(tmp_path / "out" / "test-flight") == (0, "")


def test_an_older_bundle_is_replaced(bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(bundle, out)
    other = cart_project(tmp_path / "other", seed=3, **{"controller.name": "other"})
    deploy(other, "host", out)
    assert (out / "other-flight").exists() and not (out / "test-flight").exists()


@pytest.mark.parametrize("kind", ["file", "foreign", "extra", "broken", "link", "parent"])
def test_what_may_not_be_replaced(bundle: Path, project: Project, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "foreign":
        out.mkdir()
        (out / "notes.txt").write_text("mine")
    elif kind == "extra":
        shutil.copytree(bundle, out)
        (out / "notes.txt").write_text("mine")
    elif kind == "broken":
        shutil.copytree(bundle, out)
        (out / "manifest.json").write_text("{}")
    elif kind == "link":
        out.symlink_to(bundle)
    else:
        (tmp_path / "file").write_text("mine")
        out = tmp_path / "file" / "out"
    before = snapshot(out) if out.is_dir() else {}
    with pytest.raises(InputError, match=re.escape(str(out))):
        deploy(project, "host", out)
    assert (snapshot(out) if out.is_dir() else {}) == before
    assert not list(tmp_path.glob(".*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from controller.native.deploy import deploy
from controller.project import load
def kill(what, done, total):
    if what.startswith("compile") and done == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
deploy(load(sys.argv[1]), "host", Path(sys.argv[2]), kill)
"""


@pytest.mark.parametrize("moment", [0, 1])
def test_a_kill_leaves_the_older_bundle(bundle: Path, project: Project, tmp_path: Path, moment: int) -> None:
    """Killed before or after the compiler has run: the old one is whole, and the next run cleans up."""
    out = tmp_path / "out"
    shutil.copytree(bundle, out)
    words = [sys.executable, "-c", KILLED, str(project.root), str(out), str(moment)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert snapshot(out) == snapshot(bundle)
    assert len(list(tmp_path.iterdir())) == 2
    deploy(project, "host", out)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cc that links an empty program but not ours: its words are told, and nothing is left."""
    fake = tmp_path / "bin" / "cc"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\ncase "$*" in *kernel.c*) echo no room >&2; exit 1;; esac\nexit 0\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    with pytest.raises(InputError, match="no room"):
        deploy(cart_project(tmp_path / "p"), "host", tmp_path / "place" / "out")
    assert list((tmp_path / "place").iterdir()) == []


def test_the_folder_one_stands_in(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert deploy(project, "host", Path())["directory"] == "."
    assert (here / "manifest.json").is_file() and len(list(tmp_path.iterdir())) == 1


def test_too_many_outputs_for_a_frame(tmp_path: Path) -> None:
    project = cart_project(tmp_path / "p", outputs=511, hidden=1, inputs=2)
    with pytest.raises(InputError, match="at most 510"):
        deploy(project, "host", tmp_path / "out")


@pytest.mark.parametrize(
    ("period_us", "speed", "fits"),
    [(1_000_000, 9600, True), (1000, 1_500_000, True), (100, 4_000_000, False)],
)
def test_the_line_is_fast_enough(tmp_path: Path, period_us: int, speed: int, fits: bool) -> None:
    stages = ("sensor", "preprocess", "network", "output")
    times: dict[str, Any] = {f"timing.budget_us.{name}": 10 for name in stages}
    times |= {"controller.period_us": period_us, "timing.deadline_us": period_us}
    times |= {"dt.low_us": 1, "dt.high_us": 2_000_000, "controller.ahead_us": 0}
    assert baud(cart_project(tmp_path, **times)) == (speed, fits)


def test_the_vectors_meet_every_mode_and_cause(project: Project) -> None:
    found = golden.record(project.law, project.sizes)
    assert {p.mode for p in found.periods} == {0, 1, 2}
    assert {p.cause for p in found.periods} == {0, 1, 2, 3, 4, 7, 8}  # 5 and 6 are proved never to occur
    box = found.final.inbox
    assert min(box.late, box.duplicate, box.overflow, box.refused) > 0
    values = [s.value for p in found.periods for s in p.samples]
    assert any(v != v for v in values) and float("inf") in values and 5.0e-324 in values
    assert len(found.periods) >= 300
    outputs = [p.output[0] for p in found.periods]
    assert len(set(outputs)) > 200


@pytest.mark.parametrize(
    ("inputs", "hidden", "outputs", "slots"), [(1, 1, 1, 1), (3, 5, 2, 4), (4, 64, 3, 64)]
)
def test_other_shapes_arm(tmp_path: Path, inputs: int, hidden: int, outputs: int, slots: int) -> None:
    overrides: dict[str, Any] = {"controller.inbox_slots": slots, "controller.substeps": 2}
    shape = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
    deploy(load(make_project(tmp_path / "p", **shape, **overrides)), "host", tmp_path / "out")
    assert check(tmp_path / "out" / "test-flight") == (0, "")


def flipped(binary: Path, place: int, out: Path) -> Path:
    """A copy with the lowest bit of one byte flipped."""
    data = bytearray(binary.read_bytes())
    data[place] ^= 1
    out.write_bytes(data)
    out.chmod(0o755)
    return out


def only_place(binary: Path, needle: bytes) -> int:
    """Where the binary has these bytes; they must be there once."""
    data = binary.read_bytes()
    assert data.count(needle) == 1
    return data.index(needle)


def test_one_bit_in_any_parameter_and_it_does_not_arm(bundle: Path, project: Project, tmp_path: Path) -> None:
    binary = bundle / "test-flight"
    table = b"".join(golden.words(project.law))
    start = only_place(binary, table)
    for offset in range(0, len(table), 8):
        status, said = check(flipped(binary, start + offset, tmp_path / "flipped"))
        assert (status, said.count("\n")) == (1, 1) and "parameters" in said and "not armed" in said


def test_one_bit_in_a_golden_vector_and_it_does_not_arm(
    bundle: Path, project: Project, tmp_path: Path
) -> None:
    """Expected outputs, modes and causes step by step, the last state, and the samples."""
    binary = bundle / "test-flight"
    found = golden.record(project.law, project.sizes)
    rows, end = [], 0
    for p in found.periods:
        end += len(p.samples)
        rows.append(struct.pack("<5qd", p.now_us, p.missed, end, p.mode, p.cause, *p.output))
    start = only_place(binary, b"".join(rows))
    for n in range(0, len(rows), 7):
        for field in (3, 4, 5):
            place = start + n * len(rows[0]) + 8 * field
            assert check(flipped(binary, place, tmp_path / "flipped"))[0] == 1
    final = b"".join(golden.words(found.final))
    start = only_place(binary, final)
    for offset in range(0, len(final), 8):
        status, said = check(flipped(binary, start + offset, tmp_path / "flipped"))
        assert status == 1 and "not armed" in said


@CROSS
def test_a_compiler_that_fuses_is_refused(project: Project, tmp_path: Path) -> None:
    """The twin of -ffp-contract=off: on aarch64 the same sources compiled with it on must not arm."""
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 is missing: apt-get install qemu-user")
    out = tmp_path / "out"
    deploy(project, "aarch64-linux", out)
    manifest = json.loads((out / "manifest.json").read_text())
    flags = ["-ffp-contract=fast" if f == "-ffp-contract=off" else f for f in manifest["flags"]]
    tools = cross.toolchain("aarch64-linux")
    cross.run([*tools.command, *flags, *manifest["units"], "-o", "fused"], out)
    assert check(out / "test-flight", "qemu-aarch64") == (0, "")
    status, said = check(out / "fused", "qemu-aarch64")
    assert status == 1 and "not armed" in said


def test_a_wrong_word_of_the_language_is_refused(bundle: Path, tmp_path: Path) -> None:
    """Twins in the C itself: each compiles, and none arms."""
    for old, new in (("(uint64_t)(a < b)", "(uint64_t)(a <= b)"), ("~mask", "mask"), ("0x7fff", "0xffff")):
        copy = tmp_path / "copy"
        shutil.copytree(bundle, copy)
        text = (copy / "scalar.h").read_text()
        assert old in text
        (copy / "scalar.h").write_text(text.replace(old, new))
        subprocess.run(["./build.sh"], cwd=copy, check=True)
        assert check(copy / "test-flight")[0] == 1, new
        shutil.rmtree(copy)
