"""The rules of sizes as they are when nobody says anything, and how far each number may go."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from robotrader.domain import Funds
from robotrader.ledger import Closed
from robotrader.sizing import SizeKind, Sizer, SizeRule
from robotrader.sizing.funds import funds_of
from robotrader.sizing.kelly import discrete, odds_of
from tests.robotrader.ledger.kit import CASH, ledger, rolled
from tests.robotrader.strategies.kit import AAPL, bars

BOUNDS: dict[str, tuple[float, float, float]] = {
    "fraction": (1.0, 0, 1),
    "target_volatility": (0.15, 0, 2),
    "risk": (0.01, 0, 0.1),
    "atr_multiple": (2.0, 0, 20),
    "kelly_part": (0.5, 0, 1),
    "kelly_cap": (0.25, 0, 0.25),
    "first_fraction": (0.02, 0, 0.25),
    "drawdown_zero": (0.2, 0, 1),
}
"""What a fraction is by itself; it is above the second number and at most the third."""

COUNTS: dict[str, tuple[int, int, int]] = {
    "period": (20, 2, 1_000),
    "min_trades": (30, 2, 200),
    "lookback": (100, 2, 200),
}
"""What a count is by itself, the least and the most."""


def rule(**keys: Any) -> SizeRule:
    return msgspec.convert(keys, SizeRule)


@pytest.mark.parametrize("name", BOUNDS)
def test_a_fraction_has_its_default_and_its_bounds(name: str) -> None:
    default, above, most = BOUNDS[name]
    assert getattr(SizeRule(), name) == default
    assert getattr(rule(**{name: most}), name) == most
    assert getattr(rule(**{name: above + 1e-9}), name) == above + 1e-9
    for wrong in (above, most + 1e-9, -default, math.nan, math.inf, "1", True, None):
        with pytest.raises(msgspec.ValidationError):
            rule(**{name: wrong})


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_has_its_default_and_its_bounds(name: str) -> None:
    default, least, most = COUNTS[name]
    assert getattr(SizeRule(), name) == default
    for right in (least, most):
        assert getattr(rule(**{name: right}), name) == right
    for wrong in (least - 1, most + 1, 2.5, "3", None, True):
        with pytest.raises(msgspec.ValidationError):
            rule(**{name: wrong})


def test_funds_are_equity_the_lost_part_of_the_peak_and_what_trades_won() -> None:
    view = ledger(rolled("2026-11-20", CASH)).view({})
    lost = msgspec.structs.replace(view, peak=Decimal(200), drawdown=Decimal(50))
    closed = [
        Closed(strategy="s", gain=Decimal(won), cost=Decimal(10), time_ns=0) for won in (5, -2)
    ]
    found = funds_of(lost, closed)
    assert found == Funds(equity=view.equity, drawdown=0.25, trades=(0.5, -0.2))
    half = msgspec.structs.replace(view, peak=Decimal("0.5"), drawdown=Decimal("0.1"))
    assert funds_of(half, ()).drawdown == 0.2
    for unknown in ({"peak": None}, {"drawdown": None}, {"peak": Decimal(0)}):
        assert funds_of(msgspec.structs.replace(lost, **unknown), ()).drawdown is None


def test_odds_are_the_samples_and_kelly_of_certainty_is_without_end() -> None:
    odds = odds_of((0.1, 0.3))
    assert odds.mean == pytest.approx(0.2)
    assert odds.variance == pytest.approx(0.02), "divided by one less than there are"
    assert math.isnan(odds_of((0.1,)).variance)
    assert odds.loss == 0.0
    assert discrete(1.0, 0.1, 0.1) == math.inf
    assert discrete(0.0, 0.1, 0.1) == -math.inf
    assert discrete(0.5, 0.2, 0.1) == pytest.approx(2.5)


def test_a_share_is_above_0_and_at_most_all() -> None:
    fixed = SizeRule(kind=SizeKind.FIXED)
    assert Sizer(fixed, share=1.0, instrument=AAPL).share == 1.0
    for wrong in (0.0, 1.001, -0.5, math.nan):
        with pytest.raises(ValueError, match="give a rule and 0 to 1"):
            Sizer(fixed, share=wrong, instrument=AAPL)


@pytest.mark.parametrize(
    ("kind", "warmup"),
    [(SizeKind.FIXED, 0), (SizeKind.KELLY, 0), (SizeKind.VOLATILITY, 21), (SizeKind.ATR, 100)],
)
def test_how_many_bars_a_size_needs(kind: SizeKind, warmup: int) -> None:
    assert Sizer(SizeRule(kind=kind), share=1.0, instrument=AAPL).warmup_bars == warmup


@pytest.mark.parametrize("day", [86_400, 7 * 86_400])
def test_a_bar_of_a_day_or_more_is_one_of_252(day: int) -> None:
    sizer = Sizer(SizeRule(kind=SizeKind.VOLATILITY, period=2), share=1.0, instrument=AAPL)
    for n, bar in enumerate(bars([100.0, 101.0, 99.0, 100.0])):
        start = n * day * 10**9
        sizer.update(msgspec.structs.replace(bar, start_ns=start, end_ns=start + day * 10**9))
    moves = [math.log(99 / 101), math.log(100 / 99)]
    yearly = abs(moves[1] - moves[0]) / math.sqrt(2) * math.sqrt(252)
    found = sizer.size(100.0, Funds(equity=Decimal(1_000), drawdown=0.0))
    assert dict(found.inputs)["volatility"] == pytest.approx(yearly)


def test_a_price_below_a_dollar_moves_too_and_one_that_is_none_does_not() -> None:
    sizer = Sizer(SizeRule(kind=SizeKind.VOLATILITY, period=2), share=1.0, instrument=AAPL)
    for bar in bars([0.0, 0.5, 0.6, 0.5]):
        sizer.update(bar)
    funds = Funds(equity=Decimal(1_000), drawdown=0.0)
    assert dict(sizer.size(0.5, funds).inputs)["volatility"] > 0
    nothing = sizer.size(None, funds)
    assert (nothing.qty, nothing.weight) == (Decimal(0), 0.0)
    assert nothing.bankroll is None
