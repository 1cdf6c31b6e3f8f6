"""Seeded mistakes in what was done lately, in how a contract is traded and in what is kept."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_LOSSES = "robotrader/risk/losses.py"
_SWITCH = "robotrader/risk/switch.py"
_PAST = "robotrader/risk/past.py"
_CHECKS = "robotrader/risk/checks.py"
_LATELY = "robotrader/risk/lately.py"
_TRADED = "robotrader/risk/traded.py"
_CASE = "robotrader/risk/case.py"
_PASSES = "robotrader/risk/passes.py"
_GATE = "robotrader/risk/gate.py"
OF_HABITS: Final = (
    Mutant(
        "passes-outlive-their-limits",
        _PASSES,
        "        self._contracts.clear()\n",
        "",
        "what a looser limit let pass is not looked at by a tighter one",
    ),
    Mutant(
        "a-tripped-switch-is-not-seen",
        _PASSES,
        "account = (view.link, switch, whose,",
        "account = (view.link, whose,",
        "what passed before the kill switch tripped passes after it (F65)",
    ),
    Mutant(
        "what-passed-does-not-count",
        _GATE,
        "        if self._passed is not None:\n",
        "        if False:\n",
        "an entry that has just passed is in no sum (F22)",
    ),
    Mutant(
        "sleeping-legs-protect",
        _CASE,
        "        if stop:\n",
        "        if stop and False:\n",
        "what is held gets no stop while an entry works that brings one (F74)",
    ),
    Mutant(
        "streak-one-late",
        _LOSSES,
        "count < limits.max_losses_row",
        "count <= limits.max_losses_row",
        "one loss more than the limit passes (F66)",
    ),
    Mutant(
        "streak-never-forgiven",
        _LOSSES,
        "at_ns > forgiven_ns",
        "at_ns > 0",
        "a person cannot end a streak (F67)",
    ),
    Mutant(
        "machines-forgive",
        _SWITCH,
        "is not None and person",
        "is not None",
        "a streak is forgiven by nobody (F67)",
    ),
    Mutant(
        "position-loss-one-late",
        _LOSSES,
        "if -held.unrealized < limit:",
        "if -held.unrealized <= limit:",
        "a position's loss at its limit passes (F66)",
    ),
    Mutant(
        "cancels-at-the-limit",
        _LATELY,
        "if case.past.cancels <= most * entries:",
        "if case.past.cancels < most * entries:",
        "a ratio at its limit is refused",
    ),
    Mutant(
        "exits-are-entries",
        _PAST,
        "if not record.parent_ref and not record.reduces:",
        "if not record.parent_ref:",
        "a stop that was cancelled counts as an entry",
    ),
    Mutant(
        "rest-one-late",
        _LATELY,
        "case.now_ns - at_ns >= case.limits",
        "case.now_ns - at_ns > case.limits",
        "a rest is a nanosecond longer than it is said to be",
    ),
    Mutant(
        "volume-unknown-passes",
        _TRADED,
        'return f"the daily volume of {case.intent.symbol} is not known"',
        'return ""',
        "an order in what has no known volume passes (F63)",
    ),
    Mutant(
        "volatility-unknown-passes",
        _TRADED,
        'return f"the volatility of {case.intent.symbol} is not known"',
        'return ""',
        "an order in what has no known past passes (F63)",
    ),
    Mutant(
        "volume-at-the-limit",
        _TRADED,
        "if case.intent.qty <= limit:",
        "if case.intent.qty < limit:",
        "an order of exactly the share is refused",
    ),
    Mutant(
        "restricted-passes",
        _CHECKS,
        "if case.intent.symbol not in case.limits.restricted_symbols:",
        "if True:",
        "the list is not looked at",
    ),
)
