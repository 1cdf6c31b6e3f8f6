"""What the order manager asks of whoever drives it: values, done in the order of the list.

The manager has no journal, no connection and no clock. It answers every call with effects; the
journal's answer comes back as ``committed`` or ``commit_failed``, a timer's as ``wake``.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from robotrader.domain import (
    Approved,
    AskSnapshot,
    CancelOrder,
    Intent,
    OrderState,
    PlaceOrder,
)
from robotrader.domain.records import FillBooked, FillCorrected, Record, SwitchTripped


class Level(StrEnum):
    """How loud an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order of ours as others may see it. Quantities are shares.

    ``reserved`` is what it may still do to the position: the rest while it works, fills that are
    known to have happened but were not seen once it is over.
    """

    ref: str
    order_id: int
    strategy: str
    con_id: int
    symbol: str
    side: str
    state: OrderState
    qty: Decimal
    filled: Decimal
    reserved: Decimal
    reduces: bool
    protects: bool = False
    """Whether it is a stop that only reduces."""

    yields: bool = False
    """Whether it gives way to an exit: a stop, or the leg of a bracket."""

    order_type: str = ""
    perm_id: int = 0
    parent_ref: str = ""
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    trail_percent: Decimal | None = None
    modifying: bool = False
    """A change was sent and it is not known whether it was taken."""

    code: int = 0
    why: str = ""
    cause: str = ""
    tif: str = ""
    intended_ns: int = 0
    account: str = ""


class Commit(msgspec.Struct, frozen=True):
    """Make the records durable together, then call ``committed`` or ``commit_failed``.

    ``entering``: they begin something new, and may be refused where the disk is nearly full.
    """

    token: int
    records: tuple[Record, ...]
    entering: bool


Command: TypeAlias = PlaceOrder | CancelOrder | AskSnapshot


class Send(msgspec.Struct, frozen=True, gc=False):
    """Give a command to the gateway."""

    command: Command


class Told(msgspec.Struct, frozen=True, gc=False):
    """An order changed: for the symbol, the risk gate and the account."""

    update: OrderView


class FillTold(msgspec.Struct, frozen=True, gc=False):
    """Shares changed hands, or a fill was corrected; ``strategy`` is empty if it is not ours."""

    fill: FillBooked | FillCorrected
    strategy: str
    con_id: int


class Wake(msgspec.Struct, frozen=True, gc=False):
    """Call ``wake(token)`` at this time; too late is fine, twice is fine."""

    token: str
    at_ns: int


class Alert(msgspec.Struct, frozen=True, gc=False):
    """Something that a person should know; ``kind`` is a word that rules can match."""

    level: Level
    kind: str
    text: str


class Released(msgspec.Struct, frozen=True, gc=False):
    """The gate may give back ``qty`` shares of a reservation; ``left`` are still held.

    Less than 0 where a fill was taken back and the order may trade those shares again.
    """

    reservation: int
    ref: str
    qty: Decimal
    left: Decimal


class Tripped(msgspec.Struct, frozen=True):
    """The order manager had to trip the kill switch, durably: its owner takes this over."""

    record: SwitchTripped


class Declined(msgspec.Struct, frozen=True):
    """An approved intent became no order: nothing was sent, the reservation is free."""

    approved: Approved
    code: str
    why: str


class Settled(msgspec.Struct, frozen=True):
    """Everything that was approved before ``gate`` asked is recorded or declined, but these exits.

    They wait until stops have given up their shares.
    """

    gate: int
    waiting: tuple[Approved, ...]


class AdoptionEnded(msgspec.Struct, frozen=True, gc=False):
    """The broker's position was accepted, or why not: ``why`` is empty if it was."""

    number: int
    why: str


class Wanted(msgspec.Struct, frozen=True):
    """A position lacks its stop: give this to the risk gate, whose approval comes back."""

    intent: Intent


Effect: TypeAlias = (
    Commit
    | Send
    | Told
    | FillTold
    | Wake
    | Alert
    | Released
    | Tripped
    | Declined
    | Wanted
    | Settled
    | AdoptionEnded
)
