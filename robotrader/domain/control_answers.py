"""What a running system answers over its control socket; the same structs are shown as JSON.

What is not known is ``None``, never a number that was not measured. Times are nanoseconds since
1970 in UTC; money is ``Decimal`` in USD.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from robotrader.domain.control_risk import RiskAnswer


class RunState(StrEnum):
    """How far the system is."""

    STARTING = "starting"
    RUNNING = "running"
    SAFE = "safe"
    """It crashed too often: it only reads, and trades no more until a person starts it anew."""

    STOPPING = "stopping"


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of an answer."""


class _Answer(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="answer", kw_only=True
):
    """An answer."""


class Switch(_Row, frozen=True, kw_only=True):
    """The kill switch in one scope."""

    scope: str
    level: str
    why: str
    who: str
    since_ns: int
    durable: bool = True
    """False: in force, but a full disk has not taken it yet, and a process that ends forgets it."""


class Suspended(_Row, frozen=True, kw_only=True):
    """A strategy that is told nothing until a person lets it go on."""

    strategy: str
    why: str
    since_ns: int


class StatusAnswer(_Answer, tag="status", frozen=True, kw_only=True):
    """How the system is. ``link`` is a ``LinkState``'s value.

    ``switches`` is None while nobody can say how the kill switch is: it counts as tripped.
    """

    mode: str
    profile: str
    account: str
    config_hash: str
    version: str
    pid: int
    epoch: int
    state: RunState
    started_ns: int
    now_ns: int
    link: str
    link_why: str = ""
    last_message_ns: int | None = None
    reconciled: bool
    switches: tuple[Switch, ...] | None
    working_orders: int
    open_positions: int
    feeds: int
    feeds_fresh: int | None
    actors: int
    restarts: int | None
    net_liquidation: Decimal | None = None
    pnl_day: Decimal | None = None
    suspended: tuple[Suspended, ...] | None = None


class ActorRow(_Row, frozen=True, kw_only=True):
    """One actor. ``path`` leads from the root to it; supervisors have a ``strategy``."""

    path: str
    state: str
    strategy: str = ""
    restarts: int | None
    """How often it was started again; of a supervisor, what it used up of its ``max_restarts`` in
    ``within_s``."""

    max_restarts: int | None = None
    within_s: float | None = None
    mailbox: int
    oldest_s: float | None = None
    """Age of the oldest message that waits."""

    handled: int
    p50_s: float | None = None
    p99_s: float | None = None
    """Time in the handler a message, of all actors of its class: the decade's upper bound."""

    breaker: str = ""
    generation: int
    uptime_s: float | None
    last_crash: str = ""
    """Why its last incarnation ended."""

    ended_ns: int | None = None
    """When that was."""

    why: str = ""
    """Why its state is ``suspended``, and since when."""

    since_ns: int | None = None


class ActorsAnswer(_Answer, tag="actors", frozen=True, kw_only=True):
    """Actors, in the order of the tree."""

    actors: tuple[ActorRow, ...]


class BreakerRow(_Row, frozen=True, kw_only=True):
    """One circuit breaker."""

    name: str
    state: str
    failures: int
    calls: int
    since_ns: int
    retry_ns: int | None = None
    """When an open one lets the next probe through."""

    why: str = ""


class BreakersAnswer(_Answer, tag="breakers", frozen=True, kw_only=True):
    """All circuit breakers."""

    breakers: tuple[BreakerRow, ...]


class OrderRow(_Row, frozen=True, kw_only=True):
    """One order of ours. ``state`` is an ``OrderState``'s value."""

    ref: str
    order_id: int
    strategy: str
    symbol: str
    side: str
    order_type: str | None
    qty: Decimal
    filled: Decimal
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str | None
    state: str
    perm_id: int
    intended_ns: int | None
    why: str = ""


class OrdersAnswer(_Answer, tag="orders", frozen=True, kw_only=True):
    """Orders, the newest last."""

    orders: tuple[OrderRow, ...]


class PositionRow(_Row, frozen=True, kw_only=True):
    """A holding. A price has an age: without one, nothing is said of its worth."""

    account: str
    con_id: int
    symbol: str
    qty: Decimal
    avg_cost: Decimal
    price: Decimal | None = None
    price_age_s: float | None = None
    unrealized: Decimal | None = None
    realized_day: Decimal | None = None


class PositionsAnswer(_Answer, tag="positions", frozen=True, kw_only=True):
    """Everything that is held."""

    positions: tuple[PositionRow, ...]


class TradeRow(_Row, frozen=True, kw_only=True):
    """A booked fill; the commission may come later than the fill."""

    exec_id: str
    ref: str
    time_ns: int
    strategy: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    commission: Decimal | None = None
    realized: Decimal | None = None


class TradesAnswer(_Answer, tag="trades", frozen=True, kw_only=True):
    """Fills, the newest last."""

    trades: tuple[TradeRow, ...]


class PnlRow(_Row, frozen=True, kw_only=True):
    """One period's profit and loss, marked to market at its end."""

    period: str
    """As ``2026-11-23``, ``2026-W48`` or ``2026-11``."""

    realized: Decimal
    unrealized: Decimal | None = None
    commissions: Decimal
    equity_begin: Decimal | None = None
    equity_end: Decimal | None = None
    fills: int


class PnlAnswer(_Answer, tag="pnl", frozen=True, kw_only=True):
    """Periods, the newest last."""

    periods: tuple[PnlRow, ...]


class ValueRow(_Row, frozen=True, kw_only=True):
    """One value of the account, as the broker said it."""

    tag: str
    value: Decimal
    currency: str
    at_ns: int


class AccountAnswer(_Answer, tag="account", frozen=True, kw_only=True):
    """The account's values."""

    account: str
    values: tuple[ValueRow, ...]


class BreakRow(_Row, frozen=True, kw_only=True):
    """A difference between the broker and us."""

    kind: str
    """``order``, ``position``, ``cash`` or ``fill``."""

    key: str
    ours: str
    broker: str
    since_ns: int | None
    advice: str


class SideRow(_Row, frozen=True, kw_only=True):
    """What both sides say of one thing, whether they agree or not."""

    kind: str
    """``position``, ``average cost``, ``order`` or ``cash``."""

    key: str
    ours: str
    broker: str
    verdict: str
    """``agree``, ``differ``, or ``halted``: they differed, and a person has to decide."""


class ReconcileAnswer(_Answer, tag="reconcile", frozen=True, kw_only=True):
    """Whether broker and journal agree."""

    clean: bool
    at_ns: int
    breaks: tuple[BreakRow, ...]
    sides: tuple[SideRow, ...] = ()
    """Everything that was compared; cash is shown and not judged."""


class AdoptAnswer(_Answer, tag="adopt", frozen=True, kw_only=True):
    """What both sides have of a halted symbol, before the broker's is accepted; shares."""

    symbol: str
    at_ns: int
    ours: Decimal
    broker: Decimal
    sides: tuple[SideRow, ...]


class KillAnswer(_Answer, tag="kill", frozen=True, kw_only=True):
    """What a kill does, or would do if it was a preview."""

    preview: bool
    level: str
    scope: str
    cancels: tuple[str, ...]
    """Refs of the orders."""

    closes: tuple[PositionRow, ...]
    cannot: tuple[str, ...] = ()
    """What could not be done, and why."""


class Done(_Answer, tag="done", frozen=True, kw_only=True):
    """It was done; in a sentence."""

    text: str


class JournalRow(_Row, frozen=True, kw_only=True):
    """One record of the journal."""

    seq: int
    kind: str
    epoch: int
    wall_ns: int
    fields: dict[str, Any]


class JournalAnswer(_Answer, tag="journal", frozen=True, kw_only=True):
    """Records in their order; ``tip`` is the newest there is."""

    records: tuple[JournalRow, ...]
    tip: int


class LogsAnswer(_Answer, tag="logs", frozen=True, kw_only=True):
    """Lines of the log, the newest last, as they were written."""

    lines: tuple[dict[str, Any], ...]


class Refused(_Answer, tag="refused", frozen=True, kw_only=True):
    """Not done: a guard, an unknown thing, or a message that is wrong. Nothing was changed."""

    code: str
    why: str


class Failed(_Answer, tag="failed", frozen=True, kw_only=True):
    """It went wrong on our side; what was asked for may have been done in part."""

    why: str


Answer: TypeAlias = (
    StatusAnswer
    | ActorsAnswer
    | BreakersAnswer
    | OrdersAnswer
    | PositionsAnswer
    | TradesAnswer
    | PnlAnswer
    | AccountAnswer
    | ReconcileAnswer
    | AdoptAnswer
    | KillAnswer
    | Done
    | JournalAnswer
    | LogsAnswer
    | RiskAnswer
    | Refused
    | Failed
)
