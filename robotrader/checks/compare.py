"""The checks: one strategy told the same things in different ways has to decide the same.

- look-ahead: what is decided on a history that is cut off is the beginning of what is decided on
  the whole of it;
- signals: where a strategy computes them for all bars at once, those of a history that is cut off
  are the beginning of those of the whole;
- warm-up: more history before the first live bar than ``warmup_bars`` changes no decision, but for
  the last digits of its numbers (``tolerance``);
- determinism: told again, it decides again the same, to the last bit;
- restart: stopped behind any bar and started anew with its state, its standing and its warm-up, it
  decides what it would have decided.

A check of a strategy that decided nothing proves nothing, and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from math import isclose
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.checks.desk import Decision, Desk, rows_of
from robotrader.strategies import Frame, Signalling, Spreading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from robotrader.checks.desk import Rows
    from robotrader.domain import Bar
    from robotrader.strategies import Host
    from robotrader.strategies.signals import Floats

    Make = Callable[[], Host]
    Told = list[tuple[Bar, ...]]

TOLERANCE: Final = 1e-6
"""By which part a quantity or a price may differ after another warm-up: less than any tick is."""

CUTS: Final = 12
"""How often history is cut, a warm-up begun, a process restarted."""

_LONGER: Final = 4
"""A longer warm-up is so many times as long."""

_SOME: Final = 50
"""Bars of history that a strategy without a warm-up is told of, to see that it needs none."""

_LIVE: Final = 250
"""Bars that are told live behind a warm-up."""


class Verdict(msgspec.Struct, frozen=True):
    """What a check found; ``ok`` is None where nothing was decided that could be compared."""

    check: str
    ok: bool | None
    said: str


def verdicts(
    make: Make, bars: Rows, *, seed: int = 0, tolerance: float = TOLERANCE
) -> list[Verdict]:
    """Return what each check finds.

    Args:
        make: makes a new host of the strategy.
        bars: what it is told, in order of time: of one contract, or rows of those of all legs.
        seed: chooses where is cut and restarted.
        tolerance: see ``TOLERANCE``.

    Raises:
        StrategyCrash: the strategy raised.
        StrategyError: it cannot be made.
        ValueError: there are too few bars for its warm-up.
    """
    warm = make().warmup_bars
    rows = rows_of(bars)
    if len(rows) < 2 * warm + 2:
        msg = f"{len(rows)} bars for a warm-up of {warm}: give at least {2 * warm + 2}"
        raise ValueError(msg)
    whole = Desk(make).play(rows)
    rng = Random(seed)
    at_once = _signals(make, rows, _places(Random(seed), warm, len(rows)))
    return [
        _lookahead(make, rows, whole, _places(rng, warm, len(rows))),
        *([] if at_once is None else [at_once]),
        _warm_up(make, rows, _places(rng, warm, len(rows)), tolerance),
        _determinism(make, rows, whole),
        _restarts(make, rows, whole, _places(rng, warm, len(rows))),
    ]


def _places(rng: Random, first: int, count: int) -> list[int]:
    """Return places in bars, spread and yet by chance."""
    span = max((count - first) // CUTS, 1)
    found = (first + span * at + rng.randrange(span) for at in range(CUTS))
    return sorted({min(each, count - 1) for each in found})


def _lookahead(make: Make, rows: Told, whole: list[Decision], cuts: list[int]) -> Verdict:
    times = [each.time_ns for each in whole]
    for cut in cuts:
        end_ns = rows[cut][0].end_ns
        known = whole[: bisect_right(times, end_ns)]
        part = Desk(make).play(rows[: cut + 1])
        wrong = difference(part, known, 0.0)
        if wrong:
            return Verdict("look-ahead", False, f"with nothing known after {_at(end_ns)}, {wrong}")
    return _passed("look-ahead", whole, f"{len(cuts)} cuts of {len(rows):,} bars")


def _signals(make: Make, rows: Told, cuts: list[int]) -> Verdict | None:
    """Compare signals of a history that is cut off; None where there is no ``signals``."""
    whole = _at_once(make, rows)
    if whole is None:
        return None
    for cut in cuts:
        part = _at_once(make, rows[: cut + 1])
        assert part is not None, "it is one of the same class"
        wrong = next(_parted(part, whole), None)
        if wrong is not None:
            at, mine, known = wrong
            said = f"with nothing known after {_at(rows[cut][0].end_ns)}, the signal of the bar "
            said += f"that ends at {_at(rows[at][0].end_ns)} is {mine:g} and not {known:g}"
            return Verdict("signals", False, said)
    return Verdict("signals", True, f"{len(cuts)} cuts of {len(rows):,} bars: the same signals")


def _at_once(make: Make, rows: Told) -> Floats | None:
    """Return the signals that a new strategy computes of all rows; None if it computes none."""
    strategy = make().strategy
    frames = tuple(Frame.of(own[0].con_id, own) for own in zip(*rows, strict=True))
    if isinstance(strategy, Spreading):
        return strategy.signals(frames)
    return strategy.signals(frames[0]) if isinstance(strategy, Signalling) else None


def _parted(part: Floats, whole: Floats) -> Iterator[tuple[int, float, float]]:
    """Yield where signals are not those of the whole, and both; NaN is like NaN."""
    for at, (mine, known) in enumerate(zip(part.tolist(), whole.tolist(), strict=False)):
        pairs = zip(mine, known, strict=True) if isinstance(mine, list) else ((mine, known),)
        for one, other in pairs:
            if one != other and not (one != one and other != other):  # noqa: PLR0124 - NaN
                yield at, one, other


def _warm_up(make: Make, rows: Told, begins: list[int], tolerance: float) -> Verdict:
    compared: list[Decision] = []
    for begin in begins:
        warm = make().warmup_bars
        live = rows[begin : begin + _LIVE]
        short = Desk(make).play(live, history=rows[begin - warm : begin])
        longest = max(_LONGER * warm, warm + _SOME)
        more = Desk(make).play(live, history=rows[max(0, begin - longest) : begin])
        wrong = difference(short, more, tolerance)
        if wrong:
            return Verdict("warm-up", False, f"{warm} bars are too few: {wrong} after more")
        compared += short
    return _passed("warm-up", compared, f"{len(begins)} starts, {_LONGER} times the history")


def _determinism(make: Make, rows: Told, whole: list[Decision]) -> Verdict:
    wrong = difference(Desk(make).play(rows), whole, 0.0)
    if wrong:
        return Verdict("determinism", False, f"told again, {wrong} the first time")
    return _passed("determinism", whole, "two runs")


def _restarts(make: Make, rows: Told, whole: list[Decision], at: list[int]) -> Verdict:
    tries = [frozenset({each}) for each in at] + [frozenset(at)]
    for places in tries:
        wrong = difference(Desk(make).play(rows, restarts=places), whole, 0.0)
        if wrong:
            when = ", ".join(_at(rows[each][0].end_ns) for each in sorted(places)[:1])
            return Verdict("restart", False, f"restarted at {when}, {wrong} without")
    return _passed("restart", whole, f"{len(at)} restarts one by one, and all of them")


def _passed(check: str, decisions: list[Decision], how: str) -> Verdict:
    if not decisions:
        return Verdict(check, None, f"nothing was decided: nothing is proven ({how})")
    return Verdict(check, True, f"{how}: {len(decisions):,} decisions the same")


def difference(one: list[Decision], other: list[Decision], tolerance: float) -> str:
    """Return where two runs part, in words that end with the other's; empty if they do not."""
    for place in range(max(len(one), len(other))):
        mine = one[place] if place < len(one) else None
        theirs = other[place] if place < len(other) else None
        if mine is None or theirs is None or not _alike(mine, theirs, tolerance):
            return f"it decides {_told(mine)} and not {_told(theirs)} as"
    return ""


def _alike(one: Decision, other: Decision, tolerance: float) -> bool:
    if (one.time_ns, one.what) != (other.time_ns, other.what):
        return False
    if len(one.numbers) != len(other.numbers):
        return False
    pairs = zip(one.numbers, other.numbers, strict=True)
    return all(isclose(mine, theirs, rel_tol=tolerance, abs_tol=0.0) for mine, theirs in pairs)


def _told(decision: Decision | None) -> str:
    return "nothing" if decision is None else f"{decision} at {_at(decision.time_ns)}"


def _at(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}"
