"""Whatever stands where a number should: a refusal with a reason, never an exception or a pass.

Everything that the gate, the limits and the rules of the kill switch read is replaced by what is no
usable number: NaN, infinities, negative ones, ones too large or too fine, other types.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Approved, Borrow, Intent, Leg, OrderType, Quote, Refusal, Sizing
from robotrader.domain.errors import ConfigurationError
from robotrader.ledger.money import FINEST, LARGEST
from robotrader.risk import (
    Correlations,
    DayFigures,
    Gate,
    Limits,
    Margin,
    RiskView,
    pct,
    ratio,
    usd,
    wish_of,
)
from tests.examples import times
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, account, intent, limits, view

D = Decimal
NAN, INF = math.nan, math.inf
TYPES: Final = st.sampled_from(
    [None, True, False, "", "1", "NaN", b"1", 1, 0, -1, 10**400, [1], (1,), object, 1j]
)
FLOATS: Final = st.floats() | st.sampled_from([NAN, INF, -INF, -0.0, 5e-324, 1e308, -1e308, 1.0])
DECIMALS: Final = st.decimals() | st.sampled_from(
    [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D("-0"), D("1e308"), D("-1e308"),
     D("5e-324"), D("1e-21"), D("1e999999"), D("1e-999999"), LARGEST, D(0), D(-1)]
)  # fmt: skip
ANYTHING: Final = TYPES | FLOATS | DECIMALS


def usable(value: object) -> bool:
    """What a quantity or a price of an order may be, written down once more."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return 0 < value < LARGEST and isinstance(exponent, int) and exponent >= FINEST


def verdict(wanted: Intent, seen: RiskView | None = None, **changed: Any) -> Approved | Refusal:
    """What the gate says, and what it explains: both never raise."""
    gate, seen = Gate(limits(**changed)), seen or view()
    gate.explain(wanted, seen, NOW)
    gate.lacks_margin(wanted, seen, NOW)
    found = gate.judge(wanted, seen, NOW)
    if isinstance(found, Refusal):
        assert found.code
        assert found.why
        assert not gate.reserved
    return found


def passed(found: Approved | Refusal) -> bool:
    return isinstance(found, Approved)


# -- what an intent says --

LIMIT = intent(order_type=OrderType.LIMIT, limit_price=D(100))
STOP = intent(order_type=OrderType.STOP, aux_price=D(100))
TRAIL = intent(order_type=OrderType.TRAIL, aux_price=D(1))
PERCENT = intent(order_type=OrderType.TRAIL, trail_percent=D(1))
BEGUN = replace(TRAIL, trail_stop_price=D(99))
NUMBERS: Final[dict[str, tuple[Intent, str]]] = {
    "quantity": (intent(), "qty"),
    "limit price": (LIMIT, "limit_price"),
    "trigger": (STOP, "aux_price"),
    "distance": (TRAIL, "aux_price"),
    "percent": (PERCENT, "trail_percent"),
    "first stop": (BEGUN, "trail_stop_price"),
}
OPTIONAL: Final = {"first stop"}


@pytest.mark.parametrize("name", NUMBERS)
@given(value=ANYTHING)
@example(value=D("0.12345678901234567890"))
def test_f61_no_number_of_an_intent_passes_that_is_none(name: str, value: Any) -> None:
    wanted, field = NUMBERS[name]
    assert passed(verdict(wanted)), "it would, with a usable one"
    found = verdict(replace(wanted, **{field: value}))
    if not usable(value) and not (value is None and name in OPTIONAL):
        assert isinstance(found, Refusal)
        assert found.code == "malformed"


@pytest.mark.parametrize(
    "fields",
    [
        ("strategy", "symbol"),
        ("symbol", "cause"),
        ("strategy", "symbol", "cause"),
        ("limit_price", "aux_price"),
        ("aux_price", "trail_percent"),
        ("limit_price", "aux_price", "trail_percent"),
    ],
)
def test_f61_what_is_wrong_in_several_fields_in_the_same_way_is_refused(
    fields: tuple[str, ...],
) -> None:
    found = verdict(replace(intent(), **dict.fromkeys(fields, D(5))))
    assert isinstance(found, Refusal)
    assert found.code == "malformed"


@pytest.mark.parametrize("field", ["limit_price", "aux_price", "trail_percent", "trail_stop_price"])
@given(value=ANYTHING.filter(lambda value: value is not None))
def test_f61_a_price_that_an_order_of_its_type_has_not_is_refused(field: str, value: Any) -> None:
    found = verdict(replace(intent(), **{field: value}))
    assert isinstance(found, Refusal)
    assert found.code == "malformed"


@pytest.mark.parametrize(
    ("leg", "field"),
    [
        (Leg(order_type=OrderType.LIMIT, limit_price=D(110)), "limit_price"),
        (Leg(order_type=OrderType.STOP, aux_price=D(90)), "aux_price"),
        (Leg(order_type=OrderType.TRAIL, trail_percent=D(1)), "trail_percent"),
    ],
)
@given(value=ANYTHING)
def test_f61_no_number_of_a_leg_passes_that_is_none(leg: Leg, field: str, value: Any) -> None:
    assert passed(verdict(intent(legs=(leg,))))
    found = verdict(intent(legs=(replace(leg, **{field: value}),)))
    assert passed(found) is usable(value)


@given(value=ANYTHING)
def test_f61_no_contract_number_passes_but_the_contracts_own(value: Any) -> None:
    is_it = type(value) is int and value == AAPL.con_id
    assert passed(verdict(replace(intent(), con_id=value))) is is_it


@given(value=ANYTHING)
def test_f61_f78_no_size_passes_that_is_none_or_less_than_the_quantity(value: Any) -> None:
    sizing = Sizing(kind="fixed", qty=D(1), weight=0.1, bankroll=D(1), price=1.0, why="")
    assert passed(verdict(intent(sizing=sizing)))
    found = verdict(intent(sizing=replace(sizing, qty=value)))
    assert passed(found) is (usable(value) and value >= 1)


# -- what the world says --


@pytest.mark.parametrize("field", ["bid", "ask"])
@given(value=ANYTHING)
def test_f47_no_price_of_the_market_is_believed_that_is_none(field: str, value: Any) -> None:
    quote = replace(Quote(AAPL.con_id, NOW, 100.0, 100.0, 5, 5), **{field: value})
    found = verdict(intent(), view(quotes={AAPL.con_id: quote}))
    is_price = isinstance(value, int | float) and not isinstance(value, bool)
    sane = is_price and (0 < value <= 100 if field == "bid" else 100 <= value < INF)
    if not sane:
        assert isinstance(found, Refusal)
        assert found.code == "quote"


MARGIN = Margin(initial=D(1), maintenance=D(1), equity=D(100), at_ns=NOW)


@pytest.mark.parametrize("field", ["initial", "maintenance", "equity"])
@given(value=DECIMALS)
def test_f61_no_margin_that_is_none_lets_anything_pass(field: str, value: Decimal) -> None:
    wanted = intent()
    said = replace(MARGIN, **{field: value})
    found = verdict(wanted, view(margins={wish_of(wanted): said}), max_margin=ratio(1))
    if not value.is_finite() or (field == "equity" and value < 1):
        assert isinstance(found, Refusal)
        assert found.code == "margin"


@given(value=st.none() | DECIMALS)
def test_f61_shares_to_borrow_that_are_no_number_are_none(value: Decimal | None) -> None:
    seen = view(borrows={AAPL.con_id: Borrow(AAPL.con_id, value)})
    found = verdict(intent("SELL"), seen, short_needs_borrow=True)
    assert passed(found) is (value is not None and value.is_finite() and value >= 1)


@pytest.mark.parametrize("field", ["volume", "volatility"])
@given(value=st.none() | FLOATS)
def test_f61_figures_of_past_days_that_are_none_block(field: str, value: float | None) -> None:
    days = replace(DayFigures(volume=1e6, volatility=0.1), **{field: value})
    looked = {"max_volume_share": ratio("0.01"), "max_volatility": ratio(1)}
    found = verdict(intent(), view(days={AAPL.con_id: days}), **looked)
    if value is None or not math.isfinite(value) or value < 0:
        assert isinstance(found, Refusal)
        assert found.code == field


@pytest.mark.parametrize("limit", ["max_pair_correlation", "max_cluster_weight"])
@given(value=FLOATS)
def test_f61_a_correlation_that_is_none_counts_as_the_worst(limit: str, value: float) -> None:
    known = Correlations({AAPL.con_id: 0, KO.con_id: 1}, ((1.0, value), (value, 1.0)), 250)
    seen = view(ko=500, correlations=known)
    found = verdict(intent(), seen, **{limit: ratio("0.5")})
    if not -1 <= value <= 1:
        assert isinstance(found, Refusal)
        assert found.code == LIMITS[limit]


LIMITS = {"max_pair_correlation": "correlation", "max_cluster_weight": "cluster"}


@given(value=st.none() | DECIMALS)
def test_f61_equity_that_is_no_number_above_nothing_lets_nothing_in(value: Decimal | None) -> None:
    found = verdict(intent(), view(ledger=replace(account(), equity=value)))
    if value is None or not value.is_finite() or not 0 < value < LARGEST:
        assert isinstance(found, Refusal)
        assert found.code == "equity"


@pytest.mark.parametrize("field", ["daily", "day_equity", "peak", "drawdown"])
@given(value=st.none() | DECIMALS)
def test_f61_losses_that_are_no_numbers_let_nothing_in(field: str, value: Decimal | None) -> None:
    found = verdict(intent(), view(ledger=replace(account(), **{field: value})))
    if value is None or not value.is_finite():
        assert isinstance(found, Refusal)
        assert found.code in {"daily_loss", "drawdown"}


# -- what a limit says --

KINDS: Final = get_type_hints(Limits)
OTHERS: Final = {"allowed_symbols", "restricted_symbols", "max_strategy_weight"}


def rule(name: str) -> Callable[[object], bool]:
    """Whether a limit can have a value, by its default alone."""
    default = getattr(Limits(), name)
    if isinstance(default, bool):
        return lambda value: isinstance(value, bool)
    if isinstance(default, int):
        return lambda value: type(value) is int and value >= 0
    return lambda value: (
        (value is None and default is None)
        or (
            (type(value) is int or isinstance(value, Decimal))
            and Decimal(value).is_finite()
            and value >= 0
        )
    )


@times(3)
@given(name=st.sampled_from(sorted(KINDS.keys() - OTHERS)), value=ANYTHING)
def test_f61_no_limit_has_a_value_that_is_none(name: str, value: Any) -> None:
    if not rule(name)(value):
        with pytest.raises(ConfigurationError, match=f"limit {name} cannot be"):
            Limits(**{name: value})


@given(value=ANYTHING)
def test_f61_no_budget_has_a_value_that_is_none(value: Any) -> None:
    fine = (type(value) is int or isinstance(value, Decimal)) and Decimal(value).is_finite()
    if not fine or not 0 <= value <= 20:
        with pytest.raises(ConfigurationError, match="max_strategy_weight of s"):
            Limits(max_strategy_weight={"s": value})


@pytest.mark.parametrize("make", [usd, pct, ratio])
@given(value=ANYTHING)
def test_f60_f61_an_amount_is_a_usable_number_or_refused(
    make: Callable[[Any], Decimal], value: Any
) -> None:
    try:
        made: Decimal | None = make(value)
    except ConfigurationError:
        made = None
    if made is not None:
        assert made.is_finite()
        assert made >= 0
        assert not isinstance(value, bool | float)
    assert (made is None) <= (not usable(value))


@given(name=st.sampled_from(sorted(KINDS)), value=DECIMALS)
def test_f61_a_command_gives_a_limit_a_usable_number_or_is_refused(
    name: str, value: Decimal
) -> None:
    gate = Gate(Limits())
    with suppress(ConfigurationError):
        change = gate.changes.tried(name, value)
        assert change.new is not None
        assert change.new.is_finite()
        assert change.new >= 0
        gate.change(gate.changes.record(name, value, who="ann", why="a test", wall_ns=1))
    assert all(rule(each)(getattr(gate.limits, each)) for each in KINDS.keys() - OTHERS)
