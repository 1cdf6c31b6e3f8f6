"""The stack of another thread as text, read so that the reading cannot hang or crash the process.

CPython 3.11 makes the frame objects of other threads while it holds the runtime's list of threads
locked, and making an object may collect garbage at once. What a collection runs may need that lock
(a dying ``threading.local`` does) or switch threads: the process stops for ever (CPython issue
106883; from 3.12 on a collection waits for the next bytecode, issue 97922). So nothing is collected
while a stack is read. The threads go on meanwhile, and what they leave is collected afterwards.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_reading = threading.Lock()
# A process forked in the middle of a reading would inherit a locked lock and no collector.
os.register_at_fork(
    before=_reading.acquire, after_in_parent=_reading.release, after_in_child=_reading.release
)


def stack_of(ident: int) -> str:
    """Return the stack of the thread ``ident`` as text, empty if there is no such thread."""
    with _collecting_nothing():
        frame = sys._current_frames().get(ident)
        # The walk makes the frame objects of the callers: it is part of what must not collect.
        return "" if frame is None else "".join(traceback.format_stack(frame))


def files_of(ident: int) -> list[str]:
    """Return the files of the functions that the thread ``ident`` is in, innermost first."""
    files = []
    with _collecting_nothing():
        frame = sys._current_frames().get(ident)
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
    return files


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    with _reading:
        collecting = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collecting:
                gc.enable()
