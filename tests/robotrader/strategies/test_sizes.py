"""A strategy that gives no quantity gets its size, and the intent says from what (F78)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robotrader.domain import Funds, Intent
from robotrader.domain.errors import StrategyError
from robotrader.sizing import SizeKind, Sizer, SizeRule
from robotrader.strategies import Outcome, SmaCross, SmaParams, Standing, StrategyHost
from tests.robotrader.strategies.kit import AAPL, START, Does, bars

RULE = SizeRule(kind=SizeKind.FIXED, fraction=0.5)
RICH = Funds(equity=Decimal(100_000), drawdown=0.0)


def host(does: Any, rule: SizeRule | None = RULE, funds: Funds | None = RICH) -> StrategyHost:
    sizer = None if rule is None else Sizer(rule, share=0.1, instrument=AAPL)
    made = StrategyHost(Does(does), name="s/AAPL", instrument=AAPL, sizer=sizer)
    if funds is not None:
        made.funds = lambda: funds
    return made


def told(made: StrategyHost, position: int = 0, **working: int) -> Outcome:
    open_orders = {cause: Decimal(qty) for cause, qty in working.items()}
    made.start(START, standing=Standing(position=Decimal(position), working=open_orders))
    return made.bar(bars([100.0])[0])


def only(outcome: Outcome) -> Intent:
    (intent,) = outcome.intents
    return intent


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_entry_without_a_quantity_is_as_large_as_its_size_says(side: str) -> None:
    intent = only(told(host(lambda ctx, _: getattr(ctx, side)(reason="up"))))
    assert intent.qty == 50, "half of a tenth of 100,000 at 100"
    assert intent.sizing is not None
    assert intent.sizing.qty == 50
    assert intent.sizing.bankroll == 10_000
    assert intent.reason == "up; a fixed fraction"


@pytest.mark.parametrize(("position", "qty"), [(20, 30), (49, 1)])
def test_what_is_held_already_is_part_of_the_size(position: int, qty: int) -> None:
    assert only(told(host(lambda ctx, _: ctx.buy()), position)).qty == qty


def test_what_works_already_is_part_of_the_size() -> None:
    assert only(told(host(lambda ctx, _: ctx.buy()), 20, x=10)).qty == 20
    assert told(host(lambda ctx, _: ctx.buy()), 40, x=10).intents == ()


def test_an_exit_without_a_quantity_is_all_that_is_held_and_needs_no_size() -> None:
    unknown = host(lambda ctx, _: ctx.sell(), funds=None)
    intent = only(told(unknown, 70))
    assert intent.qty == 70
    assert intent.sizing is None


def test_where_the_account_is_not_known_nothing_is_entered_and_it_is_said_why() -> None:
    outcome = told(host(lambda ctx, _: ctx.buy(), funds=None))
    assert outcome.intents == ()
    assert "no size: equity is not known" in outcome.blocked[0]


def test_a_strategy_without_a_rule_has_to_give_a_quantity() -> None:
    with pytest.raises(StrategyError, match="give a quantity, or `size ="):
        told(host(lambda ctx, _: ctx.buy(), rule=None))


def test_a_quantity_of_its_own_is_no_business_of_the_rule() -> None:
    intent = only(told(host(lambda ctx, _: ctx.buy(7))))
    assert intent.qty == 7
    assert intent.sizing is None


def test_the_size_is_asked_for_once_an_event_and_is_what_the_intent_has() -> None:
    asked: list[Funds] = []

    def funds() -> Funds:
        asked.append(RICH)
        return RICH

    sizes: list[Any] = []

    def deed(ctx: Any, _: Any) -> None:
        sizes.extend((ctx.size(), ctx.size()))
        ctx.buy()

    made = host(deed)
    made.funds = funds
    intent = only(told(made))
    assert len(asked) == 1
    assert sizes == [intent.sizing, intent.sizing]


def test_a_host_warms_up_for_its_size_too() -> None:
    made = host(lambda ctx, _: ctx.buy(), SizeRule(kind=SizeKind.VOLATILITY, period=3))
    assert made.warmup_bars == 4
    made.start(START)
    outcomes = [made.bar(bar) for bar in bars([100.0, 101.0, 100.0, 101.0])]
    assert [len(each.intents) for each in outcomes] == [0, 0, 0, 1]


def test_the_moving_averages_take_a_size_where_their_quantity_is_0() -> None:
    sizer = Sizer(RULE, share=0.1, instrument=AAPL)
    strategy = SmaCross(SmaParams(fast=1, slow=2, qty=0))
    made = StrategyHost(strategy, name="s/AAPL", instrument=AAPL, sizer=sizer)
    made.funds = lambda: RICH
    made.start(START)
    intents = [i for bar in bars([101.0, 100.0, 125.0]) for i in made.bar(bar).intents]
    assert [each.qty for each in intents] == [40]
