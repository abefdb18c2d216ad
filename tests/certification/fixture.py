"""A whole small project's results as data: what verify, hil and the tests give, made by functions."""

import copy
import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from certification import requirements
from certification.about import about
from certification.canonical import sources_digest
from certification.code import all_digests, code_digests
from certification.pack import Packed, partition, write_pack
from certification.suite import Suite, summary
from controller.native.bundle import kernel_sources, parameter_sources
from controller.project import load
from tests.certification.planted import planted
from tests.projects import tables, to_toml, weights

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PROGRAM = "5b" * 32
REALS = """; one step of x' = x / 2 + u stays in [-2, 2]
(set-info :status unsat)
(set-logic QF_LRA)
(declare-const x Real)
(declare-const u Real)
(assert (and (<= (- 2.0) x) (<= x 2.0)))
(assert (and (<= (- 1.0) u) (<= u 1.0)))
(assert (not (and (<= (- 2.0) (+ (* 0.5 x) u)) (<= (+ (* 0.5 x) u) 2.0))))
(check-sat)
"""
FLOATS = """; a clamp of any bit pattern is at most 1
(set-info :status unsat)
(set-logic QF_FP)
(declare-const x (_ FloatingPoint 11 53))
(define-fun one () (_ FloatingPoint 11 53) (fp #b0 #b01111111111 #x0000000000000))
(define-fun y () (_ FloatingPoint 11 53) (ite (fp.lt x one) x one))
(assert (not (fp.leq y one)))
(check-sat)
""".replace("(assert (fp.lt one one) )\n", "")
VERSIONS = {"z3": "5.4.1", "cvc5": "1.4.2", "bitwuzla": "0.9.1", "crosshair": "0.0.113", "python": "3.11.2"}

# id, word, number of obligations, first and second solver, statement
Row = tuple[str, str, int, str, str]
IEEE, REAL = "PROVED-IEEE", "PROVED-REAL"
CLAIMS: list[Row] = [
    ("AS-SPECIFIED", IEEE, 1, "bitwuzla z3", "The program that flies is the specification."),
    ("NOMINAL-EARNED", IEEE, 1, "bitwuzla z3", "NOMINAL comes only after healthy periods."),
    ("RECEIVED-FIRST", IEEE, 1, "bitwuzla z3", "Nothing drives on what was never received."),
    ("ROWS-IN-ORDER", IEEE, 1, "bitwuzla z3", "The rows of the inbox are in order of time."),
    ("NO-NUMBER-APART", "EXHAUSTED", 0, "", "What stands for no number lies in no range."),
    ("STATE-BOUNDS", IEEE, 8, "z3 cvc5", "Every state stays in its interval for all time."),
    ("OUTPUT-BOUNDS", IEEE, 1, "z3 cvc5", "The decoder's output stays in its interval for all time."),
    ("AS-DECLARED", "EXHAUSTED", 0, "", "Each parameter that flies is the declared number."),
    ("PYTHON-FLOWN", "TESTED", 0, "", "In CPython the kernel flies as specified."),
    ("REFERENCE", "TESTED", 0, "", "On the rows of the reference the network flies as it was trained."),
    ("BOUNDS-SEARCHED", "SEARCHED", 0, "", "No trajectory of an adversary left a bound."),
    ("STATE-LIMIT-UNREACHED", IEEE, 1, "z3 cvc5", "The enforced state limits are never met."),
    ("FINITE", IEEE, 0, "", "No operation gives NaN, infinity or an overflow."),
    ("NO-DIVISION-BY-ZERO", IEEE, 2, "bitwuzla cvc5", "No divisor is zero."),
    ("INTEGER-RANGE", IEEE, 0, "", "All integers fit 64 bits."),
    ("TANH-BOUND", IEEE, 1, "bitwuzla z3", "|tanh| is at most 1 for all bit patterns."),
    ("TANH-ODD", IEEE, 1, "bitwuzla cvc5", "tanh(-x) is -tanh(x), bit for bit."),
    ("GUARD-RANGE", IEEE, 1, "bitwuzla z3", "The output is in its range for all bit patterns."),
    ("GUARD-SLEW", IEEE, 1, "bitwuzla z3", "The output is in its slew window for all bit patterns."),
    ("SLEW-PER-SECOND", IEEE, 1, "z3 cvc5", "The output moves by its rate times the time that passed."),
    ("STEP-REPEATED", IEEE, 1, "bitwuzla z3", "A repeated tick changes nothing."),
    ("MODES-DRIVE-HEALTHY", IEEE, 1, "bitwuzla z3", "Who drives has healthy sensors."),
    ("STEP-BACK", IEEE, 1, "bitwuzla z3", "Nothing held outlives a step back of the clock."),
    ("CHANNELS-APART", IEEE, 1, "bitwuzla z3", "No channel changes what is held of another."),
    ("FILTER-RANGE", REAL, 1, "z3 cvc5", "The low-pass never leaves the range of its inputs."),
    ("PID-INTEGRAL", IEEE, 1, "bitwuzla z3", "The integral stays in its limits."),
    ("SENSOR-RANGE", IEEE, 1, "bitwuzla z3", "A held value stays in its sensor's range."),
    ("C-EQUALS-PYTHON", IEEE, 0, "", "The printed C is the Python kernel."),
    ("C-PARAMETERS", "EXHAUSTED", 0, "", "The parameters in the C are the project's."),
    ("C-WORDS", IEEE, 2, "bitwuzla z3", "select and abs in C mean what they mean in Python."),
    ("SCRATCH-CLEAN", "EXHAUSTED", 0, "", "No result depends on scratch memory."),
    ("MODES-SAFE-REACHABLE", IEEE, 1, "bitwuzla z3", "SAFE is reached from every mode in one period."),
    ("MODES-NO-DEADLOCK", IEEE, 1, "bitwuzla z3", "Healthy periods lead to NOMINAL."),
    ("MODES-CONTRACTS", "CONFIRMED", 0, "", "The contracts of modes.py hold on all paths."),
    ("INBOX-CONTRACTS", "CONFIRMED", 0, "", "The contracts of inbox.py hold on all paths."),
    ("WIRE-CONTRACTS", "CONFIRMED", 0, "", "A frame of up to 8 bytes comes back as it was sent."),
    ("WIRE-SYMBOLS", "EXHAUSTED", 0, "", "A payload comes back from its frame, and none is cut."),
    ("WIRE-CRC", "EXHAUSTED", 0, "", "CRC-32 finds every error of up to three bits in a frame."),
    ("WIRE-FLIPS", "EXHAUSTED", 0, "", "A frame with one to three flipped bits gives nothing."),
    ("WIRE-SEARCH", "SEARCHED", 0, "", "No damaged line gave a frame that was not sent."),
]
METHODS = {
    "FINITE": "interval reading, outward-rounded, of every operation",
    "INTEGER-RANGE": "interval reading of every integer operation",
    "C-EQUALS-PYTHON": "graph identity of the traced Python and the C read back",
    "WIRE-SEARCH": "random search, 10,000,000 frames",
}
ASSUMPTIONS = {
    "STATE-BOUNDS": [
        "inputs in their declared ranges",
        "step time in its declared range",
        "activation in [-1, 1] (TANH-BOUND)",
    ],
    "OUTPUT-BOUNDS": ["hidden state in its proved interval (STATE-BOUNDS)"],
    "STATE-LIMIT-UNREACHED": ["inputs in their declared ranges", "step time in its declared range"],
    "FINITE": ["inputs in their declared ranges"],
    "WIRE-CRC": ["frames of at most 64 bytes"],
}


def twin(name: str) -> str:
    """The test that must see a broken claim fail."""
    low = name.lower().replace("-", "_")
    return f"tests/should_fail/test_{low.split('_')[0]}.py::test_{low}"


def claim(row: Row) -> dict[str, Any]:
    """One verdict as verify gives it."""
    name, word, count, solvers, statement = row
    first, _, second = solvers.partition(" ")
    ieee = first == "bitwuzla"
    method = f"{first}, each obligation replayed by {second}" if count else METHODS.get(name, "enumeration")
    files = [f"proofs/{name}-{i}.smt2" for i in range(count)]
    answers = [
        {
            "obligation": f"{name}-{i}",
            "file": file,
            "main": first,
            "answer": "unsat",
            "replay_solver": second,
            "replay": "unsat",
            "rlimit": 0 if ieee else 41_000 + 977 * i,
            "vacuity": "sat",
        }
        for i, file in enumerate(files)
    ]
    return {
        "id": name,
        "statement": statement,
        "word": word,
        "arithmetic": {IEEE: "binary64", REAL: "reals"}.get(word, "integers"),
        "assumptions": ASSUMPTIONS.get(name, []),
        "method": method,
        "versions": {solver: VERSIONS[solver] for solver in (first, second) if solver},
        "program_digest": PROGRAM,
        "evidence": files,
        "budget": {"rlimit": 400_000_000} if count else {},
        "reason": "",
        "counterexample": None,
        "answers": answers,
        "twin": twin(name),
        "code": [],
    }


def verify_result(data: dict[str, Any] | None = None) -> dict[str, Any]:
    """seawall/verify/1 with 30 claims, all of them shown, of the project whose controller.toml is given."""
    info, sources = _made(to_toml(data or project_tables()))
    kernel, parameters = partition(sources)
    return {
        "schema": "seawall/verify/1",
        "project": {key: info[key] for key in ("name", "network_digest", "config_digest")},
        "program": {
            "digest": PROGRAM,
            "operations": 1606,
            "kernel_digest": sources_digest(kernel),
            "parameter_digest": sources_digest(parameters),
        },
        "bounds": {
            "state": [[-0.93 + 0.05 * i, 0.41 + 0.061 * i] for i in range(8)],
            "output": [[-11.0625, 10.9]],
        },
        "attained": {
            "state": [[-0.61 + 0.04 * i, 0.3 + 0.05 * i] for i in range(8)],
            "output": [[-7.25, 6.875]],
        },
        "claims": [claim(row) for row in CLAIMS],
        "versions": VERSIONS,
    }


def counted(shape: list[list[float]], steps: int) -> list[list[float]]:
    """A histogram of about this shape that holds so many steps."""
    total = sum(count for _, count in shape)
    bars = [[edge, int(count * steps / total)] for edge, count in shape]
    bars[4][1] += steps - sum(count for _, count in bars)
    return bars


def hil_result() -> dict[str, Any]:
    """seawall/hil/1 of a million steps with every fault met as declared."""
    program = verify_result()["program"]
    edges = [100 * 1.25**i for i in range(30)]
    shape = [[round(edge, 1), max(0, int(390_000 * 0.42 ** abs(i - 4)))] for i, edge in enumerate(edges)]
    kernel, own = counted(shape, 1_000_000 - 3), counted(shape, 200_000)
    kernel += [[1_000_000.0, 0], [1_060_000.0, 3]]
    trips = [[round(edge / 5, 1), max(0, int(500_000 * 0.45 ** abs(i - 5)))] for i, edge in enumerate(edges)]
    faults = [
        ("corrupted-frame", "refused, counted", "FALLBACK"),
        ("truncated-frame", "refused, counted", "FALLBACK"),
        ("duplicated-frame", "counted once", "NOMINAL"),
        ("missing-frames", "fallback within stale_us", "FALLBACK"),
        ("nan-sensor", "safe output in the same period", "SAFE"),
        ("hang", "link gives up, watchdog at the safe output", "SAFE"),
        ("other-kernel", "refused before the first step", "SAFE"),
    ]
    return {
        "schema": "seawall/hil/1",
        "target": {
            "name": "this machine (a process behind a pty)",
            "here": True,
            "kernel_digest": program["kernel_digest"],
            "parameter_digest": program["parameter_digest"],
            "machine": "x86-64, 2 cores",
        },
        "steps": 1_000_000,
        "mismatches": 0,
        "deterministic_digest": "4d" * 32,
        "kernel_ns": {"p50": 284, "p99": 512, "p99_9": 1270, "max": 1_041_300},
        "round_trip_us": {"count": 50_000, "p50": 61.2, "p99": 118.0, "p99_9": 402.5, "max": 12_750.0},
        "on_target": {
            "steps": 200_000,
            "matches": True,
            "late": 0,
            "kernel_ns": {"p50": 280, "p99": 480, "p99_9": 990, "max": 9_100},
        },
        "histogram": {"kernel_ns": kernel, "on_target_ns": own, "round_trip_us": trips},
        "timing": {
            "word": "MEASURED",
            "reasons": [],
            "rate": [0.99995, 1.00004],
            "tick_ns": 20,
            "step_ns": 270.5,
        },
        "line": {
            "retries": 1,
            "late": 0,
            "damaged": 1,
            "refused": 0,
            "reboots": 0,
            "spoilt": 1,
            "above": [],
            "allowed": {"retries": 10, "late": 10, "damaged": 10, "reboots": 0},
            "text": "Mended on the line.",
        },
        "deadline_us": 1000,
        "deadline_misses": 12,
        "late_per_million": 1000,
        "deadline": {
            "kernel": 3,
            "kernel_of": 1_000_000,
            "round_trip": 9,
            "round_trip_of": 50_000,
            "on_target": 0,
            "on_target_of": 200_000,
        },
        "worst_input": {"position_error": -0.31, "force": 4.0},
        "faults": [
            {"id": name, "expected": expected, "observed": expected, "mode_seen": mode, "passed": True}
            for name, expected, mode in faults
        ],
        "wrong": {},
        "resumed": False,
    }


def project_tables() -> dict[str, Any]:
    """The fixture's controller.toml as plain data, with one requirement of its own."""
    data = tables(2, 1)
    data["controller"]["name"] = "cart"
    data["input"] = [
        {"name": "position_error", "unit": "m", "low": -0.6, "high": 0.6, "filter_s": 0.002,
         "stale_us": 3000, "source": "encoder data sheet, table 2"},
        {"name": "force", "unit": "N", "low": -12.0, "high": 12.0, "filter_s": 0.002,
         "stale_us": 3000, "source": "drawing 104-B"},
    ]  # fmt: skip
    data["output"] = [
        {"name": "force_command", "unit": "N", "low": -10.0, "high": 10.0, "safe": 0.0, "max_rate": 400.0,
         "source": "actuator data sheet"},
    ]  # fmt: skip
    data["fallback"][0] |= {"output": "force_command", "input": "position_error"}
    data["requirement"] = [
        {
            "id": "CART-1",
            "text": "The force command never exceeds 10 N.",
            "claims": ["GUARD-RANGE", "OUTPUT-BOUNDS"],
            "tests": ["tests/test_cart.py"],
            "campaigns": ["HIL-BITS"],
        }
    ]
    return data


@cache
def _made(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(what about() says of a project with this controller.toml, its printed C)."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "controller.toml").write_text(text, encoding="utf-8")
        (root / "network.json").write_text(json.dumps(weights(2, 8, 1, 0)), encoding="utf-8")
        project = load(root)
        return about(project), kernel_sources(project.sizes) | parameter_sources(project.law)


def project_info(data: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the CLI takes from a Project."""
    return copy.deepcopy(_made(to_toml(data or project_tables()))[0])


CODE = code_digests()
ALL_CODE = all_digests()


def all_tests() -> list[str]:
    """Seawall's: the twins of all claims, and a test for each folder that a requirement names."""
    twins = [twin(row[0]) for row in CLAIMS]
    patterns = [pattern for rule in requirements.load().requirements for pattern in rule.tests]
    others = [f"{p}test_it.py::test_it" if p.endswith("/") else f"{p}::test_it[0.3]" for p in patterns]
    return sorted({*twins, *others})


PROJECT_TESTS = ["tests/test_cart.py::test_settles[0.3]", "tests/test_cart.py::test_settles[-0.3]"]


def junit_xml(ids: list[str], outcomes: dict[str, str] | None = None) -> str:
    """A JUnit XML file as pytest writes it."""
    cases = []
    for test in ids:
        file, *rest = test.split("::")
        owner = ".".join([file.removesuffix(".py").replace("/", "."), *rest[:-1]])
        inside = {"failed": '<failure message="no"/>', "skipped": '<skipped message="no qemu"/>'}
        body = inside.get((outcomes or {}).get(test, ""), "")
        cases.append(f'<testcase classname="{owner}" name="{rest[-1]}" time="0.01">{body}</testcase>')
    return (
        f'<?xml version="1.0"?><testsuites><testsuite name="pytest">{"".join(cases)}</testsuite></testsuites>'
    )


@dataclass
class Inputs:
    """All that write_pack takes; a test changes a part and writes."""

    verify: dict[str, Any] = field(default_factory=verify_result)
    hil: dict[str, Any] | None = field(default_factory=hil_result)
    project: dict[str, Any] = field(default_factory=project_info)
    tests: list[str] = field(default_factory=lambda: list(PROJECT_TESTS))
    suite: list[str] = field(default_factory=all_tests)
    outcomes: dict[str, str] = field(default_factory=dict)
    attack: dict[str, Any] = field(default_factory=planted)
    code: dict[str, str] = field(default_factory=lambda: dict(CODE))
    sources: dict[str, str] = field(default_factory=lambda: dict(_made(to_toml(project_tables()))[1]))

    def declare(self, data: dict[str, Any]) -> None:
        """Make it the project whose controller.toml is this, in all that names it."""
        made, other = verify_result(data), _made(to_toml(data))[1]
        self.project, self.sources = project_info(data), dict(other)
        self.verify["project"], self.verify["program"] = made["project"], made["program"]
        if self.hil is not None:
            for name in ("kernel_digest", "parameter_digest"):
                self.hil["target"][name] = made["program"][name]

    def claim(self, name: str) -> dict[str, Any]:
        """One of the claims, to be changed in place."""
        return next(entry for entry in self.verify["claims"] if entry["id"] == name)

    def open(self, name: str, reason: str = "z3 gave up within its rlimit") -> None:
        """The OPEN variant of a claim."""
        entry = self.claim(name)
        entry.update(word="OPEN", reason=reason)
        for answer in entry["answers"][-1:]:
            answer.update(answer="unknown", replay="unknown", vacuity="")

    def own(self) -> Suite | None:
        """The result of Seawall's own suite on this code."""
        report = junit_xml(self.suite, self.outcomes).encode()
        return summary(report, ALL_CODE | self.code, NOW) if self.suite else None

    def write(self, folder: Path, name: str = "pack", key: Path | None = None) -> Packed:
        """Lay the files beside and write the pack as folder/name."""
        proofs = folder / "proofs"
        proofs.mkdir(parents=True, exist_ok=True)
        for entry in self.verify["claims"]:
            for answer in entry["answers"]:
                text = FLOATS if answer["main"] == "bitwuzla" else REALS
                (proofs / Path(answer["file"]).name).write_text(text)
        return self.put(folder / name, proofs, key)

    def put(self, pack: Path, proofs: Path, key: Path | None) -> Packed:
        """Write the pack, its proofs being in a folder."""
        report = {"tests/project.xml": junit_xml(self.tests, self.outcomes).encode()} if self.tests else {}
        told = own.dump() if (own := self.own()) else None
        results = self.project, self.verify, self.hil, report, told, self.sources, proofs
        return write_pack(pack, *results, code=self.code, now=NOW, attack=self.attack, key=key)


def read(pack: Path, path: str) -> Any:
    """A JSON file of a pack."""
    return json.loads((pack / path).read_text())
