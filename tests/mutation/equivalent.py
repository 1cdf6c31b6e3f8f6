"""Changes that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

from typing import Final

_COVER: Final = "robotrader/execution/cover.py assess:"
_SIDE: Final = "in `side = (position > 0) - (position < 0)`"
_FLAT: Final = "a flat position has no side: whatever closes it is cut to nothing on either"

EQUIVALENT: Final[dict[str, str]] = {
    f"{_COVER} `position > 0` -> `position >= 0` {_SIDE}": _FLAT,
    f"{_COVER} `position < 0` -> `position <= 0` {_SIDE}": _FLAT,
}
"""By the name of a change (``changes.Change.name``)."""
