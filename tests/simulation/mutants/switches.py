"""Seeded mistakes in the kill switch, and in who has to obey it."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACTOR = "actors/kill_switch.py"
_BOOK = "robotrader/execution/book.py"
_DESK = "robotrader/execution/desk.py"
_FLATTEN = "actors/flatten.py"
_GATEWAY = "actors/gateway.py"
_ORDERS = "actors/orders.py"
_SWITCH = "robotrader/risk/switch.py"

SWITCHES: Final = (
    Mutant(
        "latch-is-not-read-at-the-start",
        _ACTOR,
        "        for _, record in message.records:\n            self._fold(record)\n"
        "        if message.last:",
        "        if message.last:",
        "a restarted switch is off (rows 31, 32)",
    ),
    Mutant(
        "latch-is-not-restored",
        _ACTOR,
        "                self.switch = self._durable.switch\n",
        "",
        "a switch that begins with a snapshot is off (rows 31, 36)",
    ),
    Mutant(
        "orders-are-not-told",
        _ACTOR,
        "        for who in (self._orders, self._risk, *self._readers):",
        "        for who in (self._risk, *self._readers):",
        "who sends orders is not told of a trip at once (I5)",
    ),
    Mutant(
        "nobody-looks-at-the-switch",
        _DESK,
        '        return f"the kill switch is on in {scope}" if scope else ""',
        '        return ""',
        "the order manager sends whatever was approved before a trip (row 5)",
    ),
    Mutant(
        "cancel-cancels-nothing",
        _ACTOR,
        "            if trip.level >= Level.CANCEL:\n                tell",
        "            if trip.level > Level.FLATTEN:\n                tell",
        "at cancel orders that take a profit go on working",
    ),
    Mutant(
        "weaker-trip-replaces-a-stronger",
        _SWITCH,
        "        if old.level >= level:\n            return self\n",
        "",
        "a pause after a cancel lowers the level",
    ),
    Mutant(
        "clear-clears-everything",
        _SWITCH,
        "            if trip.scope != scope or not (person or _ends_with_its_reason(trip))",
        "            if not (person or _ends_with_its_reason(trip))",
        "who clears a symbol clears all (F72)",
    ),
    Mutant(
        "symbols-scope-is-nobodys",
        _SWITCH,
        '            f"symbol:{symbol.upper()}",\n',
        "",
        "a trip of a symbol does not hold at the gate (F72)",
    ),
    Mutant(
        "flatten-buys-more",
        _FLATTEN,
        "                side=Side.SELL if held.qty > 0 else Side.BUY,",
        "                side=Side.BUY if held.qty > 0 else Side.SELL,",
        "a flatten does not close (F71)",
    ),
    Mutant(
        "flatten-is-tried-once",
        _FLATTEN,
        "            lately = now_ns - self._flattened.get((scope, con_id), 0) < AGAIN_NS",
        "            lately = (scope, con_id) in self._flattened",
        "a position stays whose closing order was refused (F71)",
    ),
    Mutant(
        "flatten-of-a-strategy-is-nothing",
        _FLATTEN,
        '        if scope.startswith("strategy:"):\n            self._flatten_strategy(scope)\n'
        "            return\n",
        "",
        "a strategy that is flattened keeps what it holds (F73)",
    ),
    Mutant(
        "kill-file-is-not-looked-at",
        _ACTOR,
        "                self._look_at_flag()\n",
        "",
        "the file KILL trips nothing",
    ),
    Mutant(
        "trip-is-not-written",
        _ACTOR,
        "        if not tell(self._journal, Commit(",
        "        if isinstance(records[0], SwitchCleared) and not tell(self._journal, Commit(",
        "a person's trip is in force and on no disk (row 30)",
    ),
    Mutant(
        "restart-forgets-trips",
        _BOOK,
        "        self.blocked[record.scope] = max(before, record.level, key=_STRICTNESS.find)\n",
        "        pass\n",
        "a restarted order manager knows of no trip until it is told (row 31)",
    ),
    Mutant(
        "hung-gateway-sends-late",
        _GATEWAY,
        "        if ask.until_ns and self._cell.system.now_ns() > ask.until_ns:",
        "        if False:",
        "an order that waited in a hung gateway leaves after a trip (I5)",
    ),
    Mutant(
        "reduce-cancels-exits",
        "robotrader/execution/placing.py",
        "        if told.reduces and (order.protective or self._flattens(told)):\n",
        "        if False:\n",
        "a trip takes the stops away (F70)",
    ),
)
