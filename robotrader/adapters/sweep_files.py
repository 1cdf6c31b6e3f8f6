"""Trials on disk: what they are of in one file, and they in another that is only appended to.

    SWEEP/sweep.json      written once, whole or not at all; a walk-forward's is plan.json
    SWEEP/results.jsonl   a line a trial, in the order of their numbers, each on the disk before
                          the next is begun to be written
    SWEEP/ways.json       how many of them were computed how, of all that went on with it
    SWEEP/lease           held by the one process that appends

A process that dies in the middle leaves half a line at the end at worst: who opens the file to go
on cuts it off. Lines hold nothing of the time or the machine, so that a sweep that was interrupted
ends with the same bytes as one that was not.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from robotrader.adapters.lease import Lease
from robotrader.adapters.lmdb_disk import sync_folder
from robotrader.domain.errors import ConfigurationError
from robotrader.research import Trial, Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

S = TypeVar("S", bound=msgspec.Struct)

SPEC: Final = "sweep.json"
PLAN: Final = "plan.json"
RESULTS: Final = "results.jsonl"
WAYS: Final = "ways.json"


def write_spec(folder: Path, spec: msgspec.Struct, name: str = SPEC) -> None:
    """Write what a sweep or, with another file's name, a walk-forward is, for ever."""
    write_whole(folder / name, msgspec.json.format(msgspec.json.encode(spec)))


def read_spec(folder: Path, kind: type[S], name: str = SPEC) -> S:
    """Return what a sweep is, as it was written.

    Raises:
        ConfigurationError: there is none, or it is one of another version.
    """
    path = folder / name
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        msg = f"there is no {path}: `robotrader sweep ls` lists sweeps"
        raise ConfigurationError(msg) from None
    except msgspec.MsgspecError as error:
        msg = f"{path} is not of this version ({error}): run it again, or remove it"
        raise ConfigurationError(msg) from error


def read_trials(folder: Path) -> list[Trial]:
    """Return the trials that were kept; a last line that is not whole is left out.

    Raises:
        ConfigurationError: a line is no trial; it names the line.
    """
    path = folder / RESULTS
    content = path.read_bytes() if path.exists() else b""
    decoder = msgspec.json.Decoder(Trial)
    found = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), 1):
        try:
            found.append(decoder.decode(line))
        except msgspec.MsgspecError as error:
            msg = f"{path}:{number}: no trial of this version ({error}): run it anew"
            raise ConfigurationError(msg) from error
    return found


def read_ways(folder: Path) -> Ways | None:
    """Return how the trials were computed that were kept; None where nobody said it."""
    path = folder / WAYS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Ways)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_ways(folder: Path, ways: Ways) -> None:
    """Add to how the trials were computed that were kept before."""
    before = read_ways(folder)
    write_whole(folder / WAYS, msgspec.json.encode(ways if before is None else before.plus(ways)))


@contextmanager
def appending(folder: Path) -> Iterator[Callable[[Trial], None]]:
    """Hold a sweep and have what appends a trial to it, durably; half a line is cut off first.

    Raises:
        LeaseHeldError: another process runs it.
    """
    lease = Lease(folder)
    try:
        file = os.open(folder / RESULTS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end = _whole(file)
            os.ftruncate(file, end)
            os.lseek(file, end, os.SEEK_SET)
            sync_folder(folder)
            yield lambda trial: _append(file, msgspec.json.encode(trial) + b"\n")
        finally:
            os.close(file)
    finally:
        lease.release()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, and stays."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def _whole(file: int) -> int:
    """Return where the last whole line ends."""
    end = os.lseek(file, 0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - (1 << 16))
        at = os.pread(file, end - begin, begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return 0


def _append(file: int, line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[os.write(file, view) :]
    os.fdatasync(file)
