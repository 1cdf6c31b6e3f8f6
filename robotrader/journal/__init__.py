"""The journal: what happened, in order, provable; everything else is a fold of it.

Pure: bytes in, bytes out. ``Catalogue`` makes bytes of records, ``Entry`` carries them to a
``Store``, which gives each a number and ties it to the one before. Two stores keep the same rules
by the same code: ``MemoryStore`` here, ``robotrader.adapters.lmdb_store.LmdbStore`` on a disk.
"""

from robotrader.journal.auditor import Audit, audit
from robotrader.journal.errors import (
    CorruptJournal,
    DiskFull,
    InvalidEntry,
    JournalBehind,
    JournalError,
    JournalInUse,
    SafeMode,
    UnknownRecord,
)
from robotrader.journal.frame import GENESIS, Frame, Tip
from robotrader.journal.index import Found, Index, IndexRow
from robotrader.journal.levels import GroupCommit, Level, Watermarks
from robotrader.journal.memory import DiskFaults, MemoryDisk, MemoryStore
from robotrader.journal.ports import Entry, Fate, Health, Known, Receipt, Store
from robotrader.journal.records import Catalogue, Kind
from robotrader.journal.snapshots import Snapshot, state_hash

__all__ = [
    "GENESIS",
    "Audit",
    "Catalogue",
    "CorruptJournal",
    "DiskFaults",
    "DiskFull",
    "Entry",
    "Fate",
    "Found",
    "Frame",
    "GroupCommit",
    "Health",
    "Index",
    "IndexRow",
    "InvalidEntry",
    "JournalBehind",
    "JournalError",
    "JournalInUse",
    "Kind",
    "Known",
    "Level",
    "MemoryDisk",
    "MemoryStore",
    "Receipt",
    "SafeMode",
    "Snapshot",
    "Store",
    "Tip",
    "UnknownRecord",
    "Watermarks",
    "audit",
    "state_hash",
]
