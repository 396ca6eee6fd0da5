"""A function over a stream of pages: in this process or in several, in order, in flat memory."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

#: Items that a worker process takes at once, and how many such portions wait for each worker.
_PORTION, _PORTIONS_WAITING = 16, 3


def ordered_map(function: Callable[[Item], Outcome], items: Iterable[Item], n_jobs: int = 1) -> Generator[Outcome, None, None]:
    """``function(item)`` for each item, in the order of the items.

    The items are read only as far ahead as the workers need: `map` of an executor would read an endless input to its end.

    Parameters
    ----------
    function : callable
        With several processes it must be picklable, as must what it takes and gives. It is sent to each worker once.
    items : iterable
    n_jobs : int, default 1
        Processes; 1 works in this one, -1 takes as many as there are processors.

    Yields
    ------
    object
        What `function` gave. An exception that it raises ends the iteration.
    """
    return (function(item) for item in items) if n_jobs == 1 else _over_processes(function, items, n_jobs)


def _over_processes(function: Callable[[Any], Any], items: Iterable[Any], n_jobs: int) -> Generator[Any, None, None]:
    items = iter(items)
    workers = n_jobs if n_jobs > 0 else None
    waiting: deque[tuple[list[Any], Future[list[Any]]]] = deque()
    with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(function,)) as pool:
        limit = _PORTIONS_WAITING * (workers or 4)
        try:
            while True:
                while len(waiting) < limit and (portion := list(itertools.islice(items, _PORTION))):
                    waiting.append((portion, pool.submit(_work, portion)))
                if not waiting:
                    return
                portion, future = waiting.popleft()
                try:
                    outcomes = future.result()
                except BrokenProcessPool:
                    raise
                except Exception:  # something in the portion cannot be sent to another process: it is worked on in this one
                    outcomes = [function(item) for item in portion]
                yield from outcomes
        except BaseException:  # an interrupt, or an iteration that is given up: nobody waits for what they are at work on
            _stop(pool)
            raise


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: what ``terminate_workers`` of an executor does from Python 3.14 on."""
    for worker in list((pool._processes or {}).values()):
        worker.kill()
    # its thread ends soon, as it has no workers; at the end of the interpreter it would trip over pipes that are closed by then
    pool.shutdown(cancel_futures=True)


_function: Callable[[Any], Any] | None = None


def _start_worker(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    # Ctrl-C goes to the whole group of processes: a worker ends at it, at once, instead of after its portion
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed tells its workers nothing, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(portion: list[Any]) -> list[Any]:
    assert _function is not None
    return [_function(item) for item in portion]
