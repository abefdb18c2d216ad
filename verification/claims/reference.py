"""REFERENCE: the network that flies does what it did where it was trained, on the inputs recorded there.

The traced step flies the reference's rows, all but the inbox. Beside it, in the same run, fly its neighbours:
each weight, each input's view and low-pass and each output off by a little, to tell what the reference would
notice; and the usual mistakes (another network_unit, a low-pass that the training did not have), to tell what
went wrong.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.project import Project, View, network_view
from controller.reference import Reference, columns
from verification.program import leaves
from verification.simulation import Simulation
from verification.verdict import Verdict, python_version

Floats = NDArray[np.float64]
TWIN = "tests/should_fail/test_reference.py"
OFF = 0.01  # how far a neighbour is off: this share of a weight, of a scale, of an input's or output's range
NEIGHBOURS = 1024  # at most
NOTICED = 2000  # rows, from the first, that the neighbours fly at most
UNITS = ("as declared", "physical", "normalised")
NAMED = "The network flies as it did where it was trained."
MISSING = (
    'there is no reference; name one in [controller] reference = "trained.csv", recorded where the network '
    "was trained"
)


@dataclass
class Variant:
    """A law beside the declared one: other values at some paths of it."""

    what: str
    values: dict[str, float]
    owner: str = ""  # the input or output that it is of, where it must be noticed


@dataclass
class Flown:
    """How far each variant was off at most, as a share of the greatest value of a column or of 1; and where
    the first variant was off by more than the tolerance: row, column after the inputs, and what it gave."""

    worst: Floats
    first: tuple[int, int, float] | None = None


def views(project: Project, unit: str) -> list[View]:
    """How the network would see the inputs if each were declared so."""
    update = {"network_unit": unit, "network_offset": None, "network_scale": None}
    declared = unit == UNITS[0]
    return [network_view(i if declared else i.model_copy(update=update)) for i in project.config.input]


def viewed(j: int, view: View) -> dict[str, float]:
    """The paths of one input's view."""
    parts = {"offset": view.offset, "scale": view.scale, "seen_low": view.low, "seen_high": view.high}
    return {f"law.sensors.{name}[{j}]": value for name, value in parts.items()}


def mistakes(project: Project) -> list[Variant]:
    """The declared law first, then every other choice of units and low-pass for all inputs."""
    made = []
    for unit, smooth in product(UNITS, (True, False)):
        values = (
            {} if smooth else {f"law.sensors.filter_s[{j}]": 0.0 for j in range(len(project.config.input))}
        )
        for j, view in enumerate(views(project, unit)):
            values |= {} if unit == UNITS[0] else viewed(j, view)
        words = [f'network_unit = "{unit}"'] * (unit != UNITS[0]) + ["filter_s = 0"] * (not smooth)
        made.append(Variant(" and ".join(words), values))
    return made


def neighbours(project: Project, weights: dict[str, float]) -> list[Variant]:
    """Each input's view and low-pass, each output and each weight, off by a little; of many weights an even
    choice. A low-pass is as slow again, and by a period at least: what is noticed of less depends on it.
    """
    made, period_s = [], project.law.clock.nominal_us * 1e-6
    for j, (sensor, view) in enumerate(zip(project.config.input, views(project, UNITS[0]), strict=True)):
        offset = view.offset + OFF * (view.high - view.low) / view.scale
        for what, new in (
            ("offset", View(offset, view.scale, view.low, view.high)),
            ("scale", View(view.offset, view.scale * (1.0 + OFF), view.low, view.high)),
        ):
            made.append(Variant(what, viewed(j, new), sensor.name))
        slower = sensor.filter_s + max(sensor.filter_s, period_s)
        made.append(Variant("low-pass", {f"law.sensors.filter_s[{j}]": slower}, sensor.name))
    for k, actuator in enumerate(project.config.output):
        path = f"law.network.b_out[{k}]"
        shifted = weights[path] + OFF * (actuator.high - actuator.low)
        made.append(Variant("offset", {path: shifted}, actuator.name))
    paths = list(weights)[:: -(-len(weights) // NEIGHBOURS)]
    return made + [Variant(p, {p: weights[p] * (1.0 + OFF) if weights[p] else OFF}) for p in paths]


def fly(project: Project, reference: Reference, variants: list[Variant], rows: int) -> Flown:
    """Fly the first rows; only the worst deviations are kept, for a reference may be long."""
    law = dict(leaves(project.law, "law"))
    paths = sorted({path for v in variants for path in v.values})
    varied = {path: np.array([v.values.get(path, law[path]) for v in variants]) for path in paths}
    simulation = Simulation(project, len(variants), varied=varied)
    simulation.begin(reference.states[0], _start(reference, law | varied))
    wanted = np.concatenate([reference.states, reference.outputs], 1)
    scale = np.maximum(np.abs(wanted).max(0), 1.0)
    flown = Flown(np.zeros(len(variants)))
    for row in range(1, min(rows, len(wanted))):
        dt_us = reference.time_us[row] - reference.time_us[row - 1]
        simulation.step(reference.inputs[row][:, None], np.array([dt_us]))
        got = np.concatenate([simulation.state(), [simulation.value(n) for n in simulation.decoded]])
        with np.errstate(all="ignore"):
            share = np.abs(got - wanted[row][:, None]) / scale[:, None]
        share = np.where(np.isnan(share), np.inf, share)
        flown.worst = np.maximum(flown.worst, share.max(0))
        far = share[:, 0] > project.config.controller.reference_tolerance
        if far.any() and flown.first is None:
            flown.first = row, int(np.argmax(far)), float(got[np.argmax(far), 0])
    return flown


def _start(reference: Reference, law: dict[str, Any]) -> list[Floats]:
    """What the network sees of the first row's inputs: where the low-pass rests."""
    found = []
    for j, measured in enumerate(reference.inputs[0]):
        parts = (law[f"law.sensors.{name}[{j}]"] for name in ("offset", "scale", "seen_low", "seen_high"))
        offset, scale, low, high = parts
        found.append(np.clip((measured - offset) * scale, low, high))
    return found


def _differs(
    project: Project, reference: Reference, flown: Flown, usual: list[Variant]
) -> tuple[str, dict[str, Any]]:
    """The first value that is too far off, and the usual mistake that explains it, if one does."""
    assert flown.first is not None
    row, n, got = flown.first
    name = columns(project)[1 + project.sizes["inputs"] + n]
    wanted = float(np.concatenate([reference.states[row], reference.outputs[row]])[n])
    time_us, tolerance = reference.time_us[row], project.config.controller.reference_tolerance
    text = f"{reference.path.name}: at time_us = {time_us} {name} is {wanted!r}, and flies as {got!r}"
    fits = next((v.what for v, share in zip(usual, flown.worst, strict=True) if share <= tolerance), "")
    text += f"; it fits with {fits} for every input" if fits else ""
    return text, {"time_us": time_us, "name": name, "recorded": wanted, "flown": repr(got), "fits": fits}


def reference_claim(project: Project, reference: Reference | None, program_digest: str = "") -> Verdict:
    """REFERENCE; open where there is nothing to compare with, or where it would notice too little."""
    verdict = Verdict(
        "REFERENCE", NAMED, "OPEN", "the traced step, flown on the rows of the reference", "binary64", [],
        ["controller/kernel/step.py", "controller/kernel/filter.py"], f"{TWIN}::test_reference_twin",
        MISSING, program_digest=program_digest, versions=python_version(),
    )  # fmt: skip
    if reference is None:
        return verdict
    tolerance = project.config.controller.reference_tolerance
    weights = {p: v for p, v in leaves(project.law, "law") if p.startswith("law.network.")}
    usual, close = mistakes(project), neighbours(project, weights)
    flown = fly(project, reference, usual, len(reference.time_us))
    noticed = fly(project, reference, close, NOTICED)
    near = [v for v, share in zip(close, noticed.worst, strict=True) if share <= tolerance]
    blind = next((v for v in near if v.owner), None)
    tried = sum(not v.owner for v in close)
    verdict.statement = (
        f"On the {len(reference.time_us) - 1:,} rows of {reference.path.name} (SHA-256 {reference.digest}) "
        f"the low-pass, the network and its decoder give the states and commands recorded there, to "
        f"{tolerance:g} of the greatest value of a column or of 1."
    )
    if flown.first:
        verdict.word = "REFUTED"
        verdict.reason, verdict.counterexample = _differs(project, reference, flown, usual)
    elif blind:
        verdict.statement = NAMED
        verdict.reason = (
            f"{reference.path.name} would not notice another {blind.what} of {blind.owner}; record it with "
            f"every input moving, in the first {NOTICED} rows, where the network answers to it, or lower "
            "reference_tolerance"
        )
    else:
        verdict.word, verdict.reason = "TESTED", ""
        seen = f"{tried - len(near)} of the {tried} weights that were tried"
        verdict.statement += (
            f" Raised by 1 %, any input's offset or scale, any output and {seen} would show there, and so "
            "would a low-pass that is as slow again, and by a period at least."
        )
        verdict.method += f"; largest deviation {flown.worst[0]:.1e}"
    return verdict
