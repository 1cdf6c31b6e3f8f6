"""One connection between our process and the gateway: two lanes with delays, and their faults.

What is written arrives later, in order, as over TCP. When a connection ends, what was on its way to
us is gone; what we had written may arrive all the same, a first part of it, and late (crash row 9).
A lane that is reordered models a broker that says things in another order, not a network that does.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.core import CoreWorld
    from tests.simulation.port import ModelPort

MS: Final = 1_000_000
S: Final = 1_000_000_000
LATE_SHARE: Final = 0.5
LATE_NS: Final = 5 * S


class Session:
    """See the module's prose; made by the port, known to the exchange once it has arrived."""

    def __init__(self, world: CoreWorld, port: ModelPort) -> None:
        self.world, self.port = world, port
        self.open = True
        """Whether our side has it; what comes later is dropped."""

        self.known = False
        """Whether the gateway has it."""

        self.watched: set[int] = set()
        self._up_ns = self._down_ns = self._late_ns = 0
        self._lost = False
        """Whether something that we had written has never arrived."""

        self._unheard: deque[Any] = deque()
        self._unsent: deque[tuple[str, Callable[[], None]]] = deque()
        world.sessions.append(self)

    def up(self, what: str, do: Callable[[], None]) -> None:
        """Write something to the gateway: ``do`` runs when it arrives there."""
        world = self.world
        self._up_ns = max(self._up_ns, world.sim_ns() + self._delay_ns())
        world.at(self._up_ns, lambda: self._arrives(what, do))

    def _arrives(self, what: str, do: Callable[[], None]) -> None:
        if self.open or what == "late":
            self._unsent.append((what, do))
            if len(self._unsent) == 1:
                self._send()
        else:
            self._ended(what, do)

    def _send(self) -> None:
        """Let what has arrived be read, in order; while the line is half open TCP tries again."""
        while self._unsent:
            if self.world.weather.lasts("half_open"):
                self.world.after(S, self._send)
                return
            what, do = self._unsent.popleft()
            if self.open or what == "late":
                do()
            else:
                self._ended(what, do)

    def _ended(self, what: str, do: Callable[[], None]) -> None:
        """Something was on its way when the connection ended: it may arrive late, or never."""
        if what == "hello":
            return
        world = self.world
        self._lost = self._lost or world.weather.random.random() >= LATE_SHARE
        if self._lost:  # and so is all that was written after it
            world.reach("row 8" if what == "place" else "lost bytes")
            return
        world.reach("row 9" if what == "place" else "late bytes")
        late_ns = world.sim_ns() + int(world.weather.random.random() * LATE_NS)
        late_ns += world.weather.extra_ns("stuck")
        self._late_ns = max(self._late_ns, late_ns)
        world.at(self._late_ns, lambda: self._arrives("late", do))

    def down(self, message: Any) -> None:
        """Say something to our process."""
        world, weather = self.world, self.world.weather
        callback = not isinstance(message, tuple)  # of an order; what is about the link has a place
        times = 2 if callback and weather.strikes("duplicate") else 1
        for _ in range(times):
            if callback and weather.strikes("reorder"):
                at_ns = world.sim_ns() + int(weather.random.random() * S)
            else:
                at_ns = self._down_ns = max(self._down_ns, world.sim_ns() + self._delay_ns())
            world.at(at_ns, lambda: self._comes(message))

    def _comes(self, message: Any) -> None:
        self._unheard.append(message)
        if len(self._unheard) == 1:
            self._hear()

    def _hear(self) -> None:
        """As ``_send``, on our side."""
        while self._unheard and self.open:
            if self.world.weather.lasts("half_open"):
                self.world.after(S, self._hear)
                return
            self.port.comes(self, self._unheard.popleft())

    def _delay_ns(self) -> int:
        weather = self.world.weather
        return int(weather.random.uniform(0.2, 3.0) * MS) + weather.extra_ns("delay")

    def end(self) -> None:
        """Our side has ended, or its process has died: the gateway hears of it a little later."""
        if self.open:
            self.open = False
            if self in self.world.sessions:
                self.world.sessions.remove(self)
            self.world.after(self._delay_ns(), lambda: self.world.exchange.left(self))
