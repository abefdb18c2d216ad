"""What a pack says of a project: names, digests, ranges with units and sources, and its requirements."""

from typing import Any

from controller.project import Project


def about(project: Project) -> dict[str, Any]:
    """The `project_info` of write_pack()."""
    config = project.config
    inputs = ("name", "unit", "low", "high", "stale_us", "source")
    outputs = ("name", "unit", "low", "high", "safe", "max_rate", "source")
    return {
        "name": project.name,
        "network_digest": project.network_digest,
        "config_digest": project.config_digest,
        "period_us": config.controller.period_us,
        "dt": config.dt.model_dump(),
        "inputs": [i.model_dump(include=set(inputs)) for i in config.input],
        "outputs": [o.model_dump(include=set(outputs)) for o in config.output],
        "requirements": [r.model_dump() for r in config.requirement],
    }
