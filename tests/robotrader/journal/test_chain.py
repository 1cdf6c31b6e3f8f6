"""The chain and the segment file: no hole, no swap, no stranger; a torn tail is no corruption."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.journal import (
    GENESIS,
    CorruptJournal,
    Found,
    Frame,
    Index,
    IndexRow,
    Tip,
    index,
    segment,
    snapshots,
)
from robotrader.journal import frame as frames
from robotrader.journal.chain import Chain, verified

Rows = list[tuple[int, bytes]]


def chained(payloads: list[bytes], before: Tip = GENESIS) -> Rows:
    rows, tip = [], before
    for payload in payloads:
        data = frames.encode(Frame(1, 1, tip.seq + 1, 1, 1, 1, tip.digest, payload))
        tip = Tip(tip.seq + 1, frames.digest(data))
        rows.append((tip.seq, data))
    return rows


def tip_of(rows: Rows) -> Tip:
    seq, data = rows[-1]
    return Tip(seq, frames.digest(data))


chains = st.lists(st.binary(max_size=20), min_size=2, max_size=12).map(chained)


def packed(rows: Rows, before: Tip = GENESIS) -> bytes:
    return segment.head(before) + b"".join(segment.entry(data) for _, data in rows)


@given(chains)
def test_a_whole_chain_is_yielded_in_order(rows: Rows) -> None:
    assert [frame.seq for frame in verified(rows, expected=tip_of(rows))] == [n for n, _ in rows]


@given(chains, st.data())
def test_a_missing_a_doubled_and_a_swapped_record_are_seen(rows: Rows, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 2))
    damaged = [
        [*rows[:at], *rows[at + 1 :]],
        [*rows[: at + 1], *rows[at:]],
        [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]],
    ]
    for wrong in damaged:
        with pytest.raises(CorruptJournal, match=f"record {rows[at][0] + 1}|record {rows[at][0]}"):
            list(verified(wrong))


@given(chains, st.data())
def test_a_record_that_is_sound_but_was_not_written_there_is_seen(
    rows: Rows, data: st.DataObject
) -> None:
    """The next record, or the expected end, does not fit the stranger."""
    at = data.draw(st.integers(0, len(rows) - 1))
    seq, original = rows[at]
    frame = frames.decode(seq, original)
    prev, payload = frame.prev, frame.payload + b"!"
    stranger = frames.encode(Frame(1, 1, seq, 1, 1, 1, prev, payload))
    with pytest.raises(CorruptJournal):
        list(verified([*rows[:at], (seq, stranger), *rows[at + 1 :]], expected=tip_of(rows)))


@given(chains, st.data())
def test_a_lost_end_is_seen_by_who_knows_the_end(rows: Rows, data: st.DataObject) -> None:
    kept = rows[: data.draw(st.integers(0, len(rows) - 1))]
    with pytest.raises(CorruptJournal, match=f"{rows[-1][0]} was written"):
        list(verified(kept, expected=tip_of(rows)))


@given(chains, st.data())
def test_a_chain_may_begin_at_a_snapshot_or_before_it_but_not_after(
    rows: Rows, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(rows) - 1))
    snapshot = tip_of(rows[:at])
    for first in range(at + 1):
        assert len(list(verified(rows[first:], [snapshot]))) == len(rows) - first
    if at + 1 < len(rows):
        with pytest.raises(CorruptJournal, match=f"record {at + 2}: .*{at + 1} to {at + 1} are mi"):
            list(verified(rows[at + 1 :], [snapshot]))
    other = Tip(snapshot.seq, bytes(16))
    for first in range(at + 1):
        with pytest.raises(CorruptJournal, match="snapshot"):
            list(verified(rows[first:], [other]))


def test_without_beginning_and_snapshot_nothing_can_be_said() -> None:
    with pytest.raises(CorruptJournal, match="neither its beginning nor a snapshot"):
        Chain([])


@given(chains, st.integers(0, 2**40))
def test_a_segment_is_read_as_it_was_written(rows: Rows, start: int) -> None:
    before = Tip(start, bytes(range(16)))
    moved = chained([frames.decode(*row).payload for row in rows], before)
    data = packed(moved, before)
    assert list(segment.entries(data)) == moved
    assert segment.scan(data) == segment.Scan(before, tip_of(moved), len(data), 0)


@given(chains, st.data())
def test_a_torn_tail_is_cut_at_the_last_whole_record(rows: Rows, data: st.DataObject) -> None:
    whole = packed(rows)
    cut = data.draw(st.integers(segment.HEAD_BYTES, len(whole)))
    ends = [len(packed(rows[:count])) for count in range(len(rows) + 1)]
    kept = sum(end <= cut for end in ends) - 1
    scan = segment.scan(whole[:cut])
    assert (scan.tip.seq, scan.sound_bytes, scan.torn_bytes) == (kept, ends[kept], cut - ends[kept])


@given(chains, st.data())
def test_a_flipped_bit_before_the_last_record_is_corruption_and_never_a_torn_tail(
    rows: Rows, data: st.DataObject
) -> None:
    whole = bytearray(packed(rows))
    bit = data.draw(st.integers(0, len(packed(rows[:-1])) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptJournal):
        segment.scan(bytes(whole))


@given(chains, st.data())
def test_a_flipped_bit_in_the_last_record_loses_that_record_only(
    rows: Rows, data: st.DataObject
) -> None:
    whole, last = bytearray(packed(rows)), len(packed(rows[:-1]))
    bit = data.draw(st.integers(last * 8, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    assert list(segment.entries(bytes(whole))) == rows[:-1]


def test_what_is_no_segment_is_said_to_be_none() -> None:
    with pytest.raises(CorruptJournal, match="no segment file"):
        segment.read_head(b"PK" + bytes(100))


def test_the_golden_bytes_of_segment_snapshot_and_index_are_written_and_read_for_ever() -> None:
    lines = (Path(__file__).parent / "golden" / "store_1.txt").read_text().splitlines()
    golden = {name: bytes.fromhex(value) for name, value in map(str.split, lines)}
    rows = chained([b"\x81\xa1a\x01", b"", bytes(range(40))])
    assert packed(rows) == golden["segment"]
    assert list(segment.entries(golden["segment"])) == rows
    snapshot = snapshots.make(tip_of(rows), 2, 1_795_240_800_000_000_000, b"state")
    assert snapshots.encode(snapshot) == golden["snapshot"]
    assert snapshots.decode(3, golden["snapshot"]) == snapshot
    row = IndexRow(Index.EXEC, b"0001f4e8.65a", b"v", 2)
    assert index.stored(row, 3) == golden["row"]
    assert index.read(row.index, row.key, golden["row"]) == Found(3, b"v", 2)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=50), st.data())
def test_every_flipped_bit_of_a_snapshot_is_seen(
    seq: int, state: bytes, data: st.DataObject
) -> None:
    whole = bytearray(snapshots.encode(snapshots.make(Tip(seq, bytes(16)), 1, 1, state)))
    assert snapshots.decode(seq, bytes(whole)).state == state
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptJournal, match=f"record {seq}: "):
        snapshots.decode(seq, bytes(whole))
    with pytest.raises(CorruptJournal):
        snapshots.decode(seq ^ 1, snapshots.encode(snapshots.make(Tip(seq, b""), 1, 1, state)))
