"""What holds for every test: a test that asserts nothing or writes into a user's folders fails,
and time is no property.

A deadline for an example would measure the machine and whatever else runs on it, and examples by
chance would let one commit pass today and fail tomorrow: they are the same ones in every run, and
``EXAMPLES=explore``, as in ``make deep``, draws others. A suite that was
started in the background of a script inherits an ignored SIGINT, and so would every process that
its tests interrupt: here an interrupt is one again. The suite and what it starts live in Tokyo,
half a day from New York and from UTC, so that whatever reads the machine's zone is seen (F52);
``TZ`` chooses another place.
"""

import os
import signal
import time

import pytest
from hypothesis import settings

from tests.plugin_assertions import pytest_itemcollected, pytest_runtest_call
from tests.plugin_writes import _own_home, _temporary_writes

__all__ = ["_own_home", "_temporary_writes", "pytest_itemcollected", "pytest_runtest_call"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the simulated seeds: whoever got one of their files last would work alone."""
    items.sort(key=lambda item: item.path.parent.name != "simulation")


settings.register_profile("robotrader", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("EXAMPLES", "robotrader"))
os.environ.setdefault("TZ", "Asia/Tokyo")
time.tzset()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
