"""How a record or an annotation of the kernel looks in C: names, types, struct layouts, initialisers."""

from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from controller.kernel.records import Law, State, Substeps, Work, dimensions, is_integer

PREFIX = "sw_"


def scalar_type(hint: Any) -> str:
    """The C type of one element."""
    return "int64_t" if is_integer(hint) else "double"


def is_record(hint: Any) -> bool:
    """Whether a hint names a record (a C struct)."""
    return isinstance(hint, type) and is_dataclass(hint)


def extent(hint: Any) -> str:
    """The array suffix of a hint: "[SW_INPUTS][SW_HIDDEN]"."""
    return "".join(f"[{size_name(d)}]" for d in dimensions(hint))


def size_name(dimension: str) -> str:
    """The C constant of a dimension."""
    return f"SW_{dimension.upper()}"


def record_hints(record: Any) -> dict[str, Any]:
    """A record's fields and their annotations, sizes left out: they are constants in C."""
    hints = get_type_hints(record, include_extras=True)
    return {f.name: hints[f.name] for f in fields(record) if hints[f.name] is not Substeps}


def structs(*roots: Any) -> list[Any]:
    """The records that these contain, inner ones first, each once."""
    found: list[Any] = []
    for root in roots:
        inner = [h for h in record_hints(root).values() if is_record(h)]
        found += [r for r in [*structs(*inner), root] if r not in found]
    return found


def declare_structs(sizes: dict[str, int]) -> str:
    """The sizes and the structs of Law, State and Work, as C."""
    lines = ["enum {"]
    lines += [f"    {size_name(name)} = {value}," for name, value in sizes.items()]
    lines += ["};", ""]
    for record in structs(Law, State, Work):
        lines.append(f"/* {(record.__doc__ or '').splitlines()[0]} */")
        lines.append("typedef struct {")
        for name, hint in record_hints(record).items():
            kind = PREFIX + hint.__name__ if is_record(hint) else scalar_type(hint)
            lines.append(f"    {kind} {name}{'' if is_record(hint) else extent(hint)};")
        lines += [f"}} {PREFIX}{record.__name__};", ""]
    return "\n".join(lines)


def initialiser(value: Any, indent: str = "    ") -> str:
    """A C initialiser of a record, list or number; floats as hex, exact, with the decimal beside."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            rows = ",\n".join(indent + "    " + initialiser(v, indent + "    ") for v in value)
            return "{\n" + rows + "\n" + indent + "}"
        return "{" + ", ".join(initialiser(v) for v in value) + "}"
    lines = []
    for name in record_hints(type(value)):
        inner = getattr(value, name)
        text = initialiser(inner, indent + "    ")
        lines.append(f"{indent}.{name} = {text},{_decimal(inner)}")
    return "{\n" + "\n".join(lines) + "\n" + indent[4:] + "}"


def _decimal(value: Any) -> str:
    flat = value if isinstance(value, list) else [value]
    if not flat or not isinstance(flat[0], float):
        return ""
    return "  /* " + ", ".join(f"{v:.6g}" for v in flat) + " */"
