"""What a chaos run may break inside of the core, asked for over the control socket.

Nothing here works unless the composition root gave a ``Damage``, which it does only where the
configuration says ``[chaos] enabled = true`` and never in mode live. Everything is written to the
journal before it is done, ends by itself after its time, and ends at once when it is cleared.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pykka

from actors.noting import Notes
from actors.tables import find
from robotrader.adapters.memory_pressure import Pressure
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from supervision import MailboxFull, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.tables import Known
    from robotrader.domain.control_answers import Answer
    from supervision import ActorRef, Registry

_log: Final = logging.getLogger("robotrader.chaos")

_LIVE: Final = "live"


class PoisonPill:
    """A message that no actor knows."""


class Damage:
    """What is broken in this process at the moment; from whichever thread.

    Args:
        now_ns: the time of day, as it is without us.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._offset_ns = 0
        self._disk_until_ns = self._clock_until_ns = 0
        self._spells: list[_Spell] = []
        self._pressure = Pressure()

    def now_ns(self) -> int:
        """Return the time of day, or what is taken for it."""
        wrong = time.monotonic_ns() < self._clock_until_ns
        return self._now_ns() + (self._offset_ns if wrong else 0)

    def disk_is_full(self) -> bool:
        """Whether the journal finds no space."""
        return time.monotonic_ns() < self._disk_until_ns

    def fill_disk(self, for_s: float) -> None:
        """Let the journal find no space for so long."""
        self._disk_until_ns = _later_ns(for_s)

    def shift_clock(self, by_s: float, for_s: float) -> None:
        """Let the time of day be wrong for so long."""
        self._offset_ns, self._clock_until_ns = round(by_s * 1e9), _later_ns(for_s)

    def take_memory(self, for_s: float) -> None:
        """Let nobody allocate for so long."""
        self._pressure.apply(for_s)

    def cast(self, ref: ActorRef[Any], first_s: float, each_s: float, for_s: float) -> None:
        """Hold up an actor: its next message ``first_s``, all in ``for_s`` another ``each_s``."""
        self._spells = [spell for spell in self._spells if not spell.over.is_set()]
        self._spells.append(_Spell(ref, first_s, each_s, for_s))

    def clear(self) -> None:
        """End everything."""
        self._disk_until_ns = self._clock_until_ns = 0
        self._pressure.release()
        for spell in self._spells:
            spell.over.set()
        self._spells.clear()


def _later_ns(seconds: float) -> int:
    return time.monotonic_ns() + round(seconds * 1e9)


class _Spell:
    """Stands before an actor's handler and holds it up, with the thread that it runs on."""

    def __init__(self, ref: ActorRef[Any], first_s: float, each_s: float, for_s: float) -> None:
        self.over = threading.Event()
        self._first_s, self._each_s = first_s, each_s
        self._until_ns = _later_ns(for_s)
        self._cell = ref.actor_inbox
        self._handler = self._cell.actor.on_receive
        self._cell.receive = self._receive

    def _receive(self, message: Any) -> Any:
        first_s, self._first_s = self._first_s, 0.0
        left_s = (self._until_ns - time.monotonic_ns()) / 1e9
        if left_s > 0:
            if first_s:
                _log.warning("%s hangs from %.6f s on", self._cell.ref, time.monotonic())
            self.over.wait(min(first_s or self._each_s, left_s))
        if self.over.is_set() or time.monotonic_ns() >= self._until_ns:
            self.over.set()
            self._cell.receive = self._handler
        return self._handler(message)


class ChaosDesk:
    """Answers what a chaos run asks of the core.

    Args:
        damage: what may be broken; None: nothing.
        known: what does not change while the process lives.
        registry: where the journal and the tree's root are found.
    """

    def __init__(
        self,
        damage: Damage | None,
        known: Known,
        registry: Registry,
    ) -> None:
        self._damage, self._known, self._registry = damage, known, registry
        self._notes = Notes(registry, known.now_ns)

    async def answer(self, request: control.Chaos) -> Answer:
        """Break it, or say why not."""
        damage = self._damage
        if damage is None or self._known.mode == _LIVE:
            why = "this system may not be broken: set chaos.enabled = true; never in mode live"
            return answers.Refused(code="no_chaos", why=why)
        if request.what is control.Damage.CLEAR:
            damage.clear()
            await self._written(request)
            return answers.Done(text="nothing is broken on purpose any more")
        if not await self._written(request):
            return answers.Failed(why="the journal did not write it down: nothing was broken")
        if request.path:
            return await self._to_actor(damage, request)
        return _to_process(damage, request)

    async def _written(self, request: control.Chaos) -> bool:
        """Return whether the journal has it, for ever: what nobody would know of is not done."""
        said = f"chaos {request.scenario}: {request.said or request.what}"
        return await self._notes.keep(request.who, said, "asked")

    async def _to_actor(self, damage: Damage, request: control.Chaos) -> Answer:
        ref = await asyncio.to_thread(find, self._registry.whereis("root"), request.path)
        if ref is None:
            why = f"no actor {request.path}: `robotrader actors ls` has them"
            return answers.Refused(code="no_actor", why=why)
        held_up = request.what in {control.Damage.HANG, control.Damage.SLOW}
        if held_up and issubclass(ref.actor_class, Supervisor):
            why = f"{request.path} is a supervisor: it can be killed, not held up"
            return answers.Refused(code="no_actor", why=why)
        with suppress(pykka.ActorDeadError, MailboxFull):  # it is gone already, or overrun
            _strike(damage, ref, request)
        return answers.Done(text=f"{request.what} {request.path}")


def _strike(damage: Damage, ref: ActorRef[Any], request: control.Chaos) -> None:
    if request.what is control.Damage.KILL:
        ref.kill()
    elif request.what is control.Damage.POISON:
        ref.tell(PoisonPill())
    elif request.what is control.Damage.HANG:
        damage.cast(ref, request.for_s, 0.0, request.for_s)
    elif request.what is control.Damage.SLOW:
        damage.cast(ref, 0.0, request.by_s, request.for_s)


def _to_process(damage: Damage, request: control.Chaos) -> Answer:
    if request.what is control.Damage.DISK:
        damage.fill_disk(request.for_s)
    elif request.what is control.Damage.CLOCK:
        damage.shift_clock(request.by_s, request.for_s)
    elif request.what is control.Damage.MEMORY:
        damage.take_memory(request.for_s)
    elif request.what is not control.Damage.ANNOUNCE:
        return answers.Refused(code="no_actor", why=f"{request.what} needs the path of an actor")
    return answers.Done(text=f"{request.what}: {request.said or 'done'}")
