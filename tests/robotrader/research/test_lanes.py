"""Callbacks of several contracts on one account are followed as the engine runs them, or not."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from robotrader.research import Unfit, loop, shared
from robotrader.risk import Ratio, Usd
from tests.robotrader.research.crowd import case, same
from tests.robotrader.research.planned import flat, planned

if TYPE_CHECKING:
    from collections.abc import Iterable

LEFT: Final = {
    *loop.STOPPED.values(), shared.NEAR_GROSS, shared.NEAR_NET, shared.NEAR_BUDGET,
    shared.NEAR_POSITIONS, shared.NEAR_ORDERS, shared.NEAR_LOSSES,
}  # fmt: skip
"""Why a run of a setup that is known may still be the engine's."""

WAITS: Final = loop.STOPPED[loop.WAITS]


def differs(
    seeds: Iterable[int], *, most: int, batches: int, **given: Any
) -> tuple[int, set[str], Counter[str]]:
    """Compare cases; return how many fills there were, what refused, and what was left."""
    fills, refused, left = 0, set[str](), Counter[str]()
    for seed in seeds:
        try:
            found, refusals = same(case(seed, most=most, batches_=batches, **given))
        except Unfit as unfit:
            left[str(unfit)] += 1
        except BaseException as error:
            error.add_note(f"same(case({seed}, most={most}, batches_={batches})) replays it")
            raise
        else:
            fills += found
            refused |= refusals.keys()
    return fills, refused, left


def test_lanes_see_fill_and_end_as_in_the_engine() -> None:
    fills, refused, left = differs(range(60), most=6, batches=90)
    assert fills > 600
    assert len(refused) > 8
    assert set(left) <= LEFT
    assert left.total() < 15


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_hundreds_of_crowds_see_fill_and_end_as_in_the_engine() -> None:
    """Random strategies, contracts, prices, gaps, sizes, costs, hours and limits."""
    fills, refused, left = differs(range(1_000, 1_450), most=12, batches=150)
    assert fills > 15_000
    assert refused >= {"session", "order_usd", "drawdown", "daily_loss", "losses", "rate_day",
                       "rate_second", "short", "cooldown", "position_weight", "strategy", "gross",
                       "gross_usd", "net", "open_positions", "open_orders"}  # fmt: skip
    assert set(left) <= LEFT
    assert left.total() < 120


def test_where_limits_are_wide_and_no_bar_is_missing_next_to_nothing_is_left() -> None:
    """Else the comparisons would be of nothing."""
    seeds = [seed for seed in range(200, 260) if seed % 3]
    fills, _, left = differs(seeds, most=6, batches=60, misses=0.0)
    assert fills > 500
    assert set(left) <= {WAITS}
    assert left.total() < 6


BOUND: Final = (
    ("gross", {"max_gross": Ratio(Decimal("0.25"))}),
    ("gross_usd", {"max_gross_usd": Usd(Decimal(25_000))}),
    ("net", {"max_net": Ratio(Decimal("0.25")), "allow_short": False}),
    ("open_positions", {"max_open_positions": 2}),
    ("open_orders", {"max_open_orders": 2}),
    ("strategy", {"max_strategy_weight": {"f": Ratio(Decimal("0.25"))}}),
    ("rate_second", {"max_orders_per_s": 2}),
    ("rate_minute", {"max_orders_per_min": 2}),
    ("rate_day", {"max_orders_per_day": 2}),
)
"""Limits of the whole account that refuse the third of three entries of 10,000 dollars."""


@pytest.mark.parametrize(("code", "changes"), BOUND)
def test_what_the_account_bounds_is_refused_where_nothing_else_can_be_true(
    code: str, changes: dict[str, Any]
) -> None:
    """Also once the others are held; a fourth strategy enters when one of them has left."""
    at_once = {1: {2: 100}, 2: {2: 100}, 3: {2: 100}}
    fills, refused = same(planned(at_once, **changes))
    assert (fills, refused) == (2, {code: 1})
    one_by_one = {1: {2: 100}, 2: {3: 100, 5: 0}, 3: {4: 100}, 4: {7: 100}}
    fills, refused = same(planned(one_by_one, **changes))
    assert bool(refused) == (code in HELD), "orders that are filled are no orders any more"
    assert fills == (3 if code == "rate_day" else 4 if refused else 5), "exits are orders, too"


HELD: Final = {"gross", "gross_usd", "net", "open_positions", "strategy", "rate_day"}
"""What is still near when orders have been filled."""


def test_a_budget_is_its_strategys_own() -> None:
    """The third of one name is refused; one of another name does not count for it."""
    plans = {1: {2: 100}, 2: {3: 100}, 3: {4: 100}, 4: {5: 100}}
    given = planned(plans, names="fgff", max_strategy_weight={"f": Ratio(Decimal("0.25"))})
    assert same(given) == (3, {"strategy": 1})


def test_losses_are_of_the_whole_account() -> None:
    """Of the day, from the peak, and one after another, in whichever contract."""
    falls = {1: flat(1, [100.0, 100.0, 100.0, *[90.0] * 5]), 2: flat(2, [100.0] * 8)}
    plans = {1: {1: 300}, 2: {5: 10}}
    for code, changes in (
        ("daily_loss", {"max_daily_loss": Ratio(Decimal("0.02"))}),
        ("daily_loss", {"max_daily_loss_usd": Usd(Decimal(2_500))}),
        ("drawdown", {"max_drawdown": Ratio(Decimal("0.02")), "max_daily_loss": Ratio(Decimal(1))}),
    ):
        assert same(planned(plans, falls, **changes)) == (1, {code: 1})
    left = {1: {1: 10, 5: 0}, 2: {7: 10}}
    assert same(planned(left, falls, max_losses_row=1)) == (2, {"losses": 1})
    assert same(planned(left, falls, max_losses_row=2)) == (3, {})


def test_a_rest_is_of_its_own_contract_alone() -> None:
    plans = {1: {1: 10, 3: 0, 5: 10}, 2: {5: 10}}
    assert same(planned(plans, cooldown_ms=600_000)) == (3, {"cooldown": 1})


def test_a_contract_counts_by_what_it_is_worth() -> None:
    """One that stands for ten shares, bought and sold short, with what it wins and loses."""
    rises = {1: flat(1, [100.0] * 8), 2: flat(2, [100.0, 100.0, 100.0, *[101.0] * 5])}
    for size in (10, -10):
        plans = {1: {4: 200}, 2: {2: size, 6: 0}}
        assert same(planned(plans, rises, multiplier=10)) == (3, {})
        less = planned(plans, rises, multiplier=10, max_gross=Ratio(Decimal("0.25")))
        assert same(less) == (2, {"gross": 1})
