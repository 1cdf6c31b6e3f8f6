"""What holds for every test: a test that asserts nothing or writes into a user's folders fails,
and time is no property.

A deadline for an example would measure the machine and whatever else runs on it, and examples by
chance would let one commit pass today and fail tomorrow: they are the same few in every run, and
``EXAMPLES=explore``, as in ``make deep``, draws ten times as many others. A suite that was
started in the background of a script inherits an ignored SIGINT, and so would every process that
its tests interrupt: here an interrupt is one again. The suite and what it starts live in Tokyo,
half a day from New York and from UTC, so that whatever reads the machine's zone is seen (F52);
``TZ`` chooses another place. Linear algebra has one thread in each process: a second one waits for
the first by going round and round, on a processor that another test needs.

Of the processes that share the tests out one collects first: it rewrites the assertions of each
file and keeps what it made, and the others read that. What has been collected lives to the end, and
the collector of garbage, which would go through all of it again and again, leaves it alone.
"""

import fcntl
import gc
import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.plugin_assertions import pytest_runtest_call
from tests.plugin_writes import _own_home, _temporary_writes

__all__ = ["_own_home", "_temporary_writes", "pytest_runtest_call"]


LONGEST = (
    "oracle", "pykka_suite", "simulation", "system", "chaos", "bench", "actors", "docs",
)  # fmt: skip
"""Folders whose files are begun with, in this order: whoever got one of them last would work alone,
which is why ``make test`` has xdist keep to the order."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect with the collector of garbage off, as the first of the processes or after it."""
    gc.disable()
    try:
        with _after_the_first(session.config):
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _after_the_first(config: pytest.Config) -> Iterator[None]:
    """Hold a run's lock: one process has it alone, and those that come to wait share it then."""
    if not hasattr(config, "workerinput"):
        yield
        return
    with (Path(config.option.basetemp).parent / "collecting").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


settings.register_profile("robotrader", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("explore", deadline=None, max_examples=400)
settings.load_profile(os.environ.get("EXAMPLES", "robotrader"))
os.environ.setdefault("TZ", "Asia/Tokyo")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported, here and in children
time.tzset()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
