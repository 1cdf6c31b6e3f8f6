"""The executor port: one function, many inputs, results in the order of the inputs.

A job is a function of one argument that can be pickled, and so can its argument and its result. It
depends on nothing else, so that every executor gives the same results, bit for bit: in this
process, in a pool of processes (``robotrader.adapters.pool``), on a cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
R = TypeVar("R")


class JobFailed(RuntimeError):
    """A job has raised; the error names its function and its input, the cause is the original."""

    @classmethod
    def of(cls, job: Callable[[A], R], given: A, error: BaseException) -> JobFailed:
        """Return the error of one input."""
        name = getattr(job, "__qualname__", repr(job))
        return cls(f"job {name} failed for {given!r}: {error!r}; run that input alone to see why")


class WorkerDied(JobFailed):
    """The process of a job has died: of this one, or of another that shared it."""


class Executor(Protocol):
    """Whoever runs jobs."""

    def run(self, job: Callable[[A], R], inputs: Iterable[A]) -> Iterator[R]:
        """Yield ``job(each)`` for each input, in their order, as soon as it is known.

        Raises:
            JobFailed: a job raised; what was not begun is not begun any more.
            WorkerDied: its process died before it had answered.
        """
        ...


class InProcess:
    """Runs one job after the other, here: for tests, debugging and few inputs."""

    def run(self, job: Callable[[A], R], inputs: Iterable[A]) -> Iterator[R]:
        """See ``Executor.run``."""
        for each in inputs:
            try:
                result = job(each)
            except Exception as error:
                raise JobFailed.of(job, each, error) from error
            yield result
