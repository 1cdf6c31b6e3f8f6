"""Plays a strategy's host over rows of bars, and answers as a patient broker would.

A row has the bars of all instruments that end at the same time: one, or one of each leg.

What is asked for fills at the next bar's open; stops and profits fill when a bar reaches them, a
gap at its open. It knows no limits, no costs and no account: what is looked at is what the strategy
decides, and the same answers are given however the strategy is told things.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from hashlib import blake2b
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.domain import Bar, Funds, Intent, OrderType, Quote, Side
from robotrader.strategies import Ended, Fill, Standing, Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from robotrader.domain import Leg, StopWish
    from robotrader.strategies import Host, Outcome

Rows: TypeAlias = "Sequence[Bar] | Sequence[tuple[Bar, ...]]"
"""Bars in order of time: those of a row end together, one of each instrument. A bar is a row."""

_FUNDS: Final = Funds(equity=Decimal(1_000_000), drawdown=0.0)
_SIZE: Final = 1_000.0
_WINS: Final = (0.02, -0.01) * 40
"""What closed trades are said to have won, for sizes that are made of them."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What a strategy wanted: an order, a cancel, a nearer stop, a timer.

    ``numbers`` are its quantity and prices, which may differ in their last digits; ``what`` is the
    rest, which may not.
    """

    time_ns: int
    what: tuple[str, ...]
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        return " ".join((*self.what, *(f"{each:g}" for each in self.numbers)))


class Desk:
    """One run; see the module's prose.

    Args:
        make: makes a new host; it is made anew at every restart.
    """

    def __init__(self, make: Callable[[], Host]) -> None:
        self._make = make
        self.decisions: list[Decision] = []
        self._positions: defaultdict[int, Decimal] = defaultdict(Decimal)
        self._working: dict[str, Intent] = {}
        self._protects: defaultdict[int, dict[str, Leg]] = defaultdict(dict)
        """What rests to end a position, by contract."""

        self._seq = 0
        self._saved = b""
        self._now_ns = 0
        self._timers: list[tuple[int, str]] = []
        self._armed: dict[str, int] = {}
        self._host: Host

    def play(
        self, rows: Rows, *, history: Rows = (), restarts: frozenset[int] = frozenset()
    ) -> list[Decision]:
        """Tell history, then rows live; restart behind the rows of these places.

        Raises:
            StrategyCrash: the strategy raised.
            StrategyError: it cannot be made.
        """
        rows, past = rows_of(rows), rows_of(history)
        self._begin(rows[0][0].start_ns if rows else 0)
        self._tell_past(past)
        quotes = type(self._host.strategy).on_quote is not Strategy.on_quote
        for at, row in enumerate(rows):
            self._ring(row[0].end_ns)
            for bar in row:
                self._meet(bar)
            self._now_ns = row[0].end_ns
            for bar in row:
                self._take(self._host.bar(bar))
            for bar in row if quotes else ():
                price, end_ns = bar.close, bar.end_ns
                quote = Quote(bar.con_id, end_ns, price, price, _SIZE, _SIZE)
                self._take(self._host.quote(quote))
            self._saved = self._host.saved() or self._saved
            if at in restarts:
                self._restart(past + rows[: at + 1])
        return self.decisions

    def _tell_past(self, rows: list[tuple[Bar, ...]]) -> None:
        for row in rows:
            for bar in row:
                self._host.bar(bar, live=False)

    def _begin(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._host = host = self._make()
        host.funds = lambda: msgspec.structs.replace(_FUNDS, trades=_WINS)
        standings = {each.con_id: self._standing(each.con_id) for each in host.instruments}
        self._take(host.begin(now_ns, saved=self._saved, standings=standings))

    def _standing(self, con_id: int) -> Standing:
        own = [each for each in self._working.values() if each.con_id == con_id]
        working = {each.cause: each.qty * each.side.sign for each in own}
        return Standing(position=self._positions[con_id], working=working, seq=self._seq)

    def _restart(self, told: list[tuple[Bar, ...]]) -> None:
        """Go on with another host: state, standing and as much history as it wants."""
        self._timers.clear()  # timers do not survive a restart
        self._armed.clear()
        self._begin(told[-1][0].end_ns)
        wanted = self._host.warmup_bars
        self._tell_past(told[max(0, len(told) - wanted) :] if wanted else [])

    def _ring(self, end_ns: int) -> None:
        while self._timers and self._timers[0][0] <= end_ns:
            at_ns, name = heappop(self._timers)
            if self._armed.get(name) == at_ns:
                del self._armed[name]
                self._now_ns = at_ns
                self._take(self._host.timer(name, at_ns))

    def _meet(self, bar: Bar) -> None:
        """Let what was asked for fill, then what protects."""
        for cause, intent in list(self._working.items()):
            if intent.con_id != bar.con_id or self._working.pop(cause, None) is None:
                continue
            price = bar.open if intent.limit_price is None else float(intent.limit_price)
            if not bar.low <= price <= bar.high:
                self._working[cause] = intent
                continue
            self._protects[bar.con_id].update({leg.order_type: leg for leg in intent.legs})
            self._fill(intent.side, intent.qty, price, bar, cause)
        position = self._positions[bar.con_id]
        side = Side.SELL if position > 0 else Side.BUY
        reached = [_reached(leg, bar, position) for leg in self._protects[bar.con_id].values()]
        prices = [price for price in reached if price is not None]
        if position and prices:
            self._fill(side, abs(position), prices[0], bar, "")

    def _fill(self, side: Side, qty: Decimal, price: float, bar: Bar, cause: str) -> None:
        self._seq += 1
        self._now_ns = bar.start_ns + 1  # what follows is not decided when the bar before ended
        self._positions[bar.con_id] += qty * side.sign
        if not self._positions[bar.con_id]:
            self._protects[bar.con_id].clear()
        fill = Fill(
            seq=self._seq,
            con_id=bar.con_id,
            side=side,
            qty=qty,
            price=Decimal(repr(price)),
            time_ns=self._now_ns,
            cause=cause,
        )
        self._take(self._host.fill(fill))

    def _take(self, outcome: Outcome) -> None:
        for cancel in outcome.cancels:
            gone = self._working.pop(cancel.ref, None)
            self.decisions.append(Decision(self._now_ns, ("cancel", cancel.ref)))
            if gone is not None:
                self._host.ended(Ended(con_id=gone.con_id, cause=cancel.ref, why="cancelled"))
        for stop in outcome.stops:
            what = ("stop", *self._leg(stop.con_id))
            self.decisions.append(Decision(self._now_ns, what, (float(stop.trigger),)))
            self._move(stop)
        for intent in outcome.intents:
            self._working[intent.cause] = intent
            self.decisions.append(decision_of(intent, self._leg(intent.con_id)))
        for timer in outcome.timers:
            self._armed[timer.name] = timer.at_ns
            heappush(self._timers, (timer.at_ns, timer.name))

    def _leg(self, con_id: int) -> tuple[str, ...]:
        """Return the symbol that is meant, where there are several."""
        known = self._host.instruments
        return tuple(each.symbol for each in known if each.con_id == con_id and len(known) > 1)

    def _move(self, stop: StopWish) -> None:
        legs = self._protects[stop.con_id]
        for kind, leg in list(legs.items()):
            if leg.order_type is OrderType.STOP:
                legs[kind] = msgspec.structs.replace(leg, aux_price=stop.trigger)


def _reached(leg: Leg, bar: Bar, position: Decimal) -> float | None:
    """Return at which price what protects a position fills in a bar, None if it does not."""
    sign = 1 if position > 0 else -1
    best, worst = (bar.high, bar.low) if sign > 0 else (bar.low, bar.high)
    if leg.order_type is OrderType.STOP and leg.aux_price is not None:
        trigger = float(leg.aux_price)
        reached = sign * worst <= sign * trigger
        return sign * min(sign * bar.open, sign * trigger) if reached else None
    if leg.order_type is OrderType.LIMIT and leg.limit_price is not None:
        goal = float(leg.limit_price)
        reached = sign * best >= sign * goal
        return sign * max(sign * bar.open, sign * goal) if reached else None
    return None


def rows_of(told: Rows) -> list[tuple[Bar, ...]]:
    """Return rows: what is a bar alone becomes a row of one."""
    return [(each,) if isinstance(each, Bar) else each for each in told]


def decision_of(intent: Intent, whose: tuple[str, ...] = ()) -> Decision:
    """Return what can be compared of an intent: its reason may say anything."""
    what: tuple[str, ...] = (intent.side, intent.purpose, intent.order_type, intent.tif)
    prices = [intent.limit_price]
    for leg in intent.legs:
        what = (*what, leg.order_type)
        prices += [leg.limit_price, leg.aux_price, leg.trail_percent]
    numbers = (float(intent.qty), *(float(each) for each in prices if each is not None))
    return Decision(intent.decided_ns, (*map(str, what), *whose), numbers)


def digest(decisions: Iterable[Decision]) -> str:
    """Return a digest of decisions: another one if any bit of them differs."""
    return blake2b(msgspec.msgpack.encode(list(decisions)), digest_size=16).hexdigest()
