"""What the desks of the port share: how to send, the time, numbers of requests, who is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

from robotrader.gateway import LineRules, LinkRules, PacingRules

if TYPE_CHECKING:
    from robotrader.adapters.ib.client import SafeClient
    from robotrader.domain import FromBroker, MarginSaid
    from robotrader.gateway import GatewayAlert, Lane, ToData

FIRST_REQUEST: int = 1_000_000_000
"""Request numbers begin here and order ids stay below: an error's number is then never both."""

LAST_REQUEST: int = 2**31 - 1
"""TWS reads numbers as 32 bits (O21)."""

Send: TypeAlias = Callable[["SafeClient"], None]
Heard: TypeAlias = Callable[[bytes], None]
"""What a socket calls with what has come."""


class IbSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the gateway is and how it is dealt with.

    ``client_id`` is fixed for one account: orders belong to it. ``account`` empty: the first of the
    login. ``market_data_type`` 1 asks for live data only, 3 takes delayed ones where no others are.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 11
    account: str = ""
    market_data_type: int = 1
    rate: int = 45
    burst: int = 12
    idle_s: float = 5.0
    answer_s: float = 2.0
    ack_s: float = 3.0
    """An order that was shown by nothing for so long makes the connection suspect (C5)."""

    clock_s: float = 1.0
    """How often the gateway's clock is compared with ours."""

    history_s: float = 60.0
    contract_s: float = 10.0
    conflate_ms: float = 10.0
    """At most one quote of a line in this time: no strategy here decides faster."""

    link: LinkRules = LinkRules()
    lines: LineRules = LineRules()
    pacing: PacingRules = PacingRules()


def as_it_is(callback: Heard) -> Heard:
    """Return it."""
    return callback


def _nobody(_said: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """Who is told: the order manager, the market-data actor, the alerts; what failed in our code.

    They are called on the loop's thread and must not block.
    """

    broker: Callable[[FromBroker], None]
    data: Callable[[ToData], None]
    alert: Callable[[GatewayAlert], None]
    failed: Callable[[Exception], None]
    clock: Callable[[int], None] = _nobody
    """The broker's clock minus ours, in nanoseconds, as far as it is certain."""

    margin: Callable[[MarginSaid], None] = _nobody
    """What an order would need, to whoever asked."""


class Outgoing(msgspec.Struct, frozen=True):
    """A request that waits to be written."""

    send: Any
    dropped: Any


class Clock:
    """UTC nanoseconds that never run back: the wall clock read once, then the monotonic one.

    Waits are measured by it. What happened is dated by the wall clock, which may be set meanwhile:
    whoever judges a price's age reads that one too.

    Args:
        wall_ns: the wall clock: what is compared with the broker's, and what things are dated by.
        monotonic_ns: a clock that nobody sets.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.wall_ns, self._monotonic_ns = wall_ns, monotonic_ns
        self._offset_ns = wall_ns() - monotonic_ns()

    def now_ns(self) -> int:
        """Return the time now."""
        return self._offset_ns + self._monotonic_ns()


class Wire(Protocol):
    """What the port is to its desks."""

    settings: IbSettings
    sinks: Sinks

    @property
    def generation(self) -> int:
        """The present connection's number."""

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""

    def now_ns(self) -> int:
        """Return the time now, UTC."""

    def market_ns(self) -> int:
        """Return the market's time: the same, but on simulated days."""

    def next_req_id(self) -> int:
        """Return a number for a request that was not used before."""

    def send(
        self,
        lane: Lane,
        request: Send,
        *,
        key: object = None,
        dropped: Callable[[], None] | None = None,
    ) -> None:
        """Queue a request; ``dropped`` is called if the connection ends before it was written."""

    def discard(self, key: object) -> int:
        """Take back what waits under ``key``; return how many there were."""

    def changed(self) -> None:
        """Something may be due earlier than before."""
