"""Frames: what goes in comes out, what was damaged never does, old bytes are read for ever."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.journal import CorruptJournal, Frame, IndexRow, InvalidEntry
from robotrader.journal import frame as frames
from robotrader.journal import index as indices
from tests.robotrader.journal import kit

GOLDEN = Path(__file__).parent / "golden" / "frames_1.txt"


@given(kit.frames)
def test_a_frame_is_read_as_it_was_written(frame: Frame) -> None:
    data = frames.encode(frame)
    assert frames.decode(frame.seq, data) == frame
    assert frames.outline(data) == (frame.seq, len(data))


@given(kit.frames, st.data())
def test_every_flipped_bit_of_a_frame_or_its_key_is_an_error_with_number_and_remedy(
    frame: Frame, data: st.DataObject
) -> None:
    encoded = bytearray(frames.key_of(frame.seq) + frames.encode(frame))
    bit = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    seq = frames.seq_of(bytes(encoded[:8]))
    with pytest.raises(CorruptJournal) as raised:
        frames.decode(seq, bytes(encoded[8:]))
    assert raised.value.seq == seq
    assert str(raised.value).startswith(f"record {seq}: ")
    assert raised.value.remedy in str(raised.value)


@given(kit.frames, st.data())
def test_a_frame_that_was_cut_or_has_more_behind_it_is_an_error(
    frame: Frame, data: st.DataObject
) -> None:
    encoded = frames.encode(frame)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    for wrong in (cut, encoded + data.draw(st.binary(min_size=1, max_size=9))):
        with pytest.raises(CorruptJournal):
            frames.decode(frame.seq, wrong)


@given(kit.frames, st.binary(min_size=1, max_size=8), st.data())
def test_every_burst_of_up_to_32_bits_is_seen(
    frame: Frame, burst: bytes, data: st.DataObject
) -> None:
    """A CRC of 32 bits sees all of them (Peterson and Brown 1961)."""
    encoded = bytearray(frames.encode(frame))
    at = data.draw(st.integers(0, len(encoded) - 4))
    changed = bytes(a ^ b for a, b in zip(encoded[at : at + 4], burst, strict=False))
    if changed == encoded[at : at + len(changed)]:
        changed = bytes([changed[0] ^ 1]) + changed[1:]
    encoded[at : at + len(changed)] = changed
    with pytest.raises(CorruptJournal):
        frames.decode(frame.seq, bytes(encoded))


def test_checksum_and_hash_are_the_standard_librarys_over_key_and_frame() -> None:
    data = frames.encode(Frame(1, 2, 3, 4, 5, 6, bytes(16), b"payload", b"index"))
    assert int.from_bytes(data[-4:], "big") == zlib.crc32((3).to_bytes(8, "big") + data[:-4])
    assert frames.digest(data) == hashlib.blake2b(data, digest_size=16).digest()


@pytest.mark.parametrize(
    ("wrong", "size"),
    [({"seq": -1}, 0), ({"wall_ns": 2**64}, 0), ({"type_id": 65536}, 0), ({}, (1 << 20) + 1)],
)
def test_what_does_not_fit_is_refused_before_it_is_written(
    wrong: dict[str, int], size: int
) -> None:
    frame = msgspec.structs.replace(Frame(1, 1, 1, 1, 1, 1, bytes(16), bytes(size)), **wrong)
    with pytest.raises(InvalidEntry, match=r"record -?[0-9]+: "):
        frames.encode(frame)


def test_a_frame_of_a_later_format_names_the_remedy() -> None:
    body = bytearray(frames.encode(Frame(1, 1, 1, 1, 1, 1, bytes(16), b""))[:-4])
    body[5] = 2
    data = bytes(body) + zlib.crc32((1).to_bytes(8, "big") + body).to_bytes(4, "big")
    with pytest.raises(CorruptJournal, match="frame format 2; use the release that wrote it"):
        frames.decode(1, data)


def golden() -> list[tuple[Frame, str]]:
    """Each line: the numbers of a frame, then in hex prev, index, payload and the whole."""
    found = []
    for line in GOLDEN.read_text().splitlines():
        *numbers, prev, index, payload, whole = line.split(" ")
        type_id, version, seq, epoch, incarnation, wall_ns = map(int, numbers)
        parts = [bytes.fromhex(part.removeprefix("-")) for part in (prev, payload, index)]
        frame = Frame(type_id, version, seq, epoch, incarnation, wall_ns, *parts)
        found.append((frame, whole))
    return found


@pytest.mark.parametrize(("frame", "whole"), golden())
def test_the_golden_bytes_of_format_1_are_written_and_read_for_ever(
    frame: Frame, whole: str
) -> None:
    assert frames.encode(frame).hex() == whole
    assert frames.decode(frame.seq, bytes.fromhex(whole)) == frame


@given(st.lists(kit.index_rows, max_size=5))
def test_index_rows_are_read_as_they_were_packed(rows: list[IndexRow]) -> None:
    assert list(indices.unpack(indices.pack(rows))) == rows


@given(kit.index_rows, st.integers(1, 2**64 - 1), st.data())
def test_every_flipped_bit_of_a_stored_index_row_is_seen(
    row: IndexRow, seq: int, data: st.DataObject
) -> None:
    stored = indices.stored(row, seq)
    found = indices.read(row.index, row.key, stored)
    assert (found.seq, found.value, found.revision) == (seq, row.value, row.revision)
    whole = bytearray(row.key + stored)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    key = bytes(whole[: len(row.key)])
    with pytest.raises(CorruptJournal):
        indices.read(row.index, key, bytes(whole[len(row.key) :]))


@given(st.lists(kit.index_rows, min_size=1, max_size=3), st.data())
def test_index_rows_that_were_cut_are_an_error(rows: list[IndexRow], data: st.DataObject) -> None:
    packed = indices.pack(rows)
    whole = [len(indices.pack(rows[:count])) for count in range(len(rows) + 1)]
    cut = data.draw(st.integers(0, len(packed)).filter(lambda at: at not in whole))
    with pytest.raises(CorruptJournal, match="record 7: index rows"):
        list(indices.unpack(packed[:cut], 7))
