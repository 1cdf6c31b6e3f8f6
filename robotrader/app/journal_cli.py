"""``robotrader journal``: work on a journal that no process has open.

The first line of an error is all of it. Exit status: 0, 1 if the journal has a fault or a file
cannot be used, 2 if the command cannot be carried out as it was given.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.adapters import journal_tools
from robotrader.journal import CorruptJournal, InvalidEntry, JournalError, JournalInUse
from robotrader.journal import index as indices
from robotrader.recovery import Proof

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from robotrader.journal import Audit, Frame


def run(arguments: argparse.Namespace) -> int:
    """Run a ``journal`` command; returns the exit status."""
    try:
        return _VERBS[arguments.verb](arguments)
    except (InvalidEntry, JournalInUse, FileExistsError) as error:
        print(f"robotrader journal: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        raise  # who read our output has enough
    except (JournalError, OSError) as error:
        print(f"robotrader journal: {error}", file=sys.stderr)
        return 1


def _verify(arguments: argparse.Namespace) -> int:
    """Audit in a child: a damaged page may make LMDB end its process."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            msg = f"{arguments.path}: LMDB ended with {name} while it was read: it is damaged"
            raise CorruptJournal(msg)
        return os.WEXITSTATUS(status)
    status = 1
    try:
        status = _audited(arguments)
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _audited(arguments: argparse.Namespace) -> int:
    try:
        found = journal_tools.verify(arguments.path)
        proof = Proof() if found.problems else journal_tools.prove(arguments.path)
    except (InvalidEntry, JournalInUse) as error:
        print(f"robotrader journal: {error}", file=sys.stderr)
        return 2
    except (JournalError, OSError) as error:
        print(f"robotrader journal: {error}", file=sys.stderr)
        return 1
    with contextlib.suppress(BrokenPipeError):  # whoever reads it or not: the status says it
        _show(arguments.path, found, proof)
    return 1 if found.problems or proof.problems else 0


def _show(path: Path, found: Audit, proof: Proof) -> None:
    print(f"{path}: records {found.first} to {found.tip.seq}, {found.records} in the log")
    kept = ", ".join(map(str, found.snapshots)) or "none"
    print(f"epoch {found.epoch}, snapshots {kept}, index rows {found.index_rows}")
    if proof.proven:
        print(f"snapshots {', '.join(map(str, proof.proven))} are what the records fold to")
    if proof.skipped:
        print(f"snapshots {', '.join(map(str, proof.skipped))} cannot be compared")
    problems = (*found.problems, *proof.problems)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} faults" if problems else "sound")


def _dump(arguments: argparse.Namespace) -> int:
    encoder = msgspec.json.Encoder()
    wanted = journal_tools.read(arguments.path, arguments.after)
    for frame in itertools.islice(wanted, arguments.count):
        print(encoder.encode(_line(frame)).decode())
    return 0


def _line(frame: Frame) -> dict[str, Any]:
    rows = [
        {"index": row.index.name.lower(), "key": row.key.decode("utf-8", "backslashreplace")}
        for row in indices.unpack(frame.index, frame.seq)
    ]
    return {
        "seq": frame.seq,
        "type": frame.type_id,
        "version": frame.version,
        "epoch": frame.epoch,
        "incarnation": frame.incarnation,
        "wall_ns": frame.wall_ns,
        "record": _content(frame.payload),
        "index": rows,
    }


def _content(payload: bytes) -> Any:
    """Return the fields of a record; what is no record is shown as hex."""
    try:
        fields = msgspec.msgpack.decode(payload)
        msgspec.json.encode(fields)
    except (msgspec.MsgspecError, TypeError, ValueError):
        return payload.hex()
    return fields


def _backup(arguments: argparse.Namespace) -> int:
    found = journal_tools.backup(arguments.path, arguments.to)
    print(f"{arguments.to}: sound, {found.records} records to {found.tip.seq}, epoch {found.epoch}")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    if not arguments.apply:
        whole, last = journal_tools.available(arguments.folders)
        missing = "" if whole == last else f", {whole + 1} is missing before {last}"
        print(f"would restore records 1 to {whole}{missing}; add --apply to do it")
        return 0 if whole == last else 1
    done = journal_tools.restore(arguments.path, arguments.folders, epoch=arguments.epoch)
    print(f"{arguments.path}: sound, {done.records} records, epoch {done.epoch}")
    if done.aside is not None:
        print(f"what was there is in {done.aside}")
    return 0


_VERBS: Final = {"verify": _verify, "dump": _dump, "backup": _backup, "restore": _restore}
