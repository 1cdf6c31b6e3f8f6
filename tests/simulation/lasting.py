"""What may differ for a moment and must not for longer, looked at in every calm of a run.

News takes a moment from actor to actor, so a difference counts once it has lasted. R1: what the
gate holds of entries is what the order manager's may still fill. I3c: what every actor has folded,
from a snapshot or not, is the fold of the whole journal. I5e: a cancel that was intended is sent
until the order is over. C2: both sides are compared every minute, whatever happens.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from robotrader.domain import Side
from robotrader.domain import records as rec
from robotrader.domain.lifecycle import OVER
from robotrader.recovery import Folds, Holder
from tests.simulation.emergency import LEVELS, Trips
from tests.simulation.outcome import Breach
from tests.simulation.protection import HARMLESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.core import CoreWorld
    from tests.simulation.process import Process
    from tests.simulation.world import World

ZERO: Final = Decimal(0)
S: Final = 1_000_000_000
MOMENT_NS: Final = 3 * S


class Lasting:
    """Remembers since when something differs; ``wrong`` says what does, by a key."""

    name = ""
    moment_ns = MOMENT_NS
    harmless: frozenset[str] = frozenset()
    """Faults that delay no news."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._told: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Return what has differed for longer than a moment, in a calm."""
        core: Any = world
        hangs = core.system.coarse_ns <= core.striker.hung_until_ns
        if hangs or not (core.ready and core.weather.only(self.harmless)):
            self._since.clear()
            return []
        wrong = self.wrong(world)
        if not wrong and not self._since:
            return []
        now_ns = world.now_ns
        self._since = {key: self._since.get(key, now_ns) for key in wrong}
        late = [key for key, since_ns in self._since.items()
                if now_ns - since_ns > self.moment_ns and key not in self._told]  # fmt: skip
        self._told.update(late)
        return [Breach(self.name, now_ns, f"{key}: {wrong[key]}") for key in late]

    def wrong(self, world: World) -> dict[str, str]:
        """Return what differs now."""
        raise NotImplementedError


class ReservationsAgree(Lasting):
    """R1: by contract, what the gate counts of entries is what they may still fill."""

    name = "R1 reservations agree"
    harmless = HARMLESS | {"halt"}

    def wrong(self, world: World) -> dict[str, str]:
        """Compare the gate's view with the order manager's orders."""
        process = _process(world)
        trading = None if process is None else process.trading()
        risk = None if process is None else process.actor("risk")
        if trading is None or risk is None or not trading.ready:
            return {}
        held = _entering(risk)
        open_: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        apart: set[int] = set()
        for each in trading.orders:
            if each.state in OVER or each.filled > each.qty:
                apart.add(each.con_id)  # fills are awaited of it, or were taken back
            elif not each.reduces:
                open_[each.con_id] += each.qty - each.filled
        return {
            f"contract {con_id}": f"the gate has {held.get(con_id, ZERO)}, orders {open_[con_id]}"
            for con_id in {*held, *open_}
            if con_id not in apart and held.get(con_id, ZERO) != open_[con_id]
        }


def _entering(risk: Any) -> dict[int, Decimal]:
    """Return what the gate counts of entries, by contract."""
    found: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    for each in risk.gate.reserved:
        if not each.reduces:
            found[each.con_id] += each.qty
    for each in risk.keeper.others():
        if not each.reduces:
            found[each.con_id] += each.reserved
    return dict(found)


class FoldsAgree(Lasting):
    """I3c: each life of an actor has what a fold of the whole journal gives; looked at once."""

    name = "I3c every fold is the journal's"
    harmless = HARMLESS | frozenset(
        {"late_fill", "reorder", "duplicate", "lost_status", "held", "reject", "cancel_race"}
    )

    def __init__(self) -> None:
        super().__init__()
        self._folds: Folds | None = None
        self._log = 0
        self._agreed: dict[str, Any] = {}

    def wrong(self, world: World) -> dict[str, str]:
        """Compare the folds of actors that were not found to agree yet."""
        process = _process(world)
        if process is None:
            return {}
        wrong = {}
        for part in _PAIRS:
            actor = process.actor(part)
            if actor is None or self._agreed.get(part) is actor:
                continue
            found = next(_differs(part, actor, self.folded(world)), "")
            if found:
                wrong[part] = found
            else:
                self._agreed[part] = actor
        return wrong

    def folded(self, world: World) -> Folds:
        """Return the fold of all that is durable."""
        if self._folds is None:
            self._folds = Folds(
                Holder.of(world.account, dict.fromkeys(world.strategies().values(), 1))
            )
        for seq, record in world.log[self._log :]:
            self._folds.apply(seq, record)
        self._log = len(world.log)
        return self._folds


def _differs(part: str, actor: Any, folds: Folds) -> Iterator[str]:
    """Yield in what an actor's fold is another than that of the whole journal."""
    for name, has, should in _PAIRS[part](actor, folds):
        if has != should:
            yield f"{name} is {has}, folded {should}"[:1_000]


def _orders(actor: Any, folds: Folds) -> Iterator[tuple[str, Any, Any]]:
    book, folded = actor.manager._desk.book, folds.book
    yield "all", book.durable(), folded.durable()
    for name in ("stops", "legs", "holdings", "commissions"):
        yield name, getattr(book, name), getattr(folded, name)
    yield "awaited", set(book.awaited), set(folded.awaited)
    yield "open", set(book.open), set(folded.open)
    seq, highest = book.identities.state()[1:3], folded.identities.state()[1:3]
    yield "numbers", all(a >= b for a, b in zip(seq, highest, strict=True)), True


def _account(actor: Any, folds: Folds) -> Iterator[tuple[str, Any, Any]]:
    yield "ledger", actor.ledger.snapshot(), folds.ledger.snapshot()


def _risk(actor: Any, folds: Folds) -> Iterator[tuple[str, Any, Any]]:
    keeper = actor.keeper
    yield "ledger", keeper.ledger.snapshot(), folds.ledger.snapshot()
    yield "halted", set(keeper.halted), set(folds.switch.halted)
    has, should = keeper.standings.state(), folds.standings.state()
    yield "positions", dict(has.positions), dict(should.positions)
    yield "open", dict(has.open), dict(should.open)
    yield "fills", dict(has.fills), dict(should.fills)
    yield "limits", actor.gate.limits, _limits(actor, folds)


def _limits(actor: Any, folds: Folds) -> Any:
    limits = actor.gate.changes.configured
    for each in folds.gate.state().changed:
        limits = limits.changed(each.name, each.value)
    return limits


def _switch(actor: Any, folds: Folds) -> Iterator[tuple[str, Any, Any]]:
    yield "durable", actor._durable.state(), folds.switch.state()
    trips = {(each.scope, each.trigger): each.level for each in actor.switch.trips}
    folded = {(each.scope, each.trigger): each.level for each in folds.switch.switch.trips}
    yield "trips", trips, folded


_PAIRS: Final = {"orders": _orders, "account": _account, "risk": _risk, "kill-switch": _switch}


class SumsAgree(Lasting):
    """I3d: positions are the sum of what the journal has of fills, computed here anew."""

    name = "I3d positions are sums"

    def __init__(self) -> None:
        super().__init__()
        self._log = 0
        self._fills: dict[str, tuple[int, int, Decimal]] = {}
        self._sums: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)

    def wrong(self, world: World) -> dict[str, str]:
        """Compare the order manager's positions with the sums."""
        for _, record in world.log[self._log :]:
            self._add(record)
        self._log = len(world.log)
        process = _process(world)
        ours = None if process is None else process.positions()
        if ours is None:
            return {}
        return {
            f"contract {con_id}": f"{ours.get(con_id, ZERO)} are held, the sum is {qty}"
            for con_id, qty in self._sums.items()
            if ours.get(con_id, ZERO) != qty
        }

    def _add(self, record: rec.Record) -> None:
        match record:
            case rec.FillBooked():
                sign = Side(record.side).sign
                self._fills[record.family] = record.con_id, sign, record.qty
                self._sums[record.con_id] += sign * record.qty
            case rec.FillCorrected() if record.family in self._fills:
                con_id, sign, qty = self._fills[record.family]
                self._fills[record.family] = con_id, sign, record.qty
                self._sums[con_id] += sign * (record.qty - qty)
            case rec.PositionAdopted():
                self._sums[record.con_id] = record.qty
            case _:
                pass


class SwitchIsRecords(Lasting):
    """I5j: the switch is what its records say, folded here anew."""

    name = "I5j the switch is its records"

    def __init__(self) -> None:
        super().__init__()
        self._log = 0
        self._trips = Trips()

    def wrong(self, world: World) -> dict[str, str]:
        """Compare each scope's level."""
        for _, record in world.log[self._log :]:
            self._trips.take(record, world.now_ns)
        self._log = len(world.log)
        switch = None if world.core is None else world.core.switch()
        if switch is None or not (switch.trips or self._trips.levels):
            return {}
        has = {(each.scope, each.trigger): str(each.level) for each in switch.trips}
        should = {key: LEVELS[level] for key, (level, _) in self._trips.levels.items()}
        return {
            f"{key}": f"is {has.get(key, 'off')}, its records say {should.get(key, 'off')}"
            for key in {*has, *should}
            if has.get(key) != should.get(key)
        }


class CancelsRepeated(Lasting):
    """I5e: what is to be cancelled is over soon: a cancel that was lost is sent again."""

    name = "I5e a cancel is repeated"
    moment_ns = 8 * S

    def __init__(self) -> None:
        super().__init__()
        self._log = 0
        self._cancelled: set[str] = set()

    def wrong(self, world: World) -> dict[str, str]:
        """Look which of them still work at the venue."""
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.CancelIntended):
                self._cancelled.add(record.ref)
        self._log = len(world.log)
        works = (each.order.order_ref for each in list(world.venue.live.values()))
        return {ref: "still works" for ref in works if ref in self._cancelled}


class ChangesSettle(Lasting):
    """M1: of a change it is known soon what came of it: until then a stop cannot give way."""

    name = "M1 changes settle"
    moment_ns = 20 * S

    def wrong(self, world: World) -> dict[str, str]:
        """Look for changes that are open."""
        process = _process(world)
        trading = None if process is None else process.trading()
        orders = () if trading is None else trading.orders
        return {each.ref: "its change is open" for each in orders if each.modifying}


class ComparedOften(Lasting):
    """C2: while it is connected, the broker is asked for everything once a minute."""

    name = "C2 compared every minute"
    moment_ns = 63 * S

    def wrong(self, world: World) -> dict[str, str]:
        """Take each question for the end of a wait."""
        asked = cast("CoreWorld", world).exchange.questions
        return {f"after question {asked}": "nobody has compared since"}


def _process(world: World) -> Process | None:
    return cast("CoreWorld", world).process
