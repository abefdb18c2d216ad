"""The target campaign read as evidence, with what was measured kept apart from what must repeat."""

from typing import Any

from certification.models import Campaign, Word
from controller.errors import InputError

CAMPAIGN_IDS = ("HIL-IDENTITY", "HIL-BITS", "HIL-LINE", "HIL-TIMING", "HIL-FAULTS")
REPEATABLE = (
    "schema",
    "steps",
    "mismatches",
    "deterministic_digest",
    "deadline_us",
    "late_per_million",
)
MAKERS = "the maker's machine"
OF_THE_MACHINE = ("machine", "clock_overhead_ns")
MENDED = ("retries", "late", "damaged", "reboots")


def split(hil: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what a second run must repeat, what was measured). Neither loses a key of `hil`."""
    if not hil:
        return {}, {}
    repeatable = {key: hil[key] for key in REPEATABLE if key in hil}
    target = dict(hil.get("target", {}))
    measured: dict[str, Any] = {key: target.pop(key) for key in OF_THE_MACHINE if key in target}
    repeatable["target"] = target
    faults = [dict(fault) for fault in hil.get("faults", [])]
    # What was seen may hold counts and times; whether it is what was expected must repeat.
    measured["observed"] = {fault["id"]: fault.pop("observed", "") for fault in faults}
    repeatable["faults"] = faults
    taken = {*REPEATABLE, "target", "faults"}
    measured.update({key: value for key, value in hil.items() if key not in taken})
    return repeatable, measured


def campaigns(
    repeatable: dict[str, Any], measured: dict[str, Any], program: dict[str, Any]
) -> list[Campaign]:
    """The campaigns' verdicts; all OPEN where `repeatable` is empty (no run).

    Where what flew was a process on the machine that made the pack, each says so.
    """
    if not repeatable:
        return [Campaign(id=name, word="OPEN", text="No campaign was run.") for name in CAMPAIGN_IDS]
    try:
        runs = [
            _identity(repeatable["target"], program),
            _bits(repeatable["steps"], repeatable["mismatches"], measured),
            _line(measured["line"]),
            _timing(repeatable["deadline_us"], repeatable["late_per_million"], measured),
            _faults(repeatable["faults"], measured),
        ]
        where = MAKERS if repeatable["target"]["here"] is True else ""
        return [run.model_copy(update={"where": where}) for run in runs]
    except (KeyError, TypeError) as error:
        raise InputError(f"hil: lacks {error}; run the campaign again") from None


def _word(holds: bool, word: Word) -> Word:
    return word if holds else "REFUTED"


def _identity(target: dict[str, Any], program: dict[str, Any]) -> Campaign:
    names = ("kernel_digest", "parameter_digest")
    same = all(target[name] == program[name] for name in names)
    text = "The target names the digests of the proved kernel and of its parameters."
    return Campaign(id="HIL-IDENTITY", word=_word(same, "TESTED"), text=text)


def _bits(steps: int, mismatches: int, measured: dict[str, Any]) -> Campaign:
    """Every bit of the steps and of the target's own flight; open where the campaign did not end."""
    if steps == 0:
        return Campaign(id="HIL-BITS", word="OPEN", text="No step was compared.")
    text = f"{steps:,} steps: every output bit compared with the reference, {mismatches:,} differ."
    own = measured.get("on_target", {"steps": 0, "matches": True})
    if own["steps"]:
        agrees = "the same digest as" if own["matches"] is True else "ANOTHER digest than"
        text += f" {own['steps']:,} more that the target flew by itself gave {agrees} the reference."
    before = [measured["wrong"][kind] for kind in ("bits", "own flight") if kind in measured["wrong"]]
    holds = mismatches == 0 and own["matches"] is True and not before
    if before and mismatches == 0 and own["matches"] is True:
        text += f" But an earlier run of this campaign saw: {'; '.join(before)}."
    if holds and "error" in measured:
        return Campaign(id="HIL-BITS", word="OPEN", text=f"{text} It did not end: {measured['error']}.")
    return Campaign(id="HIL-BITS", word=_word(holds, "TESTED"), text=text)


def _line(line: dict[str, Any]) -> Campaign:
    """What was mended on the line, against what the project allows; the counts are measurements."""
    allowed, above = line["allowed"], line["above"]
    words = "Requests sent again, late answers, damaged frames and reboots of the target were"
    limits = ", ".join(f"{name} {allowed[name]:,}" for name in MENDED)
    text = f"{words} {'MORE' if above else 'no more'} than the project allows in a campaign ({limits})."
    return Campaign(id="HIL-LINE", word=_word(not above, "MEASURED"), text=text)


def _timing(deadline_us: float, allowed: int, measured: dict[str, Any]) -> Campaign:
    """Open where the target's times are in doubt; what it flew by itself counts like the rest."""
    word = measured["timing"]["word"]
    if word == "OPEN":
        text = f"The target's times show nothing: {'; '.join(measured['timing']['reasons'])}."
        return Campaign(id="HIL-TIMING", word="OPEN", text=text)
    late = above(allowed, deadline_us, measured) or word != "MEASURED"  # the counts must bear the word out
    lead, may = "Some" if late else "None", "none may"
    if allowed:
        lead = f"{'More' if late else 'No more'} than {allowed:,} in a million"
        may = "no more than that may"
    text = (
        f"{lead} of the kernel's steps, of those that the host gave and of those that the target flew by "
        f"itself, took longer than the deadline of {deadline_us:,} µs by the target's clock; by the "
        f"project's file {may}. The host bounds that clock's rate, the mean time within a factor of 2 as "
        "long as the target flies what it is gauged by, and within 32 else, and what round trips hide; "
        "shorter than a round trip, the tail and the maximum are the target's word."
    )
    return Campaign(id="HIL-TIMING", word=_word(not late, "MEASURED"), text=text)


def above(allowed: int, deadline_us: float, measured: dict[str, Any]) -> bool:
    """Whether more steps of either flight were late than are allowed in a million.

    A longest time above the deadline is one late step at least, whatever is counted.
    """
    deadline = measured["deadline"]
    own = measured.get("on_target", {}).get("kernel_ns") or {"max": 0.0}
    for flight, times in (("kernel", measured["kernel_ns"]), ("on_target", own)):
        late = max(deadline[flight], int(times["max"] > 1000.0 * deadline_us))
        if 1_000_000 * late > allowed * deadline[f"{flight}_of"]:
            return True
    return False


def _faults(faults: list[dict[str, Any]], measured: dict[str, Any]) -> Campaign:
    if not faults:
        return Campaign(id="HIL-FAULTS", word="OPEN", text="No fault was injected.")
    passed = sum(1 for fault in faults if fault["passed"] is True)
    text = f"{passed} of {len(faults)} injected faults were met as declared."
    before = [f"{kind}: {what}" for kind, what in measured["wrong"].items() if kind.startswith("fault ")]
    if passed == len(faults) and before:
        text += f" But an earlier run of this campaign saw: {'; '.join(before)}."
    holds = passed == len(faults) and not before
    if holds and "error" in measured:
        return Campaign(id="HIL-FAULTS", word="OPEN", text=f"{text} It did not end: {measured['error']}.")
    return Campaign(id="HIL-FAULTS", word=_word(holds, "TESTED"), text=text)
