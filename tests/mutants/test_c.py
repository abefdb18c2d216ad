"""Every mutant of the printed C is refused by a claim that reads it; what survives is the same program.

A seeded sample here, all of them with `make soak`.
"""

import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby

import pytest

from tests.mutants.c_judge import FILES, Mutant, files, mutants, refused_by
from tests.mutants.c_operators import MEMBER, OPERATORS
from tests.mutants.c_same import reason_of

EACH = 1  # of one operator, in the sample
TOKENS = "a token dropped or doubled"
KERNEL_C = "kernel.c"  # the same text for all sizes


def sample(seed: int) -> list[Mutant]:
    """A few of each operator, of every file that it changes."""
    drawn = random.Random(seed)
    found = sorted(mutants("small"), key=lambda m: (m.operator, m.file))
    groups = [list(g) for _, g in groupby(found, key=lambda m: m.operator)]
    return [m for group in groups for m in drawn.sample(group, min(EACH, len(group)))]


def whole(project: str) -> list[Mutant]:
    """All, but of kernel.c one token in ten; and of the cart's, which has the same text, one edit in ten."""
    found = mutants(project)
    kernel = [m for m in found if m.file == KERNEL_C]
    plain = [m for m in kernel if m.operator != TOKENS]
    tokens = [m for m in kernel if m.operator == TOKENS]
    kept = plain if project == "small" else plain[::10]
    return [m for m in found if m.file != KERNEL_C] + kept + tokens[:: 10 if project == "small" else 100]


def escaped(tried: list[Mutant], claims: list[str | None]) -> list[str]:
    """Mutants that no claim refuses, though nothing shows that they are the same program."""
    left = [m for m, claim in zip(tried, claims, strict=True) if claim is None]
    return [f"{m.operator}: {m.what}" for m in left if not reason_of(m)]


def test_each_operator_makes_mutants() -> None:
    made = Counter(m.operator for m in mutants("small"))
    assert made.keys() == {*OPERATORS, MEMBER}
    assert {m.file for m in mutants("small")} == set(FILES)
    assert made.total() - made[TOKENS] > 10_000


@pytest.mark.parametrize("project", ["small", "cart"])
def test_the_unchanged_files_are_not_refused(project: str) -> None:
    """Else every mutant were refused for nothing."""
    for file in FILES:
        assert refused_by(Mutant(project, "none", file, "", files(project)[file])) is None


def test_a_sample_of_the_mutants_is_refused() -> None:
    tried = sample(8)
    assert escaped(tried, [refused_by(m) for m in tried]) == []


@pytest.mark.soak
@pytest.mark.parametrize("project", ["small", "cart"])
def test_every_mutant_is_refused(project: str) -> None:
    tried = whole(project)
    with ProcessPoolExecutor() as workers:
        claims = list(workers.map(refused_by, tried, chunksize=20))
    refused = Counter((m.operator, claim is not None) for m, claim in zip(tried, claims, strict=True))
    for name in sorted({m.operator for m in tried}):
        print(
            f"{name:45} {refused[name, True] + refused[name, False]:6} tried {refused[name, True]:6} refused"
        )
    assert escaped(tried, claims) == []
