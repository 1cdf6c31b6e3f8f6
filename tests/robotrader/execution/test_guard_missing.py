"""What the guard decides of stops that are missing or moved, and what makes it look (F74, F75)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robotrader.domain import (
    Intent,
    OrderType,
    Purpose,
    Refusal,
    Side,
    StopWish,
    TimeInForce,
)
from robotrader.domain import records as r
from robotrader.execution.desk import Plan
from robotrader.execution.effects import Alert, Level
from tests.robotrader.execution.desk_kit import (
    BOTH,
    NOW,
    TIMES,
    World,
    against,
    alerts,
    declined,
    done,
    wakes,
    wanted,
    wish,
)

D = Decimal


# -- stops that are missing --


def lost_stop(side: Side = Side.BUY, kind: str = "STP", **fields: Any) -> World:
    world = World()
    world.hold(side, 10)
    world.done(world.stop(against(side), 10, kind, **fields))
    return world


@BOTH
def test_a_stop_that_is_missing_is_asked_for_like_the_newest(side: Side) -> None:
    world = lost_stop(side, outside_rth=True, tif="DAY")
    (asked,) = wanted(world.look())
    assert asked == Intent(
        strategy="s", con_id=7, symbol="AAPL", side=against(side), qty=D(10), purpose=Purpose.STOP,
        cause=f"stop:s:7:{NOW}", order_type=OrderType.STOP, limit_price=None, aux_price=D(95),
        trail_percent=None, trail_stop_price=None, tif=TimeInForce.GTC, outside_rth=True,
        reason="the position lacks its stop", decided_ns=NOW,
    )  # fmt: skip


def test_the_successor_of_a_trailing_stop_trails_from_where_it_was() -> None:
    world = lost_stop(
        kind="TRAIL", trail_percent=D(4), trail_stop_price=D("96.001"), aux_price=None
    )
    (asked,) = wanted(world.look())
    assert (asked.order_type, asked.trail_percent) == (OrderType.TRAIL, D(4))
    assert asked.trail_stop_price == D("96.01")
    limited = lost_stop(kind="STP LMT", limit_price=D(94), aux_price=D(95))
    (asked,) = wanted(limited.look())
    assert (asked.order_type, asked.limit_price, asked.aux_price) == (
        OrderType.STOP_LIMIT,
        D(94),
        D(95),
    )


def test_it_is_asked_for_again_after_the_time_and_not_before() -> None:
    world = lost_stop()
    plan = world.look()
    assert wakes(plan) == [("guard:7", NOW + TIMES.ask_ns)]
    assert alerts(plan) == ["unprotected"]
    assert wanted(world.look(NOW + TIMES.ask_ns - 1)) == []
    assert len(wanted(world.look(NOW + TIMES.ask_ns))) == 1


def test_where_there_was_no_stop_or_a_halt_is_none_is_asked_for() -> None:
    bare = World()
    bare.hold(Side.BUY, 10)
    assert wanted(bare.look()) == []
    halted = lost_stop()
    halted.apply(r.SymbolHalted(con_id=7, why="w", wall_ns=NOW))
    assert wanted(halted.look()) == []


def test_no_stop_is_asked_for_on_the_side_that_would_add() -> None:
    """The newest stop was one of a long position; what is held now is short."""
    world = World()
    world.hold(Side.BUY, 10)
    stop = world.stop(Side.SELL, 10)
    world.done(stop)
    world.hold(Side.SELL, 30)
    world.desk.book.stops["s", 7] = stop
    assert wanted(world.look()) == []


def test_each_strategy_has_the_stop_of_its_own_shares() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.stop(Side.SELL, 10)
    world.hold(Side.BUY, 4, strategy="t")
    world.done(world.stop(Side.SELL, 4, strategy="t"))
    assert [(each.strategy, each.qty) for each in wanted(world.look())] == [("t", D(4))]


def test_a_stop_that_is_changing_is_waited_for_before_another_is_asked_for() -> None:
    world = lost_stop()
    part = world.stop(Side.SELL, 4)
    assert [each.qty for each in wanted(world.look())] == [6]
    fixed = lost_stop()
    part = fixed.stop(Side.SELL, 4)
    fixed.apply(r.CancelIntended(ref=part, reason="x", wall_ns=NOW))
    assert wanted(fixed.look()) == []


def test_beside_a_leg_that_takes_a_profit_the_broker_is_looked_at_first() -> None:
    world = World()
    _, _, stop = world.bracket(Side.BUY, 10)
    world.done(stop)
    plan = world.look()
    assert wanted(plan) == []
    assert wakes(plan) == [("ask", NOW), ("guard:7", NOW + TIMES.ask_ns)]
    sure = world.look(NOW + TIMES.ask_ns)
    assert [each.qty for each in wanted(sure)] == [10]


def test_a_snapshot_ends_the_doubt_about_a_stop_at_once() -> None:
    world = World()
    _, _, stop = world.bracket(Side.BUY, 10)
    world.done(stop)
    world.look()
    world.desk.judged = world.desk.request = world.desk.request + 1
    plan = world.guard.next(NOW + 1)
    assert plan is not None
    assert [each.qty for each in wanted(plan)] == [10]


def test_a_missing_stop_is_placed_in_the_group_of_the_profit_that_it_lost() -> None:
    world = World()
    entry, _, stop = world.bracket(Side.BUY, 10)
    world.done(stop)
    plan = world.submit(wish(Side.SELL, 10, Purpose.STOP))
    (made,) = plan.records
    assert isinstance(made, r.OrderIntended)
    assert (made.oca_group, made.qty) == (entry, D(10))


def test_a_stop_without_a_profit_beside_it_is_in_no_group() -> None:
    world = lost_stop()
    (made,) = world.submit(wish(Side.SELL, 10, Purpose.STOP)).records
    assert isinstance(made, r.OrderIntended)
    assert made.oca_group == ""


def test_a_stop_for_more_than_lacks_one_is_declined_and_for_as_much_placed() -> None:
    world = lost_stop()
    world.stop(Side.SELL, 4)
    ((code, why),) = declined(world.submit(wish(Side.SELL, 7, Purpose.STOP)))
    assert (code, why) == ("covered", "6 of AAPL lack a stop, not 7")
    assert [qty for _, _, qty in done(world.submit(wish(Side.SELL, 6, Purpose.STOP)))] == [D(6)]
    ((code, why),) = declined(world.submit(wish(Side.SELL, 1, Purpose.STOP, strategy="t")))
    assert why == "0 of AAPL lack a stop, not 1"


def test_a_profit_that_is_not_as_large_as_the_stop_gives_way_to_it() -> None:
    """Ten are held, four take a profit without a stop: a stop of ten can join no group of four."""
    world = lost_stop()
    take = world.order(Side.SELL, 4, "LMT", reduces=True, parent_ref="gone", limit_price=D(105))
    ((code, why),) = declined(world.submit(wish(Side.SELL, 10, Purpose.STOP)))
    assert (code, why) == (
        "covered", "1 orders of AAPL work to take profit: they give way first"
    )  # fmt: skip
    world.look()
    plan = world.look(NOW + TIMES.ask_ns)
    assert done(plan) == [("CancelIntended", take, None)]
    assert wanted(plan) == [], "first it has to give way"


def test_two_profits_without_a_stop_give_way_to_one_stop() -> None:
    world = lost_stop()
    takes = [
        world.order(Side.SELL, 5, "LMT", reduces=True, parent_ref=each, limit_price=D(105))
        for each in ("one", "two")
    ]
    world.look()
    plan = world.look(NOW + TIMES.ask_ns)
    assert done(plan) == [("CancelIntended", each, None) for each in takes]


def test_a_profit_of_another_strategy_stays() -> None:
    world = lost_stop()
    world.hold(Side.BUY, 4, strategy="t")
    world.order(Side.SELL, 4, "LMT", reduces=True, parent_ref="x", limit_price=D(105), strategy="t")
    plan = world.look()
    assert (done(plan), [each.strategy for each in wanted(plan)]) == ([], ["s"])
    (made,) = world.submit(wish(Side.SELL, 10, Purpose.STOP)).records
    assert isinstance(made, r.OrderIntended)
    assert made.oca_group == ""


# -- what makes it look --


def test_nothing_is_looked_at_twice_and_the_link_makes_it_look_at_all() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.order(Side.BUY, 1, "LMT", con_id=8, limit_price=D(90))
    world.desk.generation = world.desk.agreed = 2
    looked = 0
    while world.guard.next(NOW) is not None:
        looked += 1
    assert looked == 2, "what is held, and what is open"
    assert world.guard.next(NOW) is None
    world.desk.generation = world.desk.agreed = 3
    assert world.guard.next(NOW) is not None
    assert world.guard.next(NOW) is not None
    assert world.guard.next(NOW) is None


def test_a_timer_that_rang_is_set_again_and_one_that_is_set_is_not() -> None:
    world = World()
    world.hold(Side.BUY, 7)
    world.stop(Side.SELL, 10)
    due = ("guard:7", NOW + TIMES.settle_ns)
    assert wakes(world.look()) == [due]
    assert wakes(world.look(NOW + 1)) == [], "it is arranged already"
    assert world.guard.rang(7) == Plan()
    plan = world.guard.next(NOW + 2)
    assert plan is not None
    assert wakes(plan) == [due]


def test_what_the_gate_has_refused_is_asked_for_soon_when_the_gate_is_another_one() -> None:
    world = lost_stop()
    (asked,) = wanted(world.look())
    refusal = Refusal(intent=asked, code="exit_grows", why="w")
    assert world.guard.refused(refusal, NOW) == Plan()
    later = NOW + TIMES.ask_ns
    assert wanted(world.look(later)) == [], "it waits longer"
    world.guard.gate_moved(8)
    assert world.guard.next(later) is None
    world.guard.gate_moved()
    plan = world.guard.next(later)
    assert plan is not None
    assert len(wanted(plan)) == 1


def test_an_exit_that_passes_the_gate_makes_what_it_refused_news_again() -> None:
    world = lost_stop()
    (asked,) = wanted(world.look())
    world.guard.refused(Refusal(intent=asked, code="exit_grows", why="w"), NOW)
    later = NOW + TIMES.ask_ns
    assert wanted(world.look(later)) == []
    world.submit(wish(Side.BUY, 1, Purpose.ENTRY, con_id=8), reduces=False)
    assert world.guard.next(later) is None, "of another contract"
    world.submit(wish(Side.BUY, 1, Purpose.ENTRY), reduces=False)
    plan = world.guard.next(later)
    assert plan is not None
    assert len(wanted(plan)) == 1


def test_a_contract_in_which_nothing_closes_anything_needs_nothing() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    assert world.look() == Plan()
    world.order(Side.BUY, 5, "LMT", limit_price=D(90))
    assert world.look() == Plan()


# -- stops that are moved --


def move(world: World, trigger: int, strategy: str = "s") -> Plan:
    told = StopWish(strategy=strategy, con_id=7, trigger=D(trigger), cause="c")
    return world.guard.move(told, NOW)


def test_only_a_strategys_own_stops_are_moved_and_only_nearer() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    mine = world.stop(Side.SELL, 4)
    world.stop(Side.SELL, 3, aux_price=D(97))
    world.stop(Side.SELL, 3, strategy="t")
    world.stop(Side.SELL, 1, con_id=8)
    world.order(Side.SELL, 1, "LMT", reduces=True, parent_ref="x", limit_price=D(105))
    plan = move(world, 97)
    assert done(plan) == [("ModifyIntended", mine, D(4))]
    (change,) = plan.records
    assert isinstance(change, r.ModifyIntended)
    assert (change.aux_price, change.limit_price) == (D(97), None)


def test_a_stop_that_trails_by_itself_is_not_moved() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.stop(Side.SELL, 10, "TRAIL", aux_price=D(5))
    (told,) = move(world, 97).effects
    assert told == Alert(
        Level.INFO, "stop_stays", "s has no stop further away than 97: none is moved"
    )
