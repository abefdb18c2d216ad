"""Page and document of a pack, rendered again from what its files say."""

import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from certification.opened import Opened
from certification.report.render import html, pdf, renderer_digest


def findings(pack: Opened, evidence: dict[str, Any]) -> Iterator[str]:
    """A sentence where a report is not what evidence.json and hil/ give, byte for byte."""
    for key, here in (("renderer", renderer_digest()), ("typst", version("typst"))):
        if pack.manifest.get(key) != here:
            what = f"its {key} is {pack.manifest.get(key)!r}, and this Seawall's is {here!r}"
            yield f"manifest.json: {what}; audit with that one, or make the pack again with this one"
    shown = pack.load("hil/measured.json") | {"histogram": pack.load("hil/histogram.json")}
    if _rendered(lambda: html(evidence, shown)) != pack.read("index.html"):
        yield "index.html: is not what evidence.json and hil/ give"
    with tempfile.TemporaryDirectory() as folder:
        if _rendered(lambda: pdf(evidence, shown, Path(folder))) != pack.read("evidence.pdf"):
            yield "evidence.pdf: is not what evidence.json and hil/ give"


def _rendered(render: Callable[[], bytes]) -> bytes:
    """The report, or nothing: tampered data may fail in the renderers in any way."""
    try:
        return render()
    except Exception:
        return b""
