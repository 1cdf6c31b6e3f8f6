"""The checks of what was done lately: losses one after another, cancels, and what was just left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.risk.losses import streak
from robotrader.risk.past import MS_NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.risk.case import Case


def losses(case: Case) -> str:
    """Not too many trades lost one after another since a person forgave such a streak."""
    ledger, switch = case.view.ledger, case.view.switch
    if ledger is None or switch is None:
        return "which trades lost is not known"
    return streak(ledger, case.limits, switch.forgiven_ns)


def cancel_ratio(case: Case) -> str:
    """Not too many of the day's entries were cancelled."""
    most, entries = case.limits.max_cancel_ratio, case.past.entries
    if most is None or entries < max(case.limits.cancel_ratio_orders, 1):
        return ""
    if case.past.cancels <= most * entries:
        return ""
    return f"{case.past.cancels} of {entries} entries of today were cancelled, {most} of them may"


def cooldown(case: Case) -> str:
    """The position was not made smaller a moment ago, whichever way the new order goes."""
    if not case.limits.cooldown_ms or case.view.ledger is None:
        return ""
    at_ns = case.view.ledger.reduced_ns.get(case.intent.con_id)
    if at_ns is None or case.now_ns - at_ns >= case.limits.cooldown_ms * MS_NS:
        return ""
    ago_ms, rest_ms = (case.now_ns - at_ns) // MS_NS, case.limits.cooldown_ms
    return f"{case.intent.symbol} was sold or bought back {ago_ms} ms ago, {rest_ms} are its rest"


CHECKS: Final[tuple[tuple[str, Callable[[Case], str]], ...]] = (
    ("losses", losses),
    ("cancel_ratio", cancel_ratio),
    ("cooldown", cooldown),
)
