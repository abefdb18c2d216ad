"""Worker processes of this machine that end with the one that started them, however that ends."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread, Timer

from controller.errors import InputError

GRACE_S = 0.3  # in which a pool that shuts down drops what waits, so that no lost worker is news to it


@contextmanager
def workers(most: int | None = None) -> Iterator[Executor]:
    """As many as there are processors, or at most `most`; what they still do when all fails is given up."""
    count = min(most or 1 << 10, os.cpu_count() or 1)
    with ProcessPoolExecutor(count, get_context("spawn"), _begin) as pool:
        try:
            yield pool
        except BaseException:
            killer = Timer(GRACE_S, _terminate)  # a solver may take minutes to the end of its job
            killer.start()
            pool.shutdown(cancel_futures=True)
            killer.cancel()
            raise


@contextmanager
def executors(scheduler: str | None) -> Iterator[Executor]:
    """Processes of this machine, or those of the Dask cluster at a scheduler's address. Raises InputError."""
    if scheduler is None:
        with workers() as pool:
            yield pool
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler: Dask is not installed; pip install 'seawall[cluster]'") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError, TimeoutError) as fault:
        raise InputError(f"--scheduler {scheduler}: can't be reached ({fault}); check it") from None
    with client:
        yield client.get_executor()


def _terminate() -> None:
    for child in active_children():
        child.terminate()


def _begin() -> None:
    """In each worker: Ctrl-C is for the parent, and the end of the parent is the worker's own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
