"""What holds for every test: a test that asserts nothing or writes into a user's folders fails,
and time is no property.

A deadline for an example would measure the machine and whatever else runs on it. A suite that was
started in the background of a script inherits an ignored SIGINT, and so would every process that
its tests interrupt: here an interrupt is one again. The suite and what it starts live in Tokyo,
half a day from New York and from UTC, so that whatever reads the machine's zone is seen (F52);
``TZ`` chooses another place.
"""

import os
import signal
import time

from hypothesis import settings

from tests.plugin_assertions import pytest_itemcollected, pytest_runtest_call
from tests.plugin_writes import _own_home, _temporary_writes

__all__ = ["_own_home", "_temporary_writes", "pytest_itemcollected", "pytest_runtest_call"]

settings.register_profile("robotrader", deadline=None)
settings.load_profile("robotrader")
os.environ.setdefault("TZ", "Asia/Tokyo")
time.tzset()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
