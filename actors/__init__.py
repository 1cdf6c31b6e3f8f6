"""The trading actors, and the tree that supervises them.

An actor is thin: it receives a message, calls a pure object of ``robotrader`` and sends messages.
Actors never import each other; the tree wires them together by role.
"""

from actors.branch import symbol_branch
from actors.gateway import GatewayActor, GatewayMemory, GatewayRoles
from actors.gateway_program import GatewayProgram, ProgramMemory, ProgramStart
from actors.history import DailyHistory, HistoryRules
from actors.say import Confirmed, HurryUp
from actors.strategy import StrategyActor
from actors.symbol import SymbolActor
from actors.tree import Trader, make_tree

__all__ = [
    "Confirmed",
    "DailyHistory",
    "GatewayActor",
    "GatewayMemory",
    "GatewayProgram",
    "GatewayRoles",
    "HistoryRules",
    "HurryUp",
    "ProgramMemory",
    "ProgramStart",
    "StrategyActor",
    "SymbolActor",
    "Trader",
    "make_tree",
    "symbol_branch",
]
