"""A strategy without a method for quotes is not told of them; what else they mean stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, Funds, Quote, Side
from robotrader.sizing import SizeKind, Sizer, SizeRule
from robotrader.strategies import (
    NOTHING,
    Context,
    Fill,
    Params,
    State,
    StopKind,
    StopRule,
    Strategy,
    StrategyHost,
)
from tests.robotrader.strategies.kit import AAPL, START, M, S

RULES = [
    StopRule(),
    StopRule(hold_s=90.0),
    StopRule(kind=StopKind.PERCENT, value=3.0),
    StopRule(kind=StopKind.TRAILING, value=2.0),
]


class Deaf(Strategy[Params, State]):
    """Enters and leaves in turn, at bars."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if ctx.position:
            ctx.close()
        else:
            ctx.buy()


class Hears(Deaf):
    """The same with a method for quotes, which does nothing."""

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        pass


def host(kind: type[Deaf], rule: StopRule) -> StrategyHost:
    sizer = Sizer(SizeRule(kind=SizeKind.FIXED, fraction=0.5), share=0.1, instrument=AAPL)
    made = StrategyHost(kind(Params()), name="s/AAPL", instrument=AAPL, sizer=sizer, stop=rule)
    made.funds = lambda: Funds(equity=Decimal(100_000), drawdown=0.0)
    made.start(START)
    return made


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.tuples(st.sampled_from(["bar", "quote", "fill"]), st.integers(90, 110))))
def test_what_bars_and_fills_lead_to_is_what_a_strategy_with_such_a_method_has(
    rule: StopRule, told: list[tuple[str, int]]
) -> None:
    deaf, hears = host(Deaf, rule), host(Hears, rule)
    assert deaf.hears_quotes is bool(rule.hold_s)
    for n, (kind, price) in enumerate(told, 1):
        at_ns, found = START + n * M, float(price)
        event: Any = {
            "bar": Bar(AAPL.con_id, at_ns, at_ns + M, found, found, found, found, 1.0, found, 1),
            "quote": Quote(AAPL.con_id, at_ns + S, found - 0.01, found + 0.01, 1.0, 1.0),
            "fill": Fill(
                seq=n, con_id=AAPL.con_id, side=Side.BUY if n % 2 else Side.SELL,
                qty=Decimal(1), price=Decimal(price), time_ns=at_ns,
            ),
        }[kind]  # fmt: skip
        outcomes = [getattr(each, kind)(event) for each in (deaf, hears)]
        assert outcomes[0] == outcomes[1]
        assert (deaf.whole(), deaf.settled) == (hears.whole(), hears.settled)


class Plain(Strategy[Params, State]):
    """Says itself how much, so that no price but its bars' means anything."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if ctx.position:
            ctx.close(reason=f"at {bar.close}")
        else:
            ctx.buy(1, limit=bar.close)


@pytest.mark.parametrize("rule", RULES)
def test_quotes_are_needed_for_sizes_stops_and_a_method_for_them(rule: StopRule) -> None:
    plain = StrategyHost(Plain(Params()), name="s/AAPL", instrument=AAPL, stop=rule)
    assert plain.needs_quotes is (rule != StopRule())
    assert host(Deaf, rule).needs_quotes
    assert StrategyHost(Hears(Params()), name="s/AAPL", instrument=AAPL).needs_quotes


@given(st.lists(st.tuples(st.sampled_from(["bar", "quote", "fill"]), st.integers(90, 110))))
def test_who_needs_no_quotes_does_the_same_without_them(told: list[tuple[str, int]]) -> None:
    with_them, without = (
        StrategyHost(Plain(Params()), name="s/AAPL", instrument=AAPL) for _ in range(2)
    )
    for each in (with_them, without):
        each.start(START)
        assert not each.needs_quotes
    for n, (kind, price) in enumerate(told, 1):
        at_ns, found = START + n * M, float(price)
        if kind == "quote":
            quote = Quote(AAPL.con_id, at_ns + S, found - 0.01, found + 0.01, 1.0, 1.0)
            assert with_them.quote(quote) is NOTHING
        elif kind == "bar":
            bar = Bar(AAPL.con_id, at_ns, at_ns + M, found, found, found, found, 1.0, found, 1)
            assert with_them.bar(bar) == without.bar(bar)
        else:
            side = Side.BUY if n % 2 else Side.SELL
            fill = Fill(
                seq=n, con_id=AAPL.con_id, side=side, qty=Decimal(1), price=Decimal(price),
                time_ns=at_ns,
            )  # fmt: skip
            assert with_them.fill(fill) == without.fill(fill)
        assert with_them.whole() == without.whole()


def test_a_quote_leads_to_nothing_and_is_the_price_that_the_next_entry_is_sized_by() -> None:
    made = host(Deaf, StopRule())
    assert made.quote(Quote(AAPL.con_id, START, 49.99, 50.01, 1.0, 1.0)) is NOTHING
    (intent,) = made.bar(Bar(AAPL.con_id, START, START + M, 50, 50, 50, 50, 1.0, 50, 1)).intents
    assert intent.sizing is not None
    assert intent.qty == intent.sizing.qty
