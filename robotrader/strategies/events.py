"""What a strategy is told besides prices, and what comes back out of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from robotrader.domain import Bar, CancelWish, Intent, Quote, Side, StopWish
from robotrader.domain.errors import StrategyError


class Fill(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """Shares changed hands for a strategy.

    ``seq`` is the fill's place in the journal: it grows, and a fill that was told before is known
    by it. ``cause`` is that of the intent, empty for what no intent of the strategy asked for.
    """

    seq: int
    con_id: int
    side: Side
    qty: Decimal
    price: Decimal
    time_ns: int
    cause: str = ""


class Ended(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """What an intent asked for is over: refused, rejected, cancelled, or filled."""

    con_id: int
    cause: str
    why: str = ""


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a strategy has and has asked for, as the owner of orders says; so up to fill ``seq``."""

    position: Decimal = Decimal(0)
    working: dict[str, Decimal] = {}
    """Signed quantity still to be filled, by the cause of its intent."""

    seq: int = 0
    gate: int = 0
    """The number of the gate that says so; it grows with each."""


class AskAnew(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What was heard may be wrong: the standing has to be asked for again.

    Attributes:
        gate: another one judges, and what its predecessor was asked may be lost; 0: it is the
            same, and the broker has corrected a fill.
    """

    gate: int


class Timer(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Wake the strategy at a time; a later one of the same name replaces it."""

    name: str
    at_ns: int


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows from one event. ``blocked`` says what the strategy wanted and did not get."""

    intents: tuple[Intent, ...] = ()
    timers: tuple[Timer, ...] = ()
    notes: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    cancels: tuple[CancelWish, ...] = ()
    stops: tuple[StopWish, ...] = ()


NOTHING: Final = Outcome()


def bar_key(bar: Bar) -> str:
    """Return the name of a bar in causes and in quarantine: the same at every telling."""
    return f"bar:{bar.end_ns - bar.start_ns}:{bar.start_ns}"


def quote_key(quote: Quote) -> str:
    """Return the name of a quote; a later one of the same time has other prices."""
    return f"quote:{quote.time_ns}:{quote.bid}:{quote.ask}"


def key_of(event: str | Bar | Quote) -> str:
    """Return the name of what a strategy is told; of all but prices it is given."""
    if isinstance(event, Bar):
        return bar_key(event)
    return quote_key(event) if isinstance(event, Quote) else event


class StrategyCrash(StrategyError):
    """A strategy raised; ``event`` is the key of what it was told."""

    def __init__(self, event: str, text: str) -> None:
        super().__init__(text)
        self.event = event
