"""Properties that need more examples than others, few as they are in ``make test``."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def times(factor: int, **more: Any) -> settings:
    """Return settings with so many times the examples that the profile has (``conftest.py``)."""
    default = settings.default
    assert default is not None, "a profile is loaded before tests are"
    return settings(max_examples=factor * default.max_examples, **more)
