"""What nobody could tell us is excused to the last digit, and nothing that somebody did tell."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from robotrader.domain import OrderKey
from robotrader.domain import records as rec
from robotrader.domain.records import Record
from robotrader.execution import hearing
from robotrader.gateway.snapshot import nothing
from robotrader.venue import Charged, Execution, commission_report, execution_report
from tests.robotrader.ledger.kit import ACCOUNT, fee, fill, fixed
from tests.simulation.at_rest import CashAgrees, FillsAgree
from tests.simulation.days import DaysBegin
from tests.simulation.lapsed import WRITTEN_NS, Lapsed
from tests.simulation.long import LongWorld
from tests.simulation.plan import Fault, Plan

S = 1_000_000_000
KEY = OrderKey(7, 1)
CASH = Decimal(10_000)
ZERO = Decimal(0)
NONE = (ZERO, ZERO)
BOOKED: tuple[Record, ...] = (
    rec.CashAdopted(account=ACCOUNT, cash=CASH), fill("a", "BUY", 10, "50", con_id=1), fee("a", "1")
)  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def executed(revision: int, price: str, qty: int = 10) -> Execution:
    return Execution(
        exec_id=f"a.{revision:02}", key=KEY, perm_id=1, con_id=1, account=ACCOUNT, bought=True,
        qty=Decimal(qty), price=Decimal(price), time_ns=0, cum_qty=Decimal(qty),
        avg_price=Decimal(price), exchange="X", order_ref="rt1-1-1", took_liquidity=True,
    )  # fmt: skip


def charged(revision: int, commission: str) -> Charged:
    return Charged(f"a.{revision:02}", KEY, Decimal(commission), "USD", None)


def told() -> Lapsed:
    """A fill and its commission that our process has heard, on a day that goes on."""
    made = Lapsed()
    made.executed(executed(1, "50"))
    made.charged(charged(1, "1"))
    made.hear(execution_report(executed(1, "50"), 0), 0)
    made.hear(commission_report(charged(1, "1"), 0), 0)
    return made


def apart(lapsed: Lapsed, *records: Record) -> tuple[Decimal, Decimal]:
    return lapsed.apart(list(enumerate((*BOOKED, *records), 1)), ACCOUNT)


def test_what_was_made_while_nobody_heard_it_is_apart_by_exactly_that() -> None:
    made = told()
    made.executed(executed(2, "51"))
    made.charged(charged(2, "1.5"))
    assert not made.may_be("a", "a.01", Decimal(10)), "the list of the day still has it"
    made.day_ends(len(BOOKED))
    assert made.may_be("a", "a.01", Decimal(10))
    assert not made.may_be("a", "a.01", Decimal(9))
    assert not made.may_be("b", "b.01", Decimal(10))
    assert apart(made) == (Decimal("-10.5"), Decimal("0.5"))
    assert apart(made, fixed("a", 10, "51")) == (Decimal("-0.5"), Decimal("0.5"))
    assert apart(made, fixed("a", 10, "51"), fee("a", "1.5", revision=2)) == NONE


def test_a_fill_that_was_sold_is_apart_the_other_way() -> None:
    made = Lapsed()
    for each in (executed(1, "50"), executed(2, "51")):
        made.executed(msgspec.structs.replace(each, bought=False))
    made.day_ends(0)
    log = list(enumerate((fill("a", "SELL", 10, "50", con_id=1),), 1))
    assert made.apart(log, ACCOUNT) == (Decimal(10), ZERO)


def test_a_commission_that_was_never_said_is_missing_whole() -> None:
    made = Lapsed()
    made.executed(executed(1, "50"))
    made.hear(execution_report(executed(1, "50"), 0), 0)
    made.charged(charged(1, "1"))
    made.day_ends(2)
    assert made.apart(list(enumerate(BOOKED[:2], 1)), ACCOUNT) == (Decimal(-1), Decimal(1))
    assert apart(made) == NONE


@pytest.mark.parametrize("snapshot", [False, True])
@pytest.mark.parametrize("lived_ns", [WRITTEN_NS, WRITTEN_NS - 1, None])
def test_who_has_heard_it_and_lived_on_must_have_it(lived_ns: int | None, snapshot: bool) -> None:
    """None: it lives when the day ends."""
    made = told()
    made.died(WRITTEN_NS)
    made.executed(executed(2, "51"))
    made.charged(charged(2, "1.5"))
    fills, fees = execution_report(executed(2, "51"), 0), commission_report(charged(2, "1.5"), 0)
    if snapshot:
        empty = nothing(1, 1, 0)
        made.hear(msgspec.structs.replace(empty, executions=(fills,), commissions=(fees,)), 5)
    else:
        made.hear(fills, 5)
        made.hear(fees, 5)
    if lived_ns is not None:
        made.died(5 + lived_ns)
    made.day_ends(len(BOOKED))
    lapses = lived_ns == WRITTEN_NS - 1
    assert made.may_be("a", "a.01", Decimal(10)) == lapses
    assert apart(made) == ((Decimal("-10.5"), Decimal("0.5")) if lapses else NONE)


def test_of_several_corrections_nothing_older_than_what_was_heard_is_excused() -> None:
    made = told()
    made.executed(executed(2, "51"))
    made.hear(execution_report(executed(2, "51"), 0), 0)
    made.executed(executed(3, "52"))
    made.day_ends(len(BOOKED))
    assert not made.may_be("a", "a.01", Decimal(10))
    assert apart(made) == NONE
    assert made.may_be("a", "a.02", Decimal(10))
    assert apart(made, fixed("a", 10, "51")) == (Decimal(-10), ZERO)


def test_cash_that_is_adopted_later_has_it_all() -> None:
    made = told()
    made.executed(executed(2, "51"))
    made.day_ends(len(BOOKED))
    assert apart(made, rec.CashAdopted(account=ACCOUNT, cash=CASH - 511)) == NONE


def test_the_checkers_of_rest_want_what_lapsed_to_the_last_digit() -> None:
    made = told()
    made.executed(executed(2, "51"))
    made.day_ends(len(BOOKED))
    ledger = SimpleNamespace(cash=CASH - 501, commissions=Decimal(1))
    world: Any = SimpleNamespace(
        log=list(enumerate(BOOKED, 1)), executions=[executed(1, "50"), executed(2, "51")],
        account=ACCOUNT, now_ns=0, core=SimpleNamespace(ledger=lambda: ledger),
        cash=lambda: (CASH - 511, Decimal(1)),
    )  # fmt: skip
    assert FillsAgree(made).check(world) == []
    assert CashAgrees(made).check(world) == []
    assert FillsAgree().check(world)
    assert CashAgrees().check(world)
    ledger.cash += Decimal("0.01")
    assert CashAgrees(made).check(world)


def test_a_day_begins_apart_by_what_lapsed() -> None:
    """D1: a correction of a hundred dollars, and no more."""
    world = LongWorld(Plan(1, 60.0, (), ()), record=False)
    world._calm_ns = world.start_ns - 3_600 * S
    world.committed([(number, msgspec.structs.replace(each, account=world.account)
                      if isinstance(each, rec.FillBooked) else each)
                     for number, each in enumerate(BOOKED[1:], 1)])  # fmt: skip
    day = world.hours.day_of(world.clock_ns).isoformat()
    begins = rec.DayRolled(day=day, equity=world.equity() + 100, wall_ns=world.clock_ns)
    world.committed([(3, begins)])
    assert DaysBegin().check(world)
    for each in (executed(1, "50"), executed(2, "60")):
        world.exchange.lapsed.executed(each)
    assert DaysBegin().check(world), "its day goes on"
    world.exchange.lapsed.day_ends(3)
    assert DaysBegin().check(world) == []
    world.log[-1] = (3, msgspec.structs.replace(begins, equity=begins.equity + 100))
    assert DaysBegin().check(world)


def forgets_revisions(
    book: Any, report: Any, now_ns: int, real: Any = hearing.charged
) -> rec.CommissionBooked | None:
    """Be a product that never takes another commission for one that it has."""
    known = report.exec_id.rpartition(".")[0] in book.commissions
    return None if known else cast("rec.CommissionBooked | None", real(book, report, now_ns))


@pytest.mark.parametrize(
    ("forgets", "charged_s", "clean"),
    [(False, 950, True), (False, 870, True), (True, 950, True), (True, 870, False)],
)
def test_a_machine_that_is_off_over_the_end_of_the_day(
    forgets: bool, charged_s: int, clean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by weeks 1000145, 1000181, 1000220. Off from 900 s to 1,300 s; the day ends between.

    A product that forgets what it has heard is seen all the same, where it could hear it.
    """
    if forgets:
        monkeypatch.setattr(hearing, "charged", forgets_revisions)
    faults = (
        Fault(1, charged_s * S, "broker", "charge_again", amount=2.44),
        Fault(2, 900 * S, "process", "off", lasts_ns=400 * S),
        Fault(3, 960 * S, "broker", "correct_price", amount=1.01),
    )
    world = LongWorld(Plan(1, 2_060.0, (), faults), record=False)
    world.run()
    world.system.close()
    more, fees = world.exchange.lapsed.apart(world.log, world.account)
    assert more + fees != 0, "of the price nobody heard"
    assert bool(fees) == (charged_s == 950)
    assert world.excused == set()
    assert [each.checker for each in world.breaches] == ([] if clean else ["I11 cash agrees"])
