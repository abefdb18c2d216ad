"""Fly a trace of the adversary on the kernel itself: the living definition judges what the search says."""

from typing import Any

from controller.kernel.records import State, Work, allocate
from controller.kernel.step import receive, reset, step
from controller.project import Project


def fly(project: Project, trace: list[dict[str, Any]]) -> tuple[State, Work]:
    """The kernel's buffers after the steps of a trace, samples pushed through the inbox."""
    state, work = allocate(State, project.sizes), allocate(Work, project.sizes)
    reset(project.law, state)
    now = 0
    for segment in trace:
        for _ in range(segment["steps"]):
            now += segment["dt_us"]
            for j, value in enumerate(segment["inputs"]):
                receive(project.law, state, now, j, now, value)
            step(project.law, state, work, now, 0)
    return state, work
