"""Every forgery of a pack is found by its audit, its seal made again as a forger would; what no audit can see
is listed with the reason, and is indeed not seen.

A seeded sample here, all of them with `make soak`. The solvers' answers stand for the solvers.
"""

import os
import random
from pathlib import Path

import pytest

from certification import manifest as manifests
from certification.canonical import load
from certification.forgeries import EVIDENCE, Forgery, forgeries
from certification.planted import forge, judge_forgeries, judge_forgery
from certification.workers import executors
from tests.certification.real import Real
from tests.mutants.pack_operators import unseen
from verification.mutation.run import counted

SEED, SAMPLE = 8, 5
LEAST = 60


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Real.of().write(tmp_path_factory.mktemp("sound")).path


def test_the_sound_pack_is_made_again_as_it_is(sound: Path) -> None:
    """Else every forgery were found for nothing: for what the forger's own hand leaves."""
    before = {path: (sound / path).read_bytes() for path in [*manifests.files_in(sound), manifests.NAME]}
    forge(sound, Forgery("none", "none", EVIDENCE, before[EVIDENCE]))
    assert before == {path: (sound / path).read_bytes() for path in before}
    assert judge_forgery(sound, None) == []


def test_a_sample_of_the_forgeries_is_found(sound: Path) -> None:
    possible = forgeries(sound)
    assert len({f.name for f in possible}) == len(possible) > LEAST
    drawn = random.Random(SEED)
    kinds = drawn.sample(sorted({f.kind for f in possible}), SAMPLE)
    tried = [drawn.choice([f for f in possible if f.kind == kind]) for kind in kinds]
    assert [one.name for one in tried if not judge_forgery(sound, one)] == []


@pytest.mark.soak
def test_every_forgery_is_found(sound: Path) -> None:
    possible = forgeries(sound)
    with executors(os.environ.get("SEAWALL_SCHEDULER")) as executor:
        results = judge_forgeries(sound, possible, executor)
    for row in counted(results):
        print(row)
    assert [r.name for r in results if r.word != "killed"] == []


@pytest.mark.soak
def test_what_no_audit_can_see(sound: Path) -> None:
    """One that is seen is no longer to be listed."""
    assert [(one.name, found) for one in unseen(sound) if (found := judge_forgery(sound, one))] == []


def test_each_that_no_audit_can_see_is_a_forgery(sound: Path) -> None:
    possible = unseen(sound)
    assert len({one.name for one in possible}) == len(possible)
    for one in possible:
        now = one.data or b""
        if one.way:
            place = load((sound / one.path).read_bytes())
            for key in one.way:
                place = place[key]
            assert place != one.value, one.name
        else:
            assert now != (sound / one.path).read_bytes(), one.name
