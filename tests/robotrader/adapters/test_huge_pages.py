"""The heap in huge pages: which memory it is, and that it works where the kernel can do it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters.huge_pages import HUGE_BYTES, Mapping, private, use_huge_pages

SMAPS = """\
55d0a0000000-55d0a0800000 rw-p 00000000 00:00 0                          [heap]
Size:               8192 kB
Rss:                6144 kB
VmFlags: rd wr mr mw me ac
7f0000000000-7f0000400000 r-xp 00000000 fe:00 4711                       /usr/lib/libc.so.6
Rss:                4096 kB
7f0000400000-7f0000800000 rw-p 00001000 fe:00 4711                       /usr/lib/libc.so.6
Rss:                4096 kB
7f0000a00000-7f0000c01000 rw-p 00000000 00:00 0
Rss:                   8 kB
"""


def test_only_private_memory_of_no_file_is_found() -> None:
    assert list(private(SMAPS.splitlines())) == [
        Mapping(0x55D0A0000000, 0x55D0A0800000, 6 << 20),
        Mapping(0x7F0000A00000, 0x7F0000C01000, 8 << 10),
    ]


@given(st.integers(0, 2**40), st.integers(0, 2**30))
def test_what_is_moved_lies_inside_and_is_whole_pages(first: int, length: int) -> None:
    at, size = Mapping(first, first + length, 0).inner()
    assert at % HUGE_BYTES == size % HUGE_BYTES == 0
    assert first <= at < first + HUGE_BYTES
    assert size <= 0 or at + size <= first + length


def test_where_there_is_no_such_file_nothing_happens(tmp_path: Path) -> None:
    assert use_huge_pages(tmp_path / "smaps") == 0


def test_a_process_goes_on_with_what_it_had() -> None:
    code = (
        "from robotrader.adapters.huge_pages import use_huge_pages\n"
        "kept = [bytes([n % 256]) * 1000 for n in range(20_000)]\n"
        "moved = use_huge_pages()\n"
        "assert all(each == bytes([n % 256]) * 1000 for n, each in enumerate(kept))\n"
        "print(moved)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) % HUGE_BYTES == 0
