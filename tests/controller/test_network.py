"""network.json: strict, and friendly; its weights arrive to the bit."""

import json
import math
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.network import SIZE_LIMIT
from controller.project import load
from tests.controller.refusals import refused
from tests.projects import make_project

JSON = "network.json"

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"network.extra": [1.0]}, "extra", "unknown key"),
    ({"network.b": [1.0, "x"]}, "b[1]", "must be a number .*'x'"),
    ({"network.b": [1.0, None]}, "b[1]", "must be a number"),
    ({"network.b": [True, 1.0]}, "b[0]", "must be a number .*True"),
    ({"network.b": "weights"}, "b", "must be a list"),
    ({"network.b": []}, "b", "is empty"),
    ({"network.b": [1.0, 1.0e308]}, "b[1]", "too large .*1e\\+308"),
    ({"network.b": [1.0, -1.0e10]}, "b[1]", "too small"),
    ({"network.b": [1.0, 10**400]}, "b[1]", "more than 38 digits"),
    ({"network.b": [1.0, math.nan]}, "line 1", "NaN is no weight; give finite numbers"),
    ({"network.b": [1.0, -math.inf]}, "line 1", "Infinity is no weight"),
    ({"network.b": [[1.0], [2.0]]}, "b[0]", "must be a number"),
    ({"network.tau_gain": [1.0, 2.0, 3.0]}, "tau_gain", "is 3, must be hidden = 2"),
    ({"network.w_in": [[1.0, 2.0], [1.0]]}, "w_in[1]", "ragged: has 1 entries, row 0 has 2"),
    ({"network.w_in": [[1.0, 2.0]]}, "w_in", "is 1 x 2, must be inputs x hidden = 2 x 2"),
    ({"network.w_in": [1.0, 2.0]}, "w_in[0]", "must be a list"),
    ({"network.w_rec": [[1.0, 2.0]] * 3}, "w_rec", "is 3 x 2, must be hidden x hidden = 2 x 2"),
    ({"network.w_out": [[], []]}, "w_out", "is 2 x 0, must be hidden x outputs = 2 x 1"),
    ({"network.b_out": [0.0, 0.0]}, "b_out", "must be outputs = 1"),
]


@pytest.mark.parametrize(("overrides", "place", "words"), FAULTS, ids=lambda v: str(v)[:40])
def test_a_wrong_weight_is_named_with_its_place(
    tmp_path: Path, overrides: dict[str, Any], place: str, words: str
) -> None:
    refused(make_project(tmp_path, hidden=2, **overrides), JSON, place, words)


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", "", "is empty; give a file in JSON"),
        (b"\n", "line 2 column 1", "is not JSON"),
        (b'{"b": [1.0,]}', "line 1 column 12", "is not JSON"),
        (b"[1, 2]", "the file", "must be a table"),
        (b"{}", "w_in", "is missing"),
        (b'{"b": [1], "b": [2]}', "b", "stands twice; remove one"),
        (b'{"b": {"a": 1, "a": 2}}', "a", "stands twice"),
        (b'{"b": "\xff"}', "byte 7", "is not UTF-8"),
        (b'{"b": ' + b"9" * 10000 + b"}", "", "can't be read"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b'{"b":' * 100_000, "", "nested too deeply"),
        (b'{"b": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}", "", "is missing|must be a number|nested"),
    ],
)
def test_a_wrong_text_is_named_with_its_place(tmp_path: Path, data: bytes, place: str, words: str) -> None:
    directory = make_project(tmp_path, hidden=2)
    (directory / JSON).write_bytes(data)
    refused(directory, JSON, place, words)


@pytest.mark.parametrize("megabytes", [200, 60], ids=["too large", "below the limit"])
def test_megabytes_of_nesting_are_refused_with_little_memory(tmp_path: Path, megabytes: int) -> None:
    """A process that may have 1 GB; 200 MB are refused unread, 60 MB at the first brackets."""
    directory = make_project(tmp_path, hidden=2)
    block = b"[" * (1024 * 1024)
    with (directory / JSON).open("wb") as stream:
        for _ in range(megabytes if megabytes < 64 else 1):
            stream.write(block)
        stream.truncate(megabytes * 1024 * 1024)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        f"from controller.project import load; load({str(directory)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "InputError" in last and JSON in last, done.stderr[-500:]
    assert ("at most" if megabytes * 1024 * 1024 > SIZE_LIMIT else "nested too deeply") in last
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert peak_mb < 1024


def test_a_folder_and_nothing_at_all_are_no_networks(tmp_path: Path) -> None:
    directory = make_project(tmp_path, hidden=2)
    (directory / JSON).unlink()
    refused(directory, JSON, "", "there is no such file")
    (directory / JSON).mkdir()
    refused(directory, JSON, "", "is a directory; give a file")


def test_the_weights_arrive_to_the_bit(tmp_path: Path) -> None:
    odd = [0.1, -0.0, 5e-324, 2]
    overrides: dict[str, Any] = {"network.b": odd}
    network = load(make_project(tmp_path, hidden=4, **overrides)).law.network
    assert [v.hex() for v in network.b] == [float(v).hex() for v in odd]
    stored = json.loads((tmp_path / JSON).read_text())
    assert (network.w_rec, network.w_in) == (stored["w_rec"], stored["w_in"])
    assert (network.w_out, network.tau_gain) == (stored["w_out"], stored["tau_gain"])
