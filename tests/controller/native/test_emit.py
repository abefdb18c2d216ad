"""The printer keeps the kernel in its language: each thing outside it is refused with its file and line."""

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.kernel import records, scalar
from controller.kernel.records import Inputs, State
from controller.kernel.scalar import real, select
from controller.kernel.step import receive, reset, step
from controller.native.bundle import kernel_sources
from controller.native.emit import LanguageError, print_kernel

# ruff: noqa: E731, F401, F841, PLR, RUF015, SIM, UP
SIZES = {"inputs": 2, "hidden": 8, "outputs": 1, "substeps": 1, "slots": 8}
WORD = "text"
GAIN = 3.0


def branch(x: float) -> float:
    if x < 0.0:  # here
        return 0.0
    return x


def conditional(x: float) -> float:
    return x if x > 0.0 else 0.0  # here


def comparison(x: float) -> float:
    low = x < 0.0  # here
    return x


def both(x: float) -> float:
    return x and 1.0  # here


def truth(x: float) -> float:
    return x + True  # here


def library(x: float) -> float:
    return math.sin(x)  # here


def builtin(x: float) -> float:
    return max(x, 0.0)  # here


def conversion(n: int) -> float:
    return float(n)  # here


def method(x: float) -> str:
    return x.hex()  # here


def unknown_name(x: float) -> float:
    return x + nowhere  # type: ignore[name-defined,no-any-return] # noqa: F821 # here


def no_number(x: float) -> float:
    return x + WORD  # type: ignore[operator] # here


def power(x: float) -> float:
    y = x * GAIN
    return y**2.0  # type: ignore[no-any-return] # here


def remainder(x: float) -> float:
    return x % 2.0  # here


def endless(x: float) -> float:
    return x + 1e999  # here


def whole_division(n: int) -> int:
    return n / 2  # type: ignore[return-value] # here


def allocation(x: float) -> float:
    pair = [x, x]  # here
    return x


def comprehension(x: float) -> float:
    return [x for _ in range(3)]  # type: ignore[return-value] # here


def function_inside(x: float) -> float:
    twice = lambda v: v + v  # here
    return x


def import_inside(x: float) -> float:
    import os  # here

    return x


def while_loop(x: float) -> float:
    while x:  # here
        x = x - 1.0
    return x


def loop_over_values(xs: Inputs) -> float:
    total = 0.0
    for x in xs:  # here
        total = total + x
    return total


def loop_with_else(x: float) -> float:
    for _ in range(3):  # here
        x = x + 1.0
    else:
        x = 0.0
    return x


def loop_from(x: float) -> float:
    for _ in range(1, 3):  # here
        x = x + 1.0
    return x


def loop_on_data(n: int) -> int:
    total = 0
    for _ in range(n):  # here
        total = total + 1
    return total


def loop_on_choice(n: int) -> int:
    total = 0
    for _ in range(select(n, 2, 1, 2)):  # here
        total = total + 1
    return total


def leaving_a_loop(x: float) -> float:
    for _ in range(3):
        break  # here
    return x


def name_after_its_loop(x: float) -> float:
    for _ in range(3):
        y = x
    return y  # here


def named_arguments(x: float) -> float:
    return select(a=x, b=x, x=x, y=x)  # here


def exchange(x: float, y: float) -> float:
    x, y = y, x  # here
    return x


def slice_of(xs: Inputs) -> float:
    return xs[0:1]  # type: ignore[return-value] # here


def from_the_end(xs: Inputs) -> float:
    return xs[-1]  # here


def length_of_a_number(x: float) -> int:
    return len(x)  # type: ignore[arg-type] # here


def exception(x: float) -> float:
    try:  # here
        y = x
    except ValueError:
        y = 0.0
    return y


def global_store(x: float) -> float:
    global GAIN  # here
    GAIN = x
    return x


def itself(x: float) -> float:  # here
    return itself(x)


def by_another(x: float) -> float:  # here
    return and_back(x)


def and_back(x: float) -> float:
    return by_another(x)


def untyped(x):  # type: ignore[no-untyped-def] # here
    return x


def keep(xs: Inputs, x: float) -> float:
    xs[0] = x
    return x


def keep_by_another(xs: Inputs, x: float) -> float:
    y = keep(xs, x)
    return y


def writes_in_an_argument(xs: Inputs, x: float) -> float:
    return select(xs[0], keep(xs, x), x, 0.0)  # here


def writes_in_an_operand(xs: Inputs, x: float) -> float:
    xs[1] = xs[0] + keep_by_another(xs, x)  # here
    return x


def writes_in_a_sum(xs: Inputs, x: float) -> float:
    xs[0] += keep(xs, x)  # here
    return x


def writes_in_an_index(xs: Inputs, ys: Inputs, n: int) -> int:
    ys[counted(xs, n)] = 0.0  # here
    return n


def counted(xs: Inputs, n: int) -> int:
    xs[0] = 0.0
    return n


BAD = [
    branch, conditional, comparison, both, truth, library, builtin, conversion, method,
    unknown_name, no_number, power, remainder, endless, whole_division, allocation, comprehension,
    function_inside, import_inside, while_loop, loop_over_values, loop_with_else, loop_from,
    loop_on_data, loop_on_choice, leaving_a_loop, name_after_its_loop, named_arguments, exchange,
    slice_of, from_the_end, length_of_a_number, exception, global_store, itself, by_another,
    untyped, writes_in_an_argument, writes_in_an_operand, writes_in_a_sum, writes_in_an_index,
]  # fmt: skip


@pytest.mark.parametrize("function", BAD, ids=lambda f: f.__name__)
def test_refused_with_file_and_line(function: Callable[..., Any]) -> None:
    lines, first = inspect.getsourcelines(function)
    line = first + next(i for i, text in enumerate(lines) if "# here" in text)
    with pytest.raises(LanguageError) as refused:
        print_kernel([function])
    assert str(refused.value).startswith(f"controller/native/test_emit.py:{line}: ")


def test_the_file_is_named_from_the_root_of_the_package() -> None:
    assert Path(__file__).parts[-3:] == ("controller", "native", "test_emit.py")


def spared(x: float, n: int) -> float:
    """What the language has: all of it in one function."""
    y = -x * 2.0 + abs(x) / 4.0
    y += real(n) - GAIN
    for _ in range(3):
        y = select(y, 0.0, y, -(y - 1.0))
    return y


def test_the_words_of_the_language_are_printed() -> None:
    _, text = print_kernel([spared])
    for piece in ("-x * 2.0 + magnitude(x) / 4.0", "(double)n", "static const double GAIN = 0x1.8", "< 3;"):
        assert piece in text
    assert "either_real(less_real(y, 0.0), y, -(y - 1.0))" in text


def test_a_call_that_writes_may_stand_alone() -> None:
    """As a statement, as a right side and as what is returned."""
    _, text = print_kernel([keeps])
    assert "double y = sw_keep(xs, x);" in text and "return sw_keep(xs, y);" in text


def keeps(xs: Inputs, x: float) -> float:
    keep(xs, x)
    y = keep(xs, x)
    return keep(xs, y)


def test_every_kernel_function_names_its_source() -> None:
    """A reader finds the Python of each C function: file, line, and the line number of each statement."""
    text = kernel_sources(SIZES)["kernel.c"]
    for function in (reset, receive, step):
        first = inspect.getsourcelines(function)[1]
        assert f"controller/kernel/step.py:{first}  " in text
    body = [line for line in text.splitlines() if line.startswith("    ") and line.rstrip().endswith(";")]
    assert not body, body[:3]  # statements end in their line's number


def test_what_a_function_only_reads_is_const() -> None:
    prototypes, _ = print_kernel([reset, receive, step])
    assert "seawall_step(const sw_Law *law, sw_State *state, sw_Work *work," in prototypes


def test_the_kernel_uses_the_words_it_was_given() -> None:
    """The records and words that this file prints with are the kernel's own."""
    assert State is records.State and select is scalar.select
