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

from robotrader.backtest.feed import Series
from robotrader.backtest.leaps import Leaps
from robotrader.backtest.result import Result, Setup
from robotrader.backtest.signalled import Signalled, signal_spread
from robotrader.backtest.trading import Trading
from robotrader.domain import Quote, Trade
from robotrader.domain import records as rec
from robotrader.performance import Track
from robotrader.strategies import StrategyHost
from robotrader.strategies.events import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from robotrader.backtest.feed import Prices
    from robotrader.domain import Bar
    from robotrader.strategies import Host

_TICKS: Final = (Quote, Trade)
_CENTS: Final = Decimal("1e-8")


class Engine:
    """One run; see the module's prose.

    Args:
        setup: account, contracts, limits, costs and rules.
        hosts: strategies, with the contracts that each is told of; names are unique.
        skip_quiet: whether nothing is looked at where nothing happens.

    Attributes:
        trading: account, venue, gate and records, once a run has begun.
    """

    def __init__(self, setup: Setup, hosts: Iterable[Host], *, skip_quiet: bool = True) -> None:
        self.setup = setup
        self.trading: Trading
        self._hosts = {each.name: each for each in hosts}
        self._by_contract: dict[int, list[Host | Signalled]] = {}
        for host in self._hosts.values():
            for each in host.instruments:
                self._by_contract.setdefault(each.con_id, []).append(host)
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
        for host in self._hosts.values():
            if isinstance(host, StrategyHost):
                hosts = self._by_contract[host.instrument.con_id]
                own = bars.get(host.instrument.con_id, ())
                hosts[hosts.index(host)] = Signalled(host, own, asks=self._asks)
            else:
                signal_spread(host, bars, asks=self._asks)

    def run(self, prices: Iterable[Prices], *, begin_ns: int = 0) -> Result:
        """Run over prices in the order of time.

        Bars that began before ``begin_ns`` are history: strategies warm up on them and cannot act.

        Raises:
            StrategyCrash: a strategy raised; it says at which event.
        """
        self.trading = Trading(self.setup, self._hosts, 0)  # replaced by the first price
        signalled = self._alone()
        if isinstance(prices, Series) and signalled and prices.bars is signalled.bars:
            prices = self._leaping(Leaps(prices, signalled), signalled)
        following = iter(prices)
        first = self._past(following, begin_ns)
        if first is not None:
            self._begin(_starts_ns(first))
            self._live(chain((first,), following))
        if self._day is not None:
            self._end_of_day()
        return self._result()

    def _alone(self) -> Signalled | None:
        """Return the host if it is the only one and its signals were computed at once."""
        hosts = [each for own in self._by_contract.values() for each in own]
        return hosts[0] if len(hosts) == 1 and isinstance(hosts[0], Signalled) else None

    def _leaping(self, leaps: Leaps, signalled: Signalled) -> Iterator[Sequence[Bar]]:
        """Yield the bars that something can happen at; pass over those between."""
        at, bars = 0, leaps.bars
        while at < len(bars):
            yield (bars[at],)
            at += 1
            if not signalled.rests:
                continue
            end = leaps.until(at, self._day_ends_ns, self.trading.due_ns)
            if end > at and self.trading.venue.by_contract.get(bars[at].con_id):
                reach = self.trading.reaches.get(bars[at].con_id)
                end = at if reach is None else leaps.met(at, end, reach)
            if end > at:
                self._pass(bars[at:end], signalled)
                at = end

    def _pass(self, bars: Sequence[Bar], signalled: Signalled) -> None:
        """Take over what bars change at which nothing happens."""
        last, trading = bars[-1], self.trading
        signalled.skip(bars)
        self._bars += len(bars)
        trading.seen[last.con_id] = last
        trading.now_ns = max(last.end_ns, trading.now_ns)

    def _past(self, prices: Iterator[Prices], begin_ns: int) -> Prices | None:
        """Tell strategies of what was before the beginning; return the first that was not."""
        for item in prices:
            start_ns = _starts_ns(item)
            if not self._day_ends_ns:
                self._day_ends_ns = start_ns
                self.trading = Trading(self.setup, self._hosts, start_ns)
            if start_ns >= begin_ns:
                return item
            if isinstance(item, Quote):
                self.trading.quoted.add(item.con_id)
                if item.bid and item.ask:
                    self.trading.seen[item.con_id] = item
            elif not isinstance(item, Trade):
                for bar in item:
                    if bar.con_id not in self.trading.quoted:
                        self.trading.seen[bar.con_id] = bar
                    for host in self._by_contract.get(bar.con_id, ()):
                        host.bar(bar, live=False)
        return None

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
            self._bars += len(item)
            for bar in item:
                if trading.quoted and bar.con_id in trading.quoted:
                    continue
                if asks or (working.get(bar.con_id) and trading.meets(bar)):
                    trading.meet(bar)
                seen[bar.con_id] = bar
                if asks:
                    trading.tell_prices()
            if todo:
                trading.drain()
            for bar in item:
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
            standstill=known.entries.standstill(),
            bars=self._bars,
            orders=sum(isinstance(each, rec.OrderIntended) for each in known.records),
            final=known.account(),
        )


def _starts_ns(prices: Prices) -> int:
    return prices.time_ns if isinstance(prices, Quote | Trade) else prices[0].start_ns
