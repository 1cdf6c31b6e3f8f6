"""Runs trials on an executor, and goes on past those that fail or take their process with them."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.loader import load_class
from robotrader.adapters.pool import ProcessPool
from robotrader.adapters.ray_jobs import RayJobs
from robotrader.adapters.tpe import TpeSearch
from robotrader.app import exits
from robotrader.app.building import chosen
from robotrader.app.research_follow import Ran
from robotrader.app.research_job import Source, Task, place_of, run_task
from robotrader.domain.errors import ConfigurationError
from robotrader.jobs import InProcess, JobFailed, WorkerDied
from robotrader.market.quality import DataError
from robotrader.research import Axis, Listed, Space, Trial, axis_of, drawn, grid

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.app.research_follow import Tally
    from robotrader.config import Config
    from robotrader.jobs import Executor
    from robotrader.research import Search

DIED: Final = "the worker process died twice: out of memory, or killed"


@contextmanager
def executor_of(arguments: argparse.Namespace) -> Iterator[Executor]:
    """Have the executor that the options name, with its workers until the end.

    Raises:
        ConfigurationError: its extra is not installed.
    """
    workers = arguments.workers or len(os.sched_getaffinity(0))
    if arguments.executor == "here":
        yield InProcess()
    elif arguments.executor == "ray":
        with RayJobs(workers, arguments.ray_address) as cluster:
            yield cluster
    else:
        with ProcessPool(workers) as pool:
            yield pool


def run_tasks(
    executor: Executor, source: Source, tally: Tally, tasks: Sequence[Task]
) -> Iterator[Trial]:
    """Yield the trial of each task, in their order, counted; one that cannot be run says why.

    A worker that died may have died of another's job: the first that has no answer is run again,
    alone in a process of its own, and failed if that one dies too.

    Raises:
        ConfigurationError: a worker cannot load the history.
    """
    job: Callable[[Task], Ran] = partial(run_task, source)
    if tally.asked:
        tasks = [msgspec.structs.replace(each, followed=True) for each in tasks]
    at = 0
    while at < len(tasks):
        try:
            for ran in executor.run(job, tasks[at:]):
                at += 1
                yield tally.count(ran)
        except WorkerDied:
            yield tally.count(_alone(job, tasks[at]))
            at += 1
        except JobFailed as error:  # a trial's own errors are its result: this is its process's
            raise ConfigurationError(f"a worker cannot begin: {error.__cause__}") from error


def _alone(job: Callable[[Task], Ran], task: Task) -> Ran:
    try:
        return next(ProcessPool(1).run(job, [task]))
    except WorkerDied:
        return Ran(Trial(number=task.number, params=task.params, error=DIED))


def space_of(config: Config, texts: Sequence[str]) -> Space:
    """Return the space that ``--param`` options write.

    Raises:
        ConfigurationError: see ``robotrader.research.axis_of``; StrategyError: no such class.
    """
    return Space(tuple(_axis(config, text) for text in texts))


def _axis(config: Config, text: str) -> Axis:
    name, equals, said = text.partition("=")
    section, own = place_of(config, name)
    found = load_class(chosen(config)[section].class_)
    return msgspec.structs.replace(axis_of(found.Params, f"{own}{equals}{said}"), name=name)


def search_of(method: str, space: Space, count: int, seed: int) -> Search:
    """Return a search; raises ConfigurationError as ``grid``, or where its extra is missing."""
    if method == "tpe":
        return TpeSearch(space, count, seed)
    return Listed(grid(space) if method == "grid" else drawn(space, count, seed))


def planned(method: str, space: Space, count: int) -> int:
    """Return how many trials there will be."""
    if method == "grid":
        return space.size or 0
    return count if method == "tpe" or space.size is None else min(count, space.size)


def checked_metric(metric: str, known: Sequence[str]) -> str:
    """Return a metric; raises ConfigurationError if it is none of the known."""
    if metric not in known:
        raise ConfigurationError(f"--metric {metric}: here it may be {', '.join(known)}")
    return metric


def data_named(command: Callable[[], int]) -> int:
    """Run a command; bad lines of own data are its user's affair, and are all said."""
    try:
        return command()
    except DataError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.USAGE
