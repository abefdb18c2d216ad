"""Bad files become one sentence: reading with limits, and pydantic's errors in plain words."""

import difflib
import hashlib
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from controller.errors import InputError
from controller.kinds import other_than

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[int | str]

WORDS = {
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "too_short": "is empty",
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than": "is too large",
    "less_than_equal": "is too large",
    "literal_error": "is not supported",
}
MENDS = {
    "float_type": "write it as a number without quotes",
    "finite_number": "give a finite number",
    "int_type": "write it as a whole number without quotes",
    "int_from_float": "write it without a fraction",
    "string_type": "put it in quotes",
    "list_type": "write it in [ ]",
    "too_short": "give at least one",
}


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; its size is looked at before it is read.

    Raises InputError if it is missing, no plain file, too large or unreadable.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path}: is a directory; give a file")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is not a plain file; give a file")
        if status.st_size > limit:
            raise InputError(f"{path}: has {status.st_size} bytes; at most {limit} are read")
        with path.open("rb") as stream:
            return stream.read(limit)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the path") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise InputError(f"{str(path)!r}: can't be read ({reason}); check the path and its rights") from None


def text_of(data: bytes, path: Path) -> str:
    """The bytes as UTF-8 text; raises InputError with what they are, or the offset of the first bad byte."""
    odd = other_than(path.suffix[1:].upper() or "text", data)
    if odd:
        raise InputError(f"{path}: {odd}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InputError(f"{path}: byte {fault.start} is not UTF-8; save the file as UTF-8") from None


def digest(data: bytes) -> str:
    """SHA-256, as hex."""
    return hashlib.sha256(data).hexdigest()


def checked(model: type[Model], data: Any, path: Path, text: str | None = None) -> Model:
    """The data as a model; raises InputError with the first fault, its key path, and its line in `text`."""
    try:
        return model.model_validate(data)
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_context=True)
        raise InputError(_sentence(errors, path, text)) from None
    except (RecursionError, MemoryError):
        raise InputError(f"{path}: is nested too deeply; write it flat") from None


def place(path: Path, location: Location, text: str | None = None) -> str:
    """`file: line 12: input[0].low`; list positions count from 0, as in the file's order."""
    keys = "".join(f"[{k}]" if isinstance(k, int) else f".{shorten(k)}" for k in location).lstrip(".")
    line = find_line(text, location) if text else None
    return f"{path}: line {line}: {keys}" if line else f"{path}: {keys or 'the file'}"


def shorten(value: Any) -> str:
    """A value for a message: one line, at most 40 characters."""
    text = value if isinstance(value, str) else type(value).__name__
    if isinstance(value, bool | float | None):
        text = repr(value)
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if abs(value) < 10**38 else "an integer of more than 38 digits"
    clean = "".join(c if c.isprintable() else "?" for c in text[:41])
    return clean if len(clean) <= 40 else clean[:37] + "..."


def find_line(text: str, location: Location) -> int | None:
    """The line of a key in a TOML text of the usual layout, or of its table; None where not found."""
    tables = [str(k) for k in location[:-1] if isinstance(k, str)] or [str(location[0])] if location else []
    numbers = [k for k in location if isinstance(k, int)]
    key, wanted = str(location[-1]) if location else "", numbers[0] if numbers else 0
    seen, inside, head = -1, False, None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line)
        if header:
            match = header[2].split(".") == tables
            seen += match
            inside = match and seen == wanted
            head = number if inside else head
        elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return head


def _sentence(errors: Sequence[Any], path: Path, text: str | None) -> str:
    missing = [e for e in errors if e["type"] == "missing"]
    for error in errors:  # a misspelt key shows as one missing and one unknown: name the misspelling
        if error["type"] != "extra_forbidden":
            continue
        location = error["loc"]
        near = [str(e["loc"][-1]) for e in missing if e["loc"][:-1] == location[:-1]]
        guess = difflib.get_close_matches(str(location[-1]), near, 1, 0.6)
        mend = f"did you mean {guess[0]!r}?" if guess else "remove it or check its spelling"
        if guess or error is errors[0]:
            return f"{place(path, location, text)}: unknown key; {mend}"
    error = errors[0]
    location, kind = error["loc"], error["type"]
    where = place(path, location, text)
    if kind == "extra_forbidden":
        return f"{where}: unknown key; remove it or check its spelling"
    if kind == "missing":
        return f"{where}: is missing; add it"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{where}: must be a table, not {_shown(error)}; write its keys below a header"
    if kind == "value_error":
        return f"{where}: {error['msg'].removeprefix('Value error, ')}"
    bounds = error.get("ctx", {})
    limit = next((f"{word} {bounds[k]}" for k, word in LIMITS if k in bounds), "")
    mend = MENDS.get(kind) or (f"it must be {limit}" if limit else error["msg"])
    return f"{where}: {WORDS.get(kind, 'is wrong')} (it is {_shown(error)}); {mend}"


LIMITS = (("gt", "above"), ("ge", "at least"), ("lt", "below"), ("le", "at most"), ("expected", "one of"))


def _shown(error: Any) -> str:
    value = error["input"]
    return f"the string {shorten(value)!r}" if isinstance(value, str) else shorten(value)
