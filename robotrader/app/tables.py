"""How answers look to a person: tables with units, ages and nothing that was not measured.

Texts that come from elsewhere (a reason, an error) cannot steer the terminal: what is not printable
is replaced. A value that is not known is shown as an em dash.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from robotrader.domain import control_answers as answers

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from robotrader.domain.control_answers import ActorRow, Answer

UNKNOWN: Final = "—"
SWITCH_UNKNOWN: Final = "not known: counts as tripped"
"""What is said of the kill switch while its actor is being restarted."""

_PIPE_COLUMNS: Final = 200
_MODES: Final = {"sim": "white", "paper": "blue", "live": "bold red"}


class _Out(Console):
    """A console whose reader may leave: rich ends the process with 1, for what is no error."""

    def on_broken_pipe(self) -> NoReturn:
        """Let ``main`` end the command, as it does for whatever else is printed."""
        raise BrokenPipeError


def console(*, no_color: bool, quiet: bool) -> Console:
    """Return what people read from: as wide as the terminal, or wide enough for a file."""
    out = _Out(no_color=no_color, quiet=quiet, highlight=False, markup=False, emoji=False)
    return out if out.is_terminal else _wide(no_color=no_color, quiet=quiet)


def show(
    made: msgspec.Struct, tables: Iterable[RenderableType], arguments: argparse.Namespace
) -> None:
    """Print a report: as JSON where that was asked for, else as its tables."""
    if arguments.json:
        print(msgspec.json.encode(made).decode())
        return
    out = console(no_color=arguments.no_color, quiet=arguments.quiet)
    for each in tables:
        out.print(each)


def _wide(*, no_color: bool, quiet: bool) -> Console:
    return _Out(
        no_color=no_color, quiet=quiet, highlight=False, markup=False, emoji=False,
        width=_PIPE_COLUMNS,
    )  # fmt: skip


def clean(value: Any) -> str:
    """Return a value as text that is printable; ``None`` is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def money(value: Decimal | None) -> str:
    """Return dollars to the cent; ``None`` is unknown."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def when(at_ns: int | None) -> str:
    """Return a moment in UTC, to the millisecond."""
    if at_ns is None:
        return UNKNOWN
    moment = datetime.fromtimestamp(at_ns / 1e9, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def age(seconds: float | None) -> str:
    """Return a duration in the unit that fits: 250 ms, 12.5 s, 3.2 min, 5.0 h, 2.1 d."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def shown(answer: Answer) -> RenderableType:
    """Return what is printed for an answer."""
    return _SHOWN[type(answer)](answer)


def table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[Any]],
    *,
    header: bool = True,
    style: str = "bold",
) -> RenderableType:
    """Return a table below its title; a column whose name ends in ``>`` is aligned to the right."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_header=header)
    for column in columns:
        right = column.endswith(">")
        made.add_column(column.rstrip(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(clean(cell)) for cell in row))
    return Group(Text(clean(title), style=style), made) if title else made


def _switches(answer: answers.StatusAnswer) -> str:
    if answer.switches is None:
        return SWITCH_UNKNOWN
    said = (
        f"{switch.level} in {switch.scope} since {when(switch.since_ns)}: {switch.why}"
        + ("" if switch.durable else " (NOT DURABLE: make room on the disk)")
        for switch in answer.switches
    )
    return "; ".join(said) or "off"


def _status(answer: answers.StatusAnswer) -> RenderableType:
    def since(at_ns: int | None) -> str:
        return age(None if at_ns is None else (answer.now_ns - at_ns) / 1e9)

    rows = [
        ("mode", f"{answer.mode.upper()} {answer.account}"),
        ("state", f"{answer.state.value}, up {since(answer.started_ns)}, pid {answer.pid}"),
        ("link", f"{answer.link}, last message {since(answer.last_message_ns)} ago"
                 + (f": {answer.link_why}" if answer.link_why else "")),
        ("reconciled", "yes" if answer.reconciled else "NO: no new orders"),
        ("kill switch", _switches(answer)),
        *[("suspended", f"{each.strategy} since {when(each.since_ns)}: {each.why}")
          for each in answer.suspended or ()],
        *([("suspended", UNKNOWN)] if answer.suspended is None else []),
        ("orders", f"{answer.working_orders} working"),
        ("positions", f"{answer.open_positions} open"),
        ("data", f"{clean(answer.feeds_fresh)} of {answer.feeds} feeds fresh"),
        ("actors", f"{answer.actors}, {clean(answer.restarts)} restarts"),
        ("net liquidation", f"{money(answer.net_liquidation)} USD"),
        ("P&L of the day", f"{money(answer.pnl_day)} USD"),
        ("config", f"{answer.config_hash[:12]}, profile {answer.profile}"),
    ]  # fmt: skip
    style = _MODES.get(answer.mode, "bold")
    return table(f"at {when(answer.now_ns)}", ("", ""), rows, header=False, style=style)


_ACTOR_COLUMNS: Final = (
    "actor", "state", "restarts>", "inbox>", "oldest>", "handled>", "p99>", "breaker", "up>",
    "last crash",
)  # fmt: skip


def _actor(row: ActorRow, name: str) -> tuple[Any, ...]:
    budget = "" if row.max_restarts is None else f"/{row.max_restarts} in {row.within_s:g} s"
    restarts = f"{clean(row.restarts)}{budget}"
    return (
        name, row.state, restarts, row.mailbox, age(row.oldest_s), row.handled,
        age(row.p99_s), row.breaker, age(row.uptime_s), row.last_crash,
    )  # fmt: skip


def actors(rows: Iterable[ActorRow], title: str = "") -> RenderableType:
    """Return a table of actors."""
    return table(title, _ACTOR_COLUMNS, (_actor(row, row.path) for row in rows))


def actor(row: ActorRow) -> RenderableType:
    """Return everything that is known of one actor."""
    budget = UNKNOWN
    if row.max_restarts is not None and row.within_s is not None:
        budget = f"{row.max_restarts} in {row.within_s:g} s"
    why = f" since {when(row.since_ns)}: {row.why}" if row.why else ""
    rows = [
        ("state", f"{row.state}{why}, up {age(row.uptime_s)}, incarnation {row.generation}"),
        ("strategy", row.strategy or "none: a worker"),
        ("restarts", clean(row.restarts) + (f", {budget} are allowed" if row.strategy else "")),
        ("ended last", f"{row.last_crash or 'never'}, {when(row.ended_ns)}"),
        ("mailbox", f"{row.mailbox} wait, the oldest for {age(row.oldest_s)}"),
        ("handled", row.handled),
        ("handler, half", f"within {age(row.p50_s)}"),
        ("handler, 99 %", f"within {age(row.p99_s)} (its class, sampled)"),
        ("breaker", row.breaker or "none"),
    ]
    return table(row.path, ("", ""), rows, header=False)


def actor_tree(rows: Iterable[ActorRow]) -> Tree:
    """Return actors under their supervisors; the paths say who is whose."""
    root = Tree(Text("/"))
    nodes = {"": root}
    for row in rows:
        parent, _, name = row.path.rpartition("/")
        known = parent
        while known not in nodes:
            known = known.rpartition("/")[0]
        said = f"{name} {row.state}" + (f" ({row.strategy})" if row.strategy else "")
        crash = f", {row.restarts} restarts: {row.last_crash}" if row.restarts else ""
        nodes[row.path] = nodes[known].add(Text(clean(said + crash)))
    return root


def _breakers(answer: answers.BreakersAnswer) -> RenderableType:
    rows = (
        (row.name, row.state, row.failures, row.calls, when(row.since_ns), when(row.retry_ns),
         row.why)
        for row in answer.breakers
    )  # fmt: skip
    columns = ("breaker", "state", "failures>", "calls>", "since", "next probe", "why")
    return table("", columns, rows)


def _orders(answer: answers.OrdersAnswer) -> RenderableType:
    rows = (
        (row.ref, row.strategy, row.side, row.qty, row.symbol, row.order_type, row.limit_price,
         row.aux_price, row.tif, row.filled, row.state, when(row.intended_ns), row.why)
        for row in answer.orders
    )  # fmt: skip
    columns = ("ref", "strategy", "side", "qty>", "symbol", "type", "limit>", "aux>", "tif",
               "filled>", "state", "intended", "why")  # fmt: skip
    return table("", columns, rows)


def positions(rows: Iterable[answers.PositionRow], title: str = "") -> RenderableType:
    """Return a table of holdings."""
    cells = (
        (row.account, row.symbol, row.qty, row.avg_cost, row.price, age(row.price_age_s),
         row.unrealized, row.realized_day)
        for row in rows
    )  # fmt: skip
    columns = ("account", "symbol", "qty>", "avg cost>", "price>", "price age>",
               "unrealized USD>", "realized today USD>")  # fmt: skip
    return table(title, columns, cells)


def _trades(answer: answers.TradesAnswer) -> RenderableType:
    rows = (
        (when(row.time_ns), row.strategy, row.side, row.qty, row.symbol, row.price,
         row.commission, row.realized, row.ref, row.exec_id)
        for row in answer.trades
    )  # fmt: skip
    columns = ("time", "strategy", "side", "qty>", "symbol", "price>", "commission USD>",
               "realized USD>", "ref", "execution")  # fmt: skip
    return table("", columns, rows)


def _pnl(answer: answers.PnlAnswer) -> RenderableType:
    rows = (
        (row.period, row.realized, row.unrealized, row.commissions, row.fills, row.equity_begin,
         row.equity_end)
        for row in answer.periods
    )  # fmt: skip
    columns = ("period", "realized USD>", "unrealized USD>", "commissions USD>", "fills>",
               "equity before>", "equity after>")  # fmt: skip
    return table("", columns, rows)


def _account(answer: answers.AccountAnswer) -> RenderableType:
    rows = ((row.tag, row.value, row.currency, when(row.at_ns)) for row in answer.values)
    return table(answer.account, ("value", ">", "currency", "as of"), rows)


def _reconcile(answer: answers.ReconcileAnswer) -> RenderableType:
    title = "broker and journal agree" if answer.clean else f"{len(answer.breaks)} differences"
    rows = (
        (row.kind, row.key, row.ours, row.broker, when(row.since_ns), row.advice)
        for row in answer.breaks
    )
    columns = ("kind", "what", "ours", "broker", "since", "what to do")
    differing = table(f"{title}, {when(answer.at_ns)}", columns if answer.breaks else (), rows)
    both = ((row.kind, row.key, row.ours, row.broker, row.verdict) for row in answer.sides)
    return Group(differing, table("", ("kind", "what", "ours>", "broker>", "verdict"), both))


def _adopt(answer: answers.AdoptAnswer) -> RenderableType:
    title = (
        f"the broker's {answer.broker.normalize():f} {answer.symbol} would be accepted in place of "
        f"{answer.ours.normalize():f}, {when(answer.at_ns)}"
    )
    rows = ((row.kind, row.key, row.ours, row.broker, row.verdict) for row in answer.sides)
    return table(title, ("kind", "what", "ours>", "broker>", "verdict"), rows)


def _kill(answer: answers.KillAnswer) -> RenderableType:
    will = "would be" if answer.preview else "is"
    title = (
        f"{answer.level} in {answer.scope} {will} set: {len(answer.cancels)} orders to cancel, "
        f"{len(answer.closes)} positions to close"
    )
    rows = [("cancel", ref, "") for ref in answer.cancels]
    rows += [("close", row.symbol, clean(row.qty)) for row in answer.closes]
    rows += [("cannot", what, "") for what in answer.cannot]
    return table(title, ("", "what", "qty>"), rows)


def _journal(answer: answers.JournalAnswer) -> RenderableType:
    rows = (
        (row.seq, when(row.wall_ns), row.kind, " ".join(f"{k}={v}" for k, v in row.fields.items()))
        for row in answer.records
    )
    return table(f"tip {answer.tip}", ("seq>", "time", "record", "fields"), rows)


def log_line(entry: dict[str, Any]) -> str:
    """Return a line of the log for a person."""
    rest = dict(entry)
    head = [rest.pop(name, "") for name in ("time", "level", "actor", "event")]
    fields = " ".join(f"{name}={value}" for name, value in rest.items())
    return clean(" ".join(str(part) for part in (*head, fields) if part != ""))


def _logs(answer: answers.LogsAnswer) -> RenderableType:
    return Text("\n".join(log_line(entry) for entry in answer.lines))


_SHOWN: Final[dict[type, Callable[[Any], RenderableType]]] = {
    answers.StatusAnswer: _status,
    answers.ActorsAnswer: lambda answer: actors(answer.actors),
    answers.BreakersAnswer: _breakers,
    answers.OrdersAnswer: _orders,
    answers.PositionsAnswer: lambda answer: positions(answer.positions),
    answers.TradesAnswer: _trades,
    answers.PnlAnswer: _pnl,
    answers.AccountAnswer: _account,
    answers.ReconcileAnswer: _reconcile,
    answers.AdoptAnswer: _adopt,
    answers.KillAnswer: _kill,
    answers.Done: lambda answer: Text(clean(answer.text)),
    answers.JournalAnswer: _journal,
    answers.LogsAnswer: _logs,
}
