"""What a gate that took over makes good: strategies hear what they missed, and ask anew.

While there is no gate, nobody tells a strategy how its orders end. So whoever judges next finds out
first what became of all that an earlier gate approved, answers nobody before, and then has every
strategy ask for its standing: strategy, gate and order manager agree again, and an exit is never
blocked by an order that nobody has.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pykka import ActorDeadError

from actors.messages import GateChanged, Told
from robotrader.domain import FLATTENER
from robotrader.risk import Reservation
from robotrader.strategies import Fill
from supervision import DEFERRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actors.messages import AskStanding
    from robotrader.domain import Approved
    from robotrader.strategies import News, Standing, Standings
    from supervision import Future, Registry

MOST_MISSED: Final = 1_000
"""Fills that are told again; without a gate no order is approved, so there are few."""

MISSED_NS: Final = 600_000_000_000
"""Older fills were told by another gate, or to nobody that still lives. A gate is away for seconds;
a strategy knows a fill that it has had by its number."""


class Regained:
    """See the module's prose.

    Args:
        registry: where symbols' actors are found, as ``("symbol", con_id)``.
        gate: the gate's number, which grows with each.
    """

    def __init__(self, registry: Registry, gate: int) -> None:
        self._registry, self._gate = registry, gate
        self._known = False
        self._asking: list[tuple[AskStanding, Future[Any]]] = []
        self._missed: deque[News] = deque(maxlen=MOST_MISSED)

    def answer(
        self, ask: AskStanding, standings: Standings, later: Callable[[], Future[Any]]
    ) -> Any:
        """Return what a strategy has, or ``DEFERRED`` until all is known."""
        if self._known:
            return self._standing(ask, standings)
        self._asking.append((ask, later()))
        return DEFERRED

    def replayed(self, told: Iterable[News]) -> None:
        """Keep what strategies may not have heard."""
        self._missed.extend(told)

    def _standing(self, ask: AskStanding, standings: Standings) -> Standing:
        found = standings.standing(ask.strategy, ask.con_id)
        return msgspec.structs.replace(found, gate=self._gate)

    def done(self, standings: Standings, contracts: Iterable[int], now_ns: int) -> None:
        """All is known: answer, tell what was missed, and have everybody ask."""
        self._known = True
        asking, self._asking = self._asking, []
        for ask, reply in asking:
            reply.set(self._standing(ask, standings))
        for news in self._missed:
            if isinstance(news.event, Fill) and now_ns - news.event.time_ns < MISSED_NS:
                self.tell(news)
        self._missed.clear()
        for con_id in contracts:
            self._urgently(con_id, GateChanged(self._gate))

    def tell(self, news: News) -> None:
        """Tell a strategy through its symbol, ahead of prices."""
        if news.strategy != FLATTENER:
            self._urgently(news.con_id, Told(news.strategy, news.event))

    def _urgently(self, con_id: int, message: Any) -> None:
        symbol = self._registry.whereis(("symbol", con_id))
        if symbol is not None:  # who is started later asks by itself
            with suppress(ActorDeadError):
                symbol.tell_urgent(message)


def reservation_of(approved: Approved) -> Reservation:
    """Return what has to be held for an exit that waits, as the gate held it that approved it."""
    intent = approved.intent
    return Reservation(
        number=approved.reservation,
        con_id=intent.con_id,
        sign=intent.side.sign,
        qty=intent.qty,
        price=intent.limit_price,
        reduces=approved.reduces,
        strategy=intent.strategy,
    )
