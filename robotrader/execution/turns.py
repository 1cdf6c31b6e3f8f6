"""One input after the other: what waits, what is being made durable, and what follows from it.

While records of an input are being committed, further inputs wait. Nothing that the records say is
believed before they are durable; then what a commit lets leave goes first, and is told after it.
When no input is left, the contracts are looked at that were changed (see ``guard``).
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import OVER
from robotrader.domain import records as r
from robotrader.domain.errors import OrderError
from robotrader.execution.desk import OWNED_ELSEWHERE, Plan
from robotrader.execution.effects import Commit, Effect, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from robotrader.execution.desk import Desk
    from robotrader.execution.guard import Guard
    from robotrader.execution.tracked import Tracked

_OF_CONTRACTS: Final = frozenset({r.FillBooked, r.PositionAdopted, r.SymbolHalted, r.SymbolResumed})
"""Records that change what protects a contract without being an order's."""

_NONE: Final[Mapping[str, Tracked]] = {}


class Turns:
    """See the module's prose."""

    def __init__(self, desk: Desk, guard: Guard) -> None:
        self._desk, self._guard = desk, guard
        self._waiting: deque[Callable[[int], Plan]] = deque()
        self._flight: tuple[int, Plan] | None = None
        self._rest: tuple[Plan | None, dict[str, Tracked]] | None = None
        self._token = 0
        self.stale_answers = 0
        """Answers of the journal that nobody waits for."""

    # -- what is durable --

    def committed(self, token: int, now_ns: int) -> list[Effect]:
        """The records of a ``Commit`` are durable: believe them, and go on."""
        return self._pump(now_ns, self.believe(token, now_ns))

    def believe(self, token: int, now_ns: int) -> list[Effect]:
        """Do what of ``committed`` leaves at once; ``go_on``, or any input, does the rest."""
        if self._flight is None or self._flight[0] != token:
            self.stale_answers += 1
            return []
        plan, self._flight = self._flight[1], None
        out: list[Effect] = []
        changed: dict[str, Tracked] = {}
        desk, touch = self._desk, self._guard.touch
        for record in plan.records:
            order = desk.book.apply(record)
            told: Any = record
            kind = type(told)
            if kind in OWNED_ELSEWHERE:
                out += desk.owned_elsewhere(record)
            if order is not None:
                intent = order.intent
                changed[intent.ref] = order
                touch(intent.con_id)
            elif kind in _OF_CONTRACTS:
                touch(told.con_id)
        for order in changed.values():
            if order.state in OVER:
                desk.sent(order)
        self._rest = (self._lead(plan, now_ns, out), changed)
        return out

    def go_on(self, now_ns: int) -> list[Effect]:
        """Tell of what was believed, and take what comes next."""
        return self._pump(now_ns, [])

    # -- what is worked on --

    def _hand(self, handle: Callable[[Any, int], Plan], what: object, now_ns: int) -> list[Effect]:
        """Take an input; it is worked on at once if nothing else is."""
        if self._waiting or self._flight is not None or self._rest is not None:
            return self._take(partial(handle, what), now_ns)
        out: list[Effect] = []
        self._start(handle(what, now_ns), now_ns, out)
        return self._pump(now_ns, out)

    def _take(self, handle: Callable[[int], Plan], now_ns: int) -> list[Effect]:
        if len(self._waiting) >= self._desk.times.most_waiting:
            raise OrderError(
                f"{len(self._waiting)} inputs wait for the journal: it does not answer; "
                "start again from the journal, comparing finds what is lost here"
            )
        self._waiting.append(handle)
        return self._pump(now_ns, [])

    def _pump(self, now_ns: int, out: list[Effect]) -> list[Effect]:
        rest = self._rest
        if rest is not None:
            self._rest = None
            self._follow(*rest, now_ns, out)
        waiting = self._waiting
        while self._flight is None:
            plan = waiting.popleft()(now_ns) if waiting else self._guard.next(now_ns)
            if plan is None:
                break
            if plan.records or plan.effects or plan.then is not None:
                self._start(plan, now_ns, out)
        return out

    def _start(self, plan: Plan, now_ns: int, out: list[Effect]) -> None:
        """Ask for a plan's commit; without records, do it."""
        if plan.records:
            self._token += 1
            self._flight = (self._token, plan)
            out.append(Commit(self._token, tuple(plan.records), plan.entering))
        else:
            self._follow(self._lead(plan, now_ns, out), _NONE, now_ns, out)

    def _lead(self, plan: Plan, now_ns: int, out: list[Effect]) -> Plan | None:
        """Do what follows a commit at once: what it sends; return what comes after it."""
        if plan.effects:
            out += plan.effects
        if plan.then is None:
            return None
        after = plan.then(now_ns)
        if not after.records:
            out += after.effects
        return after

    def _follow(
        self, after: Plan | None, changed: Mapping[str, Tracked], now_ns: int, out: list[Effect]
    ) -> None:
        """Do what follows what was sent: tell of it, then the next."""
        for ref, order in changed.items():
            view = order.view()
            out.append(Told(view))
            self._desk.release(ref, view.reserved, out)
        if after is None:
            return
        if after.records:
            self._start(after, now_ns, out)
        elif after.then:
            self._start(Plan(then=after.then), now_ns, out)
