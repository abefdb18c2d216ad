"""What becomes of a defect beside the kernel (of loader or printer): the traced program is the same."""

import pytest

from certification.workers import workers
from tests.mutants.subject import subject
from verification import kept
from verification.mutation.run import Defect, Result, judge_all

LOADER, SCALAR = "controller/project.py", "controller/kernel/scalar.py"
TYPES, EMIT = "controller/native/types.py", "controller/native/emit.py"
DEFECTS = [
    (LOADER, "stale_us=[i.stale_us for", "stale_us=[2 * i.stale_us for", "AS-DECLARED"),
    (LOADER, "kp=[p.kp for", "kp=[p.ki for", "AS-DECLARED"),
    (LOADER, "[by_output[o.name] for o in outputs]", "config.fallback[::-1]", "AS-DECLARED"),
    (TYPES, "return value.hex()", 'return f"{value:.12g}"', "C-PARAMETERS"),
    (SCALAR, "x if a < b else y", "x if a <= b else y", "PYTHON-FLOWN"),
    (EMIT, "; /* {value!r} */", ";", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """All judged at once, by one process."""
    folder = tmp_path_factory.mktemp("judged")
    planted = []
    for file, old, new, _ in DEFECTS:
        text = (kept.ROOT / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        planted.append(Defect("beside", f"{old} -> {new}", {file: text.replace(old, new)}))
    with workers(1) as executor:
        return judge_all(planted, subject(folder / "project"), executor, folder / "work")


@pytest.mark.parametrize("n", range(len(DEFECTS)))
def test_a_defect_beside_the_kernel_turns_a_claim_red(found: list[Result], n: int) -> None:
    """The last one changes a comment of the printed C, and is no defect."""
    claim = DEFECTS[n][3]
    assert (found[n].word, found[n].claim) == ("killed" if claim else "same", claim), found[n]
