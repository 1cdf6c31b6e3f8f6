"""The connection as a state machine: what happened goes in, what to do comes out.

Nothing here has a socket, a clock or a timer: every input carries its time, ``next_ns`` says when
``tick`` is due, randomness is an argument. The phases are a table, and with it one rule is a fact:
an attempt begins only from WAITING or IDLE, so that there is never more than one (F02, C20). The
client id is never an input: it is always the same (C9).

The generation grows in the very call in which a connection ends: whatever was asked of the old one
is void from then on. READY means that everything was asked and every answer has its end (C3).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.domain import LinkChanged, LinkState
from robotrader.domain.windows import RestartWindow
from robotrader.gateway.codes import ABOUT_LINK, LinkNews

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND_NS: Final = 1_000_000_000


class Phase(StrEnum):
    """Where the socket is; what the trader sees is a ``LinkState``."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    IDLE = "idle"
    WAITING = "waiting"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    UP = "up"


class Step(StrEnum):
    """What leads from one phase to another."""

    START = "start"
    DUE = "due"
    GREETED = "greeted"
    SYNCED = "synced"
    RESYNC = "resync"
    ENDED = "ended"
    STOP = "stop"


_P, _S = Phase, Step
PHASES: Final[dict[tuple[Phase, Step], Phase]] = {
    (_P.IDLE, _S.START): _P.CONNECTING,
    (_P.WAITING, _S.DUE): _P.CONNECTING,
    (_P.CONNECTING, _S.GREETED): _P.SYNCING,
    (_P.SYNCING, _S.SYNCED): _P.UP,
    (_P.SYNCING, _S.RESYNC): _P.SYNCING,
    (_P.UP, _S.RESYNC): _P.SYNCING,
    (_P.CONNECTING, _S.ENDED): _P.WAITING,
    (_P.SYNCING, _S.ENDED): _P.WAITING,
    (_P.UP, _S.ENDED): _P.WAITING,
    **{(phase, _S.STOP): _P.IDLE for phase in _P},
}
"""What is not here changes nothing."""


class LinkRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Times and numbers of a connection; the reasons stand beside them."""

    handshake_s: float = 10.0
    """From the attempt to nextValidId and managedAccounts; a busy gateway takes 3 s."""

    backoff_s: float = 1.0
    backoff_cap_s: float = 30.0
    jitter: float = 0.2
    """A delay is shortened by up to this part of itself."""

    stable_s: float = 30.0
    """A connection that lasted so long ends the growth of delays: one that flaps does not."""

    walls: int = 3
    """Handshakes in a row that were not answered before a human is asked (F14)."""

    human_retry_s: float = 300.0
    reminder_s: float = 3600.0
    sync_s: float = 8.0
    sync_tries: int = 3
    """Each with twice the time; IBKR leaves out an end now and then (C18)."""

    windows: tuple[RestartWindow, ...] = ()


# -- what to do --


class Connect(msgspec.Struct, frozen=True):
    """Open a connection: the only one."""


class Abort(msgspec.Struct, frozen=True):
    """Tear the connection down at once, without waiting for the other side."""

    why: str


class Sync(msgspec.Struct, frozen=True):
    """Ask for everything, each answer within ``timeout_s``; then call ``synced``."""

    timeout_s: float


class Resubscribe(msgspec.Struct, frozen=True):
    """Ask for all market data anew: the broker has forgotten them."""


class Verify(msgspec.Struct, frozen=True):
    """Make sure that market data still come; ask anew for those that do not."""


class Alert(msgspec.Struct, frozen=True):
    """Tell a human."""

    text: str


Effect: TypeAlias = Connect | Abort | Sync | Resubscribe | Verify | Alert | LinkChanged


class Link:
    """See the module's prose. Every input returns what is to be done, in order.

    Args:
        rules: times and numbers.
        draw: a random number from 0 (included) to 1 for the jitter.
        generations: the next generation's number; it has to grow over restarts of the actor.
    """

    def __init__(
        self, rules: LinkRules, draw: Callable[[], float], generations: Callable[[], int]
    ) -> None:
        self.rules = rules
        self.phase = Phase.IDLE
        self.generation = generations()
        self.walls = 0
        self.next_order_id = 0
        self.server_version = 0
        self._draw = draw
        self._generations = generations
        self.state = LinkState.DOWN
        """What the trader was told last."""

        self._told = self.generation
        self._degraded = False
        self._tcp = False
        self._id_in_use = False
        self._delays = 0
        self._tries = 0
        self._due_ns: int | None = None
        self._up_ns: int | None = None
        self._reminder_ns: int | None = None
        self._window_ns = 0

    # -- inputs --

    def start(self, now_ns: int) -> list[Effect]:
        """Begin; doing so twice changes nothing (F10)."""
        return self._attempt(now_ns, Step.START)

    def stop(self, now_ns: int) -> list[Effect]:
        """End for good."""
        was = self.phase
        self._end_generation(was)
        self._go(Step.STOP)
        self._due_ns = self._reminder_ns = None
        aborts: list[Effect] = [] if was in {_P.IDLE, _P.WAITING} else [Abort("stopped")]
        return aborts + self._changed(now_ns, "stopped")

    def hurry(self, now_ns: int) -> list[Effect]:
        """A human says that it is fine again: try now, if nothing is being tried."""
        return self._attempt(now_ns, Step.DUE)

    def opened(self) -> None:
        """The port is open; the handshake goes on."""
        self._tcp = True

    def greeted(self, now_ns: int, next_order_id: int, server_version: int) -> list[Effect]:
        """The handshake is complete: both the accounts and the first order id are known (F03)."""
        if not self._go(Step.GREETED):
            return []
        self.walls, self._tries, self._id_in_use = 0, 0, False
        self._due_ns = self._reminder_ns = None
        self._up_ns = now_ns
        self.next_order_id, self.server_version = next_order_id, server_version
        return [*self._changed(now_ns, "connected"), Sync(self.rules.sync_s)]

    def synced(self, now_ns: int, missing: tuple[str, ...] = ()) -> list[Effect]:
        """A ``Sync`` is over; ``missing`` names the answers whose end did not come."""
        if self.phase is not Phase.SYNCING:
            return []
        if missing:
            return self._sync_failed(now_ns, missing)
        self._tries = 0
        self._go(Step.SYNCED)
        return self._changed(now_ns, "everything is known")

    def resync(self, now_ns: int, why: str) -> list[Effect]:
        """Something may have been missed: ask for everything again before new orders."""
        if not self._go(Step.RESYNC):
            return []
        return [*self._changed(now_ns, why), Sync(self.rules.sync_s)]

    def ended(self, now_ns: int, why: str) -> list[Effect]:
        """The connection, or the attempt, has ended: by the other side or refused."""
        return self._ended(now_ns, why)

    def broken(self, now_ns: int, why: str) -> list[Effect]:
        """The connection is dead or talks nonsense: tear it down (C4, C7)."""
        was = self.phase
        ended = self._ended(now_ns, why)  # may change nothing that is shown: the socket goes anyway
        return [] if self.phase is was else [Abort(why), *ended]

    def error(self, now_ns: int, code: int, text: str) -> list[Effect]:
        """A message without a request came; only those about the connection count here."""
        news = ABOUT_LINK.get(code)
        if news is LinkNews.ID_IN_USE:
            return self._refused_id(now_ns, text)
        if news is LinkNews.PORT_MOVED:
            alert = Alert(f"{text} (1300): connecting to the configured port; check the setting")
            return [alert, *self.broken(now_ns, "the gateway has changed its port (1300)")]
        if self.phase not in {_P.SYNCING, _P.UP}:
            return []
        if news is LinkNews.LOST:
            self._degraded = True
            return self._changed(now_ns, f"{code}: {text}")
        if news in {LinkNews.RESTORED_EMPTY, LinkNews.RESTORED_KEPT}:
            self._degraded = False
            empty = news is LinkNews.RESTORED_EMPTY
            return [*self.resync(now_ns, f"{code}: {text}"), Resubscribe() if empty else Verify()]
        return []

    def tick(self, now_ns: int) -> list[Effect]:
        """Do what is due."""
        found: list[Effect] = []
        if self._due_ns is not None and now_ns >= self._due_ns:
            if self.phase is Phase.CONNECTING:
                found += self._unanswered(now_ns)
            else:
                found += self._attempt(now_ns, Step.DUE)
        if self._reminder_ns is not None and now_ns >= self._reminder_ns:
            self._reminder_ns = now_ns + round(self.rules.reminder_s * SECOND_NS)
            found.append(Alert(self._wall_text()))
        return found + self._changed(now_ns, "restart window")

    def next_ns(self, now_ns: int) -> int | None:
        """Return when ``tick`` is due, None if never."""
        if self.phase is Phase.IDLE:
            return None
        if now_ns >= self._window_ns:
            windows = [window.next_change_ns(now_ns) for window in self.rules.windows]
            self._window_ns = min(windows, default=now_ns + 3600 * SECOND_NS)
        times = (self._due_ns, self._reminder_ns, self._window_ns)
        return min(time for time in times if time is not None)

    # -- inside --

    def _go(self, step: Step) -> bool:
        after = PHASES.get((self.phase, step))
        if after is None:
            return False
        self.phase = after
        return True

    def _attempt(self, now_ns: int, step: Step) -> list[Effect]:
        if not self._go(step):
            return []
        self._tcp = self._degraded = False
        self._due_ns = now_ns + round(self.rules.handshake_s * SECOND_NS)
        return [*self._changed(now_ns, "attempt"), Connect()]

    def _unanswered(self, now_ns: int) -> list[Effect]:
        why = f"no handshake within {self.rules.handshake_s:g} s"
        self.walls += self._tcp
        if self._tcp and self.walls == self.rules.walls:
            self._reminder_ns = now_ns + round(self.rules.reminder_s * SECOND_NS)
            return [*self.broken(now_ns, why), Alert(self._wall_text())]
        return self.broken(now_ns, why)

    def _wall_text(self) -> str:
        return (
            f"{self.walls} handshakes were not answered: the gateway hangs or waits for a login or "
            "a second factor. Look at its window; restart it if there is nothing to confirm"
        )

    def _refused_id(self, now_ns: int, text: str) -> list[Effect]:
        first, self._id_in_use = not self._id_in_use, True
        alert = Alert(f"{text} (326): end the other program; the same id is tried again")
        return ([alert] if first else []) + self.broken(now_ns, "the client id is in use (326)")

    def _sync_failed(self, now_ns: int, missing: tuple[str, ...]) -> list[Effect]:
        self._tries += 1
        names = ", ".join(missing)
        if self._tries < self.rules.sync_tries:
            return [Sync(self.rules.sync_s * 2**self._tries)]
        why = f"no end of {names} after {self._tries} tries"
        return [*self.broken(now_ns, why), Alert(f"{why}: connecting anew; no order is sent")]

    def _ended(self, now_ns: int, why: str) -> list[Effect]:
        was = self.phase
        if not self._go(Step.ENDED):
            return []
        self._end_generation(was)
        self._due_ns = now_ns + self._delay_ns(now_ns)
        return self._changed(now_ns, why)

    def _end_generation(self, was: Phase) -> None:
        self._degraded = False
        if was in {_P.SYNCING, _P.UP}:
            self.generation = self._generations()

    def _delay_ns(self, now_ns: int) -> int:
        rules = self.rules
        if self._up_ns is not None and now_ns - self._up_ns >= rules.stable_s * SECOND_NS:
            self._delays = 0
        self._up_ns = None
        delay_s = min(rules.backoff_cap_s, rules.backoff_s * 2.0 ** min(self._delays, 32))
        self._delays += 1
        if self.walls >= rules.walls:
            return round(rules.human_retry_s * SECOND_NS)
        return round(delay_s * (1 - rules.jitter * self._draw()) * SECOND_NS)

    def _now_shown(self, now_ns: int) -> LinkState:
        window = any(window.covers(now_ns) for window in self.rules.windows)
        if self.phase is Phase.UP and not self._degraded:
            return LinkState.RESTART_WINDOW if window else LinkState.READY
        if self.phase in {_P.SYNCING, _P.UP}:
            return LinkState.DEGRADED if self._degraded else LinkState.SYNCING
        if self.phase is not Phase.IDLE and self.walls >= self.rules.walls:
            return LinkState.NEEDS_HUMAN
        if self.phase is Phase.CONNECTING:
            return LinkState.CONNECTING
        return LinkState.RESTART_WINDOW if window else LinkState.DOWN

    def _changed(self, now_ns: int, why: str) -> list[Effect]:
        state = self._now_shown(now_ns)
        if state is self.state and self.generation == self._told:
            return []
        self.state, self._told = state, self.generation
        known = self.phase in {_P.SYNCING, _P.UP}
        changed = LinkChanged(
            state=state,
            generation=self.generation,
            at_ns=now_ns,
            next_order_id=self.next_order_id if known else 0,
            server_version=self.server_version if known else 0,
            why=why,
        )
        return [changed]
