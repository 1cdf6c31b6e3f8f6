"""How a cell ends, and who is told.

An end happens exactly once, whoever is first: the actor's own turn, a killer or the watchdog. From
then on the mailbox answers "dead". Told are, in this order: requests that still wait, the system,
everybody who watches (monitors, links, name and group registries), and the supervisor last, so that
a successor finds the names free. Nobody is called while the lock is held.
"""

from __future__ import annotations

import threading
import traceback
from itertools import count
from typing import TYPE_CHECKING, Any

import pykka

from supervision import delivery, here
from supervision.messages import ChildExit, Down, Exit, Monitor, Stop, Urgent
from supervision.reasons import KILLED, NOPROC, NORMAL, Crash
from supervision.states import ALIVE, DEAD, STARTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from supervision.reasons import ExitReason

_lock = threading.Lock()
_monitor_numbers = count(1)


def end(cell: Cell, reason: ExitReason) -> bool:
    """Record that ``cell`` ended because of ``reason`` and tell everybody; False if it had."""
    with _lock:
        if cell.state == DEAD:
            return False
        cell.state = DEAD
        cell.reason = reason
        watchers, cell.watchers = cell.watchers, None
    cell.capacity = -1
    cell.attention = True
    cell.ready = _wake_dead
    cell.scheduled = False
    asking = cell.asking
    if asking is not None:
        asking.reply_to.try_set(None, pykka.ActorDeadError(f"{cell.ref} ended: {reason}"))
    delivery.answer_dead(cell)
    cell.system.forget(cell)
    if watchers is not None:
        for notify in watchers.values():
            notify(cell, reason)
    parent = cell.parent
    if parent is not None:
        delivery.notice(parent, ChildExit(cell.ref, reason))
    _let_go(cell, reason)
    return True


def _let_go(cell: Cell, reason: ExitReason) -> None:
    """Keep nothing of what the actor had, however long somebody keeps its address or its reason.

    A timer of next week, a monitor's message and a crash that is remembered all lead to the cell.
    What they find of the actor is its class, and of the crash where it happened.
    """
    kind = type(cell.actor)
    husk = object.__new__(kind)
    husk._cell = cell
    cell.actor, cell.receive = husk, None
    if isinstance(reason, Crash):
        traceback.clear_frames(reason.cause.__traceback__)


def _wake_dead(cell: Cell) -> None:
    cell.scheduled = False
    delivery.answer_dead(cell)


def kill(cell: Cell, reason: ExitReason = KILLED) -> bool:
    """End ``cell`` from outside: no hook runs, and a handler under way is fenced off.

    Python cannot end a thread. If a handler is running, its incarnation is stale from now on: what
    it still tries to send is refused, and the runtime lets go of its thread.
    """
    was_starting = cell.state < ALIVE
    elsewhere = cell.running and here.current_cell() is not cell
    if not end(cell, reason):
        return False
    if was_starting:
        notify_start(cell, None, pykka.ActorDeadError(f"{cell.ref} ended in its start: {reason}"))
    if elsewhere and cell.runtime is not None:
        cell.runtime.fence(cell)
    return True


def notify_start(cell: Cell, value: object, error: BaseException | None) -> None:
    """Tell the starter how the start went."""
    future = cell.system.pending_starts.pop(cell.number, None)
    if future is not None:
        future.try_set(value, error)


def watch(cell: Cell, key: object, notify: Callable[[Cell, ExitReason], None]) -> None:
    """Call ``notify(cell, reason)`` when ``cell`` ends; at once, with NoProc, if it has."""
    with _lock:
        if cell.state != DEAD:
            if cell.watchers is None:
                cell.watchers = {}
            cell.watchers[key] = notify
            return
    notify(cell, NOPROC)


def unwatch(cell: Cell, key: object) -> bool:
    """Forget the watch ``key``; return whether it was still waiting."""
    with _lock:
        return cell.watchers is not None and cell.watchers.pop(key, None) is not None


def monitor(watcher: Cell, target: Cell, message: object = None) -> Monitor:
    """Send ``watcher`` one ``Down`` (or ``message``, if given) when ``target`` ends.

    A watcher that is still starting reads nothing but its control lane: there it is told.
    """
    handle = Monitor(next(_monitor_numbers))

    def notify(cell: Cell, reason: ExitReason) -> None:
        down = Down(handle, cell.ref, reason) if message is None else message
        if watcher.state == STARTING:
            watcher.command(Urgent(down))
        else:
            delivery.notice(watcher, down)

    watch(target, handle, notify)
    return handle


def demonitor(watcher: Cell, target: Cell, handle: Monitor, *, flush: bool) -> None:
    """End a watch; with ``flush`` also take back a ``Down`` that already waits."""
    if unwatch(target, handle) or not flush:
        return
    for waiting in list(watcher.queue):
        if waiting.__class__ is Down and waiting.monitor == handle:
            watcher.queue.remove(waiting)


def link(left: Cell, right: Cell) -> None:
    """Tie two actors: the abnormal end of one ends the other, unless that one traps exits."""
    watch(left, ("link", right.number), _exit_signal_to(right, left))
    watch(right, ("link", left.number), _exit_signal_to(left, right))


def _exit_signal_to(receiver: Cell, peer: Cell) -> Callable[[Cell, ExitReason], None]:
    def notify(cell: Cell, reason: ExitReason) -> None:
        unwatch(receiver, ("link", peer.number))
        exit_signal(receiver, cell, reason)

    return notify


def unlink(left: Cell, right: Cell) -> None:
    """Untie two actors; no exit message of that link is handled afterwards."""
    unwatch(left, ("link", right.number))
    unwatch(right, ("link", left.number))
    for waiting in list(left.queue):
        if waiting.__class__ is Exit and waiting.ref is right.ref:
            left.queue.remove(waiting)


def exit_signal(receiver: Cell, sender: Cell, reason: ExitReason) -> None:
    """Pass on the end of a linked actor: a message if trapped, else the receiver's own end."""
    if receiver.actor.trap_exit:
        delivery.notice(receiver, Exit(sender.ref, reason))
    elif reason is not NORMAL:
        receiver.command(Stop(reason))


def when_ended(cell: Cell, callback: Callable[[], Any]) -> None:
    """Call ``callback()`` once when ``cell`` has ended; at once if it has."""
    watch(cell, object(), lambda _cell, _reason: callback())
