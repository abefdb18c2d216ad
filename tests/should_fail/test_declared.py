"""Parameters that are not those that the project's files declare."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import InputError
from controller.kernel.records import Law
from controller.project import Project, load
from tests.mutants.subject import subject
from tests.projects import make_project
from verification.claims.declared import as_declared
from verification.flight import Flight
from verification.verdict import Verdict


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three inputs, two outputs, no two numbers alike."""
    return load(subject(tmp_path_factory.mktemp("declared") / "p"))


def claimed(project: Project, law: Law, **sizes: int) -> Verdict:
    """AS-DECLARED of a flight with another law."""
    return as_declared(project, Flight(law, project.sizes | sizes))


def with_part(law: Law, part: str, **changes: Any) -> Law:
    return replace(law, **{part: replace(getattr(law, part), **changes)})


def times(part: str, name: str, factor: float) -> Callable[[Law], Law]:
    """A law with each number of a field multiplied."""
    return lambda law: with_part(law, part, **{name: [factor * n for n in getattr(getattr(law, part), name)]})


def transposed(law: Law) -> Law:
    return with_part(law, "network", w_rec=[list(row) for row in zip(*law.network.w_rec, strict=True)])


def last_bit(law: Law) -> Law:
    b = law.network.b
    return with_part(law, "network", b=[*b[:-1], b[-1] * (1.0 + 2.0**-52)])


BUGS: dict[str, Callable[[Law], Law]] = {
    "recurrent weights transposed": transposed,
    "the last bit of a weight": last_bit,
    "a gain's sign": times("pid", "kp", -1.0),
    "one gain for another": lambda law: with_part(law, "pid", kp=law.pid.ki),
    "fallbacks in another order": lambda law: with_part(law, "pid", channel=law.pid.channel[::-1]),
    "an age limit doubled": times("sensors", "stale_us", 2),
    "a filter off": lambda law: with_part(law, "sensors", filter_s=[0.0] * 3),
    "no input is the fallback's": lambda law: with_part(law, "sensors", fallback=[0] * 3),
    "an input seen at half its size": times("sensors", "scale", 0.5),
    "outputs in another order": lambda law: with_part(law, "limits", safe=law.limits.safe[::-1]),
    "a slew limit fourfold": times("limits", "max_rate", 4.0),
    "states unlimited": lambda law: with_part(law, "limits", state_high=[1e9] * 4),
    "recovery at once": lambda law: with_part(law, "clock", recovery=1),
    "the longest step doubled": lambda law: with_part(law, "clock", high_us=2 * law.clock.high_us),
    "an integer where a float is declared": lambda law: with_part(law, "limits", safe=[0, 1]),
    "one row too few": lambda law: with_part(law, "limits", safe=law.limits.safe[:1]),
    "another rule of integration": lambda law: replace(law, substeps=3),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_as_declared_twin(project: Project, bug: str) -> None:
    verdict = claimed(project, BUGS[bug](project.law))
    assert verdict.word == "REFUTED" and "is declared" in verdict.reason


def test_as_declared_twin_of_a_size(project: Project) -> None:
    assert claimed(project, project.law, slots=4).reason.startswith("sizes.slots is 4, and 5")


@pytest.mark.parametrize("unit", ["physical", "scaled", "normalised"])
def test_what_is_declared_holds(tmp_path: Path, unit: str) -> None:
    """Each way in which the network may see an input."""
    more = {"input.0.network_offset": 0.25, "input.0.network_scale": 0.125} if unit == "scaled" else {}
    path = make_project(tmp_path / "p", **{"input.0.network_unit": unit, **more})
    project = load(path)
    assert claimed(project, project.law).word == "EXHAUSTED"
    other = with_part(project.law, "sensors", seen_high=[2.5, *project.law.sensors.seen_high[1:]])
    assert claimed(project, other).word == "REFUTED"


def test_what_is_left_out_has_its_declared_default(tmp_path: Path) -> None:
    project = load(make_project(tmp_path / "p"))
    text = (project.root / "controller.toml").read_text(encoding="utf-8")
    for line in ("substeps = 1", "recovery_periods = 5", "inbox_slots = 8", "limit = 1.0625"):
        assert f"\n{line}\n" in text
        text = text.replace(f"\n{line}\n", "\n")
    (project.root / "controller.toml").write_text(text, encoding="utf-8")
    bare = load(project.root)
    assert bare.law.clock.recovery == 20 and claimed(bare, bare.law).word == "EXHAUSTED"


def test_a_file_that_has_changed_is_told(tmp_path: Path) -> None:
    project = load(make_project(tmp_path / "p"))
    (project.root / "network.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"network\.json: was changed while this ran"):
        claimed(project, project.law)
