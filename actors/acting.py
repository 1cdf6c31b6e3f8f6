"""What people make a running system do over its socket; ``control`` has what only looks.

Whoever asked is named in the journal. Nothing here is done by the control actor itself: the kill
switch, the risk gate, the supervisors decide, and what they answer is the answer.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import pykka

from actors.fixing import Fixing
from actors.messages import GoOn
from actors.noting import Notes
from actors.preview import kill_answer
from actors.risk_rows import set_answer
from actors.say import AskLedger, AskTrading, ChangeLimit, Clear, Confirmed, HurryUp, Trip, tell
from actors.tables import find, switch_rows
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.domain.errors import KillSwitchTriggeredError
from robotrader.risk import Level
from supervision import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from actors.tables import Known
    from robotrader.domain.control_answers import Answer
    from supervision import Registry


class Asks(Protocol):
    """Asks whoever plays a role; None if nobody answers in time."""

    def __call__(self, role: str, question: Any, *, within_s: float = ...) -> Awaitable[Any]:
        """See the class."""


class Acting:
    """See the module's prose.

    Args:
        ask: asks whoever plays a role.
        registry: where everybody is found by role.
        known: what does not change while the process lives.
        stop: ends the process in order.
    """

    def __init__(
        self, *, ask: Asks, registry: Registry, known: Known, stop: Callable[[], None]
    ) -> None:
        self._ask, self._registry, self._known, self._end_process = ask, registry, known, stop
        self._notes = Notes(registry, known.now_ns)
        self._kills: dict[str, Answer] = {}
        self.handlers: Mapping[type, Callable[[Any], Awaitable[Answer]]] = {
            control.ActorRestart: self._restart,
            control.Adopt: Fixing(ask, registry, known, self._notes).answer,
            control.Kill: self._kill,
            control.Resume: self._resume,
            control.CheckIn: self._check_in,
            control.GatewayConfirmed: self._gateway_confirmed,
            control.Stop: self._end,
            control.RiskSet: self._risk_set,
        }

    async def _kill(self, request: control.Kill) -> Answer:
        ledger = await self._ask("account", AskLedger())
        trading = await self._ask("orders", AskTrading())
        level = Level[request.level.name]
        shown = kill_answer(
            level, request.scope, self._known, trading, ledger, preview=request.preview
        )
        if request.preview:
            return shown
        if request.key not in self._kills:
            trip = Trip(level, request.scope, request.who, request.reason)
            try:
                switch = await self._ask("kill-switch", trip)
            except KillSwitchTriggeredError as error:  # in force, but not durable: not refused
                return answers.Failed(why=str(error))
            if switch is None:
                return answers.Failed(why="the kill switch does not answer; try again")
            self._kills[request.key] = shown
        return self._kills[request.key]

    async def _restart(self, request: control.ActorRestart) -> Answer:
        """End an actor as a crash would; its supervisor starts the next, by its own rules."""
        root = self._registry.whereis("root")
        found = await asyncio.to_thread(find, root, request.path)
        if found is None:
            why = f"no actor {request.path}: `robotrader actors ls` has them"
            return answers.Refused(code="no_actor", why=why)
        said = f"restart {request.path}: {request.reason}"
        kept = await self._notes.keep(request.who, said, "asked")
        if getattr(found.actor_class, "resumable", False):
            with suppress(pykka.ActorDeadError, pykka.Timeout, MailboxFull):
                await asyncio.to_thread(found.ask, GoOn(request.who, request.reason), timeout=1)
        found.kill()
        text = f"{request.path} is ended; its supervisor starts it again{_unsaid(kept=kept)}"
        return answers.Done(text=text)

    async def _risk_set(self, request: control.RiskSet) -> Answer:
        """Have the gate change a limit; it answers when the change is durable and in force."""
        wish = ChangeLimit(
            name=request.name, value=request.value, who=request.who, why=request.reason,
            preview=request.preview,
        )  # fmt: skip
        change = await self._ask("risk", wish)
        if change is None:
            why = "the risk gate does not answer: look at `robotrader risk limits`, then try again"
            return answers.Failed(why=why)
        if isinstance(change, str):
            return answers.Refused(code="limit", why=change)
        if not request.preview:
            said = "configured" if request.value is None else f"{request.value:f}"
            did = f"risk set {request.name} {said}: {request.reason}"
            await self._notes.keep(request.who, did, "done")
        return set_answer(change, preview=request.preview)

    async def _resume(self, request: control.Resume) -> Answer:
        switch = await self._ask("kill-switch", Clear(request.scope, request.who, request.reason))
        if switch is None:
            return answers.Failed(why="the kill switch does not answer, or refuses; see the log")
        left = ", ".join(f"{row.level} in {row.scope}" for row in switch_rows(switch)) or "nothing"
        return answers.Done(text=f"cleared {request.scope}; still tripped: {left}")

    async def _check_in(self, request: control.CheckIn) -> Answer:
        if not await self._notes.keep(request.who, "check in", "done"):
            return answers.Failed(why="the journal has not written it down: check in again")
        due = "kill_switch.dead_man_s is 0: nobody has to check in"
        if every_s := self._known.dead_man_s:
            due = f"the next one is due within {every_s:g} s"
        return answers.Done(text=f"noted; {due}")

    async def _gateway_confirmed(self, request: control.GatewayConfirmed) -> Answer:
        kept = await self._notes.keep(request.who, "gateway confirm", "asked")
        own = tell(self._registry.ref("gateway-program"), Confirmed())
        if not tell(self._registry.ref("gateway"), HurryUp()):
            return answers.Failed(why="the connection is being restarted: try again")
        program = "its program is looked after again" if own else "its program is not ours"
        return answers.Done(text=f"connecting now; {program}{_unsaid(kept=kept)}")

    async def _end(self, request: control.Stop) -> Answer:
        deadline = time.monotonic() + request.drain_s
        while time.monotonic() < deadline:
            trading = await self._ask("orders", AskTrading())
            if trading is not None and not trading.orders:
                break
            await asyncio.sleep(0.1)
        self._end_process()
        return answers.Done(text="stopping")


def _unsaid(*, kept: bool) -> str:
    """What is added where a journal that does not write must not keep a person from acting."""
    return "" if kept else "; the journal has not written down who asked"
