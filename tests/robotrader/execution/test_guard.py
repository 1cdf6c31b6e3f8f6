"""A position and its working stops are equal, whatever happens to either (F74, F75, F76)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from robotrader.domain import OrderKey, OrderType, Purpose, Side, StopWish
from robotrader.domain import records as r
from tests.robotrader.execution.exchange import CLIENT, Bench
from tests.robotrader.venue.kit import AAPL

BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])


def other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def holding(side: Side, qty: int = 10, **fields: bool) -> Bench:
    bench = Bench()
    bench.enter(side, qty, **fields)
    bench.settle()
    assert bench.market.position == qty * side.sign
    assert bench.stops() == qty
    return bench


@BOTH
@pytest.mark.parametrize("profit", [False, True])
def test_f74_the_stop_fires_once_and_nothing_is_left(side: Side, profit: bool) -> None:
    bench = holding(side, profit=profit)
    for price in (94.0, 93.0, 100.0, 107.0) if side is Side.BUY else (106.0, 107.0, 100.0, 93.0):
        bench.quote(price)
        bench.settle()
        assert bench.market.position == 0
        assert bench.live() == []
    assert bench.manager.position(AAPL.con_id) == 0


@BOTH
@pytest.mark.parametrize("profit", [False, True])
def test_f74_an_exit_of_a_part_leaves_the_rest_protected(side: Side, profit: bool) -> None:
    bench = holding(side, profit=profit)
    bench.exit(other(side), 4)
    bench.settle()
    assert bench.market.position == 6 * side.sign
    assert bench.stops() == 6
    assert {left for _, _, left in bench.live()} == {6}


@BOTH
@pytest.mark.parametrize("profit", [False, True])
def test_f74_an_exit_of_all_ends_the_stop_first(side: Side, profit: bool) -> None:
    bench = holding(side, profit=profit)
    bench.exit(other(side), 10)
    bench.settle()
    assert bench.market.position == 0
    assert bench.live() == []


@BOTH
def test_f74_what_is_added_has_its_own_stop(side: Side) -> None:
    bench = holding(side)
    bench.enter(side, 5)
    bench.settle()
    assert bench.market.position == 15 * side.sign
    assert bench.stops() == 15
    bench.exit(other(side), 12)
    bench.settle()
    assert bench.stops() == 3


def test_f74_a_stop_that_somebody_cancels_comes_back_at_its_price() -> None:
    bench = holding(Side.BUY)
    (key,) = bench.market.venue.live
    bench.market.events += bench.market.venue.cancel(key, bench.market.now_ns)
    bench.show()
    bench.settle()
    assert bench.live() == [("SELL", "STP", 10)]
    (stop,) = bench.market.venue.live.values()
    assert stop.order.aux_price == 95


def test_f74_a_stop_that_is_refused_is_asked_for_until_there_is_one() -> None:
    bench = Bench()
    bench.refuse = lambda command: command.order.order_type is OrderType.STOP
    bench.wish(Side.BUY, 10)
    bench.settle()
    assert bench.stops() == 0, "it was not meant to have one"
    bench.enter(Side.BUY, 5)
    bench.settle()
    bench.refuse = lambda _: False
    bench.settle()
    assert bench.stops() == bench.market.position


def test_f74_an_exit_that_ends_unfilled_gives_its_shares_back_to_the_stop() -> None:
    bench = holding(Side.BUY)
    bench.wish(
        Side.SELL, 10, purpose=Purpose.EXIT, order_type=OrderType.LIMIT, limit_price=Decimal(103)
    )
    bench.settle()
    assert bench.live() == [("SELL", "LMT", 10)]
    (view,) = bench.manager.orders()
    bench.do(bench.manager.cancel(view.ref, "the strategy has changed its mind", bench.now_ns))
    bench.settle()
    assert bench.live() == [("SELL", "STP", 10)]


def test_f76_a_restart_adopts_the_stop_and_doubles_none() -> None:
    bench = holding(Side.BUY, profit=True)
    before = bench.live()
    bench.crash()
    bench.settle(30)
    assert bench.live() == before
    assert len([each for each in bench.journal if isinstance(each, r.OrderIntended)]) == 3


def test_f74_a_position_that_somebody_made_smaller_has_a_smaller_stop() -> None:
    bench = holding(Side.BUY)
    bench.market.order("SELL", 3, key=999)
    bench.show()
    bench.settle()
    assert bench.market.position == 7
    assert bench.stops() == 7


def test_f69_an_exit_is_declined_where_the_stop_was_faster() -> None:
    bench = holding(Side.BUY)
    bench.exit(Side.SELL, 10)
    bench.quote(90.0)
    bench.settle()
    assert bench.market.position == 0
    assert [each.code for each in bench.declined] == ["closed_already"]


@BOTH
def test_f69_an_exit_that_the_gate_approved_before_it_heard_of_the_stops_fill_is_declined(
    side: Side,
) -> None:
    """The order manager has the fill already, and no stop works that the exit would wait for."""
    bench = holding(side)
    bench.quote(90.0 if side is Side.BUY else 110.0)
    bench.settle()
    assert bench.market.position == 0
    bench.exit(other(side), 10)
    bench.settle()
    assert bench.market.position == 0
    assert [each.code for each in bench.declined] == ["closed_already"]


def test_f70_flattening_takes_the_stops_along() -> None:
    bench = holding(Side.SELL, profit=True)
    bench.wish(Side.BUY, 10, purpose=Purpose.FLATTEN, strategy="kill-switch")
    bench.settle()
    assert bench.market.position == 0
    assert bench.live() == []


def test_f74_a_position_after_one_whose_stop_fired_has_no_stop_that_nobody_asked_for() -> None:
    bench = holding(Side.BUY)
    bench.quote(93.0)
    bench.settle()
    assert bench.market.position == 0
    bench.wish(Side.BUY, 7)
    bench.settle(40)
    assert bench.market.position == 7
    assert bench.stops() == 0


def test_f74_what_is_left_by_a_stop_that_ended_in_a_crash_has_one_again() -> None:
    bench = Bench()
    bench.quote(96.0, 1)
    bench.enter(Side.BUY, 1)
    bench.enter(Side.BUY, 8)
    bench.settle(40)
    bench.quote(93.0, 8)
    bench.crash()
    (key,) = bench.market.venue.live
    bench.market.events += bench.market.venue.cancel(key, bench.market.now_ns)
    bench.settle(40)
    assert bench.market.position == 1
    assert bench.stops() == 1


def test_f74_a_stop_that_is_lost_in_an_outage_is_that_of_the_entry_that_filled_in_it() -> None:
    bench = holding(Side.SELL, 1, profit=True)
    bench.enter(Side.SELL, 1, order_type=OrderType.LIMIT, limit_price=Decimal(101))
    bench.settle()
    key = max(bench.market.venue.live, key=lambda key: key.order_id)
    bench.market.events += bench.market.venue.cancel(key, bench.market.now_ns)
    bench.quote(107.0, 1)
    bench.enter(Side.SELL, 1)
    bench.connect()
    bench.settle(40)
    assert bench.market.position == -1
    assert bench.stops() == 1


@pytest.mark.parametrize("arrived", [0, 1, 2, 3])
def test_crash_point_29_a_bracket_that_is_half_sent_is_ended_or_whole(arrived: int) -> None:
    bench = Bench()
    bench.enter(Side.BUY, 10, profit=True)
    bench.commit()
    for _ in range(arrived):
        bench.arrive()
    bench.crash()
    bench.settle(40)
    assert bench.manager.ready, "a parent that is held (ApiPending) is known to live"
    assert bench.market.position == (10 if arrived == 3 else 0)
    assert bench.stops() == bench.market.position
    assert len(bench.live()) == (2 if arrived == 3 else 0)


def test_f75_a_stop_comes_nearer_and_never_goes_back() -> None:
    bench = holding(Side.BUY, profit=True)
    for wanted, found in ((97, 97), (96, 97), (98, 98), (90, 98)):
        wish = StopWish(strategy="s", con_id=AAPL.con_id, trigger=Decimal(wanted), cause="c")
        bench.do(bench.manager.move_stops(wish, bench.now_ns))
        bench.settle()
        (price,) = (o.order.aux_price for o in bench.market.venue.live.values() if o.triggers)
        assert price == found


class Protected(RuleBasedStateMachine):
    """Whatever arrives in whatever order: nothing flips, and at rest stops equal the position."""

    @initialize(side=st.sampled_from([Side.BUY, Side.SELL]))
    def begin(self, side: Side) -> None:
        self.bench, self.side = Bench(), side

    @rule(qty=st.integers(1, 20), profit=st.booleans(), limited=st.booleans())
    def enter(self, qty: int, profit: bool, limited: bool) -> None:
        limit = {"order_type": OrderType.LIMIT, "limit_price": Decimal(100 - self.side.sign)}
        self.bench.enter(self.side, qty, profit=profit, **(limit if limited else {}))

    @rule(part=st.integers(1, 20))
    def leave(self, part: int) -> None:
        """As the gate would let it pass: no more than the books have, less what leaves already."""
        manager = self.bench.manager
        leaving = sum(o.reserved for o in manager.orders() if o.reduces and not o.yields)
        held = abs(manager.position(AAPL.con_id)) - leaving
        waiting = len(self.bench.commits)
        if held > 0 and not waiting:
            self.bench.exit(other(self.side), min(part, int(held)))

    @rule(
        price=st.sampled_from([93.0, 96.0, 98.0, 100.0, 102.0, 104.0, 107.0]),
        size=st.integers(1, 30),
    )
    def move(self, price: float, size: int) -> None:
        self.bench.quote(price, size)

    @rule(count=st.integers(1, 8), what=st.sampled_from(["commit", "arrive", "deliver"]))
    def go_on(self, count: int, what: str) -> None:
        for _ in range(count):
            getattr(self.bench, what)()

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.bench.pass_time(seconds)

    @rule()
    def crash(self) -> None:
        self.bench.crash()

    @rule()
    def reconnect(self) -> None:
        self.bench.connect()

    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        venue = self.bench.market.venue
        keys = [key for key in venue.live if key.client_id == CLIENT]
        if keys:
            key: OrderKey = keys[which % len(keys)]
            self.bench.market.events += venue.cancel(key, self.bench.market.now_ns)
            self.bench.show()

    @rule()
    def rest(self) -> None:
        bench = self.bench
        bench.settle(40)
        assert bench.manager.ready
        assert bench.manager.position(AAPL.con_id) == bench.market.position
        leaving = sum(o.reserved for o in bench.manager.orders() if o.reduces and not o.yields)
        assert bench.stops() + leaving == abs(bench.market.position), bench.live()

    @invariant()
    def never_flips(self) -> None:
        if hasattr(self, "bench"):
            assert self.bench.market.position * self.side.sign >= 0

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.rest()


TestProtected = Protected.TestCase
TestProtected.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
