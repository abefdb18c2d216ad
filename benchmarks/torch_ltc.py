"""The article's own model: an LTC as a torch module, its step by torchdiffeq's rk4, in a process of its own.

`python -m benchmarks.torch_ltc` is the process: one JSON line in (the network), one out (versions and one
step's result), then a number of steps a line in, and the nanoseconds that they took out. So PyTorch may live
in another environment, and still takes its turn in every round. Only the process imports torch.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from controller.errors import InputError
from controller.kernel.records import Network

ROOT = Path(__file__).resolve().parent.parent
MISSING = "PyTorch is not measured: pip install 'seawall[train]', or name a Python that has it with --torch"


class Worker:
    """The process; `advanced` is the hidden state after one step, `version` what computed it."""

    def __init__(self, python: str, net: Network, x: list[float], h: list[float], dt: float) -> None:
        """python: an interpreter; one without the extra gives no version. Raises InputError."""
        self._python = python
        words = [python, "-m", __name__]
        try:
            self._process = subprocess.Popen(
                words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as fault:
            raise InputError(f"--torch {python}: can't be run ({fault.strerror}); name a Python") from None
        told = self._ask(json.dumps({"net": asdict(net), "x": x, "h": h, "dt": dt}))
        self.version: str | None = told["version"] if told else None
        self.advanced: list[float] = told["advanced"] if told else []

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def timed(self, count: int) -> float:
        """Take that many steps; the time in ns, measured there."""
        return float(self._ask(str(count)))

    def _ask(self, line: str) -> Any:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            raise InputError(f"--torch {self._python}: ended or spoke nonsense; name a Python") from None


def serve(lines: TextIO, answers: TextIO) -> None:
    """The process's side; without torch or torchdiffeq it answers null."""
    told = json.loads(lines.readline())
    try:
        import torch
        import torchdiffeq
    except ImportError:
        print("null", file=answers, flush=True)
        return
    torch.set_num_threads(1)  # the kindest setting for matrices this small
    torch.set_default_dtype(torch.float64)

    class Cell(torch.nn.Module):  # type: ignore[misc]
        """dh/dt = -h / tau(h) + tanh(W_in^T x + b + W_rec^T h), tau = sigmoid(tau_gain h + tau_bias)."""

        def __init__(self, net: dict[str, Any], x: list[float]) -> None:
            super().__init__()
            self.x = torch.tensor(x)
            weights = {name: torch.nn.Parameter(torch.tensor(value)) for name, value in net.items()}
            hidden = len(net["b"])
            self.w_in, self.w_rec = (
                torch.nn.Linear(len(x), hidden),
                torch.nn.Linear(hidden, hidden, bias=False),
            )
            self.w_in.weight = torch.nn.Parameter(weights["w_in"].T.contiguous())
            self.w_in.bias = weights["b"]
            self.w_rec.weight = torch.nn.Parameter(weights["w_rec"].T.contiguous())
            self.tau_gain, self.tau_bias = weights["tau_gain"], weights["tau_bias"]

        def forward(self, t: Any, h: Any) -> Any:
            tau = torch.sigmoid(self.tau_gain * h + self.tau_bias)
            return -h / tau + torch.tanh(self.w_in(self.x) + self.w_rec(h))

    cell, h, span = Cell(told["net"], told["x"]), torch.tensor(told["h"]), torch.tensor([0.0, told["dt"]])
    odeint = torchdiffeq.odeint
    with torch.no_grad():
        advanced = odeint(cell, h, span, method="rk4")[1].tolist()
        version = f"torch {torch.__version__}, torchdiffeq {torchdiffeq.__version__}"
        print(json.dumps({"version": version, "advanced": advanced}), file=answers, flush=True)
        for line in lines:
            start = time.perf_counter_ns()
            for _ in repeat(None, int(line)):
                odeint(cell, h, span, method="rk4")
            print(time.perf_counter_ns() - start, file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
