"""A small project's pack whose claims are those that Seawall makes of it; solvers and runs are taken as well
ended: an audit with the executor Trusting believes them, as it would believe the solvers."""

import json
import tempfile
from concurrent.futures import Future
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from certification.about import about
from certification.pack import Packed
from certification.planted import ONCE
from certification.requirements import load as load_requirements
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import Project, load
from tests.certification.fixture import Inputs, hil_result, project_tables
from tests.projects import to_toml, weights
from tests.reference import record
from verification.mutation.judge import Here
from verification.proof import Answer, Obligation, ask, versions
from verification.verdict import python_version, rest
from verification.verify import SCHEMA, limits, program, unrun, untied

HIDDEN = 2


def well_ended(obligation: Obligation) -> Answer:
    """What both solvers are taken to say."""
    file, steps = f"proofs/{obligation.name}.smt2", len(obligation.text())
    return Answer(
        obligation.name, file, obligation.main, "unsat", obligation.replay, "unsat", steps, "sat"
    )  # fmt: skip


class Trusting(Here):
    """Takes each obligation as confirmed: for tests of all the rest."""

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        return super().submit(well_ended if fn is ask else fn, *arguments, **named)


@cache
def _made(text: str, network: str) -> tuple[dict[str, Any], dict[str, str], Any]:
    """What about() says of a project, its printed C, and what verified() gives."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "controller.toml").write_text(text, encoding="utf-8")
        (root / "network.json").write_text(network, encoding="utf-8")
        record(root, rows=80)
        project = load(root)
        sources = kernel_sources(project.sizes) | parameter_sources(project.law)
        return about(project), sources, verified(project, sources)


def verified(project: Project, sources: dict[str, str]) -> tuple[dict[str, Any], list[Obligation]]:
    """What verify would give of a project, all ended well, and its obligations."""
    made = ONCE(project, sources)
    obligations = [o for p in made.pending for o in p.obligations]
    answers = {o.name: well_ended(o) for o in obligations}
    verdicts = [*(p.settle(answers) for p in made.pending), *made.decided, *untied(project)]
    verdicts += unrun(made)
    rest(verdicts)
    bounds = limits(made.box, made.bounds)
    named = {"name": project.name, "network_digest": project.network_digest}
    return {
        "schema": SCHEMA,
        "project": named | {"config_digest": project.config_digest},
        "program": program(project, made.flight),
        "bounds": bounds,
        "attained": {k: [[low / 2.0, high / 2.0] for low, high in bounds[k]] for k in bounds},
        "claims": [v.as_dict() for v in verdicts],
        "versions": {**versions(), **python_version()},
    }, obligations


def settings() -> dict[str, Any]:
    """The fixture's controller.toml, with a reference."""
    made = project_tables()
    made["controller"]["reference"] = "trained.csv"
    return made


class Real(Inputs):
    """All that write_pack takes, of a project that is there."""

    obligations: list[Obligation]

    @classmethod
    def of(cls, tables: dict[str, Any] | None = None, network: dict[str, Any] | None = None) -> "Real":
        """Of this controller.toml and network.json, else of small ones."""
        net = network or weights(2, HIDDEN, 1, 0)
        info, sources, found = _made(to_toml(tables or settings()), json.dumps(net))
        result, obligations = deepcopy(found)
        hil = hil_result()
        hil["target"] |= {k: result["program"][k] for k in ("kernel_digest", "parameter_digest")}
        made = cls(verify=result, hil=hil, project=deepcopy(info), sources=dict(sources))
        made.obligations = obligations
        patterns = [p for rule in load_requirements().requirements for p in rule.tests]
        twins = [entry["twin"] for entry in result["claims"]]
        others = [f"{p}test_it.py::test_it" if p.endswith("/") else f"{p}::test_it" for p in patterns]
        made.suite = sorted({*twins, *others})
        return made

    def write(self, folder: Path, name: str = "pack", key: Path | None = None) -> Packed:
        """As Inputs does, with the obligations themselves."""
        proofs = folder / "proofs"
        proofs.mkdir(parents=True, exist_ok=True)
        for obligation in self.obligations:
            (proofs / f"{obligation.name}.smt2").write_text(obligation.text(), encoding="utf-8")
        return self.put(folder / name, proofs, key)
