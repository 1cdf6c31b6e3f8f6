"""What the journal holds: every event that changes what we believe, in the order it became true.

Permanent type ids: a new meaning is a new id, a field is added with a default, nothing is renamed
or used again. The state of orders, positions, limits and switches is the fold of these records.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

ZERO: Final = Decimal(0)


class SessionBegan(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A process opened the journal: nothing of an older epoch has an effect any more."""

    epoch: int
    account: str
    client_id: int
    config_hash: str
    build: str = ""


class OrderIntended(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order will be sent. Durable before the first byte leaves; ``ref`` is its identity."""

    ref: str
    order_id: int
    generation: int
    strategy: str
    con_id: int
    symbol: str
    account: str
    side: str
    order_type: str
    qty: Decimal
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_percent: Decimal | None = None
    tif: str = "DAY"
    outside_rth: bool = False
    parent_ref: str = ""
    oca_group: str = ""
    oca_type: int = 0
    transmit: bool = True
    reduces: bool = False
    """Whether it was judged to only reduce the position."""

    reason: str = ""
    cause: str = ""
    """The correlation id that leads back to the tick."""

    limits_hash: str = ""
    wall_ns: int = 0
    trail_stop_price: Decimal | None = None
    """Where a trailing stop begins; None: at its distance from the market."""


class ModifyIntended(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A live order will be changed to this quantity and these prices."""

    ref: str
    qty: Decimal
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    generation: int = 0
    wall_ns: int = 0


class CancelIntended(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A cancel will be sent, and sent again until the broker says how the order ended."""

    ref: str
    reason: str = ""
    wall_ns: int = 0


class OrderAcked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The broker has the order."""

    ref: str
    perm_id: int
    status: str
    wall_ns: int = 0
    qty: Decimal = ZERO
    """What it is for, by the broker: settles a change. 0 where it was not said."""

    limit_price: Decimal | None = None
    """Its prices by the broker, where they were said."""

    aux_price: Decimal | None = None
    trail_stop_price: Decimal | None = None
    """How near a trailing stop has come, by the broker, where that is nearer than was known."""


class FillBooked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Shares changed hands. ``ref`` is empty for an order that is not ours."""

    family: str
    """The execution id without its revision: a fill is booked once."""

    exec_id: str
    ref: str
    order_id: int
    perm_id: int
    con_id: int
    account: str
    side: str
    qty: Decimal
    price: Decimal
    time_ns: int
    strategy: str = ""
    wall_ns: int = 0


class FillCorrected(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The broker replaced a fill: by another quantity (0: it never happened) or price."""

    family: str
    exec_id: str
    qty: Decimal
    price: Decimal
    wall_ns: int = 0


class CommissionBooked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a fill cost; replaces what an earlier report of the same family said."""

    family: str
    exec_id: str
    commission: Decimal
    currency: str = "USD"
    wall_ns: int = 0


class Ending(StrEnum):
    """How an order ended."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    """It never reached the broker; nothing was sent again."""

    LOST = "lost"
    """The broker had it and does not know it any more: the symbol is halted."""


class OrderDone(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order ended. ``cum_filled`` may be more than the fills seen: the rest is awaited."""

    ref: str
    ending: Ending
    cum_filled: Decimal = ZERO
    code: int = 0
    why: str = ""
    wall_ns: int = 0


class Reconciled(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Broker and journal were compared and agree, but for what was halted before."""

    generation: int
    wall_ns: int = 0


class ExternalOrderSeen(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order that we did not place: counted in risk, never touched."""

    perm_id: int
    client_id: int
    con_id: int
    side: str
    qty: Decimal
    status: str
    wall_ns: int = 0


class SymbolHalted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Nothing but reductions may be traded in a contract, until a person says so."""

    con_id: int
    why: str
    wall_ns: int = 0


class SymbolResumed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A person ended a halt."""

    con_id: int
    who: str
    why: str
    wall_ns: int = 0


class PositionAdopted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A person accepted the broker's position: the difference is booked at its average cost."""

    con_id: int
    qty: Decimal
    avg_cost: Decimal
    who: str
    why: str
    wall_ns: int = 0


class SwitchTripped(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The kill switch is at ``level`` (pause, reduce, cancel, flatten) in ``scope``."""

    level: str
    scope: str
    """``all``, ``account:DU1``, ``symbol:AAPL`` or ``strategy:NAME``."""

    trigger: str
    why: str
    who: str = ""
    wall_ns: int = 0


class SwitchCleared(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The kill switch is off in ``scope``."""

    scope: str
    who: str
    why: str
    wall_ns: int = 0


class LimitChanged(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A limit has another value."""

    name: str
    value: Decimal
    who: str
    wall_ns: int = 0
    why: str = ""
    old: str = ""
    """What it was: a number, or ``off``."""

    base: str = ""
    """What the configuration said then; empty where that is not known."""

    configured: bool = False
    """Whether the configuration's value counts again, whatever it is."""


class StrategySaved(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a strategy wants to remember over a restart."""

    strategy: str
    state: bytes
    wall_ns: int = 0


class MessageQuarantined(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message that crashed its receiver again and again is set aside."""

    actor: str
    message: str
    crashes: int
    error: str
    wall_ns: int = 0


class SuspensionChanged(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A strategy that fails again and again is told nothing any more; or a person lets it go on."""

    strategy: str
    suspended: bool
    why: str
    who: str = ""
    wall_ns: int = 0


class CashAdopted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The cash that the account begins with, as the broker said it before our first fill."""

    account: str
    cash: Decimal
    currency: str = "USD"
    wall_ns: int = 0


class DayRolled(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An exchange day ended: what daily figures start from (marked to market)."""

    day: str
    """The day that begins, ``2026-11-23``."""

    equity: Decimal
    wall_ns: int = 0


class OperatorActed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A person used a command that changes something."""

    who: str
    command: str
    result: str
    wall_ns: int = 0


Record: TypeAlias = (
    SessionBegan
    | OrderIntended
    | ModifyIntended
    | CancelIntended
    | OrderAcked
    | FillBooked
    | FillCorrected
    | CommissionBooked
    | OrderDone
    | Reconciled
    | ExternalOrderSeen
    | SymbolHalted
    | SymbolResumed
    | PositionAdopted
    | SwitchTripped
    | SwitchCleared
    | LimitChanged
    | StrategySaved
    | MessageQuarantined
    | SuspensionChanged
    | CashAdopted
    | DayRolled
    | OperatorActed
)

TYPE_IDS: Final[dict[int, type[Record]]] = {
    1: SessionBegan,
    2: OrderIntended,
    3: ModifyIntended,
    4: CancelIntended,
    5: OrderAcked,
    6: FillBooked,
    7: FillCorrected,
    8: CommissionBooked,
    9: OrderDone,
    10: Reconciled,
    11: ExternalOrderSeen,
    12: SymbolHalted,
    13: SymbolResumed,
    14: PositionAdopted,
    15: SwitchTripped,
    16: SwitchCleared,
    17: LimitChanged,
    18: StrategySaved,
    19: MessageQuarantined,
    20: CashAdopted,
    21: DayRolled,
    22: OperatorActed,
    23: SuspensionChanged,
}
"""For ever: a number is never given to another type."""
