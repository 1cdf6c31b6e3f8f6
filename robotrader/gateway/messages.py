"""What the trader asks of a broker's gateway about market data, and what it is told.

Orders and the connection have their words in ``robotrader.domain.broker``; here are those of the
lines of market data, of history and of contracts. Every request has a number and ends with one
answer that carries it: a result, an error or a timeout, never silence (F06, F17).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from robotrader.domain import Bar, Borrow, Instrument, Quote, SecType, Trade


class DataClass(StrEnum):
    """What a line's prices are worth. Only LIVE may be traded on."""

    LIVE = "live"
    DELAYED = "delayed"
    """Delayed or frozen: shown as such by the broker."""

    NONE = "none"
    """Nothing comes: no permission, a competing session, no free line, or not yet asked."""


class StreamKind(StrEnum):
    """What streams of a contract there are."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    QUOTES = "quotes"
    """Best bid and ask, and trades."""

    BARS = "bars"
    """Bars of five seconds."""


class HistoryStatus(StrEnum):
    """How a request for history ended."""

    OK = "ok"
    NO_DATA = "no_data"
    """The broker says that there are none: the only case in which no bars means none."""

    PACING = "pacing"
    PERMISSION = "permission"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    """No answer in time: whether there are data is not known."""

    DISCONNECTED = "disconnected"


# -- to the gateway --


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keep streams of a contract going until told otherwise, over every reconnect.

    ``pinned`` lines (a position, a working order) are not given up for newer ones.
    """

    instrument: Instrument
    kinds: tuple[StreamKind, ...] = (StreamKind.QUOTES,)
    pinned: bool = False


class Unsubscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End all streams of a contract."""

    con_id: int


class AskHistory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for bars; ``History`` with the same number answers.

    ``duration`` and ``bar_size`` are in IBKR's words (``2 D``, ``5 mins``); ``end_ns`` 0 is now.
    """

    request: int
    instrument: Instrument
    duration: str
    bar_size: str
    end_ns: int = 0
    what: str = "TRADES"
    regular_hours: bool = True


class Resolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask which contract a symbol is; ``Resolved`` with the same number answers."""

    request: int
    symbol: str
    sec_type: SecType = SecType.STOCK
    exchange: str = "SMART"
    currency: str = "USD"


# -- from the gateway --


class LineChanged(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A stream is worth more or less than before. ``stale`` prices may not be traded on."""

    con_id: int
    kind: StreamKind
    data_class: DataClass
    stale: bool
    at_ns: int
    why: str


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bars, or why there are none."""

    request: int
    con_id: int
    status: HistoryStatus
    bars: tuple[Bar, ...] = ()
    text: str = ""


class Resolved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contract, or None with one sentence that says why not and what to do."""

    request: int
    instrument: Instrument | None
    error: str = ""


class GatewayAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a human should know, with the remedy. Said once for each occasion."""

    at_ns: int
    text: str
    kind: str = ""
    """``account``: the login has another one, so that waiting would not help."""


ToData: TypeAlias = Quote | Trade | Bar | Borrow | LineChanged | History | Resolved
"""What goes to the market-data actor."""

FromTrader: TypeAlias = Subscribe | Unsubscribe | AskHistory | Resolve
