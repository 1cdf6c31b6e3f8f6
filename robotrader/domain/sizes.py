"""How large an entry is, and from what that was computed: one value from the rule to the screen."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Funds(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the risk gate knows of an account when a size is asked for; None is not known."""

    equity: Decimal | None = None
    drawdown: float | None = None
    """The fall from the peak, as a fraction of it."""

    trades: tuple[float, ...] = ()
    """What the strategy's closed trades won on what they put in, the oldest first."""


class Sizing(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, kw_only=True):
    """A size, and what led to it. The size that a screen shows is the one that was used (F78)."""

    kind: str
    qty: Decimal
    """Shares or contracts that may be held after the entry; 0: none, ``why`` says why."""

    weight: float
    """The share of the bankroll."""

    bankroll: Decimal | None
    price: float | None
    inputs: tuple[tuple[str, float], ...] = ()
    why: str
