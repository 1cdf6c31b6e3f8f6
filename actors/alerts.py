"""Alerts: what a person should know goes to the log, each kind once until it is another one."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any, Final

from actors.say import AskMeters, Raised
from robotrader.gateway import GatewayAlert
from robotrader.meters import Sample
from supervision import Actor

_LEVELS: Final = {
    "info": logging.INFO,
    "warning": logging.WARNING,
    "critical": logging.CRITICAL,
}
_log: Final = logging.getLogger("robotrader.alerts")


class Alerts(Actor):
    """See the module's prose. ``counts`` has how often each level was raised."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter(dict.fromkeys(_LEVELS, 0))
        self._last: dict[str, str] = {}

    def on_receive(self, message: Any) -> Any:
        """Write it down, unless it says what was said before."""
        if isinstance(message, AskMeters):
            return tuple(Sample("alerts_raised", n, (level,)) for level, n in self.counts.items())
        if isinstance(message, GatewayAlert):
            message = Raised("warning", "gateway", message.text)
        if not isinstance(message, Raised):
            return super().on_receive(message)
        self.counts[message.level] += 1
        if self._last.get(message.kind) != message.text:
            self._last[message.kind] = message.text
            _log.log(
                _LEVELS.get(message.level, logging.WARNING), "%s: %s", message.kind, message.text
            )
        return None
