"""The core's beats: what tells heart that the process gets on, and what keeps it from saying so.

While it starts it beats without a pause, whatever takes its time: contracts, imports, a replay.
Once it trades it beats only while every safety actor makes progress.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

from supervision import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actors import Trader
    from supervision.pulse import Pulse

BEAT_S: Final = 0.25
SAFETY: Final = ("journal", "kill-switch", "orders", "risk")
"""Who has to make progress for the process to be alive."""

STUCK_S: Final = 2.0
"""The longest that a message may wait in a safety actor's mailbox while the process beats."""

AWAY_S: Final = 10.0
"""The longest that a safety actor may be away: it is being restarted, or its journal replayed."""


@contextlib.contextmanager
def beating(pulse: Pulse) -> Iterator[None]:
    """Tell heart of progress, at once and while something takes its time: contracts, a replay."""
    over = threading.Event()

    def beat() -> None:
        pulse.replaying()
        while not over.wait(BEAT_S):
            pulse.replaying()

    thread = threading.Thread(target=beat, name="replaying", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def beat_until(ends: Callable[[], bool], pulse: Pulse, trader: Trader) -> None:
    """Beat while the safety actors make progress, until it ends; ``ends`` takes ``BEAT_S``."""
    seen = dict.fromkeys(SAFETY, time.monotonic())
    while not ends():
        if all(_progresses(trader, role, seen) for role in SAFETY):
            pulse.beat()


def _progresses(trader: Trader, role: str, seen: dict[str, float]) -> bool:
    now = time.monotonic()
    try:
        ref = trader.role(role).resolve()
    except Unavailable:
        return now - seen[role] < AWAY_S
    seen[role] = now
    return bool(ref.oldest_age_s() < STUCK_S)
