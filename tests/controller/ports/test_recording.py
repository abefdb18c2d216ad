"""Recordings are read strictly: each fault is one sentence with file and line, and nothing is unpickled."""

import bz2
import gzip
import lzma
import math
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InputError
from controller.ports import Ended, recording
from controller.ports.messages import Sample
from controller.ports.recording import read_csv
from controller.ports.replay import ReplayPort
from controller.project import load
from tests.projects import make_project

CHANNELS = {"left": 0, "right": 1}
HEAD = "time_us,channel,value\n"
LATEST = 2**53


def every_sample(port: ReplayPort) -> list[Sample]:
    found = list(port.receive(LATEST))
    with pytest.raises(Ended, match="the recording has ended"):
        port.receive(LATEST)
    port.close()
    return found


def from_text(folder: Path, text: str) -> list[Sample]:
    path = folder / "r.csv"
    path.write_text(text, encoding="utf-8")
    return every_sample(ReplayPort(path, CHANNELS))


def test_what_may_stand_in_a_csv(tmp_path: Path) -> None:
    text = (
        "\ufeff time_us , channel,value \r\n5,left,1.5\r\n\r\n6, 1 ,-0.0\r\n"
        '6,"right",1e-3\n7,-12,NaN\n0,left,-inf\n3600000007,7,1e999'
    )
    found = from_text(tmp_path, text)
    assert found[:3] == [Sample(0, 5, 1.5), Sample(1, 6, 0.0), Sample(1, 6, 0.001)]
    assert math.copysign(1.0, found[1].value) == -1.0
    assert (found[3].channel, math.isnan(found[3].value)) == (-12, True)
    assert found[4:] == [Sample(0, 0, -math.inf), Sample(7, 3600000007, math.inf)]


FAULTS = {
    "empty file": ("", "is empty; give a file in CSV"),
    "an empty line alone": ("\n", "line 1: the header is ''; it must be time_us,channel,value"),
    "semicolons": (
        "time_us;channel;value\n1;left;0,5\n",
        "line 1: its fields have a semicolon between them; wr",
    ),
    "tabs": ("time_us\tchannel\tvalue\n", "line 1: its fields have a tab between them"),
    "bars": ("time_us | channel | value\n", "line 1: its fields have a bar between them"),
    "a decimal comma": (HEAD + "1,left,0,5\n", "line 2: has 4 fields, not 3; write the value with a point"),
    "a quoted comma": (HEAD + '1,left,"-0,5"\n', "line 2: value: is '-0,5'; write it with a point"),
    "UTF-16 without a mark": ("t\0i\0m\0e\0_\0", "is text in UTF-16; save it as UTF-8"),
    "no header": ("1,left,2\n", "line 1: the header is '1,left,2'; it must be"),
    "other order": ("channel,time_us,value\n", "line 1: the header is 'channel,time_us,value'"),
    "more columns": ("time_us,channel,value,unit\n", "line 1: the header"),
    "no samples": (HEAD, "has no samples"),
    "word for a time": (HEAD + "1,left,2\nnoon,left,2\n", "line 3: time_us: is 'noon'; write it as a whole"),
    "fraction": (HEAD + "1.5,left,2\n", "line 2: time_us: is '1.5'"),
    "empty time": (HEAD + ",left,2\n", "line 2: time_us: is empty"),
    "underscores": (HEAD + "1_000,left,2\n", "line 2: time_us: is '1_000'"),
    "other digits": (HEAD + "١,left,2\n", "line 2: time_us: is"),
    "digits without end": (HEAD + "9" * 4000 + ",left,2\n", "line 2: time_us: is '999"),
    "negative time": (HEAD + "-1,left,2\n", "line 2: time -1 us is negative"),
    "beyond 2**53": (HEAD + "9007199254740993,left,2\n", "line 2: time 9007199254740993 us is beyond 2**53"),
    "beyond 64 bits": (HEAD + "9223372036854775808,left,2\n", "line 2: time_us: is '9223372036854775808'"),
    "a jump": (HEAD + "0,left,2\n3600000001,left,2\n", "line 3: time jumps by 3600 s"),
    "unknown name": (
        HEAD + "1,middle,2\n",
        "line 2: channel: is 'middle'; write the number of an input or one",
    ),
    "empty channel": (HEAD + "1,,2\n", "line 2: channel: is empty"),
    "channel beyond 64 bits": (HEAD + f"1,{2**63},2\n", "line 2: channel: is"),
    "word for a value": (HEAD + "1,left,fast\n", "line 2: value: is 'fast'; write it as a number, nan where"),
    "empty value": (HEAD + "1,left,\n", "line 2: value: is empty"),
    "value with underscores": (HEAD + "1,left,1_0\n", "line 2: value: is '1_0'"),
    "too few fields": (HEAD + "1,left\n", "line 2: has 2 fields, not 3"),
    "too many fields": (HEAD + "1,left,2,3\n", "line 2: has 4 fields, not 3"),
    "open quote": (HEAD + '1,"left,2\n', "line 2: is no CSV"),
    "a line without end": (HEAD + "1" * 5000, "line 2: is longer than 4096 characters"),
    "a NUL": (HEAD + "1,left,\0\n", "line 2: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_csv_is_one_sentence(tmp_path: Path, fault: str) -> None:
    text, said = FAULTS[fault]
    with pytest.raises(InputError) as caught:
        from_text(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'r.csv'}: ")
    assert said in message
    assert len(message.splitlines()) == 1
    assert len(message) < 300 + len(str(tmp_path))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(HEAD.encode() + b"1,left,0\n2,left,\xff\xfe\n")
    with pytest.raises(InputError, match="line 3: is not UTF-8; save the file as UTF-8"):
        every_sample(ReplayPort(path, CHANNELS))


KINDS: dict[str, tuple[bytes, str]] = {
    "gzip": (gzip.compress(HEAD.encode()), "is gzip, not CSV; unpack it first (gunzip)"),
    "bzip2": (bz2.compress(HEAD.encode()), "is bzip2, not CSV; unpack it first (bunzip2)"),
    "xz": (lzma.compress(HEAD.encode()), "is xz, not CSV; unpack it first (unxz)"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\x20", "is Zstandard, not CSV; unpack it first (unzstd)"),
    "npy": (b"\x93NUMPY\x01\0v\0{'descr'", "is one numpy array (npy), not CSV; export it as CSV"),
    "Parquet": (b"PAR1\x15\x04", "is Parquet, not CSV; export it as CSV"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\0", "is HDF5, not CSV; export it as CSV"),
    "MATLAB": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "is a MATLAB file, not CSV; export it as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Office document, not CSV; export it as CSV"),
    "SQLite": (b"SQLite format 3\0", "is an SQLite database, not CSV"),
    "pickle": (pickle.dumps([1]), "is a pickle, not CSV; export it as CSV"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", "fetch the file itself (git lfs pull)"),
    "UTF-16, little": (HEAD.encode("utf-16"), "is text in UTF-16; save it as UTF-8"),
    "UTF-16, big": (b"\xfe\xff" + HEAD.encode("utf-16-be"), "is text in UTF-16; save it as UTF-8"),
    "UTF-16, no mark": (HEAD.encode("utf-16-be"), "is text in UTF-16; save it as UTF-8"),
    "UTF-32": (HEAD.encode("utf-32"), "is text in UTF-32; save it as UTF-8"),
    "floats": (np.array([0.0, 1.0]).tobytes(), "is binary, not CSV; export it as CSV"),
    "nothing": (b"", "is empty; give a file in CSV"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_told_by_its_name(tmp_path: Path, kind: str) -> None:
    """Of a recording, of controller.toml and of network.json."""
    data, said = KINDS[kind]
    path = tmp_path / "r.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        ReplayPort(path, CHANNELS)
    assert str(caught.value).startswith(f"{path}: is ") and said in str(caught.value)
    for file in ("controller.toml", "network.json"):
        place = make_project(tmp_path / file) / file
        place.write_bytes(data)
        with pytest.raises(InputError) as caught:
            load(place.parent)
        assert str(caught.value) == f"{place}: " + str(caught.value).split(": ", 1)[1]
        assert said.replace("CSV", place.suffix[1:].upper()) in str(caught.value)


ZIPS = {
    "a workbook": ("[Content_Types].xml", "is an Office document; export its sheet as CSV"),
    "a spreadsheet": ("content.xml", "is an Office document; export its sheet as CSV"),
    "a zipped CSV": ("r.csv", "is a zip archive of r.csv, not an npz; unpack it first (unzip)"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_that_is_no_npz(tmp_path: Path, kind: str) -> None:
    member, said = ZIPS[kind]
    path = tmp_path / "r.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, HEAD)
    with pytest.raises(InputError) as caught:
        ReplayPort(path, CHANNELS)
    assert str(caught.value) == f"{path}: {said}"


def test_what_is_no_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, said in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.csv", "there is no such file"),
        (fifo, "is not a plain file"),
        (tmp_path / ("n" * 300), "can't be read"),
        (Path("a\0b"), "can't be read"),
    ):
        with pytest.raises(InputError, match=said):
            ReplayPort(path, CHANNELS)


def test_the_place_counts_lines_as_an_editor_does(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 6: value"):
        from_text(tmp_path, HEAD + "1,left,2\n\n\n2,left,3\n3,left,x\n")


def test_done_reaches_the_size(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(HEAD + "1,left,2\n2,left,3\n", encoding="utf-8")
    reader = read_csv(path, CHANNELS)
    list(reader)
    assert reader.done == reader.total == path.stat().st_size
    reader.close()


times = st.lists(st.integers(0, 2_000_000), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(times, st.integers(10_000, 300_000))
def test_a_sample_arrives_at_the_running_maximum(
    tmp_path_factory: pytest.TempPathFactory, recorded: list[int], period_us: int
) -> None:
    """Every sample once, in file order, in the first period at or after the running maximum."""
    path = tmp_path_factory.mktemp("r") / "r.csv"
    rows = "".join(f"{time_us},0,{n}\n" for n, time_us in enumerate(recorded))
    path.write_text(HEAD + rows, encoding="utf-8")
    port = ReplayPort(path, CHANNELS)
    assert port.start_us == recorded[0]
    now_us, given_at = port.start_us, []
    try:
        while True:
            given_at += [(sample.value, now_us) for sample in port.receive(now_us)]
            now_us += period_us
    except Ended:
        port.close()
    expected, top = [], recorded[0]
    for n, time_us in enumerate(recorded):
        top = max(top, time_us)
        periods = -((recorded[0] - top) // period_us)
        expected.append((float(n), recorded[0] + periods * period_us))
    assert given_at == expected


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_an_npz_by_number_and_by_name(tmp_path: Path) -> None:
    time_us, value = np.array([5, 4], dtype=np.uint32), np.array([1.5, math.nan], dtype=np.float32)
    for channel in (np.array([1, 0], dtype=np.int8), np.array(["right", "left"])):
        path = saved(tmp_path / "r.npz", time_us=time_us, channel=channel, value=value)
        found = every_sample(ReplayPort(path, CHANNELS))
        assert [(s.channel, s.time_us) for s in found] == [(1, 5), (0, 4)]
        assert found[0].value == 1.5
        assert math.isnan(found[1].value)
        assert {type(s.channel) for s in found} == {type(s.time_us) for s in found} == {int}


ONE = {"time_us": np.array([1]), "channel": np.array([0]), "value": np.array([1.0])}
NPZ_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "pickle": (ONE | {"value": np.array([{}], dtype=object)}, "can't be read as plain arrays"),
    "missing": ({k: ONE[k] for k in ("time_us", "value")}, "holds time_us, value; it must hold the arrays"),
    "extra": (ONE | {"unit": np.array(["m"])}, "no other"),
    "float times": (ONE | {"time_us": np.array([1.0])}, "time_us: is float64"),
    "bool values": (ONE | {"value": np.array([True])}, "value: is bool"),
    "complex values": (ONE | {"value": np.array([1j])}, "value: is complex128"),
    "text values": (ONE | {"value": np.array(["1"])}, "value: is <U1"),
    "two rows": (ONE | {"value": np.array([[1.0]])}, "of shape (1, 1)"),
    "a scalar": (ONE | {"value": np.array(1.0)}, "of shape ()"),
    "lengths": (ONE | {"value": np.array([1.0, 2.0])}, "differ in length (time_us 1, channel 1, value 2)"),
    "empty": ({k: v[:0] for k, v in ONE.items()}, "has no samples"),
    "negative time": (ONE | {"time_us": np.array([-1])}, "sample 1: time -1 us is negative"),
    "late time": (ONE | {"time_us": np.array([2**64 - 1], dtype=np.uint64)}, "sample 1: time 1844"),
    "unknown name": (
        ONE | {"channel": np.array(["middle"])},
        "no input is named 'middle'; choose from: left",
    ),
}


@pytest.mark.parametrize("fault", NPZ_FAULTS)
def test_a_bad_npz_is_one_sentence(tmp_path: Path, fault: str) -> None:
    arrays, said = NPZ_FAULTS[fault]
    path = saved(tmp_path / "r.npz", **arrays)
    with pytest.raises(InputError) as caught:
        every_sample(ReplayPort(path, CHANNELS))
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = saved(tmp_path / "r.npz", **(ONE | {"value": np.array([Trap()], dtype=object)}))
    with pytest.raises(InputError, match="without pickles"):
        ReplayPort(path, CHANNELS)
    assert not (tmp_path / "sprung").exists()


def test_a_damaged_npz(tmp_path: Path) -> None:
    path = saved(tmp_path / "r.npz", **ONE)
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], b"PK", data[:60] + b"\xff" * 40 + data[100:]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=r"r\.npz: "):
            every_sample(ReplayPort(path, CHANNELS))


def test_an_npz_that_unpacks_without_end_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "NPZ_LIMIT", 1 << 22)
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("time_us", "channel"):
            archive.writestr(f"{name}.npy", b"")
        with archive.open("value.npy", "w", force_zip64=True) as stream:
            for _ in range(5):
                stream.write(bytes(1 << 20))
    with pytest.raises(InputError, match="at most 4194304 are read, split it"):
        ReplayPort(path, CHANNELS)
