"""All mutants of the kernel that flies: every function of controller/kernel and its records' declarations."""

from pathlib import Path

from verification.mutation import kinds
from verification.mutation.operators import Mutant, of_file, of_records

FOLDER = "controller/kernel"
RECORDS = "records.py"
LANGUAGE = "scalar.py"  # the words' own meaning, which every reading gives anew


def sources(root: Path) -> dict[str, str]:
    """The text of each file of the kernel, by its name."""
    files = sorted((root / FOLDER).glob("*.py"))
    return {p.name: p.read_text(encoding="utf-8") for p in files if p.name != "__init__.py"}


def mutants(root: Path) -> list[Mutant]:
    """Each mutant once, in order of file and place; two that give the same text are one."""
    files = sources(root)
    space = kinds.read(files)
    found: dict[tuple[str, str], Mutant] = {}
    for file, text in files.items():
        make = of_records if file == RECORDS else of_file
        for mutant in make(file, text, space) if file != LANGUAGE else ():
            found.setdefault((file, mutant.apply(text)), mutant)
    return list(found.values())
