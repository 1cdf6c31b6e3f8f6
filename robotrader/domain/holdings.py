"""Whose shares a fill moves: its strategy's, but for those that the kill switch closes.

The switch holds nothing. What it sells or buys back comes off the strategies that hold, oldest
first: otherwise each would believe for ever that it still has what was closed for it (F70, F73).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

FLATTENER: Final = "kill-switch"
"""The strategy of the kill switch's closing orders."""


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
