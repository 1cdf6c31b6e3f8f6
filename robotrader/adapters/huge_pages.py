"""The process's memory in huge pages: what was not used for a while is found again sooner.

An order's way touches a few hundred functions, each once, on pages that nothing has touched since
the last order. The processor forgets where 4 KiB pages are much sooner than what is in them, and in
a virtual machine each look-up walks two trees. Pages of 2 MiB took a quarter of the processor time
from a tick's way to its order (docs/trading.md).

``MADV_COLLAPSE`` (Linux 6.1) moves what is there now, once, in a few milliseconds; what is mapped
later stays as it is. Source: madvise(2), Documentation/admin-guide/mm/transhuge.rst.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HUGE_BYTES: Final = 2 << 20
"""A huge page of x86-64 and, with pages of 4 KiB, of ARM."""

MOST_BYTES: Final = 1 << 30
"""A larger mapping is no heap of ours but a library's reserve."""

_COLLAPSE: Final = 25
_SMAPS: Final = Path("/proc/self/smaps")
_HEAD: Final = re.compile(
    r"(?P<first>[0-9a-f]+)-(?P<last>[0-9a-f]+) (?P<may>\S+) \S+ \S+ (?P<inode>\d+)"
)


class Mapping(NamedTuple):
    """A part of the address space; ``used_bytes`` of it are in memory."""

    first: int
    last: int
    used_bytes: int

    def inner(self) -> tuple[int, int]:
        """Return address and length of the huge pages that lie wholly inside."""
        first = -(-self.first // HUGE_BYTES) * HUGE_BYTES
        return first, self.last // HUGE_BYTES * HUGE_BYTES - first


def private(lines: Iterable[str]) -> Iterator[Mapping]:
    """Yield the private memory of no file that may be written, from the lines of an ``smaps``."""
    at: tuple[int, int] | None = None
    for line in lines:
        head = _HEAD.match(line)
        if head is not None:
            own = head["may"] == "rw-p" and head["inode"] == "0"
            at = (int(head["first"], 16), int(head["last"], 16)) if own else None
        elif at is not None and line.startswith("Rss:"):
            yield Mapping(*at, int(line.split()[1]) << 10)


def use_huge_pages(smaps: Path = _SMAPS) -> int:
    """Move this process's heap into huge pages; return how many bytes were moved.

    A mapping that is not half used is left alone, which thread stacks are: it would take more
    memory than it has now. Where the kernel cannot do it, or may not, nothing happens.
    """
    try:
        mappings = list(private(smaps.read_text(encoding="utf-8").splitlines()))
        madvise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):  # not Linux
        return 0
    moved = 0
    for each in mappings:
        first, length = each.inner()
        if not 0 < length <= MOST_BYTES or each.used_bytes * 2 < each.last - each.first:
            continue
        if madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _COLLAPSE) == 0:
            moved += length
    return moved
