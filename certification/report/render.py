"""The two reports rendered: the page by jinja2, the document by typst. Same data, same bytes."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from certification.canonical import dump, sha256
from certification.report import glyphs
from certification.report.view import view

PARTS = (
    "index.html.j2",
    "page.css",
    "page.js",
    "evidence.typ",
    "view.py",
    "defects.py",
    "times.py",
    "plots.py",
    "glyphs.py",
    "render.py",
)
PROBE = '#set document(date: auto)\n#for text in json("probe.json") [#text \\ ]\n'


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
        v=glyphs.everywhere(view(evidence, measured), glyphs.for_browser),
        words=words,
        css=_part("page.css"),
        js=_part("page.js"),
        page_one=data,
    )
    return text.encode() + b"\n"


def pdf(evidence: Mapping[str, Any], measured: Mapping[str, Any], folder: Path) -> bytes:
    """evidence.pdf (PDF/A-3 with evidence.json inside); folder is for its sources, and is left with them."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = view(evidence, measured)
    there = drawn({c for text in glyphs.texts(shown) for c in glyphs.clusters_of(text)})
    paper = glyphs.everywhere(shown, lambda text: glyphs.for_paper(text, there.__contains__))
    (folder / "evidence.typ").write_text(_part("evidence.typ"), encoding="utf-8")
    (folder / "view.json").write_bytes(dump(paper))
    (folder / "evidence.json").write_bytes(dump(evidence))
    date = str(measured.get("date", ""))
    return _compiled(folder / "evidence.typ", datetime.fromisoformat(date) if date else 0)


def drawn(clusters: Iterable[str]) -> frozenset[str]:
    """Those of the clusters that typst's own fonts can draw: it is asked, in a document that only probes."""
    return _asked(frozenset(c for c in clusters if not c.isascii()))


@cache
def _asked(clusters: frozenset[str]) -> frozenset[str]:
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.typ"
        probe.write_text(PROBE, encoding="utf-8")
        return frozenset(_drawn(sorted(clusters), probe))


def _drawn(clusters: Sequence[str], probe: Path) -> list[str]:
    """By halves, as typst says of a document only that some text in it can't be drawn."""
    import typst

    if not clusters:
        return []
    probe.with_suffix(".json").write_bytes(dump(clusters))
    try:
        _compiled(probe, 0)
    except typst.TypstError:
        half = len(clusters) // 2
        return [*_drawn(clusters[:half], probe), *_drawn(clusters[half:], probe)] if half else []
    return list(clusters)


def _compiled(source: Path, date: datetime | int) -> bytes:
    import typst

    compiler = typst.Compiler(source, root=source.parent, ignore_system_fonts=True)
    made = compiler.compile(format="pdf", pdf_standards="a-3b", timestamp=date)
    if not isinstance(made, bytes):
        raise TypeError("typst gave no document")
    return made
