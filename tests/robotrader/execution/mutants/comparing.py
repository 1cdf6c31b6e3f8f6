"""Seeded mistakes in the comparison with the broker."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_RECONCILE = "robotrader/execution/reconcile.py"
_ROUNDS = "robotrader/execution/rounds.py"

COMPARING: Final = (
    Mutant(
        "abandoned-without-a-fence",
        _RECONCILE,
        "        if not order.acked and not waited and not order.duplicate:",
        "        if False:",
        "an order that arrives late stays (row 9)",
    ),
    Mutant(
        "abandoned-at-once",
        _RECONCILE,
        "        if not quiet:\n",
        "        if False:\n",
        "an order on its way is given up (row 9)",
    ),
    Mutant(
        "no-quiet-period",
        _RECONCILE,
        "        quiet = waited and self.asked.at_ns - (order.missed_ns or 0) >= self._quiet_ns",
        "        quiet = waited",
        "the second look comes too early (row 9)",
    ),
    Mutant(
        "young-orders-are-judged",
        _RECONCILE,
        "            if order.ref not in seen and order.as_of < self.asked.request:",
        "            if order.ref not in seen:",
        "an older snapshot misses a newer order (4.3)",
    ),
    Mutant(
        "old-snapshot-opens-what-ended",
        _RECONCILE,
        "        fresh = order.as_of < self.asked.request\n",
        "        fresh = True\n",
        "an older snapshot opens an order that ended since (4.3)",
    ),
    Mutant(
        "incomplete-is-enough",
        _ROUNDS,
        "        if snapshot.missing:",
        "        if False:",
        "what is not in half an answer is taken for gone (4.3)",
    ),
    Mutant(
        "snapshot-of-an-old-connection",
        _ROUNDS,
        "        return asked.turn == self._desk.turn",
        "        return True",
        "a snapshot from before an outage opens trading (simulation 5.4)",
    ),
    Mutant(
        "snapshot-fills-are-left",
        _ROUNDS,
        "        records = fills(self._desk.book, snapshot, now_ns)\n",
        "        records: list[r.Record] = []\n",
        "a fill that nobody told is not booked (row 14)",
    ),
    Mutant(
        "never-again",
        _ROUNDS,
        "        wake = self.want(now_ns) if again else self._plan(now_ns + desk.times.round_ns)",
        "        wake = self.want(now_ns) if again else []",
        "nothing is compared after the first time (4.3)",
    ),
    Mutant(
        "late-snapshot-is-awaited-for-ever",
        _ROUNDS,
        "        self._open = None\n        text = ",
        "        text = ",
        "a lost snapshot blocks all others (I7)",
    ),
    Mutant(
        "one-sample-halts",
        _RECONCILE,
        "    if old is None or new.asked_ns - old.seen_ns < apart_ns:\n        return {}\n",
        "    if old is None:\n        return new.differences\n",
        "a position that is late halts its symbol (4.3, O18)",
    ),
    Mutant(
        "difference-is-ignored",
        _ROUNDS,
        "        if not new.differences:",
        "        if True:",
        "a position that differs is not noticed (row 43)",
    ),
    Mutant(
        "lost-without-a-halt",
        _RECONCILE,
        "        self._halt(order.intent.con_id, f",
        "        str(f",
        "a symbol trades on after the broker lost an order (4.3)",
    ),
    Mutant(
        "old-journal-trades",
        _RECONCILE,
        '        if "all" not in self.book.blocked:',
        "        if False:",
        "a journal from the past trades (row 47)",
    ),
    Mutant(
        "found-again-is-traded-on",
        _RECONCILE,
        "    return [ack, r.CancelIntended(ref=order.ref, reason=why, wall_ns=now_ns)]",
        "    return [ack]",
        "an order that was given up lives on (row 9)",
    ),
)
