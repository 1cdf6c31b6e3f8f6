"""One order as we believe it to be: what the journal holds, and what only this process knows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - msgspec reads the annotations for a snapshot
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import OVER, PROTECTIVE, Happening, OrderState, OrderType, Side, after
from robotrader.domain.records import ZERO, Ending, ModifyIntended, OrderIntended
from robotrader.execution.effects import OrderView

if TYPE_CHECKING:
    from robotrader.domain import OrderReport
    from robotrader.domain.records import OrderAcked

_H = Happening
SIGNS: Final = {side.value: side.sign for side in Side}
"""By a record's side: 1 where the position grows, -1 where it shrinks."""

IN_DOUBT: Final = frozenset({OrderState.UNKNOWN, OrderState.FENCED})
"""The states of an order of which it is not known whether it lives; none of them is an end."""

_TRAILING: Final = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
_UNSAID: Final = (
    (),
    (_H.SENT,),
    (_H.LINK_LOST,),
    (_H.NOT_FOUND,),
    (_H.LINK_LOST, _H.NOT_FOUND),
)
"""What happens between two records without one of its own: that it was sent, that it was missed."""


def _path(state: OrderState, what: tuple[Happening, ...]) -> OrderState | None:
    for each in what:
        reached = after(state, each)
        if reached is None:
            return None
        state = reached
    return state


def _reached(state: OrderState, what: Happening) -> OrderState | None:
    """Return the state that something leads to, with the least that may go unsaid before it."""
    paths = (_path(state, (*unsaid, what)) for unsaid in _UNSAID)
    return next((reached for reached in paths if reached is not None), None)


_REACHED: Final = {(state, what): _reached(state, what) for state in OrderState for what in _H}


def _said(price: Decimal | None, ours: Decimal | None) -> Decimal | None:
    return ours if price is None or ours is None else price


def is_price(said: Decimal | None, ours: Decimal | None) -> bool:
    """Return whether a reported price fits ours; an order without one may be reported with 0."""
    return ours is None or said is None or said == ours


def is_taken(change: ModifyIntended, said: OrderAcked | OrderReport) -> bool:
    """Return whether what the broker says of an order is what a change asked for."""
    same_limit = is_price(said.limit_price, change.limit_price)
    return said.qty == change.qty and same_limit and is_price(said.aux_price, change.aux_price)


def scopes_of(intent: OrderIntended) -> tuple[str, ...]:
    """Return the scopes of the kill switch that an order is in.

    A strategy's are two: ``strategy:cross/AAPL``, and ``strategy:cross`` for all of its symbols.
    """
    return (
        "all",
        f"account:{intent.account}",
        f"symbol:{intent.symbol}",
        f"strategy:{intent.strategy}",
        f"strategy:{intent.strategy.partition('/')[0]}",
    )


class Doubtful:
    """How many of a book's orders are in doubt: their states keep it up to date."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class _Counted:
    """Whose doubts are counted; no field, so that a snapshot does not hold it."""

    __slots__ = ("doubts",)

    doubts: Doubtful

    def count_in(self, doubts: Doubtful) -> None:
        """Count it in from now on, as its state is."""
        self.doubts = doubts

    def count_out(self, state: OrderState) -> None:
        """Count it no more: another one has taken its place."""
        self.doubts.count -= state in IN_DOUBT
        self.doubts = Doubtful()


@dataclass(slots=True)
class Tracked(_Counted):
    """An order of ours. Whoever makes one lets it be counted in the book's ``doubts``.

    ``seen`` is the sum of its fills, ``said`` how much was filled by what ended it. The fields
    from ``state`` on are this process's own: a replay does not give them back.
    """

    intent: OrderIntended
    qty: Decimal
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_stop: Decimal | None = None
    """How near a trailing stop has come, as far as that is known."""

    acked: bool = False
    perm_ids: tuple[int, ...] = ()
    cancel: bool = False
    modify: ModifyIntended | None = None
    seen: Decimal = ZERO
    said: Decimal = ZERO
    ending: Ending | None = None
    code: int = 0
    why: str = ""
    last_ns: int = 0
    """The time of the last record about it, by the records (see ``leaving``)."""

    tripped: bool = False
    """Whether the switch was tripped over it, since it was intended, to a level that ends exits.

    Not among ``durable``: a trip that is written together with an intent is heard of before it.
    """

    state: OrderState = OrderState.INTENDED
    as_of: int = 0
    """The newest snapshot asked for when it was last sent, or ended: older ones judge nothing."""

    modified_as_of: int = 0
    missed_ns: int | None = None
    """When it was first not found, and fenced if it was never acknowledged."""

    duplicate: bool = False
    """Its number was another order's (103): it may not be cancelled by it."""

    refused: int = 0
    """The code of a rejection that came for it after an acknowledgement."""

    cancel_due_ns: int = 0
    """When a cancel is sent again."""

    @property
    def ref(self) -> str:
        """Return its reference."""
        return self.intent.ref

    @property
    def over(self) -> bool:
        """Return whether it has ended."""
        return self.state in OVER

    @property
    def protective(self) -> bool:
        """Whether it is a stop that only reduces: what an emergency must leave alive."""
        return self.intent.reduces and self.intent.order_type in PROTECTIVE

    @property
    def yields(self) -> bool:
        """Whether it gives way to an exit: a stop, or the leg of a bracket."""
        told = self.intent
        return told.reduces and (bool(told.parent_ref) or told.order_type in PROTECTIVE)

    @property
    def reserved(self) -> Decimal:
        """Shares that it may still trade, or has traded unseen."""
        if self.state in OVER:
            most = self.said
        elif self.modify is None:
            most = self.qty
        else:
            most = max(self.qty, self.modify.qty)
        return max(most - self.seen, ZERO)

    def move(self, what: Happening) -> bool:
        """Change the state by the table; return whether it can happen at all."""
        state = _REACHED[self.state, what]
        if state is None:
            return False
        if state is not self.state:
            self.doubts.count += (state in IN_DOUBT) - (self.state in IN_DOUBT)
            self.state = state
        return True

    def settle(self, record: OrderAcked) -> None:
        """Take what the broker says that the order is for: a change was taken, or was not."""
        change = self.modify
        if change is not None and is_taken(change, record):
            self.limit_price, self.aux_price = change.limit_price, change.aux_price
        self.limit_price = _said(record.limit_price, self.limit_price)
        self.aux_price = _said(record.aux_price, self.aux_price)
        self.qty, self.modify = record.qty, None

    def durable(self) -> tuple[Any, ...]:
        """What a replay gives back: equal in two processes with the same journal."""
        end = self.state if self.over else None
        prices = (self.limit_price, self.aux_price, self.trail_stop)
        facts = (
            self.qty,
            *prices,
            self.acked,
            self.perm_ids,
            self.cancel,
            self.modify,
            self.last_ns,
        )
        return (self.intent, *facts, self.seen, self.said, self.ending, self.code, self.why, end)

    def nearer(self, trail_stop: Decimal | None) -> bool:
        """Return whether a trailing stop has come nearer to the market: up for one that sells."""
        if trail_stop is None or self.intent.order_type not in _TRAILING:
            return False
        known = self.trail_stop
        return known is None or (known - trail_stop) * SIGNS[self.intent.side] > 0

    def view(self) -> OrderView:
        """Return what others may see."""
        told = self.intent
        protects = told.reduces and told.order_type in PROTECTIVE
        return OrderView(
            # By place: each name more than a dozen costs as much as all of this.
            told.ref, told.order_id, told.strategy, told.con_id, told.symbol, told.side,
            self.state, self.qty, self.seen, self.reserved, told.reduces, protects,
            protects or (told.reduces and bool(told.parent_ref)),
            told.order_type,
            self.perm_ids[-1] if self.perm_ids else 0,
            told.parent_ref, self.limit_price, self.aux_price, told.trail_percent,
            self.modify is not None,
            self.code, self.why, told.cause, told.tif, told.wall_ns, told.account,
        )  # fmt: skip
