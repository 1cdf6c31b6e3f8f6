"""A run as tables: its orders, fills, trades and days, a row each, of values that every tool reads.

Money and shares are exact here and in JSON; Parquet has the nearest doubles. Times are nanoseconds
since 1970 in UTC. The columns are those of the structs below: ``docs/backtesting.md`` lists them.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from decimal import Decimal
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Side
from robotrader.domain import records as rec
from robotrader.ledger.money import ZERO
from robotrader.performance import flat_trades

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robotrader.backtest.result import Result
    from robotrader.domain import Bar
    from robotrader.venue import Sessions

_START: Final = attrgetter("start_ns")


class OrderRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order as it was last asked for, and how it ended."""

    ref: str
    strategy: str
    symbol: str
    con_id: int
    side: str
    order_type: str
    qty: Decimal
    limit_price: Decimal | None
    aux_price: Decimal | None
    """The trigger of a stop."""

    tif: str
    reduces: bool
    """Whether the gate judged that it can only make the position smaller."""

    parent_ref: str
    """The entry that it protects, of a bracket's leg."""

    reason: str
    asked_ns: int
    ended_ns: int | None
    ending: str
    """``filled``, ``cancelled``, ``rejected``, ...; empty: it works still."""

    why: str
    filled: Decimal
    mean_price: Decimal | None
    """Of its fills; None: it has none."""

    commission: Decimal


class FillRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Shares that changed hands."""

    exec_id: str
    ref: str
    strategy: str
    symbol: str
    con_id: int
    side: str
    qty: Decimal
    price: Decimal
    commission: Decimal | None
    time_ns: int


class TradeRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A trade from flat to flat: ``performance.RoundTrip`` with its symbol."""

    con_id: int
    symbol: str
    strategy: str
    long: bool
    qty: Decimal
    entry: Decimal
    exit: Decimal
    opened_ns: int
    closed_ns: int
    gain: Decimal
    fees: Decimal


class DayRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The account at the end of an exchange day. Parts are of its value: 0.5 is a half."""

    day: date
    value: float
    ret: float = msgspec.field(name="return")
    drawdown: float
    """Below the highest value before, as a part of it; 0 at a new high."""

    benchmark_return: float | None
    long: float
    """What was held long, at the last close of each contract."""

    short: float
    """What was held short, unsigned."""

    fills: int
    commissions: Decimal


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    trades: tuple[TradeRow, ...]
    equity: tuple[DayRow, ...]


def tables_of(
    result: Result, bars: Mapping[int, Sequence[Bar]], benchmark: Sequence[float] = ()
) -> Tables:
    """Return the tables of a run.

    Args:
        result: what happened.
        bars: what it ran on, by contract, in the order of time.
        benchmark: its return on each day of the track; empty: there is none.
    """
    symbols = {each.con_id: each.symbol for each in result.setup.instruments}
    multipliers = {each.con_id: each.multiplier for each in result.setup.instruments}
    trades = flat_trades(result.fills, multipliers)
    return Tables(
        orders=_orders(result),
        fills=tuple(
            FillRow(
                exec_id=each.fill.exec_id, ref=each.fill.ref, strategy=each.fill.strategy,
                symbol=symbols[each.fill.con_id], con_id=each.fill.con_id, side=each.fill.side,
                qty=each.fill.qty, price=each.fill.price, commission=each.commission,
                time_ns=each.fill.time_ns,
            )
            for each in result.fills
        ),
        trades=tuple(
            TradeRow(symbol=symbols[each.con_id], **msgspec.structs.asdict(each))
            for each in trades
        ),
        equity=_days(result, bars, benchmark),
    )  # fmt: skip


class _Order:
    """An order while its records are read."""

    def __init__(self, intended: rec.OrderIntended) -> None:
        self.intended = intended
        self.last: rec.OrderIntended | rec.ModifyIntended = intended
        self.done: rec.OrderDone | None = None
        self.filled = self.paid = self.commission = ZERO

    def row(self) -> OrderRow:
        asked, last, done = self.intended, self.last, self.done
        return OrderRow(
            ref=asked.ref, strategy=asked.strategy, symbol=asked.symbol, con_id=asked.con_id,
            side=asked.side, order_type=asked.order_type, qty=last.qty,
            limit_price=last.limit_price, aux_price=last.aux_price, tif=asked.tif,
            reduces=asked.reduces, parent_ref=asked.parent_ref, reason=asked.reason,
            asked_ns=asked.wall_ns, ended_ns=None if done is None else done.wall_ns,
            ending="" if done is None else done.ending.value,
            why="" if done is None else done.why, filled=self.filled,
            mean_price=self.paid / self.filled if self.filled else None,
            commission=self.commission,
        )  # fmt: skip


def _orders(result: Result) -> tuple[OrderRow, ...]:
    orders: dict[str, _Order] = {}
    for record in result.records:
        match record:
            case rec.OrderIntended():
                orders[record.ref] = _Order(record)
            case rec.ModifyIntended() if record.ref in orders:
                orders[record.ref].last = record
            case rec.OrderDone() if record.ref in orders:
                orders[record.ref].done = record
    for each in result.fills:
        own = orders.get(each.fill.ref)
        if own is not None:
            own.filled += each.fill.qty
            own.paid += each.fill.qty * each.fill.price
            own.commission += each.commission or ZERO
    return tuple(each.row() for each in orders.values())


def _days(
    result: Result, bars: Mapping[int, Sequence[Bar]], benchmark: Sequence[float]
) -> tuple[DayRow, ...]:
    track, walk = result.track, _Held(result, bars)
    highest = accumulate(track.values, max)
    return tuple(
        walk.day(
            day, value, float(track.returns[at]), max(next(highest), track.base),
            benchmark[at] if benchmark else None,
        )
        for at, (day, value) in enumerate(zip(track.days, track.values, strict=True))
    )  # fmt: skip


class _Held:
    """What is held at the end of one day after the other."""

    def __init__(self, result: Result, bars: Mapping[int, Sequence[Bar]]) -> None:
        setup = result.setup
        self._closes = {con_id: closes_of(own, setup.sessions) for con_id, own in bars.items()}
        self._multipliers = {each.con_id: each.multiplier for each in setup.instruments}
        self._day_of, self._fills, self._at = setup.sessions.day_of, result.fills, 0
        self._held: dict[int, Decimal] = {}
        self._last: dict[int, float] = {}

    def day(
        self, day: date, value: float, earned: float, highest: float, other: float | None
    ) -> DayRow:
        """Return the row of the day that follows."""
        begin, paid = self._at, ZERO
        while self._at < len(self._fills):
            each = self._fills[self._at]
            if self._day_of(each.fill.time_ns - 1) > day:  # a bar's end may be the next day's start
                break
            signed = Side(each.fill.side).sign * each.fill.qty
            self._held[each.fill.con_id] = self._held.get(each.fill.con_id, ZERO) + signed
            paid += each.commission or ZERO
            self._at += 1
        self._last |= {con_id: own[day] for con_id, own in self._closes.items() if day in own}
        worth = [
            float(qty) * self._last.get(con_id, 0.0) * self._multipliers[con_id]
            for con_id, qty in self._held.items()
        ]
        return DayRow(
            day=day, value=value, ret=earned, drawdown=1 - value / highest,
            benchmark_return=other, long=sum(each for each in worth if each > 0) / value,
            short=abs(sum(each for each in worth if each < 0)) / value,
            fills=self._at - begin, commissions=paid,
        )  # fmt: skip


def closes_of(bars: Sequence[Bar], sessions: Sessions) -> dict[date, float]:
    """Return the last close of each exchange day of a contract's bars, in the order of time."""
    found, at = {}, 0
    while at < len(bars):
        begin_ns = bars[at].start_ns
        at = bisect_left(bars, sessions.next_roll_ns(begin_ns), lo=at + 1, key=_START)
        found[sessions.day_of(begin_ns)] = bars[at - 1].close
    return found
