"""Fencing: an incarnation that was given up has no effect any more.

Python cannot end a thread. What it can do is refuse: once an incarnation is stale, its sends raise
``StaleIncarnation``, and so does every effect port (a journal, a broker link) that asks
``Incarnation.check`` inside its own serial section. Checking every ``tell`` would cost every
sender; so the check is put in place only while there is a thread to be refused, and taken away
when the last of them has ended.

An exception is also thrown into the abandoned thread, which ends it at its next bytecode. That is
clean-up, not the fence: code inside C is out of its reach until it returns. It is never thrown
into an idle thread, where it would kill the worker instead of the handler (pykka's fact P5), nor
while the thread is in code of the standard library or of this package, or in what the library has
called: between ``acquire()`` and ``try`` it would leave a lock locked that others wait for (that of
a log handler stops everybody who logs). The watchdog tries again until the thread has ended.
"""

from __future__ import annotations

import ctypes
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervision import here
from supervision.errors import StaleIncarnation
from supervision.ref import ActorRef
from supervision.stacks import files_of
from supervision.states import DEAD

if TYPE_CHECKING:
    from supervision.cell import Cell


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One life of an actor, as effect ports know it.

    Attributes:
        actor_id: the actor's name, the same for all its incarnations.
        n: grows with every incarnation.
    """

    actor_id: str
    n: int
    _cell: Cell = field(repr=False, compare=False)

    def is_current(self) -> bool:
        """Say whether the effects of this incarnation still count."""
        return self._cell.state != DEAD

    def check(self) -> None:
        """Refuse an effect of an incarnation that has ended.

        Raises:
            StaleIncarnation: it has ended; the refusal is counted.
        """
        if self._cell.state == DEAD:
            refuse(self._cell)


def refuse(cell: Cell) -> None:
    """Count and raise the refusal of an effect of ``cell``, which has ended.

    Raises:
        StaleIncarnation: always.
    """
    cell.system.stale_effects += 1
    msg = f"{cell.ref} ended ({cell.reason}): its effects are refused"
    raise StaleIncarnation(msg)


_OURS: Final = f"{Path(__file__).parent}{os.sep}"
_LIBRARY: Final = f"{Path(threading.__file__).parent}{os.sep}"
_PACKAGES: Final = f"{_LIBRARY}site-packages{os.sep}"  # below the library, not of it

_lock = threading.Lock()
_fenced: list[here.Carrier] = []
_plain_tell, _plain_leave = ActorRef.tell, ActorRef.leave


def _refuse_if_stale() -> None:
    cell = here.current_cell()
    if cell is not None and cell.state == DEAD:
        refuse(cell)


def _checked_tell(ref: ActorRef[Any], message: Any) -> None:
    _refuse_if_stale()
    _plain_tell(ref, message)


def _checked_leave(ref: ActorRef[Any], message: Any) -> None:
    _refuse_if_stale()
    _plain_leave(ref, message)


def abandon(carrier: here.Carrier, cell: Cell) -> None:
    """Fence the thread of ``carrier``, which is inside a handler of ``cell``; try to end it."""
    with _lock:
        carrier.abandoned = True
        _fenced.append(carrier)
        ActorRef.tell = _checked_tell  # type: ignore[method-assign,assignment]  # no fence, no cost
        ActorRef.leave = _checked_leave  # type: ignore[method-assign,assignment]  # the same
    cell.system.zombies.append(carrier)
    interrupt(carrier)
    cell.system.zombie_added()


def interrupt(carrier: here.Carrier) -> None:
    """Try to end the abandoned thread of ``carrier``, unless it is where that would do harm."""
    with _lock:  # what is in the list has not ended, so its number is no other thread's yet
        if carrier not in _fenced or not _bears_it(carrier):
            return
        thread = ctypes.c_ulong(carrier.ident)
        throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
        throw(thread, ctypes.py_object(StaleIncarnation))
        if not _bears_it(carrier):
            throw(thread, None)  # it went on in this very moment, and may have come back


def _bears_it(carrier: here.Carrier) -> bool:
    """Say whether the thread is in a handler's own code, called by us and nobody in between."""
    if carrier.current is None:
        return False
    files = files_of(carrier.ident)
    if not files or _is_others(files[0]):
        return False
    caller = next(filter(_is_others, files), "")
    return caller.startswith(_OURS)


def _is_others(file: str) -> bool:
    """Say whether ``file`` is the standard library's or ours: code with locks that many share."""
    if file.startswith(("<frozen", _OURS)):
        return True
    return file.startswith(_LIBRARY) and not file.startswith(_PACKAGES)


def bury(carrier: here.Carrier) -> None:
    """Forget an abandoned thread, which is ending; lift the check with the last one."""
    while True:
        try:
            _bury(carrier)
        except StaleIncarnation:  # thrown before the thread left its handler, delivered only now
            continue
        return


def _bury(carrier: here.Carrier) -> None:
    with _lock:
        if carrier in _fenced:
            _fenced.remove(carrier)
        if not _fenced:
            ActorRef.tell = _plain_tell  # type: ignore[method-assign]  # back to the fast path
            ActorRef.leave = _plain_leave  # type: ignore[method-assign]  # the same
    zombies = carrier.runtime.system.zombies
    if carrier in zombies:
        zombies.remove(carrier)
