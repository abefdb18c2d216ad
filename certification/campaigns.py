"""The target campaign read as evidence, with what was measured kept apart from what must repeat."""

from typing import Any

from certification.models import Campaign, Word
from controller.errors import InputError

CAMPAIGN_IDS = ("HIL-IDENTITY", "HIL-BITS", "HIL-TIMING", "HIL-FAULTS")
REPEATABLE = ("schema", "steps", "mismatches", "deterministic_digest", "deadline_us")
OF_THE_MACHINE = ("machine", "clock_overhead_ns")
US = 1000.0  # nanoseconds


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
    """The campaigns' verdicts; all OPEN where `repeatable` is empty (no run)."""
    if not repeatable:
        return [Campaign(id=name, word="OPEN", text="No campaign was run.") for name in CAMPAIGN_IDS]
    try:
        return [
            _identity(repeatable["target"], program),
            _bits(repeatable["steps"], repeatable["mismatches"], measured),
            _timing(repeatable["deadline_us"], measured["kernel_ns"]["p99_9"]),
            _faults(repeatable["faults"]),
        ]
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
    holds = mismatches == 0 and own["matches"] is True
    if holds and "error" in measured:
        return Campaign(id="HIL-BITS", word="OPEN", text=f"{text} It did not end: {measured['error']}.")
    return Campaign(id="HIL-BITS", word=_word(holds, "TESTED"), text=text)


def _timing(deadline_us: float, p99_9_ns: float) -> Campaign:
    word = _word(p99_9_ns <= deadline_us * US, "MEASURED")
    share = "At least 99.9 %" if word == "MEASURED" else "Less than 99.9 %"
    text = (
        f"{share} of the kernel's steps on the target took no longer than the deadline of {deadline_us:,} us."
    )
    return Campaign(id="HIL-TIMING", word=word, text=text)


def _faults(faults: list[dict[str, Any]]) -> Campaign:
    if not faults:
        return Campaign(id="HIL-FAULTS", word="OPEN", text="No fault was injected.")
    passed = sum(1 for fault in faults if fault["passed"] is True)
    text = f"{passed} of {len(faults)} injected faults were met as declared."
    return Campaign(id="HIL-FAULTS", word=_word(passed == len(faults), "TESTED"), text=text)
