"""Seeded mistakes in what is lost at stops and in what only the broker can say."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_HEAT = "robotrader/risk/heat.py"
_ASKED = "robotrader/risk/asked.py"
_EXPOSURE = "robotrader/risk/exposure.py"
_ONWAY = "robotrader/risk/onway.py"
_LOG = "robotrader/ledger/log.py"
OF_THE_BROKER: Final = (
    Mutant(
        "heat-at-the-limit",
        _HEAT,
        "    if lost <= most:\n",
        "    if lost < most:\n",
        "heat at its limit is refused",
    ),
    Mutant(
        "heat-never-looked-at",
        _HEAT,
        "    if part is None:\n",
        "    if True:\n",
        "nothing limits what the stops lose",
    ),
    Mutant(
        "stops-gain",
        _HEAT,
        "return max(away, ZERO)",
        "return away",
        "a stop behind the price makes room for another position",
    ),
    Mutant(
        "nearest-stop-first",
        _HEAT,
        "sorted(_stops(own, price, sign), reverse=True)",
        "sorted(_stops(own, price, sign))",
        "of more stops than shares the nearest count",
    ),
    Mutant(
        "bare-is-free",
        _HEAT,
        "    return lost + left * top * bare\n",
        "    return lost\n",
        "a position without a stop loses nothing (F63)",
    ),
    Mutant(
        "grouped-stops-add-up",
        _HEAT,
        "(max(loss, known[0]), min(qty, known[1]))",
        "(max(loss, known[0]), qty + known[1])",
        "two stops of a group protect twice",
    ),
    Mutant(
        "a-leg-counts-twice",
        _EXPOSURE,
        "stop=None if its_stop_works and not each.yields else each.stop,",
        "stop=each.stop,",
        "an entry's stop protects other shares too once it works",
    ),
    Mutant(
        "clock-one-late",
        _ASKED,
        "    if abs(skew_ns) <= most * MS_NS:\n",
        "    if abs(skew_ns) <= (most + 1) * MS_NS:\n",
        "a clock beyond the limit passes",
    ),
    Mutant(
        "clock-unknown-passes",
        _ASKED,
        '        return "how far our clock is from the broker\'s is not known"\n',
        '        return ""\n',
        "a clock that was never compared passes (F63)",
    ),
    Mutant(
        "borrowed-again",
        _ASKED,
        "needed = max(-case.after.each.low, ZERO) - max(-case.position, ZERO)",
        "needed = max(-case.after.each.low, ZERO)",
        "what was borrowed already has to be there a second time",
    ),
    Mutant(
        "borrow-unknown-passes",
        _ASKED,
        '        return f"whether shares of {symbol} can be borrowed is not known"\n',
        '        return ""\n',
        "a short sale passes without a figure (F63)",
    ),
    Mutant(
        "borrow-one-more",
        _ASKED,
        "needed <= shares:\n",
        "needed <= shares + 1:\n",
        "one share more than there are is sold short",
    ),
    Mutant(
        "margin-one-late",
        _ASKED,
        "    if said.initial > most:\n",
        "    if said.initial > most + 1:\n",
        "a margin above equity passes",
    ),
    Mutant(
        "maintenance-not-looked-at",
        _ASKED,
        "    if said.maintenance > said.equity:\n",
        "    if False:\n",
        "an order that is called at once passes",
    ),
    Mutant(
        "margin-never-old",
        _ASKED,
        "case.now_ns - said.at_ns > case.limits.margin_age_ms * MS_NS",
        "False",
        "an answer about another account's state counts for ever",
    ),
    Mutant(
        "quotes-forget-early",
        _LOG,
        "        if place < self._begin:\n            return None\n",
        "",
        "prices that were new long ago are taken for looked at",
    ),
    Mutant(
        "budget-of-one-order",
        _ONWAY,
        "found[name] = found.get(name, ZERO) + each.qty",
        "found[name] = each.qty",
        "of a strategy's orders in a contract one counts (F62)",
    ),
)
