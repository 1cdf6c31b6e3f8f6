"""The gateway in the New York Stock Exchange's sessions: details, schedules, orders, prices."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from ib_async import LimitOrder, MarketOrder

from robotrader.adapters.calendar import sessions
from robotrader.emulator import Gateway, Settings
from robotrader.venue import Session
from tests.robotrader.emulator.kit import SERIES, Lab, Talker, play, until

NEW_YORK = ZoneInfo("America/New_York")
AAPL = 265598


@cache
def calendar() -> tuple[Session, ...]:
    """Made by who needs it: each process imports all of the suite."""
    return sessions("XNYS", date(1990, 1, 1), date(2027, 12, 31))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 10**9


def gateway(now: str) -> Gateway:
    return Gateway(SERIES, Settings(), now_ns=at(now), calendar=calendar())


def test_details_have_the_hours_of_thanksgiving_week() -> None:
    """NYSE 2026: closed on November 26; on the 27th until 13:00, extended hours until 17:00."""

    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        (details,) = await ib.reqContractDetailsAsync(await lab.stock(ib))
        assert details.liquidHours == (
            "20261125:0930-20261125:1600;20261126:CLOSED;20261127:0930-20261127:1300;"
            "20261128:CLOSED;20261129:CLOSED"
        )
        assert details.tradingHours == (
            "20261125:0400-20261125:2000;20261126:CLOSED;20261127:0400-20261127:1700;"
            "20261128:CLOSED;20261129:CLOSED"
        )
        sessions_of = details.liquidSessions()
        assert [f"{s.start:%d %H:%M}-{s.end:%H:%M}" for s in sessions_of] == [
            "25 09:30-16:00", "27 09:30-13:00",
        ]  # fmt: skip

    play(scene, gateway=gateway("2026-11-25 10:00"))


def test_a_schedule_has_holidays_early_closes_and_extended_hours() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        for use_rth, hours in (
            (True, ("09:30", "16:00", "13:00")),
            (False, ("04:00", "20:00", "17:00")),
        ):
            schedule = await ib.reqHistoricalScheduleAsync(contract, 4, "", use_rth)
            opened, close, early = hours
            assert [
                (s.refDate, s.startDateTime[9:14], s.endDateTime[9:14]) for s in schedule.sessions
            ] == [
                ("20261124", opened, close),
                ("20261125", opened, close),
                ("20261127", opened, early),
                ("20261130", opened, close),
            ]
            assert schedule.timeZone == "US/Eastern"

    play(scene, gateway=gateway("2026-11-30 12:00"))


def test_a_schedule_over_the_end_of_summer_time_keeps_new_yorks_hours() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        schedule = await ib.reqHistoricalScheduleAsync(await lab.stock(ib), 2, "", True)
        starts = [
            datetime.strptime(s.startDateTime, "%Y%m%d-%H:%M:%S").replace(tzinfo=NEW_YORK)
            for s in schedule.sessions
        ]
        assert [f"{start.astimezone(ZoneInfo('UTC')):%m-%d %H:%M}" for start in starts] == [
            "10-30 13:30", "11-02 14:30",
        ]  # fmt: skip

    play(scene, gateway=gateway("2026-11-02 12:00"))


def test_history_has_a_day_for_each_session_and_no_other() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        days = await ib.reqHistoricalDataAsync(contract, "", "5 D", "1 day", "TRADES", True, 1)
        assert [f"{bar.date:%m-%d}" for bar in days] == [
            "11-23", "11-24", "11-25", "11-27", "11-30",
        ]  # fmt: skip
        year = await ib.reqHistoricalDataAsync(contract, "", "1 Y", "1 day", "TRADES", True, 1)
        first, last = date(2025, 12, 1), date(2026, 11, 30)
        assert len(year) == sum(first <= each.day <= last for each in calendar())
        hours = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 hour", "TRADES", True, 1)
        assert [f"{bar.date:%H:%M}" for bar in hours] == ["09:30", "10:00", "11:00"]
        head = await ib.reqHeadTimeStampAsync(contract, "TRADES", True, 1)
        assert head.year == 1996

    play(scene, gateway=gateway("2026-11-30 12:00"))


def test_orders_wait_for_the_session_and_end_with_it() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        market = ib.placeOrder(contract, MarketOrder("BUY", 10))
        day = ib.placeOrder(contract, LimitOrder("BUY", 10, 1.0))
        await until(lambda: lab.codes().count(399) == 2)  # not placed until the exchange opens
        lab.gateway.advance(at("2026-11-27 09:29"))
        await ib.reqCurrentTimeAsync()
        assert not market.fills, "the exchange is closed on Thanksgiving and before 9:30"
        lab.gateway.advance(at("2026-11-27 09:31"))
        await until(market.isDone)
        assert market.orderStatus.filled == 10
        lab.gateway.advance(at("2026-11-27 12:59"))
        await ib.reqCurrentTimeAsync()
        assert not day.isDone()
        lab.gateway.advance(at("2026-11-27 13:00"))
        await until(day.isDone)
        assert day.orderStatus.status == "Cancelled"

    play(scene, gateway=gateway("2026-11-26 12:00"), speed=0.0)


def test_only_an_order_for_extended_hours_trades_in_them() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        outside = LimitOrder("BUY", 10, 1e5, outsideRth=True)
        inside = ib.placeOrder(contract, LimitOrder("BUY", 10, 1e5))
        trade = ib.placeOrder(contract, outside)
        await until(trade.isDone)
        assert trade.orderStatus.filled == 10
        assert not inside.fills

    play(scene, gateway=gateway("2026-11-27 15:00"), speed=0.0)


def test_prices_stand_still_while_the_exchange_is_closed() -> None:
    talker = Talker(gateway("2026-11-27 12:59:30"))
    talker.ask("reqTickByTickData", reqId=5, conId=AAPL, exchange="SMART", tickType="AllLast")
    ticks = [r for r in talker.wait(29) if r.name == "tickByTick"]
    assert len(ticks) == 29
    talker.wait(10)
    assert not [r for r in talker.wait(3600) if r.name == "tickByTick"]


def test_a_duration_of_a_century_begins_with_the_first_day_there_is() -> None:
    for made in (gateway("2026-11-27 12:00"), Gateway(SERIES, Settings(), now_ns=at("2026-11-27"))):
        talker = Talker(made)
        for duration in ("36500 D", "5214 W", "1216 M", "100 Y"):
            (reply, *_) = talker.ask(
                "reqHistoricalData", reqId=5, conId=AAPL, exchange="SMART", barSize="1 month",
                duration=duration, whatToShow="TRADES", useRTH=True, formatDate=1,
            )  # fmt: skip
            assert reply.name == "historicalData"
            assert len(reply.fields["bars"]) > 200


def test_time_stands_still_before_the_last_session_of_the_calendar() -> None:
    week = sessions("XNYS", date(2026, 11, 23), date(2026, 11, 27))
    made = Gateway(SERIES, Settings(), now_ns=at("2026-11-25 12:00"), calendar=week)
    talker = Talker(made)
    talker.wait(30 * 86_400)
    assert made.timeline.now_ns == at("2026-11-27 04:00") - 1
    (reply,) = talker.ask("reqCurrentTime")
    assert reply.fields["time"] == at("2026-11-27 04:00") // 10**9 - 1
