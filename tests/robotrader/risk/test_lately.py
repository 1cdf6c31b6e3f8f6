"""What was done lately: losses in a row, cancels, what was just left, and one position's loss."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Bar
from robotrader.domain.records import (
    DayRolled,
    Ending,
    OrderDone,
    OrderIntended,
    SwitchCleared,
)
from robotrader.ledger import Ledger
from robotrader.risk import Gate, Level, Limits, Switch, TripRules, day_figures, due, ratio
from tests.robotrader.ledger.kit import AAPL, CASH, KO, fill, ledger, rolled
from tests.robotrader.risk.kit import MS, NOW, account, code, intent, judged, leaving, limits, view
from tests.robotrader.risk.test_switch import signs, trip_of

GAINS = st.lists(st.integers(-3, 3), max_size=12)
STRANGE = st.sampled_from([None, float("nan"), float("inf"), -1.0, 0.0])


def traded(*gains: int) -> Ledger:
    """A ledger after these round trips, in two contracts in turn; each ends a second later."""
    book: Ledger = ledger(rolled("2026-11-20", CASH), cash=CASH)
    for number, gain in enumerate(gains):
        con_id = (AAPL, KO)[number % 2].con_id
        opened = fill(f"b{number}", "BUY", 1, "100", con_id=con_id, strategy="s")
        closed = fill(f"s{number}", "SELL", 1, str(100 + gain), con_id=con_id, strategy="s")
        book.apply(replace(opened, time_ns=2 * number + 1))
        book.apply(replace(closed, time_ns=2 * number + 2))
    return book


@given(GAINS)
def test_a_streak_is_every_newest_trade_that_lost_back_to_one_that_did_not(
    gains: list[int],
) -> None:
    expected = []
    for number in reversed(range(len(gains))):
        if gains[number] >= 0:
            break
        expected.append(2 * number + 2)
    book = traded(*gains)
    assert list(book.losses_ns()) == expected
    again = Ledger(book.account, [AAPL, KO], state=book.snapshot())
    assert again.losses_ns() == book.losses_ns(), "a snapshot keeps it (F23)"


def test_f66_f67_five_losses_in_a_row_trip_and_only_a_person_with_a_reason_forgives_them() -> None:
    allowed = limits(max_losses_row=5)
    four, five = traded(1, -1, -1, -1, -1).view({}), traded(-1, -1, -1, -1, -1).view({})
    assert trip_of(signs(ledger=four), allowed) == []
    (trip,) = due(signs(ledger=five), Switch(), allowed, TripRules(), NOW)
    assert (trip.trigger, trip.level, trip.scope) == ("losses", "reduce", "all")
    tripped = Switch.fold([trip])
    for cleared in (
        SwitchCleared(scope="all", who="", why="an hour is over", wall_ns=NOW),
        SwitchCleared(scope="all", who="ann", why=" ", wall_ns=NOW),
    ):
        assert tripped.after(cleared) == tripped
    free = tripped.after(SwitchCleared(scope="all", who="ann", why="looked at", wall_ns=NOW))
    assert (free.level(), free.forgiven_ns) == (Level.OFF, NOW)
    later = replace(signs(ledger=five), forgiven_ns=NOW)
    assert due(later, free, allowed, TripRules(), NOW) == (), "what is forgiven is over"
    new = replace(five, losses_ns=(NOW + 5, NOW + 4, NOW + 3, NOW + 2, NOW + 1))
    assert due(replace(later, ledger=new), free, allowed, TripRules(), NOW) != ()


def test_clearing_another_trip_forgives_no_losses() -> None:
    cleared = SwitchCleared(scope="all", who="ann", why="test", wall_ns=NOW)
    assert Switch().after(cleared).forgiven_ns == 0


def test_f63_losses_are_not_guessed_and_a_forgiven_streak_blocks_no_entry() -> None:
    five = traded(-1, -1, -1, -1, -1).view({AAPL.con_id: 100.0, KO.con_id: 100.0})
    assert judged(intent(), view(ledger=five), max_losses_row=5) == "losses"
    assert judged(intent(), view(ledger=five), max_losses_row=6) == ""
    forgiven = view(ledger=five, switch=Switch(forgiven_ns=NOW))
    assert judged(intent(), forgiven, max_losses_row=5) == ""


@pytest.mark.parametrize(("mark", "found"), [(90.01, 0), (90.0, 1), (89.99, 1)])
def test_f66_a_positions_loss_trips_its_symbol_at_its_limit_to_the_cent(
    mark: float, found: int
) -> None:
    """100 shares bought at 100 of an equity of 99,000: one percent of it is 990 or 1,000."""
    lost = account(aapl=100, mark=mark)
    equity = lost.equity
    assert equity is not None
    rules = TripRules(max_position_loss=ratio(Decimal(1_000) / CASH))
    at = replace(lost, equity=CASH)
    trips = due(signs(ledger=at), Switch(), limits(), rules, NOW)
    assert [(each.trigger, each.scope) for each in trips] == [
        ("position_loss", "symbol:AAPL")
    ] * found
    assert trip_of(signs(ledger=at)) == [], "without a limit nothing trips"


def entered(gate: Gate, number: int, ending: Ending | None, **fields: object) -> None:
    record = OrderIntended(
        ref=f"r{number}", order_id=number, generation=1, strategy="s", con_id=AAPL.con_id,
        symbol="AAPL", account="DU1", side="BUY", order_type="LMT", qty=Decimal(1), wall_ns=NOW,
    )  # fmt: skip
    gate.seen(replace(record, **fields))
    if ending is not None:
        gate.seen(OrderDone(ref=f"r{number}", ending=ending))


def test_more_cancels_than_the_ratio_block_entries_until_the_next_day_and_never_exits() -> None:
    gate = Gate(limits(max_cancel_ratio=ratio("0.5"), cancel_ratio_orders=4))
    seen = view(aapl=5)
    gate.seen(DayRolled(day="2026-11-20", equity=CASH))
    for number, ending in enumerate((Ending.CANCELLED, Ending.CANCELLED, Ending.CANCELLED)):
        entered(gate, number, ending)
    assert code(gate.judge(intent(), seen, NOW)) == "", "three are too few to be looked at"
    entered(gate, 3, Ending.FILLED)
    assert code(gate.judge(intent(qty=2), seen, NOW)) == "cancel_ratio", "3 of 4"
    assert code(gate.judge(leaving(), seen, NOW)) == ""
    entered(gate, 4, None)
    entered(gate, 5, Ending.REJECTED)
    assert code(gate.judge(intent(qty=3), seen, NOW)) == "", "3 of 6 are half: at the limit"
    gate.seen(DayRolled(day="2026-11-23", equity=CASH))
    entered(gate, 6, Ending.CANCELLED)
    assert code(gate.judge(intent(qty=4), seen, NOW)) == ""


@pytest.mark.parametrize("least", [0, 1])
def test_the_first_entry_is_looked_at_where_one_is_enough(least: int) -> None:
    gate = Gate(limits(max_cancel_ratio=ratio("0.5"), cancel_ratio_orders=least))
    gate.seen(DayRolled(day="2026-11-20", equity=CASH))
    assert code(gate.judge(intent(), view(), NOW)) == "", "none of none was cancelled"
    entered(gate, 1, Ending.CANCELLED)
    assert code(gate.judge(intent(qty=2), view(), NOW)) == "cancel_ratio"


def test_cancelled_legs_and_exits_are_no_cancelled_entries() -> None:
    gate = Gate(limits(max_cancel_ratio=ratio("0.1"), cancel_ratio_orders=1))
    gate.seen(DayRolled(day="2026-11-20", equity=CASH))
    entered(gate, 1, Ending.FILLED)
    entered(gate, 2, Ending.CANCELLED, parent_ref="r1")
    entered(gate, 3, Ending.CANCELLED, reduces=True)
    gate.seen(OrderDone(ref="stranger", ending=Ending.CANCELLED))
    assert code(gate.judge(intent(), view(), NOW)) == ""
    entered(gate, 4, Ending.CANCELLED)
    assert code(gate.judge(intent(qty=2), view(), NOW)) == "cancel_ratio"


@pytest.mark.parametrize(("first", "then"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_a_position_that_was_made_smaller_rests_in_both_directions_and_over_restarts(
    first: str, then: str
) -> None:
    book: Ledger = ledger(rolled("2026-11-20", CASH), cash=CASH)
    book.apply(replace(fill("a", first, 5, "100"), time_ns=NOW - 9_000 * MS))
    assert book.view({}).reduced_ns == {}, "an entry is no exit"
    book.apply(replace(fill("b", then, 3, "100"), time_ns=NOW - 1_000 * MS))
    again = Ledger(book.account, [AAPL, KO], state=book.snapshot())
    seen = view(ledger=again.view({AAPL.con_id: 100.0}))
    for side in ("BUY", "SELL"):
        wanted = intent(side, 4)
        assert judged(wanted, seen, cooldown_ms=1_000) == ""
        assert judged(wanted, seen, cooldown_ms=1_001) == "cooldown"
        other = replace(wanted, con_id=KO.con_id, symbol="KO")
        assert judged(other, seen, cooldown_ms=60_000) == "", "only the symbol that was left"
    assert judged(leaving(then), seen, cooldown_ms=60_000) == "", "the rest may always be left"


def days(*closes: float, volume: float = 1_000.0) -> list[Bar]:
    return [
        Bar(con_id=1, start_ns=n, end_ns=n + 1, open=c, high=c, low=c, close=c, volume=volume)
        for n, c in enumerate(closes)
    ]


def test_a_days_figures_are_those_of_the_newest_days_and_unknown_with_fewer() -> None:
    known = day_figures(days(1.0, 100.0, 110.0, 99.0), least_days=3, year_days=4)
    assert known.volume == 1_000
    assert known.volatility == pytest.approx(2 * ((0.1**2 + 0.1**2) ** 0.5))
    cents = day_figures(days(0.5, 0.25, 0.375), least_days=3, year_days=2)
    assert cents.volatility == pytest.approx(1), "half of it less, half of it more"
    few = day_figures(days(100.0, 101.0), least_days=3, year_days=252)
    assert (few.volume, few.volatility) == (None, None)


@given(STRANGE)
def test_f61_a_price_or_volume_that_is_none_leaves_the_figure_unknown_and_blocks(
    strange: float | None,
) -> None:
    number = float("nan") if strange is None else strange
    bad = day_figures(days(100.0, number, 100.0), least_days=3, year_days=252)
    assert bad.volatility is None
    empty = day_figures(days(1.0, 2.0, 3.0, volume=number), least_days=3, year_days=252)
    assert empty.volume is None
    one = [*days(1.0, 2.0), *days(3.0, volume=number)]
    assert day_figures(one, least_days=3, year_days=252).volume == (None if number else 2_000 / 3)
    seen = view(days={AAPL.con_id: bad})
    assert judged(intent(), seen, max_volatility=ratio(1)) == "volatility"
    seen = view(days={AAPL.con_id: empty})
    assert judged(intent(), seen, max_volume_share=ratio(1)) == "volume"
    assert judged(intent(), view(), max_volume_share=ratio(1)) == "volume", "nothing is known"


def test_what_is_restricted_can_be_left_and_not_entered() -> None:
    allowed: Any = {"restricted_symbols": frozenset({"AAPL"})}
    assert judged(intent(), **allowed) == "restricted"
    assert judged(leaving(qty=5), view(aapl=5), **allowed) == ""
    one = Limits(restricted_symbols=frozenset({"A", "B"}))
    assert one.hash == Limits(restricted_symbols=frozenset({"B", "A"})).hash != Limits().hash


def test_orders_of_a_second_are_counted() -> None:
    gate = Gate(limits(max_orders_per_s=2))
    found = [code(gate.judge(intent(qty=1 + n), view(), NOW + n)) for n in range(3)]
    assert found == ["", "", "rate_second"]
    assert code(gate.judge(intent(qty=9), view(), NOW + 1_000 * MS)) == ""
