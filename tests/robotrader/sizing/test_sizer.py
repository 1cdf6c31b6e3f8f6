"""Sizes: never more than their fraction, never rounded up, nothing where something is unknown."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from statistics import stdev
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Funds, Instrument, Sizing
from robotrader.sizing import SizeKind, Sizer, SizeRule
from tests.robotrader.strategies.kit import AAPL, bars

RICH = Funds(equity=Decimal(100_000), drawdown=0.0)
KINDS = [kind for kind in SizeKind if kind is not SizeKind.NONE]
CLOSES = [100.0, 101, 99, 100, 102, 101, 100, 99, 98, 100]
TRADES = (0.10, -0.05) * 30
"""Half of them win 10 percent, half lose 5: Kelly's fraction is .5 / .05 - .5 / .1 = 5."""


def sizer(kind: SizeKind, share: float = 0.5, **keys: Any) -> Sizer:
    instrument = keys.pop("instrument", AAPL)
    made = Sizer(SizeRule(kind=kind, period=2, **keys), share=share, instrument=instrument)
    for bar in bars(CLOSES):
        made.update(bar)
    return made


def kelly(funds: Funds, **keys: Any) -> Sizing:
    return sizer(SizeKind.KELLY, **keys).size(100.0, funds)


def with_trades(trades: tuple[float, ...] = TRADES, drawdown: float = 0.0) -> Funds:
    return msgspec.structs.replace(RICH, trades=trades, drawdown=drawdown)


def test_a_fixed_fraction_buys_what_it_pays_for_rounded_down() -> None:
    size = sizer(SizeKind.FIXED, fraction=0.3).size(99.0, RICH)
    assert size.qty == 151
    assert size.weight == 0.3
    assert size.bankroll == 50_000


@given(
    kind=st.sampled_from(KINDS),
    price=st.floats(0.01, 1e6),
    equity=st.decimals(1, 10**9, places=2),
    share=st.floats(0.001, 1),
    trades=st.lists(st.floats(-1, 3), max_size=60),
    drawdown=st.floats(0, 1),
    step=st.sampled_from([Decimal(1), Decimal("0.01"), Decimal(100)]),
    multiplier=st.sampled_from([1, 50]),
)
def test_no_size_is_worth_more_than_its_fraction_or_more_than_the_bankroll(
    *,
    kind: SizeKind,
    price: float,
    equity: Decimal,
    share: float,
    trades: list[float],
    drawdown: float,
    step: Decimal,
    multiplier: int,
) -> None:
    contract = Instrument(con_id=1, symbol="X", size_step=step, multiplier=multiplier)
    rule = sizer(kind, share, instrument=contract)
    size = rule.size(price, Funds(equity=equity, drawdown=drawdown, trades=tuple(trades)))
    assert size.bankroll is not None
    assert size.bankroll <= equity
    assert 0 <= size.weight <= 1
    worth = size.qty * Decimal(repr(price)) * multiplier
    allowed = size.bankroll * Decimal(repr(size.weight))
    assert worth <= allowed < worth + step * Decimal(repr(price)) * multiplier
    assert size.qty % step == 0
    if kind in {SizeKind.KELLY, SizeKind.KELLY_CONTINUOUS}:
        assert size.weight <= 0.25


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("price", [None, 0.0, -1.0, math.nan, math.inf])
def test_without_a_price_there_is_no_size(kind: SizeKind, price: float | None) -> None:
    size = sizer(kind).size(price, RICH)
    assert size.qty == 0
    assert size.why == "the price is not known"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("equity", [None, Decimal(0), Decimal(-5)])
def test_without_equity_there_is_no_size(kind: SizeKind, equity: Decimal | None) -> None:
    size = sizer(kind).size(100.0, Funds(equity=equity, drawdown=0.0))
    assert size.qty == 0
    assert "equity" in size.why


@given(
    st.sampled_from([0.01, 0.25, 7.0, 99.99, 100.0]),
    st.integers(1, 10**6),
    st.sampled_from([Decimal(1), Decimal("0.01"), Decimal(100), Decimal("0.5")]),
    st.sampled_from([1, 5, 50, 100]),
    st.sampled_from([0.1, 0.3, 1.0]),
)
def test_a_fraction_buys_as_many_whole_steps_as_it_pays_for_and_not_one_more(
    price: float, equity: int, step: Decimal, multiplier: int, fraction: float
) -> None:
    """As a boy of ten would count: so many contracts, each worth so much, in packs of a step."""
    contract = Instrument(con_id=1, symbol="X", size_step=step, multiplier=multiplier)
    rule = sizer(SizeKind.FIXED, 1.0, instrument=contract, fraction=fraction)
    size = rule.size(price, Funds(equity=Decimal(equity), drawdown=0.0))
    pack = Fraction(step) * Fraction(Decimal(repr(price))) * multiplier
    packs = Fraction(equity) * Fraction(repr(fraction)) // pack
    assert Fraction(size.qty) == packs * Fraction(step)


def test_prices_between_the_finest_and_the_largest_number_buy_and_others_do_not() -> None:
    """The finest is a hundredth of a billionth of a billionth: below it nothing has a price."""
    rule = sizer(SizeKind.FIXED, 1.0, instrument=AAPL)
    for price in (1e-20, 9.999999999999998e17):
        assert rule.size(price, RICH).why != "the price is not known"
    for price in (math.nextafter(1e-20, 0), 1e18):
        assert rule.size(price, RICH).why == "the price is not known"


def test_before_a_bar_was_seen_no_volatility_is_known() -> None:
    young = Sizer(SizeRule(kind=SizeKind.VOLATILITY, period=2), share=0.5, instrument=AAPL)
    assert young.size(100.0, RICH).why == "volatility is not known before 3 bars"


def test_a_price_of_nothing_is_no_move() -> None:
    """A spread may be worth nothing: what comes before and after it is not compared with it."""
    rule = sizer(SizeKind.VOLATILITY)
    before = rule.size(100.0, RICH).weight
    for bar in bars([0.0, 100.0]):
        rule.update(bar)
    assert rule.size(100.0, RICH).weight == before


def test_too_little_money_for_one_share_says_so() -> None:
    size = sizer(SizeKind.FIXED, fraction=0.1).size(5_001.0, RICH)
    assert size.qty == 0
    assert size.why == "a fixed fraction; 5000.00 do not buy 1 at 5001.0"


def test_the_volatility_target_is_over_that_of_a_year_of_such_bars() -> None:
    moves = [math.log(b / a) for a, b in zip(CLOSES[-3:], CLOSES[-2:], strict=False)]
    yearly = stdev(moves) * math.sqrt(252 * 390)
    size = sizer(SizeKind.VOLATILITY, target_volatility=0.05).size(100.0, RICH)
    assert size.weight == pytest.approx(0.05 / yearly)
    assert dict(size.inputs)["volatility"] == pytest.approx(yearly)


def test_an_atr_size_loses_its_risk_when_the_price_goes_that_far() -> None:
    size = sizer(SizeKind.ATR, risk=0.01, atr_multiple=3).size(100.0, RICH)
    atr = dict(size.inputs)["atr"]
    lost = float(size.qty) * 3 * atr
    assert 0.98 * 500 < lost <= 500, "1 % of the bankroll of 50,000, but for a share's part"


@pytest.mark.parametrize("kind", [SizeKind.VOLATILITY, SizeKind.ATR])
def test_before_its_bars_were_seen_there_is_no_size(kind: SizeKind) -> None:
    young = Sizer(SizeRule(kind=kind, period=5), share=0.5, instrument=AAPL)
    assert young.warmup_bars >= 5
    size = young.size(100.0, RICH)
    assert size.qty == 0
    assert "not known" in size.why


def test_a_price_that_never_moves_has_no_volatility_to_aim_at() -> None:
    flat = Sizer(SizeRule(kind=SizeKind.VOLATILITY, period=2), share=0.5, instrument=AAPL)
    for bar in bars([100.0] * 9):
        flat.update(bar)
    assert flat.size(100.0, RICH).qty == 0


def test_kelly_is_a_part_of_its_fraction_up_to_the_cap() -> None:
    assert kelly(with_trades()).weight == 0.25
    assert kelly(with_trades(), kelly_part=0.04).weight == pytest.approx(0.2)
    assert kelly(with_trades(), kelly_part=0.04, kelly_cap=0.1).weight == 0.1
    assert dict(kelly(with_trades()).inputs)["kelly"] == pytest.approx(5)


def test_kelly_puts_nothing_in_where_the_odds_are_against_it() -> None:
    size = kelly(with_trades((-0.10, 0.05) * 30))
    assert size.qty == 0
    assert size.weight == 0


def test_kelly_is_not_believed_before_thirty_trades() -> None:
    few, enough = kelly(with_trades(TRADES[:29])), kelly(with_trades(TRADES[:30]))
    assert (few.weight, enough.weight) == (0.02, 0.25)
    assert few.why.startswith("29 of 30 trades")


def test_kelly_looks_back_at_the_newest_trades_only() -> None:
    old = (-0.5,) * 100
    assert kelly(with_trades(old + TRADES), lookback=60).weight == 0.25
    assert kelly(with_trades(old + TRADES), lookback=160).weight == 0


def test_kelly_shrinks_with_the_drawdown_and_is_nothing_where_that_is_not_known() -> None:
    weights = [kelly(with_trades(drawdown=each)).weight for each in (0.0, 0.05, 0.1, 0.2, 0.9)]
    assert weights == pytest.approx([0.25, 0.1875, 0.125, 0, 0])
    assert kelly(Funds(equity=Decimal(1000), trades=TRADES)).qty == 0


def test_continuous_kelly_uses_mean_and_variance() -> None:
    size = sizer(SizeKind.KELLY_CONTINUOUS, kelly_part=0.001).size(100.0, with_trades())
    odds = dict(size.inputs)
    assert odds["kelly"] == pytest.approx(odds["mean"] / odds["variance"])
    assert size.weight == pytest.approx(0.001 * odds["kelly"])


def test_a_sizer_without_a_rule_or_a_bankroll_is_refused() -> None:
    for rule, share in ((SizeRule(), 0.5), (SizeRule(kind=SizeKind.FIXED), 0.0)):
        with pytest.raises(ValueError, match="give a rule and 0 to 1"):
            Sizer(rule, share=share, instrument=AAPL)
