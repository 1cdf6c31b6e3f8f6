"""Rounds of comparing with the broker: at every connection, every minute, and when in doubt.

A round asks for a snapshot, books its fills before anything else, judges the orders, compares the
positions, and is over when nothing is missing and nothing differs but what is halted. Then, and
only then, orders may be sent in this generation of the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from robotrader.domain import (
    AskSnapshot,
    CommissionReport,
    ExecutionReport,
    Happening,
    LinkState,
    OrderState,
    family_of,
)
from robotrader.domain import records as r
from robotrader.execution import hearing, identity
from robotrader.execution.desk import Plan
from robotrader.execution.effects import Alert, Effect, Level, Send, Told, Wake
from robotrader.execution.reconcile import Asked, Judge, Judgement, Sample, lasting, sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import BrokerSnapshot
    from robotrader.execution.book import Book
    from robotrader.execution.desk import Desk
    from robotrader.execution.placing import Placing
    from robotrader.execution.tracked import Tracked

_Report = TypeVar("_Report", ExecutionReport, CommissionReport)


class Rounds:
    """See the module's prose."""

    def __init__(self, desk: Desk, placing: Placing) -> None:
        self._desk = desk
        self._placing = placing
        self._open: Asked | None = None
        self._due_ns: int | None = None
        self._asked_ns: int | None = None
        self._again = False
        self._sample: Sample | None = None
        self.stale = 0
        """Snapshots that answered nothing that is still asked."""

    # -- asking --

    def restart(self) -> None:
        """Forget what an older connection was asked."""
        self._open = self._due_ns = self._sample = self._asked_ns = None
        self._again = False
        for order in self._desk.book.open.values():
            order.missed_ns = None

    def want(self, now_ns: int) -> list[Effect]:
        """Ask for a snapshot as soon as it makes sense; once, however many want it."""
        if self._desk.link is not LinkState.READY:
            return []
        if self._open is not None:
            self._again = True
            return []
        earliest = now_ns
        if self._asked_ns is not None:
            earliest = max(now_ns, self._asked_ns + self._desk.times.again_ns)
        return self._ask(now_ns) if earliest <= now_ns else self._plan(earliest)

    def unanswered(self, order: Tracked, now_ns: int) -> Plan:
        """No answer in time: it may live or not (F27); it is not sent again."""
        effects = self.want(now_ns)
        if order.state is OrderState.SENT:
            order.move(Happening.LINK_LOST)
            effects = [Told(order.view()), *effects]
        return Plan(effects=effects)

    def _plan(self, at_ns: int) -> list[Effect]:
        if self._due_ns is not None and self._due_ns <= at_ns:
            return []
        self._due_ns = at_ns
        return [Wake(f"round:{at_ns}", at_ns)]

    def _ask(self, now_ns: int) -> list[Effect]:
        desk = self._desk
        desk.request += 1
        self._open = Asked(desk.request, now_ns, desk.turn)
        self._asked_ns, self._due_ns = now_ns, None
        late = Wake(f"snapshot:{desk.request}", now_ns + desk.times.snapshot_ns)
        return [Send(AskSnapshot(desk.request)), late]

    def due(self, what: str, now_ns: int) -> Plan:
        """A timer rang: ask, if it is the one that is waited for.

        If it rings early (the clock was set back, if only by a microsecond) it has to ring again:
        nobody else would.
        """
        if self._due_ns is None or what != str(self._due_ns):
            return Plan()
        if now_ns < self._due_ns:
            return Plan(effects=[Wake(f"round:{what}", self._due_ns)])
        self._due_ns = None
        return Plan(effects=self.want(now_ns))

    def late(self, request: int, now_ns: int) -> Plan:
        """A snapshot did not come in time: ask again."""
        if self._open is None or self._open.request != request:
            return Plan()
        self._open = None
        text = f"snapshot {request} did not come within its deadline: asked again"
        return Plan(effects=[Alert(Level.WARNING, "snapshot_late", text), *self.want(now_ns)])

    # -- the answer --

    def answered(self, snapshot: BrokerSnapshot, now_ns: int) -> Plan:
        """Book what a snapshot has of fills; then, if it is the one that was asked for, judge."""
        asked = self._open
        mine = asked is not None and asked.request == snapshot.request
        records = fills(self._desk.book, snapshot, now_ns)
        alerts: list[Effect] = [*hearing.set_aside(records)]
        for report in (*snapshot.open_orders, *snapshot.completed):
            ours = report.client_id == self._desk.book.client_id
            self._desk.book.identities.saw(report.ref, report.order_id if ours else 0)
        if asked is None or not mine or snapshot.generation != self._desk.generation:
            self.stale += 1
            return Plan(records=records, effects=alerts)
        self._open = None
        return Plan(
            records=records,
            effects=alerts,
            then=lambda later_ns: self._judge(asked, snapshot, later_ns),
        )

    def _current(self, asked: Asked) -> bool:
        """Return whether the link is as it was when the snapshot was asked for."""
        return asked.turn == self._desk.turn

    def _judge(self, asked: Asked, snapshot: BrokerSnapshot, now_ns: int) -> Plan:
        if not self._current(asked):
            return Plan()
        if snapshot.missing:
            text = f"snapshot {asked.request} lacks {', '.join(snapshot.missing)}: asked again"
            warned = Alert(Level.WARNING, "snapshot_incomplete", text)
            return Plan(effects=[warned, *self._plan(now_ns + self._desk.times.again_ns)])
        self._desk.judged = asked.request
        judge = Judge(self._desk.book, asked, self._desk.times.quiet_ns, now_ns)
        verdict = judge.orders(snapshot)
        return Plan(
            records=verdict.records,
            then=lambda later_ns: self._act(verdict, asked, snapshot, later_ns),
            failed=lambda _: self._cancel(verdict, now_ns),
        )

    def _cancel(self, verdict: Judgement, now_ns: int) -> list[Effect]:
        """Send the cancels of a judgement, kept or not: none of them makes a risk larger."""
        book = self._desk.book
        known = [book.by_id[each] for each in verdict.cancels if each in book.by_id]
        return self._placing.send_cancels([book.orders[ref] for ref in known], now_ns).effects

    def _act(self, verdict: Judgement, asked: Asked, snapshot: BrokerSnapshot, now_ns: int) -> Plan:
        """After the commit: fence what is missing, send cancels again, look at the positions."""
        effects = [*verdict.alerts, *self._cancel(verdict, now_ns)]
        effects += self._placing.fences(verdict.fences)
        effects += self._mark(verdict, now_ns)
        if not self._current(asked):
            return Plan(effects=effects)
        if verdict.missed:
            wake = self._plan(now_ns + self._desk.times.quiet_ns)
            return Plan(effects=[*effects, *wake])
        return self._compare(asked, snapshot, effects, now_ns)

    def _mark(self, verdict: Judgement, now_ns: int) -> list[Effect]:
        """Keep what only this process knows: whose doubt ended, who is fenced since when."""
        orders = self._desk.book.orders
        found = [orders[ref] for ref in verdict.found if not orders[ref].over]
        changed = [order for order in found if self._desk.found(order)]
        missed = [orders[ref] for ref in verdict.missed if not orders[ref].over]
        for order in missed:
            order.missed_ns = now_ns if order.missed_ns is None else order.missed_ns
            if not order.acked:
                order.move(Happening.NOT_FOUND)
        return [Told(order.view()) for order in (*changed, *missed)]

    # -- positions, and the end --

    def _compare(
        self, asked: Asked, snapshot: BrokerSnapshot, effects: list[Effect], now_ns: int
    ) -> Plan:
        new = sample(self._desk.book, snapshot, asked.at_ns, now_ns)
        self._desk.theirs.compare(self._desk.book, snapshot)
        if not new.differences:
            self._sample = None
            return self._finish(asked, snapshot, effects)
        differ = lasting(self._sample, new, self._desk.times.sample_ns)
        if differ != new.differences:
            if self._sample is None or self._sample.differences != new.differences:
                self._sample = new
            return Plan(effects=[*effects, *self._plan(now_ns + self._desk.times.sample_ns)])
        self._sample = None
        for con_id, (ours, theirs, _) in differ.items():
            self._desk.theirs.saw(con_id, ours, theirs)
        reasons = {
            con_id: f"the journal has {ours} of contract {con_id}, the broker {theirs}"
            for con_id, (ours, theirs, _) in differ.items()
        }
        halts: list[r.Record] = [
            r.SymbolHalted(con_id=con_id, why=why, wall_ns=now_ns)
            for con_id, why in reasons.items()
        ]
        remedy = "halted until a person adopts a position"
        effects += [
            Alert(Level.CRITICAL, "position_differs", f"{why}: {remedy}")
            for why in reasons.values()
        ]
        return Plan(records=halts, then=lambda _: self._finish(asked, snapshot, effects))

    def _finish(self, asked: Asked, snapshot: BrokerSnapshot, effects: list[Effect]) -> Plan:
        if self._desk.book.in_doubt():
            # Sent after the snapshot was asked for, and in doubt already: the next one tells.
            return Plan(effects=effects, then=lambda now_ns: Plan(effects=self.want(now_ns)))
        done = r.Reconciled(generation=snapshot.generation, wall_ns=snapshot.at_ns)
        records: list[r.Record] = []
        if self._desk.book.reconciled != snapshot.generation or self._desk.agreed < 0:
            records = [done]
        return Plan(
            records=records, effects=effects, then=lambda now_ns: self._agreed(asked, now_ns)
        )

    def _agreed(self, asked: Asked, now_ns: int) -> Plan:
        if not self._current(asked):
            return Plan()
        desk = self._desk
        desk.agreed = desk.generation
        again, self._again = self._again, False
        wake = self.want(now_ns) if again else self._plan(now_ns + desk.times.round_ns)
        plan = self._placing.resume_cancels(now_ns)
        plan.effects += wake
        return plan


def fills(book: Book, snapshot: BrokerSnapshot, now_ns: int) -> list[r.Record]:
    """Return the records of every execution and commission in a snapshot that is not booked."""
    records: list[r.Record] = []
    for execution in _newest(snapshot.executions):
        records += hearing.executed(book, execution, now_ns)
    charges = (hearing.charged(book, each, now_ns) for each in _newest(snapshot.commissions))
    records += [charge for charge in charges if charge]
    return records


def _newest(reports: tuple[_Report, ...]) -> Iterable[_Report]:
    """Return one report for each fill: its highest revision."""
    best: dict[str, _Report] = {}
    for report in sorted(reports, key=lambda each: identity.revision(each.exec_id)):
        best[family_of(report.exec_id)] = report
    return best.values()
