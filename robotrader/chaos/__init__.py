"""Chaos on purpose: scenarios, what bad connections do to bytes, verdicts and reports. No I/O."""

from robotrader.chaos.faults import BLAST, EMULATED, PLACES, Fault, Place, named
from robotrader.chaos.report import Moment, Report, markdown
from robotrader.chaos.scenario import Hypothesis, Scenario, Strike, blast, read, strikes
from robotrader.chaos.toxics import Direction, End, Kind, Passed, Piece, Toxic, through
from robotrader.chaos.verdict import Evidence, Line, holds, verdict
from robotrader.chaos.watch import Look, Recovery, processes, quantile, recoveries

__all__ = [
    "BLAST",
    "EMULATED",
    "PLACES",
    "Direction",
    "End",
    "Evidence",
    "Fault",
    "Hypothesis",
    "Kind",
    "Line",
    "Look",
    "Moment",
    "Passed",
    "Piece",
    "Place",
    "Recovery",
    "Report",
    "Scenario",
    "Strike",
    "Toxic",
    "blast",
    "holds",
    "markdown",
    "named",
    "processes",
    "quantile",
    "read",
    "recoveries",
    "strikes",
    "through",
    "verdict",
]
