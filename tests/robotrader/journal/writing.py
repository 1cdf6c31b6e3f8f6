"""A process of its own that writes a journal until it is killed, and says what was answered.

It writes the number of the last durable record to standard output, 8 bytes each time. Between the
batches it takes snapshots, archives and compacts, so that it may be killed within those too.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from robotrader.journal import Entry, Frame, Index, IndexRow
from tests.robotrader.journal import kit


def payload(seq: int) -> bytes:
    """What record ``seq`` holds: its length and content follow from its number."""
    return b"%d " % seq * (1 + seq % 40)


def entry(seq: int) -> Entry:
    rows = (IndexRow(Index.REF, b"ref-%d" % seq), IndexRow(Index.EXEC, b"exec-%d" % seq))
    return Entry(1, 1, payload(seq), rows=rows)


def holds(frame: Frame) -> bool:
    return frame.payload == payload(frame.seq)


def main() -> None:
    folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    store = kit.store(folder / "journal", copy_to=folder / "copy", map_bytes=1 << 18)
    while True:
        first = store.tip.seq + 1
        receipts = store.append([entry(first + n) for n in range(chance.choice((1, 3, 16, 64)))])
        os.write(1, receipts[-1].seq.to_bytes(8, "big"))
        action = chance.random()
        if action < 0.05:
            store.put_snapshot(store.tip.seq, payload(store.tip.seq), 1)
        elif action < 0.1 and store.snapshot()[0] is not None:
            store.archive(folder / "archive")
        elif action < 0.12:
            store.compact()


if __name__ == "__main__":
    main()
