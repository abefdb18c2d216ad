"""Worker processes of this machine that end with the one that started them, however that ends."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread, Timer

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
