"""What a bad connection does to bytes, without a socket: the kinds are toxiproxy's, and its words.

``through`` says what becomes of a piece of a stream: which pieces leave, how long after, and
whether the connection ends then. Chance comes from the generator that is given; a seed repeats it.
Source of the kinds: https://github.com/Shopify/toxiproxy#toxics.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


class Kind(StrEnum):
    """The toxics."""

    DOWN = "down"
    """Connections end, and none is accepted."""

    STALL = "stall"
    """Nothing passes; what is under way waits. In one direction: a half-open connection."""

    LATENCY = "latency"
    """Everything comes ``amount`` seconds later."""

    BANDWIDTH = "bandwidth"
    """``amount`` bytes a second pass."""

    SLOW_CLOSE = "slow_close"
    """An end comes ``amount`` seconds later."""

    TIMEOUT = "timeout"
    """Nothing passes, it is lost; connections end after ``amount`` seconds."""

    RESET_PEER = "reset_peer"
    """The connection is reset when something passes."""

    SLICER = "slicer"
    """What passes comes in pieces of at most ``amount`` bytes."""

    LIMIT_DATA = "limit_data"
    """A connection ends after ``amount`` bytes."""

    CORRUPT = "corrupt"
    """One bit of a piece is wrong, with the chance ``amount``."""


class Direction(StrEnum):
    """Which way a toxic works."""

    TO_GATEWAY = "to-gateway"
    TO_CORE = "to-core"
    BOTH = "both"


class Toxic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One toxic of a link."""

    kind: Kind
    direction: Direction = Direction.BOTH
    amount: Annotated[float, Meta(ge=0, le=1e9)] = 0.0

    def concerns(self, direction: Direction) -> bool:
        """Return whether it works in this direction."""
        return self.direction in {direction, Direction.BOTH}


NEEDS_AMOUNT: Final = frozenset(
    {Kind.LATENCY, Kind.BANDWIDTH, Kind.SLOW_CLOSE, Kind.SLICER, Kind.LIMIT_DATA, Kind.CORRUPT}
)
"""Toxics that are none without a number."""


class End(StrEnum):
    """How a connection ends."""

    CLOSE = "close"
    RESET = "reset"


class Piece(NamedTuple):
    """Bytes that leave ``after_s`` seconds after the piece before them."""

    after_s: float
    data: bytes


class Passed(NamedTuple):
    """What leaves, in its order; then the connection ends, or goes on."""

    pieces: tuple[Piece, ...]
    end: End | None = None


def amount(toxics: Sequence[Toxic], kind: Kind) -> float | None:
    """Return the amount of the last toxic of a kind, None if there is none of it."""
    return next((each.amount for each in reversed(toxics) if each.kind is kind), None)


def through(toxics: Sequence[Toxic], data: bytes, before: int, draw: Random) -> Passed:
    """Return what becomes of ``data``, of a connection on which ``before`` bytes have passed."""
    if amount(toxics, Kind.RESET_PEER) is not None:
        return Passed((), End.RESET)
    if amount(toxics, Kind.TIMEOUT) is not None:
        return Passed(())
    limit, end = amount(toxics, Kind.LIMIT_DATA), None
    if limit is not None and before + len(data) >= limit:
        data, end = data[: max(0, int(limit) - before)], End.CLOSE
    pieces = _sliced(data, amount(toxics, Kind.SLICER))
    wrong = amount(toxics, Kind.CORRUPT) or 0.0
    pieces = [_corrupted(each, draw) if draw.random() < wrong else each for each in pieces]
    return Passed(tuple(_timed(toxics, pieces)), end)


def _sliced(data: bytes, size: float | None) -> list[bytes]:
    step = len(data) if size is None else max(1, int(size))
    return [data[at : at + step] for at in range(0, len(data), max(1, step))]


def _corrupted(data: bytes, draw: Random) -> bytes:
    bit = draw.randrange(8 * len(data))
    wrong = bytearray(data)
    wrong[bit // 8] ^= 1 << bit % 8
    return bytes(wrong)


def _timed(toxics: Sequence[Toxic], pieces: Sequence[bytes]) -> list[Piece]:
    first_s = amount(toxics, Kind.LATENCY) or 0.0
    rate = amount(toxics, Kind.BANDWIDTH)
    return [
        Piece((0.0 if number else first_s) + (len(each) / rate if rate else 0.0), each)
        for number, each in enumerate(pieces)
    ]
