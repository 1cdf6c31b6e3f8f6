"""Every executor gives the same results in the same order, and the same errors."""

from __future__ import annotations

import os
import sys
from itertools import count, islice
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters.pool import ProcessPool
from robotrader.adapters.ray_jobs import RayJobs
from robotrader.domain.errors import ConfigurationError
from robotrader.jobs import Executor, InProcess, JobFailed, WorkerDied

if TYPE_CHECKING:
    from collections.abc import Iterator


def cubed(number: int) -> int:
    """Return its cube; 13 is bad luck."""
    if number == 13:
        msg = "bad luck"
        raise ValueError(msg)
    return number**3


@pytest.fixture(scope="module")
def pool() -> ProcessPool:
    """Two workers."""
    return ProcessPool(2)


@given(st.lists(st.integers(14)))
def test_results_are_in_the_order_of_the_inputs(numbers: list[int]) -> None:
    """One after the other, each once."""
    assert list(InProcess().run(cubed, numbers)) == [number**3 for number in numbers]


def test_a_pool_gives_what_one_process_gives(pool: ProcessPool) -> None:
    """More inputs than are handed over at once, in their order."""
    numbers = list(range(100, 140))
    assert list(pool.run(cubed, numbers)) == list(InProcess().run(cubed, numbers))


@pytest.mark.parametrize("executor", [InProcess(), ProcessPool(1)])
def test_a_job_that_fails_names_its_input(executor: Executor) -> None:
    """Results before it are there; the error names function and input."""
    results: Iterator[int] = executor.run(cubed, [1, 2, 13, 3])
    assert list(islice(results, 2)) == [1, 8]
    with pytest.raises(JobFailed, match=r"cubed failed for 13.*bad luck") as raised:
        next(results)
    assert isinstance(raised.value.__cause__, ValueError)


def test_a_list_without_an_end_can_be_left(pool: ProcessPool) -> None:
    """Only a few jobs are handed over ahead."""
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in count(20):
            taken.append(number)
            yield number

    results = pool.run(cubed, numbers())
    assert next(results) == 8_000
    results.close()  # type: ignore[attr-defined]  # a generator
    assert len(taken) < 20


def test_a_pool_needs_a_worker() -> None:
    """None is refused."""
    with pytest.raises(ValueError, match="0 workers: give 1 or more"):
        ProcessPool(0)


def whose(_: int) -> int:
    """Return who answers."""
    return os.getpid()


def deadly(number: int) -> int:
    """Return the number; 13 takes its process with it."""
    if number == 13:
        os._exit(9)
    return number


def test_a_pool_that_is_entered_keeps_its_processes() -> None:
    """What they have loaded serves the next list, too."""
    with ProcessPool(1) as kept:
        first, second = list(kept.run(whose, range(3))), list(kept.run(whose, range(2)))
    assert len({*first, *second}) == 1
    assert os.getpid() not in first


def test_a_worker_that_dies_fails_its_job_and_the_next_list_has_another() -> None:
    """Those before it are answered; the error is of a kind of its own."""
    with ProcessPool(1) as kept:
        results = kept.run(deadly, [1, 13, 2])
        with pytest.raises(WorkerDied, match="deadly failed for"):
            list(results)
        assert list(kept.run(deadly, [4, 5])) == [4, 5]


def test_ray_is_an_extra_that_an_error_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is not installed."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'robotrader\[cluster\]'"):
        RayJobs(2)


@pytest.mark.deep
@pytest.mark.timeout(240)
def test_a_ray_cluster_gives_what_one_process_gives() -> None:
    """A real one on this machine, which takes 13 s to start."""
    pytest.importorskip("ray")
    with RayJobs(2) as cluster:
        numbers = list(range(100, 140))
        assert list(cluster.run(cubed, numbers)) == list(InProcess().run(cubed, numbers))
        results = cluster.run(cubed, [1, 2, 13, 3])
        assert list(islice(results, 2)) == [1, 8]
        with pytest.raises(JobFailed, match=r"cubed failed for 13.*bad luck") as raised:
            next(results)
        assert isinstance(raised.value.__cause__, ValueError)
        with pytest.raises(WorkerDied, match="deadly failed for 13"):
            list(cluster.run(deadly, [13]))
        assert list(cluster.run(deadly, [4, 5])) == [4, 5]
