"""What holds for every test: a test that asserts nothing fails, and time is no property.

A deadline for an example would measure the machine and whatever else runs on it.
"""

from hypothesis import settings

from tests.plugin_assertions import pytest_itemcollected, pytest_runtest_call

__all__ = ["pytest_itemcollected", "pytest_runtest_call"]

settings.register_profile("robotrader", deadline=None)
settings.load_profile("robotrader")
