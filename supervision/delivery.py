"""Slow paths of delivery: full, closed, conflating and dead mailboxes, and pykka's own refs.

The fast path is ``ActorRef.tell``: an append and, if need be, a hand-over. It leaves to here as
soon as the mailbox's length reaches its capacity; a mailbox that needs a look at every message
(conflating, closed, dead, or with a fault point armed) keeps its capacity at -1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

from supervision.errors import MailboxFull
from supervision.future import Future
from supervision.messages import Ask, ChildExit, Down, Exit, Keyed, StartResult, Stop
from supervision.states import STOPPING

if TYPE_CHECKING:
    from pykka._envelope import Envelope

    from supervision.cell import Cell

_NOTICES = frozenset({ChildExit, Down, Exit, StartResult, Stop})


def put(cell: Cell, message: Any, *, wakes: bool = True) -> None:
    """Queue ``message`` or apply the overflow policy; ``wakes``: hand the cell to its runtime.

    Raises:
        pykka.ActorDeadError: the actor has stopped.
        MailboxFull: the mailbox is full and refuses.
    """
    if cell.state >= STOPPING:
        _dead_letter(cell, message)
        msg = f"{cell.ref} not found"
        raise pykka.ActorDeadError(msg)
    if cell.system.faults is not None and not cell.system.faults.admits(cell, message):
        cell.stats.dropped += 1
        return
    spec = cell.spec
    if spec.key is not None and message.__class__ is not Ask:
        key = spec.key(message)
        if key is not None:
            _conflate(cell, key, message, wakes=wakes)
            return
    queue = cell.queue
    if len(queue) >= spec.capacity:
        _overflow(cell, message)
    if not queue:  # the rest is ``enqueue``: this is on the way of most messages
        cell.since_ns = cell.system.coarse_ns
    queue.append(message)
    if wakes and not cell.scheduled:
        cell.scheduled = True
        cell.ready(cell)


def enqueue(cell: Cell, message: Any, *, wakes: bool = True) -> None:
    """Append ``message`` whatever the bound (own notices and admitted messages)."""
    if not cell.queue:
        cell.since_ns = cell.system.coarse_ns
    cell.queue.append(message)
    if wakes and not cell.scheduled:  # as ``Cell.wake``: this is on the way of most messages
        cell.scheduled = True
        cell.ready(cell)


def notice(cell: Cell, message: object) -> None:
    """Queue one of the library's own notices; a dead receiver needs none."""
    if cell.state < STOPPING:
        enqueue(cell, message)


def _conflate(cell: Cell, key: object, message: Any, *, wakes: bool) -> None:
    """Queue ``message``, or have it take the place of what waits under its key."""
    pending = cell.pending
    if pending is None:
        pending = cell.pending = {}
    slot = pending.get(key)
    if slot is not None:
        slot.message = message
        if pending.get(key) is slot:  # else it was taken just now, perhaps with what it held before
            cell.stats.conflated += 1
            if wakes:  # what it takes the place of may have been left
                cell.wake()
            return
    if len(cell.queue) >= cell.spec.capacity:
        _overflow(cell, message)
    slot = pending[key] = Keyed(key, message)
    enqueue(cell, slot, wakes=wakes)


def _overflow(cell: Cell, message: Any) -> None:
    """Make room or raise ``MailboxFull``."""
    policy = cell.spec.overflow
    if policy == "drop_oldest":
        _drop_oldest(cell)
        return
    if policy == "block" and _wait_for_room(cell):
        return
    cell.stats.dropped += 1
    observer = cell.system.observer
    if observer is not None:
        observer.overflowed(cell, message)
    msg = (
        f"{cell.ref}: mailbox holds {cell.spec.capacity} messages and its policy is "
        f"{policy!r}; slow the sender down, raise the capacity or choose another policy"
    )
    raise MailboxFull(msg)


def _drop_oldest(cell: Cell) -> None:
    kept = []
    queue = cell.queue
    while queue:
        oldest = queue.popleft()
        if oldest.__class__ is Ask:
            oldest.reply_to.try_set(None, MailboxFull(f"{cell.ref}: dropped as the oldest request"))
        elif is_notice(oldest):
            kept.append(oldest)
            continue
        cell.stats.dropped += 1
        observer = cell.system.observer
        if observer is not None:
            observer.overflowed(cell, oldest)
        break
    queue.extendleft(reversed(kept))


def is_notice(message: object) -> bool:
    """Say whether ``message`` is one of the library's own, which are never dropped."""
    return message.__class__ in _NOTICES


def _wait_for_room(cell: Cell) -> bool:
    deadline_ns = cell.deadline_for(cell.spec.block_s)
    while len(cell.queue) >= cell.spec.capacity and cell.state < STOPPING:
        left_ns = deadline_ns - cell.system.now_ns()
        if left_ns <= 0:
            return False
        room = cell.room
        if room is None:
            room = cell.room = Future()
            room.runtime = cell.runtime
        try:
            room.get(timeout=left_ns / 1e9)
        except pykka.Timeout:
            return len(cell.queue) < cell.spec.capacity
    return True


def answer_dead(cell: Cell) -> None:
    """Answer every request that waits in a dead mailbox, count and report the rest."""
    queue = cell.queue
    while queue:
        try:
            message = queue.popleft()
        except IndexError:  # another sender answers at the same time
            return
        _answer_one(cell, message)
    while cell.control:
        _answer_one(cell, cell.control.popleft())


def _answer_one(cell: Cell, message: Any) -> None:
    if message.__class__ is Ask:
        if isinstance(message.message, pykka.messages._ActorStop):
            message.reply_to.try_set(True)
        else:
            error = pykka.ActorDeadError(f"{cell.ref} stopped before handling the message")
            message.reply_to.try_set(None, error)
    elif isinstance(message, Stop):
        if message.reply_to is not None:
            message.reply_to.try_set(True)
    elif not is_notice(message):
        _dead_letter(cell, message.message if message.__class__ is Keyed else message)


def _dead_letter(cell: Cell, message: object) -> None:
    cell.stats.dead_letters += 1
    observer = cell.system.observer
    if observer is not None:
        observer.dead_letter(cell, message)


def put_envelope(cell: Cell, envelope: Envelope[Any]) -> None:
    """Take a message that one of pykka's own refs sends."""
    if envelope.reply_to is None:
        put(cell, envelope.message)
        return
    timeout_s = cell.system.default_ask_timeout_s
    try:
        reply_to: Any = envelope.reply_to  # made by our own Actor._create_future
        put(cell, Ask(envelope.message, reply_to, cell.deadline_for(timeout_s)))
    except pykka.ActorDeadError as error:
        envelope.reply_to.set_exception((type(error), error, error.__traceback__))
