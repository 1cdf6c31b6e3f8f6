"""Seeded random lives of the world: every seed switches faults on and off, then draws rates."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from robotrader.domain import LinkState, Side
from tests.robotrader.execution.broker import CLIENT
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.world import MS, SECOND, World

ACTIONS = (
    *(["submit"] * 8),
    *(["fill"] * 8),
    *(["cancel"] * 3),
    *(["drop"] * 2),
    *(["unkill"] * 2),
    *("bracket", "modify", "correct", "manual", "kill", "crash", "expire", "outage"),
)
RARE = ("vanish", "drift")


def draw(rng: Random) -> Faults:
    """Draw the faults of a life: each class is off in half of them."""

    def rate(most: float) -> float:
        return rng.random() * most if rng.random() < 0.5 else 0.0

    return Faults(
        crash=rate(0.02),
        lose=rate(0.3),
        repeat=rate(0.3),
        reject=rate(0.2),
        incomplete=rate(0.3),
        refuse=rate(0.1),
        late=rate(1.0),
        slow=rate(0.5),
    )


def live(seed: int, actions: int = 60) -> World:
    """Live a life with faults, then one without, and hold it against the truth."""
    rng = Random(seed)
    world = World(rng=rng, faults=draw(rng))
    swarm = Swarm(world)
    for _ in range(actions):
        world.run(rng.choice((0, 1, 1, 1)) * rng.randrange(5 * MS, 1_500 * MS))
        world.guard(swarm.act, rng.choice(RARE if rng.random() < 0.01 else ACTIONS))
        world.drain()
        world.check()
    world.faults = Faults()
    world.unkill()
    world.run(135 * SECOND)
    world.check_rest()
    return world


class Swarm:
    """What may happen to a world, by name."""

    def __init__(self, world: World) -> None:
        self.world = world

    def act(self, name: str) -> None:
        getattr(self, f"_{name}")()

    def _submit(self) -> None:
        self.world.submit(self.world.rng.choice((10, 50, 100, 150)), self.world.rng.choice((1, 2)))

    def _bracket(self) -> None:
        legs = self.world.rng.choice((("STP",), ("LMT", "STP")))
        self.world.submit(50, self.world.rng.choice((1, 2)), legs=legs)

    def _fill(self) -> None:
        able = self.world.broker.fillable()
        if able:
            held = self.world.rng.choice(able)
            part = Decimal(self.world.rng.randint(1, int(held.remaining)))
            self.world.broker.fill(held, self.world.rng.choice((part, held.remaining)))

    def _expire(self) -> None:
        mine = [each for each in self.world.broker.orders if each.live and each.client_id == CLIENT]
        if mine:
            self.world.broker.end(self.world.rng.choice(mine))

    def _cancel(self) -> None:
        views = self.world.manager.orders() if self.world.alive else []
        if views:
            self.world.cancel(self.world.rng.choice(views).ref)

    def _modify(self) -> None:
        world = self.world
        views = world.manager.orders() if world.alive else []
        if views:
            view = world.rng.choice(views)
            qty = view.filled + max(Decimal(1), (view.qty - view.filled) // 2)
            world.do(world.manager.modify(view.ref, world.now_ns, qty=qty))

    def _correct(self) -> None:
        # A sale that is taken back raises a position, and no limit can know of it before.
        newest = self.world.broker.newest_fills().values()
        fills = [each for each in newest if each.side is Side.BUY]
        if fills:
            report = self.world.rng.choice(fills)
            self.world.broker.correct(report, Decimal(self.world.rng.randint(0, int(report.qty))))

    def _manual(self) -> None:
        # A contract of its own: what others buy is no business of our limit's.
        held = self.world.broker.manual(9, Decimal(10))
        self.world.broker.fill(held, Decimal(self.world.rng.randint(1, 10)))

    def _vanish(self) -> None:
        """The broker forgets an order."""
        mine = [each for each in self.world.broker.orders if each.live and not each.filled]
        if mine:
            self.world.broker.orders.remove(self.world.rng.choice(mine))

    def _drift(self) -> None:
        """A position changes without an execution."""
        self.world.broker.move(9, Decimal(1))

    def _outage(self) -> None:
        """The gateway loses its server for a moment, and keeps our socket (1100, 1102)."""
        if self.world.up and self.world.alive:
            self.world.link(LinkState.DEGRADED)
            self.world.link(LinkState.READY)

    def _drop(self) -> None:
        self.world.disconnect()

    def _kill(self) -> None:
        self.world.kill(self.world.rng.choice(("pause", "cancel")))

    def _unkill(self) -> None:
        self.world.unkill()

    def _crash(self) -> None:
        if self.world.alive:
            self.world.die()
