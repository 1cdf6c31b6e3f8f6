"""What only the wire level can see: the invariants of tws.md 5.6 about messages, and leaks.

Of the eight, W1 is ``NoMoreThanIntended``, W2 the checkers at rest, W3 ``SentOnlyWhenReady``,
W5 ``OneOrderPerRef``, W6 ``NothingOwed`` and W7 ``DenseLog`` with ``ReplayAgrees``; W4 and W8 are
here, where every connection and every message is seen.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol, cast

from tests.simulation.halting import HaltsAreRight
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.gateway import GatewayAlert
    from tests.simulation.watch import Checker, Watcher
    from tests.simulation.wire_loop import SimLoop
    from tests.simulation.wire_net import Network
    from tests.simulation.wire_world import WireWorld
    from tests.simulation.world import World

S: Final = 1_000_000_000
MOST_A_SECOND: Final = 50
"""What TWS takes before it answers with error 100."""

MOST_TASKS: Final = 20


class Seen(Protocol):
    """What these look at."""

    client_id: int
    clients: Sequence[int]
    alerts: Sequence[GatewayAlert]
    messages: Sequence[tuple[int, int]]
    network: Network
    loops: Sequence[SimLoop]

    @property
    def now_ns(self) -> int:
        """The true time, UTC."""
        ...

    def strange(self) -> set[int]:
        """Return the contracts that somebody else has traded."""
        ...


class OneClient:
    """W4: a reconnect never changes the client's number: orders belong to it."""

    name = "W4 one client"
    reads = ALWAYS

    def __init__(self) -> None:
        self._at = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the numbers that were named since."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        new, self._at = seen.clients[self._at :], len(seen.clients)
        return [
            Breach(self.name, seen.now_ns, f"client {each} connects")
            for each in new
            if each != seen.client_id
        ]


class RateKept:
    """W8: on no connection more messages leave us in any second than TWS takes."""

    name = "W8 rate kept"
    reads = ALWAYS

    def __init__(self) -> None:
        self._at = 0
        self._lately: dict[int, deque[int]] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the second before each message since."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        found = []
        for number, at_ns in seen.messages[self._at :]:
            lately = self._lately.setdefault(number, deque(maxlen=MOST_A_SECOND))
            if len(lately) == MOST_A_SECOND and at_ns - lately[0] < S:
                text = f"more than {MOST_A_SECOND} messages in a second"
                found.append(Breach(self.name, at_ns, text))
            lately.append(at_ns)
        self._at = len(seen.messages)
        return found[:1]


class AlarmsAreTrue:
    """C12: nobody is told that the account is another login's: it is always this one's."""

    name = "C12 alarms are true"
    reads = ALWAYS

    def __init__(self) -> None:
        self._at = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the alerts since."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        new, self._at = seen.alerts[self._at :], len(seen.alerts)
        return [Breach(self.name, seen.now_ns, each.text) for each in new if each.kind == "account"]


class CancelsAreKept:
    """I5g: a cancel that came while there was no connection leaves with the next one."""

    name = "I5g a cancel is kept"
    reads = ALWAYS

    def __init__(self) -> None:
        self._sent = 0

    def check(self, world: World) -> list[Breach]:
        """Take away what has left; look what has not, a second after its port was READY again."""
        seen = cast("WireWorld", world)
        for sent in seen.sent[self._sent :]:
            if sent.order is None:
                seen.kept.pop(sent.key.order_id, None)
        self._sent = len(seen.sent)
        port = None if seen.life is None else seen.life.port()
        calm_ns = seen.calm_ns
        if calm_ns is None or port is None or seen.now_ns < calm_ns + S:
            return []
        live = {key.order_id for key in seen.venue.live if key.client_id == seen.client_id}
        late = [each for each, where in seen.kept.items() if where is port and each in live]
        seen.kept.clear()
        return [Breach(self.name, seen.now_ns, f"the cancel of {each} is lost") for each in late]


class NothingRaised:
    """No callback of a loop raised: an exception there would only reach a log."""

    name = "L1 no callback raised"
    reads = ALWAYS

    def check(self, world: World) -> list[Breach]:
        """Look at what the loops kept."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        found = [
            Breach(self.name, seen.now_ns, text) for loop in seen.loops for text in loop.failures
        ]
        for loop in seen.loops:
            loop.failures.clear()
        return found


class NothingLeaks:
    """Tasks and connections do not pile up, however often the connection is lost."""

    name = "L2 nothing leaks"

    def check(self, world: World) -> list[Breach]:
        """Count them."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        tasks = sum(len(asyncio.all_tasks(loop)) for loop in seen.loops)
        ours = sum(not each.client.lost for each in seen.network.alive())
        found = [f"{tasks} tasks"] if tasks > MOST_TASKS else []
        found += [f"{ours} connections of ours"] if ours > 1 else []
        return [Breach(self.name, seen.now_ns, text) for text in found]


class StrangersHalt:
    """F: what somebody else traded, whose fills are not told to us, halts the contract at least.

    TWS sends a client its own executions only: of others it learns by its positions, in the round
    that comes every minute, and then a person has to adopt them.
    """

    name = "F43 strangers halt"

    def check(self, world: World) -> list[Breach]:
        """Compare the positions; the contracts of strangers may differ if they are halted."""
        seen: Seen = world  # type: ignore[assignment]  # it is a wire world
        strange, core = seen.strange(), world.core
        if not strange or core is None:
            return []
        world.excused |= {"I2", "I3", "I11"}
        trading, ours = core.trading(), core.positions() or {}
        halted = set() if trading is None else set(trading.halted)
        theirs = {con_id: qty for con_id, qty in world.positions().items() if qty}
        wrong = {each for each in {*ours, *theirs} if ours.get(each, 0) != theirs.get(each, 0)}
        text = f"ours {ours}, theirs {theirs}, halted {halted}, strangers in {strange}"
        return [Breach(self.name, world.now_ns, text)] if wrong - (strange & halted) else []


def watching_wire() -> list[Watcher]:
    """Return new checkers of what holds after every event."""
    return [
        OneClient(),
        RateKept(),
        NothingRaised(),
        AlarmsAreTrue(),
        HaltsAreRight(),
        CancelsAreKept(),
    ]


def resting_wire() -> list[Checker]:
    """Return new checkers of what holds at the end."""
    return [StrangersHalt(), NothingLeaks()]
