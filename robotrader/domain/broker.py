"""What the trader and a broker's gateway say to each other, whoever the broker is.

The gateway reports what it is told, with the ``generation`` of the connection that said it: the
number grows when a connection ends, and whatever an older one said about requests is dropped.
Quantities and prices of executions are ``Decimal``; times nanoseconds since 1970 in UTC.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from robotrader.domain.orders import Order, Side


class LinkState(StrEnum):
    """How the connection to the broker is."""

    DOWN = "down"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    """Connected; what happened meanwhile is being asked for. No order may be sent."""

    READY = "ready"
    DEGRADED = "degraded"
    """The socket is up, the broker behind it is not (1100): no new orders."""

    RESTART_WINDOW = "restart_window"
    """An announced restart: no new orders, a disconnect is expected and no alarm."""

    NEEDS_HUMAN = "needs_human"
    """A login or a second factor is needed; tried again slowly."""


class ReportedStatus(StrEnum):
    """Where an order stands, in the broker's words (IBKR's)."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    PENDING_SUBMIT = "PendingSubmit"
    PENDING_CANCEL = "PendingCancel"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    API_PENDING = "ApiPending"
    API_CANCELLED = "ApiCancelled"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"
    UNKNOWN = ""


# -- to the gateway --


class PlaceOrder(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Send an order, whose intent is durable; only in the generation that it was decided in."""

    order_id: int
    order: Order
    generation: int
    reduces: bool = False
    """Whether it can only reduce a position: it overtakes others in the rate limiter."""

    asked_ns: int = 0
    """When the tick came that it answers; 0 if none did."""

    until_ns: int = 0
    """By the monotonic clock, until when it may leave; 0: whenever. An order that waited inside of
    the process was decided before what has happened since, a kill perhaps."""


class CancelOrder(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Send a cancel, in whatever generation: it is idempotent."""

    order_id: int


class AskMargin(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Ask what an order would do to the account's margin; nothing is placed.

    ``MarginSaid`` of the same ``request`` answers. The order manager gives it its ``order_id``.
    """

    request: int
    order: Order
    order_id: int = 0


class AskSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the broker for everything; a ``BrokerSnapshot`` answers."""

    request: int


class AskLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say again how the connection is: whoever asks was not there when it changed."""


# -- from the gateway --


class LinkChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The connection is in another state. ``next_order_id`` is 0 where none was said."""

    state: LinkState
    generation: int
    at_ns: int
    next_order_id: int = 0
    server_version: int = 0
    why: str = ""


class OrderReport(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as the broker has it (openOrder, orderStatus or completedOrder).

    ``order_id`` is 0 for a completed order and for one of somebody else. ``filled`` and
    ``remaining`` are hints: only executions move a position. ``qty`` is 0 where only a status came.
    """

    order_id: int
    client_id: int
    perm_id: int
    ref: str
    status: ReportedStatus
    generation: int
    con_id: int = 0
    account: str = ""
    side: Side | None = None
    qty: Decimal = Decimal(0)
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    avg_price: Decimal = Decimal(0)
    why_held: str = ""
    completed: bool = False
    limit_price: Decimal | None = None
    """What it is limited to, where that was said; it settles a change of the price."""

    aux_price: Decimal | None = None
    trail_stop_price: Decimal | None = None
    """Where a trailing stop stands."""


class OrderFailed(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An error message about an order: its code says whether the order lives (see ``tws``)."""

    order_id: int
    code: int
    text: str
    generation: int


class MarginSaid(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Initial and maintenance margin and equity with loan value after an order, or why not."""

    request: int
    initial: Decimal
    maintenance: Decimal
    equity: Decimal
    why: str = ""
    """Why there is no answer, or what the broker has against the order."""


def family_of(exec_id: str) -> str:
    """Return what all corrections of one fill have in common."""
    return exec_id.rpartition(".")[0] or exec_id


class ExecutionReport(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True
):
    """A fill, or its correction: the same ``exec_id`` but for what follows the last dot."""

    exec_id: str
    order_id: int
    client_id: int
    perm_id: int
    ref: str
    con_id: int
    account: str
    side: Side
    qty: Decimal
    price: Decimal
    time_ns: int
    cum_qty: Decimal
    generation: int

    @property
    def family(self) -> str:
        """What all corrections of one fill have in common."""
        return family_of(self.exec_id)

    @property
    def revision(self) -> int:
        """Which correction it is; the highest counts."""
        last = self.exec_id.rpartition(".")[2]
        return int(last) if last.isdigit() else 0


class CommissionReport(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a fill cost; it may come before the fill. ``realized`` is the broker's own figure."""

    exec_id: str
    commission: Decimal
    currency: str
    realized: Decimal | None
    generation: int


class PositionReport(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A holding as the broker has it; ``avg_cost`` is for one share, commissions included."""

    account: str
    con_id: int
    qty: Decimal
    avg_cost: Decimal


class BrokerSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the broker knows, as answers to ``AskSnapshot``.

    ``missing`` names the answers whose end did not come in time: what is in them is not complete,
    and the snapshot may not be used to say that something is not there.
    """

    request: int
    generation: int
    at_ns: int
    open_orders: tuple[OrderReport, ...]
    completed: tuple[OrderReport, ...]
    executions: tuple[ExecutionReport, ...]
    commissions: tuple[CommissionReport, ...]
    positions: tuple[PositionReport, ...]
    values: dict[str, Decimal]
    """Account values by tag, in the account's currency."""

    missing: tuple[str, ...] = ()


FromBroker: TypeAlias = (
    LinkChanged | OrderReport | OrderFailed | ExecutionReport | CommissionReport | BrokerSnapshot
)
