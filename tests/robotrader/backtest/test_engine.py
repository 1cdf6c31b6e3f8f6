"""The engine: orders meet the bars after them, money adds up to the cent, nothing is foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.backtest import Engine, Result, Setup, batches
from robotrader.domain import Bar, Instrument
from robotrader.domain.records import FillBooked, OrderIntended
from robotrader.market.quality import DataError
from robotrader.performance import flat_trades
from robotrader.risk import Limits, Ratio
from robotrader.strategies import (
    Context,
    Fill,
    Host,
    Params,
    State,
    Strategy,
    StrategyCrash,
    StrategyHost,
)
from robotrader.venue import AlwaysOpen, NoCommission
from tests.robotrader.strategies.kit import AAPL, START, Does, M

KO = Instrument(con_id=8894, symbol="KO")
CASH = Decimal(100_000)
NAMES = {each.con_id: each.symbol for each in (AAPL, KO)}
ALL = Ratio(Decimal(1))
LIMITS = Limits(
    allowed_symbols=frozenset({"AAPL", "KO"}),
    max_symbol_weight=ALL,
    max_drawdown=ALL,
    max_daily_loss=ALL,
    price_collar=ALL,
    max_orders_per_day=10**6,
    allow_short=True,
)


class Script(Params, frozen=True):
    """What to do at which bar, counted from 0."""

    steps: dict[int, tuple[str, int]]
    stop: float | None = None


class Scripted(Strategy[Script, State]):
    """Does what its script says, and remembers what it was told."""

    def __init__(self, params: Script) -> None:
        super().__init__(params)
        self.bars = 0
        self.told: list[tuple[str, Any]] = []

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self.told.append(("bar", bar.close))
        what, qty = self.params.steps.get(self.bars, ("", 0))
        self.bars += 1
        if what == "buy":
            stop = self.params.stop if ctx.position >= 0 else None
            ctx.buy(min(Decimal(qty), -ctx.position) if ctx.position < 0 else qty, stop=stop)
        elif what == "sell":
            ctx.sell(min(Decimal(qty), ctx.position) if ctx.position > 0 else qty)
        elif what == "close":
            ctx.close()
        elif what == "fail":
            msg = "a mistake"
            raise RuntimeError(msg)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.told.append(("fill", fill.price))


def bar(con_id: int, at: int, prices: tuple[float, float, float, float]) -> Bar:
    opened, high, low, close = prices
    begin = START + at * M
    return Bar(con_id, begin, begin + M, opened, high, low, close, 10_000.0, close, 50)


def bars(
    prices: Sequence[tuple[float, float, float, float]], con_id: int = AAPL.con_id
) -> list[Bar]:
    return [bar(con_id, at, each) for at, each in enumerate(prices)]


def flat(*closes: float) -> list[Bar]:
    return bars([(each, each, each, each) for each in closes])


def host(
    steps: dict[int, tuple[str, int]], instrument: Instrument = AAPL, **more: Any
) -> StrategyHost:
    name = f"s/{instrument.symbol}"
    return StrategyHost(Scripted(Script(steps=steps, **more)), name=name, instrument=instrument)


def run(
    given_bars: dict[int, list[Bar]], *hosts: Host, begin_ns: int = 0, **changes: Any
) -> tuple[Result, Engine]:
    known: dict[str, Any] = {
        "instruments": (AAPL, KO), "cash": CASH, "limits": LIMITS, "sessions": AlwaysOpen(),
        "plan": NoCommission(),
    }  # fmt: skip
    engine = Engine(Setup(**{**known, **changes}), hosts)
    return engine.run(batches(given_bars, NAMES), begin_ns=begin_ns), engine


def fills(result: Result) -> list[tuple[str, Decimal, Decimal]]:
    return [(each.fill.side, each.fill.qty, each.fill.price) for each in result.fills]


def test_an_order_fills_at_the_open_of_the_bar_after_the_one_that_it_answers() -> None:
    data = bars([(10, 10, 10, 10), (11, 13, 11, 12), (12, 12, 12, 12), (14, 15, 14, 15)])
    result, _ = run({AAPL.con_id: data}, host({0: ("buy", 10), 2: ("close", 0)}))
    assert fills(result) == [("BUY", Decimal(10), Decimal(11)), ("SELL", Decimal(10), Decimal(14))]
    assert result.track.values[-1] == pytest.approx(100_030.0)


def test_at_the_close_is_a_choice_and_then_it_is_that_bars_close() -> None:
    data = bars([(9, 11, 9, 10), (11, 13, 11, 12), (12, 12, 12, 12), (14, 15, 14, 15)])
    asked = host({0: ("buy", 10), 2: ("close", 0)})
    result, _ = run({AAPL.con_id: data}, asked, fill="close")
    assert fills(result) == [("BUY", Decimal(10), Decimal(10)), ("SELL", Decimal(10), Decimal(12))]


def test_a_fill_is_told_before_the_bar_in_which_it_happened() -> None:
    asked = host({0: ("buy", 10)})
    run({AAPL.con_id: flat(10, 11, 12)}, asked)
    told = asked.strategy.told  # type: ignore[attr-defined]
    assert told == [("bar", 10), ("fill", Decimal(11)), ("bar", 11), ("bar", 12)]


def test_a_stop_in_a_gap_fills_at_the_open_and_the_loss_is_shown() -> None:
    data = [*flat(10, 10, 10), bar(AAPL.con_id, 3, (7, 7, 6, 6.5))]
    result, _ = run({AAPL.con_id: data}, host({0: ("buy", 10)}, stop=9.0))
    assert fills(result)[-1] == ("SELL", Decimal(10), Decimal(7))
    assert result.final.equity == CASH - 30


def test_history_warms_up_and_leads_to_no_order() -> None:
    asked = host({0: ("buy", 10), 2: ("buy", 10)})
    result, _ = run({AAPL.con_id: flat(10, 11, 12, 13)}, asked, begin_ns=START + 2 * M)
    assert fills(result) == [("BUY", Decimal(10), Decimal(13))]
    assert result.bars == 2


def test_what_the_gate_refuses_is_counted_by_its_check() -> None:
    strict = msgspec.structs.replace(LIMITS, max_order_qty=Decimal(5))
    result, _ = run({AAPL.con_id: flat(10, 11, 12)}, host({0: ("buy", 10)}), limits=strict)
    assert fills(result) == []
    assert sum(result.refusals.values()) == 1


def test_a_run_that_a_streak_of_losses_has_stopped_says_so_since_when_and_how_much_it_refused() -> (
    None
):
    """It traded on paper for years without a trade, and its figures did not say why."""
    wants = {number: ("buy", 10) if number % 2 == 0 else ("close", 0) for number in range(20)}
    falling = flat(*(100.0 - number for number in range(22)))
    strict = msgspec.structs.replace(LIMITS, max_losses_row=3)
    result, _ = run({AAPL.con_id: falling}, host(wants), limits=strict)
    found = result.standstill
    assert found is not None
    assert (found.code, found.refused) == ("losses", {"losses": result.refusals["losses"]})
    assert len(fills(result)) == 6, "three trades"
    assert found.since_ns >= result.fills[-1].fill.time_ns
    assert "3 trades lost one after another" in found.text
    assert str(found.refused["losses"]) in found.text


def test_a_run_whose_entries_go_on_after_a_refusal_has_not_stopped() -> None:
    strict = msgspec.structs.replace(LIMITS, max_order_qty=Decimal(5))
    wants = {0: ("buy", 10), 1: ("buy", 5)}
    result, _ = run({AAPL.con_id: flat(10, 11, 12)}, host(wants), limits=strict)
    assert sum(result.refusals.values()) == 1
    assert result.standstill is None
    refused, _ = run({AAPL.con_id: flat(10, 11, 12)}, host({0: ("buy", 10)}), limits=strict)
    assert refused.standstill is not None


def test_a_strategy_that_raises_ends_the_run_with_its_bar_and_its_line() -> None:
    with pytest.raises(StrategyCrash, match=r"s/AAPL: on_bar of AAPL at .*a mistake \(line \d+"):
        run({AAPL.con_id: flat(10, 11, 12)}, host({1: ("fail", 0)}))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (flat(10, 11) + flat(12), "AAPL: bar 3, .*sort the data"),
        (flat(10, float("nan")), "AAPL: bar 2, 2025-11-24T14:31:00.*fill it in"),
        (bars([(10, 9, 8, 10)]), "AAPL: bar 1, "),
        (flat(10, -1), "AAPL: bar 2, .*not above zero"),
    ],
)
def test_bars_that_are_none_are_refused_by_symbol_row_and_time(data: list[Bar], says: str) -> None:
    with pytest.raises(DataError, match=says):
        run({AAPL.con_id: data}, host({}))


PRICE = st.integers(50, 150)
STEP = st.sampled_from([("", 0), ("", 0), ("buy", 10), ("sell", 7), ("close", 0)])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[int, list[Bar]], dict[int, dict[int, tuple[str, int]]]]:
    count = draw(st.integers(3, 25))
    data, scripts = {}, {}
    for con_id in (AAPL.con_id, KO.con_id):
        made = []
        for _ in range(count):
            opened, close, reach = draw(PRICE), draw(PRICE), draw(st.integers(0, 20))
            made.append((opened, max(opened, close) + reach, min(opened, close) - reach, close))
        data[con_id] = bars(made, con_id)
        scripts[con_id] = {at: draw(STEP) for at in range(count)}
    return data, scripts


def trade(
    data: dict[int, list[Bar]], scripts: dict[int, dict[int, tuple[str, int]]], **more: Any
) -> tuple[Result, Engine]:
    hosts = [host(scripts[each.con_id], each, stop=45.0) for each in (AAPL, KO)]
    return run(data, *hosts, **more)


@given(worlds())
@settings(max_examples=60)
def test_ledger_and_venue_agree_to_the_cent_and_trades_add_up(world: Any) -> None:
    """The venue's own books are the oracle."""
    result, engine = trade(*world)
    books = engine.trading.books
    assert result.final.equity == books.equity("BACKTEST")
    held = {con_id: each.qty for con_id, each in books.positions("BACKTEST").items() if each.qty}
    assert {k: v for k, v in engine.trading.keeper.ledger.quantities().items() if v} == held
    if not held:
        gained = sum((each.gain for each in flat_trades(result.fills)), Decimal(0))
        assert result.final.equity == CASH + gained


@given(worlds(), st.data())
@settings(max_examples=60)
def test_what_comes_later_changes_nothing_of_what_was_decided_before(
    world: Any, choice: st.DataObject
) -> None:
    """No look-ahead: cut the data anywhere, and everything up to there is the same."""
    data, scripts = world
    cut = choice.draw(st.integers(1, len(data[AAPL.con_id])))
    whole, _ = trade(data, scripts)
    part, _ = trade({con_id: own[:cut] for con_id, own in data.items()}, scripts)
    assert whole.records[: len(part.records)] == part.records


@given(worlds())
@settings(max_examples=30)
def test_a_run_is_the_same_again(world: Any) -> None:
    first, second = trade(*world)[0], trade(*world)[0]
    assert first.records == second.records
    assert first.track == second.track


@given(worlds())
@settings(max_examples=30)
def test_every_fill_is_of_an_intended_order_and_after_it(world: Any) -> None:
    result, _ = trade(*world)
    intended: dict[str, OrderIntended] = {}
    for record in result.records:
        if isinstance(record, OrderIntended):
            intended[record.ref] = record
        elif isinstance(record, FillBooked):
            assert record.ref in intended


def test_what_is_held_back_is_counted_by_its_reason() -> None:
    """A year of it is one line, not one for each bar."""

    def twice(ctx: Context, _bar: Bar) -> None:
        ctx.buy(1)
        ctx.buy(1)

    told = bars([(10, 10, 10, 10)] * 6)
    asks = StrategyHost(Does(twice), name="twice", instrument=AAPL)
    result, _ = run({AAPL.con_id: told}, asks)
    assert result.blocked == {"one intent a bar and direction": 6}
