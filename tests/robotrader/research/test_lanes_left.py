"""What of several contracts on one account is left to the engine, and that it is said why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from robotrader.domain import Bar
from robotrader.research import Lanes, Unfit
from robotrader.research.batches import Stretch, cut, together
from robotrader.research.shared import Streak
from robotrader.risk import Ratio, Usd
from robotrader.strategies import Context, Strategy, StrategyHost
from robotrader.strategies.stops import StopRule
from tests.robotrader.research.crowd import case, same
from tests.robotrader.research.moody import Memory, Mood
from tests.robotrader.research.planned import BEGIN_NS, flat, planned
from tests.robotrader.research.runs import MINUTE_NS, UNKNOWN
from tests.robotrader.research.test_callbacks_left import Listens

if TYPE_CHECKING:
    from tests.robotrader.research.crowd import Case

SHORT = {1: flat(1, [100.0] * 3), 2: flat(2, [100.0] * 8), 3: flat(3, [100.0] * 8)}
"""Bars of which those of the first contract end early."""

WAITING = {1: {3: 100}, 2: {5: 100}, 3: {7: 100}}
"""What the first asks for at its last bar waits, and may be over, when the others ask."""


def left(given: Case) -> str:
    """Return why a run is left to the engine."""
    with pytest.raises(Unfit) as raised:
        Lanes(given.setup, given.bars, begin_ns=given.begin_ns).figures(given.ours)
    return str(raised.value)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("all positions together", {"max_gross": Ratio(Decimal("0.25"))}),
        ("all positions together", {"max_gross_usd": Usd(Decimal(25_000))}),
        ("open positions", {"max_open_positions": 2}),
        ("open orders", {"max_open_orders": 1}),
        ("budget of a strategy", {"max_strategy_weight": {"f": Ratio(Decimal("0.25"))}}),
        ("long less short", {"max_net": Ratio(Decimal("0.25"))}),
    ],
)
def test_what_may_be_over_leaves_it_open_whether_a_limit_binds(
    why: str, changes: dict[str, Any]
) -> None:
    assert why in left(planned(WAITING, SHORT, **changes))
    same(planned(WAITING, SHORT))


def test_long_and_short_positions_are_nearer_to_each_other_than_they_add_up_to() -> None:
    """The engine lets pass what the sum of both does not show to pass."""
    plans, most = {1: {2: 100}, 2: {3: -100}, 3: {4: 100}}, Ratio(Decimal("0.15"))
    assert "long less short" in left(planned(plans, max_net=most))
    assert same(planned(plans, max_net=Ratio(Decimal("0.35")))) == (3, {})
    assert "long less short" in left(planned({1: {2: -140}, 2: {3: 200}}, max_net=most))


def test_margin_is_of_all_positions() -> None:
    """Half of what is long; of shorts of cheap shares more than they are worth."""
    assert "margin" in left(planned({1: {2: 900}, 2: {3: 1_200}}))
    assert same(planned({1: {2: 900}, 2: {3: 1_000}})) == (2, {})
    assert same(planned({1: {2: 1_200}, 2: {2: 1_200}})) == (2, {}), "neither is held yet"
    cheap = {1: flat(1, [1.0] * 8), 2: flat(2, [100.0] * 8)}
    assert "margin" in left(planned({1: {2: -9_000}, 2: {3: 1_200}}, cheap))
    assert "margin" in left(planned({1: {2: -9_000}, 2: {3: -1_200}}, cheap))
    assert "margin" in left(planned({1: {3: -9_000}, 2: {2: 1_200}}, cheap))
    tens = {1: flat(1, [100.0] * 8), 2: flat(2, [2.0] * 8)}
    assert "margin" in left(planned({1: {3: 300}, 2: {2: -4_500}}, tens, multiplier=10))
    assert same(planned({1: {2: -9_000}, 2: {3: 900}}, cheap)) == (2, {})


def test_which_of_two_trades_that_end_together_was_the_last_is_not_known() -> None:
    bars = {1: flat(1, [100.0] * 3 + [90.0] * 5), 2: flat(2, [100.0] * 3 + [110.0] * 5),
            3: flat(3, [100.0] * 8)}  # fmt: skip
    plans = {1: {2: 10, 5: 0}, 2: {2: 10, 5: 0}, 3: {7: 10}}
    assert "losses in a row" in left(planned(plans, bars, max_losses_row=1))
    assert same(planned(plans, bars, max_losses_row=2)) == (5, {})


def test_a_streak_is_at_least_and_at_most_so_long() -> None:
    streak = Streak()
    seen = []
    trades = (
        (1, True),
        (2, True),
        (2, True),
        (3, True),
        (3, False),
        (3, True),
        (4, True),
        (5, False),
    )
    for at_ns, lost in trades:
        streak.ended(at_ns, lost=lost)
        seen.append((streak.least, streak.most))
    assert seen == [(1, 1), (2, 2), (3, 3), (4, 4), (0, 1), (0, 2), (1, 3), (0, 0)]


def test_an_order_that_meets_no_bar_before_it_is_over_is_the_engines() -> None:
    late = [*flat(1, [100.0] * 3), *(_later(each) for each in flat(1, [100.0] * 3))]
    bars = {1: late, 2: flat(2, [100.0] * 8)}
    assert "waits" in left(planned({1: {3: 100}, 2: {5: 100}}, bars))


def _later(bar: Bar) -> Bar:
    two_days_ns = 2 * 86_400 * 10**9
    return msgspec.structs.replace(
        bar, start_ns=bar.start_ns + two_days_ns, end_ns=bar.end_ns + two_days_ns
    )


def test_an_account_that_is_worth_nothing_is_the_engines() -> None:
    bars = {1: flat(1, [100.0, 100.0, 100.0, 1.0, 1.0]), 2: flat(2, [100.0] * 5)}
    assert "worth nothing" in left(planned({1: {2: 1_400}, 2: {}}, bars))


def test_bars_that_overlap_those_of_another_contract_are_the_engines() -> None:
    bars = {1: flat(1, [100.0] * 8), 2: flat(2, [100.0] * 3, step_ns=2 * MINUTE_NS)}
    assert "overlap" in left(planned({1: {}, 2: {}}, bars))


def test_bars_that_begin_on_different_days_are_the_engines_where_one_trades() -> None:
    """An exchange day that ends while the first contract's bar is on."""
    step_ns, bars = 10 * MINUTE_NS, [flat(each, [100.0] * 3) for each in (1, 2)]
    end_ns = next_roll_ns(BEGIN_NS)
    first = Bar(1, end_ns - step_ns, end_ns + step_ns, 100.0, 100.0, 100.0, 100.0, 1.0)
    second = msgspec.structs.replace(first, con_id=2, start_ns=end_ns + MINUTE_NS)
    given = {1: [*bars[0], first], 2: [*bars[1], second]}
    assert "different days" in left(planned({1: {}, 2: {3: 10}}, given))
    assert same(planned({1: {3: 10}, 2: {}}, given)) == (1, {})


def next_roll_ns(at_ns: int) -> int:
    """Return the end of an exchange day of a market that is always open."""
    return planned({1: {}, 2: {}}).setup.sessions.next_roll_ns(at_ns)


class Fails(Strategy[Mood, Memory]):
    """Raises at its first bar."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Raise."""
        raise ZeroDivisionError(bar.con_id)


def hosts_of(given: Case, last: StrategyHost) -> list[StrategyHost]:
    return [*given.ours[:-1], last]


def test_other_than_one_plain_strategy_for_each_contract_is_the_engines() -> None:
    given = planned({1: {}, 2: {}})
    made = Lanes(given.setup, given.bars, begin_ns=0)
    one, other = given.setup.instruments
    plain: Strategy[Any, Any] = given.ours[1].strategy
    cases = (
        ("one strategy for each", given.ours[:1]),
        ("one strategy for each", hosts_of(given, StrategyHost(plain, name="g", instrument=one))),
        ("one strategy for each",
         hosts_of(given, StrategyHost(plain, name=given.ours[0].name, instrument=other))),
        ("sizes or stops", hosts_of(given, StrategyHost(plain, name="g", instrument=other,
                                                        stop=StopRule(take_profit=3.0)))),
        ("on_fill",
         hosts_of(given, StrategyHost(Listens(Mood()), name="g", instrument=other))),
        ("ZeroDivisionError",
         hosts_of(given, StrategyHost(Fails(Mood()), name="g", instrument=other))),
    )  # fmt: skip
    for why, hosts in cases:
        with pytest.raises(Unfit, match=why):
            made.figures(hosts)


def test_a_host_that_has_begun_is_the_engines() -> None:
    given = planned({1: {}, 2: {}})
    given.ours[1].bar(given.bars[2][0])
    assert "has begun" in left(given)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        *UNKNOWN,
        ({"limits": {"max_cancel_ratio": Ratio(Decimal("0.5"))}}, "cancelled orders"),
        ({"limits": {"max_pair_correlation": Ratio(Decimal("0.5"))}}, "correlations"),
        ({"limits": {"max_sector_weight": Ratio(Decimal("0.5"))}}, "other contracts"),
        ({"limits": {"allowed_symbols": frozenset({"S1"})}}, "may not be"),
        ({"instruments": ()}, "contracts without bars"),
    ],
)
def test_a_setup_that_is_not_known_is_said(changes: dict[str, Any], why: str) -> None:
    given = planned({1: {}, 2: {}})
    limits = changes.get("limits")
    if isinstance(limits, dict):
        changes = {"limits": msgspec.structs.replace(given.setup.limits, **limits)}
    elif limits is not None:
        heat, own = limits.max_heat, limits.allowed_symbols and given.setup.limits.allowed_symbols
        changes = {"limits": msgspec.structs.replace(limits, allowed_symbols=own, max_heat=heat)}
    with pytest.raises(Unfit, match=why):
        Lanes(msgspec.structs.replace(given.setup, **changes), given.bars, begin_ns=0)


def test_contracts_without_bars_and_bars_without_a_contract_are_said() -> None:
    given = planned({1: {}, 2: {}})
    for bars in ({1: given.bars[1]}, {**given.bars, 3: given.bars[2]}):
        with pytest.raises(Unfit, match="contracts without bars"):
            Lanes(given.setup, bars, begin_ns=0)
    with pytest.raises(Unfit, match="no bar in the window"):
        Lanes(given.setup, {1: [], 2: []}, begin_ns=0)
    assert same(planned({1: {2: 10}, 2: {}}, {1: given.bars[1], 2: []})) == (1, {})


def test_a_contract_whose_orders_follow_each_other_too_fast_is_the_engines() -> None:
    """Those of others do not count."""
    window_ms = 3 * MINUTE_NS // 10**6
    assert "so fast" in left(planned({1: {2: 10, 4: 0}, 2: {}}, duplicate_window_ms=window_ms))
    others = planned({1: {2: 10, 5: 0}, 2: {3: 10, 6: 0}}, duplicate_window_ms=window_ms)
    assert same(others) == (4, {})


def test_a_run_is_the_same_each_time() -> None:
    given = case(1, most=4, batches_=60)
    made = Lanes(given.setup, given.bars, begin_ns=given.begin_ns)
    first = made.figures(given.ours), made.fills
    assert first == (made.figures(given.engines), made.fills)
    assert first[1]


def test_what_is_history_is_so_of_each_contract() -> None:
    given = planned({1: {}, 2: {}})
    bars = {1: given.bars[1], 2: given.bars[2][2:]}
    made = Lanes(given.setup, bars, begin_ns=bars[1][5].start_ns)
    assert [made.contract(each).first for each in given.ours] == [5, 3]


def test_batches_in_which_the_same_contracts_have_bars_are_one_stretch() -> None:
    bars = [flat(each, [100.0] * 6) for each in (1, 2, 3)]
    assert together(bars) == (bars[0], [Stretch((0, 1, 2), 6)])
    del bars[0][2], bars[1][4:]
    firsts, found = together(bars)
    assert [each.con_id for each in firsts] == [1, 1, 2, 1, 1, 1]
    assert found == [Stretch((0, 1, 2), 2), Stretch((1, 2), 1), Stretch((0, 1, 2), 1),
                     Stretch((0, 2), 2)]  # fmt: skip
    assert cut(found, (1, 2, 0, 3)) == [
        [Stretch((0, 1, 2), 1)], [Stretch((0, 1, 2), 1), Stretch((1, 2), 1)], [],
        [Stretch((0, 1, 2), 1), Stretch((0, 2), 2)],
    ]  # fmt: skip
