"""The two reports rendered: the page by jinja2, the document by typst. Same data, same bytes."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from certification.canonical import dump, sha256
from certification.report.view import view

PARTS = ("index.html.j2", "page.css", "page.js", "evidence.typ", "view.py", "plots.py", "render.py")


def _part(name: str) -> str:
    return resources.files("certification.report").joinpath(name).read_text(encoding="utf-8")


def renderer_digest() -> str:
    """Names this renderer: an audit renders again only with the same one."""
    return sha256("".join(_part(name) for name in PARTS).encode())


def page_one(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The data behind page one that the page carries: verdict counts and words."""
    return {
        "counts": evidence["counts"],
        "claims": {claim["id"]: claim["word"] for claim in evidence["claims"]},
        "requirements": {row["id"]: row["status"] for row in evidence["trace"]["requirements"]},
        "status": evidence["status"],
    }


def html(evidence: Mapping[str, Any], measured: Mapping[str, Any]) -> bytes:
    """index.html, self-contained."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    words = {entry["id"]: entry["word"] for entry in [*evidence["claims"], *evidence["campaigns"]]}
    # A `</script>` inside the data would end it: `<` is written as an escape, which JSON reads back.
    data = json.dumps(page_one(evidence), sort_keys=True).replace("<", "\\u003c")
    text = environment.from_string(_part("index.html.j2")).render(
        v=view(evidence, measured), words=words, css=_part("page.css"), js=_part("page.js"), page_one=data
    )
    return text.encode() + b"\n"


def pdf(evidence: Mapping[str, Any], measured: Mapping[str, Any], folder: Path) -> bytes:
    """evidence.pdf (PDF/A-3 with evidence.json inside); folder is for its sources, and is left with them."""
    import typst

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evidence.typ").write_text(_part("evidence.typ"), encoding="utf-8")
    (folder / "view.json").write_bytes(dump(view(evidence, measured)))
    (folder / "evidence.json").write_bytes(dump(evidence))
    compiler = typst.Compiler(folder / "evidence.typ", root=folder, ignore_system_fonts=True)
    date = str(measured.get("date", ""))
    made = compiler.compile(
        format="pdf", pdf_standards="a-3b", timestamp=datetime.fromisoformat(date) if date else 0
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no document")
    return made
