"""What trading brought, trade by trade: lots closed first in first out, or from flat to flat.

A lot's trade is one lot that one execution closed; what FIFO realizes is what the tax office sees.
A trade from flat to flat is everything between two moments at which nothing was held of a contract:
scaling in and out is one trade. Both are of the ledger's own lots, and add up to the same gain.
"""

from __future__ import annotations

import math
from collections import defaultdict
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from robotrader.domain.orders import Side
from robotrader.ledger import Close, Lot, Trade, Traded, match
from robotrader.ledger.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class RoundTrip(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Shares that were opened and closed. Money is net of commissions, times are nanoseconds."""

    con_id: int
    strategy: str
    long: bool
    qty: Decimal
    """Shares that were opened, unsigned."""

    entry: Decimal
    """Money for one share or contract, averaged over what was opened; its multiplier included."""

    exit: Decimal
    opened_ns: int
    closed_ns: int
    gain: Decimal
    fees: Decimal

    @property
    def ratio(self) -> float:
        """What was won on what was put in: 0.02 is 2 percent; 0 on nothing."""
        cost = self.qty * self.entry
        return float(self.gain / cost) if cost else 0.0


class TradeStatistics(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Trades in figures; what is not defined is None. Money in the account's currency."""

    count: int
    wins: int
    losses: int
    gain: Decimal
    fees: Decimal
    hit_rate: float | None
    """Part of the trades that won; one that brought nothing did not."""

    profit_factor: float | None
    """What winners won for what losers lost; None without losers."""

    expectancy: float | None
    """Mean gain of a trade, money."""

    expectancy_ratio: float | None
    """Mean gain on what was put in."""

    mean_win: float | None
    mean_loss: float | None
    payoff: float | None
    """Mean win for mean loss, unsigned."""

    best: Decimal | None
    worst: Decimal | None
    longest_wins: int
    longest_losses: int
    mean_held_s: float | None
    quality: float | None
    """System quality number (Tharp 2008): root of the count, mean gain for its deviation."""


def lot_trades(
    fills: Iterable[Traded], multipliers: Mapping[int, int] | None = None
) -> tuple[RoundTrip, ...]:
    """Return every closed lot, in the order in which they were closed.

    ``fills`` come in the order of their times; a commission that is not known counts as 0.
    """
    return tuple(close for closed, _ in _walk(fills, multipliers or {}) for close in closed)


def flat_trades(
    fills: Iterable[Traded], multipliers: Mapping[int, int] | None = None
) -> tuple[RoundTrip, ...]:
    """Return every trade from flat to flat, of each strategy and contract, as they were closed.

    ``fills`` as for ``lot_trades``. An execution that turns a position round ends one trade and
    begins the next.
    """
    found: list[RoundTrip] = []
    waiting: defaultdict[tuple[int, str], list[RoundTrip]] = defaultdict(list)
    for closed, holding in _walk(fills, multipliers or {}):
        for close in closed:
            waiting[close.con_id, close.strategy].append(close)
        keys = dict.fromkeys((close.con_id, close.strategy) for close in closed)
        found += [_joined(waiting.pop(key)) for key in keys if key[1] not in holding]
    return tuple(found)


def statistics(trips: Sequence[RoundTrip]) -> TradeStatistics:
    """Return the figures of trades, in the order in which they were closed."""
    gains = [each.gain for each in trips]
    won = [each for each in gains if each > 0]
    lost = [each for each in gains if each < 0]
    mean_win, mean_loss = _mean(won), _mean(lost)
    spread = float(np.std([float(each) for each in gains], ddof=1)) if len(gains) > 1 else 0.0
    mean = _mean(gains)
    return TradeStatistics(
        count=len(trips),
        wins=len(won),
        losses=len(lost),
        gain=sum(gains, ZERO),
        fees=sum((each.fees for each in trips), ZERO),
        hit_rate=len(won) / len(trips) if trips else None,
        profit_factor=float(sum(won, ZERO) / -sum(lost, ZERO)) if lost else None,
        expectancy=mean,
        expectancy_ratio=float(np.mean([each.ratio for each in trips])) if trips else None,
        mean_win=mean_win,
        mean_loss=mean_loss,
        payoff=mean_win / -mean_loss if mean_win and mean_loss else None,
        best=max(gains, default=None),
        worst=min(gains, default=None),
        longest_wins=_longest(each > 0 for each in gains),
        longest_losses=_longest(each < 0 for each in gains),
        mean_held_s=_mean([Decimal(each.closed_ns - each.opened_ns) / 10**9 for each in trips]),
        quality=math.sqrt(len(gains)) * mean / spread if mean is not None and spread else None,
    )


def turnover(fills: Iterable[Traded], values: Sequence[float], a_year: float) -> float | None:
    """Return what was traded in a year, both ways, for the mean value of the account."""
    if not values:
        return None
    traded = sum(float(each.fill.qty * each.fill.price) for each in fills)
    return traded / float(np.mean(values)) * a_year / len(values)


def _walk(
    fills: Iterable[Traded], multipliers: Mapping[int, int]
) -> Iterator[tuple[list[RoundTrip], set[str]]]:
    """Yield what each fill closed, and which strategies still held the contract then."""
    lots: defaultdict[int, tuple[Lot, ...]] = defaultdict(tuple)
    for fill in fills:
        con_id = fill.fill.con_id
        trade = _trade(fill, multipliers.get(con_id, 1))
        done = match(lots[con_id], trade)
        lots[con_id] = done.lots
        left = done.lots[:-1] if done.opened else done.lots
        yield [_closed(con_id, close, trade) for close in done.closed], {x.strategy for x in left}


def _closed(con_id: int, close: Close, trade: Trade) -> RoundTrip:
    return RoundTrip(
        con_id=con_id,
        strategy=close.lot.strategy,
        long=close.lot.qty > 0,
        qty=abs(close.lot.qty),
        entry=close.lot.unit,
        exit=trade.unit,
        opened_ns=close.lot.opened_ns,
        closed_ns=trade.time_ns,
        gain=close.gain,
        fees=close.fees,
    )


def _trade(each: Traded, multiplier: int) -> Trade:
    fill = each.fill
    return Trade(
        family=fill.family,
        sign=Side(fill.side).sign,
        revision=0,
        size=fill.qty,
        unit=fill.price * multiplier,
        fees=each.commission or ZERO,
        fees_revision=0,
        strategy=fill.strategy,
        rolled=0,
        time_ns=fill.time_ns,
    )


def _joined(closes: Sequence[RoundTrip]) -> RoundTrip:
    """Return one trade of lots that were held at the same time."""
    qty = sum((each.qty for each in closes), ZERO)
    return msgspec.structs.replace(
        closes[0],
        qty=qty,
        entry=sum((each.qty * each.entry for each in closes), ZERO) / qty,
        exit=sum((each.qty * each.exit for each in closes), ZERO) / qty,
        opened_ns=min(each.opened_ns for each in closes),
        closed_ns=max(each.closed_ns for each in closes),
        gain=sum((each.gain for each in closes), ZERO),
        fees=sum((each.fees for each in closes), ZERO),
    )


def _mean(values: Sequence[Decimal]) -> float | None:
    return float(sum(values, ZERO) / len(values)) if values else None


def _longest(kinds: Iterable[bool]) -> int:
    """Return the longest run of True."""
    return max((sum(1 for _ in run) for kind, run in groupby(kinds) if kind), default=0)
