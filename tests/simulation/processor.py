"""Runs on one processor: a run's threads take turns, and waking the next one elsewhere costs more.

A place on a processor is claimed by a lock on a file, so that runs in several processes are spread
evenly, two on each processor before three are on any.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

PLACES: Final = 8
"""On each processor; who finds all of them taken goes where it is sent."""


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this thread, and those that it starts, on one processor until the end."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    claim = next((each for each in _places() if each[0] in before and _claimed(each[1])), None)
    if claim is None:
        yield
        return
    os.sched_setaffinity(0, {claim[0]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        fcntl.flock(claim[1], fcntl.LOCK_UN)


@cache
def _places() -> tuple[tuple[int, FileIO], ...]:
    """Return processors and the files of their places, in the order in which they are taken."""
    folder = Path(tempfile.gettempdir()) / f"robotrader-simulation-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    return tuple(
        (processor, (folder / f"{processor}-{place}").open("wb", buffering=0))
        for place in range(PLACES)
        for processor in sorted(os.sched_getaffinity(0))
    )


def _claimed(file: FileIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
