"""Changes that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

from typing import Final

EQUIVALENT: Final[dict[str, str]] = {}
"""By the name of a change (``changes.Change.name``)."""
