"""What a seeded mistake is."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One mistake: where, what becomes what, and what that breaks (the case in brackets)."""

    id: str
    file: str
    old: str
    new: str
    breaks: str
