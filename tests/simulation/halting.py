"""A contract is halted where, and only where, something is wrong in it.

H1: a halt has its reason at the venue: somebody else traded, a fill was corrected or is not to be
had any more, an order was lost. H2: an order that is recorded as lost leaves its contract halted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import records as rec
from tests.simulation.outcome import Breach
from tests.simulation.protection import strange
from tests.simulation.watch import of

if TYPE_CHECKING:
    from tests.simulation.world import World


class HaltsAreRight:
    """See the module's prose."""

    name = "H1 halts have a reason, H2 lost orders halt"
    reads = of(rec.SymbolHalted, rec.SymbolResumed, rec.OrderDone)

    def __init__(self) -> None:
        self._log = 0
        self._halted: set[int] = set()
        self._of: dict[str, int] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the records since: what belongs together is in one commit."""
        found: list[Breach] = []
        lost: dict[str, int] = {}
        for _, record in world.log[self._log :]:
            match record:
                case rec.OrderIntended():
                    self._of[record.ref] = record.con_id
                case rec.SymbolHalted():
                    self._halted.add(record.con_id)
                    found += self._judge(world, record, bool(lost))
                case rec.SymbolResumed():
                    self._halted.discard(record.con_id)
                case rec.OrderDone(ending=rec.Ending.LOST):
                    lost[record.ref] = self._of[record.ref]
                case _:
                    pass
        self._log = len(world.log)
        return [*found, *(
            Breach(self.name, world.now_ns, f"{ref} was lost, and {con_id} is not halted")
            for ref, con_id in lost.items() if con_id not in self._halted
        )]  # fmt: skip

    def _judge(self, world: World, record: rec.SymbolHalted, lost: bool) -> list[Breach]:
        known = lost or "order" in record.why or world.excused & {"I2", "I11"}
        if known or record.con_id in strange(world):
            return []
        return [Breach(self.name, world.now_ns, f"halted without a reason: {record.why}")]
