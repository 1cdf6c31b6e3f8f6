"""Seeded mistakes in the adapter of ib_async, at wire level: real bytes, the real client."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_EARS = "robotrader/adapters/ib/ears.py"
_LIMITER = "robotrader/gateway/limiter.py"
_ORDERS = "robotrader/adapters/ib/orders.py"
_PORT = "robotrader/adapters/ib/port.py"
_SNAPSHOT = "robotrader/gateway/snapshot.py"
_SYNC = "robotrader/adapters/ib/sync.py"
_TRANSLATE = "robotrader/adapters/ib/translate.py"

WIRES: Final = (
    Mutant(
        "sent-whenever",
        _ORDERS,
        "        return link.state is _READY and ask.generation == link.generation",
        "        return True",
        "an order leaves on a connection that it was not decided in (W3)",
    ),
    Mutant(
        "cancels-are-not-kept",
        _ORDERS,
        "            self._cancels[number] = ask\n",
        "            pass\n",
        "a cancel without a connection is lost",
    ),
    Mutant(
        "reference-is-left-out",
        _TRANSLATE,
        "        orderRef=order.order_ref,\n",
        "",
        "orders have no reference at the broker (I1)",
    ),
    Mutant(
        "parent-is-left-out",
        _TRANSLATE,
        "        parentId=order.parent_id,\n",
        "",
        "a leg works without its parent (row 29)",
    ),
    Mutant(
        "group-is-left-out",
        _TRANSLATE,
        "        ocaGroup=order.oca_group,\n",
        "",
        "both legs of a bracket can fill (I4)",
    ),
    Mutant(
        "everything-transmits",
        _TRANSLATE,
        "        transmit=order.transmit,\n",
        "",
        "an entry trades before its stop is there (row 29)",
    ),
    Mutant(
        "sold-is-bought",
        _TRANSLATE,
        '    "SLD": Side.SELL,\n',
        '    "SLD": Side.BUY,\n',
        "a sale is told as a purchase (I3)",
    ),
    Mutant(
        "other-client-after-a-loss",
        _PORT,
        "            self.settings.client_id,\n            broken=",
        '            self.settings.client_id + (self.counts["attempts"] > 1),\n            broken=',
        "a reconnect has another client id: orders are somebody else's (W4)",
    ),
    Mutant(
        "sockets-are-left-open",
        _PORT,
        "        client.abort()\n        for item",
        "        for item",
        "a connection that is given up stays open (C9)",
    ),
    Mutant(
        "killed-gateway-goes-on",
        _PORT,
        "        if not self._alive():\n            self.stop()\n            return\n        try:",
        "        try:",
        "the port of a killed actor keeps the client id (326)",
    ),
    Mutant(
        "dead-line-is-believed",
        _PORT,
        "        if verdict is Verdict.DEAD:\n",
        "        if False:\n",
        "a connection on which nothing comes is never given up (C4)",
    ),
    Mutant(
        "no-rate",
        _LIMITER,
        "                self._saved_ns -= self._token_ns\n                return",
        "                return",
        "more messages a second than TWS takes (W8)",
    ),
    Mutant(
        "late-end-counts",
        _SNAPSHOT,
        "        return self._owed[step] == 0\n",
        "        return True\n",
        "an older request's end makes half an answer whole (F06)",
    ),
    Mutant(
        "late-positions-are-believed",
        _SYNC,
        '            collected.doubt("positions")\n',
        "            pass\n",
        "a position that comes behind the end counts as gone (O18)",
    ),
    Mutant(
        "half-a-greeting-is-enough",
        _EARS,
        "        if not self._accounts or self._first_id is None:\n            return\n",
        "        if self._first_id is None:\n            return\n",
        "a connection whose accounts were not told is used (F03)",
    ),
    Mutant(
        "filled-is-what-remains",
        _SNAPSHOT,
        "    if new.qty:\n"
        "        return replace(new, filled=known.filled, remaining=known.remaining,",
        "    if new.qty:\n"
        "        return replace(new, filled=known.remaining, remaining=known.filled,",
        "a snapshot says that an open order is filled",
    ),
)
