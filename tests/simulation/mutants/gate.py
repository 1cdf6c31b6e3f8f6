"""Seeded mistakes in the risk gate: limits, reservations, what it remembers over restarts."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACTOR = "actors/risk.py"
_CASE = "robotrader/risk/case.py"
_CHECKS = "robotrader/risk/checks.py"
_EXPOSURE = "robotrader/risk/exposure.py"
_GATE = "robotrader/risk/gate.py"
_KEEPER = "robotrader/risk/keeper.py"
_SIZES = "robotrader/risk/sizes.py"

GATE: Final = (
    Mutant(
        "approved-counts-nowhere",
        _EXPOSURE,
        "    return (*reserved, *working)",
        "    return tuple(working)",
        "what is approved and not yet at the broker is in no limit (I4)",
    ),
    Mutant(
        "orders-of-an-earlier-gate-count-nowhere",
        _KEEPER,
        "            if each.parent_ref or (each.strategy, each.cause) not in self._judged",
        "            if each.parent_ref",
        "after a restart of the gate open entries are in no limit (I4)",
    ),
    Mutant(
        "position-limit-without-pending",
        _SIZES,
        "qty, most = case.after.each.qty, case",
        "qty, most = abs(case.position), case",
        "the limit of shares is compared with what is held only (I4)",
    ),
    Mutant(
        "order-limit-too-loose",
        _SIZES,
        "qty, most = case.intent.qty, case.limits.max_order_qty",
        "qty, most = case.intent.qty, 2 * case.limits.max_order_qty",
        "an order may be twice as large as allowed (I4)",
    ),
    Mutant(
        "changed-limit-is-not-applied",
        _ACTOR,
        "            if isinstance(record, LimitChanged):\n"
        "                self.gate.change(record)\n",
        "",
        "a limit that a person lowered is not in force (row 34)",
    ),
    Mutant(
        "changed-limit-is-forgotten",
        _GATE,
        "        if isinstance(record, LimitChanged):\n            self.change(record)\n",
        "",
        "a restart of the gate forgets a limit that was lowered (row 34)",
    ),
    Mutant(
        "changed-limit-is-not-in-the-snapshot",
        _GATE,
        "        self.limits = self.changes.restore(changed)\n",
        "        self.changes.restore(())\n",
        "a start from a snapshot forgets a limit that was lowered (row 36)",
    ),
    Mutant(
        "exit-may-grow",
        _CHECKS,
        "    if case.intent.purpose not in EXITS or case.reduces:",
        "    if True:",
        "an exit opens a position on the other side (F69)",
    ),
    Mutant(
        "exits-do-not-see-each-other",
        _CASE,
        "        firm = [each for each in self.pending if not each.yields or (stop and ",
        "        firm = [each for each in () if not each.yields or (stop and ",
        "two exits close the same shares: the position flips (I4)",
    ),
    Mutant(
        "every-order-adds",
        _CASE,
        "        self.reduces = self.opposes and not intent.legs and intent.qty <= self.closable",
        "        self.reduces = False",
        "exits have to pass the checks of entries: nobody gets out (F69)",
    ),
    Mutant(
        "gate-judges-too-early",
        _ACTOR,
        "        keeper = self.keeper if self._ready else None",
        "        keeper = self.keeper",
        "a new gate judges before it knows what works (rows 2, 7)",
    ),
    Mutant(
        "waiting-exits-are-forgotten",
        _ACTOR,
        "        for approved in message.waiting if own else ():\n",
        "        for approved in ():\n",
        "a new gate forgets exits that wait at the order manager (I4)",
    ),
    Mutant(
        "reservation-is-released-too-early",
        _KEEPER,
        "        if order.reserved > 0:\n            self._open[order.ref] = order",
        "        if order.reserved > 0 and not order.filled:\n"
        "            self._open[order.ref] = order",
        "what is partly filled counts as over (I4)",
    ),
    Mutant(
        "reservation-is-never-released",
        _KEEPER,
        "            self._release(effect.reservation, effect.qty)\n        elif",
        "            pass\n        elif",
        "what was approved once is held for ever: nothing more is entered",
    ),
    Mutant(
        "declined-is-not-given-back",
        _KEEPER,
        "        self._release(approved.reservation, intent.qty)\n",
        "",
        "what became no order is held for ever",
    ),
    Mutant(
        "reservation-numbers-again",
        _ACTOR,
        "_RESERVATIONS: Final = 1_000_000",
        "_RESERVATIONS: Final = 0",
        "a new gate's reservations have numbers of the old one's",
    ),
    Mutant(
        "positions-are-not-restored",
        _KEEPER,
        "        self.ledger, self.standings, self.halted = ledger, standings, set(halted)\n",
        "        self.standings, self.halted = standings, set(halted)\n",
        "a gate that begins with a snapshot knows no positions",
    ),
    Mutant(
        "gate-does-not-hear-the-link",
        _ACTOR,
        "            tell(self._orders, AskLink())\n            tell(self._orders, AskSettled",
        "            tell(self._orders, AskSettled",
        "a new gate never learns that the link is ready",
    ),
)
