"""Judges mutants one after another, each in a forked process that imports the mutant in the kernel's place.

python -m verification.mutation.worker ROOT PROJECT ANSWERS LIMIT_S: reads an object a line, {files, printed,
same}, and writes what judge() says of it, a line. ROOT holds the packages, ANSWERS what solvers have said.
It is a process of its own, since what a child imports must not have been imported before; it forks, since the
solvers need a second to load.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

OURS = ("controller", "verification")
HEAVY = ("numpy", "z3", "cvc5", "bitwuzla", "pycparser", "crosshair.core_and_libs")
STEADY = ("controller.config", "controller.errors")  # ours, slow to import, and they import nothing of ours
WATCH_S = 0.5  # between two looks at whether anybody waits


def _warm() -> None:
    """Load what is heavy, and what is ours but steady."""
    for name in (*HEAVY, *STEADY):
        __import__(name)


def _forget(files: list[str]) -> None:
    """Nothing of ours stays imported but what is steady, unless it is among the changed files."""
    changed = {file.removesuffix(".py").replace("/", ".") for file in files}
    steady = {*STEADY} - changed
    for name in [n for n in sys.modules if n.split(".")[0] in OURS and n not in steady]:
        del sys.modules[name]


def _child(task: dict[str, Any], root: Path, project: Path, answers: Path, place: Path, out: int) -> None:
    """Judge one mutant; its word goes to `out`."""
    Thread(target=_end_with, args=(task["parent"],), daemon=True).start()
    sys.dont_write_bytecode = True
    from verification.mutation.tree import plant

    plant(root, place, task["files"])
    _forget([*task["files"]])
    sys.path.insert(0, str(place))
    os.chdir(place)  # no module is found beside us
    from verification.mutation.judge import judge

    said = judge(project, place / "proofs", answers, task["same"], task["printed"])
    os.write(out, json.dumps(said).encode())


def _end_with(parent: int) -> None:
    """Nobody waits for a child whose parent has ended."""
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)


def _all_of(pipe: int, parent: int) -> bytes:
    """What a child writes, to its end; nothing where the process that started us has ended."""
    found = b""
    while os.getppid() == parent:
        if select.select([pipe], [], [], WATCH_S)[0]:
            part = os.read(pipe, 1 << 16)
            if not part:
                return found
            found += part
    os._exit(1)


def _ask(task: dict[str, Any], root: Path, project: Path, answers: Path, limit_s: int) -> dict[str, Any]:
    """What became of one mutant: {word, claim, reason, seconds}."""
    start, parent = time.monotonic(), os.getppid()
    task["parent"] = os.getpid()
    with TemporaryDirectory(dir=project.parent) as folder:  # whoever started us clears that, if we are killed
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            status = 1
            try:
                signal.alarm(limit_s)
                _child(task, root, project, answers, Path(folder), write)
                status = 0
            except BaseException as fault:  # what is planted may fail in any way
                os.write(write, json.dumps(_crash(fault)).encode())
            finally:
                os._exit(status)
        os.close(write)
        said = _all_of(read, parent)
        os.close(read)
        _, status = os.waitpid(pid, 0)
    found = json.loads(said) if said else _lost(status, limit_s)
    return found | {"seconds": round(time.monotonic() - start, 2)}


def _crash(fault: BaseException) -> dict[str, str]:
    if isinstance(fault, SyntaxError):
        return {"word": "refused", "claim": "", "reason": f"SyntaxError: {fault}"[:300]}
    return {"word": "killed", "claim": "CRASH", "reason": f"{type(fault).__name__}: {fault}"[:300]}


def _lost(status: int, limit_s: int) -> dict[str, str]:
    why = (
        "time" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else "a process that ended"
    )
    reason = f"no claim answered within {limit_s} s" if why == "time" else f"status {status}"
    return {"word": "lost", "claim": why, "reason": reason}


def main() -> None:
    """One answer for each line of standard input."""
    root, project, answers = (Path(arg).resolve() for arg in sys.argv[1:4])
    _warm()
    for line in sys.stdin:
        print(json.dumps(_ask(json.loads(line), root, project, answers, int(sys.argv[4]))), flush=True)


if __name__ == "__main__":
    main()
