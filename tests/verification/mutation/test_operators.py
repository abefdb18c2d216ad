"""The operators: what they make of small functions, and that nothing else of a file changes."""

import ast
from collections import Counter

import pytest

from verification import kept
from verification.mutation import kinds
from verification.mutation.kernel import RECORDS, mutants, sources
from verification.mutation.operators import of_file, of_records

TYPES = '''from typing import Annotated

Inputs = Annotated[list[float], "inputs"]
Ints = Annotated[list[int], "inputs"]


class Box:
    """Two rows and a count."""

    low: Inputs
    high: Inputs
    age: Ints
    count: int
'''
CLASSES = {
    "variable", "index", "arguments swapped", "field", "constant", "call dropped", "record", "named constant",
    "comparison", "statement doubled", "statement dropped", "operand dropped", "statements swapped",
    "loop's range", "operator", "operands swapped", "accumulation", "sign",
}  # fmt: skip


def made(body: str, operator: str) -> set[str]:
    """What one operator makes of the body of a function of a box and two numbers."""
    head = "LIMIT = 2.0\nOTHER = 3.0\n\n\ndef f(box: Box, j: int, a: float, b: float) -> float:\n"
    text = head + "".join(f"    {line}\n" for line in body.splitlines())
    space = kinds.read({"records.py": TYPES, "f.py": text})
    found = set()
    for mutant in of_file("f.py", text, space):
        changed = mutant.apply(text)
        ast.parse(changed)
        if mutant.operator == operator and mutant.function == "f":
            found.add(changed.removeprefix(head).replace("\n    ", "\n").strip())
    return found


@pytest.mark.parametrize(
    ("body", "operator", "wanted"),
    [
        ("return a - b", "operator", {"return a + b"}),
        ("return a - b", "operands swapped", {"return ((b) - (a))"}),
        ("return a - b", "operand dropped", {"return (a)", "return (b)"}),
        ("return a - b", "variable", {"return b - b", "return a - a"}),
        ("return a * 0.5", "operator", {"return a / 0.5"}),
        ("return (a - b) * 0.5", "operator", {"return (a + b) * 0.5", "return (a - b) / 0.5"}),
        ("return a * (b - 0.5)", "operator", {"return a * (b + 0.5)", "return a / (b - 0.5)"}),
        ("return -a", "sign", {"return a"}),
        ("return LIMIT", "named constant", {"return OTHER"}),
        ("return box.low[j]", "field", {"return box.high[j]"}),
        ("return box.low[j]", "index",
         {"return box.low[j + 1]", "return box.low[j - 1]", "return box.low[0]", "return box.low[1]"}),
        ("return 1.0", "constant",
         {"return 1.0000000000000002", "return 0.9999999999999999", "return (-1.0)", "return 0.0"}),
        ("box.count = 2", "constant", {"box.count = 3", "box.count = 1", "box.count = (-2)"}),
        ("return select(a, b, 1.0, a)", "comparison",
         {"return select(b, a, 1.0, a)", "return select(a, b, a, 1.0)", "return select(b, a, a, 1.0)"}),
        ("return select(j, 0, a, b)", "call dropped", {"return (a)", "return (b)"}),
        ("for i in range(3):\n    a = a + b", "loop's range",
         {f"for i in range({n}):\n    a = a + b" for n in ("3 - 1", "3 + 1", "1, 3")}),
        ("a = a + b", "accumulation", {"a = b"}),
        ("a += b", "accumulation", {"a = b", "a -= b"}),
        ("a = b\nb = a", "statement dropped", {"b = a", "a = b"}),
        ("a = b\nb = a", "statements swapped", {"b = a\na = b"}),
        ("a = b", "statement doubled", {"a = b\na = b"}),
        ("c, d = a, b", "arguments swapped", {"c, d = b, a"}),
    ],
)  # fmt: skip
def test_an_operator_makes_each_slip_of_its_kind(body: str, operator: str, wanted: set[str]) -> None:
    assert made(body, operator) == wanted


def test_a_record_gets_fields_of_other_types() -> None:
    space = kinds.read({"records.py": TYPES})
    found = {(m.old, m.new) for m in of_records("records.py", TYPES, space)}
    assert found == {("Inputs", "Ints"), ("Ints", "Inputs"), ("int", "float")}


def test_the_kernel_has_mutants_of_every_class() -> None:
    """Each once, each another text that Python reads, on the lines of the function that it names."""
    texts, found = sources(kept.ROOT), mutants(kept.ROOT)
    assert set(Counter(m.operator for m in found)) == CLASSES and len(found) > 4000
    assert len({(m.file, m.start, m.end, m.new) for m in found}) == len({m.name for m in found}) == len(found)
    for mutant in found[:: len(found) // 400]:
        changed = mutant.apply(texts[mutant.file])
        ast.parse(changed)
        before = texts[mutant.file].splitlines()[: mutant.line - 1]
        assert changed != texts[mutant.file] and changed.splitlines()[: mutant.line - 1] == before


def test_every_function_and_record_of_the_kernel_is_changed() -> None:
    trees = {name: ast.parse(text) for name, text in sources(kept.ROOT).items() if name != "scalar.py"}
    named = {
        node.name
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef if name == RECORDS else ast.FunctionDef)
    }
    assert not named - {m.function for m in mutants(kept.ROOT)}
