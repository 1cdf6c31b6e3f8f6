"""Seeded mistakes in the ledger: the tests must catch each. One exact text in one file changes."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

TESTS: Final = ("tests/robotrader/ledger",)
_LOTS = "robotrader/ledger/lots.py"
_LEDGER = "robotrader/ledger/ledger.py"
_HISTORY = "robotrader/ledger/history.py"
_MONEY = "robotrader/ledger/money.py"
_PROJECT = "robotrader/ledger/project.py"
_VIEW = "robotrader/ledger/view.py"
_ROWS = "robotrader/ledger/rows.py"

MUTANTS: Final = (
    Mutant(
        "last-in-first-out",
        _LOTS,
        "lot, rest = _split(held[0], size)",
        "held.reverse()\n        lot, rest = _split(held[0], size)",
        "the newest lot is closed first (F38)",
    ),
    Mutant(
        "closer-earns",
        _LOTS,
        "realized[name] = realized.get(name, ZERO) + close.gain",
        "realized[trade.strategy] = realized.get(trade.strategy, ZERO) + close.gain",
        "profit goes to the strategy that closed, not to the one that opened",
    ),
    Mutant(
        "opening-fee-forgotten",
        _LOTS,
        "- lot.fees - paid",
        "- paid",
        "the commission of the opening trade is never realized (F38)",
    ),
    Mutant(
        "closing-fee-forgotten",
        _LOTS,
        "- lot.fees - paid",
        "- lot.fees",
        "the commission of the closing trade is never realized (F38)",
    ),
    Mutant(
        "bust-is-free",
        _LOTS,
        "    elif found.unspent:  # a",
        "    elif False:  # a",
        "what a fill cost that was taken back is lost",
    ),
    Mutant(
        "adoption-earns",
        _LOTS,
        "        if trade.adopts:\n            adopted -= close.lot.cost",
        "        if False:\n            adopted -= close.lot.cost",
        "a position that is adopted away is taken for a sale",
    ),
    Mutant(
        "adoption-costs-nothing",
        _LOTS,
        "adopted += found.opened.cost if trade.adopts else ZERO",
        "adopted += ZERO",
        "what was adopted is taken for profit",
    ),
    Mutant(
        "adoption-pays",
        _LOTS,
        "return ZERO if self.adopts else self.qty",
        "return self.qty",
        "an adoption moves cash",
    ),
    Mutant(
        "old-revision-wins",
        _LOTS,
        "if revision <= self.revision:",
        "if False:",
        "an older correction that comes late replaces a newer one",
    ),
    Mutant(
        "part-of-fee-lost",
        _LOTS,
        "fees=lot.fees - fees)",
        "fees=lot.fees)",
        "a split lot keeps its whole commission (I11)",
    ),
    Mutant(
        "duplicates-count",
        _LEDGER,
        "if record.family in self._places or record.family in self._elsewhere:",
        "if record.family in self._elsewhere:",
        "a fill that comes twice is booked twice (F40)",
    ),
    Mutant(
        "other-accounts-count",
        _LEDGER,
        "        if record.account != self.account:\n            self._elsewhere",
        "        if False:\n            self._elsewhere",
        "a fill of another account is booked",
    ),
    Mutant(
        "early-forgotten",
        _LEDGER,
        "        trade = trade.charged(early.commission_revision, early.commission)\n",
        "",
        "a commission that came before its fill is lost",
    ),
    Mutant(
        "early-correction-forgotten",
        _LEDGER,
        "        trade = trade.corrected(early.revision, early.size, early.price * multiplier)\n",
        "",
        "a correction that came before its fill is lost",
    ),
    Mutant(
        "multiplier-forgotten",
        _LEDGER,
        "unit=price * multiplier",
        "unit=price",
        "an option costs a hundredth",
    ),
    Mutant(
        "cash-counts-trades-twice",
        _LEDGER,
        "self._granted = cash + self._outlay",
        "self._granted = cash",
        "adopted cash is what the account began with",
    ),
    Mutant(
        "days-begin-again",
        _LEDGER,
        "day <= self._days[-1].day",
        "False",
        "a restart in the middle of the day begins the day anew (F44)",
    ),
    Mutant(
        "oldest-days",
        _LEDGER,
        "tuple(self._days[-newest:])",
        "tuple(self._days[:newest])",
        "the oldest days are shown, not the newest (F48)",
    ),
    Mutant(
        "correction-pays-nothing",
        _LEDGER,
        "new.outlay - old.outlay, new.fees",
        "new.outlay - new.outlay, new.fees",
        "a correction changes the lots and not the cash (F38)",
    ),
    Mutant(
        "unknown-contract-is-known",
        _LEDGER,
        'self._doubt(f"contract {con_id} is not known: its multiplier was taken for 1")',
        "pass",
        "equity is shown although a multiplier was guessed (F47)",
    ),
    Mutant(
        "euros-are-dollars",
        _LEDGER,
        '        if record.currency != self.currency:\n            self._doubt(f"a commission',
        '        if False:\n            self._doubt(f"a commission',
        "a commission in euros is booked in dollars",
    ),
    Mutant(
        "checkpoints-of-the-old-base",
        _HISTORY,
        "        self.trades, self._settled = self.trades[count:], end  #",
        "        self.trades = self.trades[count:]  #",
        "settling counts old trades twice or not at all",
    ),
    Mutant(
        "stale-checkpoints",
        _HISTORY,
        "        for later in [each for each in self._points if each > start]:\n"
        "            del self._points[later]\n",
        "",
        "after a correction far back, later ones begin from a fold without it",
    ),
    Mutant(
        "settled-too-early",
        _HISTORY,
        "rolled < before",
        "rolled < before + 9",
        "a fill of yesterday cannot be corrected",
    ),
    Mutant(
        "zero-is-a-price",
        _MONEY,
        "if not 0 < price < math.inf:",
        "if not 0 <= price < math.inf:",
        "a price of 0 is believed (F47)",
    ),
    Mutant(
        "money-may-be-anything",
        _MONEY,
        "if isinstance(known, Decimal) and known.is_finite()",
        "if known is not None and Decimal(known).is_finite()",
        "floats become money (F41)",
    ),
    Mutant(
        "unknown-is-nothing",
        _VIEW,
        "        if each is None:\n            return None\n",
        "        if each is None:\n            continue\n",
        "what has no price counts as worthless (F47)",
    ),
    Mutant(
        "doubts-ignored",
        _PROJECT,
        "equity = None if doubts else total((cash, added.value))",
        "equity = total((cash, added.value))",
        "equity is shown in spite of doubts (F47)",
    ),
    Mutant(
        "adopted-is-daily-profit",
        _PROJECT,
        "return day.equity + capital - day.capital",
        "return day.equity",
        "what was adopted today is today's profit (F44)",
    ),
    Mutant(
        "a-new-day-forgives",
        _LEDGER,
        "self._best = gained if self._best is None else max(self._best, gained)",
        "self._best = gained",
        "the drawdown begins anew every day",
    ),
    Mutant(
        "short-cost-unsigned",
        _ROWS,
        "value = booked.qty * price * multiplier",
        "value = abs(booked.qty) * price * multiplier",
        "a short is worth something (F34)",
    ),
)
