"""The broker's gateway without any I/O: its connection, limits, lines and what codes mean.

Everything here is a value or an object that is told what happened and when. The adapter
(``robotrader.adapters.ib``) carries it over a socket, ``actors.gateway`` puts it under supervision.
"""

from robotrader.domain.windows import RestartWindow
from robotrader.gateway.codes import OrderNews, about_history, about_order
from robotrader.gateway.launcher import Launcher, LaunchRules, LaunchState
from robotrader.gateway.limiter import Lane, Limiter
from robotrader.gateway.lines import LineRules, Lines
from robotrader.gateway.link import Link, LinkRules, Phase
from robotrader.gateway.liveness import Liveness, Verdict
from robotrader.gateway.messages import (
    AskHistory,
    DataClass,
    FromTrader,
    GatewayAlert,
    History,
    HistoryStatus,
    LineChanged,
    Resolve,
    Resolved,
    StreamKind,
    Subscribe,
    ToData,
    Unsubscribe,
)
from robotrader.gateway.pacing import HistoryQueue, PacingRules
from robotrader.gateway.quotes import LineBook
from robotrader.gateway.snapshot import Collector, Ends

__all__ = [
    "AskHistory",
    "Collector",
    "DataClass",
    "Ends",
    "FromTrader",
    "GatewayAlert",
    "History",
    "HistoryQueue",
    "HistoryStatus",
    "Lane",
    "LaunchRules",
    "LaunchState",
    "Launcher",
    "Limiter",
    "LineBook",
    "LineChanged",
    "LineRules",
    "Lines",
    "Link",
    "LinkRules",
    "Liveness",
    "OrderNews",
    "PacingRules",
    "Phase",
    "Resolve",
    "Resolved",
    "RestartWindow",
    "StreamKind",
    "Subscribe",
    "ToData",
    "Unsubscribe",
    "Verdict",
    "about_history",
    "about_order",
]
