"""Makes the faults of a plan happen."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors.say import CancelAll, Clear, Reconcile, Trip
from robotrader.domain import Side
from robotrader.domain.records import LimitChanged
from robotrader.risk import Level
from supervision import Future, ending
from supervision.faults import pause
from supervision.messages import Ask
from supervision.states import ALIVE, DEAD
from tests.simulation.core_checks import codes
from tests.simulation.disk import FREE_BYTES, TAIL_LOST, Flipped, set_faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from tests.simulation.core import CoreWorld
    from tests.simulation.plan import Fault

S: Final = 1_000_000_000
REVISIONS: Final = 12
BOOT_NS: Final = 1_500_000_000
"""From the death of the process to the start of the next: what heart takes."""


FOLDERS: Final = frozenset({"I4", "I5", "I5'", "I5b", "I6b", "I8c"})
"""Checkers that fold trips, limits and intents: what is lost of these nobody can keep to."""


class Striker:
    """See the module's prose."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.limits: set[str] = set()
        """What a person has changed."""

        self.hung_until_ns = 0
        """Until when some actor stands still, by the run's clock."""

        self._lasting: list[Fault] = []
        self._halted: set[int] = set()
        self._flipped: list[Flipped] = []

    def begin(self, fault: Fault) -> None:
        """Make a fault happen; one that lasts ends by itself."""
        world = self.world
        world.timeline.say(f"fault {fault.id}: {fault.cls} {fault.kind} {fault.subject}"
                           f" {fault.amount:.3g} for {fault.lasts_ns / S:.2f} s")  # fmt: skip
        world.reach(f"fault {fault.kind}")
        if fault.lasts_ns:
            self._lasting.append(fault)
            world.weather.begin(fault)
            world.judge_calm()
            world.plan_at(world.sim_ns() + fault.lasts_ns, lambda: self._end(fault))
        strike: Callable[[Fault], None] | None = getattr(self, f"_{fault.kind}", None)
        if strike is not None:
            strike(fault)

    def _end(self, fault: Fault) -> None:
        if fault not in self._lasting:
            return
        self._lasting.remove(fault)
        self.world.weather.end(fault)
        over: Callable[[Fault], None] | None = getattr(self, f"_over_{fault.kind}", None)
        if over is not None:
            over(fault)
        self.world.judge_calm()

    def stop(self) -> None:
        """End every fault that lasts, and what is left of the others."""
        for fault in list(self._lasting):
            self._end(fault)
        world = self.world
        world.crash_steps, world.fail_commit = [], False
        world.traps.clear()
        world.skew_ns = 0
        world.exchange.forgets_ids = False
        world.folder.kill = None

    # -- process --

    def _cell(self, role: str) -> Cell | None:
        process = self.world.process
        return None if process is None else process.cell(role)

    def _kill(self, fault: Fault) -> None:
        cell = self._cell(fault.subject)
        if cell is not None:
            if fault.subject == "gateway":
                self.world.reach("row 41")
            ending.kill(cell)

    def _crash(self, fault: Fault) -> None:
        self.world.die(f"fault {fault.id}")

    def _crash_at(self, fault: Fault) -> None:
        self.world.traps.to_die(fault.subject, count=int(fault.amount))

    def _crash_with(self, fault: Fault) -> None:
        """Die at a point with something in hand."""
        point, what = (*fault.subject.split(), "")[:2]
        self.world.traps.to_die(point, what, int(fault.amount))

    def _crash_told(self, fault: Fault) -> None:
        """Die a few turns after a fill was written, while the news of it is on its way."""
        self.world.traps.to_die_soon("commit.after", "FillBooked", int(fault.amount))

    def _crash_in(self, fault: Fault) -> None:
        """Die after so many turns from now, whatever they are."""
        world = self.world
        at = world.system.steps + int(fault.amount)
        world.crash_steps.append(at)

    def _hang(self, fault: Fault) -> None:
        """Let the next handler stand still; the watchdog ends it once its budget is used up."""
        cell = self._cell(fault.subject)
        if cell is None or cell.state != ALIVE:
            return
        world, life = self.world, self.world.life
        receive = cell.receive or cell.actor.on_receive

        def stands(message: Any) -> Any:
            cell.receive = receive
            budget_s = type(cell.actor).hang_budget_s
            if fault.amount > budget_s:
                world.plan_soon(int(budget_s * S), lambda: self._hung(cell, life))
            self.hung_until_ns = max(self.hung_until_ns, world.sim_ns() + int(fault.amount * S))
            pause(world.system, fault.amount)
            return receive(message)

        cell.receive = stands

    def _hung(self, cell: Cell, life: int) -> None:
        """Do what the watchdog does with a handler that is over its budget."""
        if cell.state == DEAD or self.world.life != life:
            return
        if type(cell.actor).hang_policy == "exit":
            self.world.die(f"{cell.ref} hung")
        else:
            ending.kill(cell)

    def _slow(self, fault: Fault) -> None:
        cell = self._cell(fault.subject)
        if cell is None or cell.state != ALIVE:
            return
        world, until_ns = self.world, self.world.sim_ns() + fault.lasts_ns
        receive = cell.receive or cell.actor.on_receive

        def slowly(message: Any) -> Any:
            if world.sim_ns() < until_ns:
                pause(world.system, fault.amount)
            else:
                cell.receive = receive
            return receive(message)

        cell.receive = slowly

    # -- disk --

    def _full(self, _: Fault) -> None:
        disk = self.world.disk
        set_faults(disk, capacity_bytes=disk.used_bytes + 64)

    def _over_full(self, _: Fault) -> None:
        set_faults(self.world.disk, capacity_bytes=FREE_BYTES)

    def _eio(self, _: Fault) -> None:
        """Fail the next commit, whenever it comes."""
        self.world.fail_commit = True

    def _flip(self, fault: Fault) -> None:
        """Our process is dead, and a bit of its journal flips; later a backup is put back."""
        self.world.die(f"fault {fault.id}")
        self._flipped.append(Flipped(self.world.disk))

    def _over_flip(self, _: Fault) -> None:
        flipped, process = self._flipped.pop(0), self.world.process
        self.world.reach("flip survived" if process is not None else "flip refused")
        flipped.mend()

    def _lost_tail(self, fault: Fault) -> None:
        """The power fails, and the disk loses the last commits that it said it had written.

        No journal can know of them. Orders that they intended are adopted from the broker, the
        switch trips until a person has looked, and strategies do not know what they hold by them.
        """
        self.world.die(f"fault {fault.id}: no power")
        lost = self.world.disk.power_loss()
        self.world.reach("tail lost" if lost else "no tail lost")
        if lost:
            self.world.excused |= {TAIL_LOST, *FOLDERS, *codes(), "P1", "L4", "L5"}
            if self.world.exchange.forgets_ids:  # then nobody knows which numbers were used
                self.world.excused.add("I1")

    # -- network, broker --

    def _disconnect(self, _: Fault) -> None:
        session = self.world.exchange.session
        if session is not None:
            session.port.ended(session, "closed by the gateway")

    def _cut_at(self, fault: Fault) -> None:
        """The connection ends at a point, with something in hand."""
        point, what = (*fault.subject.split(), "")[:2]
        self.world.traps.to_do(point, what, lambda: self._disconnect(fault), int(fault.amount))

    def _gateway_down(self, fault: Fault) -> None:
        self._disconnect(fault)

    def _login_wall(self, fault: Fault) -> None:
        self._disconnect(fault)

    def _broker_lost(self, _: Fault) -> None:
        self.world.exchange.say(("error", 1100, "Connectivity between IB and TWS has been lost."))

    def _over_broker_lost(self, fault: Fault) -> None:
        self.world.reach("row 42")
        self.world.exchange.say(("error", int(fault.subject), "Connectivity has been restored."))

    def _forgets_ids(self, fault: Fault) -> None:
        self.world.exchange.forgets_ids = True
        self._disconnect(fault)

    def _correct_price(self, fault: Fault) -> None:
        exchange = self.world.exchange
        if exchange.venue.executions:
            index = fault.random(self.world.seed).randrange(1_000)
            old = exchange.venue.executions[index % len(exchange.venue.executions)]
            price = (old.price * Decimal(str(fault.amount))).quantize(Decimal("0.01"))
            exchange.correct(index, None, price)

    def _correct_qty(self, fault: Fault) -> None:
        exchange = self.world.exchange
        if exchange.venue.executions:
            index = fault.random(self.world.seed).randrange(1_000)
            old = exchange.venue.executions[index % len(exchange.venue.executions)]
            exchange.correct(index, Decimal(int(old.qty * Decimal(str(fault.amount)))), None)

    def _correct_often(self, fault: Fault) -> None:
        """Correct one fill so often that its newest revision has two digits."""
        exchange, random = self.world.exchange, fault.random(self.world.seed)
        if exchange.venue.executions:
            index = random.randrange(len(exchange.venue.executions))
            price = exchange.venue.executions[index].price
            for cents in range(1, REVISIONS):
                exchange.correct(index, None, price + Decimal(cents) / 100)

    def _charge_again(self, fault: Fault) -> None:
        """Another commission for a fill of which one was said, as its next revision."""
        cents = Decimal(int(fault.amount * 100)) / 100
        self.world.exchange.charge_again(fault.random(self.world.seed).randrange(1_000), cents)

    def _untold(self, fault: Fault) -> None:
        """From now on nobody tells us what others trade; somebody does so at once."""
        self.world.exchange.tells_of_others = False
        self.world.excused |= {"I2", "I11"}  # what they did is in our journal by a person only
        self._manual(msgspec.structs.replace(fault, subject="2", amount=3.0))

    def _manual(self, fault: Fault) -> None:
        random = fault.random(self.world.seed)
        side = random.choice((Side.BUY, Side.SELL))
        self.world.exchange.manual(int(fault.subject), side, int(fault.amount))

    def _halt(self, fault: Fault) -> None:
        self.world.venue.halt(int(fault.subject))

    def _over_halt(self, fault: Fault) -> None:
        self.world.venue.resume(int(fault.subject))

    def _lose(self, fault: Fault) -> None:
        """The gateway crashes and forgets an order that works."""
        live = [key for key, each in self.world.venue.live.items()
                if key.client_id == self.world.client_id and each.parent is None]  # fmt: skip
        if live:
            self.world.exchange.lose(fault.random(self.world.seed).choice(live))
            self._disconnect(fault)

    def _day_roll(self, _: Fault) -> None:
        """The broker's day ends: its lists of today are empty."""
        self.world.exchange.roll_day()

    def _rolls_dead(self, fault: Fault) -> None:
        """The broker's day ends while our process is dead: it boots after midnight."""
        self.world.die(f"fault {fault.id}")
        self.world.plan_soon(BOOT_NS - S // 10, self.world.exchange.roll_day)

    # -- clock, market, load --

    def _clock_jump(self, fault: Fault) -> None:
        self.world.reach("row 44")
        self.world.skew_ns += int(fault.amount * S)

    def _clock_step(self, fault: Fault) -> None:
        self._clock_jump(fault)

    def _jump(self, fault: Fault) -> None:
        self.world.market.jump(int(fault.subject), fault.amount)

    def _burst(self, fault: Fault) -> None:
        self.world.market.burst(int(fault.amount))

    # -- operator --

    def ask(self, role: str, message: Any) -> None:
        """Ask without waiting for the answer, as a person at another process does."""
        cell = self._cell(role)
        if cell is None or cell.state != ALIVE:
            return
        reply: Future[Any] = Future()
        cell.ref.tell(Ask(message, reply, self.world.sim_ns() + 5 * S))

    def _trip(self, fault: Fault) -> None:
        level, scope = fault.subject.split()
        read = Level.read(level)
        assert read is not None, fault.subject
        self.ask("kill-switch", Trip(read, scope, "bob", "a test"))

    def _clear(self, fault: Fault) -> None:
        self.ask("kill-switch", Clear(fault.subject, "bob", "a test"))

    def _trip_in_commit(self, fault: Fault) -> None:
        """A person trips it while an intent that adds is being written."""
        level = Level.read(fault.subject)
        assert level is not None, fault.subject
        self.world.traps.to_trip("commit.before", "entry", level, int(fault.amount))

    def _crash_in_trip(self, fault: Fault) -> None:
        """The process dies at a point of the way of a trip to the broker."""
        point, what = (*fault.subject.split(), "")[:2]
        self.world.traps.to_die(point, what)
        self.ask("kill-switch", Trip(Level.CANCEL, "all", "bob", "a test"))

    def _crash_in_clear(self, fault: Fault) -> None:
        """The process dies while a person's clearing is being written."""
        world, life = self.world, self.world.life

        def clear() -> None:
            if world.life == life:
                world.traps.to_die(fault.subject, "SwitchCleared")
                self.ask("kill-switch", Clear("all", "bob", "a test"))

        self.ask("kill-switch", Trip(Level.PAUSE, "all", "bob", "a test"))
        world.plan_soon(S, clear)

    def _limit(self, fault: Fault) -> None:
        process = self.world.process
        if process is not None:
            self.limits.add(fault.subject)
            value = Decimal(int(fault.amount))
            process.tell("journal", LimitChanged(name=fault.subject, value=value, who="bob"))

    def _reconcile(self, _: Fault) -> None:
        self._tell("orders", Reconcile())

    def _cancel_all(self, _: Fault) -> None:
        self._tell("orders", CancelAll())

    def _tell(self, role: str, message: Any) -> None:
        if self.world.process is not None:
            self.world.process.tell(role, message)

    def _kill_file(self, fault: Fault) -> None:
        self.world.folder.kill = fault.subject.encode()

    def _over_kill_file(self, _: Fault) -> None:
        self.world.folder.kill = None
