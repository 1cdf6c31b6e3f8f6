"""The checks of what moves together: two positions that are nearly one, and clusters of many (F79).

A correlation that is not known blocks the pair and counts into the cluster: it could be 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.ledger.money import ZERO
from robotrader.risk.correlation import Correlations

if TYPE_CHECKING:
    from robotrader.risk.case import Case
    from robotrader.risk.exposure import Exposure

_NONE: Final = Correlations()


def pair(case: Case) -> str:
    """No other position moves like this one, in the same direction."""
    most, con_id = case.limits.max_pair_correlation, case.intent.con_id
    if most is None:
        return ""
    known = case.view.correlations or _NONE
    others = case.before.strangers(known) if con_id in known.places else case.after.held
    if others and (strangers := others - {con_id}):
        other = min(strangers)
        why = known.why(con_id) or known.why(other)
        return f"its correlation with {_name(case, other)} is not known: {why}"
    near = case.before.clusters.near(con_id, known, most)
    if len(near) <= 1:  # itself
        return ""
    for other in sorted((near & case.after.held) - {con_id}):
        found = known.of(con_id, other) or 0.0
        if not -1 <= found <= 1:
            return f"its correlation with {_name(case, other)} is {found}, which is none"
        if _same_way(case.sign, case.after[other], found) > float(most):
            return f"its correlation with {_name(case, other)} is {found:.3f}, {most} is the limit"
    return ""


def _same_way(sign: int, other: Exposure, correlation: float) -> float:
    """Return how much a trade moves with the worse of what the other position can become."""
    ways = [way for way, is_so in ((1, other.high > 0), (-1, other.low < 0)) if is_so]
    return max(sign * way * correlation for way in ways)


def cluster(case: Case) -> str:
    """What moves together is not too large a part of equity, whichever way."""
    limits = case.limits
    if limits.max_cluster_weight is None:
        return ""
    known = case.view.correlations or _NONE
    members, worth = case.after.cluster(known, limits.cluster_correlation)
    if worth is None:
        return "a price of what is held or on its way is not known"
    most = limits.max_cluster_weight * (case.equity or ZERO)
    if worth <= most:
        return ""
    names = ", ".join(sorted(_name(case, each) for each in members))
    return f"positions that move together ({names}) worth {worth} are above the limit of {most}"


def _name(case: Case, con_id: int) -> str:
    instrument = case.view.instruments.get(con_id)
    return str(con_id) if instrument is None else instrument.symbol
