"""Seeded mistakes in the order manager: the tests must catch each. One text, one file."""

from __future__ import annotations

from typing import Final

from tests.robotrader.execution.mutants.comparing import COMPARING
from tests.supervision.mutants.mutant import Mutant

TESTS: Final = tuple(
    f"tests/robotrader/execution/test_{topic}.py"
    for topic in (
        *("reconcile", "crash_points", "crash_points_later", "orders", "fills", "machine", "swarm"),
    )
)
"""The selection that must fail for every mutant; the quickest come first."""

_BEGINNING = "robotrader/execution/beginning.py"
_BOOK = "robotrader/execution/book.py"
_DESK = "robotrader/execution/desk.py"
_EARS = "robotrader/execution/ears.py"
_HEAR = "robotrader/execution/hearing.py"
_IDS = "robotrader/execution/identity.py"
_MANAGER = "robotrader/execution/manager.py"
_PLACING = "robotrader/execution/placing.py"
_RECONCILE = "robotrader/execution/reconcile.py"
_TRACKED = "robotrader/execution/tracked.py"

_PROTOCOL: Final = (
    Mutant(
        "kill-not-looked-at-again",
        _PLACING,
        "why = desk.blocks(first) or self._gone(first.generation)",
        "why = self._gone(first.generation)",
        "a place after the kill (row 5, I5)",
    ),
    Mutant(
        "connection-not-looked-at-again",
        _PLACING,
        "why = desk.blocks(first) or self._gone(first.generation)",
        "why = desk.blocks(first)",
        "a place on a connection that ended (row 6)",
    ),
    Mutant(
        "place-before-commit",
        _PLACING,
        "            records=list(intents),\n            entering=True,",
        "            effects=[],\n            entering=True,",
        "an order without a durable intent (I6)",
    ),
    Mutant(
        "submitted-twice",
        _PLACING,
        "if approved.reservation in self._taken:",
        "if False:",
        "two orders for one reservation (F22)",
    ),
    Mutant(
        "submit-while-not-ready",
        _PLACING,
        "if not desk.ready:",
        "if desk.link is not desk.link.READY:",
        "an intent while not reconciled (I8)",
    ),
    Mutant(
        "doubt-does-not-latch",
        _DESK,
        "self.link is _READY and not doubtful",
        "self.link is _READY",
        "ready with an order in doubt (F27)",
    ),
    Mutant(
        "agreement-survives-the-connection",
        _MANAGER,
        "            desk.agreed = -1\n        desk.generation",
        "            pass\n        desk.generation",
        "orders after an outage before comparing (row 42)",
    ),
    Mutant(
        "link-waits-in-the-queue",
        _MANAGER,
        "            self._relink(event)\n",
        "            if self._flight is None:\n                self._relink(event)\n",
        "a disconnect during a commit is not seen (row 6)",
    ),
    Mutant(
        "every-leg-transmits",
        _PLACING,
        "            transmit=last,",
        "            transmit=True,",
        "half a bracket can trade (row 29)",
    ),
    Mutant(
        "parent-transmits",
        _PLACING,
        "            transmit=not legs,",
        "            transmit=True,",
        "an order trades before its stop is there (row 29)",
    ),
    Mutant(
        "torn-bracket-stays",
        _RECONCILE,
        "            self._unprotected(order)\n",
        "",
        "an order stays whose stop never arrived (row 29)",
    ),
    Mutant(
        "change-adds-shares",
        _PLACING,
        "if not order.seen < qty <= order.qty:",
        "if not order.seen < qty:",
        "a change raises the exposure without the gate (I4)",
    ),
    Mutant(
        "change-is-believed",
        _TRACKED,
        "most = max(self.qty, self.modify.qty)",
        "most = self.modify.qty",
        "a change that may not have arrived frees the reservation (row 27)",
    ),
    Mutant(
        "change-stays-open",
        _HEAR,
        "changed = report.qty > 0 and (settle or taken)",
        "changed = taken",
        "a change that was not taken is never settled (row 27)",
    ),
    Mutant(
        "cancel-is-not-repeated",
        _PLACING,
        '                effects.append(Wake(f"cancel:{order.ref}:{due_ns}", due_ns))',
        "                pass",
        "a lost cancel is not sent again (row 26)",
    ),
    Mutant(
        "kill-is-not-resumed",
        _PLACING,
        '_CANCELLING_LEVELS: Final = frozenset({"reduce", "cancel", "flatten"})',
        "_CANCELLING_LEVELS: Final = frozenset[str]()",
        "cancels that were half sent are forgotten (row 32)",
    ),
    Mutant(
        "emergency-takes-the-stops",
        _PLACING,
        "if not (o.protective or self._flattens(o.intent))",
        "if not self._flattens(o.intent)",
        "an emergency leaves a position without its stop (F70)",
    ),
    Mutant(
        "trips-begin-the-flatten-anew",
        _PLACING,
        "if not (o.protective or self._flattens(o.intent))",
        "if not o.protective",
        "each further trip cancels what the switch closes with",
    ),
    Mutant(
        "cancel-waits-for-the-disk",
        _PLACING,
        "        return [*sends, Alert(Level.CRITICAL",
        "        return [Alert(Level.CRITICAL",
        "a full disk holds cancels back (row 39)",
    ),
    Mutant(
        "refused-fill-is-forgotten",
        _MANAGER,
        '            out.append(Wake("ask", now_ns + self._desk.times.again_ns))',
        "            pass",
        "a fill that was not kept is not looked for (row 39)",
    ),
    Mutant(
        "old-epoch",
        _BEGINNING,
        "if epoch <= book.epoch:",
        "if epoch < book.epoch:",
        "two processes with one epoch (row 45)",
    ),
)

_BROKER: Final = (
    Mutant(
        "reservation-ends-with-the-status",
        _TRACKED,
        "            most = self.said\n",
        "            most = self.seen\n",
        "an end before its executions frees the reservation (rows 21, 22)",
    ),
    Mutant(
        "reservation-is-the-whole",
        _TRACKED,
        "        return max(most - self.seen, ZERO)",
        "        return most",
        "fills do not free the reservation (I4)",
    ),
    Mutant(
        "fill-of-an-old-connection",
        _EARS,
        "        records = hearing.executed(self._desk.book, report, now_ns)\n",
        "        if report.generation != self._desk.generation:\n            return Plan()\n"
        "        records = hearing.executed(self._desk.book, report, now_ns)\n",
        "a fill is refused for its connection (O3, F35)",
    ),
    Mutant(
        "status-of-an-old-connection",
        _EARS,
        "        if report.generation != desk.generation:",
        "        if False:",
        "an older connection's status counts (4.3)",
    ),
    Mutant(
        "fill-twice",
        "robotrader/domain/broker.py",
        '    return exec_id.rpartition(".")[0] or exec_id',
        "    return exec_id",
        "a correction is a second fill (row 20)",
    ),
    Mutant(
        "correction-by-text",
        _IDS,
        "    return int(last) if last.isdecimal() else 0",
        "    return int(last[-1]) if last.isdecimal() else 0",
        "revision 10 is older than 2 (O7)",
    ),
    Mutant(
        "old-correction-wins",
        _HEAR,
        "    if identity.revision(report.exec_id) <= identity.revision(known.exec_id):",
        "    if report.exec_id == known.exec_id:",
        "an older revision replaces a newer (O7)",
    ),
    Mutant(
        "correction-forgets-the-position",
        _BOOK,
        "        self._move_position((old.account, old.con_id), old.sign * change)\n",
        "",
        "the position keeps the fill as it was (row 20)",
    ),
    Mutant(
        "impossible-fill-is-booked-raw",
        _HEAR,
        "    if not qty.is_finite() or qty < 0:",
        "    if not qty.is_finite():",
        "a negative quantity is booked (F35)",
    ),
    Mutant(
        "code-ends-a-live-order",
        _EARS,
        "if verdict is Verdict.REJECT and order.state is OrderState.SENT and not order.acked:",
        "if verdict is Verdict.REJECT:",
        "a code ends an order that the broker has (O11)",
    ),
    Mutant(
        "duplicate-number-is-cancelled",
        _EARS,
        "            order.duplicate = True\n",
        "",
        "another order with the same number is cancelled (O14)",
    ),
    Mutant(
        "pending-cancel-is-over",
        _HEAR,
        "_CANCELLED: Final = (_S.CANCELLED, _S.API_CANCELLED)",
        "_CANCELLED: Final = (_S.CANCELLED, _S.API_CANCELLED, _S.PENDING_CANCEL)",
        "PendingCancel is no exposure (O10, F28)",
    ),
    Mutant(
        "inactive-is-over",
        _HEAR,
        "and not report.why_held and (refused or report.completed):",
        "and (refused or report.completed):",
        "an order that waits for shares is over (O13)",
    ),
    Mutant(
        "end-is-not-kept",
        _EARS,
        "            return self._rise(order, report, now_ns) if unsaid else Plan()",
        "            return self._rise(order, report, now_ns)",
        "a late status opens an order again (O9)",
    ),
    Mutant(
        "second-permid-is-fine",
        _EARS,
        "        if order.perm_ids and report.perm_id not in {0, *order.perm_ids}:",
        "        if False:",
        "an order that is live twice is not ended (O15)",
    ),
    Mutant(
        "number-of-nextValidId-used",
        _IDS,
        '        self.saw("", order_id - 1)',
        "        pass",
        "an order id is used again (row 47, 5.6)",
    ),
    Mutant(
        "numbers-without-end",
        _IDS,
        "LAST_ORDER_ID: Final = 2**31 - 1",
        "LAST_ORDER_ID: Final = 2**31",
        "an order id that TWS cannot read (O21)",
    ),
)

MUTANTS: Final = (*_PROTOCOL, *_BROKER, *COMPARING)
