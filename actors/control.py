"""The control actor: what people and programs ask a running system over its socket.

It lives on a loop of its own, so that a client costs nobody who trades. It owns nothing: every
answer is asked for, with the deadline of the request; what nobody can say is None.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pykka

from actors.acting import Acting
from actors.breaker import BREAKER_ROLES
from actors.chaos import ChaosDesk, Damage
from actors.compared import breaks, sides
from actors.messages import AskHeld, AskLatched, AskSuspended
from actors.risk_rows import (
    check_answer,
    limits_answer,
    sizes_answer,
    stress_answer,
    var_answer,
    wanted,
)
from actors.say import (
    AskBreaker,
    AskCheck,
    AskCloses,
    AskDays,
    AskFeeds,
    AskLedger,
    AskMeters,
    AskOrders,
    AskSides,
    AskSizes,
    AskTail,
    AskTrades,
    AskTrading,
    AskUse,
    Reconcile,
    tell,
    unknown,
)
from actors.tables import (
    actor_rows,
    held_rows,
    journal_rows,
    order_row,
    pnl_rows,
    quiet_s,
    status_of,
    trade_rows,
    with_suspended,
)
from robotrader.adapters import log_files
from robotrader.adapters.control_socket import ControlSocket
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from supervision import Actor, ChildSpec, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from actors.lives import Lives
    from actors.tables import Known
    from robotrader.adapters.control_socket import Peer
    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer
    from supervision import Registry

ASK_S: Final = 2.0
"""The longest wait for one actor's part of an answer."""

_NO_GATE: Final = answers.Failed(why="the risk gate does not answer: it is being restarted")
COMPARE_S: Final = 8.0
"""How long both sides may differ before that is the answer: a fill may be on its way."""

ORDERS_MAX: Final = 5_000
"""The newest of a journal that goes back for years: what fits into a frame."""

_DAYS: Final = {control.Period.DAY: 1, control.Period.WEEK: 7, control.Period.MONTH: 31}


class ControlActor(Actor):
    """See the module's prose.

    Args:
        path: the socket.
        registry: where everybody is found by role.
        known: what does not change while the process lives.
        lives: how often each actor was started, and why it ended.
        stop: ends the process in order.
        clients_max: connections at once.
        damage: what a chaos run may break here; None: nothing.
    """

    runtime = "control"

    def __init__(
        self,
        *,
        path: Path,
        registry: Registry,
        known: Known,
        lives: Lives,
        stop: Callable[[], None],
        clients_max: int = 32,
        damage: Damage | None = None,
    ) -> None:
        super().__init__()
        self._registry, self._known = registry, known
        self._lives = lives
        self._socket = ControlSocket(path, self._answer, clients_max=clients_max)
        acting = Acting(ask=self._ask, registry=registry, known=known, stop=stop)
        self._handlers: dict[type, Callable[[Any], Awaitable[Answer]]] = {
            control.Status: self._status,
            control.ActorsList: self._actors,
            control.Orders: self._orders,
            control.Positions: self._positions,
            control.Account: self._account,
            control.Reconcile: self._reconcile,
            control.Trades: self._trades,
            control.Pnl: self._pnl,
            control.JournalTail: self._journal,
            control.Breakers: self._breakers,
            control.Logs: self._logs,
            control.RiskLimits: lambda _: self._of_the_gate(AskUse(), limits_answer),
            control.RiskVar: lambda it: self._of_the_past(var_answer, it.level),
            control.RiskStress: lambda _: self._of_the_past(stress_answer),
            control.RiskSizes: lambda _: self._of_the_gate(AskSizes(), sizes_answer),
            control.RiskCheck: self._risk_check,
            **acting.handlers,
            control.Chaos: ChaosDesk(damage, known, registry).answer,
        }

    def on_start(self) -> None:
        """Listen, as soon as the loop comes to it."""
        self._task = asyncio.get_running_loop().create_task(self._socket.start())
        self._task.add_done_callback(self._begun)

    def _begun(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._cell.ref.tell(error)

    def on_stop(self) -> None:
        """Let clients go."""
        asyncio.get_running_loop().create_task(self._socket.stop())

    def on_failure(self, *_: Any) -> None:
        """Leave no listener behind."""
        self.on_stop()

    def on_receive(self, message: Any) -> Any:
        """Crash with what the listener failed of; nobody sends anything else."""
        if isinstance(message, Exception):
            raise message
        raise unknown(self, message)

    # -- asking around --

    async def _ask(self, role: str, question: Any, *, within_s: float = ASK_S) -> Any:
        """Ask whoever plays a role; None if nobody answers in time."""
        try:
            future = self._registry.ref(role).resolve().ask(question, block=False, timeout=within_s)
            return await asyncio.to_thread(lambda: future.get(timeout=within_s))
        except (Unavailable, pykka.ActorDeadError, pykka.Timeout):
            return None  # not known is an answer; a refusal is raised

    async def _answer(self, request: Request, _peer: Peer) -> Answer:
        handler = self._handlers.get(type(request))
        if handler is None:
            why = f"{type(request).__name__} is not served by this build"
            return answers.Refused(code="not_served", why=why)
        return await handler(request)

    # -- looking --

    async def _status(self, _: control.Status) -> Answer:
        trading = await self._ask("orders", AskTrading())
        ledger = await self._ask("account", AskLedger())
        switch = await self._ask("kill-switch", AskLatched())
        rows = await asyncio.to_thread(actor_rows, self._root(), self._lives)
        fresh = await self._ask("data", AskFeeds())
        suspended = await self._ask("journal", AskSuspended())
        counted = await self._ask("gateway", AskMeters())
        return status_of(
            self._known, trading, ledger, switch, rows=rows, fresh=fresh,
            restarts=self._lives.restarts, suspended=suspended, quiet_s=quiet_s(counted or ()),
        )  # fmt: skip

    def _root(self) -> Any:
        return self._registry.whereis("root")

    async def _actors(self, request: control.ActorsList) -> Answer:
        found = await asyncio.to_thread(actor_rows, self._root(), self._lives)
        rows = with_suspended(found, await self._ask("journal", AskSuspended()) or ())
        under = request.under.rstrip("/")
        return answers.ActorsAnswer(actors=tuple(r for r in rows if r.path.startswith(under)))

    async def _orders(self, request: control.Orders) -> Answer:
        found = await self._ask("orders", AskOrders(ended=request.ended))
        if found is None:
            return answers.Failed(why="the order manager does not answer: it is being restarted")
        return answers.OrdersAnswer(orders=tuple(map(order_row, found[-ORDERS_MAX:])))

    async def _positions(self, _: control.Positions) -> Answer:
        held = await self._ask("account", AskHeld())
        if held is None:
            return answers.Failed(why="the account does not answer: it is being restarted")
        rows = await asyncio.to_thread(held_rows, self._known, held)
        return answers.PositionsAnswer(positions=rows)

    async def _account(self, _: control.Account) -> Answer:
        trading = await self._ask("orders", AskTrading())
        if trading is None:
            return answers.Failed(why="the order manager does not answer: it is being restarted")
        values = tuple(
            answers.ValueRow(tag=tag, value=value, currency="USD", at_ns=trading.values_ns)
            for tag, value in sorted(trading.values.items())
        )
        return answers.AccountAnswer(account=self._known.account, values=values)

    async def _trades(self, request: control.Trades) -> Answer:
        ask = AskTrades(request.from_ns, request.to_ns, request.strategy)
        found = await self._ask("account", ask)
        if found is None:
            return answers.Failed(why="the account does not answer: it is being restarted")
        held = await self._ask("account", AskHeld())
        rows = await asyncio.to_thread(trade_rows, self._known, found, held)
        return answers.TradesAnswer(trades=rows)

    async def _pnl(self, request: control.Pnl) -> Answer:
        days = await self._ask("account", AskDays(request.count * _DAYS[request.period]))
        ledger = await self._ask("account", AskLedger())
        trades = await self._ask("account", AskTrades(0, self._known.now_ns()))
        if days is None or ledger is None or trades is None:
            return answers.Failed(why="the account does not answer: it is being restarted")
        fills = Counter(
            datetime.fromtimestamp(each.fill.time_ns / 1e9, UTC).date().isoformat()
            for each in trades
        )
        rows = pnl_rows(days, ledger, request.period, fills)
        return answers.PnlAnswer(periods=rows[-request.count :])

    async def _journal(self, request: control.JournalTail) -> Answer:
        tail = await self._ask("journal", AskTail(request.after, request.count, request.last))
        if tail is None:
            return answers.Failed(why="the journal does not answer: it is being restarted")
        rows = journal_rows(tail, request.kinds, request.match)
        return answers.JournalAnswer(records=rows, tip=tail.tip)

    async def _breakers(self, _: control.Breakers) -> Answer:
        views = await asyncio.gather(*(self._ask(role, AskBreaker()) for role in BREAKER_ROLES))
        rows = (answers.BreakerRow(**msgspec.structs.asdict(view)) for view in views if view)
        return answers.BreakersAnswer(breakers=tuple(rows))

    async def _reconcile(self, _: control.Reconcile) -> Answer:
        """Have everything asked for now; wait until it has come and agrees, or time is up."""
        asked_ns = self._known.now_ns()
        if not tell(self._registry.ref("orders"), Reconcile()):
            return answers.Failed(why="the order manager is being restarted: try again")
        deadline, rows = time.monotonic() + COMPARE_S, None
        while time.monotonic() < deadline:
            found = await self._ask("orders", AskSides())
            if found is not None and found.broker and found.broker.at_ns >= asked_ns:
                ledger = await self._ask("account", AskLedger())
                rows = sides(self._known, found, found.broker, ledger)
                if found.ready and not breaks(rows):
                    return answers.ReconcileAnswer(
                        clean=True, at_ns=found.broker.at_ns, breaks=(), sides=rows
                    )
            await asyncio.sleep(0.1)
        if rows is None:
            why = f"the broker's answer did not come within {COMPARE_S:g} s: see the link in status"
            return answers.Failed(why=why)
        return answers.ReconcileAnswer(
            clean=False, at_ns=self._known.now_ns(), breaks=breaks(rows), sides=rows
        )

    async def _of_the_gate(self, question: Any, made: Callable[[Any], Answer]) -> Answer:
        found = await self._ask("risk", question)
        return _NO_GATE if found is None else made(found)

    async def _risk_check(self, request: control.RiskCheck) -> Answer:
        con_ids = (c for c, name in self._known.symbols.items() if name == request.symbol)
        intent = wanted(request, next(con_ids, 0), self._known.now_ns())
        found = await self._ask("risk", AskCheck(intent))
        return _NO_GATE if found is None else check_answer(found)

    async def _of_the_past(self, made: Callable[..., Answer], *more: Any) -> Answer:
        ledger, closes = await self._ask("account", AskLedger()), await self._closes()
        if ledger is None:
            return answers.Failed(why="the account does not answer: it is being restarted")
        return await asyncio.to_thread(made, ledger, closes, *more)

    async def _closes(self) -> dict[int, dict[str, float]]:
        """Return the daily prices; none while nobody has them, and nothing is said of the past."""
        return await self._ask("history", AskCloses()) or {}

    async def _logs(self, request: control.Logs) -> Answer:
        """Return what the files have; the command line reads them itself, even if nothing runs."""
        if self._known.logs is None:
            return answers.Refused(code="no_logs", why="this system keeps no log files")
        lines = await asyncio.to_thread(
            log_files.newest, self._known.logs, request.count, min_level=request.min_level,
            actor=request.actor, cause=request.cause,
        )  # fmt: skip
        return answers.LogsAnswer(lines=tuple(lines))


def control_child(registry: Registry, path: Path, known: Known, **more: Any) -> ChildSpec:
    """Return the control actor's place in a tree; ``more`` are its other arguments."""
    given = {"registry": registry, "path": path, "known": known, **more}
    return ChildSpec(id="control", start=registry.via("control", ControlActor), kwargs=given)
