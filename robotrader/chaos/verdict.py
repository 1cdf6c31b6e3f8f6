"""The verdict: what had to hold, what was measured, and whether that is enough.

A line that could not be measured does not hold. Nothing in here is a constant: who gives no
measurement gets ``not measured``, and the verdict is that it failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from robotrader.chaos.watch import processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robotrader.chaos.scenario import Hypothesis
    from robotrader.chaos.watch import Look, Recovery


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared at the end; None is what nobody could say.

    ``intents`` are the references of the orders that the journal had acknowledged during the run,
    by their numbers; ``kept`` is what it has under these numbers at the end. ``at_venue`` are the
    references of all orders at the venue, one for each order; ``executions`` are the venue's,
    ``booked`` ours, one for each booking.
    """

    breaks: tuple[str, ...] | None = None
    intents: Mapping[int, str] = {}
    kept: Mapping[int, str] | None = None
    at_venue: tuple[str, ...] | None = None
    venue_why: str = ""
    executions: tuple[str, ...] | None = None
    booked: tuple[str, ...] | None = None
    limits: Mapping[str, float] | None = None
    """How much of each limit is used; 1 is all of it."""

    alerts: tuple[str, ...] | None = None
    """Critical alerts of the run, as ``kind: text``."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that had to hold; ``holds`` None: it was not looked at, and why."""

    what: str
    wanted: str
    measured: str
    holds: bool | None


def verdict(
    wanted: Hypothesis,
    looks: Sequence[Look],
    felt: Sequence[Recovery],
    found: Evidence,
) -> tuple[Line, ...]:
    """Return every line; the run holds if none of them is false."""
    return (
        _agreed(found),
        _once(found),
        _kept(found),
        _booked(found),
        _limits(found),
        *_times(wanted, felt),
        *_restarts(wanted, looks),
        _switch(wanted, looks),
        _alerts(wanted, found),
    )


def holds(lines: Sequence[Line]) -> bool:
    """Return whether nothing that was judged failed, and something was judged."""
    judged = [line.holds for line in lines if line.holds is not None]
    return bool(judged) and all(judged)


def _line(what: str, wanted: str, measured: str | None, *, well: bool) -> Line:
    if measured is None:
        return Line(what=what, wanted=wanted, measured="not measured", holds=False)
    return Line(what=what, wanted=wanted, measured=measured, holds=well)


def _agreed(found: Evidence) -> Line:
    said = None
    if found.breaks is not None:
        said = f"{len(found.breaks)} differences" + "".join(f"; {each}" for each in found.breaks)
    return _line("both sides agree", "0 differences", said, well=not found.breaks)


def _unmeasured(what: str, why: str) -> Line:
    return Line(what=what, wanted="-", measured=f"not looked at: {why}", holds=None)


def _once(found: Evidence) -> Line:
    """One order at the venue for each reference."""
    what = "one order of each intent"
    if found.at_venue is None and found.venue_why:
        return _unmeasured(what, found.venue_why)
    said, twice = None, list[str]()
    if found.at_venue is not None:
        twice = [ref for ref, count in Counter(found.at_venue).items() if count > 1]
        said = f"{len(found.at_venue)} orders at the venue, {len(twice)} twice{_some(twice)}"
    return _line(what, "0 twice", said, well=not twice)


def _kept(found: Evidence) -> Line:
    lost = list[str]()
    said, what = None, "no acknowledged intent is lost"
    if found.kept is not None and not found.intents:
        return _unmeasured(what, "no order was decided during the run")
    if found.kept is not None:
        lost = [ref for seq, ref in found.intents.items() if found.kept.get(seq) != ref]
        said = f"{len(found.intents)} acknowledged, {len(lost)} lost{_some(lost)}"
    return _line(what, "0 lost", said, well=not lost)


def _booked(found: Evidence) -> Line:
    what = "every execution is booked once"
    if found.executions is None and found.venue_why:
        return _unmeasured(what, found.venue_why)
    said, wrong = None, list[str]()
    if found.executions is not None and found.booked is not None:
        venue, ours = Counter(found.executions), Counter(found.booked)
        wrong = sorted({*(venue - ours), *(ours - venue)})
        said = f"{len(found.executions)} executions, {len(wrong)} wrong{_some(wrong)}"
    return _line(what, "0 wrong", said, well=not wrong)


def _limits(found: Evidence) -> Line:
    said, over = None, list[str]()
    if found.limits is not None:
        over = [f"{name} {part:.0%}" for name, part in found.limits.items() if part > 1]
        most = max(found.limits.values(), default=0.0)
        said = f"at most {most:.0%} of one is used, {len(over)} exceeded{_some(over)}"
    return _line("no limit is exceeded", "0 exceeded", said, well=not over)


def _times(wanted: Hypothesis, felt: Sequence[Recovery]) -> Iterator[Line]:
    yield _within("ready again", wanted.ready_within_s, [each.ready_s for each in felt])
    if wanted.trades_within_s is not None:
        yield _within("trades again", wanted.trades_within_s, [each.trades_s for each in felt])


def _within(what: str, bound_s: float, times: Sequence[float | None]) -> Line:
    seen = [each for each in times if each is not None]
    never = len(times) - len(seen)
    said = f"{max(seen):.1f} s at most, of {len(times)}" if seen else f"0 of {len(times)} strikes"
    said += f"; {never} not within its time" if never and seen else ""
    well = bool(seen) and not never and max(seen) <= bound_s
    return _line(f"{what} after each strike", f"within {bound_s:g} s", said, well=well)


def _restarts(wanted: Hypothesis, looks: Sequence[Look]) -> Iterator[Line]:
    if wanted.core_restarts_max is not None:
        many = max(0, processes(looks) - 1)
        most = wanted.core_restarts_max
        yield _line("the core was replaced", f"at most {most} times", f"{many} times",
                    well=many <= most)  # fmt: skip
    if wanted.actor_restarts_max is not None:
        known = [each.restarts for each in looks if each.restarts is not None]
        grown = sum(max(0, b - a) for a, b in pairwise(known))
        most = wanted.actor_restarts_max
        said = f"{grown} times" if known else None
        yield _line("actors were restarted", f"at most {most} times", said, well=grown <= most)


def _switch(wanted: Hypothesis, looks: Sequence[Look]) -> Line:
    what = "the kill switch is off at the end"
    if not wanted.switch:
        return _unmeasured(what, "the scenario does not ask for it")
    last = next((each for each in reversed(looks) if each.pid), None)
    said = None if last is None else ("; ".join(last.switches) or "off")
    return _line(what, "off", said, well=last is not None and not last.switches)


def _alerts(wanted: Hypothesis, found: Evidence) -> Line:
    said, other = None, list[str]()
    if found.alerts is not None:
        other = [
            each for each in found.alerts if each.partition(":")[0] not in wanted.critical_alerts
        ]
        said = f"{len(found.alerts)} critical, {len(other)} unexpected{_some(other)}"
    return _line("no unexpected critical alert", "0 unexpected", said, well=not other)


def _some(names: Sequence[str]) -> str:
    """Return the first few names, for a line."""
    return "".join(f"; {each}" for each in names[:5]) + ("; ..." if len(names) > 5 else "")
