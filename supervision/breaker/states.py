"""The six states of a breaker, what each one does, and the moves between them, as tables.

Source: resilience4j's state machine, whose FORCED_OPEN, DISABLED and METRICS_ONLY the classic three
states lack. A move from a state to itself is a silent no-op and stands in no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(Enum):
    """What a breaker is doing; the value is the name used in journals and metrics."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a state treats calls and results.

    ``admits``: every call passes (HALF_OPEN counts its permits instead). ``counts``: results enter
    the window. ``tells``: calls and results give events (transitions and resets always do).
    """

    admits: bool
    counts: bool
    tells: bool


CONDUCT: Final[Mapping[State, Conduct]] = {
    State.CLOSED: Conduct(admits=True, counts=True, tells=True),
    State.OPEN: Conduct(admits=False, counts=False, tells=True),
    State.HALF_OPEN: Conduct(admits=False, counts=True, tells=True),
    State.FORCED_OPEN: Conduct(admits=False, counts=False, tells=False),
    State.DISABLED: Conduct(admits=True, counts=False, tells=False),
    State.METRICS_ONLY: Conduct(admits=True, counts=True, tells=True),
}

_ALL: Final = frozenset(State)

MOVES: Final[Mapping[State, frozenset[State]]] = {
    # A closed breaker has nothing to probe.
    State.CLOSED: _ALL - {State.CLOSED, State.HALF_OPEN},
    State.OPEN: _ALL - {State.OPEN},
    State.HALF_OPEN: _ALL - {State.HALF_OPEN},
    State.FORCED_OPEN: _ALL - {State.FORCED_OPEN},
    State.DISABLED: _ALL - {State.DISABLED},
    # Who only measures never refuses: it is left by a decision about what to do instead.
    State.METRICS_ONLY: frozenset({State.CLOSED, State.FORCED_OPEN, State.DISABLED}),
}


class Cause(Enum):
    """Why a breaker changed its state."""

    FAILURE_RATE = "failure_rate"
    SLOW_RATE = "slow_rate"
    CONSECUTIVE = "consecutive"
    REQUESTED = "requested"
    """A result asked for it (a ban, a pacing violation)."""
    PERIOD_OVER = "period_over"
    PROBES_PASSED = "probes_passed"
    PROBES_FAILED = "probes_failed"
    WAITED_LONG_ENOUGH = "waited_long_enough"
    """HALF_OPEN got no decision within its longest wait."""
    OPERATOR = "operator"
