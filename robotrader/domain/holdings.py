"""Whose shares a fill moves: its strategy's, but for those that the kill switch closes.

The switch holds nothing. What it sells or buys back comes off the strategies that hold, oldest
first: otherwise each would believe for ever that it still has what was closed for it (F70, F73).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO: Final = Decimal(0)
FLATTENER: Final = "kill-switch"
"""The strategy of the kill switch's closing orders."""

NOBODY: Final = ""
"""Who has what a person accepted of the broker and no strategy has bought or sold."""


def moved(holdings: Mapping[str, Decimal], strategy: str, change: Decimal) -> dict[str, Decimal]:
    """Return by how much a fill changes each strategy's shares.

    Args:
        holdings: what each strategy has of the contract, signed.
        strategy: whose order was filled.
        change: the fill's shares, signed.
    """
    if strategy != FLATTENER:
        return {strategy: change}
    changes: dict[str, Decimal] = {}
    left = change
    for name, held in holdings.items():
        if name != FLATTENER and held * left < 0:
            part = min(abs(held), abs(left)).copy_sign(left)
            changes[name] = part
            left -= part
    if left or not changes:
        changes[FLATTENER] = left
    return changes


def accepted(holdings: Mapping[str, Decimal], target: Decimal) -> dict[str, Decimal]:
    """Return by how much each strategy's shares change once a position is accepted as it is.

    Together they have nothing on the other side, and no more than there is: what a person closed
    at the broker comes off those who hold, oldest first. What nobody's order brought is nobody's.

    Args:
        holdings: what each strategy has of the contract, signed.
        target: the position that was accepted, signed.
    """
    own = {name: qty for name, qty in holdings.items() if qty and name not in {NOBODY, FLATTENER}}
    if not target:
        return {name: -qty for name, qty in own.items()}
    total = sum(own.values(), ZERO)
    left = min(max(total, min(target, ZERO)), max(target, ZERO)) - total
    changes: dict[str, Decimal] = {}
    for name, held in own.items():
        if held * left < 0:
            changes[name] = min(abs(held), abs(left)).copy_sign(left)
            left -= changes[name]
    return changes
