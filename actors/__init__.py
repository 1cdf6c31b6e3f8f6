"""The trading actors, and the tree that supervises them.

An actor is thin: it receives a message, calls a pure object of ``robotrader`` and sends messages.
Actors never import each other; the tree wires them together by role.
"""

from actors.branch import symbol_branch
from actors.gateway import GatewayActor, GatewayMemory, GatewayRoles, HurryUp
from actors.strategy import StrategyActor
from actors.symbol import SymbolActor

__all__ = [
    "GatewayActor",
    "GatewayMemory",
    "GatewayRoles",
    "HurryUp",
    "StrategyActor",
    "SymbolActor",
    "symbol_branch",
]
