"""The record types that a journal of robotrader holds."""

from __future__ import annotations

from typing import Final

from robotrader.domain.records import TYPE_IDS
from robotrader.journal import Catalogue, Kind

CATALOGUE: Final = Catalogue(Kind(type_id, struct) for type_id, struct in TYPE_IDS.items())
