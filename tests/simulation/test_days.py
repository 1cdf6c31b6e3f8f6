"""The checkers of days: what they excuse, and that they see everything else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from robotrader.domain import records as rec
from robotrader.domain.records import Record
from tests.robotrader.ledger.kit import ACCOUNT, adopted, fee, fill, fixed, rolled
from tests.simulation.believed import believed, standing, untold
from tests.simulation.core import CoreWorld
from tests.simulation.days import DaysBegin, LossTrips
from tests.simulation.disk import TAIL_LOST
from tests.simulation.long import LongWorld
from tests.simulation.plan import Plan

S = 1_000_000_000
CASH = Decimal(1_000_000)


@pytest.fixture
def world() -> LongWorld:
    """A week that has not begun, calm since long ago."""
    made = LongWorld(Plan(1, 60.0, (), ()), record=False)
    made._calm_ns = made.start_ns - 3_600 * S
    return made


def today(world: LongWorld, equity: Decimal) -> rec.DayRolled:
    day = world.hours.day_of(world.clock_ns).isoformat()
    return rec.DayRolled(day=day, equity=equity, wall_ns=world.clock_ns)


def trip(world: LongWorld) -> rec.SwitchTripped:
    return rec.SwitchTripped(
        level="reduce", scope="all", trigger="daily_loss", why="a loss", wall_ns=world.clock_ns
    )


def test_a_number_that_comes_again_takes_the_place_of_what_a_disk_has_lost() -> None:
    one, two, three = (rolled(f"2026-11-2{n}", CASH) for n in (3, 4, 5))
    assert standing([(1, one), (2, two), (3, two), (2, three)]) == [(1, one), (2, three)]


def test_the_fold_knows_fills_corrections_commissions_and_adopted_shares() -> None:
    log: list[Record] = [
        rec.CashAdopted(account=ACCOUNT, cash=CASH),
        fill("a", "BUY", 10, "50", con_id=1), fee("a", "1"), fee("a", "2", revision=2),
        fixed("a", 10, "51"), fill("b", "SELL", 4, "60", con_id=1), fee("never told", "9"),
        adopted(0, "0", con_id=1),
    ]  # fmt: skip
    made = believed(enumerate(log, 1), ACCOUNT)
    assert made.positions() == {1: 0}
    assert made.equity({1: 70.0}) == CASH - 510 - 2 + 240
    made = believed(enumerate(log[:-1], 1), ACCOUNT)
    assert made.equity({1: 70.0}) == CASH - 510 - 2 + 240 + 6 * 70


@pytest.mark.parametrize("lies", [False, True])
def test_a_fill_whose_commission_is_missing_is_excused_by_a_disk_that_lies_alone(
    lies: bool,
) -> None:
    world = CoreWorld(Plan(1, 90.0, (), ()), record=False)
    world.run()
    world.system.close()
    assert world.executions, "somebody trades"

    def missing(log: list[tuple[int, rec.Record]]) -> bool:
        charges = world.exchange._charges
        return bool(untold(log, world.executions, world.account, lies=lies, charges=charges))

    assert not missing(world.log)
    assert missing([e for e in world.log if not isinstance(e[1], rec.CommissionBooked)]) == lies
    assert missing([each for each in world.log if not isinstance(each[1], rec.FillBooked)])
    world.exchange.charge_again(0, Decimal("2.5"))  # and the journal has the one before it
    assert missing(world.log) == lies


def test_a_day_may_begin_again_only_where_the_journal_has_lost_it(world: LongWorld) -> None:
    checker, day = DaysBegin(), today(world, world.equity())
    world.excused.add(TAIL_LOST)
    found = []
    for number in (5, 4, 5):
        world.committed([(number, day)])
        found.append([each.text for each in checker.check(world)])
    assert found == [[], [], [f"{day.day} begins after {day.day}"]]


def test_with_fills_untold_a_day_begins_with_what_the_others_come_to(world: LongWorld) -> None:
    """Adopted shares bring no cash: equity stays apart, by what they were worth, and no more."""
    world.exchange.books.prices[1] = 60.0
    world.committed([(1, rec.CashAdopted(account=world.account, cash=CASH)),
                     (2, adopted(10, "60", con_id=1))])  # fmt: skip
    apart = today(world, CASH + 600)
    world.committed([(3, apart)])
    assert [each.text for each in DaysBegin().check(world)]
    world.excused |= {"I2", "I11"}
    assert DaysBegin().check(world) == []
    world.log[-1] = (3, today(world, CASH + 500))
    assert DaysBegin().check(world), "nor with anything else"


def test_a_trip_without_a_loss_is_a_breach_but_where_shares_differ(world: LongWorld) -> None:
    world.day_equity = world.equity()
    world.committed([(1, trip(world))])
    assert [each.text for each in LossTrips().check(world)] == ["tripped at a loss of 0: a loss"]
    world.exchange.untold = {1}
    assert LossTrips().check(world) == []
    checker, world.exchange.untold = LossTrips(), set()
    world.log[0] = (1, adopted(10, "60", con_id=1))
    world.committed([(2, trip(world))])
    assert checker.check(world) == [], "adopted today: its loss since then is not the venue's"
    world.committed([(3, today(world, world.equity())), (4, trip(world))])
    assert [each.text for each in checker.check(world)] == ["tripped at a loss of 0: a loss"]


def test_shares_that_no_fill_told_are_apart_until_both_sides_have_the_same(
    world: LongWorld,
) -> None:
    checker, world.exchange.untold = LossTrips(), {1}
    world.day_equity = world.equity()
    world.committed([(1, adopted(10, "60", con_id=1)), (2, today(world, CASH)), (3, trip(world))])
    assert checker.check(world) == []
    assert world.exchange.untold == {1}
    world.committed([(4, adopted(0, "60", con_id=1)), (5, today(world, CASH)), (6, trip(world))])
    assert len(checker.check(world)) == 1
    assert world.exchange.untold == set()


def test_a_trip_that_is_older_than_the_day_is_judged_by_the_day_before(world: LongWorld) -> None:
    """Long, 1000386: the disk was full, so that the day before went on, and its loss tripped."""
    for lost, older, breaches in ((70, True, 0), (20, True, 1), (70, False, 1)):
        checker = LossTrips()
        world.log.clear()
        world.log_ns.clear()
        world.day_equity = world.equity() + lost
        assert checker.check(world) == []
        tripped, day = trip(world), today(world, world.equity())
        if older:
            tripped = msgspec.structs.replace(tripped, wall_ns=day.wall_ns - 1)
        world.committed([(1, day), (2, tripped)])
        world.day_equity = world.equity()  # as D1 sets it, which looks first
        assert len(checker.check(world)) == breaches, (lost, older)


def test_an_older_trip_of_a_day_whose_loss_is_not_known_is_no_breach(world: LongWorld) -> None:
    checker, day = LossTrips(), today(world, world.equity())
    old = msgspec.structs.replace(trip(world), wall_ns=day.wall_ns - 1)
    world.committed([(1, adopted(10, "60", con_id=1)), (2, day), (3, old)])
    assert checker.check(world) == []
    world.committed([(4, trip(world))])
    assert len(checker.check(world)) == 1, "this day's is known"


def test_a_loss_that_trips_nothing_for_long_is_a_breach_and_not_before() -> None:
    """So much is gone, and the switch is not told."""
    world = LongWorld(Plan(1, 60.0, (), ()), record=False)
    world.run()
    checker = LossTrips()
    world._calm_ns = world.start_ns
    world.day_equity = world.equity() + 2_000
    ledger = world.core.ledger() if world.core else None
    assert ledger is not None
    assert ledger.equity is not None, "the account knows what it has"
    assert checker.check(world) == [], "it is seen just now"
    world.system.run_for(6.0)
    assert [each.checker for each in checker.check(world)] == [LossTrips.name]
    world.system.close()
