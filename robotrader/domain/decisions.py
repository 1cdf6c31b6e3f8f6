"""From a strategy's wish to an order: what strategies, the risk gate and the order manager say."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from robotrader.domain.orders import OrderType, Side, TimeInForce
from robotrader.domain.sizes import Sizing


class Purpose(StrEnum):
    """Why an order is wanted; exits pass where entries do not."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    FLATTEN = "flatten"


class Leg(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A child of a bracket: a take-profit or a protective stop, in the other direction."""

    order_type: OrderType
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_percent: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC


class Intent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """What a strategy wants. ``cause`` leads back to the event that it answers."""

    strategy: str
    con_id: int
    symbol: str
    side: Side
    qty: Decimal
    purpose: Purpose
    cause: str
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_stop_price: Decimal | None = None
    """Where a trailing stop begins; None: at its distance from the market."""

    tif: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    legs: tuple[Leg, ...] = ()
    reason: str = ""
    decided_ns: int = 0
    """The time of the event that it answers."""

    sizing: Sizing | None = None
    """What its quantity was computed by; None where the strategy gave one."""


class CancelWish(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A strategy wants its order gone; ``ref`` is the order's.

    Before the risk gate, ``ref`` is the cause of the intent: a strategy knows no references.
    """

    strategy: str
    ref: str
    cause: str


class StopWish(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A strategy wants the stops of its position at another trigger: nearer, never further."""

    strategy: str
    con_id: int
    trigger: Decimal
    cause: str


class Refusal(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """An intent does not pass: the check's code, and the reason with its numbers."""

    intent: Intent
    code: str
    why: str


class Approved(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """An intent passed every check; ``reservation`` is what the gate holds for it."""

    intent: Intent
    reservation: int
    account: str
    limits_hash: str
    reduces: bool
