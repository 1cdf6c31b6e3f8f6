"""Our orders and positions against the broker's: the decision table, as pure functions.

The rule: absence is evidence only in a complete snapshot that was asked for after the order was
sent, and only if it is still so after a quiet period. A fence, a cancel sent behind an order that
was not found, makes sure that it cannot arrive and stay, nor work on unnamed. No order is ever
invented to make a position fit; a difference that lasts halts the symbol until a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from robotrader.domain import OrderState, Side
from robotrader.domain import records as r
from robotrader.execution import hearing, identity
from robotrader.execution.effects import Alert, Level
from robotrader.execution.hearing import Life

if TYPE_CHECKING:
    from robotrader.domain import BrokerSnapshot, OrderReport
    from robotrader.execution.book import Book
    from robotrader.execution.tracked import Tracked


class Asked(NamedTuple):
    """A snapshot's number, when it was asked for, and at which turn of the link."""

    request: int
    at_ns: int
    turn: int = 0


@dataclass(slots=True)
class Judgement:
    """What follows from a snapshot.

    ``found`` are live and known to be: their doubt ends without a record. ``missed`` were not
    found, and have to be looked for again. ``cancels`` are order ids, to be sent after the commit;
    ``fences`` too, of orders that were given up: whatever is sent later comes behind them.
    """

    records: list[r.Record] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    cancels: list[int] = field(default_factory=list)
    fences: list[int] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)

    def alert(self, level: Level, kind: str, text: str) -> None:
        """Add an alert."""
        self.alerts.append(Alert(level, kind, text))


class Judge:
    """Applies the table to one complete snapshot.

    Args:
        book: what we believe, with the snapshot's fills in it.
        asked: which snapshot it is.
        quiet_ns: how long something has to be missing before it counts as gone.
        now_ns: the time now, UTC.
    """

    def __init__(self, book: Book, asked: Asked, quiet_ns: int, now_ns: int) -> None:
        self.book, self.asked, self.now_ns = book, asked, now_ns
        self._quiet_ns = quiet_ns
        self.out = Judgement()

    def orders(self, snapshot: BrokerSnapshot) -> Judgement:
        """Return what follows for every order that the snapshot or the book has."""
        seen: dict[str, list[OrderReport]] = {}
        strangers: dict[str, OrderReport] = {}
        for report in (*snapshot.completed, *snapshot.open_orders):
            order = self.book.order_of(report)
            if order is not None:
                seen.setdefault(order.ref, []).append(report)
            elif identity.is_ours(report.ref):
                strangers[report.ref] = report
            elif not report.completed:
                self._external(report)
        for stranger in strangers.values():
            self._stranger(stranger)
        for ref, reports in seen.items():
            self._there(self.book.orders[ref], reports)
        for order in list(self.book.open.values()):
            if order.ref not in seen and order.as_of < self.asked.request:
                self._absent(order)
        return self.out

    def _there(self, order: Tracked, reports: list[OrderReport]) -> None:
        live = [each for each in reports if hearing.read(each, refused=False) is Life.ALIVE]
        if live and len({each.perm_id for each in live if each.perm_id}) > 1:
            self._twice(order, live)
        elif live and not self._ends(order, [each for each in reports if each.completed]):
            self._lives(order, live[-1])
        elif not live:
            self._ends(order, reports)

    def _ends(self, order: Tracked, reports: list[OrderReport]) -> bool:
        ends = [hearing.ended(order, each, self.now_ns) for each in reports]
        if order.over and order.said > order.seen and order.as_of < self.asked.request:
            ends.append(self._settled(order, reports))
        best = max((end for end in ends if end), key=lambda end: end.cum_filled, default=None)
        if best is not None:
            self.out.records.append(best)
        return best is not None

    def _settled(self, order: Tracked, reports: list[OrderReport]) -> r.OrderDone | None:
        """Await no more fills than the broker counts, now that its executions are booked."""
        total = max([order.seen, *(each.filled for each in reports)])
        if order.ending is None or total >= order.said:
            return None
        return r.OrderDone(
            ref=order.ref,
            ending=order.ending,
            cum_filled=total,
            code=order.code,
            why=order.why,
            wall_ns=self.now_ns,
        )

    def _lives(self, order: Tracked, report: OrderReport) -> None:
        fresh = order.as_of < self.asked.request
        if order.over:
            if fresh:
                self._rises(order, report)
            return
        settle = order.modified_as_of < self.asked.request
        ack = hearing.acked(order, report, self.now_ns, settle=settle)
        if ack is not None:
            self.out.records.append(ack)
        if order.state is OrderState.FENCED and not order.cancel:
            self.out.records.append(self._cancel(order, "found behind its fence"))
        if order.cancel or order.state is OrderState.FENCED:
            self.out.cancels.append(order.intent.order_id)
        self.out.found.append(order.ref)

    def _rises(self, order: Tracked, report: OrderReport) -> None:
        """An order that was over is live at the broker: it is cancelled, not traded on."""
        text = f"order {order.ref} is live at the broker after it was {order.state.value}"
        self.out.alert(Level.CRITICAL, "order_rose", f"{text}: it is being cancelled")
        self.out.records += rise(order, report, self.now_ns)
        self.out.cancels.append(order.intent.order_id)

    def _twice(self, order: Tracked, live: list[OrderReport]) -> None:
        text = f"order {order.ref} is live {len(live)} times at the broker"
        self.out.alert(Level.CRITICAL, "order_twice", f"{text}: cancelled, its symbol is halted")
        self.out.records += [
            r.OrderAcked(
                ref=order.ref,
                perm_id=each.perm_id,
                status=each.status.value,
                wall_ns=self.now_ns,
            )
            for each in live
            if each.perm_id not in order.perm_ids
        ]
        if not order.cancel:
            self.out.records.append(self._cancel(order, "live twice"))
        self.out.cancels.append(order.intent.order_id)
        self.out.found.append(order.ref)
        self._halt(order.intent.con_id, text)

    def _cancel(self, order: Tracked, reason: str) -> r.CancelIntended:
        return r.CancelIntended(ref=order.ref, reason=reason, wall_ns=self.now_ns)

    def _halt(self, con_id: int, why: str) -> None:
        if con_id not in self.book.halted:
            halted = r.SymbolHalted(con_id=con_id, why=why, wall_ns=self.now_ns)
            self.out.records.append(halted)

    def _absent(self, order: Tracked) -> None:
        waited = order.missed_ns is not None
        quiet = waited and self.asked.at_ns - (order.missed_ns or 0) >= self._quiet_ns
        if order.acked and order.seen >= order.qty:
            self._end(order, r.Ending.FILLED, "its fills")
            return
        if not quiet:
            self.out.missed.append(order.ref)
        elif order.acked:
            self._lost(order)
        else:
            self._gone(order)
        if not order.acked and not waited and not order.duplicate:
            self.out.cancels.append(order.intent.order_id)

    def _lost(self, order: Tracked) -> None:
        why = "acknowledged before, and now neither open nor completed at the broker"
        self._end(order, r.Ending.LOST, why)
        # A broker that only does not name it must not have two of it once its stop is replaced.
        self.out.fences.append(order.intent.order_id)
        self._halt(order.intent.con_id, f"order {order.ref} was {why}: check it at the broker")
        self.out.alert(Level.CRITICAL, "order_lost", f"order {order.ref} was {why}: symbol halted")

    def _gone(self, order: Tracked) -> None:
        if order.duplicate:
            self._end(order, r.Ending.REJECTED, "its order id was used before", 103)
        else:
            self._end(order, r.Ending.ABANDONED, "not at the broker, twice, behind a fence")
            self._unprotected(order)

    def _unprotected(self, leg: Tracked) -> None:
        """An order whose protective leg never arrived is not wanted either."""
        parent = self.book.open.get(leg.intent.parent_ref)
        if parent is not None and not parent.cancel:
            text = f"leg {leg.ref} of {parent.ref} never arrived: the order is being cancelled"
            self.out.records.append(self._cancel(parent, "a leg never arrived"))
            self.out.cancels.append(parent.intent.order_id)
            self.out.alert(Level.WARNING, "bracket_torn", text)

    def _end(self, order: Tracked, ending: r.Ending, why: str, code: int = 0) -> None:
        done = r.OrderDone(
            ref=order.ref,
            ending=ending,
            cum_filled=order.seen,
            code=code,
            why=why,
            wall_ns=self.now_ns,
        )
        self.out.records.append(done)

    def _external(self, report: OrderReport) -> None:
        record = hearing.external(self.book, report, self.now_ns)
        if record is not None:
            self.out.records.append(record)

    def _stranger(self, report: OrderReport) -> None:
        """An order with our prefix that the journal does not know: the journal is too old."""
        text = f"the broker has order {report.ref}, which the journal does not know"
        self.out.alert(Level.CRITICAL, "journal_behind", f"{text}: trading stops, restore it")
        order_id = report.order_id if report.client_id == self.book.client_id else 0
        self.out.records += adopt(report, order_id, self.now_ns)
        if order_id:
            self.out.cancels.append(order_id)
        elif not report.completed:
            text = f"order {report.ref} is of client {report.client_id}: cancel it by hand"
            self.out.alert(Level.CRITICAL, "cancel_by_hand", text)
        if "all" not in self.book.blocked:
            self.out.records.append(
                r.SwitchTripped(
                    level="pause",
                    scope="all",
                    trigger="journal_behind",
                    why=text,
                    wall_ns=self.now_ns,
                )
            )


def rise(order: Tracked, report: OrderReport, now_ns: int) -> list[r.Record]:
    """Return the records of an order that lives although it was over: open again, to be ended."""
    status = report.status.value
    ack = r.OrderAcked(ref=order.ref, perm_id=report.perm_id, status=status, wall_ns=now_ns)
    why = f"live after it was {order.state.value}"
    return [ack, r.CancelIntended(ref=order.ref, reason=why, wall_ns=now_ns)]


def adopt(report: OrderReport, order_id: int, now_ns: int) -> list[r.Record]:
    """Return the records of an order of ours that was unknown: taken over as it is, and ended.

    ``order_id`` is 0 where the number is not one of this client's: it cannot be cancelled by it.
    """
    intent = r.OrderIntended(
        ref=report.ref,
        order_id=order_id,
        generation=report.generation,
        strategy="",
        con_id=report.con_id,
        symbol="",
        account=report.account,
        side=(report.side or Side.BUY).value,
        order_type="",
        qty=report.qty or report.filled + report.remaining,
        reason="adopted",
        wall_ns=now_ns,
    )
    life = hearing.read(report)
    status = report.status.value
    ack = r.OrderAcked(ref=report.ref, perm_id=report.perm_id, status=status, wall_ns=now_ns)
    if life in {Life.ALIVE, Life.UNSAID}:
        why = "unknown to the journal"
        return [intent, ack, r.CancelIntended(ref=report.ref, reason=why, wall_ns=now_ns)]
    ending = r.Ending(life.value)
    done = r.OrderDone(ref=report.ref, ending=ending, cum_filled=report.filled, wall_ns=now_ns)
    return [intent, ack, done]


Differences: TypeAlias = dict[int, tuple[Decimal, Decimal, int]]
"""By contract: our position, the broker's, and how often ours has changed."""


class Sample(NamedTuple):
    """Where positions differed between two times of the order manager's own clock.

    A snapshot's time is the wall clock's: a step of that would halt a contract at once, or let
    nobody trade until the clock is again where it was.
    """

    differences: Differences
    asked_ns: int
    seen_ns: int


def sample(book: Book, snapshot: BrokerSnapshot, asked_ns: int, now_ns: int) -> Sample:
    """Compare the positions of our account, but for contracts that are halted already."""
    theirs = {each.con_id: each.qty for each in snapshot.positions if each.account == book.account}
    ours = {con: qty for (account, con), qty in book.positions.items() if account == book.account}
    pairs = {con: (ours.get(con, r.ZERO), theirs.get(con, r.ZERO)) for con in {*ours, *theirs}}
    differ = {
        con: (*pairs[con], book.moves.get(con, 0))
        for con in sorted(pairs)
        if pairs[con][0] != pairs[con][1] and con not in book.halted
    }
    return Sample(differ, asked_ns, now_ns)


def lasting(old: Sample | None, new: Sample, apart_ns: int) -> Differences:
    """Return the differences that two samples share, far enough apart and with no fill between."""
    if old is None or new.asked_ns - old.seen_ns < apart_ns:
        return {}
    return {con: pair for con, pair in new.differences.items() if old.differences.get(con) == pair}
