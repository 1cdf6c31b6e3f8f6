"""Protective stops through the whole tree: at the venue's truth, a position and its stops match."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.messages import LineFreshness
from actors.say import AskTail, Reconcile, Trip
from robotrader.domain import Bar, CancelWish, Leg, OrderType, Purpose
from robotrader.domain.records import Ending, OrderDone
from robotrader.market import Freshness
from robotrader.risk import Level, Limits, Ratio, Usd
from robotrader.strategies import (
    Context,
    Params,
    State,
    StopKind,
    StopRule,
    Strategy,
    StrategyHost,
)
from supervision.testing import actor_of
from tests.actors.rig import Exchange, Rig, running

PRICE = 200.0


def stop(price: float) -> Leg:
    return Leg(order_type=OrderType.STOP, aux_price=Decimal(str(price)))


def profit(price: float) -> Leg:
    return Leg(order_type=OrderType.LIMIT, limit_price=Decimal(str(price)))


def at(rig: Rig, price: float = PRICE) -> None:
    """Let AAPL trade at a price, and wait until the gate knows it."""
    rig.exchange.price(rig.contract("AAPL").con_id, price)


def back(rig: Rig) -> None:
    """Wait until it may trade again; who begins anew needs a price."""

    def knows() -> bool:
        at(rig)
        gate = rig.gate()
        return gate is not None and not gate.missing

    rig.until(lambda: (found := rig.trading()) is not None and found.ready)
    rig.until(knows)
    rig.ready()


def enter(rig: Rig, qty: int, *legs: Leg) -> None:
    """Buy with legs, and wait until it is protected."""
    at(rig)
    held = rig.held()
    rig.trade("BUY", qty, legs=legs or (stop(PRICE - 5),))
    rig.until(rig.protected)
    assert rig.held() == held + qty


@contextmanager
def trading(folder: Path, exchange: Exchange | None = None, **changes: Any) -> Iterator[Rig]:
    with running(folder, exchange, **changes) as rig:
        rig.ready()
        yield rig


def test_f74_a_stop_rests_follows_the_position_and_fires_once(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10)
        enter(rig, 5, profit(PRICE + 5), stop(PRICE - 4))
        assert rig.stops() == 15
        rig.trade("SELL", 7)
        rig.until(rig.protected)
        assert rig.stops() == 8
        at(rig, PRICE - 10)
        rig.until(lambda: rig.held() == 0)
        rig.until(rig.protected)
        rig.until(lambda: not rig.exchange.working())
        at(rig, PRICE + 10)
        rig.until(rig.agrees)
        assert rig.held() == 0


def test_f74_an_exit_of_all_takes_stop_and_profit_along(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10, profit(PRICE + 5), stop(PRICE - 5))
        rig.trade("SELL", 10)
        rig.until(lambda: not rig.exchange.working())
        rig.until(rig.protected)


@pytest.mark.parametrize("role", ["journal", "kill-switch", "orders", "risk", "gateway"])
def test_f76_whoever_dies_stops_are_adopted_and_not_doubled(tmp_path: Path, role: str) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10, profit(PRICE + 5), stop(PRICE - 5))
        before = rig.exchange.orders()
        rig.kill(role)
        back(rig)
        rig.until(rig.protected)
        assert rig.exchange.orders() == before
        at(rig)
        rig.intend("SELL", 4)
        rig.kill(role)
        back(rig)
        rig.until(rig.protected)
        assert rig.held() in {6, 10}
        at(rig, PRICE - 10)
        rig.until(lambda: rig.held() == 0)
        rig.until(lambda: not rig.exchange.working())
        rig.until(rig.agrees)


def test_f76_a_new_process_adopts_the_stop_of_the_old_one(tmp_path: Path) -> None:
    exchange = Exchange()
    try:
        with trading(tmp_path, exchange) as rig:
            enter(rig, 10)
        assert len(exchange.working()) == 1, "the stop lives at the broker, not in the process"
        with trading(tmp_path, exchange) as rig:
            rig.until(rig.protected)
            assert len(exchange.orders()) == 2
            at(rig, PRICE)
            rig.trade("SELL", 10)
            rig.until(lambda: not exchange.working())
    finally:
        exchange.stop()


def test_f74_a_broken_connection_and_a_stop_cancelled_by_hand(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10)
        rig.exchange.cut()
        rig.until(lambda: (found := rig.trading()) is not None and not found.ready)
        (resting,) = rig.exchange.working()
        rig.exchange.cancel(resting.ref)
        back(rig)
        rig.until(rig.protected)
        (again,) = rig.exchange.working()
        assert (again.qty, again.aux_price) == (resting.qty, resting.aux_price)
        assert again.ref != resting.ref


def trail(rig: Rig) -> tuple[str, float]:
    """The trailing stop at the venue, and where it stands."""

    def look() -> tuple[str, float]:
        (state,) = rig.exchange.gateway.venue.live.values()
        assert state.order.order_type is OrderType.TRAIL
        return state.order.order_ref, float(state.trigger or 0)

    found: tuple[str, float] = rig.exchange.do(look)
    return found


def compared(rig: Rig, price: float) -> tuple[str, float]:
    """Let the stop follow, and the order manager hear how far."""
    at(rig, price)
    rig.until(lambda: trail(rig)[1] == price - 5)
    rig.trader.role("orders").tell(Reconcile())
    where = Decimal(str(price - 5))
    book: Any = actor_of(rig.trader.role("orders").resolve()).manager._desk.book
    rig.until(lambda: any(each.trail_stop == where for each in book.open.values()))
    return trail(rig)


@pytest.mark.parametrize("how", ["hand", "outage", "process"])
def test_f75_a_trailing_stop_that_comes_back_begins_where_the_lost_one_was(
    tmp_path: Path, how: str
) -> None:
    """The price has come back from 210 to 207: a stop that began anew would stand at 202."""
    exchange = Exchange()
    try:
        with trading(tmp_path, exchange) as rig:
            enter(rig, 10, Leg(order_type=OrderType.TRAIL, aux_price=Decimal(5)))
            compared(rig, 205.0)
            ref, stands = compared(rig, 210.0)
            assert stands == 205
            at(rig, 207.0)
            if how == "outage":
                rig.exchange.cut()
                rig.until(lambda: (found := rig.trading()) is not None and not found.ready)
            if how != "process":
                rig.exchange.cancel(ref)
                rig.until(lambda: exchange.working() and trail(rig)[0] != ref)
        if how == "process":
            exchange.cancel(ref)
        with trading(tmp_path, exchange) as rig:
            rig.until(lambda: exchange.working() and trail(rig)[0] != ref)
            assert trail(rig)[1] >= 205
            rig.until(rig.protected)
            compared(rig, 211.0)
            at(rig, 205.5)
            rig.until(lambda: rig.held() == 0)
            rig.until(rig.agrees)
    finally:
        exchange.stop()


def test_f70_cancel_leaves_the_stops_and_flatten_ends_them(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10, profit(PRICE + 5), stop(PRICE - 5))
        assert rig.ask("kill-switch", Trip(Level.CANCEL, "all", who="me", why="a test"))
        rig.until(lambda: [each.stops for each in rig.exchange.working()] == [True])
        rig.until(rig.protected)
        assert rig.ask("kill-switch", Trip(Level.FLATTEN, "all", who="me", why="a test"))
        rig.until(lambda: rig.held() == 0)
        rig.until(lambda: not rig.exchange.working())
        rig.until(rig.agrees)


def test_f34_f74_a_short_is_protected_too(tmp_path: Path) -> None:
    limits = Limits(allowed_symbols=frozenset({"AAPL"}), duplicate_window_ms=0, allow_short=True)
    with trading(tmp_path, limits=limits) as rig:
        at(rig)
        rig.trade("SSHORT", 10, purpose=Purpose.ENTRY, legs=(stop(PRICE + 5),))
        rig.until(rig.protected)
        rig.trade("BUY", 4, purpose=Purpose.EXIT)
        rig.until(rig.protected)
        assert rig.stops() == 6
        at(rig, PRICE + 10)
        rig.until(lambda: rig.held() == 0)
        rig.until(lambda: not rig.exchange.working())


@pytest.mark.parametrize("role", ["journal", "orders", "risk", "gateway"])
def test_f76_who_dies_while_an_entry_is_on_its_way_leaves_nothing_unprotected(
    tmp_path: Path, role: str
) -> None:
    with trading(tmp_path) as rig:
        at(rig)
        rig.intend("BUY", 10, legs=(profit(PRICE + 5), stop(PRICE - 5)))
        rig.kill(role)
        back(rig)
        rig.until(rig.protected)
        assert rig.held() in {0, 10}
        refs = rig.exchange.orders()
        assert len(refs) == len(set(refs))


def test_f29_f74_every_part_that_fills_is_protected_at_once(tmp_path: Path) -> None:
    limits = Limits(
        allowed_symbols=frozenset({"AAPL"}),
        max_order_usd=Usd(Decimal(1_000_000)),
        max_symbol_usd=Usd(Decimal(1_000_000)),
        max_symbol_weight=Ratio(Decimal(1)),
    )
    with trading(tmp_path, limits=limits) as rig:
        con_id = rig.contract("AAPL").con_id
        at(rig)
        rig.intend("BUY", 3_000, legs=(profit(PRICE + 5), stop(PRICE - 5)))
        parts = set()

        def filled() -> bool:
            at(rig)
            before = rig.exchange.truth()[1].get(con_id, Decimal(0))
            stops = rig.stops()
            held = rig.exchange.truth()[1].get(con_id, Decimal(0))  # more may have filled meanwhile
            parts.add(held)
            assert before <= stops <= held, "the broker protects what has filled"
            return held == Decimal(3_000)

        rig.until(filled)
        assert len(parts) > 2, "it came in parts"
        rig.until(rig.protected)
        rig.intend("SELL", 1_000)

        def sold() -> bool:
            at(rig)
            return rig.held() == Decimal(2_000)

        rig.until(sold)
        rig.until(rig.protected)


def test_a_strategys_cancel_ends_its_entry_with_its_legs_and_no_stop(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10)
        far = Decimal(str(PRICE - 3))
        rig.intend("BUY", 5, order_type=OrderType.LIMIT, limit_price=far, legs=(stop(PRICE - 6),))
        rig.until(lambda: len(rig.exchange.working()) == 3)
        for cause in rig.causes:
            wish = CancelWish(strategy="test", ref=cause, cause="a test")
            rig.trader.role("risk").tell(wish)
        rig.until(lambda: len(rig.exchange.working()) == 1)
        rig.until(rig.protected)
        assert rig.held() == 10


def test_a_cancel_that_comes_before_its_order_is_known_is_not_lost(tmp_path: Path) -> None:
    """Between its approval and its first word the gate knows of no order that it could name."""
    with trading(tmp_path) as rig:
        enter(rig, 10)
        far, risk = Decimal(str(PRICE - 3)), rig.trader.role("risk")
        at(rig)
        rig.intend("BUY", 5, order_type=OrderType.LIMIT, limit_price=far)
        risk.tell(CancelWish(strategy="test", ref=rig.causes[-1], cause="a test"))
        rig.until(lambda: cancelled(rig) == 1)
        assert [each.stops for each in rig.exchange.working()] == [True]
        assert rig.held() == rig.stops() == 10


def cancelled(rig: Rig) -> int:
    """How many orders the journal says were cancelled, before or after they were sent."""
    found = rig.ask("journal", AskTail(0, 1_000, last=False))
    over = {Ending.CANCELLED, Ending.ABANDONED}
    records = [row[3] for row in found.rows] if found else []
    return sum(isinstance(each, OrderDone) and each.ending in over for each in records)


def test_f54_a_stale_line_blocks_entries_until_a_price_comes_and_no_exit(tmp_path: Path) -> None:
    with trading(tmp_path) as rig:
        enter(rig, 10)
        con_id, risk = rig.contract("AAPL").con_id, rig.trader.role("risk")

        def say(freshness: Freshness) -> None:
            risk.tell(LineFreshness(con_id, "ibkr", freshness, time.time_ns()))

        def refused() -> int:
            gate = rig.gate()
            return 0 if gate is None else gate.refusals.get("quote", 0)

        for count, freshness in enumerate((Freshness.STALE, Freshness.WAITING), 1):
            say(freshness)
            at(rig)
            rig.intend("BUY", 5)
            rig.until(partial(lambda wanted: refused() == wanted, count))
        rig.trade("SELL", 4)
        say(Freshness.FRESH)
        at(rig)
        rig.trade("BUY", 5)
        assert rig.held() == 11


class Dip(Strategy[Params, State]):
    """Buys with the first bar; moves its stop as the price goes."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Enter once, then let the stop follow."""
        if not ctx.position:
            ctx.buy(10, reason="the first bar")
        elif bar.close > PRICE:
            ctx.move_stop(bar.close - 3)


def test_f76_a_strategys_rule_becomes_a_stop_at_the_venue_that_follows(tmp_path: Path) -> None:
    rule = StopRule(kind=StopKind.PERCENT, value=5.0)
    exchange = Exchange()
    try:
        con_id = next(c for c, i in exchange.gateway.instruments.items() if i.symbol == "AAPL")

        def made() -> StrategyHost:
            instrument = exchange.gateway.instruments[con_id]
            return StrategyHost(Dip(Params()), name="dip", instrument=instrument, stop=rule)

        with trading(tmp_path, exchange, strategies={con_id: {"dip": made}}) as rig:

            def bought() -> bool:
                at(rig)
                return rig.held() == Decimal(10)

            def followed() -> bool:
                at(rig, PRICE + 8)
                return exchange.working()[0].aux_price == Decimal(205)

            rig.until(bought)
            rig.until(rig.protected)
            (first,) = exchange.working()
            assert first.qty == 10
            assert first.aux_price is not None
            rig.until(followed)
            assert [each.ref for each in exchange.working()] == [first.ref]
            assert rig.protected()
    finally:
        exchange.stop()
