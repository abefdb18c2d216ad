"""What both reports say, as plain data: every number already a text, every list in its order."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from certification.models import MEANINGS, WORDS, Answer
from certification.report import plots

QUANTILES = (("p50", "p50"), ("p99", "p99"), ("p99_9", "p99.9"), ("max", "max"))


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
    rows = matrix["requirements"]
    by_status = {s: [row for row in rows if row["status"] == s] for s in ("shown", "not shown", "failed")}
    return {
        "name": project["name"],
        "date": str(measured.get("date", ""))[:16].replace("T", " ") + " UTC",
        "headline": _headline(evidence, by_status),
        "status": {0: "shown", 1: "failed", 3: "not shown"}[evidence["status"]],
        "identity": _identity(evidence, measured),
        "words": [{"word": word, "means": MEANINGS[word]} for word in WORDS],
        "counts": _counts(evidence["counts"]),
        "undecided": _undecided(evidence),
        "unshown": by_status["failed"] + by_status["not shown"],
        "orphans": [(kind, names) for kind, names in matrix["orphans"].items() if names],
        "undischarged": [a for a in evidence["assumptions"] if not a["discharged_by"]],
        "discharged": [a for a in evidence["assumptions"] if a["discharged_by"]],
        "trusted": evidence["trusted"],
        "requirements": rows,
        "claims": [_claim(claim, matrix) for claim in evidence["claims"]],
        "interface": _interface(project),
        "bounds": _bounds(evidence),
        "bounds_plot": _bounds_plot(evidence),
        "timing": _timing(evidence, measured),
        "timing_plots": _timing_plots(evidence, measured),
        "campaigns": evidence["campaigns"],
        "faults": _faults(evidence, measured),
        "tests": _tests(evidence),
        "code": _code(evidence),
        "kernel": [{"file": name, "digest": d} for name, d in sorted(evidence["kernel"]["files"].items())],
    }


def _headline(evidence: Mapping[str, Any], by_status: Mapping[str, Sequence[Any]]) -> str:
    rows = evidence["trace"]["requirements"]
    text = f"{len(by_status['shown'])} of {len(rows)} requirements are shown"
    if by_status["failed"]:
        text += f", {len(by_status['failed'])} failed"
    if by_status["not shown"]:
        text += f", {len(by_status['not shown'])} not shown"
    orphans = sum(
        len(names) for kind, names in evidence["trace"]["orphans"].items() if kind != "requirements"
    )
    return text + (f"; {orphans} {'orphan' if orphans == 1 else 'orphans'}." if orphans else ".")


def _identity(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    project, program, kernel = evidence["project"], evidence["program"], evidence["kernel"]
    target = evidence["hil"].get("target", {})
    where = ", ".join(text for text in (target.get("name", ""), measured.get("machine", "")) if text)
    solvers = ", ".join(f"{name} {number}" for name, number in sorted(evidence["versions"].items()))
    pairs = [
        ("Network", project["network_digest"]),
        ("Project file", project["config_digest"]),
        ("Program", f"{program['digest']} ({program['operations']:,} operations)"),
        ("Kernel in C", kernel["kernel_digest"]),
        ("Parameters in C", kernel["parameter_digest"]),
        ("Target", where or "none"),
        ("Tools", solvers),
    ]
    return [{"name": name, "value": value} for name, value in pairs]


def _counts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The families, their sum, and then campaigns and tests, which are no claims."""
    families, rest = rows[:-2], rows[-2:]
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


def _interface(project: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for kind in ("inputs", "outputs"):
        for port in project.get(kind, []):
            limits = f"{port['low']:g} to {port['high']:g}"
            extra = []
            if "max_rate" in port:
                extra = [f"at most {port['max_rate']:g} {port['unit']}/s", f"safe {port['safe']:g}"]
            elif "stale_us" in port:
                extra = [f"stale after {port['stale_us']:,} us"]
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


def _timing(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    if "kernel_ns" not in measured:
        return {}
    rows = []
    for key, name, unit in (("kernel_ns", "Kernel step", "ns"), ("round_trip_us", "Round trip", "us")):
        if key in measured:
            rows.append(
                {"name": name, "unit": unit, "cells": [f"{measured[key][q]:,}" for q, _ in QUANTILES]}
            )
    alone = measured.get("on_target", {}).get("kernel_ns")
    if alone:
        cells = [f"{alone[q]:,}" for q, _ in QUANTILES]
        rows.insert(1, {"name": "Kernel step, the target flying by itself", "unit": "ns", "cells": cells})
    late, trips = measured["deadline"], measured["round_trip_us"]["count"]
    return {
        "rows": rows,
        "late": f"The kernel took longer than the deadline of {evidence['hil']['deadline_us']:,} us in "
        f"{late['kernel']:,} of {evidence['hil']['steps']:,} steps; the round trip, host and link included, "
        f"in {late['round_trip']:,} of {trips:,}, which no requirement judges.",
        "resumed": bool(measured.get("resumed", False)),
    }


def _timing_plots(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    found = []
    titles = {
        "kernel_ns": ("Kernel step on the target", "ns"),
        "round_trip_us": ("Round trip over the link", "us"),
    }
    for key, (title, unit) in titles.items():
        bins = measured.get("histogram", {}).get(key, [])
        if not bins or key not in measured:
            continue
        marks = [(name, float(measured[key][q])) for q, name in QUANTILES]
        deadline = float(evidence["hil"]["deadline_us"]) * (1000.0 if unit == "ns" else 1.0)
        svg = plots.histogram(bins, [*marks, ("deadline", deadline)], unit, title)
        if svg:
            found.append({"title": title, "svg": svg})
    return found


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


def _tests(evidence: Mapping[str, Any]) -> dict[str, Any]:
    files: dict[str, dict[str, int]] = {}
    for test in evidence["tests"]:
        row = files.setdefault(test["id"].split("::")[0], {"passed": 0, "failed": 0, "skipped": 0})
        row[test["outcome"]] += 1
    owners = evidence["trace"]["backward"]["tests"]
    return {
        "files": [{"file": file, **row} for file, row in files.items()],
        "odd": [test for test in evidence["tests"] if test["outcome"] != "passed"],
        "all": [{**test, "requirements": owners[test["id"]]} for test in evidence["tests"]],
    }


def _code(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    owners = evidence["trace"]["backward"]["code"]
    return [
        {"file": file, "digest": digest, "requirements": owners[file]}
        for file, digest in evidence["code"].items()
    ]
