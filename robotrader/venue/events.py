"""What the venue says happened: frozen values, in the order in which it happened."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Self, TypeAlias

import msgspec

from robotrader.domain import Order, OrderKey


class Status(StrEnum):
    """Where an order stands, with IBKR's words."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function

    over: bool
    """Whether nothing can happen to the order any more."""

    def __new__(cls, word: str, over: bool = False) -> Self:
        """Make a member: a plain attribute is three times as fast as a property."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.over = over
        return member

    HELD = "ApiPending", False
    PRE_SUBMITTED = "PreSubmitted", False
    SUBMITTED = "Submitted", False
    FILLED = "Filled", True
    CANCELLED = "Cancelled", True
    INACTIVE = "Inactive", True


class OrderState(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order as the venue has it. Prices are averages over its executions; times UTC."""

    key: OrderKey
    perm_id: int
    order: Order
    status: Status
    filled: Decimal
    remaining: Decimal
    avg_price: Decimal
    last_price: Decimal
    why_held: str = ""
    parent_perm_id: int = 0
    stop_price: float | None = None
    done_ns: int = 0
    done_text: str = ""


class Execution(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One fill. A correction has the same ``exec_id`` but for the number after its last dot."""

    exec_id: str
    key: OrderKey
    perm_id: int
    con_id: int
    account: str
    bought: bool
    qty: Decimal
    price: Decimal
    time_ns: int
    cum_qty: Decimal
    avg_price: Decimal
    exchange: str
    order_ref: str
    took_liquidity: bool


class OrderUpdated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An order is new or stands differently."""

    state: OrderState


class Executed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Shares changed hands."""

    execution: Execution


class Charged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The commission of an execution, and what it realized (None where it opened a position)."""

    exec_id: str
    key: OrderKey
    commission: Decimal
    currency: str
    realized: Decimal | None


class Refused(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A request was refused, with IBKR's code and its words."""

    key: OrderKey
    code: int
    text: str


class Warned(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A request was taken, with a reservation."""

    key: OrderKey
    code: int
    text: str


class PositionChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An account holds another quantity of a contract."""

    account: str
    con_id: int


VenueEvent: TypeAlias = OrderUpdated | Executed | Charged | Refused | Warned | PositionChanged
