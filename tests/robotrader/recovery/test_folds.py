"""A snapshot and the records behind it give what all records give, to the last digit."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import records as rec
from robotrader.journal import CorruptJournal, Entry, MemoryDisk, MemoryStore, Tip
from robotrader.journal.snapshots import Pieces
from robotrader.recovery import (
    CATALOGUE,
    PARTS,
    Folds,
    Holder,
    base_of,
    form,
    holder_of,
    join,
    parts,
    pieces,
    read,
    split,
)
from tests.robotrader.recovery import kit

seeds = st.integers(0, 39)


@settings(deadline=None, max_examples=40)
@given(seed=seeds, place=st.floats(0, 1), again=st.floats(0, 1))
def test_snapshot_and_tail_give_what_the_full_fold_gives(
    seed: int, place: float, again: float
) -> None:
    """Also where the second snapshot is taken of what began with the first."""
    records = kit.journal(seed)
    folds = kit.folded(records[: round(len(records) * min(place, again))])
    for end in (round(len(records) * max(place, again)), len(records)):
        base = base_of(Tip(folds.seq, bytes(16)), list(pieces(folds)))
        folds = kit.folded(records[:end], Folds(kit.HOLDER, base))
    assert kit.facts(folds) == kit.facts(kit.folded(records))
    assert folds.ledger.view({1: 9.5}) == kit.folded(records).ledger.view({1: 9.5})


def test_the_random_journals_have_what_a_snapshot_could_lose() -> None:
    """Every field of every state differs from its default at some place of some journal."""
    seen: set[tuple[str, str]] = set()
    fields: set[tuple[str, str]] = set()
    for seed in range(12):
        records, folds = kit.journal(seed), None
        for length in (*range(0, len(records), 10), len(records)):
            folds = kit.folded(records[:length], folds)
            for part, state in folds.slices():
                for field in msgspec.structs.fields(state):
                    fields.add((part.name, field.name))
                    if getattr(state, field.name) != field.default:
                        seen.add((part.name, field.name))
    assert fields - seen <= {("book", "ignored")}, "what no order manager ever writes"


@given(seed=seeds, rows=st.integers(1, 50))
@settings(deadline=None, max_examples=20)
def test_a_state_in_slices_is_the_state(seed: int, rows: int) -> None:
    folds = kit.folded(kit.journal(seed))
    for part in PARTS:
        whole = join([each for own, each in folds.slices(10**9) if own is part])
        sliced = [each for own, each in folds.slices(rows) if own is part]
        assert join(sliced) == whole
        assert join(split(whole, rows)) == whole
        for each in sliced[1:]:
            assert sum(len(getattr(each, name)) for name in parts.row_fields(type(each))) <= rows


def store_with(seed: int) -> tuple[MemoryStore, Folds]:
    """A store with the journal of a seed and a snapshot in its middle."""
    store = MemoryStore(MemoryDisk())
    records = kit.journal(seed)
    store.append([Entry(*CATALOGUE.encode(record)) for record in records[:4_000]])
    folds = kit.folded(records[: len(records) // 2])
    counted = Pieces()
    for number, piece in enumerate(pieces(folds)):
        store.put_piece(folds.seq, number, piece)
        counted.add(piece)
    store.put_snapshot(folds.seq, counted.state, 1)
    return store, folds


def test_a_snapshot_of_another_release_or_other_contracts_is_set_aside_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, folds = store_with(3)
    snapshot, broken = store.snapshot()
    assert snapshot is not None
    assert broken == ()
    assert kit.facts(Folds(kit.HOLDER, read(snapshot, kit.HOLDER))) == kit.facts(folds)
    assert holder_of(snapshot) == kit.HOLDER
    with pytest.raises(CorruptJournal, match=r"other contracts; the records are folded instead"):
        read(snapshot, Holder.of(kit.HOLDER.account, {1: 1}))
    monkeypatch.setattr(parts, "RULES", parts.RULES + 1)
    assert holder_of(snapshot) is None
    with pytest.raises(CorruptJournal, match=r"another release; the records are folded instead"):
        read(snapshot, kit.HOLDER)


def test_the_form_changes_with_every_type_in_a_state() -> None:
    assert len({part.schema for part in PARTS}) == len(PARTS)
    whole = b"".join(part.schema for part in PARTS)
    for name in (b"Tracked", b"OrderIntended", b"Trade", b"DayMark", b"Trip", b"PastState"):
        assert b'"title":"%s"' % name in whole
    assert len(form()) == 16


@pytest.mark.parametrize("seed", range(6))
def test_a_piece_that_is_lost_or_changed_sets_the_snapshot_aside(seed: int) -> None:
    store, folds = store_with(seed)
    rng = Random(seed)
    number = rng.randrange(5)
    store.put_piece(folds.seq, number, b"another piece")
    snapshot, (error,) = store.snapshot()
    assert snapshot is None
    assert f"record {folds.seq}: its snapshot was made of other pieces" in str(error)
    assert "use the snapshot before it and replay more" in str(error)
    assert sum(1 for _ in store.replay()) == store.tip.seq, "the log is as it was"


def test_records_of_a_type_that_changes_nothing_change_nothing() -> None:
    folds = kit.folded(())
    before = kit.facts(folds.ledger), kit.facts(folds.book)
    folds.apply(1, rec.OperatorActed(who="ann", command="stop", result="ok"))
    assert (kit.facts(folds.ledger), kit.facts(folds.book)) == before
