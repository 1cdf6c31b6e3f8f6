"""What only the core level's checkers look at: they look into our process, or at its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.again import LookedAtAgain
from tests.simulation.agreement import AskedBeforeReady
from tests.simulation.arriving import ExitsFit, NumbersInUse, OrdersAreApproved
from tests.simulation.emergency import FileTrips
from tests.simulation.ended import CancelsAreMeant, CancelsLeave, EndsAreTrue
from tests.simulation.halting import HaltsAreRight
from tests.simulation.heard import (
    HoldingsAreOwn,
    InForceAtOnce,
    OwnNumbers,
    PersonsAreHeard,
    StartsKnowing,
)
from tests.simulation.lasting import (
    CancelsRepeated,
    ChangesSettle,
    ComparedOften,
    FoldsAgree,
    ReservationsAgree,
    SumsAgree,
    SwitchIsRecords,
)
from tests.simulation.protection import WholeProtected

if TYPE_CHECKING:
    from tests.simulation.watch import Checker, Watcher


def watching_core() -> list[Watcher]:
    """Return new checkers of what holds after every event."""
    return [
        WholeProtected(),
        OrdersAreApproved(),
        AskedBeforeReady(),
        LookedAtAgain(),
        HaltsAreRight(),
        EndsAreTrue(),
        CancelsAreMeant(),
        InForceAtOnce(),
        OwnNumbers(),
        StartsKnowing(),
    ]


def resting_core() -> list[Checker]:
    """Return new checkers of what holds at the end."""
    return [PersonsAreHeard(), HoldingsAreOwn()]


def glancing() -> list[Checker]:
    """Return new checkers of what is looked at from time to time, between all events."""
    return [
        ReservationsAgree(),
        FoldsAgree(),
        SumsAgree(),
        SwitchIsRecords(),
        CancelsRepeated(),
        ChangesSettle(),
        ComparedOften(),
        CancelsLeave(),
        FileTrips(),
        NumbersInUse(),
        ExitsFit(),
    ]


def codes() -> set[str]:
    """Return what excuses all of these: each holds our process against all that was written."""
    checkers = (*watching_core(), *resting_core(), *glancing())
    return {each.name.split()[0] for each in checkers}
