"""Positions, their past, and stress: sums by hand, and unknown where something is missing (F47)."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from robotrader.risk.report import Book, book_of, scenarios
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import account
from tests.robotrader.risk.test_correlation import DAYS, prices

A, B = AAPL.con_id, KO.con_id
CLOSES = {A: prices(1), B: prices(2)}


def rising(closes: dict[str, float], daily: float) -> dict[str, float]:
    """These prices, each day so many times as high besides."""
    return {day: price * daily**n for n, (day, price) in enumerate(closes.items())}


def test_each_day_of_the_past_is_todays_positions_times_that_days_returns() -> None:
    book = book_of(account(10, -20), CLOSES, least_days=60)
    assert book.values == {A: 1000.0, B: -2000.0}
    one, two = (np.array(list(CLOSES[each].values())) for each in (A, B))
    expected = 1000 * (one[1:] / one[:-1] - 1) - 2000 * (two[1:] / two[:-1] - 1)
    assert book.profits == pytest.approx(expected)
    assert book.days == tuple(DAYS[1:100])


def test_betas_to_the_mean_of_what_is_watched_have_a_mean_of_one() -> None:
    book = book_of(account(10, 10), CLOSES, least_days=60)
    assert sum(book.betas.values()) / 2 == pytest.approx(1)
    assert book.watched == 2
    market = np.mean([np.diff(list(each.values())) / list(each.values())[:-1]
                      for each in CLOSES.values()], axis=0)  # fmt: skip
    slope = np.polyfit(market, book.profits, 1)[0]
    assert book.beta_value == pytest.approx(slope), "a regression of profits on the market"


def test_a_beta_is_the_slope_of_a_regression_however_much_prices_drift() -> None:
    drifting = {A: rising(CLOSES[A], 1.01), B: rising(CLOSES[B], 0.98)}
    book = book_of(account(10, -20), drifting, least_days=60)
    returns = [
        np.diff(list(each.values())) / list(each.values())[:-1] for each in drifting.values()
    ]
    slopes = [np.polyfit(np.mean(returns, axis=0), each, 1)[0] for each in returns]
    assert [book.betas[each] for each in drifting] == pytest.approx(slopes)


def test_scenarios_are_sums_that_can_be_done_by_hand() -> None:
    book = book_of(account(10, -20), CLOSES, least_days=60)
    found = {each.name: each.profit for each in scenarios(book)}
    assert found["all prices fall 10 %"] == pytest.approx(100)
    assert found["all prices rise 20 %"] == pytest.approx(-200)
    assert found["every position goes 10 % the wrong way"] == pytest.approx(-300)
    assert found["the largest position goes 30 % the wrong way"] == pytest.approx(-600)
    assert book.beta_value is not None
    by_beta = found["the market falls 10 %, each position by its beta"]
    assert by_beta == pytest.approx(-0.1 * book.beta_value)
    worst = min(zip(book.profits, book.days, strict=True))
    assert found[f"the worst day of 99: {worst[1]}"] == worst[0]
    five = [sum(book.profits[n : n + 5]) for n in range(95)]
    assert min(five) == pytest.approx(list(found.values())[-1])


def test_every_scenario_moves_by_as_much_as_its_name_says() -> None:
    """One long position that is the market loses what the name says, and gains what rises."""
    for each in scenarios(Book(values={A: 100.0}, betas={A: 1.0}))[:-1]:
        (percent,) = (int(word) for word in each.name.split() if word.isdigit())
        assert each.profit == pytest.approx(percent if "rise" in each.name else -percent)


def test_a_price_that_is_not_known_makes_everything_unknown() -> None:
    held = account(10, 10)
    lost = msgspec.structs.replace(held.positions[B], value=None, mark=None)
    seen = msgspec.structs.replace(held, positions={**held.positions, B: lost})
    book = book_of(seen, CLOSES, least_days=60)
    assert (book.values, book.profits) == (None, ())
    assert all(each.profit is None and each.why for each in scenarios(book))


@pytest.mark.parametrize("closes", [{A: CLOSES[A]}, {**CLOSES, B: {"2026-01-01": 1.0}}, {}])
def test_a_past_that_is_not_known_leaves_what_needs_no_past(
    closes: dict[int, dict[str, float]],
) -> None:
    book = book_of(account(10, 10), closes, least_days=60)
    assert book.profits == ()
    assert book.why.startswith("contract ")
    found = {each.name: each.profit for each in scenarios(book)}
    assert found["all prices fall 10 %"] == pytest.approx(-200)
    assert found["the market falls 10 %, each position by its beta"] is None
    assert found["the worst day of the past"] is None


def test_where_nothing_is_held_nothing_can_be_lost() -> None:
    book = book_of(account(), CLOSES, least_days=60)
    assert (book.values, book.why, book.watched) == ({}, "nothing is held", 0)
    assert {str(each.profit) for each in scenarios(book)} == {"0.0"}, "nor -0.0"
    assert scenarios(book)[-1].why == "nothing is held"


def test_without_a_past_and_without_a_reason_no_past_is_known() -> None:
    worst = scenarios(Book(values={A: 100.0}))[-1]
    assert (worst.profit, worst.why) == (None, "no past is known")
