"""Our clock and the gateway's: asked for now and then, and with every probe of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.gateway.limiter import Lane
from robotrader.gateway.skew import SECOND_NS, Skew

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.adapters.ib.client import SafeClient
    from robotrader.adapters.ib.port import IbPort


class ClockDesk:
    """Compares the clocks of one port. ``skew_ns``: the broker's minus ours, None before the first.

    Args:
        port: whose connection is asked.
        every_s: how often it is asked, seconds.
        wall_ns: our time of day; on simulated days the market's.
    """

    def __init__(self, port: IbPort, every_s: float, wall_ns: Callable[[], int]) -> None:
        self._port, self._every_ns, self._wall_ns = port, round(every_s * SECOND_NS), wall_ns
        self._skew, self._asked_ns = Skew(), 0
        self.skew_ns: int | None = None

    def connected(self, now_ns: int) -> None:
        """A connection begins."""
        self._skew.begin()
        self._asked_ns = now_ns

    def check(self, now_ns: int) -> None:
        """Ask if it is time."""
        if now_ns >= self.next_ns():
            self.ask()

    def next_ns(self) -> int:
        """When it is time."""
        return self._asked_ns + self._every_ns

    def ask(self) -> None:
        """Ask, not behind a backlog of orders: then a live connection would look dead."""
        self._asked_ns = self._port.now_ns()

        def ask(client: SafeClient) -> None:
            self._skew.asked(self._wall_ns())
            client.reqCurrentTime()

        self._port.send(Lane.CANCEL, ask)

    def told(self, seconds: int) -> None:
        """The gateway's clock says so; who is told hears how far it is from ours."""
        self.skew_ns = self._skew.answered(seconds, self._wall_ns())
        self._port.sinks.clock(self.skew_ns)
