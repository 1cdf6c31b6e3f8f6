"""The orders, fills and positions that the journal holds: a fold, one method for each record.

The same code applies a record at a replay and after its commit, so that a restarted process
believes what the old one did. Nothing here changes without a record, but for what a process knows
of itself (see ``Tracked``).
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads the annotations for a snapshot
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from robotrader.domain import (
    NO_STRATEGIES,
    NOBODY,
    OVER,
    Happening,
    OrderState,
    accepted,
    moved,
)
from robotrader.domain import records as r
from robotrader.execution import identity
from robotrader.execution.filed import OfStrategies, Orders
from robotrader.execution.leaving import EXTERNALS, Keep, Leaving
from robotrader.execution.tracked import SIGNS, Doubtful, Tracked, scopes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from robotrader.domain import ExecutionReport, OrderReport

_ENDS: Final = {
    r.Ending.FILLED: Happening.FILLED,
    r.Ending.CANCELLED: Happening.CANCELLED,
    r.Ending.REJECTED: Happening.REJECTED,
    r.Ending.ABANDONED: Happening.ABANDONED,
    r.Ending.LOST: Happening.LOST,
}


_OF_ORDERS: Final = frozenset(
    {r.OrderIntended, r.ModifyIntended, r.CancelIntended, r.OrderAcked, r.OrderDone}
    | {r.FillBooked, r.FillCorrected}
)
"""Records that only the order manager writes: their times are the clock of what leaves."""

_OF_KNOWN: Final = frozenset({r.ModifyIntended, r.CancelIntended, r.OrderAcked, r.OrderDone})
"""Records of an order that has been intended."""

# A member of an enum takes fifty times as long to look up as a name.
_WORKING: Final = OrderState.WORKING
_STRICTNESS: Final = "pause reduce cancel flatten"
"""The switch's levels, from the mildest on."""

ENDING_LEVELS: Final = frozenset({"cancel", "flatten"})
"""Those at which exits end too, but for those that are asked for later."""

_UNANSWERED: Final = (OrderState.INTENDED, OrderState.SENT)
_ACKED: Final = Happening.ACKED


class Booked(NamedTuple):
    """The newest revision of a fill."""

    exec_id: str
    ref: str
    account: str
    con_id: int
    sign: int
    qty: Decimal
    price: Decimal
    strategy: str
    booked_ns: int = 0
    """By the records' clock."""


class Book:
    """See the module's prose. ``apply`` returns the order that a record changed, if any.

    Args:
        keep: how long finished orders and fills stay (see ``leaving``).
    """

    def __init__(self, keep: Keep | None = None) -> None:
        self.leaving = Leaving(keep or Keep())
        self.epoch = 0
        self.account = ""
        self.client_id = 0
        self.orders: dict[str, Tracked] = {}
        self.open = Orders()
        """The orders that are not over, in the order of their intents."""

        self.by_id: dict[int, str] = {}
        self.by_perm: dict[int, str] = {}
        self.fills: dict[str, Booked] = {}
        self.commissions: dict[str, tuple[str, Decimal]] = {}
        self.positions: dict[tuple[str, int], Decimal] = {}
        self.holdings: OfStrategies[Decimal] = OfStrategies()
        """What each strategy's own fills come to."""

        self.awaited = Orders()
        """Orders that are over and of which fills are still to come."""

        self.stops: OfStrategies[str] = OfStrategies()
        """The newest protective stop that was intended for what a strategy holds."""

        self.legs: dict[str, tuple[str, ...]] = {}
        """The legs of each bracket, by its parent."""

        self.moves: dict[int, int] = {}
        """How often the position in a contract changed."""

        self.halted: set[int] = set()
        self.blocked: dict[str, str] = {}
        """The kill switch: the level by scope; nothing but reductions may be placed there."""

        self.externals: dict[int, tuple[str, Decimal]] = {}
        self.reconciled = 0
        self.ignored = 0
        """Records that the order's state does not allow; they change nothing."""

        self.doubts = Doubtful()
        """How many orders may live, or never have arrived."""

        self.identities = identity.Identities()
        self._apply: Final[dict[type, Callable[[Any], Tracked | None]]] = {
            r.SessionBegan: self._session_began,
            r.OrderIntended: self._order_intended,
            r.ModifyIntended: self._modify_intended,
            r.CancelIntended: self._cancel_intended,
            r.OrderAcked: self._order_acked,
            r.FillBooked: self._fill_booked,
            r.FillCorrected: self._fill_corrected,
            r.CommissionBooked: self._commission_booked,
            r.OrderDone: self._order_done,
            r.Reconciled: self._was_reconciled,
            r.ExternalOrderSeen: self._external_seen,
            r.SymbolHalted: self._symbol_halted,
            r.SymbolResumed: self._symbol_resumed,
            r.PositionAdopted: self._position_adopted,
            r.SwitchTripped: self._switch_tripped,
            r.SwitchCleared: self._switch_cleared,
        }

    def apply(self, record: r.Record) -> Tracked | None:
        """Take a durable record in; other actors' records change nothing here."""
        told: Any = record
        kind = type(told)
        known = self._apply.get(kind)
        if known is None:
            return None
        if kind not in _OF_ORDERS:
            return known(told)
        if (kind in _OF_KNOWN and self._has_left(told.ref)) or (
            kind is r.FillCorrected and told.family not in self.fills
        ):
            self.ignored += 1
            return None
        order = known(told)
        self.leaving.heard(order, told.wall_ns)
        return order

    def _has_left(self, ref: str) -> bool:
        """Return whether this book had an order, and has it no more."""
        return ref not in self.orders and self.identities.had(ref)

    # -- who it is --

    def order_of(self, report: OrderReport | ExecutionReport) -> Tracked | None:
        """Find the order of ours that a report is about: by reference, our number, or permId."""
        if report.ref:
            return self.orders.get(report.ref)
        if report.client_id == self.client_id and report.order_id in self.by_id:
            return self.orders[self.by_id[report.order_id]]
        return self.orders.get(self.by_perm.get(report.perm_id, ""))

    def durable(self) -> dict[str, Any]:
        """What two processes with the same journal agree on (invariant I3b)."""
        return {
            "epoch": self.epoch,
            "orders": {ref: order.durable() for ref, order in self.orders.items()},
            "fills": self.fills,
            "commissions": self.commissions,
            "positions": self.positions,
            "halted": self.halted,
            "externals": self.externals,
            "leaving": (self.leaving.now_ns, tuple(self.leaving.refs)),
        }

    def in_doubt(self) -> bool:
        """Return whether there is an order of which it is not known whether it lives."""
        return self.doubts.count > 0

    # -- the fold --

    def _session_began(self, record: r.SessionBegan) -> None:
        self.epoch = record.epoch
        self.account = record.account
        self.client_id = record.client_id
        self.identities.begin(record.epoch)
        self.reconciled = 0
        for order in self.open.values():
            order.move(Happening.LINK_LOST)

    def _order_intended(self, record: r.OrderIntended) -> Tracked:
        if len(self.leaving.refs) > self.leaving.keep.fewest:
            self.leaving.orders(self)
        order = Tracked(record, record.qty, record.limit_price, record.aux_price)
        order.trail_stop = record.trail_stop_price
        if record.ref in self.orders:  # two lives that gave one reference
            known = self.orders[record.ref]
            known.count_out(known.state)
        order.count_in(self.doubts)
        self.orders[record.ref] = self.open[record.ref] = order
        if record.order_id:
            self.by_id[record.order_id] = record.ref
        self.identities.saw(record.ref, record.order_id)
        if record.parent_ref:
            self.legs[record.parent_ref] = (*self.legs.get(record.parent_ref, ()), record.ref)
        if record.reduces and order.protective:
            self.stops[record.strategy, record.con_id] = record.ref
        return order

    def _modify_intended(self, record: r.ModifyIntended) -> Tracked:
        order = self.orders[record.ref]
        order.modify = record
        return order

    def _cancel_intended(self, record: r.CancelIntended) -> Tracked:
        order = self.orders[record.ref]
        order.cancel = True
        self.ignored += not order.move(Happening.CANCEL_INTENDED)
        return order

    def _order_acked(self, record: r.OrderAcked) -> Tracked:
        order = self.orders[record.ref]
        order.acked = True
        order.missed_ns = None
        order.duplicate = False
        self.saw_perm(order, record.perm_id)
        if record.qty:
            order.settle(record)
        if order.nearer(record.trail_stop_price):
            order.trail_stop = record.trail_stop_price
        again = order.over
        self.ignored += not order.move(_ACKED)
        if order.cancel and order.state is _WORKING:
            order.move(Happening.CANCEL_INTENDED)
        if again and not order.over:
            self.open[order.ref] = order
            order.ending, order.said = None, r.ZERO
            self._await(order)
        return order

    def saw_perm(self, order: Tracked, perm_id: int) -> None:
        """Note a permId of an order: after a change in an outage it may have two."""
        if perm_id and perm_id not in order.perm_ids:
            order.perm_ids += (perm_id,)
            self.by_perm[perm_id] = order.ref

    def _fill_booked(self, record: r.FillBooked) -> Tracked | None:
        sign = SIGNS[record.side]
        where = (record.account, record.con_id)
        change = sign * record.qty
        changes = {record.strategy: change}
        if record.strategy in NO_STRATEGIES:
            held = {name: qty for (name, _), qty in self.holdings.of(record.con_id).items()}
            changes = moved(held, record.strategy, change)
        strategy, now_ns = next(iter(changes)), max(record.wall_ns, self.leaving.now_ns)
        self.fills[record.family] = Booked(
            record.exec_id, record.ref, record.account, record.con_id,
            sign, record.qty, record.price, strategy, now_ns,
        )  # fmt: skip
        self.leaving.fills(self)
        self._move_position(where, change)
        self.identities.saw(record.ref, 0)
        order = self.orders.get(record.ref)
        if order is not None:
            order.seen += record.qty
            order.acked = True  # what trades was there
            if order.state in _UNANSWERED:
                order.move(_ACKED)
            self.saw_perm(order, record.perm_id)
            self._await(order)
        for name, part in changes.items():
            self._hold(name, record.con_id, part)
        return order

    def _hold(self, strategy: str, con_id: int, change: Decimal) -> None:
        key = (strategy, con_id)
        self.holdings[key] = self.holdings.get(key, r.ZERO) + change
        self._forget_stop(key)

    def _forget_stop(self, key: tuple[str, int]) -> None:
        """Forget where the stop of a position was that is over: the next may be meant without."""
        if not self.holdings.get(key):
            self.stops.pop(key, None)
            for ref in self._coming(key):
                self.stops[key] = ref

    def _coming(self, key: tuple[str, int]) -> Iterator[str]:
        """Yield the stops of what may still trade for a strategy, the newest last."""
        strategy, con_id = key
        for order in (*self.awaited.of(con_id).values(), *self.open.of(con_id).values()):
            if order.intent.strategy == strategy and order.reserved:
                for ref in (order.ref, *self.legs.get(order.ref, ())):
                    if self.orders[ref].protective:
                        yield ref

    def _await(self, order: Tracked) -> None:
        if order.state in OVER and order.reserved:
            self.awaited[order.intent.ref] = order
        elif order.intent.ref in self.awaited:
            self.awaited.pop(order.intent.ref)

    def _fill_corrected(self, record: r.FillCorrected) -> Tracked | None:
        old = self.fills[record.family]
        at_ns = max(record.wall_ns, self.leaving.now_ns)
        new = old._replace(
            exec_id=record.exec_id, qty=record.qty, price=record.price, booked_ns=at_ns
        )
        del self.fills[record.family]  # the newest last: it may be corrected again
        self.fills[record.family] = new
        change = new.qty - old.qty
        self._move_position((old.account, old.con_id), old.sign * change)
        self._hold(old.strategy, old.con_id, old.sign * change)
        order = self.orders.get(old.ref)
        if order is not None:
            order.seen += change
            # What was said of the whole counted the fill as it was.
            order.said = max(order.said + change, r.ZERO) if order.over else order.said
            self._await(order)
        return order

    def _move_position(self, where: tuple[str, int], change: Decimal) -> None:
        self.moves[where[1]] = self.moves.get(where[1], 0) + 1
        self.positions[where] = self.positions.get(where, r.ZERO) + change

    def _commission_booked(self, record: r.CommissionBooked) -> None:
        self.commissions[record.family] = (record.exec_id, record.commission)

    def _order_done(self, record: r.OrderDone) -> Tracked:
        order = self.orders[record.ref]
        moved = order.move(_ENDS[record.ending])
        order.said = record.cum_filled
        if moved:
            order.ending, order.code, order.why = record.ending, record.code, record.why
            order.modify = None
        self.ignored += not moved
        if order.state in OVER:
            self.open.pop(order.ref, None)
        self._await(order)
        if order.protective:
            self._forget_stop((order.intent.strategy, order.intent.con_id))
        return order

    def _was_reconciled(self, record: r.Reconciled) -> None:
        self.reconciled = record.generation

    def _external_seen(self, record: r.ExternalOrderSeen) -> None:
        self.externals.pop(record.perm_id, None)
        self.externals[record.perm_id] = (record.status, record.qty)
        if len(self.externals) > EXTERNALS:
            del self.externals[next(iter(self.externals))]

    def _symbol_halted(self, record: r.SymbolHalted) -> None:
        self.halted.add(record.con_id)

    def _symbol_resumed(self, record: r.SymbolResumed) -> None:
        self.halted.discard(record.con_id)

    def _position_adopted(self, record: r.PositionAdopted) -> None:
        """Twice is as once: the journal tells the order manager's own records too."""
        where = (self.account, record.con_id)
        change = record.qty - self.positions.get(where, r.ZERO)
        if change:
            self._move_position(where, change)
        held = {name: qty for (name, _), qty in self.holdings.of(record.con_id).items()}
        for name, off in accepted(held, record.qty).items():
            self._hold(name, record.con_id, off)
            held[name] += off
        if nobodys := record.qty - sum(held.values(), r.ZERO):
            self._hold(NOBODY, record.con_id, nobodys)

    def _switch_tripped(self, record: r.SwitchTripped) -> None:
        """A second trip of a scope, for another reason, makes nothing milder."""
        before = self.blocked.get(record.scope, record.level)
        self.blocked[record.scope] = max(before, record.level, key=_STRICTNESS.find)
        if record.level in ENDING_LEVELS:
            for order in self.open.values():
                order.tripped |= record.scope in scopes_of(order.intent)

    def _switch_cleared(self, record: r.SwitchCleared) -> None:
        """What nobody clears ends only what ends by itself: the switch says what that leaves."""
        if record.who:
            self.blocked.pop(record.scope, None)
