"""Quotes and trades in the engine: what is paid is the ask, what is received the bid, in sizes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robotrader.backtest import Engine, Result, Setup, batches, with_ticks
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen, NoCommission
from tests.robotrader.backtest.test_engine import CASH, KO, LIMITS, NAMES, fills, flat
from tests.robotrader.strategies.kit import AAPL, START

S = 1_000_000_000


class Steps(Params, frozen=True):
    """What to do at which quote, counted from 0; signed shares, 0 to close."""

    at: dict[int, int]
    limit: float | None = None
    stop: float | None = None


class OnQuotes(Strategy[Steps, State]):
    """Acts on quotes alone."""

    def __init__(self, params: Steps) -> None:
        super().__init__(params)
        self.quotes: list[Quote] = []
        self.bars = 0

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        qty = self.params.at.get(len(self.quotes))
        self.quotes.append(quote)
        if qty == 0:
            ctx.close()
        elif qty is not None:
            act = ctx.buy if qty > 0 else ctx.sell
            act(abs(qty), limit=self.params.limit, stop=self.params.stop)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self.bars += 1


def quote(second: float, bid: float, ask: float, size: float = 1_000.0) -> Quote:
    return Quote(AAPL.con_id, START + int(second * S), bid, ask, size, size)


def run(prices: Any, *strategies: Strategy[Any, Any]) -> Result:
    hosts = [
        StrategyHost(each, name=f"s{number}", instrument=AAPL)
        for number, each in enumerate(strategies)
    ]
    setup = Setup(
        instruments=(AAPL, KO), cash=CASH, limits=LIMITS, sessions=AlwaysOpen(),
        plan=NoCommission(),
    )  # fmt: skip
    return Engine(setup, hosts).run(prices)


def test_a_market_order_pays_the_ask_that_stands_and_leaves_at_the_bid() -> None:
    prices = [quote(1, 10.0, 10.02), quote(2, 10.5, 10.52), quote(3, 11.0, 11.03)]
    result = run(prices, OnQuotes(Steps(at={0: 10, 2: 0})))
    assert fills(result) == [
        ("BUY", Decimal(10), Decimal("10.02")), ("SELL", Decimal(10), Decimal("11.0")),
    ]  # fmt: skip
    assert result.final.cash == CASH + Decimal("9.80")


def test_a_quote_fills_no_more_than_its_size_and_the_next_one_the_rest() -> None:
    prices = [quote(1, 10.0, 10.02, 6.0), quote(2, 10.03, 10.05, 6.0)]
    result = run(prices, OnQuotes(Steps(at={0: 10})))
    assert fills(result) == [
        ("BUY", Decimal(6), Decimal("10.02")), ("BUY", Decimal(4), Decimal("10.05")),
    ]  # fmt: skip


def test_a_limit_waits_for_the_ask_and_a_stop_looks_at_the_bid() -> None:
    prices = [
        quote(1, 10.0, 10.02), quote(2, 9.9, 9.96), quote(3, 9.88, 9.95), quote(4, 9.41, 9.43),
        quote(5, 9.4, 9.43), quote(6, 9.2, 9.22),
    ]  # fmt: skip
    result = run(prices, OnQuotes(Steps(at={0: 10}, limit=9.95, stop=9.40)))
    assert fills(result) == [
        ("BUY", Decimal(10), Decimal("9.95")), ("SELL", Decimal(10), Decimal("9.4")),
    ]  # fmt: skip


def test_with_a_side_of_the_market_empty_nothing_trades_until_the_next_quote() -> None:
    prices = [quote(1, 10.0, 10.02, 5.0), quote(2, 10.0, 0.0), quote(3, 10.1, 10.12)]
    strategy = OnQuotes(Steps(at={0: 10}))
    result = run(prices, strategy)
    assert [price for _, _, price in fills(result)] == [Decimal("10.02"), Decimal("10.12")]
    assert len(strategy.quotes) == 2, "a price that is none is told to nobody"


def test_the_bars_of_a_contract_with_quotes_are_told_and_trade_nothing() -> None:
    bars = {AAPL.con_id: flat(50, 60, 70)}
    ticks = [quote(1, 10.0, 10.02), quote(90, 10.2, 10.22)]
    strategy = OnQuotes(Steps(at={0: 10}))
    result = run(with_ticks(batches(bars, NAMES), ticks, NAMES), strategy)
    assert fills(result) == [("BUY", Decimal(10), Decimal("10.02"))]
    assert strategy.bars == 3
    assert result.final.equity == CASH + Decimal("1.90"), "its worth is the quote's middle"


def test_stops_look_at_trades_where_trades_are_printed() -> None:
    """The quote alone does not trigger it, the print does, and then it trades at the quote."""
    ticks: list[Quote | Trade] = [
        Trade(AAPL.con_id, START, 10.0, 100.0),
        quote(1, 10.0, 10.02),
        quote(2, 9.3, 9.33),
        Trade(AAPL.con_id, START + 3 * S, 9.35, 10.0),
        quote(4, 9.3, 9.33),
    ]
    result = run(ticks, OnQuotes(Steps(at={0: 10}, stop=9.4)))
    assert fills(result)[-1] == ("SELL", Decimal(10), Decimal("9.3"))
    assert result.fills[-1].fill.time_ns == START + 3 * S


def test_strategies_on_one_account_have_their_own_positions_and_one_cash() -> None:
    prices = [quote(second, 10.0 + second, 10.02 + second) for second in range(6)]
    one, other = OnQuotes(Steps(at={0: 10, 3: 0})), OnQuotes(Steps(at={1: 5}))
    result = run(prices, one, other)
    assert result.final.position(AAPL.con_id) == 5
    paid = 10 * Decimal("10.02") - 10 * Decimal("13.0") + 5 * Decimal("11.02")
    assert result.final.cash == CASH - paid
    assert result.final.strategies["s0"].realized == Decimal("29.8")
    assert result.final.strategies["s1"].cost == Decimal("55.1")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (quote(2, 10.5, 10.4), "AAPL: quote or trade 2, .*crossed"),
        (quote(0, 10.0, 10.1), "AAPL: quote or trade 2, .*sort the data by time"),
        (Trade(AAPL.con_id, START + 2 * S, -1.0, 1.0), "AAPL: quote or trade 2, .*above zero"),
    ],
)
def test_ticks_that_are_none_are_refused_by_symbol_row_and_time(
    wrong: Quote | Trade, says: str
) -> None:
    ticks = [quote(1, 10.0, 10.02), wrong]
    with pytest.raises(DataError, match=says):
        run(with_ticks((), ticks, NAMES), OnQuotes(Steps(at={})))
