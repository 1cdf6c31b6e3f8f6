"""What is wrong with a strategy, said to its author: where its code failed, what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from traceback import walk_tb
from typing import Final, TypeVar

import msgspec

from robotrader.domain.errors import StrategyError

T = TypeVar("T")
_NAMES: Final = ("host", "context", "amounts", "spread", "spread_host")
_OURS: Final = tuple(each.join(__file__.rpartition("mistakes")[::2]) for each in _NAMES)
"""Files in which no strategy's mistake is made."""


def read_saved(name: str, saved: bytes, kind: type[T]) -> T:
    """Return what was kept of a strategy's host.

    Raises:
        StrategyError: it cannot be read.
    """
    try:
        return msgspec.msgpack.decode(saved, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        msg = f"strategy {name}: what was saved is damaged ({error}): start it anew"
        raise StrategyError(msg) from error


def story(who: str, about: str, event: str, now_ns: int, error: Exception) -> str:
    """Return which event failed, when and where.

    Args:
        who: the strategy.
        about: what it was told, and the symbol.
        event: the event's key.
        now_ns: UTC nanoseconds of the event.
        error: what was raised.
    """
    at = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).isoformat()
    frames = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    code, line = next(
        (each for each in reversed(frames) if each[0].co_filename not in _OURS), frames[-1]
    )
    return (
        f"strategy {who}: {about} at {at} ({event}) failed: {type(error).__name__}: {error} "
        f"(line {line} of {code.co_name} in {code.co_filename})"
    )
