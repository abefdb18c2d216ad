"""Forgeries of a pack that no audit can see, each with the reason: what audit.py's own list names.

All the others, which an audit must find, are certification/forgeries.py.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from certification.canonical import dump
from certification.forgeries import EVIDENCE, HISTOGRAM, MEASURED, Forgery, changed, replaced

MEASUREMENT = "what was measured is its maker's word, as long as counts, limits, histograms and words agree"
OUTCOME = "which tests ran, and how they ended, is their maker's word"
ABOUT = "dates, the commit, machines and the versions of tools are their maker's word"
MEANT = "what is in project/ may be another project's, whole in itself"
RUN = "without --thorough what a search, an enumeration or CrossHair gave is its maker's word"


def unseen(pack: Path) -> list[Forgery]:
    """All of them; the kind of each says why."""
    whole = json.loads((pack / EVIDENCE).read_bytes())
    parts = _measured(pack), _outcomes(pack), _about(pack, whole), _meant(pack), _run(whole)
    return [one for part in parts for one in part]


def _measured(pack: Path) -> Iterator[Forgery]:
    yield changed(MEASUREMENT, 1.5, "round_trip_us", "p50", path=MEASURED)
    yield changed(MEASUREMENT, 3.0, "worst_input", "force", path=MEASURED)
    yield changed(MEASUREMENT, "as it should", "observed", "hang", path=MEASURED)
    bins = json.loads((pack / HISTOGRAM).read_bytes())["kernel_ns"]
    bins[3][1], bins[4][1] = bins[3][1] + 5, bins[4][1] - 5
    yield changed(MEASUREMENT, bins, "kernel_ns", path=HISTOGRAM)


def _outcomes(pack: Path) -> Iterator[Forgery]:
    yield from replaced(OUTCOME, pack, "tests/project.xml", "[0.3]", "[0.7]")
    name = next(iter(json.loads((pack / "tests/suite.json").read_bytes())["tests"]))
    yield changed(OUTCOME, {"passed": 99}, "tests", name, path="tests/suite.json")


def _about(pack: Path, whole: dict[str, Any]) -> Iterator[Forgery]:
    yield changed(ABOUT, "2027-01-01T00:00:00+00:00", "date", path=MEASURED)
    yield changed(ABOUT, "a better one", "host", "processor", path=MEASURED)
    yield changed(ABOUT, "00" * 20, "seawall", "commit")
    yield changed(ABOUT, "00" * 32, "project", "tests_digest")
    text = dump(whole).decode().replace(f'"z3": "{whole["versions"]["z3"]}"', '"z3": "9.9"')
    yield Forgery(ABOUT, "another z3, everywhere", EVIDENCE, text.encode())


def _meant(pack: Path) -> Iterator[Forgery]:
    yield from replaced(MEANT, pack, "project/controller.toml", "drawing 104-B", "drawing 104-C")


def _run(whole: dict[str, Any]) -> Iterator[Forgery]:
    yield changed(RUN, [[v / 4 for v in row] for row in whole["attained"]["state"]], "attained", "state")
    n, claim = next((n, c) for n, c in enumerate(whole["claims"]) if c["id"] == "WIRE-SEARCH")
    yield changed(RUN, {"frames": 1}, "claims", n, "budget")
    yield changed(RUN, claim | {"word": "OPEN", "reason": "who knows"}, "claims", n)
