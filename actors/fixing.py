"""Accepting the broker's position for a person: both sides are shown, then the order manager asked.

The control actor decides nothing: the order manager compares what was shown with what the broker
says now, twice, and commits. A request that is sent again, with the same key, is answered as before
and acts once.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from actors.compared import of_symbol
from actors.say import AskLedger, AskSides, Reconcile, tell
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.execution import Adoption

if TYPE_CHECKING:
    from actors.acting import Asks
    from actors.noting import Notes
    from actors.say import Sides
    from actors.tables import Known
    from robotrader.domain.control_answers import Answer
    from supervision import Registry

SHOWN_S: Final = 8.0
"""How long the broker may take to say what it has."""

DECIDED_S: Final = 30.0
"""More than the order manager takes to decide: it gives up after its own 15 s."""

_KEYS: Final = 100
"""Requests that may be sent again: nobody tries longer than a minute."""


class Fixing:
    """See the module's prose.

    Args:
        ask: asks whoever plays a role.
        registry: where everybody is found by role.
        known: what does not change while the process lives.
        notes: has the journal keep what a person did.
    """

    def __init__(self, ask: Asks, registry: Registry, known: Known, notes: Notes) -> None:
        self._ask, self._registry, self._known, self._notes = ask, registry, known, notes
        self._asked: dict[str, asyncio.Task[Answer]] = {}

    async def answer(self, request: control.Adopt) -> Answer:
        """Show both sides, or accept the broker's."""
        con_ids = {name: con_id for con_id, name in self._known.symbols.items()}
        con_id = con_ids.get(request.symbol)
        if con_id is None:
            why = f"{request.symbol} is not watched here: `robotrader reconcile` names the symbols"
            return answers.Refused(code="symbol", why=why)
        if request.preview:
            return await self._shown(request.symbol, con_id)
        if not request.reason.strip() or not request.who.strip():
            why = "a position is accepted by a person with a reason: give both"
            return answers.Refused(code="reason", why=why)
        task = self._asked.get(request.key)
        if task is None:
            task = asyncio.ensure_future(self._accepted(request, con_id))
            self._asked[request.key] = task
            while len(self._asked) > _KEYS:
                del self._asked[next(iter(self._asked))]
        return await asyncio.shield(task)

    async def _shown(self, symbol: str, con_id: int) -> Answer:
        """Have the broker asked now, and show what both have of a symbol."""
        found: Sides | None = await self._ask("orders", AskSides())
        if found is not None and (refused := _refused(symbol, con_id, found)):
            return refused
        found = await self._fresh()
        if found is None or found.broker is None:
            why = f"the broker's answer did not come within {SHOWN_S:g} s: see the link in status"
            return answers.Failed(why=why)
        refused = _refused(symbol, con_id, found)
        if refused is not None:
            return refused
        return of_symbol(self._known, con_id, found, await self._ask("account", AskLedger()))

    async def _fresh(self) -> Sides | None:
        asked_ns = self._known.now_ns()
        if not tell(self._registry.ref("orders"), Reconcile()):
            return None
        until_s = time.monotonic() + SHOWN_S
        while time.monotonic() < until_s:
            found: Sides | None = await self._ask("orders", AskSides())
            if found is not None and found.broker and found.broker.at_ns >= asked_ns:
                return found
            await asyncio.sleep(0.1)
        return None

    async def _accepted(self, request: control.Adopt, con_id: int) -> Answer:
        if request.ours is None or request.broker is None:
            why = "what was shown is missing: `robotrader reconcile --fix SYMBOL` shows it first"
            return answers.Refused(code="not_shown", why=why)
        wish = Adoption(
            con_id=con_id, ours=request.ours, broker=request.broker, who=request.who,
            why=request.reason,
        )  # fmt: skip
        said = await self._ask("orders", wish, within_s=DECIDED_S)
        if said is None:
            why = "the order manager does not answer: look at `robotrader reconcile`"
            return answers.Failed(why=why)
        did = f"reconcile --fix {request.symbol} {request.broker}: {request.reason}"
        await self._notes.keep(request.who, did, said or "done")
        if said:
            return answers.Refused(code="adopt", why=said)
        text = f"{request.symbol} is {request.broker} shares, as at the broker, and trades again"
        return answers.Done(text=text)


def _refused(symbol: str, con_id: int, found: Sides) -> answers.Refused | None:
    if con_id not in found.halted:
        why = f"{symbol} is not halted: there is nothing to accept, see `robotrader reconcile`"
        return answers.Refused(code="not_halted", why=why)
    if not found.ready:
        why = "not connected and reconciled: wait for `robotrader status` to say so, then try again"
        return answers.Refused(code="not_ready", why=why)
    return None
