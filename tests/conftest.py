"""What holds for every test: a test that asserts nothing fails, and time is no property.

A deadline for an example would measure the machine and whatever else runs on it. A suite that was
started in the background of a script inherits an ignored SIGINT, and so would every process that
its tests interrupt: here an interrupt is one again.
"""

import signal

from hypothesis import settings

from tests.plugin_assertions import pytest_itemcollected, pytest_runtest_call

__all__ = ["pytest_itemcollected", "pytest_runtest_call"]

settings.register_profile("robotrader", deadline=None)
settings.load_profile("robotrader")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
