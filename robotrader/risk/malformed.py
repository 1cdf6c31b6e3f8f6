"""Whether an intent is one at all: before anything is computed with its fields (F61)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import OrderType, Purpose, Side, TimeInForce
from robotrader.domain.errors import DataValidationError
from robotrader.ledger.money import ZERO, exact

if TYPE_CHECKING:
    from robotrader.domain import Intent, Leg, Sizing

_O = OrderType
LIMITED: Final = frozenset({_O.LIMIT, _O.STOP_LIMIT, _O.LIMIT_IF_TOUCHED, _O.LIMIT_ON_CLOSE})
"""Types that need a limit price; ``REL`` may have one, all others have none."""

TRIGGERED: Final = frozenset({_O.STOP, _O.STOP_LIMIT, _O.MARKET_IF_TOUCHED, _O.LIMIT_IF_TOUCHED})
"""Types whose ``aux_price`` is a price of the market."""

DISTANT: Final = frozenset({_O.TRAIL, _O.RELATIVE})
"""Types whose ``aux_price`` is a distance."""

_KINDS: Final = (
    ("strategy", str),
    ("symbol", str),
    ("cause", str),
    ("side", Side),
    ("purpose", Purpose),
    ("order_type", OrderType),
    ("tif", TimeInForce),
    ("legs", tuple),
)
"""What each field is; a text has to say something."""


def malformed(intent: Intent) -> str:
    """Return what is wrong with an intent itself, empty if nothing."""
    alike = (  # which is what is nearly always so
        type(intent.side) is Side
        and type(intent.purpose) is Purpose
        and type(intent.order_type) is OrderType
        and type(intent.tif) is TimeInForce
        and type(intent.legs) is tuple
        and type(intent.strategy) is type(intent.symbol) is type(intent.cause) is str
        and intent.strategy
        and intent.symbol
        and intent.cause
    )
    if not alike and (wrong := _unlike(intent)):
        return wrong
    if type(intent.con_id) is not int or intent.con_id <= 0:
        return f"its con_id is {intent.con_id!r}"
    plain = intent.order_type is OrderType.MARKET  # which is what is nearly always so
    if plain and intent.limit_price is intent.aux_price is intent.trail_percent is None:
        wrong = _number("quantity", intent.qty)
    else:
        wrong = _number("quantity", intent.qty) or _distances(intent)
    return (
        wrong
        or ("" if intent.trail_stop_price is None else _begins(intent))
        or (_legs(intent.legs) if intent.legs else "")
        or ("" if intent.sizing is None else _sizing(intent.qty, intent.sizing))
    )


def _unlike(intent: Intent) -> str:
    """Say which of the fields is not what it should be."""
    for name, kind in _KINDS:
        value = getattr(intent, name)
        if not isinstance(value, kind) or (kind is str and not value):
            return f"its {name} is {value!r}"
    return ""


def _sizing(qty: Decimal, sizing: Sizing) -> str:
    """What is shown as the size was used (F78)."""
    if wrong := _number("size", sizing.qty):
        return wrong
    return "" if qty <= sizing.qty else f"its quantity {qty} exceeds {sizing.qty}"


def _number(what: str, value: object) -> str:
    if not isinstance(value, Decimal):
        return f"its {what} is {value!r}, no Decimal"
    try:
        exact(value, what)
    except DataValidationError:
        return f"its {what} is {value}"
    return "" if value > ZERO else f"its {what} is {value}"


def _prices(kind: OrderType, limit: object, aux: object) -> str:
    """A price that is needed is there and one that is not is not: it would be believed."""
    if kind is OrderType.TRAIL_LIMIT:
        return "an intent has no offset for a TRAIL LIMIT"
    limited = kind in LIMITED
    if limited or limit is not None:
        if not limited and kind is not OrderType.RELATIVE:
            return f"its limit price is {limit}: a {kind} order has none"
        if wrong := _number("limit price", limit):
            return wrong
    if kind in TRIGGERED or kind in DISTANT:
        return _number("aux price", aux)
    return "" if aux is None else f"its aux price is {aux}: a {kind} order has none"


def _distances(what: Intent | Leg) -> str:
    """A trailing stop has a distance in percent or as a price; nothing else has a percent."""
    if what.trail_percent is None:
        return _prices(what.order_type, what.limit_price, what.aux_price)
    if what.order_type is OrderType.TRAIL and what.aux_price is what.limit_price is None:
        return _number("trail percent", what.trail_percent)
    return f"its trail percent is {what.trail_percent}: a {what.order_type} order has none"


def _begins(intent: Intent) -> str:
    if intent.order_type is not OrderType.TRAIL:
        return f"it begins at {intent.trail_stop_price}: a {intent.order_type} order does not trail"
    return _number("first stop price", intent.trail_stop_price)


def _legs(legs: tuple[Leg, ...]) -> str:
    for leg in legs:
        kind: object = leg.order_type
        known = isinstance(kind, OrderType)
        wrong = _distances(leg) if known else f"its type is {kind!r}"
        if wrong:
            return f"in a leg, {wrong}"
    return ""
