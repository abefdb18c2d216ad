"""Any text that TOML, JUnit or a target can hold makes a pack that passes its audit, and is seen in it."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.report import glyphs
from certification.report.render import drawn
from tests.certification.fixture import Inputs, project_tables
from tests.certification.forger import disagreeing

MARKUP = '#let x = 1 $x$ *b* _i_ @r <l> </td><b> {{ v }} "\\'
TEXTS = {
    "CJK": "温度 字",
    "kana": "かな カナ",
    "Hangul": "한글",
    "Thai": "ไทย",
    "emoji": "😀 👩\u200d👩\u200d👧",
    "Hebrew and Arabic": "שלום سلام",
    "marks": "e\u0301 x\u0301\u0302 \u0301",
    "control": "a\x00b\x01c\x1b[31m\x7f",
    "turned about": "a\u202ebc\u2066d",
    "half a pair": "a\ud800b",
    "private, unassigned": "\ue000\U000e0fff\uffff",
    "invisible": "a\u200bb\u00adc\ufeff",
    "blank letters": "a\u3164b\u2800c\uffa0d\u115fe\u034ff",
    "a tower of marks": "a" + "\u0338\u0301" * 40,
    "lines": "a\nb\r\nc\td\u2028e",
    "long": "w" * 400 + "/" + "字" * 80,
    "markup": MARKUP,
}


def written(folder: Path, text: str) -> Path:
    """A pack in which a text stands wherever a user's or a target's can."""
    inputs, data = Inputs(), project_tables()
    assert inputs.hil is not None
    inputs.hil["target"] |= {"name": text, "machine": text}
    inputs.hil["faults"][0]["observed"] = text
    if "\ud800" not in text:  # TOML and a verdict can't hold it
        data["input"][0] |= {"unit": text, "source": text}
        data["output"][0] |= {"unit": text, "source": text}
        data["requirement"][0]["text"] = text
        inputs.declare(data)
        inputs.open("FINITE", text)
        inputs.claim("FINITE").update(statement=text, assumptions=[text], counterexample={text: text})
    return inputs.write(folder).path


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_makes_a_pack(tmp_path: Path, text: str) -> None:
    pack = written(tmp_path, text)
    assert (pack / "evidence.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert disagreeing(pack) == ""


def test_what_looks_like_nothing_is_named() -> None:
    for text in ("\u3164", "\u2800", "\uffa0", "\u115f", "\u1160", "\u034f"):
        assert glyphs.for_browser(f"a{text}") == f"a[U+{ord(text):04X}]"
    assert glyphs.for_browser("\u3000") == "\u3000"  # a blank, as wide as a letter of its script


def test_marks_do_not_pile_up_over_other_lines() -> None:
    few = "x" + "\u0301" * 8
    assert glyphs.for_browser(few) == few
    assert glyphs.for_browser(few + "\u0338" * 2 + "y") == few + "[U+0338][U+0338]y"


def test_a_browser_gets_the_letters_themselves(tmp_path: Path) -> None:
    page = (written(tmp_path, "温度 한 ไ 😀 א x\u0301 \x01 \u202e") / "index.html").read_text()
    assert "温度 한 ไ 😀 א x\u0301 [U+0001] [U+202E]" in page and "\x01" not in page and "\u202e" not in page


def test_paper_gets_what_typst_can_draw_and_names_the_rest() -> None:
    there = drawn(glyphs.clusters_of("°C µΩ√ é ж א 字 😀"))

    def paper(text: str) -> str:
        return glyphs.for_paper(text, there.__contains__)

    assert paper("°C µΩ√ e\u0301 ж א") == "°C µΩ√ é ж א"
    assert paper("字\x00😀\u202e") == "[U+5B57]\u200b[U+0000]\u200b[U+1F600]\u200b[U+202E]"
    assert paper("a\nb") == "a b"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_no_text_is_lost_unseen(text: str) -> None:
    """Where the fonts have nothing but ASCII, each character stands there or its name does."""
    blank = unicodedata.normalize("NFC", text.translate(glyphs.BLANK))
    named = "".join(c if c.isascii() and c.isprintable() else glyphs.stand_in(c) for c in blank)
    assert glyphs.for_paper(text, lambda c: False).replace("\u200b", "") == named
    assert all(unicodedata.category(c) not in glyphs.UNSEEN for c in glyphs.for_browser(text))


def test_long_words_can_be_broken_and_digests_are_not() -> None:
    long, digest = glyphs.for_paper("w" * 100, lambda c: True), "5b" * 32
    assert max(map(len, long.split("\u200b"))) == 8 and long.replace("\u200b", "") == "w" * 100
    assert glyphs.for_paper(digest, lambda c: True) == digest
