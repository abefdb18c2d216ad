"""What is to fly is asked every claim that verify gives, and any of them keeps it on the ground."""

from pathlib import Path
from typing import Any

import pytest

from controller.project import load
from tests.projects import make_project
from verification import verify
from verification.claims import CLAIMS
from verification.claims.discrete import told
from verification.falsify import extent
from verification.mutation.judge import Here
from verification.verify import Admission, Asked, Place, admit


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that takes long answers at once that all is well, but for one claim on the modes."""

    def prove(claims: Asked, *_: Any) -> Admission:
        proved = [p.verdict for p in claims.pending]
        for verdict in proved:
            verdict.word = "PROVED-IEEE"
        return Admission(claims.flight, claims.box, claims.bounds, [*proved, *claims.decided])

    def contracts(*_: Any) -> list[Any]:
        found = told()
        for verdict in found:
            verdict.word = "REFUTED" if verdict.id == "MODES-CONTRACTS" else verdict.word
        return found

    monkeypatch.setattr(verify, "prove", prove)
    monkeypatch.setattr(verify, "contract_verdicts", contracts)
    monkeypatch.setattr(verify, "falsify", lambda project, box, bounds, tries, **_: extent(project, tries))


@pytest.mark.usefixtures("quick")
def test_what_is_to_fly_is_asked_every_claim(tmp_path: Path) -> None:
    """The reference aside, which this project names none of; one that is refuted is enough."""
    project = load(make_project(tmp_path / "p", inputs=1, hidden=1))
    admission = admit(project, Place(tmp_path), Here(), opponent_first=True)
    assert sorted(v.id for v in admission.verdicts) == sorted({*CLAIMS} - {"REFERENCE"})
    assert admission.status == 1
    assert [v.id for v in admission.verdicts if not v.shown] == ["MODES-CONTRACTS"]
