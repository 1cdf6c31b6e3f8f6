"""What the guard decides of exits and of stops that close too much, rule by rule (F74).

``test_guard`` has the whole order manager before a venue; here every wait is to the nanosecond and
every order that is changed, ended or left alone is named.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from robotrader.domain import (
    LinkState,
    Purpose,
    Side,
)
from robotrader.domain import records as r
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


# -- what is submitted --


def test_an_entry_and_what_nobody_could_send_are_placed_at_once() -> None:
    world = World()
    entry = world.submit(wish(Side.BUY, 5, Purpose.ENTRY), reduces=False)
    assert [(kind, qty) for kind, _, qty in done(entry)] == [("OrderIntended", D(5))]
    world.link(LinkState.SYNCING)
    plan = world.submit(wish(Side.SELL, 5))
    assert [code for code, _ in declined(plan)] == ["not_ready"]
    assert world.guard.waiting == ()


@BOTH
def test_an_exit_that_fits_beside_the_stops_is_placed_and_one_share_more_waits(side: Side) -> None:
    world = World()
    world.hold(side, 10)
    world.stop(against(side), 6)
    plan = world.submit(wish(against(side), 4))
    assert [(kind, qty) for kind, _, qty in done(plan)] == [("OrderIntended", D(4))]
    other = World()
    other.hold(side, 10)
    other.stop(against(side), 6)
    plan = other.submit(wish(against(side), 5))
    assert done(plan) == []
    assert wakes(plan) == [("guard:7", NOW + TIMES.exit_ns)]
    assert [each.intent.qty for each in other.guard.waiting] == [5]


def test_an_exit_without_a_stop_is_placed_whatever_is_held() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    assert [qty for _, _, qty in done(world.submit(wish(Side.SELL, 10)))] == [D(10)]


def test_a_second_exit_waits_behind_the_first_although_it_would_fit() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.stop(Side.SELL, 6)
    world.submit(wish(Side.SELL, 5))
    plan = world.submit(wish(Side.SELL, 1))
    assert done(plan) == []
    assert [each.intent.qty for each in world.guard.waiting] == [5, 1]


def test_an_exit_that_is_submitted_twice_waits_once() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.stop(Side.SELL, 10)
    world.submit(wish(Side.SELL, 5), number=9)
    plan = world.submit(wish(Side.SELL, 5), number=9)
    assert alerts(plan) == ["submitted_twice"]
    assert len(world.guard.waiting) == 1


def test_an_exit_counts_what_other_exits_close_already() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    world.order(Side.SELL, 3, "LMT", reduces=True)
    world.stop(Side.SELL, 4)
    assert done(world.submit(wish(Side.SELL, 4))) == [], "3 + 4 + 4 are more than are held"
    assert [qty for _, _, qty in done(World.submit(_with_exit(), wish(Side.SELL, 3)))] == [D(3)]


def _with_exit() -> World:
    world = World()
    world.hold(Side.BUY, 10)
    world.order(Side.SELL, 3, "LMT", reduces=True)
    world.stop(Side.SELL, 4)
    return world


# -- exits that wait --


def waiting_exit(qty: int = 10) -> tuple[World, str]:
    world = World()
    world.hold(Side.BUY, 10)
    stop = world.stop(Side.SELL, 10)
    world.submit(wish(Side.SELL, qty))
    return world, stop


def test_for_an_exit_of_all_the_stop_is_cancelled_and_for_a_part_made_smaller_at_once() -> None:
    world, stop = waiting_exit(10)
    plan = world.look()
    assert done(plan) == [("CancelIntended", stop, None)]
    assert wakes(plan) == [("guard:7", NOW + TIMES.again_ns)]
    world, stop = waiting_exit(4)
    assert done(world.look()) == [("ModifyIntended", stop, D(6))]


def test_a_stop_that_has_filled_in_part_keeps_what_it_has_filled() -> None:
    world = World()
    world.hold(Side.BUY, 10)
    stop = world.stop(Side.SELL, 10)
    world.fill(stop, 2)
    world.submit(wish(Side.SELL, 3))
    assert done(world.look()) == [("ModifyIntended", stop, D(7))], "2 are filled, 5 are left to it"


def test_an_exit_is_placed_as_soon_as_the_stop_has_given_way() -> None:
    world, stop = waiting_exit(10)
    world.look()
    world.done(stop)
    plan = world.look()
    assert [(kind, qty) for kind, _, qty in done(plan)] == [("OrderIntended", D(10))]
    assert world.guard.waiting == ()
    assert world.guard.next(NOW) is not None, "what is behind it is looked at next"


def test_what_waits_behind_an_exit_is_next() -> None:
    world, stop = waiting_exit(4)
    world.submit(wish(Side.SELL, 5))
    world.done(stop)
    first = world.look()
    world.apply(*first.records)
    assert [qty for _, _, qty in done(first)] == [D(4)]
    assert [each.intent.qty for each in world.guard.waiting] == [5]
    second = world.guard.next(NOW)
    assert [qty for _, _, qty in done(second)] == [D(5)]
    assert world.guard.waiting == ()


def test_an_exit_for_which_too_little_is_left_becomes_no_order() -> None:
    world, stop = waiting_exit(10)
    world.fill(stop, 1)
    ((code, why),) = declined(world.look())
    assert (code, why) == (
        "closed_already", "9 of AAPL are left to close: a stop has filled meanwhile"
    )  # fmt: skip
    assert world.guard.waiting == ()


def test_an_exit_waits_to_the_nanosecond_and_then_the_stop_holds() -> None:
    world, _ = waiting_exit(10)
    world.look()
    assert declined(world.look(NOW + TIMES.exit_ns - 1)) == []
    ((code, why),) = declined(world.look(NOW + TIMES.exit_ns))
    assert code == "stop_holds"
    assert "not answered in time" in why
    assert world.guard.waiting == ()


@pytest.mark.parametrize(
    ("state", "agreed", "again"),
    [(LinkState.READY, 0, True), (LinkState.DOWN, 1, False), (LinkState.SYNCING, 1, False)],
)
def test_what_waits_is_declined_when_nothing_can_be_sent(
    state: LinkState, agreed: int, *, again: bool
) -> None:
    """It is looked at again by itself only while no change of the link will tell of it."""
    world, _ = waiting_exit(10)
    world.link(state, agreed)
    later = NOW + TIMES.exit_ns - 5
    plan = world.guard.next(later - TIMES.again_ns)
    assert plan is not None
    assert [code for code, _ in declined(plan)] == ["not_ready"]
    assert wakes(plan) == ([("guard:7", later)] if again else [])
    assert world.guard.waiting == ()


# -- stops that close too much --


def test_a_stop_that_closes_too_much_has_the_brokers_time_and_is_then_made_smaller() -> None:
    world = World()
    world.hold(Side.BUY, 7)
    stop = world.stop(Side.SELL, 10)
    assert wakes(world.look()) == [("guard:7", NOW + TIMES.settle_ns)]
    assert done(world.look(NOW + TIMES.settle_ns - 1)) == []
    plan = world.look(NOW + TIMES.settle_ns)
    assert done(plan) == [("ModifyIntended", stop, D(7))]
    assert wakes(plan) == [], "it is woken at a time that is as early already"


def test_the_brokers_time_begins_anew_once_all_was_well() -> None:
    world = World()
    world.hold(Side.BUY, 7)
    stop = world.stop(Side.SELL, 10)
    world.look()
    entry = world.order(Side.BUY, 3)
    world.fill(entry, 3)
    world.look(NOW + 5)
    world.hold(Side.SELL, 1)
    later = NOW + TIMES.settle_ns
    assert done(world.look(later)) == [], "it is too large since now"
    assert done(world.look(later + TIMES.settle_ns)) == [("ModifyIntended", stop, D(9))]


def test_a_stop_without_a_position_is_cancelled() -> None:
    world = World()
    world.hold(Side.BUY, 5)
    stop = world.stop(Side.SELL, 5)
    world.hold(Side.SELL, 5)
    world.look()
    assert done(world.look(NOW + TIMES.settle_ns)) == [("CancelIntended", stop, None)]


def test_a_stop_of_which_an_answer_is_awaited_is_left_alone() -> None:
    world = World()
    world.hold(Side.BUY, 5)
    first, second = world.stop(Side.SELL, 5), world.stop(Side.SELL, 5)
    world.apply(r.CancelIntended(ref=second, reason="x", wall_ns=NOW))
    world.look()
    assert done(world.look(NOW + TIMES.settle_ns)) == []
    world.done(second)
    assert done(world.look(NOW + TIMES.settle_ns)) == []
    assert not world.desk.book.orders[first].over


def test_of_two_stops_that_close_too_much_only_the_newer_is_cut() -> None:
    world = World()
    world.hold(Side.BUY, 8)
    old, new = world.stop(Side.SELL, 5), world.stop(Side.SELL, 5)
    world.look()
    assert done(world.look(NOW + TIMES.settle_ns)) == [("ModifyIntended", new, D(3))]
    assert not world.desk.book.orders[old].over


def test_the_legs_of_an_entry_that_still_works_are_cut_by_ending_the_entry() -> None:
    world = World()
    entry, _, _ = world.bracket(Side.BUY, 10, filled=False)
    world.fill(entry, 4)
    world.submit(wish(Side.SELL, 4))
    plan = world.look()
    assert {each[:2] for each in done(plan)} == {("CancelIntended", entry)}


def test_both_legs_of_a_bracket_are_cut_together() -> None:
    world = World()
    _, take, stop = world.bracket(Side.BUY, 10)
    world.submit(wish(Side.SELL, 4))
    assert done(world.look()) == [("ModifyIntended", take, D(6)), ("ModifyIntended", stop, D(6))]


def test_a_leg_closes_no_more_than_its_parent_has_filled() -> None:
    """An entry of ten of which four are filled: its stop protects four, and nothing is cut."""
    world = World()
    entry, _, _ = world.bracket(Side.BUY, 10, filled=False)
    world.fill(entry, 4)
    plan = world.look()
    assert (done(plan), wanted(plan)) == ([], [])


def test_an_entry_whose_stop_has_ended_is_ended() -> None:
    world = World()
    entry, _, stop = world.bracket(Side.BUY, 10, filled=False)
    assert done(world.look()) == []
    world.done(stop, r.Ending.REJECTED)
    assert done(world.look()) == [("CancelIntended", entry, None)]
    world.apply(r.CancelIntended(ref=entry, reason="x", wall_ns=NOW))
    assert done(world.look()) == [], "once"


def test_an_entry_whose_profit_leg_has_ended_stays() -> None:
    world = World()
    _, take, _ = world.bracket(Side.BUY, 10, filled=False)
    world.done(take, r.Ending.REJECTED)
    assert done(world.look()) == []


def test_a_torn_entry_of_another_contract_is_looked_at_there() -> None:
    world = World()
    entry, _, stop = world.bracket(Side.BUY, 10, filled=False)
    world.done(stop, r.Ending.REJECTED)
    world.hold(Side.BUY, 1, con_id=8)
    world.stop(Side.SELL, 1, con_id=8)
    assert done(world.look(con_id=8)) == []
    assert done(world.look()) == [("CancelIntended", entry, None)]
