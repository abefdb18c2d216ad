"""C, parameters and scratch with a planted bug."""

import re
from pathlib import Path

import pytest

import seawall
from controller.kernel import step
from controller.kernel.records import Law, State, Work, allocate
from controller.native.bundle import kernel_sources, parameter_sources
from tests.projects import make_project
from tests.settling import flown
from tests.should_fail.mutant import mutant
from verification import translation
from verification.claims.code import code_verdicts, equality, parameters, scratch
from verification.program import Graph, Program, trace

READS = ("decode(law.network, state.hidden, work.decoded)", "state.hidden[0] += work.decoded[0]")


def sources() -> dict[str, str]:
    project = flown()[0]
    return kernel_sources(project.sizes) | parameter_sources(project.law)


def test_c_equals_python_twin() -> None:
    """A sum in another order: the same number over the reals, other bits on the machine."""
    text = sources()
    was, new = "0.5 * dt", "dt * 0.5"
    assert was in text["kernel.c"]
    verdict = equality(flown()[1], text | {"kernel.c": text["kernel.c"].replace(was, new)})
    assert verdict.word == "REFUTED" and verdict.counterexample


def test_c_parameters_twin() -> None:
    """The last bit of one weight."""
    text = sources()
    weight = re.search(r"0x1\.[0-9a-f]+p", text["parameters.c"])
    assert weight
    last = weight[0][-2]
    bad = weight[0][:-2] + ("1" if last != "1" else "2") + "p"
    changed = text["parameters.c"].replace(weight[0], bad, 1)
    assert parameters(flown()[1], text | {"parameters.c": changed}).word == "REFUTED"


def test_scratch_clean_twin() -> None:
    """A step that adds what was left in scratch."""

    def programs(sizes: dict[str, int], graph: Graph) -> dict[str, Program]:
        law, state, work = (allocate(r, sizes) for r in (Law, State, Work))
        given = {"law": law, "state": state, "work": work, "now_us": 0, "missed": 0}
        return {"step": trace(mutant(step, READS).step, given, graph)}

    verdict = scratch(flown()[1], programs)
    assert verdict.word == "REFUTED" and "work.decoded" in verdict.reason


@pytest.mark.parametrize("command", ["verify", "falsify", "deploy"])
def test_a_kernel_that_reads_scratch_is_refused_in_one_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(translation, "step", mutant(step, READS).step)
    place = [] if command == "falsify" else ["--work", str(tmp_path / "work")]
    monkeypatch.setattr("sys.argv", ["seawall", command, str(make_project(tmp_path / "p")), *place])
    with pytest.raises(SystemExit) as end:
        seawall.main()
    told = capfd.readouterr().err
    assert end.value.code == 1 and "Traceback" not in told
    assert "work.decoded[0] is read before it is written (SCRATCH-CLEAN); mend the kernel" in told


def test_the_unchanged_code_holds() -> None:
    """The same claims without a planted bug."""
    words = {v.id: v.word for v in code_verdicts(flown()[1], sources())}
    wanted = {"C-EQUALS-PYTHON": "PROVED-IEEE", "C-PARAMETERS": "EXHAUSTED", "SCRATCH-CLEAN": "PROVED-IEEE"}
    assert words == wanted
