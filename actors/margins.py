"""Entries that wait for the broker to say what margin they would need.

The broker's answer is about the account as it is there: it is asked only while it knows every entry
that was approved, and an answer counts for nothing once another one was approved or a fill was
booked. So few are asked, and never about what makes a position smaller. Who gets no answer in time
is judged without one, which refuses (F63).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from robotrader.domain import AskMargin, Order
from robotrader.risk import Margin, wish_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Intent, MarginSaid
    from robotrader.risk import Wish

WAIT_S: Final = 2.0
"""How long an entry waits: a what-if takes a tenth of a second, and prices move meanwhile."""

WAITING_MOST: Final = 20
"""Entries that wait at once; others are refused."""

A_SECOND: Final = 5
"""Questions in any second: the broker allows 50 messages, and orders come first."""

TRIES: Final = 3
_NS: Final = 1_000_000_000


class _Waiting:
    """An entry that waits; ``sent`` says under which state of the account it was asked about."""

    __slots__ = ("intent", "sent", "then", "tries")

    def __init__(self, intent: Intent, then: Callable[[], None]) -> None:
        self.intent, self.then = intent, then
        self.tries, self.sent = 0, -1


class Margins:
    """See the module's prose.

    Args:
        account: whose margin it is.
        ask: asks the broker; False if nobody can.
        late: has ``give_up`` called with a number after so many seconds.
        settled: whether the broker knows every entry that was approved.
    """

    def __init__(
        self,
        account: str,
        ask: Callable[[AskMargin], bool],
        late: Callable[[float, int], object],
        settled: Callable[[], bool],
    ) -> None:
        self._account, self._ask, self._late, self._settled = account, ask, late, settled
        self.known: dict[Wish, Margin] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._number = self._state = 0
        self._asked_ns: deque[int] = deque(maxlen=A_SECOND)

    def wait(self, intent: Intent, then: Callable[[], None], now_ns: int) -> bool:
        """Have ``then`` called when the broker has answered or will not; False: it cannot wait."""
        if len(self._waiting) >= WAITING_MOST:
            return False
        self._number += 1
        self._waiting[self._number] = _Waiting(intent, then)
        self._late(WAIT_S, self._number)
        self.go_on(now_ns)
        return True

    def waits(self, strategy: str, cause: str) -> bool:
        """Whether an intent of a strategy waits for the broker's word."""
        waiting = (each.intent for each in self._waiting.values())
        return any((each.strategy, each.cause) == (strategy, cause) for each in waiting)

    def changed(self) -> None:
        """The account is another one: what was said of it counts no more."""
        self._state += 1
        self.known.clear()

    def go_on(self, now_ns: int) -> None:
        """Ask for whoever was not asked for yet, if the broker can answer rightly now."""
        for number, each in list(self._waiting.items()):
            if each.sent == self._state or not self._settled() or not self._may(now_ns):
                continue
            each.tries, each.sent = each.tries + 1, self._state
            self._asked_ns.append(now_ns)
            wanted = AskMargin(number, _order(each.intent, self._account))
            if each.tries > TRIES or not self._ask(wanted):
                self.give_up(number)

    def _may(self, now_ns: int) -> bool:
        full = len(self._asked_ns) == A_SECOND
        return not full or now_ns - self._asked_ns[0] >= _NS

    def said(self, answer: MarginSaid, now_ns: int) -> None:
        """The broker has answered."""
        each = self._waiting.get(answer.request)
        if each is None:
            return
        if each.sent != self._state:
            self.go_on(now_ns)
            return
        self.known[wish_of(each.intent)] = Margin(
            initial=answer.initial,
            maintenance=answer.maintenance,
            equity=answer.equity,
            at_ns=now_ns,
            why=answer.why,
        )
        self.give_up(answer.request)
        self.go_on(now_ns)

    def give_up(self, number: int) -> None:
        """Wait no longer."""
        each = self._waiting.pop(number, None)
        if each is not None:
            each.then()


def _order(intent: Intent, account: str) -> Order:
    """Return the order that an intent would become; its legs come only after it."""
    return Order(
        con_id=intent.con_id,
        side=intent.side,
        order_type=intent.order_type,
        qty=intent.qty,
        account=account,
        limit_price=intent.limit_price,
        aux_price=intent.aux_price,
        trail_percent=intent.trail_percent,
        tif=intent.tif,
        outside_rth=intent.outside_rth,
    )
