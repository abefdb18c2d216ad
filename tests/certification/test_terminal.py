"""What a file's text can do to the terminal of who reads of it: nothing."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from certification import terminal

LIE = "a\x1b[2J\nseawall: all is shown\r\u202e[red]"


def test_a_text_writes_no_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    written = StringIO()
    console = Console(file=written, soft_wrap=True, force_terminal=False)
    monkeypatch.setattr(terminal, "err", console)
    monkeypatch.setattr(terminal, "out", console)
    row = {"id": "A-1", "source": "project", "status": "not shown", "where": "", "reasons": [LIE]}
    summary: dict[str, Any] = {
        "requirements": [row], "unsourced": [LIE], "orphans": {"tests": [LIE]},
        "pack_digest": "0", "pack": "p",
    }  # fmt: skip
    terminal.warn(LIE)
    terminal.pack(summary)
    lines = written.getvalue().splitlines()
    assert sum("a[U+001B][2J seawall: all is shown [U+202E][red]" in line for line in lines) == 4
    assert all(line.isprintable() for line in lines) and len(lines) == 8
