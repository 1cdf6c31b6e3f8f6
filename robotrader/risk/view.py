"""What the gate looks at: one frozen value, put together by whoever owns the facts.

``None`` means that a fact is not known, which blocks what needs it (F63). Nothing has a default
that would let something pass.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from robotrader.domain import Borrow, Instrument, LinkState, Quote, Side
from robotrader.ledger import LedgerView, Log
from robotrader.risk.asked import Margin, Wish
from robotrader.risk.correlation import Correlations
from robotrader.risk.daily import DayFigures
from robotrader.risk.heat import StopAt
from robotrader.risk.switch import Switch

if TYPE_CHECKING:
    from robotrader.execution import OrderView
    from robotrader.ledger import Mark


_SIDES: Final = {each.value: each for each in Side}


class SessionState(StrEnum):
    """Whether a contract's market is open."""

    OPEN = "open"
    EXTENDED = "extended"
    CLOSED = "closed"


class WorkingOrder(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order at the broker that no reservation stands for: a leg, a found one, a stranger's.

    Of the orders of one ``group`` and side only one can fill (an OCA group).
    """

    ref: str
    con_id: int
    side: Side
    qty: Decimal
    """What remains of it."""

    price: Decimal | None = None
    group: str = ""
    strategy: str = ""
    """Whose budget it uses; empty for a stranger's."""

    reduces: bool = False
    yields: bool = False
    """Whether it gives way to an exit (a stop, a leg): the order manager sees to it."""

    protects: bool = False
    """Whether it is a stop that only reduces."""

    stop: StopAt | None = None
    """Where it stops, if it is one."""

    cause: str = ""
    """What led to it; a bracket's legs have the entry's."""

    @classmethod
    def of(cls, order: OrderView) -> WorkingOrder:
        """Return an order of the order manager's as the gate sees it."""
        return cls(
            ref=order.ref,
            con_id=order.con_id,
            side=_SIDES[order.side],
            qty=order.reserved,
            group=order.parent_ref,
            strategy=order.strategy,
            reduces=order.reduces,
            yields=order.yields,
            protects=order.protects,
            stop=StopAt.of(order.order_type, order.aux_price, order.trail_percent)
            if order.protects
            else None,
            cause=order.cause,
        )


class OpenOrders:
    """Orders that no reservation stands for, by contract, which remember what was new."""

    def __init__(self) -> None:
        self._all: dict[str, WorkingOrder] = {}
        self._of: dict[int, dict[str, WorkingOrder]] = {}
        self._shown: tuple[WorkingOrder, ...] | None = ()
        """All of them; None: one is another since they were asked for."""

        self._log: Log[int] = Log()

    def put(self, order: WorkingOrder) -> None:
        """Take an order, or what it is now; one that has not changed stays the same object."""
        before = self._all.get(order.ref)
        if before == order:
            return
        if before is not None and before.con_id != order.con_id:
            self.drop(order.ref)
        self._all[order.ref] = order
        self._of.setdefault(order.con_id, {})[order.ref] = order
        self._shown = None
        self._log.add(order.con_id)

    def drop(self, ref: str) -> None:
        """Forget an order, if it is among them."""
        before = self._all.pop(ref, None)
        if before is None:
            return
        own = self._of[before.con_id]
        del own[ref]
        if not own:
            del self._of[before.con_id]
        self._shown = None
        self._log.add(before.con_id)

    def all(self) -> tuple[WorkingOrder, ...]:
        """Return all of them."""
        if self._shown is None:
            self._shown = tuple(self._all.values())
        return self._shown

    def of(self, con_id: int) -> tuple[WorkingOrder, ...]:
        """Return those of a contract."""
        own = self._of.get(con_id)
        return () if own is None else tuple(own.values())

    def mark(self) -> Mark[int]:
        """Return where the log of contracts with other orders ends."""
        return self._log.mark()


class Moved(NamedTuple):
    """Where the logs of an account were when a view was made of it."""

    positions: Mark[int]
    strategies: Mark[str]
    orders: Mark[int]
    open: OpenOrders

    def orders_of(self, con_id: int, others: tuple[WorkingOrder, ...]) -> tuple[WorkingOrder, ...]:
        """Return the orders of a contract in that view, whose orders are ``others``."""
        if self.open.mark() == self.orders:
            return self.open.of(con_id)
        return tuple([each for each in others if each.con_id == con_id])


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """The world at one moment, as far as risk is concerned.

    ``instruments`` and ``sectors`` are other dictionaries when something in them is another: the
    gate looks at them once. ``quotes`` may be one dictionary whose values are replaced.
    """

    account: str
    ledger: LedgerView | None
    others: tuple[WorkingOrder, ...] | None
    switch: Switch | None
    link: LinkState | None
    stale: frozenset[int]
    """Contracts whose prices are known to be too old to open a position with."""

    halted: frozenset[int] | None
    """Contracts in which nothing but reductions may be traded."""

    instruments: dict[int, Instrument]
    quotes: dict[int, Quote]
    sessions: dict[int, SessionState]
    """At least that of the contract in question."""

    sectors: dict[int, str]
    restart_at_ns: int | None
    """When the next announced restart of the broker's gateway is; None: none is announced."""

    correlations: Correlations | None = None
    """None: none are known, which counts as the worst where a limit looks at them."""

    days: dict[int, DayFigures] = {}
    """What is known of contracts' past days; what a limit needs and is missing blocks."""

    skew_ns: int | None = None
    """The broker's clock minus ours."""

    borrows: dict[int, Borrow] = {}
    margins: dict[Wish, Margin] = {}
    """What the broker answered lately, by what it was asked about."""

    moved: Moved | None = None
    """Where to read what has changed in ``ledger`` and ``others``; None: it is looked for."""
