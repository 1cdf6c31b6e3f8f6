"""When the gateway's own program is started, restarted or left to a human: a pure machine.

Optional: without a start command somebody else runs IB Gateway. With one, it is started only when
the connection's own attempts have found nobody for a while (a gateway that outlived us is adopted,
never started twice: a second login would end the first), restarted after it ended or stayed
unreachable, and given up with one alert when that came too often (F13). A gateway that listens and
does not answer waits for a login or a second factor: it is never restarted, since each start asks
the phone again (F14).
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from robotrader.domain import LinkState

SECOND_NS: Final = 1_000_000_000


class LaunchState(StrEnum):
    """Where the program stands."""

    WATCHING = "watching"
    """Not ours to run, or not yet: the port is looked at through the connection's attempts."""

    RUNNING = "running"
    STOPPING = "stopping"
    """It was told to end."""

    WAITING = "waiting"
    """It has ended and is started again later."""

    NEEDS_HUMAN = "needs_human"
    OFF = "off"


class LaunchRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Times and numbers of the program's life; the reasons stand beside them."""

    adopt_s: float = 20.0
    """Unreachable for so long before a first start: a running one is found by then."""

    grace_s: float = 180.0
    """From a start to the first connection: a login with a second factor takes minutes."""

    wedged_s: float = 120.0
    """Unreachable for so long after it was connected: longer than its nightly restart takes."""

    stop_s: float = 20.0
    """How long it may take to end before it is killed."""

    backoff_s: float = 15.0
    backoff_cap_s: float = 300.0
    starts: int = 3
    """Starts within ``window_s`` before a human is asked."""

    window_s: float = 3600.0
    human_codes: frozenset[int] = frozenset({87})
    """Exit codes after which another start would ask a phone again: IBC ends with 1111 (87 as a
    process's status) when a second factor was not confirmed (``E_2FA_DIALOG_TIMED_OUT``)."""


class Spawn(msgspec.Struct, frozen=True):
    """Start the program."""


class Terminate(msgspec.Struct, frozen=True):
    """Ask the program to end."""


class Kill(msgspec.Struct, frozen=True):
    """End the program and everything that it started."""


class Escalate(msgspec.Struct, frozen=True):
    """Tell a human, once."""

    text: str


LaunchEffect: TypeAlias = Spawn | Terminate | Kill | Escalate
_THERE: Final = frozenset(
    {
        LinkState.SYNCING,
        LinkState.READY,
        LinkState.DEGRADED,
        LinkState.RESTART_WINDOW,
        LinkState.NEEDS_HUMAN,
    }
)
"""Somebody listens on the port, or is expected to come back by itself."""


class Launcher:
    """See the module's prose; times are nanoseconds of one clock."""

    def __init__(self, rules: LaunchRules) -> None:
        self.rules = rules
        self.state = LaunchState.WATCHING
        self._link: LinkState | None = None
        self._due_ns: int | None = None
        self._starts: deque[int] = deque()

    @property
    def due_ns(self) -> int | None:
        """When ``tick`` has something to do, None if never."""
        return self._due_ns

    def link(self, state: LinkState, now_ns: int) -> list[LaunchEffect]:
        """The connection is in another state: the only health check there is (F01, F58)."""
        before, self._link = self._link, state
        if self.state not in {LaunchState.WATCHING, LaunchState.RUNNING}:
            return []
        if state in _THERE:
            self._due_ns = None
        elif before in _THERE:
            self._due_ns = now_ns + self._ns(self.rules.wedged_s)
        elif before is None and self.state is LaunchState.WATCHING:
            self._due_ns = now_ns + self._ns(self.rules.adopt_s)
        return []

    def adopt(self) -> None:
        """It runs already, as our own: an earlier incarnation has started it."""
        self.state = LaunchState.RUNNING

    def exited(self, code: int | None, now_ns: int) -> list[LaunchEffect]:
        """The program has ended."""
        if self.state is LaunchState.OFF or self.state is LaunchState.NEEDS_HUMAN:
            return []
        if code in self.rules.human_codes:
            return self._give_up(f"nobody confirmed the second factor (exit code {code})")
        recent = self._recent(now_ns)
        if recent >= self.rules.starts:
            return self._give_up(f"it has ended {recent} times (exit code {code})")
        delay_s = min(self.rules.backoff_cap_s, self.rules.backoff_s * 2.0 ** max(0, recent - 1))
        self.state, self._due_ns = LaunchState.WAITING, now_ns + self._ns(delay_s)
        return []

    def failed(self, why: str) -> list[LaunchEffect]:
        """The program could not be executed at all: trying again would not help (F13)."""
        return self._give_up(f"it cannot be started: {why}")

    def confirmed(self, now_ns: int) -> list[LaunchEffect]:
        """A human has looked after it: begin anew."""
        if self.state is not LaunchState.NEEDS_HUMAN:
            return []
        self._starts.clear()
        self.state, self._due_ns = LaunchState.WATCHING, now_ns
        return self.tick(now_ns)

    def stop(self) -> list[LaunchEffect]:
        """Watch it no more; the program lives on, and its orders with it."""
        self.state, self._due_ns = LaunchState.OFF, None
        return []

    def tick(self, now_ns: int) -> list[LaunchEffect]:
        """Do what is due."""
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        self._due_ns = None
        if self.state is LaunchState.RUNNING:
            self.state, self._due_ns = LaunchState.STOPPING, now_ns + self._ns(self.rules.stop_s)
            return [Terminate()]
        if self.state is LaunchState.STOPPING:
            return [Kill()]
        if self._link in _THERE:
            self.state = LaunchState.WATCHING  # somebody else has started it
            return []
        return self._spawn(now_ns)

    def _spawn(self, now_ns: int) -> list[LaunchEffect]:
        if self._recent(now_ns) >= self.rules.starts:
            return self._give_up(f"it was started {self._recent(now_ns)} times to no avail")
        self._starts.append(now_ns)
        self.state, self._due_ns = LaunchState.RUNNING, now_ns + self._ns(self.rules.grace_s)
        return [Spawn()]

    def _recent(self, now_ns: int) -> int:
        while self._starts and self._starts[0] <= now_ns - self._ns(self.rules.window_s):
            self._starts.popleft()
        return len(self._starts)

    def _give_up(self, why: str) -> list[LaunchEffect]:
        self.state, self._due_ns = LaunchState.NEEDS_HUMAN, None
        return [
            Escalate(f"the gateway's program: {why}; see to it, then confirm: it is not retried")
        ]

    @staticmethod
    def _ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)
