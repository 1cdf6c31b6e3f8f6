"""The checks of what only the broker can say: its clock, what it lends, what margin it needs.

Each is looked at where a limit says so; then what the broker has not said blocks (F63).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.ledger.money import ZERO
from robotrader.risk.past import MS_NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Intent
    from robotrader.risk.case import Case

Wish: TypeAlias = tuple[int, str, Decimal, str, Decimal | None, Decimal | None]
"""What an order's margin depends on: contract, side, quantity, type and prices."""


def wish_of(intent: Intent) -> Wish:
    """Return what an intent's margin depends on."""
    side, kind = intent.side, intent.order_type
    return intent.con_id, side, intent.qty, kind, intent.limit_price, intent.aux_price


class Margin(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the account would need after an order, as the broker answers a what-if."""

    initial: Decimal
    maintenance: Decimal
    equity: Decimal
    """With loan value, after the order."""

    at_ns: int
    why: str = ""
    """What the broker has against the order; then the figures say nothing."""


def clock(case: Case) -> str:
    """Our clock is the broker's, nearly."""
    most = case.limits.max_clock_skew_ms
    if not most:
        return ""
    skew_ns = case.view.skew_ns
    if skew_ns is None:
        return "how far our clock is from the broker's is not known"
    if abs(skew_ns) <= most * MS_NS:
        return ""
    return f"our clock is {skew_ns / MS_NS:.3f} ms from the broker's, {most} are the limit"


def borrow(case: Case) -> str:
    """The shares that a short sale needs can be borrowed, by the broker's own figures."""
    if not case.limits.short_needs_borrow or case.sign > 0:
        return ""
    needed = max(-case.after.each.low, ZERO) - max(-case.position, ZERO)
    if needed <= ZERO:
        return ""
    symbol, said = case.intent.symbol, case.view.borrows.get(case.intent.con_id)
    shares = said.shares if said is not None else None
    if said is None or (shares is None and not said.to_locate):
        return f"whether shares of {symbol} can be borrowed is not known"
    if shares is None or said.to_locate:
        return f"shares of {symbol} have to be located before they can be sold short"
    if shares.is_finite() and needed <= shares:
        return ""
    return f"{needed} shares of {symbol} would have to be borrowed, {shares} can be"


def is_unasked(case: Case) -> bool:
    """Whether the broker has not said lately what margin an intent would need."""
    return _said(case) is None


def _said(case: Case) -> Margin | None:
    """Return what the broker said lately of the margin that an intent would need."""
    said = case.view.margins.get(wish_of(case.intent))
    if said is None or case.now_ns - said.at_ns > case.limits.margin_age_ms * MS_NS:
        return None
    return said


def margin(case: Case) -> str:
    """The margin that the broker would need is there, by its own answer to a what-if."""
    part = case.limits.max_margin
    if part is None:
        return ""
    said = _said(case)
    if said is None:
        return "the broker has not said what margin it would need"
    if said.why:
        return f"the broker would refuse it: {said.why}"
    if not (said.initial.is_finite() and said.maintenance.is_finite() and said.equity.is_finite()):
        return f"the broker's margin is none: {said.initial}, {said.maintenance} of {said.equity}"
    most = part * said.equity
    if said.initial > most:
        return f"an initial margin of {said.initial} is above the limit of {most} ({part})"
    if said.maintenance > said.equity:
        return f"a maintenance margin of {said.maintenance} is above the equity of {said.equity}"
    return ""


CHECKS: Final[tuple[tuple[str, Callable[[Case], str]], ...]] = (
    ("borrow", borrow),
    ("margin", margin),
)
"""The margin is the last of all: only what passes everything else is asked about."""
