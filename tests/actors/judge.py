"""Measures at the venue whether a limit was exceeded, from what is there and nothing else.

Quantities are judged at every moment: a position together with everything at the venue that could
still fill. What depends on prices is judged when an entry arrives, as a price that moves afterwards
breaks no limit: it is too much only if it was too much at every price and every equity that were
known since it can have been decided (``LOOKED_S`` and the wire's delay before). Money between those
prices is an interval, and a limit is exceeded if the whole interval lies above it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from robotrader.domain import PlaceOrder, Quote
from robotrader.risk import Level, Limits
from robotrader.venue.working import Working
from tests.actors.floor import ACCOUNT, CONTRACTS, ZERO, Floor, S

LOOKED_S: Final = 2.5
"""Prices come every second, and one that came just before may have been the newest."""

SETTLES_S: Final = 5.0
"""Within so many seconds a trip has cancelled what it cancels, while everybody lives."""


class Reach(NamedTuple):
    """How far a position could go by what is at the venue."""

    low: Decimal
    high: Decimal

    @property
    def most(self) -> Decimal:
        return max(abs(self.low), abs(self.high))


class Judge:
    """See the module's prose; ``found`` says what was wrong."""

    def __init__(self, floor: Floor, limits: Limits, now_ns: int) -> None:
        self.floor, self.limits = floor, limits
        self.found: list[str] = []
        self.entries: dict[str, int] = {}
        """When each entry arrived, by its reference."""

        self.peak_entries = 0
        self.fills = 0
        self._prices: deque[tuple[int, int, Decimal, Decimal]] = deque()
        self._equity: deque[tuple[int, Decimal]] = deque([(now_ns, floor.marked())])
        self.trips: dict[str, tuple[int, Level]] = {}
        """When each trip that stands was acknowledged, by scope; and its level."""

        self.calm_ns = 0
        """Since when nobody died and the connection held."""

        self.owner_of: Callable[[str], str] = lambda _: ""
        """Which strategy an order is of."""

        self._day_began: tuple[int, Decimal] = (now_ns, floor.marked())
        self._day_ns: list[int] = []
        self._day: Any = None

    # -- what it hears --

    def priced(self, now_ns: int, quote: Quote) -> None:
        bid, ask = Decimal(str(quote.bid)), Decimal(str(quote.ask))
        self._prices.append((now_ns, quote.con_id, bid, ask))
        equity = self.floor.marked()
        self._equity.append((now_ns, equity))
        sessions, (began_ns, least) = self.floor.venue.sessions, self._day_began
        if sessions.day_of(now_ns) != sessions.day_of(began_ns):
            self._day_began = (now_ns, equity)
        elif now_ns - began_ns < SETTLES_S * S:  # the trader sees the first equity of a day later
            self._day_began = (began_ns, min(least, equity))

    def handed(self, now_ns: int, command: PlaceOrder) -> None:
        """An order leaves the trader: none that adds to risk after a trip was acknowledged."""
        order = command.order
        if command.reduces or order.parent_id:
            return
        for scope, (at_ns, level) in self.trips.items():
            if now_ns > at_ns and self._in_scope(scope, order.con_id, order.order_ref):
                self.wrong(f"{order.order_ref} was sent after {scope} was tripped ({level})")

    def arrives(self, now_ns: int, command: PlaceOrder) -> None:
        order = command.order
        known = any(each.order.order_ref == order.order_ref for each in self._live())
        if command.reduces or order.parent_id or known:
            return
        if order.order_ref in self.entries:
            self.wrong(f"{order.order_ref} arrived twice")
        self.entries[order.order_ref] = now_ns
        self._forget(now_ns)
        self._rates(now_ns)
        self._counts(order)
        self._worth(order)
        self._loss()
        if order.qty > self.limits.max_order_qty:
            self.wrong(f"max_order_qty: {order.qty}")

    def filled(self, now_ns: int, done: Any) -> None:
        self.fills += 1
        self._equity.append((now_ns, self.floor.marked()))
        sign = 1 if done.bought else -1
        now = self.floor.position(done.con_id)
        if abs(now) <= abs(now - sign * done.qty):
            return
        for scope, (at_ns, level) in self.trips.items():
            since_ns = max(at_ns, self.calm_ns)
            late = now_ns - since_ns > (SETTLES_S + 4 * self.floor.delay_s) * S
            if (
                level >= Level.REDUCE
                and late
                and self._in_scope(scope, done.con_id, done.order_ref)
            ):
                self.wrong(f"{done.order_ref} grew a position, {scope} is tripped ({level})")

    def look(self, now_ns: int) -> None:
        """What holds at every moment, whatever prices do."""
        del now_ns
        for con_id, instrument in CONTRACTS.items():
            reach = self.reach(con_id)
            if reach.most > self.limits.max_symbol_qty:
                self.wrong(f"max_symbol_qty: {instrument.symbol} {reach}: {self._working(con_id)}")
            if reach.low < 0 and not self.limits.allow_short:
                self.wrong(f"short: {instrument.symbol} {reach}: {self._working(con_id)}")

    def wrong(self, what: str) -> None:
        if len(self.found) < 20:
            self.found.append(what)

    # -- quantities --

    def _live(self) -> list[Working]:
        return list(self.floor.venue.live.values())

    def _working(self, con_id: int) -> list[str]:
        return [
            f"{o.order.order_ref} {o.order.side} {o.remaining} {o.order.order_type} {o.oca}"
            for o in self._live()
            if o.order.con_id == con_id
        ]

    def reach(self, con_id: int) -> Reach:
        """How far a position could go: of a group that cancels its others only one can fill."""
        coming: dict[tuple[int, str], Decimal] = {}
        for each in self._live():
            if each.order.con_id == con_id:
                key = (each.sign, each.oca or str(each.key))
                coming[key] = max(coming.get(key, ZERO), each.allowed())
        position = self.floor.position(con_id)
        buys = sum((qty for (sign, _), qty in coming.items() if sign > 0), ZERO)
        sells = sum((qty for (sign, _), qty in coming.items() if sign < 0), ZERO)
        return Reach(position - sells, position + buys)

    def stops(self, con_id: int) -> Decimal:
        """How many shares the stops at the venue would close."""
        found = (o for o in self._live() if o.order.con_id == con_id and o.triggers)
        return sum((each.allowed() for each in found), ZERO)

    # -- at an arrival --

    def _forget(self, now_ns: int) -> None:
        """Keep the prices of the time in which it can have been decided."""
        since_ns = now_ns - round((LOOKED_S + 2 * self.floor.delay_s) * S)
        while self._prices and self._prices[0][0] < since_ns:
            self._prices.popleft()
        while len(self._equity) > 1 and self._equity[0][0] < since_ns:
            self._equity.popleft()

    def _rates(self, now_ns: int) -> None:
        times = list(self.entries.values())
        for name, seconds in (("max_orders_per_s", 1), ("max_orders_per_min", 60)):
            count = sum(now_ns - each < seconds * S for each in times)
            if count > getattr(self.limits, name):
                self.wrong(f"{name}: {count} entries in {seconds} s")
        day = self.floor.venue.sessions.day_of(now_ns)
        self._day_ns = [*(self._day_ns if day == self._day else []), now_ns]
        self._day = day
        if len(self._day_ns) > self.limits.max_orders_per_day:
            self.wrong(f"max_orders_per_day: {len(self._day_ns)} entries on {day}")

    def _loss(self) -> None:
        _, began = self._day_began
        lost = began - max(each for _, each in self._equity)
        if lost >= self.limits.max_daily_loss * began:
            self.wrong(f"max_daily_loss: {lost} of {began}")

    def _counts(self, order: Any) -> None:
        live = [each for each in self._live() if each.parent is None]
        if len(live) + 1 > self.limits.max_open_orders:
            self.wrong(f"max_open_orders: {len(live) + 1}")
        same = [o for o in live if o.order.con_id == order.con_id]
        entering = [o for o in same if o.order.order_ref in self.entries]
        if len(entering) + 1 > self.limits.max_entries_pending:
            self.wrong(f"max_entries_pending: {len(entering) + 1} of {order.con_id}")
        held = {con_id for con_id in CONTRACTS if self.reach(con_id).most} | {order.con_id}
        if len(held) > self.limits.max_open_positions:
            self.wrong(f"max_open_positions: {held}")

    def _worth(self, order: Any) -> None:
        limits, equity = self.limits, max(each for _, each in self._equity)
        prices = {
            con_id: [
                price for _, con, bid, ask in self._prices if con == con_id for price in (bid, ask)
            ]
            for con_id in CONTRACTS
        }
        if not all(prices.values()):
            self.wrong("an entry without prices")
            return
        low = {con_id: min(each) for con_id, each in prices.items()}
        high = {con_id: max(each) for con_id, each in prices.items()}
        reach = {con_id: self.reach(con_id) for con_id in CONTRACTS}
        own = reach[order.con_id]
        more = order.qty * order.side.sign
        own = Reach(own.low + min(more, ZERO), own.high + max(more, ZERO))
        reach[order.con_id] = own
        unit = low[order.con_id]
        if order.side.sign > 0 and order.limit_price is not None:
            unit = order.limit_price
        symbol = own.most * low[order.con_id]
        gross = sum((reach[con_id].most * low[con_id] for con_id in CONTRACTS), ZERO)
        found = {
            "max_order_usd": (order.qty * unit, limits.max_order_usd),
            "max_symbol_usd": (symbol, limits.max_symbol_usd),
            "max_symbol_weight": (symbol, limits.max_symbol_weight * equity),
            "max_gross_usd": (gross, limits.max_gross_usd),
            "max_gross": (gross, limits.max_gross * equity),
            "max_net": (self._net(reach, low, high), limits.max_net * equity),
        }
        for name, (used, most) in found.items():
            if used > most:
                self.wrong(f"{name}: {used} of {most} at {order.order_ref}")

    @staticmethod
    def _net(reach: dict[int, Reach], low: dict[int, Decimal], high: dict[int, Decimal]) -> Decimal:
        """The least that long less short can be worth in the worse case, whatever the prices."""
        worst = ZERO
        for side in ("high", "low"):
            qtys = {con_id: getattr(each, side) for con_id, each in reach.items()}
            ends = [
                sum((qty * one[c] if qty > 0 else qty * other[c] for c, qty in qtys.items()), ZERO)
                for one, other in ((low, high), (high, low))
            ]
            worst = max(worst, ends[0], -ends[1])
        return worst

    # -- the switch --

    def _in_scope(self, scope: str, con_id: int, ref: str) -> bool:
        kind, _, name = scope.partition(":")
        if kind == "symbol":
            return CONTRACTS[con_id].symbol == name
        if kind == "strategy":
            return self.owner_of(ref) == name
        return scope in {"all", f"account:{ACCOUNT}"}
