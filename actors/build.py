"""Looks whether what runs is what is installed; if it is not, nothing new is entered (F26).

The kill switch is a fold of the journal, so a trip is a record: level ``pause``, in the scope of
the account, where only this trigger clears itself. It is cleared when the installed code is the
running one again: after the restart that the alert asks for, or when the upgrade was taken back.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pykka

from actors.say import AskSwitch, Commit, Raised, tell, unknown
from robotrader.domain.records import SwitchCleared, SwitchTripped
from robotrader.risk import Level, Trigger
from supervision import Actor, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.say import Address
    from robotrader.risk import Switch

LOOK_S: Final = 5.0
"""How often: a look at some hundred files takes a few milliseconds of a thread of its own."""

AGAIN_S: Final = 1.0
"""When the switch did not answer, or was just asked to change."""

ASK_S: Final = 2.0
_LOOK: Final = "look"


class Build(Actor):
    """See the module's prose.

    Args:
        account: whose entries are blocked.
        running: the digest of what runs.
        installed: returns the digest of what is on disk; it may block.
        journal, alerts, switch: addresses by role.
        now_ns: the time of day.
        look_s: how often it looks.
    """

    runtime = "thread"

    def __init__(
        self,
        *,
        account: str,
        running: str,
        installed: Callable[[], str],
        journal: Address,
        alerts: Address,
        switch: Any,
        now_ns: Callable[[], int] = time.time_ns,
        look_s: float = LOOK_S,
    ) -> None:
        super().__init__()
        self._scope, self._running, self._installed = f"account:{account}", running, installed
        self._journal, self._alerts, self._switch = journal, alerts, switch
        self._now_ns, self._look_s = now_ns, look_s
        self._trips = 0

    def on_start(self) -> None:
        """Look at once: the build may have changed before a restart."""
        self.send_after(0.0, _LOOK)

    def on_receive(self, message: Any) -> None:
        """Look again."""
        if message != _LOOK:
            raise unknown(self, message)
        self.send_after(self._look_s if self._settled() else AGAIN_S, _LOOK)

    def _settled(self) -> bool:
        """Compare, and write what has to change; say whether the switch is as it should be."""
        installed, switch = self._installed(), self._how_is_the_switch()
        if switch is None:
            return False
        tripped = switch.find(self._scope, Trigger.BUILD) is not None
        if (installed != self._running) is tripped:
            self._trips = 0
            return True
        if tripped:
            self._clear()
        else:
            self._trip(installed)
        return False

    def _trip(self, installed: str) -> None:
        """Have it written; it is asked for again each second, and said after 1, 2, 4, 8... of them.

        A full disk takes no trip: who hears the same thing every second hears nothing else.
        """
        why = f"another build is installed ({installed}, {self._running} runs): restart"
        self._trips += 1
        if self._trips & (self._trips - 1) == 0:
            tell(self._alerts, Raised("critical", "build", why))
        record = SwitchTripped(
            level=str(Level.PAUSE), scope=self._scope, trigger=Trigger.BUILD, why=why,
            wall_ns=self._now_ns(),
        )  # fmt: skip
        self._write(record)

    def _clear(self) -> None:
        why = "the installed build runs"
        self._write(SwitchCleared(scope=self._scope, who="", why=why, wall_ns=self._now_ns()))

    def _write(self, record: SwitchTripped | SwitchCleared) -> None:
        tell(self._journal, Commit(0, (record,)))

    def _how_is_the_switch(self) -> Switch | None:
        try:
            found: Switch = self._switch.resolve().ask(AskSwitch(), timeout=ASK_S)
        except (Unavailable, pykka.ActorDeadError, pykka.Timeout):
            return None
        return found
