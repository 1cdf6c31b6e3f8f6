"""What the venue needs from whoever keeps its accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from robotrader.domain import Instrument, Order
    from robotrader.venue.commissions import OrderCharges


class Rejection(msgspec.Struct, frozen=True):
    """Why an order may not be placed: IBKR's code and words."""

    code: int
    text: str


class Hold(msgspec.Struct, frozen=True):
    """An order is accepted but may not work yet, for a reason that IBKR gives in ``whyHeld``."""

    reason: str
    code: int
    text: str


class Accounts(Protocol):
    """See ``robotrader.venue.books.Books``."""

    prices: dict[int, float]
    """Last price of each contract; the venue writes it."""

    def check(
        self, order: Order, instrument: Instrument, coming: Decimal
    ) -> Rejection | Hold | None:
        """Judge an order by its account's funds, margin and borrowed shares.

        ``coming`` is the signed quantity that its parent brings before it can fill.
        """
        ...

    def fill(
        self,
        order: Order,
        instrument: Instrument,
        *,
        qty: Decimal,
        price: Decimal,
        day: date,
        charges: OrderCharges,
    ) -> tuple[Decimal, Decimal | None]:
        """Book a fill; return its commission and what it realized (None: it only opened)."""
        ...

    def correct(
        self, name: str, con_id: int, *, qty: Decimal, value: Decimal, bought: bool
    ) -> None:
        """Book the difference that a correction makes: signed quantity and value, and its side."""
        ...

    def roll_day(self) -> None:
        """Begin a new day: daily figures start from here."""
        ...
