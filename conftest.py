"""Where SEAWALL_NO_SKIP is set (in CI), a skipped test is an error; soak tests run only when asked for."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

# A shell in the background hands down SIGINT as ignored; the processes that tests start must feel it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long campaigns unless -m names a marker."""
    if not config.getoption("-m"):
        soak = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if item not in soak]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """In CI a skip fails."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("SEAWALL_NO_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
