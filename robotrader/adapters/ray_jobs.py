"""The executor port over a Ray cluster, or over Ray on this machine alone.

Ray is the extra ``cluster`` and is imported when it is used. Results come in the order of the
inputs, and only a few jobs are handed over ahead, as in ``robotrader.adapters.pool``. A cluster's
machines need the same version of robotrader, and own data under the same path.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from robotrader.domain.errors import ConfigurationError
from robotrader.jobs import JobFailed, WorkerDied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
R = TypeVar("R")

AHEAD: Final = 4
LOCAL: Final = "local"


class RayJobs:
    """See the module's prose; a context, which ends Ray if it was started here.

    Args:
        workers: jobs at once.
        address: of a cluster, as ``ray://host:10001``; ``local`` starts one on this machine.

    Raises:
        ConfigurationError: the extra is missing, or nobody answers at the address.
        ValueError: fewer than one worker.
    """

    def __init__(self, workers: int, address: str = LOCAL) -> None:
        if workers < 1:
            msg = f"{workers} workers: give 1 or more"
            raise ValueError(msg)
        self._workers = workers
        self._address = address
        self._ray = _imported()

    def __enter__(self) -> Self:
        # A worker imports what this process does, from where it does.
        folders = os.pathsep.join(each for each in sys.path if each)
        given: dict[str, Any] = {"runtime_env": {"env_vars": {"PYTHONPATH": folders}}}
        if self._address == LOCAL:
            given |= {"num_cpus": self._workers, "include_dashboard": False}
        try:
            self._ray.init(
                self._address,
                configure_logging=False,
                log_to_driver=False,
                **given,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            msg = f"no Ray at {self._address} ({error}): start one, or use --executor pool"
            raise ConfigurationError(msg) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def run(self, job: Callable[[A], R], inputs: Iterable[A]) -> Iterator[R]:
        """See ``robotrader.jobs.Executor.run``; a job whose process died is not tried again."""
        remote = self._ray.remote(max_retries=0, num_cpus=1)(_called)
        shared = self._ray.put(job)
        waiting: deque[tuple[A, Any]] = deque()
        try:
            for each in inputs:
                waiting.append((each, remote.remote(shared, each)))
                if len(waiting) >= self._workers * AHEAD:
                    yield self._result(job, *waiting.popleft())
            while waiting:
                yield self._result(job, *waiting.popleft())
        finally:
            for _, future in waiting:
                self._ray.cancel(future)

    def _result(self, job: Callable[[A], R], given: A, future: Any) -> R:
        errors = self._ray.exceptions
        try:
            found: R = self._ray.get(future)
        except errors.RayTaskError as error:
            raise JobFailed.of(job, given, error.cause) from error.cause
        except errors.RayError as error:
            raise WorkerDied.of(job, given, error) from error
        return found


def _called(job: Callable[[A], R], given: A) -> R:
    return job(given)


def _imported() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        msg = "--executor ray needs the extra `cluster`: pip install 'robotrader[cluster]'"
        raise ConfigurationError(msg) from error
    return ray
