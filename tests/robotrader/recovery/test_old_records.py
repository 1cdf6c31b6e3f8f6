"""Journals of older and newer releases are read for ever, and are never rewritten (F50).

There is no migration that could be interrupted: old bytes stay as they are and are read as the
newest form. The golden files are what releases wrote; lines are added to them and none is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain import Instrument
from robotrader.domain import records as rec
from robotrader.journal import Entry, Frame
from robotrader.ledger import Ledger
from robotrader.recovery import CATALOGUE

GOLDEN = Path(__file__).parent / "golden"
AAPL = 265598
ROWS = 62


def lines(name: str) -> Iterator[list[str]]:
    for line in (GOLDEN / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split(" ", 3)


def frame(type_id: str, version: str, payload: str) -> Frame:
    return Frame(int(type_id), int(version), 1, 1, 1, 1, bytes(16), bytes.fromhex(payload))


@pytest.mark.parametrize(
    ("type_id", "version", "payload", "says"),
    list(lines("records_1.txt")),
    ids=lambda each: each[:8],
)
def test_f50_a_record_that_a_release_wrote_is_read_for_ever(
    type_id: str, version: str, payload: str, says: str
) -> None:
    read = CATALOGUE.decode(frame(type_id, version, payload))
    assert type(read) is rec.TYPE_IDS[int(type_id)]
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(read))
    assert fields.items() >= msgspec.json.decode(says).items(), "all that was written is there"


def test_f50_every_type_has_a_line_with_all_of_its_fields() -> None:
    """A field is added by adding a line; a type without one would be read by luck."""
    fields: dict[int, set[str]] = {}
    for type_id, _, _, says in lines("records_1.txt"):
        fields.setdefault(int(type_id), set()).update(msgspec.json.decode(says))
    assert fields == {kind.type_id: set(kind.struct.__struct_fields__) for kind in CATALOGUE.kinds}


def life(ahead: bool = False) -> list[Entry]:
    """The golden journal; ``ahead``: as the next release could have written it."""
    entries = []
    for type_id, version, payload in lines("life_1.txt"):
        data = bytes.fromhex(payload)
        if ahead:
            data = msgspec.msgpack.encode(msgspec.msgpack.decode(data) | {"field_to_come": [1, 2]})
        entries.append(Entry(int(type_id), int(version) + ahead, data))
    return entries


def written(path: Path, *, ahead: bool = False) -> list[Frame]:
    store = LmdbStore(path, ballast_bytes=0)
    store.append(life(ahead))
    store.close()
    assert journal_tools.verify(path).problems == ()
    return list(journal_tools.read(path))


def sums(frames: list[Frame]) -> tuple[Decimal | None, Decimal, Decimal, int]:
    instruments = (Instrument(con_id=AAPL, symbol="AAPL"),)
    ledger, fills = Ledger("DU1234567", instruments), 0
    for each in frames:
        record = CATALOGUE.decode(each)
        fills += isinstance(record, rec.FillBooked)
        ledger.apply(record)
    view = ledger.view({})
    return view.cash, view.commissions, view.realized, fills


@pytest.mark.parametrize("ahead", [False, True], ids=["up", "down"])
def test_f50_rows_and_sums_of_another_releases_journal_are_the_same(
    tmp_path: Path, ahead: bool
) -> None:
    frames = written(tmp_path / "journal", ahead=ahead)
    assert len(frames) == ROWS
    assert sums(frames) == (Decimal(999_990), Decimal(10), Decimal(-10), 10)


def test_f50_reading_changes_no_byte_so_that_there_is_nothing_to_interrupt(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    before = written(path)
    assert [each.payload for each in before] == [each.payload for each in life()]
    store = LmdbStore(path, ballast_bytes=0)
    store.append([Entry(*CATALOGUE.encode(rec.DayRolled(day="2027-01-04", equity=Decimal(1))))])
    store.close()
    assert list(journal_tools.read(path))[:ROWS] == before
