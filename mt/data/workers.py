"""Work in several processes; the results come in the order of the work, whatever the number of processes."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

ALONE = 20
"""Items that are worked on before other processes are started, which takes about a second."""
_AHEAD = 2  # items in hand for each process


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, alone: int = ALONE
) -> Iterator[Result]:
    """As `map`, in so many processes.

    Few items, and all with one worker, are worked on in this process. What `work` needs and gives is sent
    between the processes.
    """
    remaining = iter(items)
    yield from map(work, islice(remaining, None if workers == 1 else alone))
    first = list(islice(remaining, 1))
    if not first:
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin) as pool:
        ahead: deque[Future[Result]] = deque()
        try:
            yield from _in_order(
                lambda item: pool.submit(work, item), chain(first, remaining), ahead, _AHEAD * workers
            )
        finally:
            for future in ahead:
                future.cancel()


def _in_order(
    submit: Callable[[Item], Future[Result]],
    items: Iterable[Item],
    ahead: deque[Future[Result]],
    most: int,
) -> Iterator[Result]:
    """Results in the order of the items, of which at most so many are submitted ahead."""
    for item in items:
        ahead.append(submit(item))
        if len(ahead) > most:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _begin() -> None:
    """In a new process: Ctrl-C is its parent's to handle, and it ends when its parent has been killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
