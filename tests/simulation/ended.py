"""What the journal says of an order's end is so at the venue, and stays so.

D1: an order that has ended does not work. D2: one that the broker has ended is not opened again.
D3: one that was given up does not come afterwards, and one that the broker has shown is never
given up (it may be lost, which halts its contract). D4: one that lives though it was given up is
cancelled. F70: a cancel of everything takes no stop away. F1: no order that is well is cancelled
without a record that says so. I5g: a full disk holds no cancel back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from robotrader.domain import OrderKey
from robotrader.domain import records as rec
from robotrader.venue.working import STOPS
from tests.simulation.outcome import Breach
from tests.simulation.watch import ASKED, SENT, of

if TYPE_CHECKING:
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import Sent, World

S: Final = 1_000_000_000
KILLED: Final = "the kill switch"
SAID: Final = frozenset({rec.Ending.FILLED, rec.Ending.CANCELLED, rec.Ending.REJECTED})
"""Ends that the broker says; of the others it says nothing any more."""


class EndsAreTrue:
    """D1 to D3, see the module's prose."""

    name = "D ends are true"
    reads = ASKED | of(rec.OrderAcked, rec.CancelIntended, rec.FillBooked, rec.OrderDone)

    def __init__(self) -> None:
        self._log = self._asked = 0
        self._shown: set[str] = set()
        self._stops: set[str] = set()
        self._risen: set[str] = set()
        """What lives after it was given up, and is not being cancelled."""

        self._ended: dict[str, rec.Ending] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the records since, and at what has arrived since."""
        texts = [text for _, record in world.log[self._log :] for text in self._read(world, record)]
        self._log = len(world.log)
        texts += [f"{ref} lives after it was given up, and goes on" for ref in self._risen]
        self._risen.clear()
        for asked in world.asked[self._asked :]:
            ref = "" if asked.order is None else asked.order.order_ref
            late = self._ended.get(ref) is rec.Ending.ABANDONED
            if late and not _half_open(world):
                texts.append(f"{ref} arrives after it was given up")
        self._asked = len(world.asked)
        return [Breach(self.name, world.now_ns, text) for text in texts]

    def _read(self, world: World, record: object) -> list[str]:
        match record:
            case rec.OrderAcked():
                again = self._ended.get(record.ref) in SAID and record.ref not in _live(world)
                self._shown.add(record.ref)
                if self._ended.get(record.ref, rec.Ending.FILLED) not in SAID:
                    self._risen.add(record.ref)
                return [f"{record.ref} is open again after its end"] if again else []
            case rec.CancelIntended():
                self._risen.discard(record.ref)
                emergency = record.reason == KILLED or record.reason.startswith("cancel ")
                if record.ref in self._stops and emergency:
                    return [f"{record.ref} is a stop, and an emergency takes it: {record.reason}"]
            case rec.OrderIntended() if record.reduces and record.order_type in STOPS:
                self._stops.add(record.ref)
            case rec.FillBooked():
                self._shown.add(record.ref)
            case rec.OrderDone():
                self._ended[record.ref] = record.ending
                return self._done(world, record)
            case _:
                pass
        return []

    def _done(self, world: World, record: rec.OrderDone) -> list[str]:
        sure = record.ending in SAID or not _half_open(world)
        found = []
        if sure and record.ref in _live(world):
            found.append(f"{record.ref} is recorded as {record.ending} and works")
        if record.ending is rec.Ending.ABANDONED and record.ref in self._shown:
            found.append(f"{record.ref} was shown, and is given up")
        return found


def _live(world: World) -> set[str]:
    return {each.order.order_ref for each in list(world.venue.live.values())}


def _half_open(world: World) -> bool:
    """Whether bytes may have been on their way for longer than anybody waits for them."""
    coverage = cast("CoreWorld", world).coverage
    return bool(coverage["fault half_open"] or coverage["fault stuck"])


class CancelsAreMeant:
    """F1, see the module's prose."""

    name = "F1 cancels are meant"
    reads = SENT

    def __init__(self) -> None:
        self._log = self._sent = 0
        self._numbers: dict[int, str] = {}
        self._meant: set[str] = set()
        self._generation: dict[OrderKey, int] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since."""
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                self._numbers[record.order_id] = record.ref
            elif isinstance(record, rec.CancelIntended):
                self._meant.add(record.ref)
        self._log = len(world.log)
        found = [
            Breach(self.name, sent.at_ns, f"{self._numbers.get(sent.key.order_id)} is cancelled")
            for sent in world.sent[self._sent :]
            if self._judge(world, sent)
        ]
        self._sent = len(world.sent)
        return found

    def _judge(self, world: World, sent: Sent) -> bool:
        if sent.order is not None:
            self._generation[sent.key] = sent.generation
            return False
        weather = cast("CoreWorld", world).weather
        unkept = weather.lasts("full") or bool(cast("CoreWorld", world).refused)
        meant = self._numbers.get(sent.key.order_id) in self._meant
        same = self._generation.get(sent.key) == sent.generation
        return sent.key in world.venue.live and same and not meant and not unkept


class CancelsLeave:
    """I5g, see the module's prose: a second after its record was refused, a cancel has left us."""

    name = "I5g a full disk holds no cancel back"

    def __init__(self) -> None:
        self._at = 0
        self._waits: list[tuple[int, str, int, int]] = []

    def check(self, world: World) -> list[Breach]:
        """Look at the records that a disk has refused since, and whether those before have left."""
        core, now_ns = cast("CoreWorld", world), world.now_ns
        if len(core.refused) == self._at and not self._waits:
            return []
        for at_ns, ref in core.refused[self._at :]:
            self._waits.append((at_ns, ref, core.life, core.losses))
        self._at = len(core.refused)
        if core.sim_ns() <= core.striker.hung_until_ns + S:
            self._waits.clear()
        due = [each for each in self._waits if now_ns > each[0] + S]
        self._waits = [each for each in self._waits if each not in due]
        return [
            Breach(self.name, now_ns, f"{ref} is not cancelled: its record was refused")
            for at_ns, ref, life, losses in due
            if (life, losses) == (core.life, core.losses) and core.ready
            if ref in _live(world) and not self._left(world, ref, at_ns)
        ]

    def _left(self, world: World, ref: str, at_ns: int) -> bool:
        numbers: dict[str, Any] = {each.order.order_ref: each.key for each in world.sent
                                   if each.order is not None}  # fmt: skip
        return any(
            each.order is None and each.key == numbers.get(ref) and each.at_ns >= at_ns - S
            for each in reversed(world.sent)
        )
