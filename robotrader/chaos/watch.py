"""What was seen of a system while it was broken: looks, and how long each strike was felt.

A look is what the system said at a moment, or that it said nothing. Recovery times are made of
looks alone: a strike is felt from the first look that is not steady to the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.chaos.faults import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.chaos.scenario import Strike


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen ``at_s`` seconds after the begin; ``pid`` 0: nobody answered."""

    at_s: float
    pid: int = 0
    ready: bool = False
    link: str = ""
    restarts: int | None = None
    intents: int = 0
    """How many orders had been decided, since the begin."""

    switches: tuple[str, ...] = ()

    @property
    def steady(self) -> bool:
        """Whether it was connected and agreed with the broker."""
        return self.pid > 0 and self.ready


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How a strike was felt; times in seconds after it, None: not seen before the next one.

    ``noticed_s`` is None where nothing was felt: every look was steady, ``ready_s`` is 0 then.
    """

    at_s: float
    what: str
    noticed_s: float | None
    answers_s: float | None
    """Until a process answered again."""

    ready_s: float | None
    trades_s: float | None
    """Until the first order that was decided once it was ready again."""

    broken_s: float = 0.0
    """How long the fault lasted by itself: it is part of the other times."""


def recoveries(struck: Sequence[Strike], looks: Sequence[Look]) -> tuple[Recovery, ...]:
    """Return how each strike was felt, up to the next one."""
    ends = [*(each.at_s for each in struck[1:]), float("inf")]
    return tuple(
        _recovery(strike, [each for each in looks if strike.at_s <= each.at_s < end])
        for strike, end in zip(struck, ends, strict=False)
    )


def _recovery(strike: Strike, looks: Sequence[Look]) -> Recovery:
    begun_s, what = strike.at_s, named(strike.fault)
    rough = [number for number, each in enumerate(looks) if not each.steady]
    silent = [number for number, each in enumerate(looks) if not each.pid]
    again = looks[rough[-1] + 1 :] if rough else looks
    heard = looks[silent[-1] + 1 :] if silent else looks
    noticed_s = looks[rough[0]].at_s - begun_s if rough else None
    return Recovery(
        at_s=begun_s,
        what=what,
        noticed_s=noticed_s,
        answers_s=_first(heard, begun_s, felt=bool(silent)),
        ready_s=_first(again, begun_s, felt=bool(rough)),
        trades_s=_trades_s(again, begun_s),
        broken_s=strike.fault.lasts_s,
    )


def _first(looks: Sequence[Look], begun_s: float, *, felt: bool) -> float | None:
    if not looks:
        return None
    return looks[0].at_s - begun_s if felt else 0.0


def _trades_s(looks: Sequence[Look], begun_s: float) -> float | None:
    if not looks:
        return None
    later = (each.at_s for each in looks if each.intents > looks[0].intents)
    at_s = next(later, None)
    return None if at_s is None else at_s - begun_s


def processes(looks: Sequence[Look]) -> int:
    """Return how many processes answered one after the other."""
    pids = [each.pid for each in looks if each.pid]
    return sum(1 for before, after in zip([0, *pids], pids, strict=False) if before != after)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the least of ``values`` that a share of them does not exceed, None of none."""
    if not values:
        return None
    ordered = sorted(values)
    place = max(0, -(-len(ordered) * round(share * 1_000_000) // 1_000_000) - 1)
    return ordered[min(place, len(ordered) - 1)]
