"""Circuit breakers: a pure machine, a thread-safe front, and what decides for and around them.

``BreakerMachine`` decides and knows no clock; ``Guard`` puts calls of every form through one;
``Classifier`` says what an exception or a value means. Source: the union of Pekko, resilience4j,
pybreaker and gobreaker, with the differences settled as the tests in tests/supervision/breaker say.
"""

from __future__ import annotations

from supervision.breaker.call import Call
from supervision.breaker.checks import ConfigError
from supervision.breaker.classify import AsksToOpen, Classifier, Matchers, Row, VerdictTable
from supervision.breaker.config import BreakerConfig, WindowKind
from supervision.breaker.errors import (
    BreakerError,
    CallTimeout,
    CircuitOpen,
    DuplicateBreaker,
    IllegalMove,
    NotAllowed,
)
from supervision.breaker.events import (
    CallEnded,
    CallRefused,
    CallStarted,
    CallTimedOut,
    Event,
    Exceeded,
    LateResult,
    OpenExtended,
    PermitExpired,
    RolledOver,
    Transition,
    WasReset,
)
from supervision.breaker.guard import Guard
from supervision.breaker.intervals import Exponential, JitterShape
from supervision.breaker.layers import Bulkhead, Busy, Layers, RateExceeded, RateLimit
from supervision.breaker.listeners import Listeners
from supervision.breaker.machine import BreakerMachine
from supervision.breaker.permit import Permit, Refused
from supervision.breaker.registry import BreakerRegistry, BreakersByKey
from supervision.breaker.runner import RunnerFull, ThreadRunner
from supervision.breaker.snapshot import BreakerJournal, Snapshot
from supervision.breaker.states import CONDUCT, MOVES, Cause, State
from supervision.breaker.tally import Metrics
from supervision.breaker.verdict import (
    FAILURE,
    IGNORED,
    RELEASED,
    SUCCESS,
    Operator,
    Outcome,
    Verdict,
)
from supervision.breaker.window import Counts, CountWindow, TimeWindow

__all__ = [
    "CONDUCT",
    "FAILURE",
    "IGNORED",
    "MOVES",
    "RELEASED",
    "SUCCESS",
    "AsksToOpen",
    "BreakerConfig",
    "BreakerError",
    "BreakerJournal",
    "BreakerMachine",
    "BreakerRegistry",
    "BreakersByKey",
    "Bulkhead",
    "Busy",
    "Call",
    "CallEnded",
    "CallRefused",
    "CallStarted",
    "CallTimedOut",
    "CallTimeout",
    "Cause",
    "CircuitOpen",
    "Classifier",
    "ConfigError",
    "CountWindow",
    "Counts",
    "DuplicateBreaker",
    "Event",
    "Exceeded",
    "Exponential",
    "Guard",
    "IllegalMove",
    "JitterShape",
    "LateResult",
    "Layers",
    "Listeners",
    "Matchers",
    "Metrics",
    "NotAllowed",
    "OpenExtended",
    "Operator",
    "Outcome",
    "Permit",
    "PermitExpired",
    "RateExceeded",
    "RateLimit",
    "Refused",
    "RolledOver",
    "Row",
    "RunnerFull",
    "Snapshot",
    "State",
    "ThreadRunner",
    "TimeWindow",
    "Transition",
    "Verdict",
    "VerdictTable",
    "WasReset",
    "WindowKind",
]
