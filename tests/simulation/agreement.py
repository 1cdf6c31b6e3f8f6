"""Nothing is entered on doubt: what is sent follows a comparison, and leaves nothing open behind.

I8 looks at intents by the generation that they name. These two look closer: at the connection as
it was, also where it was lost and came back within a generation (1100, 1102), and at orders of
which nobody has said what became of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from robotrader.domain import records as rec
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS, LOSSES, SENT, of

if TYPE_CHECKING:
    from robotrader.domain.records import Record
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World


class SentOnAgreement:
    """I8b: between the loss of a link and the next comparison no new order leaves us."""

    name = "I8b compared before sent"
    reads = SENT | LOSSES | of(rec.Reconciled, rec.SessionBegan)

    def __init__(self) -> None:
        self._log = self._sent = self._losses = 0
        self._agreed = False
        self._known: set[int] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since."""
        before = self._agreed  # of a loss in the same turn it is not known what came first
        if world.losses != self._losses:
            self._losses, self._agreed = world.losses, False
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.Reconciled):
                self._agreed = _of_this_link(world, record)
            elif isinstance(record, rec.SessionBegan):
                self._agreed = False
        self._log = len(world.log)
        found = []
        for sent in world.sent[self._sent :]:
            number = sent.key.order_id
            agreed = before or self._agreed
            if sent.order is not None and number not in self._known and not agreed:
                text = f"{sent.order.order_ref} left before both sides were compared"
                found.append(Breach(self.name, sent.at_ns, text))
            self._known.add(number)
        self._sent = len(world.sent)
        return found


def _of_this_link(world: World, record: rec.Reconciled) -> bool:
    """Whether what was compared came since the link was READY again: an older answer opens nothing.
    At wire level it is not known.
    """
    exchange = getattr(world, "exchange", None)
    return exchange is None or record.wall_ns >= exchange.unready_ns


class NothingInDoubt:
    """I8c: no intent follows in a later connection while an older one was not heard of."""

    name = "I8c no intent on doubt"
    reads = of(rec.OrderIntended)

    def __init__(self) -> None:
        self._log = 0
        self._unheard: dict[str, tuple[int, int]] = {}
        self._session = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the records since."""
        found: list[Breach] = []
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended):
                where = (self._session, record.generation)
                old = [ref for ref, since in self._unheard.items() if since < where]
                if old and record.order_type:  # one that was adopted has none
                    text = f"{record.ref} while {', '.join(old)} was not heard of"
                    found.append(Breach(self.name, world.now_ns, text))
                self._unheard[record.ref] = where
            else:
                self._heard(record)
        self._log = len(world.log)
        return found

    def _heard(self, record: Record) -> None:
        if isinstance(record, rec.SessionBegan):
            self._session += 1
        elif isinstance(record, rec.OrderAcked | rec.OrderDone | rec.FillBooked):
            self._unheard.pop(record.ref, None)


class AskedBeforeReady:
    """C10: a link that is READY has asked for everything since it was lost, if only for a moment.

    Also where it was lost within a generation (1100) and came back (1101, 1102).
    """

    name = "C10 asked before ready"
    reads = ALWAYS

    def __init__(self) -> None:
        self._losses = 0

    def check(self, world: World) -> list[Breach]:
        """Look whether it is ready too early; once for each loss."""
        core = cast("CoreWorld", world)
        if not core.ready or core.losses == self._losses:
            return []
        self._losses = core.losses
        if min(core.exchange.asked_after.values()) >= core.losses:
            return []
        return [Breach(self.name, world.now_ns, f"ready after loss {core.losses}, not asked since")]
