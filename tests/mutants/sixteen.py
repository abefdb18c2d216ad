"""The kernel with sixteen bugs, as what an attack plants."""

import tomllib
from pathlib import Path

from verification import kept
from verification.mutation.kernel import FOLDER, sources
from verification.mutation.run import Defect

FILE = Path(__file__).with_name("sixteen.toml")
BUGS = tomllib.loads(FILE.read_text(encoding="utf-8"))["bug"]


def planted(*names: str) -> Defect:
    """Some of them in one kernel, by name; all unless named. Raises ValueError where one doesn't fit."""
    texts, changed = sources(kept.ROOT), dict[str, str]()
    for bug in BUGS:
        if not names or bug["name"] in names:
            text = changed.get(bug["file"], texts[bug["file"]])
            if text.count(bug["old"]) != 1:
                raise ValueError(f"{bug['name']}: what it replaces stands {text.count(bug['old'])} times")
            changed[bug["file"]] = text.replace(bug["old"], bug["new"])
    files = {f"{FOLDER}/{file}": text for file, text in changed.items()}
    return Defect("sixteen", ", ".join(names) or "all sixteen", files)
