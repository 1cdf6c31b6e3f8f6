"""Every entry of a strategy with a rule has its legs; stops come nearer, cancels are its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robotrader.domain import Bar, Leg, OrderType, Purpose, Quote, Side
from robotrader.strategies import (
    Context,
    Fill,
    Outcome,
    Standing,
    StopKind,
    StopRule,
    StrategyHost,
)
from tests.robotrader.strategies.kit import AAPL, START, Deed, Does, M, S, bars

KINDS = st.sampled_from([StopKind.FIXED, StopKind.PERCENT, StopKind.ATR, StopKind.TRAILING])


def host(bar: Deed, quote: Deed = lambda *_: None, **rule: Any) -> StrategyHost:
    made = StopRule(**rule)
    return StrategyHost(Does(bar, quote=quote), name="s", instrument=AAPL, stop=made)


def legs(outcome: Outcome) -> tuple[Leg, ...]:
    (intent,) = outcome.intents
    return intent.legs


def filled(made: StrategyHost, side: Side, qty: int, seq: int = 1, at_ns: int = START) -> None:
    told = Fill(
        seq=seq, con_id=AAPL.con_id, side=side, qty=Decimal(qty), price=Decimal(100), time_ns=at_ns
    )
    made.fill(told)


@pytest.mark.parametrize(
    ("rule", "trigger"),
    [
        ({"kind": StopKind.FIXED, "value": 2.5}, "97.5"),
        ({"kind": StopKind.PERCENT, "value": 3.0}, "97"),
        ({"kind": StopKind.ATR, "value": 2.0, "atr_bars": 2}, "98"),
    ],
)
def test_an_entry_has_a_stop_at_its_distance(rule: dict[str, Any], trigger: str) -> None:
    made = host(lambda ctx, _: ctx.buy(10), **rule)
    outcome = Outcome()
    for n in range(8):
        start = START + n * M
        bar = Bar(AAPL.con_id, start, start + M, 100.0, 100.5, 99.5, 100.0, 10.0, 100.0, 5)
        outcome = made.bar(bar, live=n == 7)
    assert legs(outcome) == (Leg(order_type=OrderType.STOP, aux_price=Decimal(trigger)),)


@given(KINDS, st.floats(0.5, 50), st.floats(10, 5_000), st.booleans(), st.floats(0, 50))
def test_the_stop_is_on_the_losing_side_and_the_profit_on_the_other(
    kind: StopKind, value: float, price: float, long: bool, profit: float
) -> None:
    deed: Deed = lambda ctx, _: ctx.buy(10) if long else ctx.sell(10)  # noqa: E731
    made = host(deed, kind=kind, value=value, take_profit=profit, atr_bars=1)
    outcome = Outcome()
    assume(kind is not StopKind.FIXED or value < price)
    price = round(price, 2)
    for bar in bars([price] * 5):
        outcome = made.bar(bar)
    sign = 1 if long else -1
    for leg in [leg for each in outcome.intents for leg in each.legs]:
        if leg.limit_price is not None:
            assert (float(leg.limit_price) - price) * sign >= -0.01
        elif leg.aux_price is not None:
            assert (float(leg.aux_price) - price) * sign <= 0.01
        else:
            assert leg.trail_percent == Decimal(repr(value))


def test_what_the_strategy_says_itself_counts() -> None:
    made = host(lambda ctx, _: ctx.buy(10, stop=90), kind=StopKind.PERCENT, value=1.0)
    (bar,) = bars([100.0])
    assert legs(made.bar(bar)) == (Leg(order_type=OrderType.STOP, aux_price=Decimal(90)),)


def test_a_trailing_stop_is_the_brokers_own() -> None:
    made = host(lambda ctx, _: ctx.buy(10, trail_percent=2))
    (bar,) = bars([100.0])
    assert legs(made.bar(bar)) == (Leg(order_type=OrderType.TRAIL, trail_percent=Decimal(2)),)


@pytest.mark.parametrize(
    "rule", [{"kind": StopKind.FIXED}, {"kind": StopKind.PERCENT, "value": 100.0}]
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give"):
        StopRule(**rule)


def test_an_exit_takes_no_legs_of_the_rule() -> None:
    made = host(lambda ctx, _: ctx.close(), kind=StopKind.PERCENT, value=1.0)
    made.start(START, standing=Standing(position=Decimal(10)))
    (bar,) = bars([100.0])
    assert legs(made.bar(bar)) == ()


def test_a_position_is_given_up_in_time_and_says_that_the_stop_is_synthetic() -> None:
    def nothing(_ctx: Context, _what: object) -> None:
        """Hold on."""

    made = host(nothing, hold_s=90.0)
    made.start(START)
    first, second, third = bars([100.0, 100.0, 100.0])
    made.bar(first)
    filled(made, Side.BUY, 10, at_ns=first.end_ns)
    assert not made.bar(second).intents
    again = host(nothing, hold_s=90.0)
    again.start(
        second.end_ns, saved=made.saved() or b"", standing=Standing(position=Decimal(10), seq=1)
    )
    (exit_,) = again.bar(third).intents
    assert (exit_.purpose, exit_.qty) == (Purpose.EXIT, Decimal(10))
    assert "synthetic" in exit_.reason


def test_cancel_names_what_works_and_nothing_else() -> None:
    made = host(lambda ctx, _: ctx.cancel() or ctx.buy(10, limit=99))
    first, second = bars([100.0, 100.0])
    (entry,) = made.bar(first).intents
    outcome = made.bar(second)
    assert [wish.ref for wish in outcome.cancels] == [entry.cause]


def test_f75_a_stop_is_moved_only_while_there_is_a_position() -> None:
    def follow(ctx: Context, quote: Quote) -> None:
        ctx.move_stop(quote.bid - 1)

    made = host(lambda *_: None, follow)
    assert not made.quote(Quote(AAPL.con_id, START, 100.0, 100.02, 1, 1)).stops
    filled(made, Side.BUY, 10)
    (wish,) = made.quote(Quote(AAPL.con_id, START + S, 101.0, 101.02, 1, 1)).stops
    assert (wish.trigger, wish.strategy) == (Decimal(100), "s")
