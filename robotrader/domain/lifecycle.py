"""The life of one of our orders: which states there are, and what leads from one to another."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    """Where an order of ours stands, by what the journal holds."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    INTENDED = "intended"
    """Durable; nothing was sent."""

    SENT = "sent"
    """Handed to the gateway; the broker has not answered."""

    WORKING = "working"
    """The broker has it."""

    CANCELLING = "cancelling"
    """A cancel is intended; the order still counts in full."""

    UNKNOWN = "unknown"
    """The connection ended before an answer: it may live, or never have arrived."""

    FENCED = "fenced"
    """It was not found; a cancel is sent behind it, so that it cannot arrive later."""

    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    LOST = "lost"


class Happening(StrEnum):
    """What can happen to an order."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    SENT = "sent"
    ACKED = "acked"
    CANCEL_INTENDED = "cancel_intended"
    LINK_LOST = "link_lost"
    NOT_FOUND = "not_found"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    LOST = "lost"


OVER: Final = frozenset(
    {
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.ABANDONED,
        OrderState.LOST,
    }
)

_S, _H = OrderState, Happening
_ENDS: Final = {
    _H.FILLED: _S.FILLED,
    _H.CANCELLED: _S.CANCELLED,
    _H.REJECTED: _S.REJECTED,
}
_LIVE: Final = (_S.SENT, _S.WORKING, _S.CANCELLING, _S.UNKNOWN, _S.FENCED)

TRANSITIONS: Final[dict[tuple[OrderState, Happening], OrderState]] = {
    (_S.INTENDED, _H.SENT): _S.SENT,
    (_S.INTENDED, _H.LINK_LOST): _S.UNKNOWN,
    (_S.INTENDED, _H.CANCEL_INTENDED): _S.CANCELLING,
    (_S.INTENDED, _H.ABANDONED): _S.ABANDONED,
    (_S.SENT, _H.ACKED): _S.WORKING,
    (_S.SENT, _H.CANCEL_INTENDED): _S.CANCELLING,
    (_S.SENT, _H.LINK_LOST): _S.UNKNOWN,
    (_S.WORKING, _H.ACKED): _S.WORKING,
    (_S.WORKING, _H.CANCEL_INTENDED): _S.CANCELLING,
    (_S.WORKING, _H.LINK_LOST): _S.UNKNOWN,
    (_S.WORKING, _H.LOST): _S.LOST,
    (_S.CANCELLING, _H.ACKED): _S.CANCELLING,
    (_S.CANCELLING, _H.CANCEL_INTENDED): _S.CANCELLING,
    (_S.CANCELLING, _H.LINK_LOST): _S.CANCELLING,
    (_S.CANCELLING, _H.NOT_FOUND): _S.FENCED,
    (_S.CANCELLING, _H.ABANDONED): _S.ABANDONED,
    (_S.CANCELLING, _H.LOST): _S.LOST,
    (_S.UNKNOWN, _H.ACKED): _S.WORKING,
    (_S.UNKNOWN, _H.CANCEL_INTENDED): _S.CANCELLING,
    (_S.UNKNOWN, _H.LINK_LOST): _S.UNKNOWN,
    (_S.UNKNOWN, _H.NOT_FOUND): _S.FENCED,
    (_S.UNKNOWN, _H.LOST): _S.LOST,
    (_S.FENCED, _H.ACKED): _S.CANCELLING,
    (_S.FENCED, _H.LINK_LOST): _S.UNKNOWN,
    (_S.FENCED, _H.NOT_FOUND): _S.FENCED,
    (_S.FENCED, _H.ABANDONED): _S.ABANDONED,
    (_S.FENCED, _H.LOST): _S.LOST,
    **{(state, what): end for state in _LIVE for what, end in _ENDS.items()},
    # The broker says that an end was none: a fill that raced a cancel, an order found after all.
    (_S.CANCELLED, _H.FILLED): _S.FILLED,
    (_S.ABANDONED, _H.ACKED): _S.CANCELLING,
    (_S.LOST, _H.ACKED): _S.CANCELLING,
    (_S.FILLED, _H.ACKED): _S.CANCELLING,
    (_S.CANCELLED, _H.ACKED): _S.CANCELLING,
    (_S.REJECTED, _H.ACKED): _S.CANCELLING,
    (_S.ABANDONED, _H.FILLED): _S.FILLED,
    (_S.LOST, _H.FILLED): _S.FILLED,
    (_S.REJECTED, _H.FILLED): _S.FILLED,
}
"""What is not here cannot happen; it is counted and changes nothing."""


def after(state: OrderState, what: Happening) -> OrderState | None:
    """Return the state that follows, or None where nothing may."""
    return TRANSITIONS.get((state, what))
