"""Seeded mistakes in gate and switch: the tests must catch each. One exact text changes."""

from __future__ import annotations

from typing import Final

from tests.robotrader.risk.mutants_asked import OF_THE_BROKER
from tests.robotrader.risk.mutants_lately import OF_HABITS
from tests.supervision.mutants.mutant import Mutant

TESTS: Final = tuple(
    f"tests/robotrader/risk/test_{topic}.py"
    for topic in (
        "asked",
        "budgets",
        "exits",
        "gate",
        "heat",
        "lately",
        "limits",
        "switch",
        "machine",
        "passes",
        "same",
        "settling",
        "worst",
    )
)
_GATE = "robotrader/risk/gate.py"
_CASE = "robotrader/risk/case.py"
_CHECKS = "robotrader/risk/checks.py"
_PASSES = "robotrader/risk/passes.py"
_SIZES = "robotrader/risk/sizes.py"
_EXPOSURE = "robotrader/risk/exposure.py"
_LOSSES = "robotrader/risk/losses.py"
_WORST = "robotrader/risk/worst.py"
_SWITCH = "robotrader/risk/switch.py"
_TRIGGERS = "robotrader/risk/triggers.py"
_PAST = "robotrader/risk/past.py"
_LIMITS = "robotrader/risk/limits.py"
_MALFORMED = "robotrader/risk/malformed.py"

_OF_THE_GATE: Final = (
    Mutant(
        "nothing-is-held",
        _EXPOSURE,
        "return (*reserved, *working)",
        "return (*working,)",
        "approved orders do not count until they fill (F22)",
    ),
    Mutant(
        "strangers-do-not-count",
        _EXPOSURE,
        "return (*reserved, *working)",
        "return (*reserved,)",
        "orders of others do not count (F62)",
    ),
    Mutant(
        "groups-add-up",
        _EXPOSURE,
        "grouped[each.group] = max(each.qty, grouped.get(each.group, ZERO))",
        "grouped[each.group] = each.qty + grouped.get(each.group, ZERO)",
        "both legs of an OCA group count as if both could fill",
    ),
    Mutant(
        "sales-make-room",
        _EXPOSURE,
        "return max(abs(self.high), abs(self.low))",
        "return abs(self.high + self.low) / 2",
        "a pending sale makes room for a purchase (F62)",
    ),
    Mutant(
        "shorts-are-free",
        _EXPOSURE,
        "return max(abs(self.high), abs(self.low))",
        "return max(self.high, ZERO)",
        "short positions have no limit (F34)",
    ),
    Mutant(
        "lowest-price",
        _EXPOSURE,
        "return max(one, other)",
        "return min(one, other)",
        "positions are valued at the best price",
    ),
    Mutant(
        "exit-ignores-exits",
        _CASE,
        "return abs(self.position) - coming(firm, self.intent.con_id, self.sign)",
        "return abs(self.position)",
        "two exits close more than is held (F69)",
    ),
    Mutant(
        "exit-in-any-direction",
        _CASE,
        "self.opposes = bool(self.position) and (self.position > ZERO) is (sign < 0)",
        "self.opposes = bool(self.position)",
        "buying more is called an exit (F69)",
    ),
    Mutant(
        "exit-believed",
        _CHECKS,
        "if case.intent.purpose not in EXITS or case.reduces:",
        "if True:",
        "an exit that grows is only judged as an entry (F69)",
    ),
    Mutant(
        "exits-by-name",
        _CASE,
        "self.reduces = self.opposes and not intent.legs and intent.qty <= self.closable",
        'self.reduces = intent.purpose.value != "entry"',
        "whatever is called an exit passes (F69)",
    ),
    Mutant(
        "legs-are-no-risk",
        _CASE,
        "self.reduces = self.opposes and not intent.legs and intent.qty",
        "self.reduces = self.opposes and intent.qty",
        "an exit may open a position by its legs",
    ),
    Mutant(
        "exits-are-trapped",
        _PASSES,
        "        if case.reduces:\n",
        "        if case.reduces and False:\n",
        "the kill switch traps positions (F69)",
    ),
    Mutant(
        "entry-takes-exits-shares",
        _CHECKS,
        '    ("exit_pending", exit_pending),\n',
        "",
        "an entry takes the shares that a pending exit was to close (F69)",
    ),
    Mutant(
        "unknown-switch-passes",
        _CHECKS,
        '        return "the state of the kill switch is not known"',
        '        return ""',
        "an unknown switch lets pass (F63)",
    ),
    Mutant(
        "unknown-halts-pass",
        _CHECKS,
        '        return "which contracts are halted is not known"',
        '        return ""',
        "unknown halts let pass (F63)",
    ),
    Mutant(
        "unknown-loss-passes",
        _CHECKS,
        '    return "the day\'s profit is not known" if found is None else found',
        '    return found or ""',
        "an unknown loss lets pass (F63)",
    ),
    Mutant(
        "unknown-sector-is-another",
        _WORST,
        'for each in (name, "")]',
        "for each in (name,)]",
        "a position without a sector counts for none (F63)",
    ),
    Mutant(
        "orders-are-not-seen",
        _WORST,
        "            late.add(con_id)\n",
        "",
        "what was approved counts only after a price has moved",
    ),
    Mutant(
        "prices-are-not-seen",
        _WORST,
        "late.update((*self.rows, *quotes) if quoted is None else quoted)",
        "late.update(())",
        "a position is worth what it was when it was looked at first",
    ),
    Mutant(
        "quote-age-unchecked",
        _CHECKS,
        "if age_ns > case.limits.max_quote_age_ms * MS_NS:",
        "if age_ns > case.limits.max_quote_age_ms * MS_NS * 2:",
        "a quote twice as old passes (F54)",
    ),
    Mutant(
        "future-quotes",
        _CHECKS,
        "if -age_ns > case.limits.max_quote_lead_ms * MS_NS:",
        "if False:",
        "a quote of the future passes (F54)",
    ),
    Mutant(
        "crossed-quotes",
        _CHECKS,
        "(both or (is_price(bid) and is_price(ask))) and bid <= ask",
        "both or (is_price(bid) and is_price(ask))",
        "a crossed quote passes (F54)",
    ),
    Mutant(
        "at-the-limit-refused",
        _SIZES,
        'return "" if qty <= most else',
        'return "" if qty < most else',
        "what reaches its limit exactly is refused (F60)",
    ),
    Mutant(
        "weights-are-dollars",
        _SIZES,
        "most = case.limits.max_symbol_weight * (case.equity or ZERO)",
        "most = case.limits.max_symbol_weight",
        "a fraction is read as dollars (F60)",
    ),
    Mutant(
        "net-one-sided",
        _SIZES,
        "value = max(high, -low)",
        "value = high",
        "too much short passes",
    ),
    Mutant(
        "loss-beyond",
        _LOSSES,
        "if loss < most:",
        "if loss <= most:",
        "a loss at its limit passes (F60)",
    ),
    Mutant(
        "loosest-loss",
        _LOSSES,
        "most = min(most, limits.max_daily_loss_usd)",
        "most = max(most, limits.max_daily_loss_usd)",
        "the looser of two limits counts",
    ),
    Mutant(
        "over-released",
        _GATE,
        "if held is None or left is None or left < 0:",
        "if held is None or left is None:",
        "more is released than was held",
    ),
    Mutant(
        "released-at-once",
        _GATE,
        "        if held.qty:\n            self._over",
        "        if False:\n            self._over",
        "a partial fill releases the whole reservation (F22)",
    ),
    Mutant(
        "restart-forgets-day",
        _PAST,
        "DayRolled):\n            self.begin(record.day)",
        "DayRolled):\n            pass",
        "the orders of the day are counted from 0 after a restart (F23)",
    ),
    Mutant(
        "most-rounds-up",
        _GATE,
        "return instrument.size_step * passing",
        "return instrument.size_step * failing",
        "the largest quantity is one step too many (F64)",
    ),
    Mutant(
        "minute-of-an-hour",
        _PAST,
        "at_ns > since_ns for",
        "at_ns >= since_ns for",
        "an order of exactly a minute ago counts",
    ),
    Mutant(
        "dollars-as-fractions",
        _LIMITS,
        "if (getattr(self, name) or 0) > 1:",
        "if False:",
        "500 dollars are taken for a daily loss of 50,000 percent (F60)",
    ),
    Mutant(
        "hash-forgets-symbols",
        _LIMITS,
        'fields["allowed_symbols"] = sorted(self.allowed_symbols)',
        'fields["allowed_symbols"] = []',
        "other symbols, the same hash",
    ),
    Mutant(
        "nan-is-a-quantity",
        _MALFORMED,
        '        return f"its {what} is {value}"\n    return "" if value > ZERO',
        '        return ""\n    return "" if value > ZERO',
        "what is no number passes (F61)",
    ),
    Mutant(
        "unneeded-price-believed",
        _MALFORMED,
        "        if not limited and kind is not OrderType.RELATIVE:\n",
        "        if False:\n",
        "a market order is valued at a limit that it does not have",
    ),
)

_OF_THE_SWITCH: Final = (
    Mutant(
        "switch-lowers",
        _SWITCH,
        "        if old.level >= level:\n            return self\n",
        "",
        "a lower trip lowers the switch",
    ),
    Mutant(
        "unreadable-is-off",
        _SWITCH,
        "            level, scope, trigger = Level.REDUCE, ALL, Trigger.UNREADABLE\n",
        "            return self\n",
        "a trip that cannot be read is none (F65)",
    ),
    Mutant(
        "loss-clears-itself",
        _SWITCH,
        "not (person or _ends_with_its_reason(trip))",
        "False",
        "nobody clears a loss (F67)",
    ),
    Mutant(
        "clear-without-reason",
        _SWITCH,
        "        if person and not record.why.strip():\n            return self\n",
        "",
        "a person clears without saying why (F67)",
    ),
    Mutant(
        "clear-everything",
        _SWITCH,
        "        if scope == ALL and record.scope != ALL:\n            return self",
        "        if False:\n            return self",
        "a clear of an unreadable scope clears everything",
    ),
    Mutant(
        "clear-all-scopes",
        _SWITCH,
        "if trip.scope != scope or not",
        "if not",
        "resuming one symbol resumes all (F73)",
    ),
    Mutant(
        "symbol-stops-all",
        _SWITCH,
        "if trip.scope in scopes)",
        "if trip.scope)",
        "a stopped symbol stops everything (F73)",
    ),
    Mutant(
        "stops-cancelled-early",
        _SWITCH,
        "Working.PROTECTS: Level.FLATTEN",
        "Working.PROTECTS: Level.CANCEL",
        "an emergency takes the stops of open positions (F70)",
    ),
    Mutant(
        "restart-window-alarms",
        _TRIGGERS,
        "frozenset({LinkState.READY, LinkState.RESTART_WINDOW})",
        "frozenset({LinkState.READY})",
        "the nightly restart trips the switch (F18)",
    ),
    Mutant(
        "one-reject-fewer",
        _TRIGGERS,
        "if count <= rules.max_rejects:",
        "if count < rules.max_rejects:",
        "the storm begins one order early",
    ),
    Mutant(
        "stale-without-data",
        _TRIGGERS,
        "if heard_ns is None or now_ns",
        "if heard_ns is not None and now_ns",
        "a symbol whose data never came is fresh",
    ),
    Mutant(
        "skew-one-sided",
        _TRIGGERS,
        "abs(signs.skew_ns) <=",
        "signs.skew_ns <=",
        "a clock that is behind is right",
    ),
    Mutant(
        "nameless-is-nothing",
        _TRIGGERS,
        'return f"symbol:{symbol}" if symbol else ALL',
        'return f"symbol:{symbol}"',
        "a contract without a name stops a symbol called None",
    ),
    Mutant(
        "heals-while-syncing",
        _TRIGGERS,
        "ready = signs.link is LinkState.READY",
        "ready = signs.link is not LinkState.DOWN",
        "trading resumes before orders are reconciled (I8)",
    ),
)

MUTANTS: Final = (*_OF_THE_GATE, *_OF_THE_SWITCH, *OF_HABITS, *OF_THE_BROKER)
