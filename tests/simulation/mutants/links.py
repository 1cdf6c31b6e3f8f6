"""Seeded mistakes in the connection: the gateway's actor and its link, at core level."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACTOR = "actors/gateway.py"
_LINK = "robotrader/gateway/link.py"

LINKS: Final = (
    Mutant(
        "generation-is-kept",
        _LINK,
        "        if was in {_P.SYNCING, _P.UP}:\n"
        "            self.generation = self._generations()\n",
        "",
        "a new connection has the number of the old one (C3)",
    ),
    Mutant(
        "back-without-asking",
        _LINK,
        '            return [*self.resync(now_ns, f"{code}: {text}"), Resubscribe()',
        "            return [*self._changed(now_ns, text), Resubscribe()",
        "after 1101 and 1102 nothing is asked for again (row 42)",
    ),
    Mutant(
        "lost-broker-is-ready",
        _LINK,
        "        if self.phase is Phase.UP and not self._degraded:",
        "        if self.phase is Phase.UP:",
        "orders are sent while the broker is not connected (1100)",
    ),
    Mutant(
        "never-back",
        _LINK,
        "        self._due_ns = now_ns + self._delay_ns(now_ns)\n        return self._changed",
        "        return self._changed",
        "a connection that ended is not made again (I7)",
    ),
    Mutant(
        "wall-is-for-ever",
        _LINK,
        "            return round(rules.human_retry_s * SECOND_NS)\n",
        "            return 10**18\n",
        "after three handshakes without an answer nobody tries again (F14)",
    ),
    Mutant(
        "id-in-use-gives-up",
        _LINK,
        "        return ([alert] if first else []) + self.broken(",
        "        return ([alert] if first else []) and self.broken(",
        "a number in use is waited for without an end (C9)",
    ),
    Mutant(
        "link-is-told-once",
        _ACTOR,
        "            AskLink: lambda _: self._say_link(),\n",
        "            AskLink: lambda _: None,\n",
        "who restarts never learns how the link is (I7)",
    ),
    Mutant(
        "wishes-die-with-the-gateway",
        _ACTOR,
        "        for wish in self._memory.wishes.values():\n            port.subscribe(wish)\n",
        "",
        "a restarted gateway watches no prices",
    ),
    Mutant(
        "generations-begin-anew",
        _ACTOR,
        "            self._memory.generations,\n",
        "            Generations(),\n",
        "a restarted gateway has the numbers of old connections (F35)",
    ),
)
