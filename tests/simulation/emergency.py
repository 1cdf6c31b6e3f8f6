"""The kill switch, folded here anew from its records: what a switch of our own gets wrong, shows.

I5b: no entry leaves us in a scope that is tripped. I5c: at ``cancel`` only stops go on working
(F70), at ``flatten`` nothing is held any more (F71), each after some calm seconds. What others
have traded and nobody told us of is not ours to close (decision 134): a person adopts it first.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from robotrader.domain import FLATTENER
from robotrader.domain import records as rec
from robotrader.execution.identity import is_ours
from robotrader.venue.working import STOPS
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS

if TYPE_CHECKING:
    from robotrader.domain.records import Record
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World

ZERO: Final = Decimal(0)
S: Final = 1_000_000_000
HANDED_NS: Final = 250_000_000
HOUR_NS: Final = 3_600 * S
LEVELS: Final = ("pause", "reduce", "cancel", "flatten")
CANCELLED_WITHIN_S: Final = 8
FLAT_WITHIN_S: Final = 30
FILE_WITHIN_S: Final = 3


class Trips:
    """What is tripped, by scope and trigger, and since when."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], tuple[int, int]] = {}
        self.intents: dict[str, rec.OrderIntended] = {}
        self._flat_until: dict[str, int] = {}
        """When a flatten of a scope was cleared."""

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
                level, _ = self.levels.pop(key)
                if level == LEVELS.index("flatten"):
                    self._flat_until[record.scope] = now_ns

    def let_until_ns(self, intent: rec.OrderIntended) -> int:
        """Return until when a flatten, cleared since, let an order of its own work; 0: never."""
        if intent.strategy != FLATTENER:
            return 0
        return max(self._flat_until.get(scope, 0) for scope in self.scopes(intent))

    @staticmethod
    def scopes(intent: rec.OrderIntended) -> set[str]:
        """Return the scopes that an order is in."""
        return {
            "all", f"account:{intent.account}", f"symbol:{intent.symbol}",
            f"strategy:{intent.strategy}", f"strategy:{intent.strategy.partition('/')[0]}",
        }  # fmt: skip

    def over(self, intent: rec.OrderIntended, least: str) -> int | None:
        """Return since when an order is under a level at least as high, None if it is not."""
        scopes = self.scopes(intent)
        since = [at_ns for (scope, _), (level, at_ns) in self.levels.items()
                 if scope in scopes and level >= LEVELS.index(least)]  # fmt: skip
        return min(since, default=None)


class Emergency:
    """See the module's prose."""

    name = "I5b a tripped switch holds"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = self._sent = 0
        self._trips = Trips()
        self._known: set[int] = set()
        self._told: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at what left us since, and at what still works or is held."""
        for _, record in world.log[self._log :]:
            self._trips.take(record, world.now_ns)
        self._log = len(world.log)
        new, self._sent = world.sent[self._sent :], len(world.sent)
        found = [
            Breach(self.name, sent.at_ns, f"{sent.order.order_ref} left after a trip")
            for sent in new
            if sent.order is not None
            and self._forbidden(sent.key.order_id, sent.order.order_ref) < sent.at_ns
        ]
        self._known.update(each.key.order_id for each in new)
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
            if intent.strategy == FLATTENER and self._trips.over(intent, "flatten") is not None:
                continue  # what is to close waits for the market to open
            if since_ns is None or world.stopped_ns(intent.wall_ns) > since_ns:
                continue
            since_ns = max(since_ns, self._trips.let_until_ns(intent))
            if world.now_ns > max(since_ns, calm_ns) + CANCELLED_WITHIN_S * S:
                self._told.add(intent.ref)
                late.append(Breach(self.name, world.now_ns, f"{intent.ref} still works"))
        return late

    def _held(self, world: World, calm_ns: int) -> list[Breach]:
        flat = {scope: at_ns for (scope, _), (level, at_ns) in self._trips.levels.items()
                if level == LEVELS.index("flatten")}  # fmt: skip
        found: list[Breach] = []
        hours, clock_ns = world.venue.sessions, world.venue.now_ns
        if not all(hours.is_open(at, outside_rth=False) for at in (clock_ns, clock_ns - HOUR_NS)):
            return found  # nothing trades, or has not for long enough
        for scope, at_ns in flat.items():
            if world.now_ns <= max(at_ns, calm_ns) + FLAT_WITHIN_S * S or scope in self._told:
                continue
            held = self._of(world, scope)
            if held:
                self._told.add(scope)
                text = f"{held} are held after a flatten of {scope}"
                found.append(Breach(self.name, world.now_ns, text))
        return found

    def _of(self, world: World, scope: str) -> dict[int, Decimal]:
        """Return what is held in a scope; of a strategy only what nobody else has traded too."""
        kind, _, name = scope.partition(":")
        symbols = {each.con_id: each.symbol for each in self._trips.intents.values()}
        own = {con_id for strategy, con_id in world.strategies().items() if strategy == name}
        strange = {each.con_id for each in world.executions if not is_ours(each.order_ref)}
        inside = {
            "all": set(world.positions()),
            "account": set(world.positions()) if name == world.account else set[int](),
            "symbol": {con_id for con_id, symbol in symbols.items() if symbol == name},
            "strategy": own - strange,
        }[kind]
        held = {con_id: qty for con_id, qty in world.positions().items() if qty}
        return {con_id: qty for con_id, qty in held.items()
                if con_id in inside and qty * (qty - untold(world, con_id)) > 0}  # fmt: skip


def untold(world: World, con_id: int) -> Decimal:
    """Return what others traded of a contract and our journal has neither as fills nor adopted."""
    booked: set[str] = set()
    adopted_ns = 0
    for at_ns, (_, record) in zip(world.log_ns, world.log, strict=True):
        if isinstance(record, rec.FillBooked):
            booked.add(record.family)
        elif isinstance(record, rec.PositionAdopted) and record.con_id == con_id:
            adopted_ns = at_ns
    theirs: dict[str, Decimal] = {}
    for each in world.executions:
        family = each.exec_id.rpartition(".")[0]
        late = world.stopped_ns(each.time_ns) > adopted_ns
        if each.con_id == con_id and late and not (is_ours(each.order_ref) or family in booked):
            theirs[family] = each.qty if each.bought else -each.qty
    return sum(theirs.values(), ZERO)


class FileTrips:
    """K1: while the file KILL is there, a process that lives is tripped for everything."""

    name = "K1 the file trips"

    def __init__(self) -> None:
        self._since: tuple[int, int] = (-1, 0)

    def check(self, world: World) -> list[Breach]:
        """Look whether it was there for a while in this life of the process."""
        core = cast("CoreWorld", world)
        process = core.process
        switch = None if process is None else process.switch()
        hangs = core.sim_ns() <= core.striker.hung_until_ns
        if core.folder.kill is None or switch is None or core.weather.lasts("full") or hangs:
            self._since = (-1, 0)
            return []
        if self._since[0] != core.life:
            self._since = (core.life, world.now_ns)
        if world.now_ns < self._since[1] + FILE_WITHIN_S * S or switch.find("all", "person"):
            return []
        self._since = (core.life, world.now_ns)
        return [Breach(self.name, world.now_ns, "the file KILL is there, and nothing is tripped")]
