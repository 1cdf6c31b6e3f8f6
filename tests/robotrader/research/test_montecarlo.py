"""What else might have happened: against every order there is, and in its closed forms."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.research import LEVELS, METHODS, OF_DAYS, Paths, Spread, of_days, of_trades
from tests.robotrader.research.kit import noise

GAINS = st.lists(st.floats(-20, 20), min_size=1, max_size=30)


def spread(made: Paths, name: str) -> Spread:
    (found,) = (each for each in made.spreads if each.name == name)
    return found


def fall(line: list[float], base: float) -> float:
    best, worst = base, 0.0
    for value in line:
        best = max(best, value)
        worst = max(worst, 1 - value / best)
    return worst


def wealth(gains: tuple[float, ...], base: float) -> list[float]:
    found, now = [], base
    for gain in gains:
        now = 0.0 if now <= 0 else max(now + gain, 0.0)
        found.append(now)
    return found


def test_orders_of_trades_fall_as_often_as_all_orders_do() -> None:
    """720 orders of six trades, written out, against 4,000 drawn ones."""
    gains, base = (12.0, -7.0, 5.0, -11.0, 3.0, -2.0), 100.0
    exact = [fall(wealth(each, base), base) for each in permutations(gains)]
    made = of_trades(gains, base, "shuffle", count=4_000, seed=5)
    for level, value in zip(LEVELS, spread(made, "drawdown").values, strict=True):
        share = float((np.array(exact) <= value + 1e-12).mean())
        below = float((np.array(exact) < value - 1e-12).mean())
        assert below - 0.03 <= level <= share + 0.03
    assert made.deeper["10%"] == pytest.approx(np.mean(np.array(exact) > 0.1), abs=0.03)
    assert spread(made, "end value").values == pytest.approx([100.0] * 5)


def test_draws_of_trades_lose_as_often_as_all_draws_do() -> None:
    gains, base = (9.0, -8.0, 4.0, -6.0), 50.0
    exact = np.mean([sum(each) < 0 for each in product(gains, repeat=4)])
    made = of_trades(gains, base, "resample", count=4_000, seed=6)
    assert made.loss == pytest.approx(exact, abs=0.03)


def test_an_account_without_money_does_not_trade_on() -> None:
    made = of_trades([-60.0, -60.0, 500.0], 100.0, "shuffle", count=300, seed=1)
    ends = {round(each) for each in spread(made, "end value").values}
    assert ends <= {0, 480}
    assert made.deeper["50%"] > 0.3
    assert (made.real[-1], spread(made, "drawdown").real) == (0.0, 1.0)


@settings(deadline=None, max_examples=25)
@given(GAINS, st.integers(0, 1_000), st.sampled_from(METHODS))
def test_paths_are_of_their_seed_and_more_begin_with_the_same(
    gains: list[float], seed: int, method: str
) -> None:
    def drawn(count: int) -> Paths:
        if method in OF_DAYS:
            returns = np.array(gains) / 100
            return of_days(returns, 1e3, method, count=count, seed=seed, block=2.0)
        return of_trades(gains, 1e3, method, count=count, seed=seed)

    made = drawn(7)
    assert made == drawn(7)
    assert len(made.fan) == len(LEVELS)
    assert all(len(line) == len(made.at) == len(made.real) for line in made.fan)
    assert made.at[-1] == len(gains) - 1
    for each in made.spreads:
        assert list(each.values) == sorted(each.values)
        assert 0 <= each.rank <= 1
    one = drawn(1)
    assert spread(one, "end value").values == pytest.approx([one.fan[0][-1]] * 5)


def test_days_that_are_all_alike_have_one_future() -> None:
    made = of_days(np.full(252, 0.001), 100.0, "stationary", count=20, seed=1)
    assert spread(made, "return a year").values == pytest.approx([1.001**252 - 1] * 5)
    assert spread(made, "drawdown").values == pytest.approx([0.0] * 5, abs=1e-12)
    assert (made.loss, made.block) == (0.0, 1.0)


@pytest.mark.parametrize("method", OF_DAYS)
def test_what_happened_is_in_the_middle_of_its_own_draws(method: str) -> None:
    made = of_days(noise(600, 4, 0.0005), 1e5, method, count=1_500, seed=2)
    assert 0.4 < spread(made, "end value").rank < 0.6
    assert made.steps == 600
    assert made.block is not None


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw from"):
        of_trades([], 1.0, "shuffle", count=1, seed=1)
    with pytest.raises(ValueError, match="by shuffle or resample"):
        of_trades([1.0], 1.0, "stationary", count=1, seed=1)
    with pytest.raises(ValueError, match=r"0 paths of 1\.0"):
        of_days([0.1], 1.0, "circular", count=0, seed=1)
