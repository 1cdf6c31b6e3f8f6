"""A process of its own that writes records and snapshots of them until it is killed.

It writes the number of the last durable record to standard output, 8 bytes each time.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from actors.snapshots import Snapshots
from robotrader.domain.records import Record
from robotrader.journal import Entry
from robotrader.recovery import CATALOGUE
from tests.robotrader.journal import kit as journals
from tests.robotrader.recovery import kit

LIVES = 12


def records() -> tuple[Record, ...]:
    """The records of some lives, one behind the other."""
    return tuple(record for seed in range(LIVES) for record in kit.journal(seed))


def main() -> None:
    folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    store = journals.store(folder / "journal")
    snapshots = Snapshots(store, kit.HOLDER, lambda: 1, every_records=chance.choice((20, 90, 300)))
    whole = records()
    while True:
        first = store.tip.seq
        made = [whole[(first + n) % len(whole)] for n in range(chance.choice((1, 5, 40)))]
        store.append([Entry(*CATALOGUE.encode(record)) for record in made])
        os.write(1, store.tip.seq.to_bytes(8, "big"))
        for _ in range(chance.randrange(12)):
            snapshots.step()


if __name__ == "__main__":
    main()
