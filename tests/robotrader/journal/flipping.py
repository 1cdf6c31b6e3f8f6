"""A process of its own that flips bits of a journal's data file, one after the other.

LMDB may crash on a page that leads nowhere, so each flip is tried in a child of this process.
It is judged by what a reader sees: ``seen`` (an error, a crash or a hang), ``same`` (every record,
index row and snapshot is as it was) or ``silent`` (something differs and nobody has said so).
"""

from __future__ import annotations

import json
import os
import pickle
import random
import resource
import signal
import sys
from collections import Counter
from pathlib import Path

from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_disk import DATA, LmdbDisk
from robotrader.journal import JournalError
from robotrader.journal.ports import TABLES, Transaction

HANG_S = 20


def content(txn: Transaction) -> bytes:
    return pickle.dumps([list(txn.rows(table)) for table in TABLES])


def everything(path: Path) -> bytes:
    disk = LmdbDisk(path, readonly=True)
    try:
        return disk.read(content)
    finally:
        disk.close()


def look(path: Path, expected: bytes) -> int:
    """0: the same, 1: seen, 2: silent."""
    try:
        if journal_tools.verify(path).problems:
            return 1
        return 0 if everything(path) == expected else 2
    except (JournalError, OSError):
        return 1


def judge(path: Path, expected: bytes) -> str:
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(HANG_S)
        os._exit(look(path, expected))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "seen"
    return {0: "same", 1: "seen", 2: "silent"}[os.WEXITSTATUS(status)]


def main() -> None:
    path, seed, flips = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    expected, chance = everything(path), random.Random(seed)
    counts: Counter[str] = Counter()
    silent = []
    with (path / DATA).open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for _ in range(flips):
            bit = chance.randrange(size * 8)
            before = os.pread(file.fileno(), 1, bit // 8)
            os.pwrite(file.fileno(), bytes([before[0] ^ 1 << bit % 8]), bit // 8)
            verdict = judge(path, expected)
            os.pwrite(file.fileno(), before, bit // 8)
            counts[verdict] += 1
            silent += [bit] if verdict == "silent" else []
    sys.stdout.write(json.dumps({**counts, "bits": silent}))


if __name__ == "__main__":
    main()
