"""Seeded mistakes in what keeps positions and their stops equal, and in restarts of orders."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_BOOK = "robotrader/execution/book.py"
_COVER = "robotrader/execution/cover.py"
_GUARD = "robotrader/execution/guard.py"
_ORDERS = "actors/orders.py"
_RATCHET = "robotrader/execution/ratchet.py"
_TURNS = "robotrader/execution/turns.py"

PROTECTING: Final = (
    Mutant(
        "part-protected-is-enough",
        _COVER,
        "    if short > 0:\n",
        "    if short >= wanted > 0:\n",
        "what a part fill or a cut has left without a stop stays so (F74)",
    ),
    Mutant(
        "missing-stop-is-not-asked-for",
        _GUARD,
        "            wanted, due_ns = self._asks.ask(intent, now_ns)\n",
        "            wanted, due_ns = self._asks.ask(intent, now_ns)\n            wanted = []\n",
        "a position without its stop stays so (F74)",
    ),
    Mutant(
        "stops-are-never-made-smaller",
        _GUARD,
        "        if cover.cut:\n            return",
        "        if False:\n            return",
        "a stop sells more than is held (F74)",
    ),
    Mutant(
        "exit-beside-its-stop",
        _GUARD,
        "most=wanted) if self._fits(approved) else None\n",
        "most=wanted)\n",
        "exit and stop together close more than is held (F76)",
    ),
    Mutant(
        "exit-is-not-released",
        _GUARD,
        "        plan = self._exit(exit_.approved, now_ns)\n",
        "        plan: Plan | None = None\n",
        "an exit that waits for its stop is never placed (F76)",
    ),
    Mutant(
        "exit-that-closed-is-placed",
        _GUARD,
        '        if wanted > left or not wanted:\n            why = f"{left} of',
        '        if False:\n            why = f"{left} of',
        "an exit is placed for what a stop has sold meanwhile (I4)",
    ),
    Mutant(
        "second-stop-is-placed",
        _GUARD,
        "        if intent.qty > missing:\n",
        "        if False:\n",
        "a stop is placed where one works (F74)",
    ),
    Mutant(
        "stop-moves-away",
        _RATCHET,
        "(now - trigger) * Side(stop.intent.side).sign > 0",
        "(now - trigger) * Side(stop.intent.side).sign != 0",
        "a stop moves away from the market (F75)",
    ),
    Mutant(
        "ready-is-not-looked-at",
        _GUARD,
        "            self._changed |= dict.fromkeys((*open_ids, *held, *self._exits))\n",
        "            pass\n",
        "what a restart finds is not compared with its stops (F74)",
    ),
    Mutant(
        "waiting-exit-outlives-the-connection",
        _GUARD,
        "        gone = self._exits.pop(con_id, [])\n        declined",
        "        gone = self._exits.get(con_id, [])\n        declined",
        "an exit of an ended connection is declined and placed (I4)",
    ),
    Mutant(
        "timer-of-the-guard-is-lost",
        _GUARD,
        "        self._armed.pop(con_id, None)\n        self.touch(con_id)\n",
        "        self.touch(con_id)\n",
        "the guard looks again once and never more",
    ),
    Mutant(
        "restart-doubts-nothing",
        _BOOK,
        "        for order in self.open.values():\n            order.move(Happening.LINK_LOST)\n",
        "",
        "orders that the process before has sent are not doubted (row 7)",
    ),
    Mutant(
        "highest-number-is-forgotten",
        _BOOK,
        "        self.identities.saw(record.ref, record.order_id)\n        if record.parent_ref:",
        "        if record.parent_ref:",
        "a number is used again after a restart (W5, row 47)",
    ),
    Mutant(
        "acks-are-not-kept",
        _BOOK,
        "        order.acked = True\n        order.missed_ns = None\n",
        "        order.missed_ns = None\n",
        "an order that was shown counts as never shown",
    ),
    Mutant(
        "refused-commit-is-not-heard",
        _ORDERS,
        "            self._do(manager.commit_failed(message.token, message.why, now_ns), now_ns)\n",
        "",
        "the order manager waits for a commit that was refused (row 39, W6)",
    ),
    Mutant(
        "refused-commit-is-believed",
        _ORDERS,
        "            self._do(manager.commit_failed(message.token, message.why, now_ns), now_ns)\n",
        "            self._do(manager.committed(message.token, now_ns), now_ns)\n",
        "what the disk has refused is believed (I6)",
    ),
    Mutant(
        "commit-is-not-awaited",
        _ORDERS,
        "        awaited = self._durable or set(map(type, records)) != _INTENTS\n",
        "        awaited = set(map(type, records)) != _INTENTS\n",
        "an intent is sent before it is durable (I6)",
    ),
    Mutant(
        "timers-are-lost",
        _ORDERS,
        "                self.send_after(max(left_s, _LEAST_S) if left_s > 0",
        "                if left_s > 2:\n"
        "                  self.send_after(max(left_s, _LEAST_S) if left_s > 0",
        "what is to be done soon is not done",
    ),
    Mutant(
        "restart-does-not-ask-for-the-link",
        _ORDERS,
        "        self._following.told()\n        tell(self._gateway, AskLink())\n",
        "        self._following.told()\n",
        "a restarted order manager never learns that the link is ready (I7)",
    ),
    Mutant(
        "gate-is-not-told-of-ends",
        _TURNS,
        "            self._desk.release(ref, view.reserved, out)\n",
        "",
        "no reservation is ever given back",
    ),
)
