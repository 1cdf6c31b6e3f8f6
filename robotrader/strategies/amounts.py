"""Numbers that a strategy gives, as amounts that an order can have; nonsense is a ValueError."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from robotrader.domain import Leg, OrderType

if TYPE_CHECKING:
    from robotrader.domain import Instrument

Number: TypeAlias = Decimal | float

_ZERO: Final = Decimal(0)
"""To be compared with: of a whole number a Decimal is made first, each time."""


def quantity(instrument: Instrument, qty: Number) -> Decimal:
    """Return a quantity: a multiple of the instrument's step, above 0."""
    wanted, step = decimal("a quantity", qty), instrument.size_step
    if wanted <= _ZERO or wanted % step:
        refuse(f"a quantity of {qty} of {instrument.symbol}: give a multiple of {step} above 0")
    return wanted


def price_on_grid(instrument: Instrument, name: str, price: Number) -> Decimal:
    """Return a price on the grid of the instrument."""
    wanted = decimal(name, price)
    if wanted <= _ZERO:
        refuse(f"{name} {price} is not above zero")
    step = instrument.tick_table[0][1]
    for edge, each in instrument.tick_table:
        if wanted >= edge:
            step = each
    return (wanted / step).to_integral_value(ROUND_HALF_EVEN) * step


def legs_of(
    instrument: Instrument,
    stop: Number | None,
    take_profit: Number | None = None,
    trail_percent: Number | None = None,
) -> tuple[Leg, ...]:
    """Return the orders that protect an entry."""
    legs = []
    if stop is not None and trail_percent is not None:
        refuse("a stop and a trail_percent: an entry has one of them")
    if take_profit is not None:
        price = price_on_grid(instrument, "take_profit", take_profit)
        legs.append(Leg(order_type=OrderType.LIMIT, limit_price=price))
    if stop is not None:
        price = price_on_grid(instrument, "stop", stop)
        legs.append(Leg(order_type=OrderType.STOP, aux_price=price))
    if trail_percent is not None:
        percent = decimal("a trail_percent", trail_percent)
        if not 0 < percent < 100:
            refuse(f"a trail_percent of {percent}: give more than 0 and less than 100")
        legs.append(Leg(order_type=OrderType.TRAIL, trail_percent=percent))
    return tuple(legs)


def decimal(name: str, value: Number) -> Decimal:
    """Return a finite number as a Decimal, by its shortest decimal form."""
    if type(value) is int:  # nearly always
        return Decimal(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        refuse(f"{name} of {value}: give a finite number")
    return number


def refuse(text: str) -> NoReturn:
    """Say what makes no sense."""
    raise ValueError(text)
