"""The kill switch, folded here anew from its records: what a switch of our own gets wrong, shows.

I5b: no entry leaves us in a scope that is tripped. I5c: at ``cancel`` only stops go on working
(F70), at ``flatten`` nothing is held any more (F71), each after some calm seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import records as rec
from robotrader.venue.working import STOPS
from tests.simulation.outcome import Breach

if TYPE_CHECKING:
    from robotrader.domain.records import Record
    from tests.simulation.world import World

S: Final = 1_000_000_000
HANDED_NS: Final = 250_000_000
LEVELS: Final = ("pause", "reduce", "cancel", "flatten")
CANCELLED_WITHIN_S: Final = 8
FLAT_WITHIN_S: Final = 30


class _Trips:
    """What is tripped, by scope and trigger, and since when."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], tuple[int, int]] = {}
        self.intents: dict[str, rec.OrderIntended] = {}

    def take(self, record: Record, now_ns: int) -> None:
        """Fold one record in."""
        if isinstance(record, rec.OrderIntended):
            self.intents[record.ref] = record
        elif isinstance(record, rec.SwitchTripped) and record.level in LEVELS:
            key, level = (record.scope, record.trigger), LEVELS.index(record.level)
            if level > self.levels.get(key, (-1, 0))[0]:
                self.levels[key] = (level, now_ns)
        elif isinstance(record, rec.SwitchCleared):
            own = {"connection", "build"}
            own |= {"unreconciled"} if record.scope.startswith("symbol:") else set()
            gone = [key for key in self.levels
                    if key[0] == record.scope and (record.who or key[1] in own)]  # fmt: skip
            for key in gone:
                del self.levels[key]

    def over(self, intent: rec.OrderIntended, least: str) -> int | None:
        """Return since when an order is under a level at least as high, None if it is not."""
        scopes = {
            "all", f"account:{intent.account}", f"symbol:{intent.symbol}",
            f"strategy:{intent.strategy}", f"strategy:{intent.strategy.partition('/')[0]}",
        }  # fmt: skip
        since = [at_ns for (scope, _), (level, at_ns) in self.levels.items()
                 if scope in scopes and level >= LEVELS.index(least)]  # fmt: skip
        return min(since, default=None)


class Emergency:
    """See the module's prose."""

    name = "I5b a tripped switch holds"

    def __init__(self) -> None:
        self._log = self._sent = 0
        self._trips = _Trips()
        self._known: set[int] = set()
        self._told: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since, and at what still works or is held."""
        for _, record in world.log[self._log :]:
            self._trips.take(record, world.now_ns)
        self._log = len(world.log)
        found = [
            Breach(self.name, sent.at_ns, f"{sent.order.order_ref} left after a trip")
            for sent in world.sent[self._sent :]
            if sent.order is not None
            and self._forbidden(sent.key.order_id, sent.order.order_ref) < sent.at_ns
        ]
        self._known |= {each.key.order_id for each in world.sent[self._sent :]}
        self._sent = len(world.sent)
        if self._trips.levels and world.calm_ns is not None:
            found += self._working(world, world.calm_ns) + self._held(world, world.calm_ns)
        return found

    def _forbidden(self, number: int, ref: str) -> float:
        """Return from when on an order may not leave us; never, if it may."""
        intent = self._trips.intents.get(ref)
        if number in self._known or intent is None or intent.reduces:
            return float("inf")
        since_ns = self._trips.over(intent, "pause")
        return float("inf") if since_ns is None else since_ns + HANDED_NS

    def _working(self, world: World, calm_ns: int) -> list[Breach]:
        late = []
        for working in list(world.venue.live.values()):
            order = working.order
            intent = self._trips.intents.get(order.order_ref)
            if intent is None or order.order_type in STOPS or intent.ref in self._told:
                continue
            since_ns = self._trips.over(intent, "cancel")
            if since_ns is None or intent.wall_ns > since_ns:
                continue
            if world.now_ns > max(since_ns, calm_ns) + CANCELLED_WITHIN_S * S:
                self._told.add(intent.ref)
                late.append(Breach(self.name, world.now_ns, f"{intent.ref} still works"))
        return late

    def _held(self, world: World, calm_ns: int) -> list[Breach]:
        flat = [at_ns for (scope, _), (level, at_ns) in self._trips.levels.items()
                if scope == "all" and level == LEVELS.index("flatten")]  # fmt: skip
        if not flat or world.now_ns <= max(min(flat), calm_ns) + FLAT_WITHIN_S * S:
            return []
        held = {con_id: qty for con_id, qty in world.positions().items() if qty}
        if not held or "flat" in self._told:
            return []
        self._told.add("flat")
        return [Breach(self.name, world.now_ns, f"{held} are held after a flatten")]
