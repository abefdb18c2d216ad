"""Agents with one thing wrong that still claim to be the proved program."""

from pathlib import Path

from controller.project import Project
from hil.targets import agent_sources, compile_agent


def mutant(project: Project, file: str, *edits: tuple[str, str]) -> Path:
    """The agent with each text of a file replaced, once; its identity is that of the true one."""
    sources = agent_sources(project)
    for old, new in edits:
        assert sources[file].count(old) == 1, old
        sources[file] = sources[file].replace(old, new)
    return compile_agent(sources)
