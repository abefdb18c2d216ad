"""Why a mutant that no claim refuses is the same program, by means that share nothing with the reader."""

import re
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.native.build import MEANING, compiler
from tests.mutants.c_judge import Mutant, files

# statements that write through a pointer and give a value: order matters beside them
STORES = ("sw_think",)
STATEMENT = re.compile(r"(?:(?:const )?\w+ )?([\w.>\[\] +-]+?) (?:[-+*/]?=) (.*);")
# what the means below do not show, and why a reader of the C can tell
BY_HAND = {
    r"`(times|values)\[s\] = .* after the next": "the two slots of the row are not the same",
    r"`known = known \+ mine;` after the next": "sw_judge works on the inbox, not on what its caller counts",
    r"`const double sixth = .* after the next": "sw_derivative works on the scratch, not on it",
    r"`state->previous_us = now;` after the next": "sw_take does not use the time of the last step",
    r"`sw_(derivative|integrate|decode)\(.* doubled": "it fills scratch from what it does not write",
    r"`total` becomes `k1`": "element i of the sums is last read where element i of k1 is written",
}


def reason_of(mutant: Mutant) -> str | None:
    """Words that say why it is the same program; None where nothing shows it."""
    if mutant.file == "scalar.h":
        return "both solvers find the same bits for every argument"  # that is how C-WORDS is decided
    if mutant.what.endswith("after the next") and _independent(mutant):
        return "two statements that write what the other neither reads nor writes"
    if mutant.what.endswith("doubled") and _repeated(mutant):
        return "a statement that writes again what it wrote"
    for pattern, reason in BY_HAND.items():
        if mutant.file == "kernel.c" and re.search(pattern, mutant.what):
            return reason
    code = machine_code(mutant.project, mutant.file, mutant.text)
    same = bool(code) and code == machine_code(mutant.project, "", "")
    return "the compiler gives the same machine code" if same else None


def _line(mutant: Mutant) -> int:
    return int(mutant.what.split(":")[1].split()[0])


def _statements(mutant: Mutant) -> list[tuple[str, str]]:
    """Of the changed line and the next: what it writes, and what it reads."""
    lines = files(mutant.project)[mutant.file].splitlines()[_line(mutant) - 1 :][:2]
    code = [re.sub(r"/\*.*?\*/", "", line).strip() for line in lines]
    return [(m[1], m[2]) for line in code if (m := STATEMENT.fullmatch(line))]


def _independent(mutant: Mutant) -> bool:
    """Two statements, each without a call that stores, and neither names what the other writes."""
    found = _statements(mutant)
    if len(found) != 2 or any(name in right for _, right in found for name in STORES):
        return False
    (a, of_a), (b, of_b) = found
    return not (_names(a, b + " " + of_b) or _names(b, a + " " + of_a))


def _repeated(mutant: Mutant) -> bool:
    """An assignment, not a declaration, that does not read what it writes."""
    (target, right), *_ = [*_statements(mutant), ("", "")]
    return bool(target) and not _names(target, right) and not any(name in right for name in STORES)


def _names(place: str, text: str) -> bool:
    """Whether a text names a place, by the last name in it; so `x->mode` counts as named by any `mode`."""
    last = re.findall(r"[A-Za-z_]\w*", re.sub(r"\[.*?\]", "", place))[-1]
    return bool(re.search(rf"\b{last}\b", text))


@cache
def machine_code(project: str, file: str, text: str) -> list[bytes]:
    """The object files of kernel.c and parameters.c with one file changed; none where it does not compile."""
    names = ("kernel", "parameters")
    with TemporaryDirectory() as folder:
        for name, content in (files(project) | ({file: text} if file else {})).items():
            (Path(folder) / name).write_text(content, encoding="utf-8")
        command = [*compiler(), *MEANING, "-O2", "-Wall", "-Werror", "-c", *(f"{name}.c" for name in names)]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        return [(Path(folder) / f"{name}.o").read_bytes() for name in names] if done.returncode == 0 else []
