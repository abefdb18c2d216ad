"""A patch of one's own: what fits is planted, what doesn't is told in one sentence."""

import difflib
from pathlib import Path

import pytest

from controller.errors import InputError
from verification import kept
from verification.mutation.patch import read

STEP = "controller/kernel/step.py"
C = {"kernel.c": "int a;\nint b;\nint c;\n"}


def diff(old: str, new: str, name: str) -> str:
    """As git writes it."""
    lines = (old.splitlines(keepends=True), new.splitlines(keepends=True))
    return f"diff --git a/{name} b/{name}\n" + "".join(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))


def planted(tmp_path: Path, text: str) -> tuple[dict[str, str], dict[str, str]]:
    (tmp_path / "my.patch").write_text(text)
    defect = read(tmp_path / "my.patch", kept.ROOT, C)
    assert defect.name == "my.patch"
    return defect.files, defect.printed


def test_a_patch_of_the_kernel_and_of_the_printed_c(tmp_path: Path) -> None:
    """Two places of one file, and another file, lines added and taken away."""
    old = (kept.ROOT / STEP).read_text()
    new = old.replace("state.mode = SAFE", "state.mode = HEALTHY").replace(
        "    return met\n", "    return 0\n"
    )
    new = new.replace("READ FIRST", "READ\nFIRST")
    both = diff(old, new, STEP) + diff(C["kernel.c"], "int a;\nint c;\nint d;\n", "kernel/kernel.c")
    assert planted(tmp_path, both) == ({STEP: new}, {"kernel.c": "int a;\nint c;\nint d;\n"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no unified diff"),
        ("hello\n", "is no unified diff"),
        ("--- a/x\n+++ b/kernel.c\n", "a file has no change"),
        (diff("int z;\n", "int y;\n", "kernel.c"), "line 1 of b/kernel.c is not what it takes away"),
        (diff("a\n", "b\n", "verification/verify.py"), "is no file of controller/ and none of the printed C"),
        (diff("a\n", "b\n", "controller/../seawall.py"), "is no file of controller/"),
    ],
)
def test_a_patch_that_does_not_fit_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=r"^--patch .*my.patch: ") as caught:
        planted(tmp_path, text)
    assert says in str(caught.value)


def test_a_patch_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd.patch").write_bytes(b"\xff\xfe\0")
    for name in ("nowhere.patch", "odd.patch"):
        with pytest.raises(InputError, match="can't be read as text"):
            read(tmp_path / name, kept.ROOT, C)
