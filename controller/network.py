"""network.json: the weights of an LTC and its decoder, loaded strictly, with the digest of the file."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import FailFast

from controller.config import Gain, Table
from controller.errors import InputError
from controller.faults import checked, digest, place, read_bytes, shorten, text_of
from controller.kernel.records import Network

SIZE_LIMIT = 64 * 1024 * 1024

Vector = Annotated[list[Gain], FailFast()]
Matrix = Annotated[list[Vector], FailFast()]


class NetworkFile(Table):
    """The shape of network.json; |weight| <= 1e9."""

    w_in: Matrix
    w_rec: Matrix
    b: Vector
    tau_gain: Vector
    tau_bias: Vector
    w_out: Matrix
    b_out: Vector


SHAPES = {
    "b": ("hidden",),
    "tau_gain": ("hidden",),
    "tau_bias": ("hidden",),
    "b_out": ("outputs",),
    "w_in": ("inputs", "hidden"),
    "w_rec": ("hidden", "hidden"),
    "w_out": ("hidden", "outputs"),
}


def load_network(path: Path, inputs: int, outputs: int) -> tuple[Network, str]:
    """The network, and the SHA-256 of the file's bytes; raises InputError on any fault.

    w_in: inputs x hidden, w_rec: hidden x hidden, w_out: hidden x outputs; the length of b is hidden.
    """
    data = read_bytes(path, SIZE_LIMIT)
    weights = checked(NetworkFile, _parse(text_of(data, path), path), path)
    hidden = len(weights.b)
    if hidden == 0:
        raise InputError(f"{path}: b: is empty; a network needs at least one hidden neuron")
    sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
    for name, dimensions in SHAPES.items():
        _check_shape(getattr(weights, name), name, dimensions, sizes, path)
    return Network(**{name: getattr(weights, name) for name in NetworkFile.model_fields}), digest(data)


def _parse(text: str, path: Path) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            seen: set[str] = set()
            twice = next(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            raise InputError(f"{place(path, [twice])}: stands twice; remove one")
        return found

    def constant(word: str) -> Any:
        at = re.search(rf'(?<!["\w]){re.escape(word)}(?!["\w])', text)
        line = text.count("\n", 0, at.start()) + 1 if at else 1
        raise InputError(f"{path}: line {line}: {word} is no weight; give finite numbers")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as fault:
        where = f"{path}: line {fault.lineno} column {fault.colno}"
        raise InputError(f"{where}: is not JSON ({fault.msg}); mend or export it again") from None
    except (RecursionError, MemoryError):
        raise InputError(f"{path}: is nested too deeply; give one object with the seven arrays") from None
    except ValueError as fault:
        said = shorten(str(fault))
        raise InputError(f"{path}: has a number that can't be read ({said}); write it shorter") from None


def _check_shape(
    value: list[Any], name: str, dimensions: tuple[str, ...], sizes: dict[str, int], path: Path
) -> None:
    wanted = [sizes[d] for d in dimensions]
    found = [len(value)]
    if len(wanted) == 2:
        widths = [len(row) for row in value]
        odd = next((i for i, width in enumerate(widths) if width != widths[0]), None)
        if odd is not None:
            where = place(path, [name, odd])
            raise InputError(
                f"{where}: ragged: has {widths[odd]} entries, row 0 has {widths[0]}; make rows equal"
            )
        found.append(widths[0] if widths else 0)
    if found != wanted:
        shown, meant = (" x ".join(str(n) for n in shape) for shape in (found, wanted))
        words = " x ".join(dimensions)
        raise InputError(
            f"{place(path, [name])}: is {shown}, must be {words} = {meant}; mend or export it again"
        )
