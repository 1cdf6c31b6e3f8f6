"""How a position and its working stops match: too much, too little, or exactly (F74).

Pure arithmetic on one contract. What closes the position without being an exit (a stop, a leg of a
bracket) gives way to exits: the shares that an exit wants are not a stop's any more. All together
they never close more than is held, and what a strategy protects is protected whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ZERO: Final = Decimal(0)


class Closer(NamedTuple):
    """An order that closes a position and gives way to exits. Quantities are shares."""

    ref: str
    group: str
    """Of one group only one fills: the legs of a bracket."""

    strategy: str
    sign: int
    protects: bool
    """Whether it is a stop; a leg that takes the profit is none."""

    most: Decimal
    """What it may still trade, at the worst."""

    sure: Decimal
    """What it protects now: a leg no more than its parent has filled."""

    fixed: bool
    """Whether an answer about it is awaited: it is left alone until then."""


@dataclass(slots=True)
class Cover:
    """What has to change: ``cut`` has the new worst case by group, ``missing`` by strategy.

    A group that is ``uneven`` may close more than it protects, and gives that up before a stop for
    what is missing: together they would close more than is held.
    """

    cut: dict[str, Decimal] = field(default_factory=dict)
    missing: dict[str, Decimal] = field(default_factory=dict)
    uneven: dict[str, Decimal] = field(default_factory=dict)


def closing(closers: Iterable[Closer], sign: int) -> Decimal:
    """Return how many shares these close at the worst, on one side: once for each group."""
    return sum(_by_group(each for each in closers if each.sign == sign).values(), ZERO)


def assess(
    position: Decimal,
    holdings: Mapping[str, Decimal],
    exits: Mapping[str, Decimal],
    closers: Iterable[Closer],
) -> Cover:
    """Compare a position with what closes it.

    Args:
        position: the account's shares, signed.
        holdings: what of it each strategy's own fills come to, signed.
        exits: what works, or waits, to close the position for each strategy; above 0.
        closers: the stops and legs, oldest first.
    """
    cover = Cover()
    side = (position > 0) - (position < 0)
    own: dict[str, list[Closer]] = {name: [] for name in holdings}
    for each in closers:
        if each.sign == -side:
            own.setdefault(each.strategy, []).append(each)
        elif each.most > 0:
            cover.cut[each.group] = ZERO
    room = max(abs(position) - sum(exits.values(), ZERO), ZERO)
    for name, mine in own.items():
        held = max(holdings.get(name, ZERO) * side - exits.get(name, ZERO), ZERO)
        wanted = min(held, room)
        room -= wanted
        _compare(cover, name, wanted, mine)
    return cover


def _compare(cover: Cover, name: str, wanted: Decimal, mine: list[Closer]) -> None:
    """Cut the newest first; what is cut is not missing."""
    groups = _by_group(mine)
    over = sum(groups.values(), ZERO) - wanted
    for group, most in reversed(groups.items()):
        if over <= 0:
            break
        cover.cut[group] = max(most - over, ZERO)
        over -= most - cover.cut[group]
    sure: dict[str, Decimal] = {}
    for each in mine:
        if each.protects:
            sure[each.group] = max(sure.get(each.group, ZERO), each.sure)
    short = wanted - sum(sure.values(), ZERO)
    if short > 0:
        cover.missing[name] = short
        for group, protected in sure.items():  # its other leg would close the missing ones too
            if cover.cut.get(group, groups[group]) > protected:
                cover.uneven[group] = protected


def _by_group(closers: Iterable[Closer]) -> dict[str, Decimal]:
    most: dict[str, Decimal] = {}
    for each in closers:
        most[each.group] = max(most.get(each.group, ZERO), each.most)
    return most
