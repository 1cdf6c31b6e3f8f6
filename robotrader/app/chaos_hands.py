"""What a chaos run does to a running system: every fault by the way that it needs.

Nothing is done that the core has not let pass: each strike is told to it first, which refuses in
mode live and where the configuration does not allow chaos, and writes it to the journal.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.app.breaking import LOOPBACK, link_socket
from robotrader.app.control_client import ControlClient, RefusedError
from robotrader.chaos import PLACES, Place, Toxic, faults, named
from robotrader.domain import control
from robotrader.domain.control import Damage
from robotrader.domain.errors import ConfigurationError, RoboTraderError

if TYPE_CHECKING:
    from robotrader.chaos import Fault
    from robotrader.config import Config
    from robotrader.domain.control_answers import Answer

ANSWER_S: Final = 5.0
_TRIES_S: Final = 10.0
"""A strike waits so long for a core that is just being replaced."""

_AGAIN_S: Final = 0.2
_DAMAGES: Final = {
    faults.KillActor: Damage.KILL,
    faults.HangActor: Damage.HANG,
    faults.SlowActor: Damage.SLOW,
    faults.Poison: Damage.POISON,
    faults.FillDisk: Damage.DISK,
    faults.JumpClock: Damage.CLOCK,
    faults.FillMemory: Damage.MEMORY,
}


class Hands:
    """See the module's prose.

    Args:
        config: of the system.
        scenario: its name, for the journal.
        who: who runs it.
    """

    def __init__(self, config: Config, scenario: str, who: str) -> None:
        self._config, self._scenario, self._who = config, scenario, who
        self._stopped: list[tuple[float, int]] = []

    def announce(self, said: str) -> Answer:
        """Write down what is about to happen.

        Raises:
            RefusedError: this system may not be broken.
            RoboTraderError: it does not answer.
        """
        return self._ask(Damage.ANNOUNCE, said=said[:500])

    def strike(self, fault: Fault) -> str:
        """Inject a fault; return why that could not be done, empty if it was."""
        deadline = time.monotonic() + _TRIES_S
        while True:
            try:
                self._struck(fault)
            except (RefusedError, ConfigurationError) as error:
                return str(error)
            except (RoboTraderError, OSError) as error:
                if time.monotonic() > deadline:
                    return str(error)
                time.sleep(_AGAIN_S)
            else:
                return ""

    def due(self) -> None:
        """Let processes go on whose time is over."""
        now = time.monotonic()
        for until, pid in self._stopped:
            if until <= now:
                _signal(pid, signal.SIGCONT)
        self._stopped = [each for each in self._stopped if each[0] > now]

    def clear(self) -> None:
        """End everything that is broken, as far as it answers."""
        for _, pid in self._stopped:
            _signal(pid, signal.SIGCONT)
        self._stopped.clear()
        with contextlib.suppress(RoboTraderError, OSError):
            self._ask(Damage.CLEAR, said="cleared")
        with contextlib.suppress(OSError, RoboTraderError):
            self._to_link((), 0.0)
        if self._config.mode == "sim":
            with contextlib.suppress(OSError, RoboTraderError):
                venue(self._config, do="clear")

    def _struck(self, fault: Fault) -> None:
        place = PLACES[type(fault)]
        if place is Place.CORE:
            self._to_core(fault)
            return
        self._ask(Damage.ANNOUNCE, said=named(fault))
        if place is Place.PROCESS:
            self._to_process(fault)
        elif isinstance(fault, faults.Link):
            toxic = Toxic(kind=fault.toxic, direction=fault.direction, amount=fault.amount)
            self._to_link((toxic,), fault.for_s)
        else:
            speed = venue(self._config, do="tempo")["speed"]
            venue(self._config, **command_of(fault, speed))

    def _to_core(self, fault: Fault) -> None:
        fields = {
            name: getattr(fault, name) for name in ("path", "by_s", "for_s") if hasattr(fault, name)
        }
        self._ask(_DAMAGES[type(fault)], said=named(fault), **fields)

    def _to_process(self, fault: Fault) -> None:
        status: Any = self._asked(control.Status())
        if isinstance(fault, faults.StopCore):
            _signal(status.pid, signal.SIGSTOP)
            self._stopped.append((time.monotonic() + fault.for_s, status.pid))
        else:
            _signal(status.pid, signal.SIGKILL)

    def _to_link(self, toxics: tuple[Toxic, ...], for_s: float) -> None:
        asked = {"toxics": msgspec.to_builtins(toxics), "for_s": for_s}
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(ANSWER_S)
            sock.connect(str(link_socket(self._config)))
            _line(sock, asked)

    def _ask(self, what: Damage, *, path: str = "", **fields: Any) -> Answer:
        request = control.Chaos(
            who=self._who, scenario=self._scenario, what=what, path=path, **fields
        )
        return self._asked(request)

    def _asked(self, request: control.Request) -> Answer:
        with ControlClient.of(self._config) as client:
            return client.ask(request, within_s=ANSWER_S)


def venue(config: Config, **command: Any) -> Any:
    """Ask the emulated gateway by its control port.

    Raises:
        ConfigurationError: it refuses.
        OSError: it does not answer.
    """
    with socket.create_connection((LOOPBACK, config.sim.control_port), ANSWER_S) as sock:
        return _line(sock, command)


def _line(sock: socket.socket, asked: dict[str, Any]) -> Any:
    sock.sendall(json.dumps(asked).encode() + b"\n")
    with sock.makefile() as lines:
        answer = json.loads(lines.readline() or '{"error": "no answer"}')
    if "error" in answer:
        msg = f"{asked.get('do', 'link')}: {answer['error']}"
        raise ConfigurationError(msg)
    return answer["ok"]


def command_of(fault: Fault, speed: float) -> dict[str, Any]:
    """Return what the emulated gateway's control port is told.

    Its seconds are the market's, ours are those of a clock: ``speed`` of them are one of ours.
    """
    for_s = fault.lasts_s * speed
    if isinstance(fault, faults.Lock):
        return {"do": "lock", "for_s": for_s}
    if isinstance(fault, faults.NightlyRestart):
        return {"do": "restart", "down_s": for_s}
    if isinstance(fault, faults.Storm):
        rate = max(1, round(fault.rate / speed))
        rule = f'do = "flood"\nsymbol = "{fault.symbol}"\nrate = {rate}\n'
        toml = f'row = "-"\ntitle = "storm"\n[[rule]]\n{rule}for_s = {for_s}\n'
        return {"do": "fault", "toml": toml}
    return {"do": "fault", "program": getattr(fault, "program", "")}


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended: nothing to do to it
        os.kill(pid, number)
