"""Daily prices of one instrument, and where they come from.

Nothing that was made up can be taken for real: whoever gets prices gets their ``Provenance`` with
them, and everything that is expanded from daily prices carries the label ``SYNTHETIC``.
"""

from __future__ import annotations

from datetime import date

import msgspec

from robotrader.domain import Instrument

SYNTHETIC = "synthetic intraday prices"


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where prices come from, under which terms, and what was done to them."""

    source: str
    licence: str
    first: date
    last: date
    labels: tuple[str, ...] = ()

    def labelled(self, label: str) -> Provenance:
        """Return the same with one more label."""
        return msgspec.structs.replace(self, labels=(*self.labels, label))

    def __str__(self) -> str:
        said = ", ".join((f"{self.first} to {self.last}", *self.labels))
        return f"{self.source} ({self.licence}): {said}"


class Daily(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One day's prices in the instrument's currency, and its volume in shares."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Series(msgspec.Struct, frozen=True):
    """An instrument's days in order, none twice."""

    instrument: Instrument
    days: tuple[Daily, ...]
    provenance: Provenance
