"""What holds for every test: a test that asserts nothing fails."""

from tests.plugin_assertions import pytest_itemcollected, pytest_runtest_call

__all__ = ["pytest_itemcollected", "pytest_runtest_call"]
