"""The configuration: what can be set, how layers are merged, what must hold between values.

Pure: files and the environment are read by the application and handed in as layers. The result is
a ``Config``, every value of which knows where it was written, and its hash.
"""

from robotrader.config import layers, reference
from robotrader.config.build import (
    BrokenRuleError,
    InvalidConfigError,
    Resolved,
    digest,
    flat,
    resolve,
)
from robotrader.config.layers import Layer
from robotrader.config.places import control_socket, journal_folder, log_folder
from robotrader.config.risk_schema import KillSwitch, Risk, WhatIf
from robotrader.config.rules import LIVE_PORTS, PAPER_PORTS
from robotrader.config.schema import (
    Config,
    Control,
    Durability,
    Ib,
    Journal,
    Log,
    LogLevel,
    Metrics,
    Mode,
    Pacing,
    SecretRef,
    Sim,
    Strategy,
    Supervision,
    Universe,
)
from robotrader.config.secrets import suspicious
from robotrader.domain.windows import RestartWindow

__all__ = [
    "LIVE_PORTS",
    "PAPER_PORTS",
    "BrokenRuleError",
    "Config",
    "Control",
    "Durability",
    "Ib",
    "InvalidConfigError",
    "Journal",
    "KillSwitch",
    "Layer",
    "Log",
    "LogLevel",
    "Metrics",
    "Mode",
    "Pacing",
    "Resolved",
    "RestartWindow",
    "Risk",
    "SecretRef",
    "Sim",
    "Strategy",
    "Supervision",
    "Universe",
    "WhatIf",
    "control_socket",
    "digest",
    "flat",
    "journal_folder",
    "layers",
    "log_folder",
    "reference",
    "resolve",
    "suspicious",
]
