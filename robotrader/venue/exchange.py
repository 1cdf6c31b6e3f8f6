"""ONE simulated exchange: orders in, market data in, events out.

Pure and deterministic: time comes in with every call, and the same calls give the same events. The
emulated gateway and the backtester drive the same object. Nothing fills on data from before the
order was there: a bar counts for an order only if it began after the order came.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Final

from robotrader.venue import corrections, daytime, entry, matching
from robotrader.venue.events import (
    Charged,
    Executed,
    OrderUpdated,
    PositionChanged,
    Refused,
    Status,
    VenueEvent,
    Warned,
)
from robotrader.venue.groups import Groups
from robotrader.venue.rules import VenueRules
from robotrader.venue.working import ZERO, Working

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from robotrader.domain import Bar, Instrument, Order, OrderKey, Quote, Trade
    from robotrader.venue.events import Execution
    from robotrader.venue.ports import Accounts
    from robotrader.venue.sessions import Sessions

# A member of an enum takes fifty times as long to look up as a name.
_FILLED, _SUBMITTED, _CANCELLED = Status.FILLED, Status.SUBMITTED, Status.CANCELLED

NOTHING: Final[tuple[VenueEvent, ...]] = ()


class Venue:
    """See the module's prose.

    Args:
        instruments: what can be traded or watched.
        accounts: who keeps cash and positions.
        sessions: when trading is on.
        rules: how orders fill.
        now_ns: the time now, UTC.
        run_number: first part of execution ids; another one for each life of the venue.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        accounts: Accounts,
        sessions: Sessions,
        rules: VenueRules | None = None,
        *,
        now_ns: int = 0,
        run_number: int = 1,
    ) -> None:
        self.instruments = {each.con_id: each for each in instruments}
        self.accounts = accounts
        self.sessions = sessions
        self.rules = rules or VenueRules()
        self.run_number = run_number
        self.live: dict[OrderKey, Working] = {}
        self.done: dict[OrderKey, Working] = {}
        self.executions: list[Execution] = []
        self.halted: set[int] = set()
        self.quotes: dict[int, matching.Movement] = {}
        self.printed: set[int] = set()
        """Contracts whose stops look at trades, not at quotes."""

        self.next_perm_id = 1
        self.next_execution = 1
        self.now_ns = now_ns
        self._prices = accounts.prices
        self.by_contract: defaultdict[int, list[Working]] = defaultdict(list)
        self.groups = Groups(self)
        self.out: list[VenueEvent] = []
        self.next_event_ns = 0
        self._set_day()

    # -- requests --

    def place(self, key: OrderKey, order: Order, now_ns: int) -> Sequence[VenueEvent]:
        """Place an order, or modify the live one of the same key."""
        out = self._begin_answer(now_ns)
        known = self.live.get(key)
        if known is not None:
            entry.modify(self, known, order)
        elif key in self.done:
            filled = self.done[key].status is _FILLED
            code, text = (104, "Cannot modify a filled order.") if filled else _DUPLICATE
            out.append(Refused(key, code, text))
        else:
            entry.admit(self, key, order)
        return out

    def cancel(self, key: OrderKey, now_ns: int) -> Sequence[VenueEvent]:
        """Cancel a live order."""
        out = self._begin_answer(now_ns)
        order = self.live.get(key)
        if order is not None:
            self.finish(order, Status.CANCELLED, "Cancelled by Trader")
        elif key in self.done:
            status = self.done[key].status
            out.append(Refused(key, 10148, _cannot(key, f"cannot be cancelled, state: {status}.")))
        else:
            out.append(Refused(key, 10147, _cannot(key, "is not found.")))
        return out

    def cancel_all(self, now_ns: int) -> Sequence[VenueEvent]:
        """Cancel every live order of every client; a parent takes its children with it."""
        keys = list(self.live)
        return [event for key in keys if key in self.live for event in self.cancel(key, now_ns)]

    def _begin_answer(self, now_ns: int) -> list[VenueEvent]:
        """Let what is due happen first; what comes now is added to it."""
        out = [] if now_ns < self.next_event_ns else self._pass_time(now_ns)
        self.out = out
        self.now_ns = max(now_ns, self.now_ns)
        return out

    # -- the market --

    def on_bar(self, bar: Bar) -> Sequence[VenueEvent]:
        """Let a bar happen, after it has ended."""
        if not self.by_contract.get(bar.con_id):
            self._prices[bar.con_id] = bar.close
            return NOTHING
        out = self._begin_answer(bar.start_ns)
        self._prices[bar.con_id] = bar.close
        self.now_ns = max(bar.end_ns, self.now_ns)
        self.match(matching.bar_movement(bar, self.rules), bar.start_ns)
        return out

    def reach(self, con_id: int) -> tuple[float, float, int]:
        """Return two prices and a time: bars between them that begin earlier change no order.

        It holds until the next request, quote, trade or event.
        """
        low, high = -inf, inf
        for order in self.by_contract.get(con_id, ()):
            one, other = order.reach()
            low, high = max(low, one), min(high, other)
        return low, high, self.next_event_ns

    def on_quote(self, quote: Quote) -> Sequence[VenueEvent]:
        """Let a quote come; it is what orders trade against until the next one."""
        movement = matching.quote_movement(quote, self.rules)
        if movement is None:
            self.quotes.pop(quote.con_id, None)
            return NOTHING
        movement.triggers = quote.con_id not in self.printed
        self.quotes[quote.con_id] = movement
        if not self.by_contract.get(quote.con_id):
            return NOTHING
        out = self._begin_answer(quote.time_ns)
        self.match(movement)
        return out

    def on_trade(self, trade: Trade) -> Sequence[VenueEvent]:
        """Let a trade print: it sets the last price, and stops look at it."""
        self._prices[trade.con_id] = trade.price
        self.printed.add(trade.con_id)
        orders = self.by_contract.get(trade.con_id)
        if not orders:
            return NOTHING
        out = self._begin_answer(trade.time_ns)
        standing = self.quotes.get(trade.con_id)
        if standing is None:
            self.match(matching.trade_movement(trade, self.rules))
            return out
        path = (trade.price,)
        hit = False
        for order in orders:
            order.place = 0.0
            if self.may_trade(order, self.now_ns) and order.follow(path):
                self.works(order)
                hit = True
        if hit:
            self.match(standing)
        return out

    def advance(self, now_ns: int) -> Sequence[VenueEvent]:
        """Let time pass: closing auctions, expiries, the end of the day."""
        if now_ns < self.next_event_ns:
            self.now_ns = max(now_ns, self.now_ns)
            return NOTHING
        events = self._pass_time(now_ns)
        self.now_ns = max(now_ns, self.now_ns)
        return events

    def _pass_time(self, now_ns: int) -> list[VenueEvent]:
        out: list[VenueEvent] = []
        self.out = out
        while self.next_event_ns <= now_ns:
            self.now_ns = at_ns = max(self.next_event_ns, self.now_ns)
            if at_ns >= self._close_ns:
                daytime.closing_auction(self)
                self.groups.settle()
            daytime.expire(self)
            if at_ns >= self._roll_ns:
                self._roll_day()
            self._set_day()
        return out

    def halt(self, con_id: int) -> None:
        """Stop trading in a contract; orders stay."""
        self.halted.add(con_id)

    def resume(self, con_id: int) -> None:
        """Trade it again; the next quote or bar is the first that counts."""
        self.halted.discard(con_id)

    def locate(self, con_id: int, now_ns: int) -> Sequence[VenueEvent]:
        """Find the shares that short sales of a contract wait for; they begin now."""
        out = self._begin_answer(now_ns)
        for order in list(self.by_contract.get(con_id, ())):
            if order.why_held and not order.status.over:
                order.why_held = ""
                entry.begin(self, order)
        return out

    def correct(self, exec_id: str, qty: Decimal, price: Decimal | None) -> Sequence[VenueEvent]:
        """Replace an execution of today by one of other quantity (0: a bust) or price.

        Raises:
            KeyError: there is none of that id.
        """
        out = self._begin_answer(self.now_ns)
        index, old = corrections.find(self.executions, exec_id)
        new = corrections.corrected(old, qty, price)
        self.executions[index] = new
        corrections.book(self.accounts, old, new, self.instruments[old.con_id].multiplier)
        out.append(Executed(new))
        out.append(PositionChanged(old.account, old.con_id))
        return out

    def lose(self, key: OrderKey) -> None:
        """Forget a live order and its children, as a crash of the gateway can."""
        order = self.live[key]
        for each in (order, *order.children):
            if not each.status.over:
                each.status = Status.INACTIVE
                del self.live[each.key]
                self.by_contract[each.order.con_id].remove(each)
                self.groups.leave(each)

    # -- matching --

    def may_trade(self, order: Working, began_ns: int) -> bool:
        """Say whether an order may meet a movement that began at ``began_ns``."""
        return (
            began_ns >= order.asked_ns
            and began_ns >= order.opens_ns
            and not order.waits(began_ns)
            and order.order.con_id not in self.halted
            and not order.at_close
            and self.sessions.is_open(began_ns, outside_rth=order.order.outside_rth)
        )

    def match(
        self,
        movement: matching.Movement,
        began_ns: int | None = None,
        orders: list[Working] | None = None,
    ) -> None:
        """Let orders (all of the contract) meet a movement; a quote stands until the next one."""
        if orders is None:
            orders = list(self.by_contract[movement.con_id])
        began_ns = self.now_ns if began_ns is None else began_ns
        for order in matching.run(self, movement, orders, began_ns):
            if order.immediate and not order.status.over:
                self.finish(order, Status.CANCELLED, f"{order.order.tif} not filled at once")
        self.groups.settle()

    def filled(self, order: Working, qty: Decimal, price: Decimal) -> Iterable[Working]:
        """Book a fill; return the orders that came alive by it."""
        order.fill(qty, price)
        instrument = self.instruments[order.order.con_id]
        number, self.next_execution = self.next_execution, self.next_execution + 1
        exec_id = f"{self.run_number:08x}.{number:08x}.01.01"
        execution = corrections.executed(exec_id, order, instrument, qty, price, now_ns=self.now_ns)
        self.executions.append(execution)
        commission, realized = self.accounts.fill(
            order.order,
            instrument,
            qty=qty,
            price=price,
            day=self._day,
            charges=order.charges,
        )
        out = self.out
        out.append(Executed(execution))
        if order.remaining <= ZERO:
            self.finish(order, _FILLED, f"Filled Size: {order.filled}")
        else:
            order.charges = order.charges.plus(qty, price, commission)
            order.status = _SUBMITTED
            self.show(order)
        out.append(Charged(execution.exec_id, order.key, commission, instrument.currency, realized))
        out.append(PositionChanged(order.order.account, order.order.con_id))
        return self.groups.after_fill(order, qty)

    def works(self, order: Working) -> None:
        """Announce that an order is at the exchange."""
        if order.status is not _SUBMITTED:
            order.status = _SUBMITTED
            self.show(order)

    # -- ends --

    def finish(self, order: Working, status: Status, why: str) -> None:
        """End an order, and what depends on it."""
        order.status = status
        order.done_ns = self.now_ns
        order.done_text = why
        del self.live[order.key]
        self.by_contract[order.order.con_id].remove(order)
        self.done[order.key] = order
        self.out.append(OrderUpdated(order.state()))
        if status is _CANCELLED:
            self.out.append(Warned(order.key, 202, "Order Canceled - reason:"))
        self.groups.after_end(order)

    def show(self, order: Working) -> None:
        """Announce how an order stands."""
        self.out.append(OrderUpdated(order.state()))

    # -- time --

    def _set_day(self) -> None:
        now_ns, sessions = self.now_ns, self.sessions
        self._day = sessions.day_of(now_ns)
        self._close_ns = sessions.next_close_ns(now_ns)
        self._roll_ns = sessions.next_roll_ns(now_ns)
        self._set_next_event()

    def _set_next_event(self) -> None:
        expiries = [each.expires_ns for each in self.live.values() if each.expires_ns is not None]
        self.next_event_ns = min([self._close_ns, self._roll_ns, *expiries])

    def _roll_day(self) -> None:
        """Begin a new day: what is over is forgotten, as IBKR's lists are of the day."""
        self.accounts.roll_day()
        self.executions.clear()
        self.done.clear()

    def adopt(self, live: list[Working], done: list[Working]) -> None:
        """Take in the orders of a snapshot, whose day is not over."""
        self.live = {order.key: order for order in live}
        self.done = {order.key: order for order in done}
        for order in live:
            self.by_contract[order.order.con_id].append(order)
            self.groups.adopt(order)
        self._set_next_event()

    @property
    def day(self) -> daytime.Day:
        """The trading day as the venue lives it: until ``advance`` reaches its end."""
        return daytime.Day(self._day, self._close_ns, self._roll_ns)

    @day.setter
    def day(self, day: daytime.Day) -> None:
        self._day, self._close_ns, self._roll_ns = day.date, day.close_ns, day.roll_ns


_DUPLICATE: Final = (103, "Duplicate order id")


def _cannot(key: OrderKey, why: str) -> str:
    return f"OrderId {key.order_id} that needs to be cancelled {why}"
