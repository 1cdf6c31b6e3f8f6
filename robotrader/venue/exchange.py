"""ONE simulated exchange: orders in, market data in, events out.

Pure and deterministic: time comes in with every call, and the same calls give the same events. The
emulated gateway and the backtester drive the same object. Nothing fills on data from before the
order was there: a bar counts for an order only if it began after the order came.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from robotrader.venue import corrections, daytime, matching
from robotrader.venue.admission import change_refusal, refusal, rejected
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
from robotrader.venue.ports import Hold, Rejection
from robotrader.venue.rules import VenueRules
from robotrader.venue.working import AT_CLOSE, STOPS, TOUCHED, ZERO, Working

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from robotrader.domain import Bar, Instrument, Order, OrderKey, Quote, Trade
    from robotrader.venue.events import Execution
    from robotrader.venue.ports import Accounts
    from robotrader.venue.sessions import Sessions

NOTHING: Final[tuple[VenueEvent, ...]] = ()
_WAITING_TYPES: Final = STOPS | TOUCHED | AT_CLOSE | daytime.AT_OPEN


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
        self._printed: set[int] = set()  # contracts whose stops look at trades, not at quotes
        self.next_perm_id = 1
        self.next_execution = 1
        self.now_ns = now_ns
        self._prices = accounts.prices
        self._by_contract: defaultdict[int, list[Working]] = defaultdict(list)
        self._groups = Groups(self)
        self._out: list[VenueEvent] = []
        self._next_event_ns = 0
        self._set_day()

    # -- requests --

    def place(self, key: OrderKey, order: Order, now_ns: int) -> Sequence[VenueEvent]:
        """Place an order, or modify the live one of the same key."""
        out = self._begin_answer()
        self.now_ns = max(now_ns, self.now_ns)
        known = self.live.get(key)
        if known is not None:
            self._modify(known, order)
        elif key in self.done:
            filled = self.done[key].status is Status.FILLED
            code, text = (104, "Cannot modify a filled order.") if filled else _DUPLICATE
            out.append(Refused(key, code, text))
        else:
            self._admit(key, order)
        return out

    def cancel(self, key: OrderKey, now_ns: int) -> Sequence[VenueEvent]:
        """Cancel a live order."""
        out = self._begin_answer()
        self.now_ns = max(now_ns, self.now_ns)
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

    def _begin_answer(self) -> list[VenueEvent]:
        out: list[VenueEvent] = []
        self._out = out
        return out

    # -- the market --

    def on_bar(self, bar: Bar) -> Sequence[VenueEvent]:
        """Let a bar happen, after it has ended."""
        self._prices[bar.con_id] = bar.close
        if not self._by_contract.get(bar.con_id):
            return NOTHING
        return self._meet(matching.bar_movement(bar, self.rules))

    def on_quote(self, quote: Quote) -> Sequence[VenueEvent]:
        """Let a quote come; it is what orders trade against until the next one."""
        movement = matching.quote_movement(quote, self.rules)
        if movement is not None:
            movement.triggers = quote.con_id not in self._printed
        if movement is None:
            self.quotes.pop(quote.con_id, None)
            return NOTHING
        self.quotes[quote.con_id] = movement
        if not self._by_contract.get(quote.con_id):
            return NOTHING
        return self._meet(movement)

    def on_trade(self, trade: Trade) -> Sequence[VenueEvent]:
        """Let a trade print: it sets the last price, and stops look at it."""
        self._prices[trade.con_id] = trade.price
        self._printed.add(trade.con_id)
        orders = self._by_contract.get(trade.con_id)
        if not orders:
            return NOTHING
        out = self._begin_answer()
        self.now_ns = max(trade.time_ns, self.now_ns)
        path = (trade.price,)
        for order in orders:
            order.place = 0.0
            if self.may_trade(order, trade.time_ns) and order.follow(path):
                self.triggered(order)
        quote = self.quotes.get(trade.con_id)
        if quote is not None and out:
            out += self._meet(quote)
        return out

    def advance(self, now_ns: int) -> Sequence[VenueEvent]:
        """Let time pass: closing auctions, expiries, the end of the day."""
        if now_ns < self._next_event_ns:
            self.now_ns = max(now_ns, self.now_ns)
            return NOTHING
        events: list[VenueEvent] = []
        while self._next_event_ns <= now_ns:
            self.now_ns = at_ns = max(self._next_event_ns, self.now_ns)
            self._out = []
            if at_ns >= self._close_ns:
                daytime.closing_auction(self)
            daytime.expire(self)
            if at_ns >= self._roll_ns:
                self._roll_day()
            events += self._out
            self._set_day()
        self.now_ns = max(now_ns, self.now_ns)
        return events

    def halt(self, con_id: int) -> None:
        """Stop trading in a contract; orders stay."""
        self.halted.add(con_id)

    def resume(self, con_id: int) -> None:
        """Trade it again; the next quote or bar is the first that counts."""
        self.halted.discard(con_id)

    def correct(self, exec_id: str, qty: Decimal, price: Decimal | None) -> Sequence[VenueEvent]:
        """Replace an execution of today by one of other quantity (0: a bust) or price.

        Raises:
            KeyError: there is none of that id.
        """
        out = self._begin_answer()
        index, old = corrections.find(self.executions, exec_id)
        new = corrections.corrected(old, qty, price)
        self.executions[index] = new
        corrections.book(self.accounts, old, new, self.instruments[old.con_id].multiplier)
        out.append(Executed(new))
        out.append(PositionChanged(old.account, old.con_id))
        return out

    def lose(self, key: OrderKey) -> None:
        """Forget a live order as if it had never come: what a crash of the gateway can do."""
        order = self.live.pop(key)
        self._by_contract[order.order.con_id].remove(order)

    # -- an order comes --

    def _admit(self, key: OrderKey, order: Order) -> None:
        instrument = self.instruments.get(order.con_id)
        if instrument is None:
            text = "No security definition has been found for the request"
            self._out.append(Refused(key, 200, text))
            return
        price = self._prices.get(order.con_id)
        verdict = refusal(order, instrument, self.rules, price, self.now_ns)
        answer = verdict or self.accounts.check(order, instrument)
        if isinstance(answer, Rejection):
            self._out.append(Refused(key, answer.code, answer.text))
            return
        working = Working(key, order, self.next_perm_id, self.next_perm_id, self.now_ns)
        if not self._groups.join(working):
            text = rejected(f"parent order {order.parent_id} is not there.").text
            self._out.append(Refused(key, 201, text))
            return
        self.next_perm_id += 1
        self.live[key] = working
        self._by_contract[order.con_id].append(working)
        if isinstance(answer, Hold):
            working.why_held = answer.reason
            self._out.append(Warned(key, answer.code, answer.text))
        self._set_times(working)
        begun = self._groups.released_by(working)
        if not begun:
            self.show(working)
        for each in begun:
            self._begin(each)

    def _set_times(self, working: Working) -> None:
        daytime.set_times(working, self.sessions, self.now_ns)
        if working.expires_ns is not None:
            self._next_event_ns = min(self._next_event_ns, working.expires_ns)

    def _begin(self, working: Working) -> None:
        """Let an order that was just released meet the market as it stands."""
        order = working.order
        is_open = self.sessions.is_open(self.now_ns, outside_rth=order.outside_rth)
        if is_open and order.order_type not in _WAITING_TYPES and not working.waits(self.now_ns):
            working.status = Status.SUBMITTED
        self.show(working)
        if not is_open:
            text = "Order Message: Your order will not be placed at the exchange until it opens."
            self._out.append(Warned(working.key, 399, text))
        quote = self.quotes.get(order.con_id)
        if quote is not None and not working.status.over:
            self._match(quote, [working])

    def _modify(self, working: Working, order: Order) -> None:
        instrument = self.instruments[working.order.con_id]
        price = self._prices.get(order.con_id)
        verdict = change_refusal(
            working, order, instrument, self.rules, price=price, now_ns=self.now_ns
        )
        if verdict is not None:
            self._out.append(Refused(working.key, verdict.code, verdict.text))
            return
        old = working.order
        released = working.released
        working.set_order(order, self.now_ns)
        working.triggered = working.triggered and order.order_type == old.order_type
        working.released = released or order.transmit
        self._set_times(working)
        for each in [working] if released else self._groups.released_by(working):
            self._begin(each)

    # -- matching --

    def may_trade(self, order: Working, began_ns: int) -> bool:
        """Say whether an order may meet a movement that began at ``began_ns``."""
        return (
            began_ns >= order.asked_ns
            and began_ns >= order.opens_ns
            and not order.waits(began_ns)
            and order.order.con_id not in self.halted
            and order.order.order_type not in AT_CLOSE
            and self.sessions.is_open(began_ns, outside_rth=order.order.outside_rth)
        )

    def _meet(self, movement: matching.Movement) -> Sequence[VenueEvent]:
        out = self._begin_answer()
        self.now_ns = max(movement.at_ns, self.now_ns)
        self._match(movement, list(self._by_contract[movement.con_id]))
        return out

    def _match(self, movement: matching.Movement, orders: list[Working]) -> None:
        began_ns = movement.began_ns
        if began_ns == movement.at_ns:
            began_ns = self.now_ns  # a quote stands until the next one

        for order in matching.run(self, movement, orders, began_ns):
            if order.immediate and not order.status.over:
                self.finish(order, Status.CANCELLED, f"{order.order.tif} not filled at once")
        self._groups.settle()

    def filled(self, order: Working, qty: Decimal, price: Decimal, at_ns: int) -> list[Working]:
        """Book a fill; return the orders that came alive by it."""
        order.fill(qty, price)
        instrument = self.instruments[order.order.con_id]
        number, self.next_execution = self.next_execution, self.next_execution + 1
        exec_id = f"{self.run_number:08x}.{number:08x}.01.01"
        execution = corrections.executed(exec_id, order, instrument, qty, price, at_ns=at_ns)
        self.executions.append(execution)
        commission, realized = self.accounts.fill(
            order.order,
            instrument,
            qty=qty,
            price=price,
            day=self._day,
            charges=order.charges,
        )
        out = self._out
        out.append(Executed(execution))
        if order.remaining <= ZERO:
            self.finish(order, Status.FILLED, f"Filled Size: {order.filled}")
        else:
            order.charges = order.charges.plus(qty, price, commission)
            order.status = Status.SUBMITTED
            self.show(order)
        out.append(Charged(execution.exec_id, order.key, commission, instrument.currency, realized))
        out.append(PositionChanged(order.order.account, order.order.con_id))
        return self._groups.after_fill(order, qty)

    def triggered(self, order: Working) -> None:
        """Announce that an order's trigger was hit."""
        self._set_status(order, Status.SUBMITTED)

    # -- ends --

    def finish(self, order: Working, status: Status, why: str) -> None:
        """End an order, and what depends on it."""
        order.status = status
        order.done_ns = self.now_ns
        order.done_text = why
        del self.live[order.key]
        self._by_contract[order.order.con_id].remove(order)
        self.done[order.key] = order
        self.show(order)
        if status is Status.CANCELLED:
            self._out.append(Warned(order.key, 202, "Order Canceled - reason:"))
        self._groups.after_end(order)

    def _set_status(self, order: Working, status: Status) -> None:
        if order.status is not status:
            order.status = status
            self.show(order)

    def show(self, order: Working) -> None:
        """Announce how an order stands."""
        self._out.append(OrderUpdated(order.state()))

    # -- time --

    def _set_day(self) -> None:
        now_ns, sessions = self.now_ns, self.sessions
        self._day = sessions.day_of(now_ns)
        self._close_ns = sessions.next_close_ns(now_ns)
        self._roll_ns = sessions.next_roll_ns(now_ns)
        expiries = [each.expires_ns for each in self.live.values() if each.expires_ns is not None]
        self._next_event_ns = min([self._close_ns, self._roll_ns, *expiries])

    def _roll_day(self) -> None:
        """Begin a new day: what is over is forgotten, as IBKR's lists are of the day."""
        self.accounts.roll_day()
        self.executions.clear()
        self.done.clear()

    def adopt(self, live: list[Working], done: list[Working]) -> None:
        """Take in the orders of a snapshot."""
        self.live = {order.key: order for order in live}
        self.done = {order.key: order for order in done}
        for order in live:
            self._by_contract[order.order.con_id].append(order)
        self._groups.adopt(live)
        self._set_day()


_DUPLICATE: Final = (103, "Duplicate order id")


def _cannot(key: OrderKey, why: str) -> str:
    return f"OrderId {key.order_id} that needs to be cancelled {why}"
