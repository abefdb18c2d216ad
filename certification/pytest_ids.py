"""A pytest plugin: each test's own id goes into its JUnit XML, and what was collected into a file."""

import json
import os
from pathlib import Path
from typing import Any

from certification.results import NODE_ID

COLLECTED = "SEAWALL_COLLECTED"  # the environment's name for that file's path


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """The ids that a class's name in a JUnit file only hints at."""
    for item in items:
        item.user_properties.append((NODE_ID, item.nodeid))


def pytest_collection_finish(session: Any) -> None:
    """The ids of all tests that will run."""
    path = os.environ.get(COLLECTED)
    if path:
        Path(path).write_text(json.dumps([item.nodeid for item in session.items]), encoding="utf-8")
