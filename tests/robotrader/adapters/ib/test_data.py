"""Rows D1 to D9: what goes wrong with market data, played against our port."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from msgspec.structs import replace

from robotrader.domain import Bar, Instrument, Quote, Trade
from robotrader.gateway import (
    DataClass,
    History,
    HistoryStatus,
    LineChanged,
    Resolve,
    Resolved,
    StreamKind,
    Subscribe,
    Unsubscribe,
)
from robotrader.gateway.codes import ABOUT_LINE, LineNews
from tests.robotrader.adapters.ib.kit import (
    LINK,
    PROGRAMS,
    SETTINGS,
    UNHURRIED,
    Requests,
    Trader,
    trade,
)
from tests.robotrader.emulator.kit import Lab, until

FIVE_NS = 5_000_000_000
PATIENT = replace(UNHURRIED, lines=replace(SETTINGS.lines, stale_s=5.0))


def believable(trader: Trader) -> None:
    """Whatever was told can be: positive, not crossed, in order of time."""
    for quote in trader.of(Quote):
        assert quote.bid >= 0 <= quote.ask
        assert not quote.bid > quote.ask > 0
        assert (quote.bid_size == 0) or quote.bid > 0
    trades = trader.of(Trade)
    assert all(each.price > 0 for each in trades)
    for first, second in itertools.pairwise(trades):
        assert first.time_ns <= second.time_ns


def test_quotes_trades_and_bars_come_and_mean_what_the_venue_says() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.line()
        await trader.line("AAPL", StreamKind.BARS)
        await until(lambda: len(trader.of(Bar)) >= 3 and len(trader.of(Trade)) > 10)
        ticker = lab.gateway.market.tickers[instrument.con_id]
        last = trader.of(Trade)[-1]
        assert last.time_ns <= ticker.trade.time_ns
        bars = trader.of(Bar)
        for bar, following in itertools.pairwise(bars):
            assert bar.end_ns <= following.start_ns
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        believable(trader)

    trade(scene, speed=30, settings=PATIENT)


def test_a_symbol_is_resolved_once_and_an_unknown_one_is_one_clear_error() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        requests = Requests(lab)
        await trader.ready()
        first, second = await trader.stock("KO"), await trader.stock("KO")
        assert first == second
        assert isinstance(first, Instrument)
        assert (first.isin, len(first.tick_table)) == ("US1912161007", 2)
        assert requests.counts["reqContractDetails"] == 1
        trader.port.resolve(Resolve(1, "NOSUCH"))
        await until(lambda: [each for each in trader.of(Resolved) if each.request == 1])
        (answer,) = [each for each in trader.of(Resolved) if each.request == 1]
        assert answer.instrument is None
        assert "'NOSUCH'" in answer.error
        assert "check symbol" in answer.error

    trade(scene)


def test_d1_a_line_that_falls_silent_is_stale_and_asked_for_again() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        requests = Requests(lab)
        instrument = await trader.line()
        await until(lambda: trader.lines(instrument)[-1].stale)
        assert "nothing for" in trader.lines(instrument)[-1].why
        lab.gateway.faults.clear()
        await until(lambda: not trader.lines(instrument)[-1].stale)
        assert requests.counts["reqMktData"] >= 2
        assert trader.port.generation == 1

    trade(scene, row="D1", speed=5, ticks_a_minute=600, settings=UNHURRIED)


@pytest.mark.parametrize("code", [10182, 10225])
def test_d2_bars_that_the_broker_ends_are_asked_for_at_once(code: int) -> None:
    rules = f"""[[rule]]
on = "request:reqRealTimeBars"
do = "send"
after_s = 1.0
name = "error"
fields = {{ reqId = "$reqId", code = {code}, msg = "Failed to request live updates." }}"""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        requests = Requests(lab)
        instrument = await trader.stock()
        trader.port.subscribe(Subscribe(instrument, (StreamKind.BARS,)))
        await until(lambda: requests.counts["reqRealTimeBars"] == 2)
        await until(lambda: len(trader.of(Bar)) >= 3)
        starts = [bar.start_ns for bar in trader.of(Bar)]
        assert starts == sorted(set(starts))

    trade(scene, rules=rules, speed=30, settings=PATIENT)


def test_d2_bars_that_did_not_come_are_asked_for() -> None:
    """A gap in the stream is filled from history, marked as nobody's request."""
    rules = '[[rule]]\non = "reply:realtimeBar"\ndo = "drop"\nskip = 2\ntimes = 3'

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.stock()
        trader.port.subscribe(Subscribe(instrument, (StreamKind.BARS,)))
        await until(lambda: trader.of(History))
        (filled,) = trader.of(History)
        assert (filled.request, filled.status) == (0, HistoryStatus.OK)
        streamed = [bar.start_ns for bar in trader.of(Bar)]
        before, after = next(p for p in itertools.pairwise(streamed) if p[1] - p[0] > FIVE_NS)
        missing = set(range(before + FIVE_NS, after, FIVE_NS))
        assert len(missing) == 3
        assert missing <= {bar.start_ns for bar in filled.bars}

    trade(scene, rules=rules, speed=30, settings=PATIENT)


def test_d2_an_error_for_a_request_that_is_over_changes_nothing() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        answer = await trader.bars(await trader.stock())
        assert answer.status is HistoryStatus.OK
        await until(lambda: trader.port.counts["late errors"])
        assert trader.port.generation == 1

    trade(scene, row="D2", speed=10, settings=UNHURRIED)


def test_d3_impossible_prices_go_nowhere() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        await until(lambda: trader.of(Quote) and trader.of(Quote)[-1].bid == 0)
        believable(trader)

    trade(scene, row="D3", ticks_a_minute=600, settings=PATIENT)


@pytest.mark.parametrize("price", ["inf", "1.7976931348623157e308", "-5.0"])
def test_d3_what_is_no_number_is_refused_and_counted(price: str) -> None:
    changed = '[[rule]]\non = "reply:tickPrice"\ndo = "change"\ntimes = 0\n'
    rules = f"{changed}fields = {{ price = {price} }}"

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.stock()
        trader.port.subscribe(Subscribe(instrument))
        await until(lambda: len(trader.of(Trade)) > 3)
        assert trader.of(Quote) == []
        trader.port.unsubscribe(Unsubscribe(instrument.con_id))
        await until(lambda: trader.port.data.refused["price"] > 3)

    trade(scene, rules=rules, ticks_a_minute=600, settings=PATIENT)


def test_d4_a_tick_of_an_unknown_type_is_counted() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        await until(lambda: lab.gateway.faults.struck["send"])
        said = len(trader.of(Quote))
        await until(lambda: len(trader.of(Quote)) > said)
        assert trader.port.generation == 1

    trade(scene, row="D4", ticks_a_minute=600)


@pytest.mark.parametrize("code", [354, 10089, 10091, 10168])
def test_d5_without_a_permission_a_line_is_worth_nothing(code: int) -> None:
    program = PROGRAMS["D5"].rule[1]
    assert program.fields["code"] == 354  # type: ignore[union-attr]  # the row's own rule
    rules = f"""[[rule]]
on = "request:reqMktData"
do = "drop"
times = 0
[[rule]]
on = "request:reqMktData"
do = "send"
times = 0
name = "error"
fields = {{ reqId = "$reqId", code = {code}, msg = "not subscribed" }}"""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.stock()
        trader.port.subscribe(Subscribe(instrument))
        await until(lambda: trader.port.counts[f"code {code}"])
        assert ABOUT_LINE[code] is LineNews.NO_PERMISSION
        assert {each.data_class for each in trader.lines(instrument)} <= {DataClass.NONE}
        assert trader.of(Quote) == []

    trade(scene, rules=rules)


def test_d5_delayed_data_say_so() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.line()
        assert trader.lines(instrument)[-1].data_class is DataClass.DELAYED
        await until(lambda: trader.of(Quote))
        assert DataClass.LIVE not in {each.data_class for each in trader.lines(instrument)}

    trade(scene, settings=replace(SETTINGS, market_data_type=3))


def test_d5_partly_subscribed_data_keep_flowing() -> None:
    rules = """[[rule]]
on = "request:reqMktData"
do = "send"
name = "error"
fields = { reqId = "$reqId", code = 10090, msg = "Part of requested market data" }"""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.line()
        assert trader.lines(instrument)[-1].data_class is DataClass.LIVE

    trade(scene, rules=rules)


def test_d6_a_reset_book_is_told_from_an_end() -> None:
    assert ABOUT_LINE[317] is LineNews.RESET
    assert ABOUT_LINE[10225] is LineNews.AGAIN


def test_d7_an_answer_after_the_timeout_is_nobodys() -> None:
    """D7, F06: it is counted, and no later request gets it."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        apple, coke = await trader.stock("AAPL"), await trader.stock("KO")
        assert (await trader.bars(apple)).status is HistoryStatus.TIMEOUT
        other = await trader.bars(coke)
        assert {bar.con_id for bar in other.bars} == {coke.con_id}
        await until(lambda: trader.port.history.late == 1)

    trade(scene, row="D7", speed=20, settings=replace(SETTINGS, history_s=0.2))


def test_d8_an_old_price_after_a_newer_one_does_not_turn_time_back() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        await until(lambda: lab.gateway.faults.struck["hold"] and len(trader.of(Trade)) > 20)
        believable(trader)
        assert len(trader.of(Trade)) > 20

    trade(scene, row="D8", ticks_a_minute=3000, settings=PATIENT)


def test_d9_a_flood_is_conflated_and_the_connection_lives() -> None:
    """D9: 5,000 ticks a second: at most a hundred quotes of a line a second are told."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        loop = asyncio.get_running_loop()
        began, already = loop.time(), len(trader.of(Quote))
        await until(lambda: len(trader.data) > 2_000)
        told, took_s = len(trader.of(Quote)) - already, loop.time() - began
        assert told <= took_s * 100 + 2
        assert len(trader.of(Trade)) > 1_000
        answer = await trader.bars(await trader.stock("KO"))
        assert answer.status is HistoryStatus.OK
        assert trader.port.generation == 1
        believable(trader)

    waits = replace(PATIENT, idle_s=1.0, answer_s=1.0, link=LINK, history_s=20.0, contract_s=20.0)
    trade(scene, row="D9", settings=waits)


def test_f06_fifty_requests_get_their_own_answers() -> None:
    """F06: replies delayed and reordered: no request gets the bars of another contract."""
    rules = '[[rule]]\non = "reply:historicalData"\ndo = "delay"\nby_s = 2.0\nskip = 1\ntimes = 9'

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        stocks = [await trader.stock(symbol) for symbol in ("AAPL", "KO", "MSFT")]
        asked = [(stock, f"{days} D") for days in range(1, 11) for stock in stocks]
        answers = await asyncio.gather(
            *(trader.bars(stock, duration=span) for stock, span in asked)
        )
        for (stock, _), answer in zip(asked, answers, strict=True):
            assert answer.con_id == stock.con_id
            assert {bar.con_id for bar in answer.bars} == {stock.con_id}

    trade(scene, rules=rules, speed=10, settings=UNHURRIED)


def test_a_line_is_told_once_for_each_change() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        instrument = await trader.line()
        await until(lambda: len(trader.of(Trade)) > 10)
        for first, second in itertools.pairwise(trader.lines(instrument)):
            assert (first.data_class, first.stale) != (second.data_class, second.stale)
        assert isinstance(trader.lines(instrument)[0], LineChanged)

    trade(scene, ticks_a_minute=1200, settings=PATIENT)
