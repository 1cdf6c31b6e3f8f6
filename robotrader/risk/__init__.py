"""What may be risked, pure: limits, the gate that every order passes, and the kill switch."""

from robotrader.risk.asked import Margin, Wish, wish_of
from robotrader.risk.changes import LimitChange, LimitChanges
from robotrader.risk.correlation import Aligned, Correlations, aligned, correlations
from robotrader.risk.daily import DayFigures, day_figures
from robotrader.risk.explain import Checked, Explained
from robotrader.risk.exposure import Exposure, Reservation
from robotrader.risk.gate import Gate
from robotrader.risk.heat import StopAt, stop_of
from robotrader.risk.keeper import Keeper
from robotrader.risk.known import GateFold, GateState, SwitchFold, SwitchState
from robotrader.risk.limits import Limits
from robotrader.risk.losses import daily_loss, drawdown
from robotrader.risk.quotes import Quotes
from robotrader.risk.switch import (
    ALL,
    Level,
    Switch,
    Trigger,
    Trip,
    Working,
    budget_of,
    must_cancel,
    scope_of,
)
from robotrader.risk.switch_look import Lookout
from robotrader.risk.triggers import CALM, Signs, TripRules, due, healed
from robotrader.risk.units import Ratio, Usd, pct, ratio, usd
from robotrader.risk.view import RiskView, SessionState, WorkingOrder

__all__ = [
    "ALL",
    "CALM",
    "Aligned",
    "Checked",
    "Correlations",
    "DayFigures",
    "Explained",
    "Exposure",
    "Gate",
    "GateFold",
    "GateState",
    "Keeper",
    "Level",
    "LimitChange",
    "LimitChanges",
    "Limits",
    "Lookout",
    "Margin",
    "Quotes",
    "Ratio",
    "Reservation",
    "RiskView",
    "SessionState",
    "Signs",
    "StopAt",
    "Switch",
    "SwitchFold",
    "SwitchState",
    "Trigger",
    "Trip",
    "TripRules",
    "Usd",
    "Wish",
    "Working",
    "WorkingOrder",
    "aligned",
    "budget_of",
    "correlations",
    "daily_loss",
    "day_figures",
    "drawdown",
    "due",
    "healed",
    "must_cancel",
    "pct",
    "ratio",
    "scope_of",
    "stop_of",
    "usd",
    "wish_of",
]
