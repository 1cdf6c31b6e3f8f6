"""When a loss is at its limit, asked directly: at nothing lost, nothing known and nothing there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.ledger import LedgerView, PositionView
from robotrader.risk import Switch, TripRules, due, ratio
from robotrader.risk.losses import daily_loss, drawdown, lost_in_a_row, position_loss, streak
from tests.robotrader.ledger.kit import AAPL
from tests.robotrader.risk.kit import NOW, account, limits
from tests.robotrader.risk.test_switch import signs

D = Decimal
CENTS = st.integers(-500_000, 500_000).map(lambda cents: D(cents) / 100)
SHARES = st.integers(0, 100).map(lambda percent: D(percent) / 100)


def day(daily: Decimal, equity: Decimal) -> LedgerView:
    return replace(account(), daily=daily, day_equity=equity)


def fallen(drop: Decimal, peak: Decimal) -> LedgerView:
    return replace(account(), drawdown=drop, peak=peak)


def held(unrealized: Decimal | None) -> PositionView:
    return replace(account(aapl=1).positions[AAPL.con_id], unrealized=unrealized)


@pytest.mark.parametrize("trips", [False, True], ids=["gate", "switch"])
@given(daily=CENTS, equity=CENTS, share=SHARES)
def test_a_day_is_too_bad_exactly_from_its_limit_on_and_never_without_a_loss(
    trips: bool, daily: Decimal, equity: Decimal, share: Decimal
) -> None:
    """With equity above 0 a day that lost nothing never is, even at a limit of nothing."""
    name, other = ("max_daily_loss", "switch_daily_loss")[:: -1 if trips else 1]
    allowed = limits(**{name: ratio(share), other: ratio(0)})  # the other's says nothing here
    found = daily_loss(day(daily, equity), allowed, trips=trips)
    assert found is not None
    assert bool(found) is (-daily >= share * equity and (daily < 0 or equity <= 0))


@pytest.mark.parametrize("trips", [False, True], ids=["gate", "switch"])
@given(drop=CENTS.map(abs), peak=CENTS, share=SHARES)
def test_a_fall_is_too_deep_exactly_from_its_limit_on_and_never_without_a_fall(
    trips: bool, drop: Decimal, peak: Decimal, share: Decimal
) -> None:
    name, other = ("max_drawdown", "switch_drawdown")[:: -1 if trips else 1]
    allowed = limits(**{name: ratio(share), other: ratio(0)})  # the other's says nothing here
    found = drawdown(fallen(drop, peak), allowed, trips=trips)
    assert found is not None
    assert bool(found) is (drop >= share * peak and (drop > 0 or peak <= 0))


@pytest.mark.parametrize("name", ["daily_loss", "drawdown"])
def test_who_had_nothing_at_the_start_enters_nothing_and_who_lost_nothing_passes(name: str) -> None:
    """Of no equity every loss is the whole; of some, even a limit of nothing lets nothing pass."""
    none: Any = limits(max_daily_loss=ratio(0), max_drawdown=ratio(0))
    judge = daily_loss if name == "daily_loss" else drawdown
    made = day if name == "daily_loss" else fallen
    assert judge(made(D(0), D(0)), none)
    assert judge(made(D(0), D(1)), none) == ""
    lost = D(-1) if name == "daily_loss" else D(1)
    assert judge(made(lost, D(100)), none)


@pytest.mark.parametrize("amount", [None, D("nan"), D("inf")])
def test_a_loss_of_which_a_part_is_no_number_is_not_known(amount: Decimal | None) -> None:
    for field in ("daily", "day_equity"):
        assert daily_loss(replace(account(), **{field: amount}), limits()) is None
    for field in ("drawdown", "peak"):
        assert drawdown(replace(account(), **{field: amount}), limits()) is None


def test_the_smaller_of_the_limits_in_dollars_and_of_equity_counts() -> None:
    for usd, part, most in ((D(10), "0.5", 10), (D(60), "0.5", 50)):
        both = limits(max_daily_loss=ratio(part), max_daily_loss_usd=usd)
        assert daily_loss(day(D("0.01") - most, D(100)), both) == ""
        assert daily_loss(day(D(-most), D(100)), both)


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(0, 9), st.integers(0, 5))
def test_a_row_of_losses_is_too_long_from_its_limit_on_and_what_was_forgiven_is_none(
    losses: list[int], forgiven: int, most: int
) -> None:
    seen = replace(account(), losses_ns=tuple(losses))
    count = len([at for at in losses if at > forgiven])
    assert lost_in_a_row(seen, forgiven) == count
    found = streak(seen, limits(max_losses_row=most), forgiven)
    assert bool(found) is (0 < most <= count)
    assert not found or found.startswith(f"{count} trades")


@given(CENTS, CENTS.map(abs), SHARES)
def test_a_position_lost_too_much_exactly_from_its_limit_on(
    unrealized: Decimal, equity: Decimal, share: Decimal
) -> None:
    found = position_loss(held(unrealized), equity, ratio(share))
    assert bool(found) is (unrealized < 0 and -unrealized >= share * equity)


def test_a_position_that_lost_nothing_or_nobody_knows_what_is_within_its_limit() -> None:
    assert position_loss(held(D(0)), D(0), ratio(1)) == ""
    assert position_loss(held(None), D(100), ratio(0)) == ""
    assert position_loss(held(D(-1)), None, ratio(0)) == ""
    assert position_loss(held(D(-1)), D(100), None) == ""
    assert position_loss(held(D(-1)), D(100), ratio(0)).startswith("1 were lost")


def test_without_a_ledger_no_position_is_known_to_have_lost() -> None:
    rules = TripRules(max_position_loss=ratio(0))
    assert due(signs(ledger=None), Switch(), limits(), rules, NOW) == ()
    lost = signs(ledger=account(aapl=1_000, mark=99.0))
    assert [each.trigger for each in due(lost, Switch(), limits(), rules, NOW)] == ["position_loss"]
