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


def test_a_quote_leads_to_nothing_and_is_the_price_that_the_next_entry_is_sized_by() -> None:
    made = host(Deaf, StopRule())
    assert made.quote(Quote(AAPL.con_id, START, 49.99, 50.01, 1.0, 1.0)) is NOTHING
    (intent,) = made.bar(Bar(AAPL.con_id, START, START + M, 50, 50, 50, 50, 1.0, 50, 1)).intents
    assert intent.sizing is not None
    assert intent.qty == intent.sizing.qty
