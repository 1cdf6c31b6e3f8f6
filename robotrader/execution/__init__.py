"""Orders that happen exactly once: the order manager and what it is made of.

Pure: records, reports and times come in, effects come out. ``OrderManager`` is the door;
``effects`` is what its actor has to do.
"""

from robotrader.execution.adopting import Adoption
from robotrader.execution.desk import Times
from robotrader.execution.effects import (
    AdoptionEnded,
    Alert,
    Commit,
    Declined,
    Effect,
    FillTold,
    Level,
    OrderView,
    Released,
    Send,
    Told,
    Tripped,
    Wake,
    Wanted,
)
from robotrader.execution.kept import BookState
from robotrader.execution.manager import OrderManager

__all__ = [
    "Adoption",
    "AdoptionEnded",
    "Alert",
    "BookState",
    "Commit",
    "Declined",
    "Effect",
    "FillTold",
    "Level",
    "OrderManager",
    "OrderView",
    "Released",
    "Send",
    "Times",
    "Told",
    "Tripped",
    "Wake",
    "Wanted",
]
