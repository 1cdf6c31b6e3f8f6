"""Kelly's fraction against the literature, the growth that it promises, and at its edges."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robotrader.sizing import continuous, discrete, odds_of
from robotrader.sizing.kelly import of_trades

RATES = st.floats(0.01, 0.99)
SIZES = st.floats(0.001, 10)
RATIOS = st.lists(st.floats(-1, 5, allow_nan=False), max_size=100)


def growth(fraction: float, ratios: list[float]) -> float:
    """What capital grows by in a bet, in logarithms; ruin is minus infinity."""
    ends = [1 + fraction * each for each in ratios]
    return -math.inf if min(ends) <= 0 else math.fsum(map(math.log, ends)) / len(ends)


def best(ratios: list[float], low: float, high: float) -> float:
    """The fraction of most growth, found without any formula: growth has one peak."""
    for _ in range(80):
        third = (high - low) / 3
        if growth(low + third, ratios) < growth(high - third, ratios):
            low += third
        else:
            high -= third
    return (low + high) / 2


def test_thorp_2006_section_2_a_coin_that_wins_53_of_100_is_worth_6_percent() -> None:
    assert discrete(0.53, 1, 1) == pytest.approx(0.06)


def test_kelly_1956_an_even_bet_is_worth_twice_the_chance_less_one() -> None:
    assert [discrete(p / 10, 1, 1) for p in range(1, 10)] == pytest.approx(
        [2 * p / 10 - 1 for p in range(1, 10)]
    )


def test_thorp_2006_section_7_stocks_of_11_percent_and_15_percent_volatility_are_worth_2_22() -> (
    None
):
    assert continuous(0.11 - 0.06, 0.15**2) == pytest.approx(2.22, abs=0.005)


@given(RATES, SIZES, SIZES)
def test_no_other_fraction_of_two_outcomes_grows_faster(
    rate: float, win: float, loss: float
) -> None:
    fraction = discrete(rate, win, loss)

    def grows(each: float) -> float:
        ends = (1 + each * win, 1 - each * loss)
        if min(ends) <= 0:
            return -math.inf
        return rate * math.log(ends[0]) + (1 - rate) * math.log(ends[1])

    best_growth = grows(fraction)
    for step in (1e-3, 1e-2, 0.1):
        reach = step * (1 / win + 1 / loss)
        assert best_growth >= grows(fraction + reach) - 1e-12
        assert best_growth >= grows(fraction - reach) - 1e-12


def test_f77_a_thousand_random_histories_give_the_fraction_that_grows_fastest() -> None:
    for seed in range(1_000):
        random = Random(seed)
        win, loss = random.uniform(0.01, 0.5), random.uniform(0.01, 0.5)
        rate = random.uniform(0.3, 0.9)
        ratios = [win if random.random() < rate else -loss for _ in range(100)]
        odds = odds_of(ratios)
        if not odds.wins or not odds.losses:
            continue
        found = of_trades(odds, normal=False)
        reference = best(ratios, -1 / win + 1e-9, 1 / loss - 1e-9)
        assert found == pytest.approx(reference, abs=1e-5), f"seed {seed}"


@pytest.mark.parametrize("seed", range(5))
def test_the_continuous_fraction_is_where_many_small_normal_steps_grow_fastest(seed: int) -> None:
    random = Random(seed)
    ratios = [random.gauss(0.0005, 0.01) for _ in range(20_000)]
    odds = odds_of(ratios)
    found = of_trades(odds, normal=True)
    assert found == pytest.approx(best(ratios, 0, 15), rel=0.03), f"seed {seed}"


@given(RATIOS, st.floats(0.001, 1000))
def test_a_leverage_of_the_trades_divides_the_fraction(ratios: list[float], times: float) -> None:
    assume(all(not each or abs(each) > 1e-6 for each in ratios))
    one, other = odds_of(ratios), odds_of([each * times for each in ratios])
    fraction = of_trades(one, normal=False)
    assert of_trades(other, normal=False) * times == pytest.approx(fraction, rel=1e-6, abs=1e-9)


@given(RATIOS)
def test_the_odds_are_those_of_the_definition(ratios: list[float]) -> None:
    odds = odds_of(ratios)
    assert odds.count == len(ratios)
    assert odds.wins == sum(each > 0 for each in ratios)
    assert odds.losses == sum(each < 0 for each in ratios)
    total = odds.wins * odds.win - odds.losses * odds.loss
    assert total == pytest.approx(sum(ratios), abs=1e-9)
    assert odds.mean * len(ratios) == pytest.approx(sum(ratios), abs=1e-9)


def test_a_trade_that_brought_nothing_neither_wins_nor_loses() -> None:
    with_it, without = odds_of([0.1, -0.1, 0.1, 0.0]), odds_of([0.1, -0.1, 0.1])
    assert of_trades(with_it, normal=False) == of_trades(without, normal=False)
    assert (with_it.wins, with_it.losses) == (2, 1)


def test_where_nothing_was_ever_lost_or_won_the_fraction_has_no_end() -> None:
    assert of_trades(odds_of([0.1, 0.2]), normal=False) == math.inf
    assert of_trades(odds_of([-0.1]), normal=False) == -math.inf
    assert of_trades(odds_of([]), normal=False) == of_trades(odds_of([0.0]), normal=False) == 0
    assert continuous(0.1, 0) == math.inf
    assert continuous(-0.1, 0) == -math.inf
    assert continuous(0.0, 0) == 0
    assert discrete(0.5, 0.0, 0.1) == -math.inf
    assert discrete(0.5, 0.1, 0.0) == math.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda: discrete(1.1, 1, 1),
        lambda: discrete(math.nan, 1, 1),
        lambda: discrete(0.5, -1, 1),
        lambda: discrete(0.5, 1, -1),
        lambda: discrete(0.5, math.inf, 1),
        lambda: continuous(math.nan, 1),
        lambda: continuous(0.1, -1),
        lambda: continuous(0.1, math.nan),
        lambda: continuous(0.1, math.inf),
        lambda: odds_of([0.1, math.nan]),
        lambda: odds_of([math.inf]),
    ],
)
def test_what_are_no_odds_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=r"give|finite"):
        call()
