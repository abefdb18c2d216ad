"""The pseudo-random flight: it repeats, and it goes through every mode and every cause that can come."""

from controller.kernel.modes import COMMAND_BAD, HEALTHY, STATE_LIMIT
from controller.project import Project
from hil.inputs import Stream, draw
from hil.reference import NativeReference


def test_splitmix_is_the_published_one() -> None:
    """The first outputs of splitmix64 from seed 0 (Vigna's test vector)."""
    assert [draw(0, 0, n) for n in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_every_mode_and_reachable_cause_is_flown(project: Project) -> None:
    stream, reference = Stream(project.law, 1), NativeReference(project)
    modes, causes = set(), set()
    for _ in range(20_000):
        reference.fly(stream.next())
        modes.add(reference.mode)
        causes.add(reference.cause)
    assert modes == {0, 1, 2}
    assert causes == set(range(HEALTHY, 9)) - {STATE_LIMIT, COMMAND_BAD}
    assert min(vars_of(reference)) > 0


def vars_of(reference: NativeReference) -> list[int]:
    box = reference.snapshot().inbox
    return [box.late, box.duplicate, box.overflow + 1, box.refused]
