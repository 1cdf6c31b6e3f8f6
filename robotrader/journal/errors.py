"""What can go wrong with a journal. Every error names the record, what is wrong and the remedy.

Who is to blame is the class: ``CorruptJournal`` blames the data (the disk, a copy, somebody with
an editor), ``UnknownRecord`` the program that reads, ``InvalidEntry`` the one that writes,
``SafeMode`` the machine: after it nothing may be written until a person has looked.
"""

from __future__ import annotations

from typing import Final

RESTORE: Final = "stop; run `robotrader journal verify`, then `journal restore` from a second copy"


class JournalError(Exception):
    """Something is wrong with a journal: ``what``, at ``seq`` (None: no single record)."""

    def __init__(self, what: str, remedy: str = RESTORE, *, seq: int | None = None) -> None:
        self.what, self.remedy, self.seq = what, remedy, seq
        where = "" if seq is None else f"record {seq}: "
        super().__init__(f"{where}{what}; {remedy}")


class CorruptJournal(JournalError):
    """The bytes are not what was written, or records are missing, or not in their order."""


class UnknownRecord(JournalError):
    """A record of a type or version that this program does not know; it is never skipped."""


class InvalidEntry(JournalError):
    """The program tried to write what a journal must not hold."""


class JournalBehind(JournalError):
    """The journal is older than what is known of it from elsewhere: a backup of the past."""


class JournalInUse(JournalError):
    """Another process has the journal open."""


class DiskFull(JournalError):
    """A batch was refused as a whole because the disk is full; the journal is intact."""


class SafeMode(JournalError):
    """The store cannot know what is on the disk: it writes no more until it is opened anew."""


def out_of_order(table: str) -> CorruptJournal:
    """Return the error for a row that should have come behind the last one of its table."""
    return CorruptJournal(f"the table {table} has rows behind the last record")
