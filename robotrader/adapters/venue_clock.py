"""The clock of a simulated day: the emulated gateway's time, also when it is not the wall clock's.

The emulated gateway's control port says what time it is there and how fast it goes; in between it
is reckoned from the monotonic clock. A clock that hears nothing stands still: the venue is down,
so nothing happens there. It never runs back: where the venue does, because it was started again
from its last state, the clock waits for it. Nothing real is ever asked this way: only the
composition root makes one, in mode sim.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED_EVERY_S: Final = 0.25
ANSWER_S: Final = 1.0
"""The control port is on loopback; a venue that takes longer is busy and is asked again."""

TRUSTED_NS: Final = 2_000_000_000
"""How long the last answer counts: several are missing then, and nobody knows the time."""

_NS: Final = 1_000_000_000


class VenueClock:
    """See the module's prose.

    Args:
        host: where the emulated gateway's control port is.
        port: its number.
        monotonic_ns: time on this machine.
    """

    def __init__(
        self, host: str, port: int, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._address = (host, port)
        self._monotonic_ns = monotonic_ns
        self._lock = threading.Lock()
        self._at_ns = self._heard_ns = self._said_ns = 0
        self.speed = 1.0
        """Emulated seconds in a second, as the venue said last."""

        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="venue-clock", daemon=True)

    def start(self, timeout_s: float) -> None:
        """Wait until the venue has said what time it is, then follow it.

        Raises:
            ConfigurationError: it did not within ``timeout_s``.
        """
        until_ns = self._monotonic_ns() + round(timeout_s * _NS)
        while not self.ask():
            if self._monotonic_ns() > until_ns:
                host, port = self._address
                raise ConfigurationError(
                    f"no emulated gateway says its time on {host}:{port} within {timeout_s:g} s: "
                    "start it with --control-port, or correct sim.control_port"
                )
            self._over.wait(ASKED_EVERY_S)
        self._thread.start()

    def close(self) -> None:
        """Follow no longer; the clock comes to a stand."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def now_ns(self) -> int:
        """Return the venue's time, nanoseconds since 1970 in UTC; it never runs back."""
        with self._lock:
            passed_ns = min(self._monotonic_ns() - self._heard_ns, TRUSTED_NS)
            self._said_ns = max(self._said_ns, self._at_ns + round(passed_ns * self.speed))
            return self._said_ns

    def ask(self) -> bool:
        """Ask the venue once; say whether it has answered."""
        begun_ns = self._monotonic_ns()
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            at_ns, speed = self._asked()
            ended_ns = self._monotonic_ns()
            self.heard(at_ns, speed, (begun_ns + ended_ns) // 2)
            return True
        return False

    def heard(self, at_ns: int, speed: float, heard_ns: int) -> None:
        """Take the venue's word, as of a moment of the monotonic clock."""
        with self._lock:
            self._at_ns, self.speed, self._heard_ns = at_ns, speed, heard_ns

    def _asked(self) -> tuple[int, float]:
        with socket.create_connection(self._address, ANSWER_S) as sock:
            sock.sendall(b'{"do": "tempo"}\n')
            with sock.makefile() as lines:
                said = json.loads(lines.readline())["ok"]
        return int(said["now_ns"]), float(said["speed"])

    def _follow(self) -> None:
        while not self._over.wait(ASKED_EVERY_S):
            self.ask()
