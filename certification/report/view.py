"""What both reports say, as plain data: every number already a text, every list in its order."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from certification.models import MEANINGS, WORDS, Answer
from certification.report import plots
from certification.report.defects import defects
from certification.report.times import late_count, late_steps, timing, timing_plots
from certification.requirements import OWN


def outward(value: float, up: bool, digits: int = 6) -> str:
    """A bound in few digits, rounded away from the interval, so that the text never claims more."""
    exact = Decimal(value)
    if exact == 0:
        return "0"
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    rounded = exact.quantize(step, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return f"{float(rounded):.{digits}g}"


def view(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """All that a report shows, from evidence.json and hil/measured.json."""
    project, matrix = evidence["project"], evidence["trace"]
    groups = _groups(evidence, measured)
    rows = [row for group in groups for row in group["rows"]]
    return {
        "name": project["name"],
        "date": str(measured.get("date", ""))[:16].replace("T", " ") + " UTC",
        "headline": _headline(evidence, groups),
        "status": {0: "shown", 1: "failed", 3: "not shown"}[evidence["status"]],
        "identity": _identity(evidence, measured),
        "words": [{"word": word, "means": MEANINGS[word]} for word in WORDS],
        "counts": _counts(evidence["counts"]),
        "undecided": _undecided(evidence),
        "outcomes": evidence["outcomes"],
        "here": _here(rows),
        "unshown": [row for end in ("failed", "not shown") for row in rows if row["status"] == end],
        "orphans": [(kind, names) for kind, names in matrix["orphans"].items() if names],
        "undischarged": [a for a in evidence["assumptions"] if not a["discharged_by"]],
        "discharged": [a for a in evidence["assumptions"] if a["discharged_by"]],
        "trusted": evidence["trusted"],
        "groups": groups,
        "made": _made(evidence, measured),
        "settings": _settings(project),
        "claims": [_claim(claim, matrix) for claim in evidence["claims"]],
        "interface": _interface(project),
        "bounds": _bounds(evidence),
        "bounds_plot": _bounds_plot(evidence),
        "timing": timing(evidence, measured),
        "timing_plots": timing_plots(evidence, measured),
        "late": late_steps(evidence, measured),
        "lenient": [row["id"] for row in rows if row["late"]],
        "skipped": [row for row in rows if row["skipped"]],
        "campaigns": evidence["campaigns"],
        "faults": _faults(evidence, measured),
        "defects": defects(evidence["attack"]),
        "tests": _tests(evidence),
        "code": _code(evidence),
        "kernel": [{"file": name, "digest": d} for name, d in sorted(evidence["kernel"]["files"].items())],
    }


def _headline(evidence: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> str:
    """How many requirements are shown, the project's and Seawall's each for itself, and what is an orphan."""
    parts = []
    for group, whose in zip(groups, (f"of {evidence['project']['name']}", "of Seawall itself"), strict=True):
        ends = [row["status"] for row in group["rows"]]
        text = f"{ends.count('shown')} of {len(ends)} requirements {whose} are shown"
        parts.append(text + "".join(f", {ends.count(s)} {s}" for s in ("failed", "not shown") if s in ends))
    orphans = sum(
        len(names) for kind, names in evidence["trace"]["orphans"].items() if kind != "requirements"
    )
    text = "; ".join(parts)
    return text + (f"; {orphans} {'orphan' if orphans == 1 else 'orphans'}." if orphans else ".")


def _groups(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The project's requirements, then Seawall's own; each with what the campaigns that it names judged."""
    said = {run["id"]: run["text"] for run in evidence["campaigns"]}
    counted = {"HIL-TIMING": late_steps(evidence, measured)}
    late = late_count(measured)
    ends = {
        kind: {test["id"]: test["outcome"] for test in tests}
        for kind, tests in (("project", evidence["tests"]), (OWN, evidence["suite"]["tests"]))
    }
    rows = [
        {
            **row,
            "judged": [
                f"{name}: {counted.get(name, '')} {said[name]}".replace("  ", " ")
                for name in row["campaigns"]
            ],
            "late": late if "HIL-TIMING" in row["campaigns"] and row["status"] == "shown" else 0,
            "skipped": _skipped(row, ends[row["source"]]),
        }
        for row in evidence["trace"]["requirements"]
    ]
    name = evidence["project"]["name"]
    return [
        {"name": f"Requirements of {name}", "rows": [row for row in rows if row["source"] != OWN]},
        {"name": "Requirements of Seawall itself", "rows": [row for row in rows if row["source"] == OWN]},
    ]


def _skipped(row: Mapping[str, Any], ends: Mapping[str, str]) -> str:
    """How many of the tests that a requirement names were skipped; "" where none was."""
    count = sum(1 for name in row["tests"] if ends[name] == "skipped")
    return f"{count:,} of {len(row['tests']):,} tests skipped" if count else ""


def _here(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The requirements whose campaigns flew on the machine that made the pack, and on no other."""
    names = [row["id"] for row in rows if row["where"]]
    return {"names": names, "where": next((row["where"] for row in rows if row["where"]), "")}


def _identity(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    project, program, kernel = evidence["project"], evidence["program"], evidence["kernel"]
    target, made = evidence["hil"].get("target", {}), evidence["seawall"]
    where = ", ".join(text for text in (target.get("name", ""), measured.get("machine", "")) if text)
    solvers = ", ".join(f"{name} {number}" for name, number in sorted(evidence["versions"].items()))
    pairs = [
        ("Network", project["network_digest"]),
        ("Project file", project["config_digest"]),
        ("Its tests in Python", project["tests_digest"] or "none in the project's folder"),
        ("Program", f"{program['digest']} ({program['operations']:,} operations)"),
        ("Kernel in C", kernel["kernel_digest"]),
        ("Parameters in C", kernel["parameter_digest"]),
        ("Target", where or "none"),
        ("Tools", solvers),
        ("Seawall", f"{made['version']}, commit {made['commit']}"),
        ("Seawall's code", made["digest"]),
    ]
    return [{"name": name, "value": value} for name, value in pairs]


def _counts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The families, their sum, and then the campaigns, which are no claims."""
    families, rest = rows[:-1], rows[-1:]
    total = {word: sum(row["words"][word] for row in families) for word in WORDS}
    summed = {"name": "All claims", "words": total, "total": sum(row["total"] for row in families)}
    return [
        *(_count_row(row) for row in families),
        {**_count_row(summed), "sum": True},
        *(_count_row(row) for row in rest),
    ]


def _count_row(row: Mapping[str, Any]) -> dict[str, Any]:
    cells = [f"{row['words'][word]:,}" if row["words"][word] else "" for word in WORDS]
    return {"name": row["name"], "cells": cells, "total": f"{row['total']:,}", "sum": False}


def _undecided(evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is REFUTED or OPEN among claims and campaigns, and twins that void a claim."""
    found = []
    for claim in evidence["claims"]:
        judged = evidence["trace"]["claims"][claim["id"]]
        if claim["word"] in ("OPEN", "REFUTED"):
            reason = claim.get("reason") or "see the counterexample in the claim's detail"
            found.append(
                {"id": claim["id"], "word": claim["word"], "text": claim["statement"], "reason": reason}
            )
        elif judged["status"] != "shown":
            text = claim["statement"]
            word = "void" if judged["status"] == "failed" else "not shown"
            found.append({"id": claim["id"], "word": word, "text": text, "reason": judged["reason"]})
    for name in evidence["trace"]["unsourced"]:
        text, why = "Its range is that of the real sensor or actuator.", "its source is still a placeholder"
        found.append({"id": name, "word": "not shown", "text": text, "reason": why})
    for run in evidence["campaigns"]:
        if run["word"] in ("OPEN", "REFUTED"):
            found.append({"id": run["id"], "word": run["word"], "text": run["text"], "reason": ""})
    return found


def _claim(claim: Mapping[str, Any], matrix: Mapping[str, Any]) -> dict[str, Any]:
    answers = [Answer.model_validate(entry) for entry in claim.get("answers", [])]
    budget = ", ".join(f"{name} {value:,}" for name, value in claim.get("budget", {}).items())
    files = [file for file in claim.get("evidence", []) if file not in {a.file for a in answers}]
    return {
        "id": claim["id"],
        "word": claim["word"],
        "statement": claim["statement"],
        "method": claim.get("method", ""),
        "arithmetic": claim.get("arithmetic", ""),
        "assumptions": claim.get("assumptions", []),
        "reason": claim.get("reason", ""),
        "counterexample": _counterexample(claim.get("counterexample")),
        "versions": ", ".join(f"{n} {v}" for n, v in sorted(claim.get("versions", {}).items())),
        "budget": budget,
        "twin": claim.get("twin", ""),
        "requirements": matrix["backward"]["claims"][claim["id"]],
        "code": claim.get("code", []),
        "files": files,
        "answers": [
            {
                "file": a.file,
                "first": f"{a.main} {a.answer}",
                "second": f"{a.replay_solver} {a.replay}",
                "rlimit": f"{a.rlimit:,}" if a.rlimit else "",
            }
            for a in answers
        ],
    }


def _counterexample(data: Any) -> str:
    if isinstance(data, dict):
        return ", ".join(f"{name} = {value}" for name, value in data.items())
    return "" if data is None else str(data)


def _made(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the pack was made with and on."""
    made = evidence["seawall"]
    pairs = [
        ("Seawall", f"{made['version']}, commit {made['commit']}"),
        ("Its code, SHA-256", made["digest"]),
        *((name.capitalize(), value) for name, value in measured["host"].items()),
    ]
    if ran := measured.get("suite"):
        pairs.append(("Its own tests", f"{ran['date']}, on {ran['machine']}, Python {ran['python']}"))
    return [{"name": name, "value": value} for name, value in pairs]


def _settings(project: Mapping[str, Any]) -> list[dict[str, str]]:
    """What controller.toml declares beside the signals, a row for each table."""
    tables = [(f"[{name}]", project[name]) for name in ("controller", "dt", "state", "timing", "campaign")]
    tables.insert(4, ("[timing.budget_us]", project["timing"]["budget_us"]))
    tables += [(f"[[fallback]] of {entry['output']}", entry) for entry in project["fallback"]]
    return [
        {
            "table": name,
            "value": ", ".join(
                f"{key} = {_setting(value)}"
                for key, value in table.items()
                if value is not None and not isinstance(value, dict)
            ),
        }
        for name, table in tables
    ]


def _setting(value: Any) -> str:
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _interface(project: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for kind in ("inputs", "outputs"):
        for port in project.get(kind, []):
            limits = f"{port['low']:g} to {port['high']:g}"
            extra = []
            if "max_rate" in port:
                extra = [f"at most {port['max_rate']:g} {port['unit']}/s", f"safe {port['safe']:g}"]
            elif "stale_us" in port:
                extra = [f"stale after {port['stale_us']:,} µs", *_seen(port)]
            rows.append(
                {
                    "name": port["name"],
                    "kind": kind[:-1],
                    "limits": limits,
                    "unit": port["unit"],
                    "more": ", ".join(extra),
                    "source": port.get("source", ""),
                }
            )
    return rows


def _seen(port: Mapping[str, Any]) -> list[str]:
    """How an input comes to the network: its low-pass, and what the network sees of it."""
    sees = {"normalised": "the network sees it from -1 to 1", "physical": "the network sees it as measured"}
    unit = port.get("network_unit", "normalised")
    scaled = f"the network sees (it - {port.get('network_offset')}) * {port.get('network_scale')}"
    return [f"low-pass {port.get('filter_s', 0.0):g} s", sees.get(unit, scaled)]


def _names(evidence: Mapping[str, Any]) -> list[tuple[str, str, str, int]]:
    """(kind, name, unit, index) of each bounded quantity."""
    outputs = evidence["project"].get("outputs", [])
    states = [("state", f"h[{i}]", "1", i) for i in range(len(evidence["bounds"]["state"]))]
    ends = []
    for i in range(len(evidence["bounds"]["output"])):
        port = outputs[i] if i < len(outputs) else {"name": f"y[{i}]", "unit": "1"}
        ends.append(("output", port["name"], port["unit"], i))
    return states + ends


def _reached(evidence: Mapping[str, Any], kind: str, i: int) -> tuple[float, float] | None:
    attained = (evidence.get("attained") or {}).get(kind) or []
    return (attained[i][0], attained[i][1]) if i < len(attained) else None


def _bounds(evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for kind, name, unit, i in _names(evidence):
        low, high = evidence["bounds"][kind][i]
        reached = _reached(evidence, kind, i)
        wide = reached[1] - reached[0] if reached else 0.0
        rows.append(
            {
                "name": name,
                "unit": unit,
                "low": outward(low, up=False),
                "high": outward(high, up=True),
                "reached": f"{reached[0]:.4g} to {reached[1]:.4g}" if reached else "",
                "ratio": f"{(high - low) / wide:.2f}" if wide > 0 else "",
            }
        )
    return rows


def _bounds_plot(evidence: Mapping[str, Any]) -> str:
    rows = []
    for kind, name, _, i in _names(evidence):
        if kind == "state":
            low, high = evidence["bounds"][kind][i]
            reached = _reached(evidence, kind, i) or (None, None)
            rows.append((name, low, high, *reached))
    return plots.bounds(rows, "Proved bounds of the hidden state, and what an adversary reached")


def _faults(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    seen = measured.get("observed", {})
    return [
        {
            "id": fault["id"],
            "expected": fault.get("expected", ""),
            "observed": str(seen.get(fault["id"], "")),
            "mode": fault.get("mode_seen", ""),
            "result": "as declared" if fault["passed"] is True else "NOT as declared",
        }
        for fault in evidence["hil"].get("faults", [])
    ]


def _tests(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The project's tests and Seawall's own, each by file, with the requirements that they serve."""
    found = []
    for name, kind, tests in (
        (f"Tests of {evidence['project']['name']}", "tests", evidence["tests"]),
        ("Tests of Seawall itself", "suite", evidence["suite"]["tests"]),
    ):
        owners = evidence["trace"]["backward"][kind]
        files: dict[str, dict[str, int]] = {}
        for test in tests:
            row = files.setdefault(test["id"].split("::")[0], {"passed": 0, "failed": 0, "skipped": 0})
            row[test["outcome"]] += 1
        found.append(
            {
                "name": name,
                "files": [{"file": file, **row} for file, row in files.items()],
                "odd": [test for test in tests if test["outcome"] != "passed"],
                "all": [{**test, "requirements": owners[test["id"]]} for test in tests],
            }
        )
    return found


def _code(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    owners = evidence["trace"]["backward"]["code"]
    return [
        {"file": file, "digest": digest, "requirements": owners[file]}
        for file, digest in evidence["code"].items()
    ]
