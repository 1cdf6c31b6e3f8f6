"""Strategies: what they are written against, what drives them, and those that come with it."""

from typing import TypeAlias

from robotrader.strategies.base import Params, State, Strategy
from robotrader.strategies.breakout import Breakout, BreakoutParams
from robotrader.strategies.context import Context
from robotrader.strategies.events import (
    NOTHING,
    AskAnew,
    Ended,
    Fill,
    Outcome,
    Standing,
    StrategyCrash,
    Timer,
    bar_key,
    quote_key,
)
from robotrader.strategies.host import StrategyHost
from robotrader.strategies.mean_reversion import MeanReversion, MeanReversionParams
from robotrader.strategies.momentum import Momentum, MomentumParams
from robotrader.strategies.outbox import Event, Feed, Outbox, event_key
from robotrader.strategies.pairs import Pairs, PairsParams, PairsState
from robotrader.strategies.quarantine import Quarantine
from robotrader.strategies.signals import Frame, Signalling, Spreading, Told, ToldSpread
from robotrader.strategies.sma_cross import SmaCross, SmaParams, SmaState
from robotrader.strategies.spread import Spread, SpreadContext
from robotrader.strategies.spread_host import SpreadHost
from robotrader.strategies.standings import News, Standings, StandingsState
from robotrader.strategies.stops import StopKind, StopRule
from robotrader.strategies.suspension import UNMADE, Suspension
from robotrader.strategies.turns import TurnParams, Turns, TurnState, View

Host: TypeAlias = StrategyHost | SpreadHost
"""What drives a strategy: of one instrument, or of several."""

__all__ = [
    "NOTHING",
    "UNMADE",
    "AskAnew",
    "Breakout",
    "BreakoutParams",
    "Context",
    "Ended",
    "Event",
    "Feed",
    "Fill",
    "Frame",
    "Host",
    "MeanReversion",
    "MeanReversionParams",
    "Momentum",
    "MomentumParams",
    "News",
    "Outbox",
    "Outcome",
    "Pairs",
    "PairsParams",
    "PairsState",
    "Params",
    "Quarantine",
    "Signalling",
    "SmaCross",
    "SmaParams",
    "SmaState",
    "Spread",
    "SpreadContext",
    "SpreadHost",
    "Spreading",
    "Standing",
    "Standings",
    "StandingsState",
    "State",
    "StopKind",
    "StopRule",
    "Strategy",
    "StrategyCrash",
    "StrategyHost",
    "Suspension",
    "Timer",
    "Told",
    "ToldSpread",
    "TurnParams",
    "TurnState",
    "Turns",
    "View",
    "bar_key",
    "event_key",
    "quote_key",
]
