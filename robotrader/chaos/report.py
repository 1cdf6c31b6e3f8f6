"""The report of a chaos run: one struct, which is its JSON, and the Markdown made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.chaos.verdict import Line
from robotrader.chaos.watch import Recovery, quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MANY: Final = 100
"""Strikes from which on a 99th percentile says something."""


class Moment(msgspec.Struct, frozen=True):
    """Something that happened ``at_s`` seconds after the begin."""

    at_s: float
    what: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did and what it found; times in seconds, moments in UTC."""

    scenario: str
    title: str
    began: str
    mode: str
    account: str
    version: str
    config_hash: str
    holds: bool
    stopped: str = ""
    """Why it ended before its time."""

    blast: tuple[str, ...]
    lines: tuple[Line, ...]
    recoveries: tuple[Recovery, ...]
    looks: int
    lasted_s: float
    refused: tuple[str, ...] = ()
    """Strikes that could not be made, and why."""

    moments: tuple[Moment, ...] = ()
    """What was done and what was seen to change, in its order."""


def markdown(report: Report) -> str:
    """Return the report for people."""
    return "\n".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    word = "HOLDS" if report.holds else "FAILED"
    yield f"# Chaos: {report.scenario}: {word}"
    yield ""
    yield f"{report.title}."
    yield from ("", *(f"- {each}" for each in _summary(report)))
    yield from _listed("Blast radius, as announced", report.blast)
    yield from _listed("Strikes that were not made", report.refused)
    yield from _verdict(report.lines)
    yield from _felt(report.recoveries)
    yield from _listed("What happened", [f"{each.at_s:.1f} s: {each.what}" for each in
                                         report.moments])  # fmt: skip


def _summary(report: Report) -> Iterator[str]:
    """Yield what somebody wants to know who reads no further."""
    if report.stopped:
        yield f"**It was stopped early: {report.stopped}.**"
    judged = [line for line in report.lines if line.holds is not None]
    wrong = [line for line in judged if not line.holds]
    held = f"{len(judged) - len(wrong)} of {len(judged)} promises hold"
    many = len(report.recoveries)
    yield f"{many} {'strike' if many == 1 else 'strikes'}; {held}"
    for line in wrong:
        yield f"**broken: {line.what}: wanted {line.wanted}, measured {line.measured}**"
    slow = max(report.recoveries, key=lambda each: each.ready_s or 0.0, default=None)
    if slow is not None and slow.ready_s:
        after = f"{slow.what} at {slow.at_s:.1f} s"
        yield f"longest until ready again: {slow.ready_s:.1f} s, after {after}"
    yield f"began {report.began}, lasted {report.lasted_s:.0f} s, looked at {report.looks} times"
    yield (
        f"mode {report.mode}, account {report.account}, build {report.version}, "
        f"configuration {report.config_hash[:12]}"
    )


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"## {title}", "", *(f"- {each}" for each in lines))


def _verdict(lines: Sequence[Line]) -> Iterator[str]:
    yield from ("", "## Verdict", "", "| what had to hold | wanted | measured | holds |")
    yield "|---|---|---|---|"
    words = {True: "yes", False: "**no**", None: "-"}
    for line in lines:
        cells = (line.what, line.wanted, line.measured, words[line.holds])
        yield "| " + " | ".join(_cell(each) for each in cells) + " |"


def _felt(recoveries: Sequence[Recovery]) -> Iterator[str]:
    yield from ("", "## Recovery", "")
    yield "Seconds after each strike until it was felt, until a process answered, was connected and"
    yield "reconciled, and decided its next order; the time that it was broken is part of them."
    yield "A dash: not felt, or not seen before the next strike or the end of the run."
    yield ""
    yield "| at | strike | broken | noticed | answers | ready | trades |"
    yield "|---|---|---|---|---|---|---|"
    for each in recoveries:
        times = (each.noticed_s, each.answers_s, each.ready_s, each.trades_s)
        shown = " | ".join(_seconds(time) for time in (each.broken_s or None, *times))
        yield f"| {each.at_s:.1f} | {_cell(each.what)} | {shown} |"
    # Of fewer than a hundred the 99th percentile would be the longest under another name.
    worst = (0.99, "p99") if len(recoveries) >= _MANY else (1.0, "longest")
    for share, name in ((0.5, "p50"), worst):
        shown = " | ".join(_seconds(each) for each in _quantiles(recoveries, share))
        yield f"| {name} | | | {shown} |"


def _quantiles(recoveries: Sequence[Recovery], share: float) -> Iterator[float | None]:
    for name in ("noticed_s", "answers_s", "ready_s", "trades_s"):
        values = [getattr(each, name) for each in recoveries]
        yield quantile([each for each in values if each is not None], share)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _cell(text: str) -> str:
    """Return a text that breaks no table."""
    return text.replace("|", "\\|").replace("\n", " ")
