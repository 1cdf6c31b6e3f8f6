"""What is shown of a running system: rows made of what actors answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robotrader.domain import control_answers as answers
from supervision.manage import which_children

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actors.say import Trading
    from robotrader.execution import OrderView
    from robotrader.ledger import LedgerView
    from robotrader.risk import Switch
    from supervision import ActorRef

_ASK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What does not change while a process lives."""

    mode: str
    profile: str
    account: str
    config_hash: str
    version: str
    pid: int
    started_ns: int
    symbols: Mapping[int, str]


def actor_rows(root: ActorRef[Any] | None) -> tuple[answers.ActorRow, ...]:
    """Return every actor below ``root``, in the order of the tree."""
    return () if root is None else tuple(_below(root, ""))


def _below(supervisor: ActorRef[Any], path: str) -> Iterator[answers.ActorRow]:
    for child in reversed(which_children(supervisor, timeout=_ASK_S)):
        own = f"{path}/{_name(child.id)}"
        if isinstance(child.child, str):
            yield _row(own, child.child)
            continue
        yield _row(own, "alive", child.child)
        if child.type == "supervisor":
            yield from _below(child.child, own)


def _name(child_id: object) -> str:
    return "/".join(map(str, child_id)) if isinstance(child_id, tuple) else str(child_id)


def _row(path: str, state: str, ref: ActorRef[Any] | None = None) -> answers.ActorRow:
    if ref is None:
        return answers.ActorRow(
            path=path, state=state, restarts=0, mailbox=0, handled=0, generation=0, uptime_s=0.0
        )
    cell = ref.actor_inbox
    return answers.ActorRow(
        path=path,
        state=state,
        restarts=0,
        mailbox=ref.depth(),
        oldest_s=ref.oldest_age_s() or None,
        handled=cell.stats.handled,
        generation=ref.number,
        uptime_s=0.0,
    )


def switch_rows(switch: Switch | None) -> tuple[answers.Switch, ...]:
    """Return every reason for which the kill switch is not off."""
    return tuple(
        answers.Switch(
            scope=trip.scope,
            level=str(trip.level),
            why=f"{trip.trigger}: {trip.why}",
            who=trip.who,
            since_ns=trip.wall_ns,
        )
        for trip in (() if switch is None else switch.trips)
    )


def status_of(
    known: Known,
    trading: Trading | None,
    ledger: LedgerView | None,
    switch: Switch | None,
    rows: tuple[answers.ActorRow, ...],
) -> answers.StatusAnswer:
    """Return how the system is; what nobody answered is not known."""
    branches = [row for row in rows if "/symbol" in row.path and row.path.endswith("/symbol")]
    return answers.StatusAnswer(
        mode=known.mode,
        profile=known.profile,
        account=known.account,
        config_hash=known.config_hash,
        version=known.version,
        pid=known.pid,
        epoch=0 if trading is None else trading.epoch,
        state=answers.RunState.RUNNING,
        started_ns=known.started_ns,
        now_ns=time.time_ns(),
        link="unknown" if trading is None else trading.link,
        link_why="" if trading is None else trading.why,
        reconciled=trading is not None and trading.ready,
        switches=switch_rows(switch),
        working_orders=0 if trading is None else len(trading.orders),
        open_positions=0 if ledger is None else len(ledger.positions),
        feeds=len(branches),
        feeds_fresh=sum(row.state == "alive" for row in branches),
        actors=len(rows),
        restarts=sum(row.restarts for row in rows),
        net_liquidation=None if ledger is None else ledger.equity,
        pnl_day=None if ledger is None else ledger.daily,
    )


def order_row(order: OrderView) -> answers.OrderRow:
    """Return an order as it is shown."""
    return answers.OrderRow(
        ref=order.ref,
        order_id=order.order_id,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        order_type="",
        qty=order.qty,
        filled=order.filled,
        tif="",
        state=order.state.value,
        perm_id=order.perm_id,
        intended_ns=0,
        why=order.why,
    )


def position_rows(known: Known, ledger: LedgerView) -> tuple[answers.PositionRow, ...]:
    """Return what is held."""
    return tuple(
        answers.PositionRow(
            account=ledger.account,
            con_id=con_id,
            symbol=known.symbols.get(con_id, str(con_id)),
            qty=held.qty,
            avg_cost=held.avg_cost,
            price=held.mark,
            unrealized=held.unrealized,
        )
        for con_id, held in sorted(ledger.positions.items())
    )
