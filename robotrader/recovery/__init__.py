"""Recovery: every fold of the journal as one snapshot, so that a start reads only what came after.

Pure. A snapshot is a cache and never the truth: what cannot be used of it is set aside with a
reason, and the records are folded instead; ``fold(records[:n]) == snapshot(n)`` is proven by
``robotrader journal verify``, by the tests, for any records and any ``n``.
"""

from robotrader.recovery.catalogue import CATALOGUE, index_rows
from robotrader.recovery.folds import Base, Folds, Holder, base_of, holder_of, pieces, read
from robotrader.recovery.ledger_rows import from_rows, to_rows
from robotrader.recovery.parts import (
    BOOK,
    GATE,
    LEDGER,
    PARTS,
    STANDINGS,
    STRATEGIES,
    SWITCH,
    TRADES,
    Part,
    form,
    join,
    split,
)
from robotrader.recovery.proof import Proof, prove
from robotrader.recovery.remembered import Remembered

__all__ = [
    "BOOK",
    "CATALOGUE",
    "GATE",
    "LEDGER",
    "PARTS",
    "STANDINGS",
    "STRATEGIES",
    "SWITCH",
    "TRADES",
    "Base",
    "Folds",
    "Holder",
    "Part",
    "Proof",
    "Remembered",
    "base_of",
    "form",
    "from_rows",
    "holder_of",
    "index_rows",
    "join",
    "pieces",
    "prove",
    "read",
    "split",
    "to_rows",
]
