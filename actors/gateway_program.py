"""The actor that runs the gateway's own program, if it is ours to run.

It hears of the connection through ``LinkChanged`` and of the program through the operating system.
The decisions are ``robotrader.gateway.Launcher``'s. When this actor crashes or is stopped, the
program goes on: its successor finds it reachable and starts no second one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import pykka

from actors.say import Confirmed
from robotrader.adapters.os_process import OsProcess
from robotrader.domain import LinkChanged
from robotrader.domain.errors import ConfigurationError
from robotrader.gateway import GatewayAlert, Launcher, LaunchRules
from robotrader.gateway.launcher import Escalate, Kill, Spawn, Terminate
from supervision import Actor, MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.gateway.launcher import LaunchEffect

LOOK_S: Final = 0.5
"""How often the program is looked at: an end is noticed within this time."""


class AlertRole(Protocol):
    """Who hears of what a human should know."""

    def tell(self, message: Any) -> None:
        """Send a message."""


def _nothing() -> Mapping[str, str]:
    """Return no variables."""
    return {}


@dataclass(frozen=True, slots=True)
class ProgramStart:
    """What is run and how: made by the application, from the configuration.

    Attributes:
        command: program and arguments, as IBC's start script (see ``conf/ibc``).
        rules: when to start, restart and give up.
        environ: variables besides ours; secrets are read when the program is started, and kept
            by nobody here.
    """

    command: tuple[str, ...]
    rules: LaunchRules = field(default_factory=LaunchRules)
    environ: Callable[[], Mapping[str, str]] = _nothing


@dataclass(slots=True)
class ProgramMemory:
    """What outlives an incarnation of the actor: the program that it has started."""

    process: OsProcess | None = None


class _Look(msgspec.Struct, frozen=True):
    """Look at the program and at the clock."""


class GatewayProgram(Actor):
    """See the module's prose.

    Args:
        start: what is run and how.
        alerts: who is told when it is given up.
        memory: what outlives an incarnation.
        look_s: how often the program is looked at, in seconds.
    """

    runtime = "thread"

    def __init__(
        self,
        start: ProgramStart,
        alerts: AlertRole,
        memory: ProgramMemory,
        look_s: float = LOOK_S,
    ) -> None:
        super().__init__()
        self._start_of = start
        self._alerts = alerts
        self._look_s = look_s
        self.undelivered = 0
        self._memory = memory
        self.launcher = Launcher(start.rules)
        if memory.process is not None:
            self.launcher.adopt()

    def on_start(self) -> None:
        """Begin to look."""
        self.send_after(self._look_s, _Look())

    def on_receive(self, message: Any) -> Any:
        """Hear of the connection, of a human or of the time."""
        now_ns = time.monotonic_ns()
        if isinstance(message, LinkChanged):
            self._do(self.launcher.link(message.state, now_ns), now_ns)
        elif isinstance(message, Confirmed):
            self._do(self.launcher.confirmed(now_ns), now_ns)
        elif isinstance(message, _Look):
            self._look(now_ns)
            self.send_after(self._look_s, _Look())
        else:
            return super().on_receive(message)
        return None

    def _look(self, now_ns: int) -> None:
        process = self._memory.process
        code = None if process is None else process.exit_code()
        if code is not None:
            self._memory.process = None
            self._do(self.launcher.exited(code, now_ns), now_ns)
        self._do(self.launcher.tick(now_ns), now_ns)

    def _do(self, effects: Iterable[LaunchEffect], now_ns: int) -> None:
        for effect in effects:
            if isinstance(effect, Spawn):
                self._spawn(now_ns)
            elif isinstance(effect, Escalate):
                self._tell(effect.text)
            else:
                self._end(effect, now_ns)

    def _spawn(self, now_ns: int) -> None:
        try:
            environ = self._start_of.environ()
            self._memory.process = OsProcess(self._start_of.command, env=environ)
        except (OSError, ConfigurationError) as error:
            self._do(self.launcher.failed(str(error)), now_ns)

    def _end(self, how: Terminate | Kill, now_ns: int) -> None:
        process = self._memory.process
        if process is None:
            self._do(self.launcher.exited(None, now_ns), now_ns)
        elif isinstance(how, Kill):
            process.kill()
        else:
            process.terminate()

    def _tell(self, text: str) -> None:
        try:
            self._alerts.tell(GatewayAlert(time.time_ns(), text))
        except (pykka.ActorDeadError, MailboxFull):
            self.undelivered += 1  # the state says it as well: NEEDS_HUMAN
