"""The executor port over a pool of processes on this machine.

Processes are made by ``spawn``: nothing of this one's threads, locks or open files is in them. At
most a few jobs for each worker are handed over ahead, so that a list without an end needs no more
memory than a short one. An interrupt is this process's affair: workers do not hear it, and they end
when it has ended, however that was.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING, Final, Self, TypeVar

from robotrader.jobs import JobFailed, WorkerDied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
R = TypeVar("R")

AHEAD: Final = 4
"""Jobs handed over for each worker: none of them waits while the oldest result is fetched."""


class ProcessPool:
    """See the module's prose.

    Entered as a context its processes serve every list until the end, with what they have loaded;
    otherwise each list has its own.

    Args:
        workers: how many processes; as many as there are cores is the most that helps.

    Raises:
        ValueError: fewer than one worker.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            msg = f"{workers} workers: give 1 or more"
            raise ValueError(msg)
        self._workers = workers
        self._kept: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._kept = self._new()
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.shutdown(cancel_futures=True)
            self._kept = None

    def run(self, job: Callable[[A], R], inputs: Iterable[A]) -> Iterator[R]:
        """See ``robotrader.jobs.Executor.run``; a worker that dies fails its job as well."""
        if self._kept is not None:
            yield from self._served(self._kept, job, inputs)
            return
        with self._new() as pool:
            yield from self._served(pool, job, inputs)

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=_begin
        )

    def _served(
        self, pool: ProcessPoolExecutor, job: Callable[[A], R], inputs: Iterable[A]
    ) -> Iterator[R]:
        waiting: deque[tuple[A, Future[R]]] = deque()
        try:
            for each in inputs:
                waiting.append((each, _submitted(pool, job, each)))
                if len(waiting) >= self._workers * AHEAD:
                    yield self._result(job, *waiting.popleft())
            while waiting:
                yield self._result(job, *waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()

    def _result(self, job: Callable[[A], R], given: A, future: Future[R]) -> R:
        try:
            return future.result()
        except BrokenProcessPool as error:
            self._replace()
            raise WorkerDied.of(job, given, error) from error
        except Exception as error:
            raise JobFailed.of(job, given, error) from error

    def _replace(self) -> None:
        """Have new processes for the next list."""
        if self._kept is not None:
            self._kept.shutdown(wait=False, cancel_futures=True)
            self._kept = self._new()


def _submitted(pool: ProcessPoolExecutor, job: Callable[[A], R], given: A) -> Future[R]:
    """Hand a job over; a pool that takes none any more says so as its result."""
    try:
        return pool.submit(job, given)
    except BrokenProcessPool as error:
        failed: Future[R] = Future()
        failed.set_exception(error)
        return failed


def _begin() -> None:
    """Be a worker: deaf to the terminal, and gone when nobody is left to work for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker was started by a process"
    wait([parent.sentinel])
    os._exit(1)  # a queue that nobody reads any more would keep it for ever
