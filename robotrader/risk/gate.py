"""The risk gate: no order without its approval, and no approval beyond a limit.

It holds the full quantity of what it approved until the order manager says that executions of it
are booked or that the rest will never come. The ledger in the view has to have an execution before
its reservation is released: otherwise it would be counted nowhere. It never changes a quantity;
``most`` says what would pass.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, getcontext, localcontext, setcontext
from typing import TYPE_CHECKING, Final, Literal, overload

import msgspec

from robotrader.domain import Approved, Intent, Purpose, Refusal
from robotrader.domain.errors import RiskLimitExceededError
from robotrader.domain.records import LimitChanged
from robotrader.ledger.money import EXACT, ZERO
from robotrader.risk.asked import is_unasked
from robotrader.risk.case import Case
from robotrader.risk.changes import LimitChanges
from robotrader.risk.explain import Explained, explained
from robotrader.risk.exposure import Reservation
from robotrader.risk.held import Held
from robotrader.risk.malformed import malformed
from robotrader.risk.passes import Passes
from robotrader.risk.past import REMEMBERED, Past, PastState
from robotrader.risk.report.usage import usage
from robotrader.risk.worst import Worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from robotrader.domain.records import Record
    from robotrader.risk.limits import Limits
    from robotrader.risk.report.usage import Use
    from robotrader.risk.view import RiskView
    from robotrader.risk.worst import After

_NONE: Final[AbstractSet[int]] = frozenset()


class Gate:
    """See the module's prose.

    Args:
        limits: what may be risked.
        first: the number of the first reservation; numbers of an earlier run must not come again
            as long as releases of that run can.
        ceilings: the loosest value that a command may give a limit, by its name.
    """

    def __init__(
        self, limits: Limits, *, first: int = 1, ceilings: Mapping[str, Decimal] | None = None
    ) -> None:
        self.changes = LimitChanges(limits, ceilings)
        self.limits = limits
        self._hash = limits.hash
        self._next = first
        self._held = Held()
        self._over: dict[int, Reservation] = {}
        self._moved: set[int] = set()
        """Contracts whose reservations are new since the last look."""

        self._past, self._passes = Past(), Passes()
        self._worst = Worst()
        self._passed: tuple[Reservation, After] | None = None
        """The entry that has passed since the last look, and the worst case as it was weighed."""

        self._refusals: Counter[str] = Counter()
        self._exact = EXACT.copy()
        self.approvals = 0
        self.newest: Reservation
        """What is held for the newest approval."""

    # -- before an order --

    @overload
    def judge(
        self, intent: Intent, view: RiskView, now_ns: int, *, asks: Literal[False] = False
    ) -> Approved | Refusal: ...
    @overload
    def judge(
        self, intent: Intent, view: RiskView, now_ns: int, *, asks: Literal[True]
    ) -> Approved | Refusal | None: ...
    def judge(
        self, intent: Intent, view: RiskView, now_ns: int, *, asks: bool = False
    ) -> Approved | Refusal | None:
        """Approve an intent and hold its quantity, or say which check it does not pass.

        None if it ``asks`` where it ``lacks_margin``: nothing is held, and no refusal is counted.
        """
        before = getcontext()
        setcontext(self._exact)  # ``localcontext`` makes a copy each time: four times as long
        try:
            if wrong := malformed(intent):
                return self._refuse(intent, "malformed", wrong)
            case = self._case(intent, view, now_ns)
            found = self._passes.refused(case)
            if found is None:
                return self._approve(case)
            return None if asks and _lacks_margin(case, found) else self._refuse(intent, *found)
        finally:
            setcontext(before)

    def most(self, intent: Intent, view: RiskView, now_ns: int) -> Decimal:
        """Return the largest quantity up to the intent's that would pass now; 0 if none would.

        Whole steps of the contract only: a quantity is never rounded up (F64). Holds nothing. Of
        margins it knows none but the intent's own: those of other quantities were never asked for.
        """
        with localcontext(EXACT):
            if malformed(intent):
                return ZERO
            instrument = view.instruments.get(intent.con_id)
            if instrument is None or instrument.size_step <= 0:
                return ZERO
            passing, failing = 0, int(intent.qty // instrument.size_step) + 1
            while failing - passing > 1:
                tried = (passing + failing) // 2
                less = msgspec.structs.replace(intent, qty=instrument.size_step * tried)
                if _passes(self._passes.refused(self._case(less, view, now_ns))):
                    passing = tried
                else:
                    failing = tried
            return instrument.size_step * passing

    def lacks_margin(self, intent: Intent, view: RiskView, now_ns: int) -> bool:
        """Whether nothing is against it but that the broker has not said its margin; holds nothing.

        What the broker has said, whatever it was, is not lacking.
        """
        with localcontext(EXACT):
            if malformed(intent):
                return False
            case = self._case(intent, view, now_ns)
            return _lacks_margin(case, self._passes.refused(case))

    def _case(self, intent: Intent, view: RiskView, now_ns: int) -> Case:
        """Take over what is new in the world, but for the contract that an intent is about."""
        limits, past, before = self.limits, self._past, self._worst
        if view.ledger is not None and view.ledger.day != past.day:
            past.begin(view.ledger.day)
        moved = self._new() if self._passed is not None or self._moved else _NONE
        before.look(view, self._held, limits.bare, moved, own=intent.con_id)
        return Case(intent, view, limits, past, now_ns, before)

    def _new(self) -> set[int]:
        """Count what has just passed; return the contracts whose reservations are new besides."""
        if self._passed is not None:
            passed, self._passed = self._passed, None
            if not self._worst.take(*passed):
                self._moved.add(passed[0].con_id)
        moved = self._moved
        if moved:
            self._moved = set()
        return moved

    def notice(self, view: RiskView) -> None:
        """Find what is new in the world, for ``settle`` to take over before somebody asks."""
        with localcontext(EXACT):
            moved = self._new()
            self._worst.notice(view, self._held, self.limits.bare, moved)

    def settle(self) -> bool:
        """Take over one contract of those that were noticed; return whether there are more."""
        with localcontext(EXACT):
            return self._worst.settle()

    def _refuse(self, intent: Intent, code: str, why: str) -> Refusal:
        self._refusals[code] += 1
        return Refusal(intent=intent, code=code, why=why)

    def _approve(self, case: Case) -> Approved:
        intent, number, reduces = case.intent, self._next, case.reduces
        self._next += 1
        self.approvals += 1
        self._past.add(case.echo, case.now_ns)
        self.newest = held = Reservation(
            number=number,
            con_id=intent.con_id,
            sign=case.sign,
            qty=intent.qty,
            price=case.price,
            reduces=reduces,
            strategy=intent.strategy,
            yields=reduces and intent.purpose is Purpose.STOP,
            stop=case.stop,
            cause=intent.cause,
            legs=len(intent.legs),
        )
        self._held.put(held)
        if reduces:
            self._moved.add(intent.con_id)
        else:
            self._passed = (held, case.after)
        return Approved(
            intent=intent,
            reservation=number,
            account=case.view.account,
            limits_hash=self._hash,
            reduces=reduces,
        )

    # -- after an order --

    def release(self, number: int, qty: Decimal) -> None:
        """Hold that much less: it is in the ledger, or will never come.

        A negative quantity holds more, also of a reservation that was released: a fill was taken
        back, and the order may trade those shares again.

        Raises:
            RiskLimitExceededError: that much is not held; what is held stays as it was.
        """
        held = self._held.get(number) or self._over.get(number)
        left = None if held is None or not qty.is_finite() else held.qty - qty
        if held is None or left is None or left < 0:
            known = "nothing" if held is None else held.qty
            msg = f"{qty} of reservation {number} cannot be released: {known} is held; reconcile"
            raise RiskLimitExceededError(msg)
        self._keep(msgspec.structs.replace(held, qty=left))

    def _keep(self, held: Reservation) -> None:
        self._moved.add(held.con_id)
        if held.qty:
            self._over.pop(held.number, None)
            self._held.put(held)
            return
        self._held.drop(held.number)
        self._over[held.number] = held
        while len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]

    def hold(self, reservation: Reservation) -> None:
        """Hold what is open since an earlier run, as the order manager found it in the journal."""
        before = self._held.get(reservation.number) or reservation
        self._moved |= {before.con_id, reservation.con_id}
        self._held.put(reservation)
        self._next = max(self._next, reservation.number + 1)

    # -- what the journal says --

    def replay(self, record: Record) -> None:
        """Count what an earlier run approved, and take over its limits (F23).

        Only for records from before this gate began: what it approves it has counted already.

        Raises:
            ConfigurationError: a limit is not known any more, or cannot have that value.
        """
        self._past.replay(record)
        if isinstance(record, LimitChanged):
            self.change(record)

    def seen(self, record: Record) -> None:
        """Count what became of orders: for records of this run, as they become durable."""
        self._past.follow(record)

    def restore(self, past: PastState, changed: Iterable[LimitChanged]) -> None:
        """Begin with a snapshot: what was approved, and every limit that was changed.

        Raises:
            ConfigurationError: a limit is not known any more, or cannot have that value.
        """
        self._past = Past(past)
        self.limits = self.changes.restore(changed)
        self._hash = self.limits.hash

    def change(self, record: LimitChanged) -> None:
        """Judge by another limit from now on.

        Raises:
            ConfigurationError: there is no such limit, or it cannot have that value.
        """
        self.limits = self.changes.apply(record)
        self._hash = self.limits.hash

    # -- questions --

    def usage(self, view: RiskView, now_ns: int) -> tuple[Use, ...]:
        """Return how far each limit is used, in the worst case of what is on its way."""
        return usage(view, self.limits, self.reserved, self._past, now_ns)

    def explain(self, intent: Intent, view: RiskView, now_ns: int) -> Explained | str:
        """Return what every check says of an intent, or why it is none; changes nothing."""
        most = self.most(intent, view, now_ns)
        with localcontext(EXACT):
            wrong = malformed(intent)
            return wrong or explained(self._case(intent, view, now_ns), most)

    @property
    def reserved(self) -> tuple[Reservation, ...]:
        """What is held, oldest first."""
        return self._held.all()

    def held(self, number: int) -> Decimal:
        """Return how much is held under a number, 0 if nothing is."""
        found = self._held.get(number)
        return ZERO if found is None else found.qty

    @property
    def refusals(self) -> Mapping[str, int]:
        """How often each check refused."""
        return dict(self._refusals)


def _lacks_margin(case: Case, found: tuple[str, str] | None) -> bool:
    """Whether only the broker's word is missing."""
    return found is not None and found[0] == "margin" and is_unasked(case)


def _passes(found: tuple[str, str] | None) -> bool:
    """Whether nothing is against a quantity; its margin was not asked for."""
    return found is None or found[0] == "margin"
