"""Whether a stop is missing, or its shares are sold and the broker has not said so yet.

The other leg of an OCA group that fills makes its stop smaller, or ends it; what the broker says of
the stop may arrive before the fill does. Who replaced the stop at once would have two orders for
the same shares. So where a leg that takes a profit works too, the broker is looked at first: fills
that a snapshot has are booked before anything else. The leg still stands meanwhile, and the waiting
is bounded: a stop that is really missing matters more than one too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from robotrader.execution.effects import Effect, Wake

if TYPE_CHECKING:
    from collections.abc import Container

    from robotrader.execution.desk import Desk


class _Doubt(NamedTuple):
    """Ends with a snapshot that was asked for after this number, or at that time."""

    request: int
    until_ns: int


class Doubts:
    """See the module's prose. A doubt is about a strategy's stop in a contract."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: dict[tuple[str, int], _Doubt] = {}
        self.judged = 0
        """The number of the newest snapshot that was looked at."""

    def wait(
        self, name: str, con_id: int, now_ns: int, *, beside: bool
    ) -> tuple[int, list[Effect]]:
        """Return until when to wait, 0 if it is missing for sure; and how to find out.

        ``beside``: whether a leg that takes a profit works.
        """
        desk, key = self._desk, (name, con_id)
        if not beside:
            return 0, []
        doubt = self._open.get(key)
        if doubt is None:
            doubt = self._open[key] = _Doubt(desk.request, now_ns + desk.times.ask_ns)
            return doubt.until_ns, [Wake("ask", now_ns)]
        waits = desk.judged <= doubt.request and now_ns < doubt.until_ns
        return (doubt.until_ns if waits else 0), []

    def forget(self, con_id: int, missing: Container[str]) -> None:
        """End the doubts about a contract's stops that are not missing any more."""
        if not self._open:
            return
        over = [key for key in self._open if key[1] == con_id and key[0] not in missing]
        for key in over:
            del self._open[key]

    @property
    def any(self) -> bool:
        """Whether there is a doubt."""
        return bool(self._open)

    def heard(self) -> dict[int, None]:
        """Return the contracts to look at again, since a snapshot was judged."""
        self.judged = self._desk.judged
        return dict.fromkeys(con_id for _, con_id in self._open)
