"""Checks a pack again from its own files alone: what it says is derived by this Seawall and compared.

From the project, its network and the C in the pack this Seawall makes the claims again: what they say, the
program and its digest, bounds, every obligation byte for byte. It asks both solvers about each, computes
again what needs none, and renders both reports. A pack of other code is refused in one finding.

What even this can't see, in a pack that was made again with its seal:
- what was measured: times, histograms, round trips, the machine, and every campaign's outcome, as long as
  counts, limits, histograms and words agree;
- the outcomes of tests, the project's and Seawall's, and which of them ran; the project's tests themselves;
- dates, the commit, names of machines, compilers and interpreters, the versions of the solvers;
- that what is in project/ is what was meant, and that the reference was recorded where it says;
- without --thorough: what CrossHair, enumerations and the adversary gave (a note names these claims), and
  which planted defects turned a claim red;
- who made it: only a signature tells (--signers), or the pack's digest, had by another way than the pack.
"""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certification import manifest as manifests
from certification import signature
from certification.agreement import disagreements
from certification.claims import Claims, Make
from certification.defects import table
from certification.derived import laid_out, other_code, project_findings
from certification.evidence import SCHEMA
from certification.opened import Opened
from certification.report import again
from certification.report.glyphs import for_browser
from certification.requirements import OWN
from certification.signature import Signers
from certification.workers import workers
from controller.errors import InputError
from controller.project import Project
from verification.proof import Progress
from verification.verify import asked


def audit(
    pack: Path,
    progress: Progress | None = None,
    executor: Executor | None = None,
    thorough: bool = False,
    signers: Signers | None = None,
    make: Make = asked,
) -> dict[str, Any]:
    """The object that `audit --json` gives (schema/audit-1.json); its `status` is the exit status.

    0: nothing found; 1: `findings` says in one sentence each what is wrong, and in which file. Raises
    InputError (exit 2) where `pack` is no pack, or where signatures can't be checked. make: what makes the
    claims of a project, for who audits many packs of one.
    """
    opened = Opened(pack)
    look = Look(opened)
    look.findings += [*opened.digests(), *signature.findings(opened, signers, look.notes)]
    try:
        if not look.findings:
            look.at_all(progress, executor, thorough, make)
        else:
            look.notes.append("no more was looked at, as the pack is not what was sealed or signed")
    except InputError as error:
        look.findings += [str(error)] if str(error) not in look.findings else []
    except BrokenExecutor:
        look.findings.append("proofs/: a solver broke down on one of the obligations")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        look.findings.append(f"evidence.json: its shape is broken ({type(error).__name__}: {error})")
    return {
        "schema": "seawall/audit/1",
        "pack": str(pack),
        "pack_digest": manifests.seal(opened.manifest),
        "status": 1 if look.findings else 0,
        # A pack's texts can't clear a terminal or write lines of their own.
        "findings": [for_browser(finding) for finding in look.findings],
        "notes": [for_browser(note) for note in look.notes],
        "files": len(opened.files),
        "counts": look.counts,
        "replayed": look.asked,
        "unsat": look.unsat,
    }


class Look:
    """One look at a pack: findings, notes, page one's counts, and the obligations asked and confirmed."""

    def __init__(self, pack: Opened) -> None:
        self.pack = pack
        self.findings: list[str] = []
        self.notes: list[str] = []
        self.counts: list[dict[str, Any]] = []
        self.asked = self.unsat = 0

    def at_all(
        self, progress: Progress | None, executor: Executor | None, thorough: bool, make: Make
    ) -> None:
        """All that the files say, what takes minutes last, and only where nothing was found before."""
        evidence = self.pack.load("evidence.json")
        if evidence.get("schema") != SCHEMA:
            raise InputError(f"evidence.json: is no {SCHEMA}")
        self.findings += disagreements(self.pack, evidence)
        self.counts = evidence["counts"]
        self.notes += _shown(evidence)
        if other := [*other_code(evidence)]:
            self.findings += other
            return
        self.findings += again.findings(self.pack, evidence)
        with laid_out(self.pack) as project:
            self.findings += project_findings(self.pack, evidence, project)
            claims = Claims(self.pack, evidence, make(project, self.pack.sources()))
            self.findings += claims.said()
            if self.findings:
                self.notes.append("no solver was asked, as the pack does not pass already")
                return
            with nullcontext(executor) if executor else workers() as pool:
                self.findings += claims.shown(pool, progress, thorough)
                if thorough:
                    self.findings += self._planted(project, evidence, pool, progress)
        self.asked, self.unsat = claims.again, claims.proved
        self.notes += claims.notes(thorough)

    def _planted(
        self, project: Project, evidence: dict[str, Any], executor: Executor, progress: Progress | None
    ) -> Iterator[str]:
        """The sample of defects, planted and judged again."""
        sources, claims = self.pack.sources(), evidence["claims"]
        with TemporaryDirectory(prefix="seawall-") as folder:
            found = table(project, claims, sources, executor, Path(folder), progress)
        if found != evidence["attack"]:
            yield "evidence.json: its table of planted defects is not what comes out here"


def _shown(evidence: dict[str, Any]) -> Iterator[str]:
    """What the pack says of itself, and what no audit can repeat of it."""
    rows = evidence["trace"]["requirements"]
    for source, whose in (("project", "of the project"), (OWN, "of Seawall itself")):
        ends = [row["status"] for row in rows if row["source"] == source]
        yield f"the pack itself says that {ends.count('shown')} of {len(ends)} requirements {whose} are shown"
    yield (
        f"on their maker's word: {len(evidence['tests'])} tests of the project, "
        f"{evidence['suite']['cases']:,} of Seawall itself, the campaigns, and all times and dates"
    )
