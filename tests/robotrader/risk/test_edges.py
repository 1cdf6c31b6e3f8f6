"""What a small mistake in one line of the package would change, rule by rule."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sklearn.covariance import ledoit_wolf

from robotrader.domain import Bar, Leg, LinkState, OrderState, OrderType, Quote, Side
from robotrader.domain.errors import ConfigurationError
from robotrader.domain.records import LimitChanged, SwitchTripped
from robotrader.execution import OrderView
from robotrader.ledger.money import EXACT
from robotrader.risk import (
    Correlations,
    Gate,
    LimitChanges,
    Limits,
    Reservation,
    StopAt,
    Switch,
    TripRules,
    WorkingOrder,
    aligned,
    correlations,
    day_figures,
    ratio,
)
from robotrader.risk.exposure import Exposure
from robotrader.risk.report import Book, book_of, scenarios
from robotrader.risk.rows import Row, Seen, Sum
from robotrader.risk.switch import ALL, Level, Trigger, Trip
from robotrader.risk.triggers import due, healed
from robotrader.risk.worst import Worst
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, account, code, intent, judged, limits, view
from tests.robotrader.risk.test_correlation import DAYS, prices
from tests.robotrader.risk.test_switch import signs

D = Decimal
A, B, C = AAPL.con_id, KO.con_id, SPY.con_id
LEG = Leg(order_type=OrderType.STOP, aux_price=D(90))


# -- changes of limits --


def test_a_value_that_is_the_ceiling_passes_and_the_least_beyond_it_does_not() -> None:
    changes = LimitChanges(Limits(), {"max_gross": D(2), "cooldown_ms": D(0)})
    assert changes.tried("max_gross", D(2)).new == 2
    assert changes.tried("cooldown_ms", D(0)).new == 0
    with pytest.raises(ConfigurationError, match="max_gross"):
        changes.tried("max_gross", D("2.000001"))


def test_a_limit_that_is_yes_or_no_is_1_or_0() -> None:
    changes = LimitChanges(Limits())
    for value in (0, 1):
        assert changes.tried("allow_short", D(value)).new == value
    for wrong in (D(2), D("0.5")):
        with pytest.raises(ConfigurationError, match="allow_short cannot be"):
            changes.tried("allow_short", wrong)


def test_a_change_says_what_was_and_what_is_configured_and_nothing_else_is_looser() -> None:
    changes = LimitChanges(Limits(max_heat=ratio("0.5")), {"max_gross": D(2)})
    found = changes.tried("max_heat", D("0.4"))
    assert (found.old, found.new, found.configured) == (D("0.5"), D("0.4"), D("0.5"))
    assert (found.ceiling, found.loosens) == (None, False)
    assert changes.tried("max_heat", D("0.5")).loosens is False, "the same is not looser"
    assert changes.tried("max_gross", None).ceiling == 2
    written = changes.record("max_heat", D("0.6"), who="ann", why="a test", wall_ns=7)
    assert written == LimitChanged(
        name="max_heat", value=D("0.6"), who="ann", why="a test", old="0.5", base="0.5",
        configured=False, wall_ns=7,
    )  # fmt: skip
    off = changes.record("max_sector_weight", None, who="ann", why="a test", wall_ns=8)
    assert (off.value, off.old, off.base, off.configured) == (D(0), "off", "off", True)


def test_a_record_whose_base_cannot_be_read_is_one_of_another_configuration() -> None:
    changes = LimitChanges(Limits(max_gross=ratio(1)))
    for base, found in (("junk", 1), ("1", 2), ("0.5", 1), ("", 2), ("off", 1)):
        changes.apply(LimitChanged(name="max_gross", value=D(2), who="ann", why="w", base=base))
        assert changes.limits.max_gross == found


def test_a_change_beyond_a_ceiling_that_came_later_counts_as_the_ceiling() -> None:
    changes = LimitChanges(Limits(), {"max_gross": D("1.5")})
    changes.apply(LimitChanged(name="max_gross", value=D(2), who="ann", why="w", base="1"))
    assert changes.limits.max_gross == D("1.5")
    changes.apply(LimitChanged(name="max_gross", value=D(1), who="ann", why="w", base="1"))
    assert changes.limits.max_gross == 1
    assert [each.value for each in changes.records] == [1], "the newest of each"


# -- what moves together --


@settings(max_examples=20)
@given(st.integers(2, 5), st.floats(-0.02, 0.02), st.integers(0, 1_000))
def test_correlations_are_scikit_learns_of_standardized_returns_whatever_the_drift(
    width: int, drift: float, seed: int
) -> None:
    moves = np.random.default_rng(seed).normal(drift, 0.01, (70, width))
    paths = 100 * np.cumprod(1 + moves, axis=0)
    closes = {n: dict(zip(DAYS[:70], paths[:, n].tolist(), strict=True)) for n in range(width)}
    returns = paths[1:] / paths[:-1] - 1
    standard = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    matrix, intensity = ledoit_wolf(standard, assume_centered=True)
    found = correlations(closes, least_days=60)
    assert found.days == 69
    assert found.shrinkage == pytest.approx(intensity)
    for one in range(width):
        for other in range(width):
            expected = 1.0 if one == other else matrix[one, other]
            assert found.of(one, other) == pytest.approx(expected)


def test_prices_that_are_none_are_missing_and_the_newest_days_are_taken() -> None:
    closes = {1: {"a": 1.0, "b": 0.0, "c": 2.0, "d": 3.0}, 2: dict.fromkeys("abcd", 5.0)}
    table = aligned(closes, least_days=1)
    assert table.days == ("a", "c", "d")
    assert table.prices.tolist() == [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]
    assert aligned(closes, least_days=1, newest=2).days == ("c", "d")
    assert aligned({1: {"a": -1.0, "b": 1.0, "c": 1.0}}, least_days=1).days == ("b", "c")
    assert aligned({}, least_days=1).con_ids == ()


def test_of_equally_short_histories_the_one_of_the_highest_number_goes_first() -> None:
    closes = {1: {"a": 1.0, "b": 1.0}, 2: {"c": 1.0, "d": 1.0}, 3: dict.fromkeys("abcd", 1.0)}
    table = aligned(closes, least_days=1)
    assert table.con_ids == (1, 3)
    assert table.unknown == {2: "2 days of prices, 2 are needed in common with the others"}


def test_the_stranger_that_is_named_is_the_one_of_the_lowest_number() -> None:
    three = {each.con_id: each for each in (AAPL, KO, SPY)}
    both = replace(account(), positions={
        B: account(ko=1).positions[B], C: replace(account(ko=1).positions[B], con_id=C),
    })  # fmt: skip
    found = Gate(limits(max_pair_correlation=ratio("0.5"))).explain(
        intent(), view(ledger=both, instruments=three), NOW
    )
    assert not isinstance(found, str)
    (why,) = (each.why for each in found.checks if each.code == "correlation")
    assert why.startswith("its correlation with KO"), why


def test_a_cluster_without_links_is_one_contract_and_near_is_kept() -> None:
    known = Correlations({1: 0, 2: 1}, ((1.0, -0.5), (-0.5, 1.0)), 9)
    assert known.near(1, 0.5) == {1, 2}, "against each other is together too"
    assert known.near(1, 0.51) == {1}
    assert known.near(1, 0.5) is known.near(1, 0.5)
    with pytest.raises(KeyError):
        known.near(3, 0.5)
    assert known.cluster(3, {1}, 0.5) == {1, 3}, "a stranger could be with anything"
    assert known.cluster(1, {1, 3}, 0.6) == {1, 3}
    none = Correlations({1: 0, 2: 1}, ((1.0, float("nan")), (float("nan"), 1.0)), 9)
    assert none.near(1, 0.5) == {1, 2}, "what is no number is not far"


# -- orders and stops as they are seen --


def test_an_order_of_the_managers_stops_where_it_says_only_if_it_protects() -> None:
    told = OrderView(
        ref="r", order_id=1, strategy="s", con_id=2, symbol="KO", side="SELL",
        state=OrderState.WORKING, qty=D(9), filled=D(4), reserved=D(5), reduces=True,
        protects=True, yields=True, order_type="STP", aux_price=D(95), parent_ref="p", cause="c",
    )  # fmt: skip
    seen = WorkingOrder.of(told)
    assert seen == WorkingOrder(
        ref="r", con_id=2, side=Side.SELL, qty=D(5), group="p", strategy="s", reduces=True,
        yields=True, protects=True, stop=StopAt(trigger=D(95)), cause="c",
    )  # fmt: skip
    assert WorkingOrder.of(replace(told, protects=False)).stop is None
    trail = replace(told, order_type="TRAIL", aux_price=None, trail_percent=D(4))
    assert WorkingOrder.of(trail).stop == StopAt(percent=D(4))


def test_a_sale_that_brings_legs_may_leave_nothing_and_not_less() -> None:
    for qty, found in ((5, ""), (6, "short")):
        wanted = intent("SELL", qty, legs=(LEG,))
        assert judged(wanted, view(aapl=5), allow_short=False) == found


# -- the switch --


def test_what_heals_is_dated_and_says_of_whom() -> None:
    halted = Trip(Level.REDUCE, "symbol:KO", Trigger.UNRECONCILED, "w")
    away = Trip(Level.PAUSE, ALL, Trigger.CONNECTION, "w")
    found = healed(signs(), Switch((halted, away)), NOW)
    assert [(each.scope, each.who, each.wall_ns) for each in found] == [
        (ALL, "", NOW), ("symbol:KO", "", NOW)
    ]  # fmt: skip
    assert all(each.why for each in found)
    still = signs(unreconciled=frozenset({B}))
    assert [each.scope for each in healed(still, Switch((halted,)), NOW)] == []
    everything = replace(halted, scope=ALL)
    assert healed(signs(), Switch((everything,)), NOW) == (), "a person clears what is for all"


def test_a_trip_is_dated_and_says_its_level_scope_and_reason() -> None:
    seen = signs(unreconciled=frozenset({B}))
    (found,) = due(seen, Switch(), limits(), TripRules(), NOW)
    assert found == SwitchTripped(
        level="reduce", scope="symbol:KO", trigger=Trigger.UNRECONCILED,
        why="the broker has another position", wall_ns=NOW,
    )  # fmt: skip


def test_each_trigger_says_how_far_beyond_its_threshold_it_is() -> None:
    ms = 1_000_000
    rules = TripRules(dead_man_ms=5, max_position_loss=ratio("0.01"))
    worlds: dict[str, dict[str, Any]] = {
        "6 orders were refused in 60000 ms": {"rejects_ns": (NOW,) * 6},
        "its data is 30001 ms old": {"heard_ns": {A: NOW - 30_001 * ms}},
        "its data never came": {"heard_ns": {}},
        "our clock is 1001 ms from the broker's": {"skew_ns": 1_001 * ms},
        "/symbols makes no progress": {"hung": (("/symbols", ALL),)},
        "nobody gave a sign of life for 5 ms": {"person_ns": None},
        "the connection is down for 30001 ms": {
            "link": LinkState.DOWN, "link_since_ns": NOW - 30_001 * ms,
        },
        "1000.0 were lost on what is held, 990.0": {"ledger": account(aapl=1_000, mark=99.0)},
    }  # fmt: skip
    for why, world in worlds.items():
        (found,) = due(signs(**world), Switch(), limits(), rules, NOW)
        assert found.why.startswith(why), found.why


def test_a_position_that_lost_too_much_trips_for_its_symbol_and_each_for_itself() -> None:
    seen = signs(ledger=account(aapl=1_000, ko=1_000, mark=99.0))
    found = due(seen, Switch(), limits(), TripRules(max_position_loss=ratio("0.01")), NOW)
    assert [(each.trigger, each.scope) for each in found] == [
        ("position_loss", "symbol:KO"), ("position_loss", "symbol:AAPL")
    ]  # fmt: skip
    assert due(seen, Switch(), limits(), TripRules(), NOW) == ()


def test_the_worst_of_the_trips_that_hold_is_the_one_that_is_named() -> None:
    low, high = (Trip(each, ALL, str(each), "w") for each in (Level.PAUSE, Level.FLATTEN))
    for trips in ((low, high), (high, low)):
        why = Switch(trips).refuses(account="", symbol="AAPL", strategy="s", reduces=False)
        assert why == "the kill switch is at flatten for all: flatten, w"
    assert Switch((low,)).refuses(account="", symbol="", strategy="", reduces=True) == ""


# -- figures of the past --


def day(close: float, volume: float = 1.0) -> Bar:
    return Bar(
        con_id=1, start_ns=0, end_ns=1, open=close, high=close, low=close, close=close,
        volume=volume,
    )  # fmt: skip


def test_a_days_volume_may_be_nothing_but_not_on_every_day() -> None:
    quiet = [day(1.0, 0.0), day(2.0, 4.0)]
    assert day_figures(quiet, least_days=2, year_days=252).volume == 2
    assert day_figures([day(1.0, 0.0)] * 2, least_days=2, year_days=252).volume is None
    assert day_figures(quiet, least_days=2, year_days=252).volatility is None, "one return"
    three = [day(100.0), day(110.0), day(99.0)]
    found = day_figures(three, least_days=3, year_days=9).volatility
    assert found == pytest.approx(3 * np.std([0.1, -0.1], ddof=1))


# -- the report --


def test_five_days_are_a_week_and_four_are_none() -> None:
    for count in (4, 5, 6):
        profits = tuple(float(-n) for n in range(count))
        days = tuple(f"d{n}" for n in range(count))
        book = Book(values={A: 1.0}, days=days, profits=profits, betas={A: 1.0})
        weeks = [each for each in scenarios(book) if "five days" in each.name]
        assert len(weeks) == (count >= 5)
        if weeks:
            assert weeks[0].name == f"the worst five days: to d{count - 1}"
            assert weeks[0].profit == sum(profits[-5:])


def test_a_book_says_what_it_lacks_and_keeps_what_it_knows() -> None:
    closes = {A: prices(1), B: prices(2)}
    stranger = replace(account(aapl=1), positions={7: account(aapl=1).positions[A]})
    book = book_of(stranger, closes, least_days=60)
    assert book.why == "contract 7: there are no daily prices of it"
    assert (book.watched, {*book.betas}) == (2, {A, B})
    assert book.beta_value is None
    flat = {A: dict.fromkeys(DAYS[:99], 5.0)}
    still = book_of(account(aapl=1), flat, least_days=60)
    assert (still.betas, still.watched) == ({}, 1)
    assert book_of(account(aapl=1), {}, least_days=60).watched == 0


# -- sums that are kept --

WORTH = st.none() | st.integers(-5, 5).map(D)


@given(st.lists(st.tuples(WORTH, WORTH), max_size=12), WORTH)
def test_a_sum_is_that_of_its_parts_and_unknown_while_one_is(
    swaps: list[tuple[Decimal | None, Decimal | None]], more: Decimal | None
) -> None:
    kept, parts = Sum(), dict[int, Decimal | None]()
    for at, (first, then) in enumerate(swaps):
        kept.swap(D(0), first)
        assert kept.with_swap(first, then) == _added({**parts, at: then})
        kept.swap(first, then)
        parts[at] = then
        assert kept.total == _added(parts)
    assert kept.with_swap(D(0), more) == _added({**parts, -1: more})


def _added(parts: dict[int, Decimal | None]) -> Decimal | None:
    known = [each for each in parts.values() if each is not None]
    return sum(known, D(0)) if len(known) == len(parts) else None


@given(st.lists(st.dictionaries(st.integers(0, 12), st.integers(0, 2)), max_size=6))
def test_what_is_seen_as_changed_is_what_is_another_object_or_gone(
    worlds: list[dict[int, int]],
) -> None:
    objects = [object(), object(), object()]
    seen, before = Seen(), dict[int, object]()
    for world in worlds:
        now = {key: objects[value] for key, value in world.items()}
        keys = now.keys() | before.keys()
        expected = {key for key in keys if now.get(key) is not before.get(key)}
        assert set(seen.changed(now)) == expected
        before = now


def test_a_row_has_the_worths_of_its_bounds() -> None:
    row = Row.of(Exposure(D(3), D(-5), D(10)), D(1), {})
    assert (row.value, row.high, row.low, row.heat) == (D(50), D(30), D(-50), D(1))
    long = Row.of(Exposure(D(3), D(2), D(10)), D(1), {})
    assert (long.value, long.high, long.low) == (D(30), D(30), D(20))
    blind = Row.of(Exposure(D(3), D(3), None), D(1), {})
    assert (blind.value, blind.high, blind.low, blind.heat) == (None, None, None, D(1))


def test_reservations_of_other_contracts_are_none_of_ones_own() -> None:
    worst, gate = Worst(), Gate(limits())
    for con_id, symbol in ((A, "AAPL"), (B, "KO")):
        wanted = intent(con_id=con_id, symbol=symbol, cause=symbol)
        assert code(gate.judge(wanted, view(), NOW)) == ""
    with localcontext(EXACT):
        worst.look(view(), gate.reserved)
        assert [each.con_id for each in worst.orders.held_for(B)] == [B]
        assert [each.con_id for each in worst.own(A)] == [A]
        assert worst.held == {A, B}
        worst.look(view(), ())
    assert (worst.orders.held_for(A), worst.own(A), worst.held) == ((), (), set())
    assert worst.coming["s"].total == 0


def test_a_quote_that_moves_in_its_place_is_seen_by_the_next_look() -> None:
    seen, worst = view(aapl=2), Worst()
    with localcontext(EXACT):
        worst.look(seen, ())
        assert worst.sums.gross.total == 200
        seen.quotes[A] = Quote(A, NOW, 150.0, 150.0, 1, 1)
        worst.look(seen, ())
        assert worst.sums.gross.total == 300


def test_a_held_reservation_keeps_its_number_and_the_next_ones_go_on_behind_it() -> None:
    gate = Gate(limits())
    held = Reservation(
        number=7, con_id=A, sign=1, qty=D(1), price=None, reduces=False, strategy="s"
    )
    gate.hold(held)
    gate.hold(replace(held, number=3))
    assert [each.number for each in gate.reserved] == [7, 3]
    approved = gate.judge(intent(), view(), NOW)
    assert getattr(approved, "reservation", None) == 8


def test_of_what_is_no_intent_or_of_no_known_contract_nothing_would_pass() -> None:
    gate = Gate(limits())
    assert gate.most(intent(qty=0), view(), NOW) == 0
    assert gate.most(intent(), view(instruments={}), NOW) == 0
    assert gate.lacks_margin(intent(qty=0), view(), NOW) is False
    for number in (1, 2):
        gate.judge(intent(cause=str(number)), view(), NOW)
        assert gate.approvals == number
