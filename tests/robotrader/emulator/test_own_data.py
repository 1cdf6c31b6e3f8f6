"""One's own data through the emulated gateway: what was recorded is what a client gets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ib_async import LimitOrder, MarketOrder

from robotrader.adapters import csv_bars, own_data, parquet_bars
from robotrader.domain import Bar, Quote, Trade
from robotrader.emulator import Gateway, Settings
from robotrader.market.series import Daily
from tests.robotrader.adapters import lean_writer
from tests.robotrader.emulator.kit import Lab, Talker, play, until

NEW_YORK = ZoneInfo("America/New_York")
AAPL = 265598
SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
OPEN_NS = int(datetime(2024, 1, 3, 9, 30, tzinfo=NEW_YORK).timestamp()) * SECOND_NS


def seconds(at: object) -> int:
    assert isinstance(at, datetime)
    return int(at.timestamp())


def moment(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC)


def minutes(count: int, start_ns: int = OPEN_NS) -> list[Bar]:
    made = []
    for n in range(count):
        base = 185 + (n * 7 % 23) / 10
        high, low, close = (round(base + more, 2) for more in (0.2, -0.1, 0.05))
        at = start_ns + n * MINUTE_NS
        made.append(Bar(AAPL, at, at + MINUTE_NS, base, high, low, close, 400 + n, base, 4))
    return made


def ticks(count: int) -> tuple[list[Trade], list[Quote]]:
    trades, quotes = [], []
    for n in range(count):
        bid = round(185 + (n * 5 % 17) / 100, 2)
        at = OPEN_NS + (n + 1) * SECOND_NS
        quotes.append(Quote(AAPL, at, bid, round(bid + 0.03, 2), 100 + n, 200 + n))
        trades.append(Trade(AAPL, at + SECOND_NS // 2, round(bid + 0.02, 2), 10 + n, "ARCA"))
    return trades, quotes


def gateway(folder: Path, now_ns: int = OPEN_NS) -> Gateway:
    own = own_data.load(folder)
    return Gateway(own.series, Settings(), now_ns=now_ns, recordings=own.recordings)


def recorded_ticks(folder: Path, count: int) -> tuple[list[Trade], list[Quote]]:
    trades, quotes = ticks(count)
    (folder / "trades").mkdir()
    (folder / "quotes").mkdir()
    parquet_bars.write(folder / "trades" / "AAPL.parquet", trades)
    csv_bars.write(folder / "quotes" / "AAPL.csv.gz", quotes)
    return trades, quotes


def recorded_minutes(folder: Path, count: int) -> list[Bar]:
    made = minutes(count)
    (folder / "bars_1min").mkdir()
    csv_bars.write(folder / "bars_1min" / "AAPL.csv", made)
    return made


def test_a_client_gets_every_recorded_trade_and_quote_in_order(tmp_path: Path) -> None:
    trades, quotes = recorded_ticks(tmp_path, 60)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        assert contract.conId == AAPL
        seen: dict[str, list[tuple[object, ...]]] = {"AllLast": [], "BidAsk": []}
        last = ib.reqTickByTickData(contract, "AllLast")
        ticker = ib.reqMktData(contract)

        def keep(_: object) -> None:
            for tick in ticker.tickByTicks:
                row = tuple(getattr(tick, name) for name in names[type(tick).__name__])
                seen[kinds[type(tick).__name__]].append(row)

        names = {
            "TickByTickAllLast": ("price", "size", "exchange"),
            "TickByTickBidAsk": ("bidPrice", "askPrice", "bidSize", "askSize"),
        }
        kinds = {"TickByTickAllLast": "AllLast", "TickByTickBidAsk": "BidAsk"}
        last.updateEvent += keep
        ib.reqTickByTickData(contract, "BidAsk")
        lab.server.speed = 60.0
        lab.server.restart_clock()
        await until(lambda: len(seen["AllLast"]) == 60 and len(seen["BidAsk"]) == 60)
        assert seen["AllLast"] == [(t.price, t.size, t.exchange) for t in trades]
        assert seen["BidAsk"] == [(q.bid, q.ask, q.bid_size, q.ask_size) for q in quotes]
        assert (ticker.last, ticker.bid, ticker.ask) == (
            trades[-1].price, quotes[-1].bid, quotes[-1].ask,
        )  # fmt: skip
        assert ticker.volume == sum(t.size for t in trades)
        assert ticker.high == max(t.price for t in trades)

    play(scene, gateway=gateway(tmp_path), speed=0.0)


def test_every_tick_comes_at_its_own_time(tmp_path: Path) -> None:
    trades, quotes = recorded_ticks(tmp_path, 9)
    talker = Talker(gateway(tmp_path))
    for number, kind in enumerate(("AllLast", "BidAsk"), 1):
        talker.ask("reqTickByTickData", reqId=number, conId=AAPL, exchange="SMART", tickType=kind)
    events: list[Trade | Quote] = [*trades, *quotes]
    for event in sorted(events, key=lambda each: each.time_ns):
        until_ns = event.time_ns - talker.gateway.timeline.now_ns
        assert not [r for r in talker.wait((until_ns - 1) / SECOND_NS) if r.name == "tickByTick"]
        talker.gateway.advance(event.time_ns)
        (tick,) = (r.fields for r in talker.read() if r.name == "tickByTick")
        assert tick["time"] == event.time_ns // SECOND_NS
        assert tick["reqId"] == (1 if isinstance(event, Trade) else 2)


def test_an_order_fills_at_the_recorded_quote(tmp_path: Path) -> None:
    _, quotes = recorded_ticks(tmp_path, 60)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        lab.gateway.advance(OPEN_NS + 10 * SECOND_NS + 1)
        trade = ib.placeOrder(contract, MarketOrder("BUY", 50))
        await until(trade.isDone)
        assert trade.fills[0].execution.price == quotes[9].ask
        low = min(quote.bid for quote in quotes) - 1
        waiting = ib.placeOrder(contract, LimitOrder("BUY", 50, low))
        await until(lambda: waiting.orderStatus.status == "Submitted")
        lab.gateway.advance(OPEN_NS + MINUTE_NS)
        assert not waiting.fills

    play(scene, gateway=gateway(tmp_path), speed=0.0)


def test_history_is_what_was_recorded_up_to_now(tmp_path: Path) -> None:
    made = recorded_minutes(tmp_path, 60)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        lab.gateway.advance(OPEN_NS + 30 * MINUTE_NS)
        found = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 min", "TRADES", True, 1)
        assert [
            (seconds(b.date), b.open, b.high, b.low, b.close, b.volume, b.barCount) for b in found
        ] == [
            (b.start_ns // SECOND_NS, b.open, b.high, b.low, b.close, b.volume, 4)
            for b in made[:30]
        ]
        (day,) = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 day", "TRADES", True, 1)
        assert (day.open, day.close) == (made[0].open, made[29].close)
        assert day.high == max(b.high for b in made[:30])
        head = await ib.reqHeadTimeStampAsync(contract, "TRADES", True, 2)
        assert head == moment(OPEN_NS)
        past = await ib.reqHistoricalTicksAsync(contract, "", "", 5, "TRADES", True)
        assert [tick.price for tick in past] == [
            made[29].open, made[29].low, made[29].high, made[29].close, made[30].open,
        ]  # fmt: skip

    play(scene, gateway=gateway(tmp_path), speed=0.0)


def test_minutes_are_replayed_through_their_four_prices(tmp_path: Path) -> None:
    made = recorded_minutes(tmp_path, 5)
    talker = Talker(gateway(tmp_path))
    talker.ask("reqTickByTickData", reqId=5, conId=AAPL, exchange="SMART", tickType="AllLast")
    talker.wait(300)
    prices = [r.fields["price"] for r in talker.replies if r.name == "tickByTick"]
    # The extreme nearer to the open comes first: here the low.
    assert prices == [p for b in made for p in (b.open, b.low, b.high, b.close)]


def test_nothing_is_known_before_the_first_trade(tmp_path: Path) -> None:
    recorded_ticks(tmp_path, 3)
    talker = Talker(gateway(tmp_path, OPEN_NS - MINUTE_NS))
    replies = talker.ask("reqMktData", reqId=5, conId=AAPL, exchange="SMART", genericTicks="233")
    prices = {r.fields["tickType"]: r.fields["price"] for r in replies if r.name == "tickPrice"}
    assert prices == {1: -1.0, 2: -1.0}
    talker.ask(
        "placeOrder", orderId=1, conId=AAPL, exchange="SMART", action="BUY", totalQuantity=1,
        orderType="MKT", transmit=True,
    )  # fmt: skip
    talker.wait(63)
    fills = [r.fields["price"] for r in talker.replies if r.name == "execDetails"]
    assert fills == [185.03]


def test_a_listener_who_comes_late_knows_the_day_so_far(tmp_path: Path) -> None:
    trades, quotes = recorded_ticks(tmp_path, 30)
    talker = Talker(gateway(tmp_path, OPEN_NS + 20 * SECOND_NS))
    replies = talker.ask("reqMktData", reqId=5, conId=AAPL, exchange="SMART")
    prices = {r.fields["tickType"]: r.fields["price"] for r in replies if r.name == "tickPrice"}
    past = [t.price for t in trades[:19]]
    assert prices[4] == past[-1]
    assert (prices[1], prices[2]) == (quotes[19].bid, quotes[19].ask)
    assert (prices[6], prices[7], prices[14]) == (max(past), min(past), past[0])
    sizes = {r.fields["tickType"]: r.fields["size"] for r in replies if r.name == "tickSize"}
    assert sizes[8] == sum(t.size for t in trades[:19])


def test_history_of_quotes_is_of_the_recorded_ones(tmp_path: Path) -> None:
    _, quotes = recorded_ticks(tmp_path, 59)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        lab.gateway.advance(OPEN_NS + MINUTE_NS)
        (bar,) = await ib.reqHistoricalDataAsync(contract, "", "60 S", "1 min", "BID", True, 1)
        assert (bar.open, bar.close) == (quotes[0].bid, quotes[-1].bid)
        past = await ib.reqHistoricalTicksAsync(contract, "", "", 5, "BID_ASK", True)
        assert [(t.priceBid, t.priceAsk, t.sizeBid, t.sizeAsk) for t in past] == [
            (q.bid, q.ask, q.bid_size, q.ask_size) for q in quotes[-5:]
        ]

    play(scene, gateway=gateway(tmp_path), speed=0.0)


def test_bars_finer_than_the_data_are_an_error_that_says_so(tmp_path: Path) -> None:
    recorded_minutes(tmp_path, 5)
    talker = Talker(gateway(tmp_path, OPEN_NS + 5 * MINUTE_NS))
    replies = talker.ask(
        "reqHistoricalData", reqId=5, conId=AAPL, exchange="SMART", barSize="5 secs",
        duration="60 S", whatToShow="TRADES", useRTH=True, formatDate=1,
    )  # fmt: skip
    assert [r.fields["code"] for r in replies] == [162]
    assert "bars of 60 s: ask for bars as long or longer" in replies[0].fields["msg"]


@pytest.mark.parametrize("size", ["1 min", "5 mins", "1 day"])
def test_bars_under_way_are_kept_up_to_date(tmp_path: Path, size: str) -> None:
    made = recorded_minutes(tmp_path, 10)
    talker = Talker(gateway(tmp_path, OPEN_NS + 7 * MINUTE_NS))
    talker.ask(
        "reqHistoricalData", reqId=5, conId=AAPL, exchange="SMART", barSize=size,
        duration="1 D", whatToShow="TRADES", useRTH=True, formatDate=2, keepUpToDate=True,
    )  # fmt: skip
    replies = talker.wait(65)
    last = [r.fields for r in replies if r.name == "historicalDataUpdate"][-1]
    first = {"1 min": 7, "5 mins": 5, "1 day": 0}[size]
    assert (last["open"], last["close"]) == (made[first].open, made[7].close)
    assert last["volume"] == sum(bar.volume for bar in made[first:8])


def test_a_lean_tree_is_replayed(tmp_path: Path) -> None:
    start = datetime(2024, 1, 3, 9, 30, 1)  # noqa: DTZ001 - LEAN's times are New York's
    day = start.date()
    trades = [
        (start + timedelta(seconds=n), Decimal(18500 + n * 3 % 7) / 100, 100 + n, "Q", 0)
        for n in range(20)
    ]
    lean_writer.trade_ticks(tmp_path, "aapl", day, trades)
    quotes = [
        (start + timedelta(seconds=n), side, Decimal(price) / 100, 300, "P", 0)
        for n in range(20)
        for side, price in (("bid", 18490 + n), ("ask", 18510 + n))
    ]
    lean_writer.quote_ticks(tmp_path, "aapl", day, quotes)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        ticker = ib.reqMktData(contract)
        await ib.reqCurrentTimeAsync()
        lab.gateway.advance(OPEN_NS + MINUTE_NS)
        await until(lambda: ticker.volume == sum(size for _, _, size, _, _ in trades))
        assert (ticker.bid, ticker.ask) == (185.09, 185.29)
        assert (ticker.last, ticker.high) == (float(trades[-1][1]), 185.06)
        (bar,) = await ib.reqHistoricalDataAsync(contract, "", "60 S", "1 min", "TRADES", True, 1)
        assert (bar.open, bar.close, bar.barCount) == (185.0, float(trades[-1][1]), 20)

    play(scene, gateway=gateway(tmp_path), speed=0.0)


def test_days_alone_are_drawn_at_their_own_dates(tmp_path: Path) -> None:
    first = date(2024, 1, 2)
    days = [Daily(first + timedelta(n), 10 + n, 12 + n, 9 + n, 11 + n, 14_400) for n in (0, 1, 6)]
    csv_bars.write(tmp_path / "ZZZ.csv", days)

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib, "ZZZ")
        assert contract.conId == own_data.instrument("ZZZ").con_id
        ticker = ib.reqMktData(contract)
        await until(lambda: ticker.last == ticker.last and ticker.bid > 0)
        assert 10 <= ticker.last <= 13
        assert ticker.close == 11
        found = await ib.reqHistoricalDataAsync(contract, "", "1 Y", "1 day", "TRADES", True, 1)
        assert [bar.date for bar in found] == [first, first + timedelta(1)]
        small = await ib.reqHistoricalDataAsync(contract, "", "60 S", "5 secs", "TRADES", True, 1)
        assert len(small) == 12

    play(scene, gateway=gateway(tmp_path, OPEN_NS))
