"""Seeded mistakes in what the account has: fills, positions, cash, commissions."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACTOR = "actors/account.py"
_BOOK = "robotrader/execution/book.py"
_LEDGER = "robotrader/ledger/ledger.py"
_LOTS = "robotrader/ledger/lots.py"
_ORDERS = "actors/orders.py"

ACCOUNTS: Final = (
    Mutant(
        "commission-counts-twice",
        _LEDGER,
        "        self._outlay += outlay\n",
        "        self._outlay += outlay + commission\n",
        "cash pays every commission twice (I11)",
    ),
    Mutant(
        "corrected-commission-is-added",
        _LOTS,
        "        return msgspec.structs.replace(self, fees_revision=revision, fees=fees)",
        "        return msgspec.structs.replace(\n"
        "            self, fees_revision=revision, fees=fees + self.fees\n        )",
        "a commission that is said again is paid again (I11)",
    ),
    Mutant(
        "early-commission-is-lost",
        _LEDGER,
        "        trade = trade.charged(early.commission_revision, early.commission)\n",
        "",
        "a commission that came before its fill is not paid (I11)",
    ),
    Mutant(
        "commission-of-others-only",
        _LEDGER,
        "        if record.family in self._elsewhere:\n"
        "            return\n        if record.currency",
        "        if record.family not in self._elsewhere:\n            return\n"
        "        if record.currency",
        "no commission is paid (I11)",
    ),
    Mutant(
        "position-has-the-wrong-sign",
        _BOOK,
        "        self._move_position(where, change)\n        self.identities",
        "        self._move_position(where, record.qty)\n        self.identities",
        "a sale adds to the position (I3)",
    ),
    Mutant(
        "ledger-has-the-wrong-sign",
        _LOTS,
        "        return self.size * self.sign\n",
        "        return self.size\n",
        "a sale is a purchase in the ledger (I3)",
    ),
    Mutant(
        "correction-keeps-the-cash",
        _LEDGER,
        "        self._pay(new.strategy, new.outlay - old.outlay, new.fees - old.fees)",
        "        self._pay(new.strategy, ZERO, new.fees - old.fees)",
        "a corrected fill costs what it did before (row 20)",
    ),
    Mutant(
        "correction-is-another-trade",
        _LEDGER,
        "        self._histories[con_id].replace(new)\n",
        "        self._histories[con_id].add(new)\n",
        "a corrected fill is held twice (row 20)",
    ),
    Mutant(
        "older-correction-counts",
        _LOTS,
        "        if revision <= self.revision:\n            return self\n",
        "        if revision == self.revision:\n            return self\n",
        "an older revision replaces a newer one (O7)",
    ),
    Mutant(
        "cash-forgets-what-was-traded",
        _LEDGER,
        "        self._granted = cash + self._outlay",
        "        self._granted = cash",
        "cash that is adopted late is wrong by what was traded before (I11)",
    ),
    Mutant(
        "refused-cash-is-forgotten",
        _ACTOR,
        "            self._adopting = self._rolling = False  # the next",
        "            self._rolling = False  # the next",
        "an account whose first cash met a full disk never has any (row 39)",
    ),
    Mutant(
        "refused-day-is-forgotten",
        _ACTOR,
        "            self._adopting = self._rolling = False  # the next",
        "            self._adopting = False  # the next",
        "a day whose start met a full disk never begins (row 39)",
    ),
    Mutant(
        "account-forgets-the-snapshot",
        _ACTOR,
        "        state = None if rows is None else from_rows(rows)\n",
        "        state = None\n",
        "an account that begins with a snapshot has only what came after it",
    ),
    Mutant(
        "account-does-not-follow",
        _ACTOR,
        "            self.ledger.apply(record)\n",
        "            if not self._ready:\n                self.ledger.apply(record)\n",
        "the ledger has what was before its start only",
    ),
    Mutant(
        "fill-is-folded-twice",
        _ORDERS,
        "    rec.FillBooked, rec.FillCorrected, rec.CommissionBooked, ",
        "    rec.FillCorrected, rec.CommissionBooked, ",
        "a fill counts at its commit and again when the journal tells it (I3)",
    ),
    Mutant(
        "records-of-others-are-not-followed",
        _ORDERS,
        "        for _, record in message.records:\n            self.manager.replay(record)\n\n"
        "    def _count",
        "        for _, record in message.records:\n            self.manager.order(record)\n\n"
        "    def _count",
        "what others recorded is not believed before the next start (I12)",
    ),
    Mutant(
        "part-fills-do-not-add",
        _BOOK,
        "            order.seen += record.qty\n",
        "            order.seen = record.qty\n",
        "the second part of a fill replaces the first (I2)",
    ),
    Mutant(
        "strategies-holdings-are-mixed-up",
        _BOOK,
        "            self._hold(name, record.con_id, part)\n",
        "            self._hold(name, record.con_id, abs(part))\n",
        "a strategy that has sold still holds (F74)",
    ),
)
