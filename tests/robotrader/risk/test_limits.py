"""The limits themselves: each changes a decision, none is elsewhere, units cannot be confused."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import robotrader.risk
from robotrader.domain import Approved, Intent, Leg, OrderType, Quote
from robotrader.domain.errors import ConfigurationError
from robotrader.risk import (
    Correlations,
    DayFigures,
    Gate,
    Limits,
    Margin,
    RiskView,
    SessionState,
    pct,
    ratio,
    usd,
    wish_of,
)
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import (
    MS,
    NOW,
    account,
    code,
    intent,
    judged,
    leaving,
    limit_order,
    limits,
    other,
    view,
)

OLD = Quote(AAPL.con_id, NOW - 900 * MS, 100.0, 100.0, 1, 1)
AHEAD = Quote(AAPL.con_id, NOW + 900 * MS, 100.0, 100.0, 1, 1)
LOST = view(aapl=1_000, mark=99.0)
EXTENDED = view(sessions={AAPL.con_id: SessionState.EXTENDED})
TEN = intent(qty=10)
SO = Correlations({AAPL.con_id: 0, KO.con_id: 1}, ((1.0, 0.8), (0.8, 1.0)), 250)
TOGETHER = view(ko=10, correlations=SO)
LATELY = {AAPL.con_id: NOW - 900 * MS}
PAST_DAYS = view(days={AAPL.con_id: DayFigures(volume=1_000.0, volatility=0.5)})
TWO = Decimal(2)
SAID = Margin(initial=Decimal(1), maintenance=TWO, equity=TWO, at_ns=NOW - 900 * MS)
MARGIN = view(margins={wish_of(TEN): SAID})
CHANGES: dict[str, tuple[Any, Any, Intent, RiskView]] = {
    "allowed_symbols": (frozenset({"AAPL"}), frozenset({"KO"}), TEN, view()),
    "max_order_qty": (Decimal(10), Decimal(9), TEN, view()),
    "max_order_usd": (usd(1000), usd(999), TEN, view()),
    "max_symbol_qty": (Decimal(10), Decimal(9), TEN, view()),
    "max_symbol_usd": (usd(1000), usd(999), TEN, view()),
    "max_symbol_weight": (pct(1), pct("0.99"), TEN, view()),
    "max_sector_weight": (pct(1), pct("0.99"), TEN, view()),
    "max_pair_correlation": (ratio("0.8"), ratio("0.79"), TEN, TOGETHER),
    "max_cluster_weight": (pct(2), pct("1.99"), TEN, TOGETHER),
    "cluster_correlation": (ratio("0.81"), ratio("0.8"), TEN, TOGETHER),
    "max_strategy_weight": ({"s": pct(1)}, {"s": pct("0.99")}, TEN, view()),
    "max_gross": (pct(1), pct("0.99"), TEN, view()),
    "max_gross_usd": (usd(1000), usd(999), TEN, view()),
    "max_net": (pct(1), pct("0.99"), TEN, view()),
    "max_open_positions": (1, 0, TEN, view()),
    "max_entries_pending": (1, 0, TEN, view()),
    "max_open_orders": (2, 1, TEN, view(others=(other("BUY", 1),))),
    "allow_short": (True, False, intent("SELL", 6), view(aapl=5)),
    "max_daily_loss": (pct("1.01"), pct(1), TEN, LOST),
    "max_daily_loss_usd": (usd(1001), usd(1000), TEN, LOST),
    "max_drawdown": (pct("1.01"), pct(1), TEN, LOST),
    "restricted_symbols": (frozenset({"KO"}), frozenset({"AAPL"}), TEN, view()),
    "max_losses_row": (3, 2, TEN, view(ledger=replace(account(), losses_ns=(9, 8)))),
    "cooldown_ms": (900, 901, TEN, view(ledger=replace(account(), reduced_ns=LATELY))),
    "max_volume_share": (ratio("0.01"), ratio("0.0099"), TEN, PAST_DAYS),
    "max_volatility": (ratio("0.5"), ratio("0.499"), TEN, PAST_DAYS),
    "max_orders_per_s": (1, 0, TEN, view()),
    "max_orders_per_min": (1, 0, TEN, view()),
    "max_orders_per_day": (1, 0, TEN, view()),
    "price_collar": (pct(1), pct("0.99"), limit_order("BUY", 1, "101"), view()),
    "max_quote_age_ms": (900, 899, TEN, view(quotes={AAPL.con_id: OLD})),
    "max_quote_lead_ms": (900, 899, TEN, view(quotes={AAPL.con_id: AHEAD})),
    "restart_quiet_ms": (899, 900, TEN, view(restart_at_ns=NOW + 900 * MS)),
    "allow_extended": (True, False, intent(outside_rth=True), EXTENDED),
    "max_heat": (pct(1), pct("0.99"), TEN, view()),
    "heat_without_stop": (ratio("0.5"), ratio("0.501"), TEN, view()),
    "short_needs_borrow": (False, True, intent("SELL"), view()),
    "max_clock_skew_ms": (900, 899, TEN, view(skew_ns=900 * MS)),
    "max_margin": (ratio("0.5"), ratio("0.499"), TEN, MARGIN),
    "margin_age_ms": (900, 899, TEN, MARGIN),
}
NEEDED: dict[str, dict[str, Any]] = {
    "cluster_correlation": {"max_cluster_weight": pct("1.99")},
    "heat_without_stop": {"max_heat": pct("0.5")},
    "margin_age_ms": {"max_margin": ratio(1)},
}
"""What else has to be limited for a limit to be looked at."""


@pytest.mark.parametrize("name", CHANGES)
def test_f81_changing_a_limit_by_the_least_changes_the_decision(name: str) -> None:
    loose, tight, wanted, seen = CHANGES[name]
    needed = NEEDED.get(name, {})
    assert judged(wanted, seen, **{**needed, name: loose}) == ""
    assert judged(wanted, seen, **{**needed, name: tight}) != ""


def test_f81_there_is_no_limit_without_such_a_test() -> None:
    elsewhere = {"duplicate_window_ms", "max_cancel_ratio", "cancel_ratio_orders"}  # take orders
    trip = {"switch_daily_loss", "switch_drawdown"}  # the gate does not look at them: test_switch
    assert CHANGES.keys() | elsewhere | trip == set(Limits.__struct_fields__)


def test_nothing_may_be_entered_before_a_symbol_is_allowed() -> None:
    gate = Gate(Limits())
    assert code(gate.judge(intent(), view(), NOW)) == "symbol"


def test_f81_the_risk_package_has_no_numbers_of_its_own() -> None:
    allowed = {0, 1, 2, 3, 4}
    folder = Path(robotrader.risk.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                named = path.name in {"limits.py", "triggers.py", "past.py", "units.py"}
                assert named or node.value in allowed, f"{path.name}:{node.lineno}: {node.value}"


NUMBERS: Any = st.one_of(
    st.sampled_from([None, True, "10", 10, 1.5, float("nan"), float("inf"), 1e308, -0.0]),
    st.sampled_from([Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-0", "1e308", "-1")]),
)


@given(NUMBERS, st.sampled_from(["qty", "limit_price", "aux_price"]), st.data())
def test_f61_what_is_no_usable_number_is_refused_in_every_field(
    value: Any, field: str, data: st.DataObject
) -> None:
    wanted = limit_order("BUY", 1, "100")
    if field == "aux_price":
        wanted = msgspec.structs.replace(wanted, order_type=OrderType.STOP_LIMIT)
    wanted = msgspec.structs.replace(wanted, **{field: value})
    gate = Gate(limits())
    assert code(gate.judge(wanted, view(aapl=data.draw(st.integers(-5, 5))), NOW)) == "malformed"
    assert gate.reserved == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"side": "BUY"},
        {"side": None},
        {"con_id": True},
        {"con_id": "AAPL"},
        {"con_id": 0},
        {"strategy": ""},
        {"cause": None},
        {"symbol": 5},
        {"purpose": "entry"},
        {"order_type": "MKT"},
        {"tif": "DAY"},
        {"legs": None},
        {"limit_price": Decimal(1)},
        {"aux_price": Decimal(1)},
        {"order_type": OrderType.LIMIT},
        {"order_type": OrderType.STOP},
        {"order_type": OrderType.TRAIL},
        {"order_type": OrderType.TRAIL_LIMIT},
        {"legs": (Leg(order_type=OrderType.STOP),)},
        {"legs": (Leg(order_type=OrderType.LIMIT, limit_price=Decimal("nan")),)},
    ],
)
def test_f61_an_intent_that_is_none_is_refused_before_anything_is_computed(
    changed: dict[str, Any],
) -> None:
    assert judged(msgspec.structs.replace(intent(), **changed)) == "malformed"
    exit_ = msgspec.structs.replace(leaving(), **changed)
    assert judged(exit_, view(aapl=5)) == "malformed"


@pytest.mark.parametrize(
    "name", ["strategy", "symbol", "cause", "side", "purpose", "order_type", "tif", "legs"]
)
def test_an_intent_that_is_none_is_refused_with_the_name_of_what_is_wrong(name: str) -> None:
    blank = ("",) if name in {"strategy", "symbol", "cause"} else ()
    for value in (None, 7, *blank):
        found = Gate(limits()).judge(
            msgspec.structs.replace(intent(), **{name: value}), view(), NOW
        )
        assert getattr(found, "why", "") == f"its {name} is {value!r}"


@given(st.integers(1, 400), st.integers(-300, 300), st.integers(1, 40_000), st.integers(1, 300))
def test_f64_the_most_that_passes_passes_and_one_step_more_does_not(
    qty: int, held: int, usd_limit: int, shares: int
) -> None:
    gate = Gate(limits(max_symbol_usd=usd(usd_limit), max_order_qty=Decimal(shares)))
    most = gate.most(intent(qty=qty), view(aapl=held), NOW)
    assert most == int(most)
    assert 0 <= most <= qty
    assert gate.reserved == ()
    if most:
        assert isinstance(gate.judge(intent(qty=most), view(aapl=held), NOW), Approved)
    if most < qty:
        more = Gate(gate.limits).judge(intent(qty=most + 1), view(aapl=held), NOW)
        assert not isinstance(more, Approved)


def test_f64_a_quantity_is_never_rounded_up_to_a_step() -> None:
    assert Gate(limits()).most(intent(qty="7.9"), view(), NOW) == 7
    assert Gate(limits()).most(intent(qty="0.9"), view(), NOW) == 0


@pytest.mark.parametrize("wrong", [0.02, True, "x", None, "-1", "nan", Decimal("inf")])
def test_f60_money_and_fractions_are_made_of_exact_numbers_only(wrong: Any) -> None:
    for make in (usd, pct, ratio):
        with pytest.raises(ConfigurationError, match="write"):
            make(wrong)


def test_f60_a_percentage_is_a_hundredth() -> None:
    assert pct(2) == ratio("0.02")
    assert usd("2500.50") == Decimal("2500.50")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_daily_loss", Decimal(500)),
        ("max_drawdown", Decimal("1.01")),
        ("price_collar", Decimal(3)),
        ("max_gross", Decimal(100_000)),
        ("max_symbol_weight", Decimal(5_000)),
        ("max_order_qty", Decimal("nan")),
        ("max_order_usd", Decimal("inf")),
        ("max_symbol_qty", Decimal(-1)),
        ("max_orders_per_min", -1),
        ("max_net", 0.5),
        ("max_strategy_weight", {"s": Decimal(21)}),
        ("max_strategy_weight", {"s": Decimal("nan")}),
    ],
)
def test_f60_a_limit_in_the_wrong_unit_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        limits(**{name: value})


def test_limits_change_by_a_record_and_keep_their_kind() -> None:
    before = limits()
    after = before.changed("max_open_positions", Decimal(3)).changed("allow_extended", Decimal(1))
    assert (after.max_open_positions, after.allow_extended) == (3, True)
    assert type(after.max_open_positions) is int
    assert after.hash != before.hash
    assert len(before.hash) == 16, "eight bytes, as every order carries them"
    assert before.changed("max_order_usd", Decimal(5)).max_order_usd == 5
    for name, value in (("nothing", "1"), ("allowed_symbols", "1"), ("max_open_positions", "1.5"),
                        ("max_strategy_weight", "1")):  # fmt: skip
        with pytest.raises(ConfigurationError, match=name):
            before.changed(name, Decimal(value))
    with pytest.raises(ConfigurationError, match="max_daily_loss"):
        before.changed("max_daily_loss", Decimal(500))


def test_equal_limits_have_equal_hashes_in_whatever_order_symbols_are_named() -> None:
    names = ["AAPL", "KO", "SPY", "MSFT", "IBM"]
    one = limits(allowed_symbols=frozenset(names))
    two = limits(allowed_symbols=frozenset(sorted(names)))
    assert one.hash == two.hash
    assert one.hash != limits(allowed_symbols=frozenset(names[1:])).hash


def test_the_same_limits_have_the_same_hash_in_whatever_order_they_came() -> None:
    """Sets and dictionaries have an order of their own, in each process another one."""
    names = [f"S{n}" for n in range(300)]
    there, back = frozenset(names), frozenset(reversed(names))
    assert [*there] != [*back]
    for name in ("allowed_symbols", "restricted_symbols"):
        assert limits(**{name: there}).hash == limits(**{name: back}).hash != limits().hash
    shares = {name: ratio("0.1") for name in names}
    turned = {name: shares[name] for name in reversed(names)}
    assert limits(max_strategy_weight=shares).hash == limits(max_strategy_weight=turned).hash


def test_a_limit_has_at_most_fifteen_digits_and_a_contract_a_number_from_1_on() -> None:
    most = Decimal(10**15 - 1)
    assert Limits().changed("max_gross_usd", most).max_gross_usd == most
    with pytest.raises(ConfigurationError, match="below 1e15"):
        Limits().changed("max_gross_usd", most + 1)
    numbers = {con_id: judged(intent(con_id=con_id)) for con_id in (-1, 0, 1)}
    assert numbers == {-1: "malformed", 0: "malformed", 1: "contract"}
