"""Whose shares a fill moves: its strategy's, but for those that the kill switch or others close.

The switch holds nothing. What it sells or buys back comes off the strategies that hold, oldest
first: otherwise each would believe for ever that it still has what was closed for it (F70, F73).
What a person trades by hand is nobody's, and comes off nobody's shares first. Where there are none
left, it comes off the strategies too: what is not there cannot be sold, and who believed in it
would ask for an exit, which the gate refuses, with every bar.
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
"""Who has what others traded in the account, or what a person accepted of the broker."""

NO_STRATEGIES: Final = frozenset({FLATTENER, NOBODY})
"""Holders of shares whose fills move what strategies hold, and who cannot be told of anything."""


def moved(holdings: Mapping[str, Decimal], strategy: str, change: Decimal) -> dict[str, Decimal]:
    """Return by how much a fill changes each strategy's shares.

    Args:
        holdings: what each strategy has of the contract, signed.
        strategy: whose order was filled; ``NOBODY``: none of ours.
        change: the fill's shares, signed.
    """
    if strategy not in NO_STRATEGIES:
        return {strategy: change}
    changes: dict[str, Decimal] = {}
    left = change
    own = {NOBODY: holdings[NOBODY]} if strategy == NOBODY and NOBODY in holdings else {}
    for name, held in {**own, **holdings}.items():
        if name != FLATTENER and held * left < 0:
            part = min(abs(held), abs(left)).copy_sign(left)
            changes[name] = part
            left -= part
    if left or not changes:
        changes[strategy] = changes.get(strategy, ZERO) + left
    return changes


def accepted(holdings: Mapping[str, Decimal], target: Decimal) -> dict[str, Decimal]:
    """Return by how much each strategy's shares change once a position is accepted as it is.

    Together they have nothing on the other side, and no more than there is: what a person closed
    at the broker comes off those who hold, oldest first. What nobody's order brought is nobody's.

    Args:
        holdings: what each strategy has of the contract, signed.
        target: the position that was accepted, signed.
    """
    own = {name: qty for name, qty in holdings.items() if qty and name not in NO_STRATEGIES}
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
