"""What the actors round a symbol say to each other; data and orders are of ``robotrader``."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from robotrader.domain import Bar, Quote, Trade
from robotrader.ledger import LedgerState, LedgerView
from robotrader.market import Freshness
from robotrader.risk import Switch, Trip
from robotrader.strategies import AskAnew, Ended, Fill
from supervision import ActorRef, NamedRef

Port: TypeAlias = ActorRef[Any] | NamedRef
"""Somebody's address by role; a ``NamedRef`` survives restarts."""


# -- data sources and symbol --


class Priced(msgspec.Struct, frozen=True, gc=False):
    """A source says a price."""

    source: str
    datum: Quote | Trade | Bar


class Interrupted(msgspec.Struct, frozen=True):
    """A source was lost and speaks again: the bar in the making is not whole."""

    source: str


class AskHistory(msgspec.Struct, frozen=True):
    """The symbol asks its data source for the bars of a span; ``History`` answers."""

    con_id: int
    size_ns: int
    span: tuple[int, int]
    outside_rth: bool


class History(msgspec.Struct, frozen=True):
    """All bars that there are in a span."""

    span: tuple[int, int]
    bars: tuple[Bar, ...]


class AskAgain(msgspec.Struct, frozen=True):
    """A source is silent though the exchange is open: it has to be subscribed to again."""

    con_id: int
    source: str


class LineFreshness(msgspec.Struct, frozen=True):
    """For the risk gate: nothing is entered on stale prices.

    Told at every look, not only when it changes: a gate that was restarted knows it soon.
    """

    con_id: int
    source: str
    freshness: Freshness
    at_ns: int


# -- symbol and strategy --


class Begins(msgspec.Struct, frozen=True):
    """A strategy is about to start: whoever feeds it counts how it ends."""

    strategy: str
    ref: Any
    suspended: bool


class Unmade(msgspec.Struct, frozen=True):
    """A strategy's file, constructor or parameters do not let it be made: it is suspended."""

    strategy: str
    why: str


class GoOn(msgspec.Struct, frozen=True):
    """To a strategy that is suspended: a person lets it go on. It answers whether it was."""

    who: str
    reason: str


class Subscribe(msgspec.Struct, frozen=True):
    """A strategy, just started, wants to be fed."""

    strategy: str
    ref: Any
    warmup_bars: int
    last_bar_ns: int
    """The last bar that it was told live before a restart; 0 for none."""

    quarantined: tuple[str, ...] = ()
    gate: int = 0
    """Which gate said what it has: see ``GateChanged``."""

    quotes: bool = True
    """Whether it wants to be fed quotes."""


class GateChanged(msgspec.Struct, frozen=True, gc=False):
    """To symbols: another gate judges; strategies that an earlier one informed have to ask anew."""

    gate: int


class Handled(msgspec.Struct, frozen=True, gc=False):
    """A strategy has handled what it was fed."""

    strategy: str
    number: int


class Told(msgspec.Struct, frozen=True, gc=False):
    """The order manager tells a strategy about its orders, in the control lane."""

    strategy: str
    event: Fill | Ended | AskAnew


# -- strategy, journal and risk gate --


class Recall(msgspec.Struct, frozen=True):
    """What did the journal keep for a strategy? ``Recalled`` answers."""

    strategy: str


class Recalled(msgspec.Struct, frozen=True):
    """The last saved state, and the keys of what is set aside."""

    state: bytes = b""
    quarantined: tuple[str, ...] = ()
    suspended: str = ""
    """Why it is suspended; empty if it is not."""


class AskSuspended(msgspec.Struct, frozen=True):
    """Which strategies are suspended? A tuple of ``SuspensionChanged`` answers, oldest first."""


class AskStanding(msgspec.Struct, frozen=True):
    """What does a strategy have, and what works for it? A ``Standing`` answers.

    It goes the way of intents, to the risk gate, so that the answer counts each intent that was
    sent before.
    """

    strategy: str
    con_id: int


class AskLatched(msgspec.Struct, frozen=True):
    """How is the kill switch, and is that durable? ``Latched`` answers."""


class Latched(msgspec.Struct, frozen=True):
    """The kill switch, and which of its trips the journal does not have yet: in force all the same.

    A process that ends now forgets those.
    """

    switch: Switch
    unwritten: tuple[Trip, ...]


class AskFunds(msgspec.Struct, frozen=True):
    """What does the account have, and how did a strategy's trades end? ``Funds`` answers."""

    strategy: str


def of_quotes(message: object) -> object | None:
    """Conflate quotes in a mailbox: only the newest of a contract counts."""
    return message.con_id if isinstance(message, Quote) else None


# -- what people are shown --


class AskHeld(msgspec.Struct, frozen=True):
    """What is held, as people are shown it? A ``Held`` answers."""


class Held(msgspec.Struct, frozen=True):
    """The account, and what its view has not."""

    ledger: LedgerView
    priced_ns: dict[int, int]
    """When the newest price of each contract came, in the market's time."""

    state: LedgerState
    """All trades that can still be corrected; what each realized, who asks works out himself."""
