"""Fly a project over a serial line, as a process of its own: DIR, lockstep or realtime, then the port."""

import sys
from contextlib import closing
from dataclasses import asdict
from json import dumps

from controller.controller import Controller
from controller.ports.serial import Lockstep, SerialPort
from controller.runtime import run


def main(directory: str, pace: str, url: str) -> None:
    """Fly until a signal; `ready` once the port is open, the summary as JSON at the end."""
    controller = Controller.load(directory, "native")
    with closing(SerialPort(url)) as port:
        print("ready", flush=True)
        if pace == "lockstep":
            line = Lockstep(port)
            summary = run(controller, line, clock=line)
        else:
            summary = run(controller, port, realtime=True)
        print(dumps(asdict(summary) | {"refused": port.splitter.refused}))


if __name__ == "__main__":
    main(*sys.argv[1:])
