"""Runs strategies on history: time is the data's, everything else is the live system's own.

    prices come -> the venue lets them happen (orders that were there before a bar began may fill)
                -> fills are booked and told -> strategies see the prices -> intents, gate, orders

A strategy sees a bar when it has ended, and what it then asks for meets the bars after it, so it
cannot look ahead. ``fill = "close"`` lets orders trade at the close of the bar that they answer: a
choice, which flatters, and which the result names. A quote is what orders meet from then on, as at
the emulated gateway; a contract that has quotes trades by them, and its bars are only looked at.

Most bars lead to nothing. Then nobody asks for prices, timers, days or orders, and nothing of that
is touched. ``skip_quiet=False`` asks each time, for the same result: tests compare the two.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Final

from robotrader.backtest.result import Result, Setup
from robotrader.backtest.signalled import Signalled
from robotrader.backtest.trading import Trading
from robotrader.domain import Quote, Trade
from robotrader.domain import records as rec
from robotrader.performance import Track
from robotrader.strategies.events import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from robotrader.backtest.feed import Prices
    from robotrader.domain import Bar
    from robotrader.strategies import StrategyHost

_TICKS: Final = (Quote, Trade)
_CENTS: Final = Decimal("1e-8")


class Engine:
    """One run; see the module's prose.

    Args:
        setup: account, contracts, limits, costs and rules.
        hosts: strategies, with the contract that each is told of; names are unique.
        skip_quiet: whether nothing is looked at where nothing happens.

    Attributes:
        trading: account, venue, gate and records, once a run has begun.
    """

    def __init__(
        self, setup: Setup, hosts: Iterable[StrategyHost], *, skip_quiet: bool = True
    ) -> None:
        self.setup = setup
        self.trading: Trading
        self._hosts = {each.name: each for each in hosts}
        self._by_contract: dict[int, list[StrategyHost | Signalled]] = {}
        for host in self._hosts.values():
            self._by_contract.setdefault(host.instrument.con_id, []).append(host)
        self._asks = not skip_quiet
        self._day: date | None = None
        self._day_ends_ns = 0
        self._days: list[date] = []
        self._values: list[float] = []
        self._bars = self._ticks = 0

    def compute_signals(self, bars: Mapping[int, Sequence[Bar]]) -> None:
        """Let every strategy compute its signals at once, of the bars of a run that follows.

        Raises:
            StrategyError: a strategy cannot.
        """
        for con_id, hosts in self._by_contract.items():
            own = bars.get(con_id, ())
            hosts[:] = [
                Signalled(each, own, asks=self._asks)
                for each in self._hosts.values()
                if each.instrument.con_id == con_id
            ]

    def run(self, prices: Iterable[Prices], *, begin_ns: int = 0) -> Result:
        """Run over prices in the order of time.

        Bars that began before ``begin_ns`` are history: strategies warm up on them and cannot act.

        Raises:
            StrategyCrash: a strategy raised; it says at which event.
        """
        self.trading = Trading(self.setup, self._hosts, 0)  # replaced by the first price
        live = self._past(iter(prices), begin_ns)
        for first in live:
            self._begin(_starts_ns(first))
            self._live(chain((first,), live))
        if self._day is not None:
            self._end_of_day()
        return self._result()

    def _past(self, prices: Iterator[Prices], begin_ns: int) -> Iterator[Prices]:
        """Tell strategies of what was before the beginning; yield what is not."""
        for item in prices:
            start_ns = _starts_ns(item)
            if not self._day_ends_ns:
                self._day_ends_ns = start_ns
                self.trading = Trading(self.setup, self._hosts, start_ns)
            if start_ns >= begin_ns:
                yield item
                yield from prices
            elif isinstance(item, Quote):
                self.trading.quoted.add(item.con_id)
                if item.bid and item.ask:
                    self.trading.seen[item.con_id] = item
            elif not isinstance(item, Trade):
                for bar in item:
                    if bar.con_id not in self.trading.quoted:
                        self.trading.seen[bar.con_id] = bar
                    for host in self._by_contract.get(bar.con_id, ()):
                        host.bar(bar, live=False)

    def _begin(self, now_ns: int) -> None:
        self.trading.now_ns = now_ns
        self.trading.begin()
        self._roll(now_ns)
        self.trading.start()

    # -- as time goes by --

    def _live(self, prices: Iterable[Prices]) -> None:
        """Let prices happen, then tell strategies of them."""
        trading, hosts, asks = self.trading, self._by_contract, self._asks
        seen, working, todo = trading.seen, trading.venue.by_contract, trading.todo
        for item in prices:
            if isinstance(item, _TICKS):
                self._tick(item)
                continue
            first = item[0]
            now_ns = first.end_ns
            if first.start_ns >= self._day_ends_ns:
                self._new_day(first.start_ns)
            if trading.due_ns <= now_ns:
                trading.ring(now_ns)
            trading.now_ns = max(now_ns, trading.now_ns)  # quotes may have come behind a bar
            for bar in item:
                if trading.quoted and bar.con_id in trading.quoted:
                    continue
                if asks or working.get(bar.con_id):
                    trading.meet(bar)
                seen[bar.con_id] = bar
                if asks:
                    trading.tell_prices()
            if todo:
                trading.drain()
            for bar in item:
                self._bars += 1
                for host in hosts.get(bar.con_id, ()):
                    outcome = host.bar(bar)
                    if asks or outcome is not NOTHING:
                        trading.act(host.name, outcome)
            if todo:
                trading.drain()

    def _tick(self, tick: Quote | Trade) -> None:
        """Let a quote or a trade happen; strategies are told of quotes."""
        trading, now_ns, con_id = self.trading, tick.time_ns, tick.con_id
        if now_ns >= self._day_ends_ns:
            self._new_day(now_ns)
        if trading.due_ns <= now_ns:
            trading.ring(now_ns)
        trading.now_ns = now_ns
        self._ticks += 1
        if isinstance(tick, Trade):
            trading.meet_trade(tick)
            if trading.todo:
                trading.drain()
            return
        trading.quoted.add(con_id)
        if not tick.bid or not tick.ask:  # nothing is there to trade against, and no price
            trading.no_quote(tick)
            return
        if self._asks or trading.venue.by_contract.get(con_id):
            trading.meet_quote(tick)
        else:
            trading.seen[con_id] = tick
        if trading.todo:
            trading.drain()
        for host in self._by_contract.get(con_id, ()):
            outcome = host.quote(tick)
            if self._asks or outcome is not NOTHING:
                trading.act(host.name, outcome)
        if trading.todo:
            trading.drain()

    # -- days --

    def _new_day(self, now_ns: int) -> None:
        self._end_of_day()
        self.trading.now_ns = now_ns
        self._roll(now_ns)

    def _roll(self, now_ns: int) -> None:
        sessions = self.setup.sessions
        self._day, self._day_ends_ns = sessions.day_of(now_ns), sessions.next_roll_ns(now_ns)
        equity = self.trading.account().equity
        if equity is not None:
            day = self._day.isoformat()
            record = rec.DayRolled(day=day, equity=equity.quantize(_CENTS), wall_ns=now_ns)
            self.trading.keep(record)

    def _end_of_day(self) -> None:
        assert self._day is not None, "a day has begun"
        equity = self.trading.account().equity
        assert equity is not None, "cash and every price are known"
        self._days.append(self._day)
        self._values.append(float(equity))

    def _result(self) -> Result:
        known = self.trading
        return Result(
            setup=self.setup,
            track=Track(float(self.setup.cash), tuple(self._days), tuple(self._values)),
            fills=known.trades.between(0, 2**63 - 1),
            records=tuple(known.records),
            refusals=dict(known.refusals),
            blocked=dict(known.blocked),
            alerts=dict(known.alerts),
            bars=self._bars,
            orders=sum(isinstance(each, rec.OrderIntended) for each in known.records),
            final=known.account(),
        )


def _starts_ns(prices: Prices) -> int:
    return prices.time_ns if isinstance(prices, Quote | Trade) else prices[0].start_ns
