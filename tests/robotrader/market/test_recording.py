"""What was recorded is replayed and answered as it was; pandas is the judge of longer bars."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters.calendar import sessions
from robotrader.domain import Bar, Instrument, Quote, Trade
from robotrader.market.history import TooFine, bars, underway
from robotrader.market.hours import RoundTheClock, TableHours, midnight_ns
from robotrader.market.recording import Recording, prints
from robotrader.market.replay import ReplayMarket
from robotrader.market.series import Daily, Provenance, Series

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
DAY = date(2024, 3, 11)
MIDNIGHT = midnight_ns(DAY)
OPEN = MIDNIGHT + 570 * MINUTE_NS
CON_ID = 7
PRICES = st.integers(1, 100_000).map(lambda cents: cents / 100)
BAR_S = st.sampled_from([5, 30, 60, 300, 1800, 3600])


def market(recording: Recording | None, *daily: Daily, calendar: bool = False) -> ReplayMarket:
    hours = TableHours(sessions("XNYS", date(2024, 3, 1), date(2024, 3, 31)))
    provenance = Provenance("own", "own", DAY, DAY)
    series = {"A": Series(Instrument(con_id=CON_ID, symbol="A"), daily, provenance)}
    recordings = {} if recording is None else {CON_ID: recording}
    return ReplayMarket(series, recordings, 1, hours if calendar else RoundTheClock())


@st.composite
def trades_of(draw: st.DrawFn, days: int = 2) -> list[Trade]:
    times = draw(st.lists(st.integers(0, days * 86_400 - 1), min_size=1, max_size=60))
    return [
        Trade(CON_ID, MIDNIGHT + at * SECOND_NS, draw(PRICES), float(draw(st.integers(0, 900))))
        for at in sorted(times)
    ]


@st.composite
def minutes_of(draw: st.DrawFn) -> list[Bar]:
    places = draw(st.sets(st.integers(0, 2 * 1440 - 1), min_size=1, max_size=60))
    made = []
    for place in sorted(places):
        low, one, other, high = sorted(draw(PRICES) for _ in range(4))
        start = MIDNIGHT + place * MINUTE_NS
        volume = float(draw(st.integers(0, 10**6)))
        made.append(Bar(CON_ID, start, start + MINUTE_NS, one, high, low, other, volume))
    return made


def judged(frame: pd.DataFrame, bar_s: int) -> list[tuple[int, float, float, float, float, float]]:
    """Open, high, low, close and volume by pandas, from local midnight on."""
    made = frame.resample(f"{bar_s}s", origin="start_day").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
    made = made.dropna(subset=["open"])
    return [(at.value, *map(float, row)) for at, row in zip(made.index, made.values, strict=True)]


def frame_of(rows: list[Bar]) -> pd.DataFrame:
    index = pd.to_datetime([bar.start_ns for bar in rows], utc=True).tz_convert("America/New_York")
    table = {name: [getattr(b, name) for b in rows] for name in ("open", "high", "low", "close")}
    return pd.DataFrame(table | {"volume": [b.volume for b in rows]}, index=index)


def shown(found: list[Bar], bar_s: int) -> list[tuple[int, float, float, float, float, float]]:
    """A bar's place, prices and volume; its place also if it was cut short."""
    step = bar_s * SECOND_NS
    return [
        (b.start_ns - (b.start_ns - MIDNIGHT) % step, b.open, b.high, b.low, b.close, b.volume)
        for b in found
    ]


ALL = (MIDNIGHT, MIDNIGHT + 2 * 86_400 * SECOND_NS)


@settings(max_examples=60, deadline=None)
@given(trades=trades_of(), bar_s=BAR_S)
def test_bars_of_trades_are_those_of_pandas(trades: list[Trade], bar_s: int) -> None:
    points = [
        Bar(CON_ID, t.time_ns, t.time_ns, t.price, t.price, t.price, t.price, t.size)
        for t in trades
    ]
    found = bars(market(Recording(trades=trades)), CON_ID, ALL, bar_s)
    assert shown(found, bar_s) == judged(frame_of(points), bar_s)


def test_more_bars_than_a_gateway_sends_are_refused() -> None:
    made = market(Recording(trades=[Trade(CON_ID, OPEN, 10, 1)]))
    with pytest.raises(ValueError, match="more than 50000 bars"):
        bars(made, CON_ID, ALL, 1)


@settings(max_examples=60, deadline=None)
@given(minutes=minutes_of(), bar_s=st.sampled_from([60, 300, 1800, 3600]))
def test_bars_of_shorter_bars_are_those_of_pandas(minutes: list[Bar], bar_s: int) -> None:
    found = bars(market(Recording(minutes)), CON_ID, ALL, bar_s)
    assert shown(found, bar_s) == judged(frame_of(minutes), bar_s)
    if bar_s == 60:
        assert [(b.start_ns, b.end_ns) for b in found] == [(b.start_ns, b.end_ns) for b in minutes]


@settings(max_examples=60, deadline=None)
@given(trades=trades_of())
def test_days_are_made_of_the_trades(trades: list[Trade]) -> None:
    made = market(Recording(trades=trades))
    for day in (DAY, DAY + timedelta(1)):
        mine = [
            t for t in trades if midnight_ns(day) <= t.time_ns < midnight_ns(day + timedelta(1))
        ]
        daily = made.daily(CON_ID, day)
        assert (daily is None) == (not mine)
        if daily is not None:
            prices = [trade.price for trade in mine]
            assert (daily.open, daily.close) == (prices[0], prices[-1])
            assert (daily.high, daily.low) == (max(prices), min(prices))
            assert daily.volume == sum(trade.size for trade in mine)


@settings(max_examples=100, deadline=None)
@given(
    minutes=minutes_of(), now=st.integers(0, 2 * 86_400), bar_s=st.sampled_from([60, 300, 86_400])
)
def test_no_bar_of_the_past_knows_the_future(minutes: list[Bar], now: int, bar_s: int) -> None:
    """What is answered now is the same whether what comes later was recorded or not."""
    now_ns = MIDNIGHT + now * SECOND_NS
    past = [bar for bar in minutes if bar.end_ns <= now_ns]
    span = (MIDNIGHT, now_ns)
    if not past:
        assert bars(market(Recording(minutes)), CON_ID, span, bar_s) == []
        return
    all_of_it, past_only = market(Recording(minutes)), market(Recording(past))
    assert bars(all_of_it, CON_ID, span, bar_s) == bars(past_only, CON_ID, span, bar_s)
    assert underway(all_of_it, CON_ID, now_ns, bar_s) == underway(past_only, CON_ID, now_ns, bar_s)


@given(minutes=minutes_of())
def test_a_bar_prints_its_four_prices_inside_its_time_and_all_its_volume(
    minutes: list[Bar],
) -> None:
    for bar in minutes:
        trades = list(prints(bar))
        prices = [trade.price for trade in trades]
        assert (prices[0], prices[-1]) == (bar.open, bar.close)
        assert (max(prices), min(prices)) == (bar.high, bar.low)
        assert sum(trade.size for trade in trades) == bar.volume
        times = [trade.time_ns for trade in trades]
        assert times == sorted(set(times))
        assert bar.start_ns == times[0]
        assert times[-1] < bar.end_ns


@given(trades=trades_of(), data=st.data())
def test_events_of_all_days_are_everything_in_order(
    trades: list[Trade], data: st.DataObject
) -> None:
    quotes = [
        Quote(CON_ID, MIDNIGHT + at * SECOND_NS, 1, 2, 100, 100)
        for at in sorted(data.draw(st.lists(st.integers(0, 2 * 86_400 - 1), max_size=20)))
    ]
    recording = Recording(trades=trades, quotes=quotes)
    events = [event for day in recording.days for event in recording.events(day)]
    assert [event for event in events if isinstance(event, Trade)] == trades
    assert [event for event in events if isinstance(event, Quote)] == quotes
    assert [event.time_ns for event in events] == sorted(event.time_ns for event in events)
    assert recording.first_ns == events[0].time_ns


def test_bars_shorter_than_what_was_recorded_are_refused() -> None:
    made = market(Recording([Bar(CON_ID, OPEN, OPEN + MINUTE_NS, 1, 1, 1, 1, 1)]))
    with pytest.raises(TooFine, match="bars of 60 s: ask for bars as long or longer"):
        bars(made, CON_ID, ALL, 5)


def test_regular_hours_leave_out_what_comes_before_and_after() -> None:
    times = (OPEN - 1, OPEN, MIDNIGHT + 16 * 3600 * SECOND_NS - 1, MIDNIGHT + 16 * 3600 * SECOND_NS)
    trades = [Trade(CON_ID, at, float(n), 1) for n, at in enumerate(times, 1)]
    made = market(Recording(trades=trades), calendar=True)
    daily = made.daily(CON_ID, DAY)
    assert daily == Daily(DAY, 2, 3, 2, 3, 2)
    assert len(bars(made, CON_ID, ALL, 60)) == 2
    assert len(bars(made, CON_ID, ALL, 60, regular=False)) == 4


def test_bars_of_an_hour_begin_at_the_open_and_then_at_full_hours() -> None:
    minutes = [Bar(CON_ID, OPEN + n * MINUTE_NS, OPEN + (n + 1) * MINUTE_NS, 1, 1, 1, 1, 1)
               for n in range(120)]  # fmt: skip
    found = bars(market(Recording(minutes), calendar=True), CON_ID, ALL, 3600)
    assert [(b.start_ns - OPEN) // MINUTE_NS for b in found] == [0, 30, 90]


def test_bars_of_quotes_are_of_the_quotes() -> None:
    quotes = [
        Quote(CON_ID, OPEN + n * SECOND_NS, bid, ask, 100, 100)
        for n, (bid, ask) in enumerate([(10.0, 10.2), (9.0, 9.4), (0.0, 11.0), (11.0, 11.2)])
    ]
    made = market(Recording(quotes=quotes))

    def four(kind: str) -> tuple[float, float, float, float]:
        (bar,) = bars(made, CON_ID, ALL, 60, kind)
        return bar.open, bar.high, bar.low, bar.close

    assert four("BID") == (10.0, 11.0, 9.0, 11.0)
    assert four("ASK") == (10.2, 11.2, 9.4, 11.2)
    assert four("MIDPOINT") == (10.1, 11.1, 9.2, 11.1)
    assert four("BID_ASK") == (10.0, 11.2, 9.0, 11.2)
    assert bars(made, CON_ID, ALL, 60) == []


def test_days_without_a_recording_are_drawn_and_those_of_a_recording_are_not() -> None:
    daily = Daily(DAY, 10, 12, 9, 11, 10_000)
    drawn = market(None, daily)
    assert len(list(drawn.minute_bars(CON_ID, DAY))) == 1440
    assert "synthetic intraday prices" in drawn.provenance(CON_ID).labels
    assert drawn.daily(CON_ID, DAY - timedelta(1)) is None
    assert drawn.previous_close(CON_ID, DAY) == 0
    assert drawn.previous_close(CON_ID, DAY + timedelta(5)) == 11
    recorded = market(Recording(trades=[Trade(CON_ID, OPEN, 10, 1)]), daily)
    assert list(recorded.minute_bars(CON_ID, DAY)) == []
    assert recorded.ticks(CON_ID, OPEN, 60) == []
    assert recorded.daily(CON_ID, DAY) == daily


def test_a_recording_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a bar, a trade or a quote"):
        Recording()
