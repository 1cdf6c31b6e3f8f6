"""What a strategy acts through where no engine is: the host's own context, its wishes kept small.

Every rule is ``Context``'s and ``Discipline``'s own. Other than in the engine is what comes of a
wish that passed: not an intent with its cause, but what ``callbacks`` has to know of one. And a
discipline, which a host tells of each bar, here counts the bars when it is asked.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Leg, OrderType, Purpose, Side, TimeInForce
from robotrader.research.moves import Unfit
from robotrader.strategies import Context
from robotrader.strategies.discipline import Discipline
from robotrader.strategies.stops import NO_STOP, Stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Sizing
    from robotrader.strategies import StrategyHost

# A member of an enum takes fifty times as long to look up as a name.
_MARKET: Final = OrderType.MARKET


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What an intent says that ``moves.shares_of`` looks at."""

    side: Side
    qty: Decimal
    purpose: Purpose
    order_type: OrderType
    tif: TimeInForce
    legs: tuple[Leg, ...]


class Counting(Discipline):
    """A discipline that is told of bars when it is asked for the first time at one.

    Args:
        dwell_bars: as a host's.
        live: says how many bars were told live, with the one of now.
    """

    def __init__(self, dwell_bars: int, live: Callable[[], int]) -> None:
        super().__init__(dwell_bars)
        self._live = live

    def why_not(self, side: Side, purpose: Purpose) -> str | None:
        """Answer as a host's does, which knows all bars."""
        missing = self._live() - self.memory.bar
        if missing:
            self.pass_bars(missing - 1)
            self.next_bar()
        return Discipline.why_not(self, side, purpose)


class Desk(Context):
    """See the module's prose.

    Args:
        host: whose strategy acts.
        live: as for ``Counting``.
    """

    def __init__(self, host: StrategyHost, live: Callable[[], int]) -> None:
        rules = Counting(host.discipline.dwell_bars, live)
        super().__init__(host.name, host.instrument, discipline=rules, stops=Stops(NO_STOP))
        self._wishes: list[Wish] = []

    @property
    def wished(self) -> bool:
        """Whether an intent would have been made in answer to this event."""
        return bool(self._wishes)

    def _intend(  # noqa: PLR0917 - as its parent's
        self, side: Side, qty: Decimal, purpose: Purpose, limit: Decimal | None, tif: TimeInForce,
        legs: tuple[Leg, ...], reason: str, sizing: Sizing | None,  # noqa: ARG002 - as above
    ) -> None:  # fmt: skip
        kind = _MARKET if limit is None else OrderType.LIMIT
        self._wishes.append(Wish(side, qty, purpose, kind, tif, legs))

    def taken(self) -> Wish | None:
        """Return what was wished since it was asked last, and be ready for the next event.

        Raises:
            Unfit: it is more than one order.
        """
        wishes = self._wishes
        if self._timers or self._cancels or self._moves or len(wishes) > 1:
            msg = "it wants more than one order at a time"
            raise Unfit(msg)
        self.touched = False
        if self._notes or self._blocked:
            self._forget()
        return wishes.pop() if wishes else None
