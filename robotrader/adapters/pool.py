"""The executor port over a pool of processes on this machine.

Processes are made by ``spawn``: nothing of this one's threads, locks or open files is in them. At
most a few jobs for each worker are handed over ahead, so that a list without an end needs no more
memory than a short one.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, TypeVar

from robotrader.jobs import JobFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
R = TypeVar("R")

AHEAD: Final = 4
"""Jobs handed over for each worker: none of them waits while the oldest result is fetched."""


class ProcessPool:
    """See the module's prose.

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

    def run(self, job: Callable[[A], R], inputs: Iterable[A]) -> Iterator[R]:
        """See ``robotrader.jobs.Executor.run``; a worker that dies fails the job as well."""
        waiting: deque[tuple[A, Future[R]]] = deque()
        with ProcessPoolExecutor(self._workers, mp_context=get_context("spawn")) as pool:
            try:
                for each in inputs:
                    waiting.append((each, pool.submit(job, each)))
                    if len(waiting) >= self._workers * AHEAD:
                        yield _result(job, *waiting.popleft())
                while waiting:
                    yield _result(job, *waiting.popleft())
            finally:
                for _, future in waiting:
                    future.cancel()


def _result(job: Callable[[A], R], given: A, future: Future[R]) -> R:
    try:
        return future.result()
    except Exception as error:
        raise JobFailed.of(job, given, error) from error
