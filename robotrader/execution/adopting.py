"""A person accepts the broker's position of a contract that is halted.

What a person was shown may be old by the time of the answer, and a broker's position may follow its
fills by seconds. So the broker is asked twice, some seconds apart; only if both sides are still as
they were shown, and nothing was filled between, is the position adopted and the halt ended, in one
commit. Otherwise nothing changes and the answer says why: a person has to look again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from robotrader.domain import records as r
from robotrader.execution.desk import Plan
from robotrader.execution.effects import AdoptionEnded, Alert, Effect, Level, Wake

if TYPE_CHECKING:
    from robotrader.domain import BrokerSnapshot, PositionReport
    from robotrader.execution.desk import Desk
    from robotrader.execution.rounds import Rounds

DECIMALS: Final = 12
HIGHEST: Final = Decimal("1e12")
"""No share costs more; with so many decimals it is still a number of 28 digits."""

MOST: Final = 16
"""A person decides one contract after another; more wait only if somebody floods us."""


class Adoption(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A person's wish: the position that the broker has shall be ours. Quantities are shares."""

    con_id: int
    ours: Decimal
    """What the journal had when the person looked."""

    broker: Decimal
    """What the broker had then, and still has to have."""

    who: str
    why: str


class _Look(NamedTuple):
    """Both sides at one time of the order manager's clock, and how often ours had changed."""

    ours: Decimal
    theirs: Decimal
    moves: int
    at_ns: int


@dataclass(slots=True)
class _Pending:
    """A wish that waits for the broker: for snapshots from ``request`` on."""

    wish: Adoption
    request: int
    until_ns: int
    seen: _Look | None = None


class Adopting:
    """See the module's prose. Every method returns a plan."""

    def __init__(self, desk: Desk, rounds: Rounds) -> None:
        self._desk, self._rounds = desk, rounds
        self._pending: dict[int, _Pending] = {}

    @property
    def waits(self) -> bool:
        """Whether a wish waits for the broker."""
        return bool(self._pending)

    def ask(self, number: int, wish: Adoption, now_ns: int) -> Plan:
        """Take a wish; ``AdoptionEnded`` with this number answers it."""
        why = self._unfit(wish) or self._not_now(wish)
        if why:
            return _ended(number, why)
        until_ns = now_ns + self._desk.times.snapshot_ns
        self._pending[number] = _Pending(wish, self._desk.request + 1, until_ns)
        return self._again(number, now_ns)

    def rang(self, number: int, now_ns: int) -> Plan:
        """Ask the broker again, or give up."""
        pending = self._pending.get(number)
        if pending is None:
            return Plan()
        if now_ns < pending.until_ns:
            return self._again(number, now_ns)
        del self._pending[number]
        why = "the broker did not say twice in time what it has: see `robotrader status`, try again"
        return _ended(number, why)

    def look(self, snapshot: BrokerSnapshot, now_ns: int) -> Plan:
        """Judge the wishes by a snapshot; its fills are booked and its orders judged."""
        for number, pending in tuple(self._pending.items()):
            plan = self._judge(number, pending, snapshot, now_ns)
            if plan is not None:
                del self._pending[number]
                plan.then = lambda later_ns: self.look(snapshot, later_ns)
                return plan
        return Plan()

    # -- how --

    def _again(self, number: int, now_ns: int) -> Plan:
        wake = Wake(f"adopt:{number}", now_ns + self._desk.times.again_ns)
        return Plan(effects=[*self._rounds.want(now_ns), wake])

    def _unfit(self, wish: Adoption) -> str:
        if not wish.who.strip() or not wish.why.strip():
            return "a position is accepted by a person with a reason: give both"
        if not (wish.ours.is_finite() and wish.broker.is_finite()):
            return f"{wish.ours} and {wish.broker} are no positions: look at both sides again"
        if len(self._pending) >= MOST:
            return f"{MOST} positions are being accepted: try again"
        return ""

    def _not_now(self, wish: Adoption) -> str:
        if wish.con_id not in self._desk.book.halted:
            return f"contract {wish.con_id} is not halted: there is nothing to accept"
        if not self._desk.ready:
            link = self._desk.link.value
            return f"the link is {link} and not reconciled: wait for ready, then look again"
        return ""

    def _judge(
        self, number: int, pending: _Pending, snapshot: BrokerSnapshot, now_ns: int
    ) -> Plan | None:
        """Return how a wish ends, None while the broker has to say more."""
        wish, desk = pending.wish, self._desk
        if wish.con_id not in desk.book.halted:
            return _ended(number, self._not_now(wish))
        current = snapshot.generation == desk.generation and not snapshot.missing
        if not current or snapshot.request < pending.request or not desk.ready:
            return None
        report = self._report(snapshot, wish.con_id)
        new = self._both(report, wish.con_id, now_ns)
        why = _differs(wish, new) or _worthless(report)
        if why:
            return _ended(number, why)
        old = pending.seen
        if old is None or old.moves != new.moves:
            pending.seen = new
        elif new.at_ns - old.at_ns >= desk.times.sample_ns:
            return self._adopt(number, wish, report, now_ns)
        return None

    def _report(self, snapshot: BrokerSnapshot, con_id: int) -> PositionReport | None:
        mine = (each for each in snapshot.positions if each.account == self._desk.book.account)
        return next((each for each in mine if each.con_id == con_id), None)

    def _both(self, report: PositionReport | None, con_id: int, at_ns: int) -> _Look:
        book = self._desk.book
        ours = book.positions.get((book.account, con_id), r.ZERO)
        theirs = r.ZERO if report is None else report.qty
        return _Look(ours, theirs, book.moves.get(con_id, 0), at_ns)

    def _adopt(
        self, number: int, wish: Adoption, report: PositionReport | None, now_ns: int
    ) -> Plan:
        adopted = r.PositionAdopted(
            con_id=wish.con_id,
            qty=wish.broker,
            avg_cost=cost_of(report.avg_cost) if report and report.qty else r.ZERO,
            who=wish.who,
            why=wish.why,
            wall_ns=now_ns,
        )
        resumed = r.SymbolResumed(con_id=wish.con_id, who=wish.who, why=wish.why, wall_ns=now_ns)
        text = (
            f"{wish.who} accepted the broker's {wish.broker} of contract {wish.con_id} in place of "
            f"{wish.ours} ({wish.why}): it is halted no more"
        )
        done: list[Effect] = [
            Alert(Level.WARNING, "position_adopted", text), AdoptionEnded(number, ""),
        ]  # fmt: skip
        same = wish.ours == wish.broker
        return Plan(
            records=[resumed] if same else [adopted, resumed],
            effects=done,
            failed=lambda why: [AdoptionEnded(number, f"nothing was changed: {why}")],
        )


def _differs(wish: Adoption, now: _Look) -> str:
    if now.theirs != wish.broker:
        return f"the broker has {now.theirs} by now, not {wish.broker}: look at both sides again"
    if now.ours != wish.ours:
        return f"the journal has {now.ours} by now, not {wish.ours}: look at both sides again"
    return ""


def cost_of(said: Decimal) -> Decimal:
    """Return an average cost as the ledger can compute with it: a quotient has endless decimals."""
    return round(said, DECIMALS)


def _worthless(report: PositionReport | None) -> str:
    """Return why a position cannot be booked: its cost would be in the ledger for ever."""
    if report is None or not report.qty:
        return ""
    cost = report.avg_cost
    if cost.is_finite() and 0 <= cost <= HIGHEST:
        return ""
    return f"the broker says an average cost of {report.avg_cost}: that is none, try again later"


def _ended(number: int, why: str) -> Plan:
    return Plan(effects=[AdoptionEnded(number, why)])
