"""Who runs the seeds: one after the other here, a pool of processes, or a Ray cluster."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters.pool import ProcessPool
from robotrader.domain.errors import ConfigurationError
from robotrader.jobs import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.jobs import Executor

EXECUTORS: Final = ("pool", "ray", "inline")
_RAY: Final = "robotrader.adapters.ray_jobs"


@contextmanager
def executor_of(name: str, workers: int) -> Iterator[Executor]:
    """Have the executor of a name, with its workers until the end.

    Raises:
        ConfigurationError: what it needs is not installed.
    """
    if name == "inline":
        yield InProcess()
    elif name == "pool":
        yield ProcessPool(workers)
    else:
        with _ray(workers) as cluster:
            yield cluster


def _ray(workers: int) -> Any:
    """Return Ray's executor, a context; Ray is an extra, so nothing of it is known before."""
    try:
        return import_module(_RAY).RayJobs(workers)
    except ModuleNotFoundError as error:
        msg = f"EXECUTOR=ray needs {error.name}: install the extra `cluster`, or use EXECUTOR=pool"
        raise ConfigurationError(msg) from error
