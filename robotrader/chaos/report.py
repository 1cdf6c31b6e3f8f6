"""The report of a chaos run: one struct, which is its JSON, and the Markdown made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.chaos.verdict import Line
from robotrader.chaos.watch import Recovery, quantile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


def markdown(report: Report) -> str:
    """Return the report for people."""
    return "\n".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    word = "HOLDS" if report.holds else "FAILED"
    yield f"# Chaos: {report.scenario}: {word}"
    yield ""
    yield f"{report.title}. {report.began}, {report.lasted_s:.0f} s, {report.looks} looks; "
    yield f"mode {report.mode}, account {report.account}, build {report.version}, "
    yield f"configuration {report.config_hash[:12]}."
    if report.stopped:
        yield ""
        yield f"**It was stopped early: {report.stopped}.**"
    yield from _listed("Blast radius, as announced", report.blast)
    yield from _listed("Strikes that were not made", report.refused)
    yield from _verdict(report.lines)
    yield from _felt(report.recoveries)


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
    yield "Seconds after each strike; a dash: not seen before the next strike, or not felt."
    yield ""
    yield "| at | strike | noticed | answers | ready | trades |"
    yield "|---|---|---|---|---|---|"
    for each in recoveries:
        times = (each.noticed_s, each.answers_s, each.ready_s, each.trades_s)
        shown = " | ".join(_seconds(time) for time in times)
        yield f"| {each.at_s:.1f} | {_cell(each.what)} | {shown} |"
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        shown = " | ".join(_seconds(each) for each in _quantiles(recoveries, share))
        yield f"| {name} | | {shown} |"


def _quantiles(recoveries: Sequence[Recovery], share: float) -> Iterator[float | None]:
    for name in ("noticed_s", "answers_s", "ready_s", "trades_s"):
        values = [getattr(each, name) for each in recoveries]
        yield quantile([each for each in values if each is not None], share)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _cell(text: str) -> str:
    """Return a text that breaks no table."""
    return text.replace("|", "\\|").replace("\n", " ")
