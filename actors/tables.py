"""What is shown of a running system: rows made of what actors answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.ledger import gains_of, realized_today
from supervision import Supervisor
from supervision.classstats import HANDLER_BUCKETS_S
from supervision.manage import which_children

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from actors.lives import Life, Lives
    from actors.messages import Held, Latched
    from actors.say import Tail, Trading
    from robotrader.domain.records import SuspensionChanged
    from robotrader.execution import OrderView
    from robotrader.ledger import DayMark, LedgerView, Traded
    from robotrader.meters import Sample
    from robotrader.risk import Switch, Trip
    from supervision import ActorRef
    from supervision.children import ChildInfo

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
    now_ns: Callable[[], int] = time.time_ns
    """The time of day; a simulated day has its own."""
    strategies: frozenset[str] = frozenset()
    """Names of strategies, and of their instances."""

    dead_man_s: float = 0.0
    logs: Path | None = None


def find(root: ActorRef[Any] | None, path: str) -> ActorRef[Any] | None:
    """Return the actor of a path, or the only one whose path ends so; None if there is none."""
    if root is None:
        return None
    there = [(own, it.child) for own, _, it in _walk(root, "", "") if not isinstance(it.child, str)]
    found = [ref for own, ref in there if own == path]
    found = found or [ref for own, ref in there if own.endswith(f"/{path}")]
    return found[0] if len(found) == 1 else None


def with_suspended(
    rows: tuple[answers.ActorRow, ...], suspended: Iterable[SuspensionChanged]
) -> tuple[answers.ActorRow, ...]:
    """Return the rows with the state of strategies that nobody tells anything."""
    ends = {f"/strategies/strategy/{each.strategy}": each for each in suspended}
    return tuple(
        row
        if (record := next((ends[end] for end in ends if row.path.endswith(end)), None)) is None
        else msgspec.structs.replace(
            row, state="suspended", why=record.why, since_ns=record.wall_ns
        )
        for row in rows
    )


def actor_rows(root: ActorRef[Any] | None, lives: Lives) -> tuple[answers.ActorRow, ...]:
    """Return every actor below ``root``, in the order of the tree."""
    if root is None:
        return ()
    walked = _walk(root, "", root.actor_inbox.path())
    return tuple(_row(path, child.child, lives.of(place)) for path, place, child in walked)


def _walk(supervisor: ActorRef[Any], path: str, place: str) -> Iterator[tuple[str, str, ChildInfo]]:
    """Yield each child's path for people, its place as the library names it, and itself."""
    for child in reversed(which_children(supervisor, timeout=_ASK_S)):
        own, there = f"{path}/{_name(child.id)}", f"{place}/{child.id}"
        yield own, there, child
        if child.type == "supervisor" and not isinstance(child.child, str):
            yield from _walk(child.child, own, there)


def _name(child_id: object) -> str:
    return "/".join(map(str, child_id)) if isinstance(child_id, tuple) else str(child_id)


def _row(path: str, ref: ActorRef[Any] | str, life: Life) -> answers.ActorRow:
    """Return an actor as it is shown; instead of one, there may be a word for why there is none."""
    known: dict[str, Any] = {"last_crash": life.why, "ended_ns": life.ended_ns}
    if isinstance(ref, str):
        return answers.ActorRow(
            path=path, state=ref, restarts=life.restarts, mailbox=0, handled=0, generation=0,
            uptime_s=None, **known,
        )  # fmt: skip
    cell = ref.actor_inbox
    buckets = cell.stats.handler_buckets
    up_ns = cell.system.now_ns() - life.began_ns
    return answers.ActorRow(
        path=path,
        state="alive" if ref.is_alive() else "ended",
        mailbox=ref.depth(),
        oldest_s=ref.oldest_age_s() or None,
        handled=cell.handled,
        p50_s=_bound(buckets, 0.5),
        p99_s=_bound(buckets, 0.99),
        generation=ref.number,
        uptime_s=up_ns / 1e9 if life.starts else None,
        **_budget(cell.actor, life),
        **known,
    )


def _budget(actor: Any, life: Life) -> dict[str, Any]:
    """Return an actor's restarts; a supervisor's use of its budget."""
    if not isinstance(actor, Supervisor):
        return {"restarts": life.restarts}
    flags = actor.flags
    return {
        "strategy": flags.strategy,
        "restarts": actor.restart_intensity_used,
        "max_restarts": flags.intensity,
        "within_s": flags.period_s,
    }


def _bound(buckets: Sequence[int], share: float) -> float | None:
    """Return the upper bound of the decade that a share of the samples is not above."""
    wanted, seen = share * sum(buckets), 0
    if not wanted:
        return None
    for bound, many in zip(HANDLER_BUCKETS_S, buckets, strict=False):
        seen += many
        if seen >= wanted:
            return bound
    return None  # longer than any bound


def switch_rows(switch: Switch, unwritten: Container[Trip] = ()) -> tuple[answers.Switch, ...]:
    """Return every reason for which the kill switch is not off; ``unwritten`` are not durable."""
    return tuple(
        answers.Switch(
            scope=trip.scope,
            level=str(trip.level),
            why=f"{trip.trigger}: {trip.why}",
            who=trip.who,
            since_ns=trip.wall_ns,
            durable=trip not in unwritten,
        )
        for trip in switch.trips
    )


def status_of(
    known: Known,
    trading: Trading | None,
    ledger: LedgerView | None,
    latched: Latched | None,
    *,
    rows: tuple[answers.ActorRow, ...],
    restarts: int,
    fresh: int | None,
    suspended: Iterable[SuspensionChanged] | None = None,
    quiet_s: float | None = None,
) -> answers.StatusAnswer:
    """Return how the system is; what nobody answered is not known.

    ``quiet_s`` is for how long nothing came from the broker.
    """
    now_ns = known.now_ns()
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
        now_ns=now_ns,
        link="unknown" if trading is None else trading.link,
        link_why="" if trading is None else trading.why,
        last_message_ns=None if quiet_s is None else now_ns - round(quiet_s * 1e9),
        reconciled=trading is not None and trading.ready,
        switches=None if latched is None else switch_rows(latched.switch, latched.unwritten),
        working_orders=0 if trading is None else len(trading.orders),
        open_positions=0 if ledger is None else len(ledger.positions),
        feeds=len(known.symbols),
        feeds_fresh=fresh,
        actors=len(rows),
        restarts=restarts,
        net_liquidation=None if ledger is None else ledger.equity,
        pnl_day=None if ledger is None else ledger.daily,
        suspended=None
        if suspended is None
        else tuple(
            answers.Suspended(strategy=each.strategy, why=each.why, since_ns=each.wall_ns)
            for each in suspended
        ),
    )


def quiet_s(counted: Iterable[Sample]) -> float | None:
    """Return for how long nothing came from the broker, by what the gateway has counted."""
    found = (each.value for each in counted if each.name == "gateway_quiet_seconds")
    value = next(found, None)
    return value if isinstance(value, int | float) else None


def order_row(order: OrderView) -> answers.OrderRow:
    """Return an order as it is shown."""
    return answers.OrderRow(
        ref=order.ref,
        order_id=order.order_id,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type or None,
        qty=order.qty,
        filled=order.filled,
        limit_price=order.limit_price,
        aux_price=order.aux_price,
        tif=order.tif or None,
        state=order.state.value,
        perm_id=order.perm_id,
        intended_ns=order.intended_ns or None,
        why=order.why,
    )


def held_rows(known: Known, told: Held) -> tuple[answers.PositionRow, ...]:
    """Return what is held, with the age of prices and what today has realized."""
    now_ns, priced_ns = known.now_ns(), told.priced_ns
    return tuple(
        msgspec.structs.replace(
            row,
            price_age_s=(now_ns - priced_ns[row.con_id]) / 1e9 if row.con_id in priced_ns else None,
            realized_day=realized_today(told.state, row.con_id),
        )
        for row in position_rows(known, told.ledger)
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


def trade_rows(
    known: Known, found: Sequence[Traded], told: Held | None
) -> tuple[answers.TradeRow, ...]:
    """Return fills as they are shown; what they realized as far as it is known."""
    con_ids = {each.fill.con_id for each in found}
    gained = {} if told is None else gains_of(told.state, con_ids)
    return tuple(_trade_row(known, each, gained.get(each.fill.family)) for each in found)


def _trade_row(known: Known, traded: Traded, realized: Decimal | None) -> answers.TradeRow:
    fill = traded.fill
    return answers.TradeRow(
        exec_id=fill.exec_id,
        ref=fill.ref,
        time_ns=fill.time_ns,
        strategy=fill.strategy,
        symbol=known.symbols.get(fill.con_id, str(fill.con_id)),
        side=fill.side,
        qty=fill.qty,
        price=fill.price,
        commission=traded.commission,
        realized=realized,
    )


def journal_rows(tail: Tail, kinds: tuple[str, ...], match: str) -> tuple[answers.JournalRow, ...]:
    """Return records as they are shown; only of some kinds, or with a text in them."""
    rows = []
    for seq, epoch, wall_ns, record in tail.rows:
        kind, fields = type(record).__name__, msgspec.to_builtins(record)
        if (kinds and kind not in kinds) or (match and match not in fields.values()):
            continue
        rows.append(
            answers.JournalRow(seq=seq, kind=kind, epoch=epoch, wall_ns=wall_ns, fields=fields)
        )
    return tuple(rows)


def pnl_rows(
    days: tuple[DayMark, ...], ledger: LedgerView, period: control.Period, fills: Mapping[str, int]
) -> tuple[answers.PnlRow, ...]:
    """Return what each period brought: from its first day's start to the next one's, or to now."""
    starts: dict[str, DayMark] = {}
    for mark in days:
        starts.setdefault(_period(mark.day, period), mark)
    names = list(starts)
    rows = []
    for name, after in zip(names, [*names[1:], None], strict=True):
        begin, end = starts[name], None if after is None else starts[after]
        rows.append(
            answers.PnlRow(
                period=name,
                realized=(ledger.realized if end is None else end.realized) - begin.realized,
                unrealized=ledger.unrealized if end is None else None,
                commissions=(ledger.commissions if end is None else end.commissions)
                - begin.commissions,
                equity_begin=begin.equity,
                equity_end=ledger.equity if end is None else end.equity,
                fills=sum(many for day, many in fills.items() if _period(day, period) == name),
            )
        )
    return tuple(rows)


def _period(day: str, period: control.Period) -> str:
    if period is control.Period.MONTH:
        return day[:7]
    if period is control.Period.WEEK:
        year, week, _ = date.fromisoformat(day).isocalendar()
        return f"{year}-W{week:02d}"
    return day
