"""One byte form for every JSON file of a pack, and the digests over files."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def dump(data: Any) -> bytes:
    """JSON with sorted keys, two spaces and a final newline; refuses NaN and Inf (ValueError).

    Half of a surrogate pair, which UTF-8 has no bytes for, is written as the escape that JSON has for it.
    """
    text = json.dumps(data, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def load(data: bytes) -> Any:
    """JSON that `dump` could have written; ValueError on all else (NaN, a key twice, broken text)."""
    try:
        found = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
        dump(found)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def listing_digest(files: Mapping[str, str]) -> str:
    """SHA-256 over `digest  path` lines in order of path, as sha256sum prints them."""
    return sha256("".join(f"{files[path]}  {path}\n" for path in sorted(files)).encode())


def sources_digest(sources: Mapping[str, str]) -> str:
    """The digest that names printed C: SHA-256 over names and texts, in order of name.

    Written a second time here on purpose: an audit must not share the writer's code.
    """
    sha = hashlib.sha256()
    for name in sorted(sources):
        sha.update(f"{name}\0{sources[name]}\0".encode())
    return sha.hexdigest()
