"""ser2net as a real process: a device behind rfc2217://."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_S = 30.0


@contextmanager
def served(device: str, folder: Path) -> Iterator[str]:
    """The URL of a device behind ser2net, whose files go in a folder."""
    if not shutil.which("ser2net"):
        pytest.skip("needs ser2net: apt-get install ser2net")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = folder / "ser2net.yaml"
    settings.write_text(
        f"connection: &line\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
        f"  connector: serialdev,{device},115200n81,local\n  options:\n    chardelay: false\n",
        encoding="utf-8",
    )
    with subprocess.Popen(["ser2net", "-n", "-u", "-c", str(settings)]) as server:
        try:
            _await(port, server)
            yield f"rfc2217://127.0.0.1:{port}?ign_set_control"
        finally:
            server.terminate()


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until and server.poll() is None
            time.sleep(0.05)
