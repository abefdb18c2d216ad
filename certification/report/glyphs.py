"""Texts that every reader can see: a character without a picture is named instead, as in [U+5B57].

In the browser that is what has no picture anywhere, or would turn the text around it about; on paper it is
also what the fonts that come with typst lack, since a document of PDF/A may not refer to others.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

LONGEST = 24  # characters of a word that is left whole
SEPARATOR = re.compile(r"[/_.:,;=\]]+(?=.)")
LONG = re.compile(r"[^\W_]{25,}")
DIGEST = re.compile(r"[0-9a-f]{64}")
BLANK = str.maketrans("\n\r\t\v\f\x85\u2028\u2029", " " * 8)
UNSEEN = ("Cc", "Cs", "Co", "Cn")  # control, half of a pair, of private use, unassigned
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that look like nothing
MOST_MARKS = 8  # on one letter; more would tower over the lines beside it
JOINERS = "\u200c\u200d"  # they shape the letters beside them
DRAWING = "<svg"  # a text that begins so is a picture of our own


def stand_in(character: str) -> str:
    """The name of a character in place of its picture."""
    return f"[U+{ord(character):04X}]"


def for_browser(text: str) -> str:
    """The text with the stand-ins that a browser needs; letters of all scripts stay."""
    return "".join(c if _seen(c) else stand_in(c) for c in _named_marks(text.translate(BLANK)))


def _named_marks(text: str) -> Iterator[str]:
    """Its characters; of the marks on one letter those beyond MOST_MARKS as their stand-ins' characters."""
    marks = 0
    for c in text:
        marks = marks + 1 if unicodedata.category(c).startswith("M") else 0
        yield from c if marks <= MOST_MARKS else stand_in(c)


def for_paper(text: str, drawn: Callable[[str], bool]) -> str:
    """The text with the stand-ins that paper needs, and places to break long words.

    drawn: whether the fonts have a character together with the marks that it carries.
    """
    named = "".join(_named_marks(text))
    clusters = "".join(_on_paper(cluster, drawn) for cluster in clusters_of(named))
    return " ".join(_breakable(word) for word in clusters.split(" "))


def _on_paper(cluster: str, drawn: Callable[[str], bool]) -> str:
    if cluster.isascii() and cluster.isprintable():
        return cluster
    whole = all(_seen(c) and c not in JOINERS for c in cluster) and drawn(cluster)
    return (
        cluster if whole else "".join(c if c.isascii() and c.isprintable() else stand_in(c) for c in cluster)
    )


def clusters_of(text: str) -> Iterator[str]:
    """Each character with the marks behind it, in order; line ends and tabs are blanks."""
    cluster = ""
    for c in unicodedata.normalize("NFC", text.translate(BLANK)):
        if cluster and not unicodedata.category(c).startswith("M"):
            yield cluster
            cluster = ""
        cluster += c
    if cluster:
        yield cluster


def everywhere(data: Any, change: Callable[[str], str]) -> Any:
    """The data with each text changed but for keys and pictures."""
    if isinstance(data, str):
        return data if data.startswith(DRAWING) else change(data)
    if isinstance(data, dict):
        return {key: everywhere(value, change) for key, value in data.items()}
    return [everywhere(entry, change) for entry in data] if isinstance(data, (list, tuple)) else data


def texts(data: Any) -> set[str]:
    """All that everywhere() changes."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    everywhere(data, note)
    return set(found)


def _seen(c: str) -> bool:
    """Whether it has a picture, or shapes its neighbours; the format characters that turn text don't."""
    kind = unicodedata.category(c)
    return c not in BLANKS and kind not in UNSEEN and (kind != "Cf" or c in JOINERS)


def _breakable(word: str) -> str:
    """A long word with zero-width spaces in it, so that it stays in its cell; a digest is left whole."""
    if len(word) <= LONGEST or DIGEST.fullmatch(word):
        return word
    apart = SEPARATOR.sub("\\g<0>\u200b", word)
    return LONG.sub(lambda run: "\u200b".join(re.findall(".{1,8}", run[0])), apart)
