"""Our process in a simulation: the product's whole tree, started, looked at, killed, anew."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from actors import StrategyActor, Trader, make_tree
from actors.say import AskTrading, Trading
from robotrader.adapters.ib import IbSettings
from robotrader.execution import OrderManager
from robotrader.gateway import LinkRules
from robotrader.market import EdgeLimits, LineRules
from robotrader.recovery import CATALOGUE
from robotrader.risk import TripRules
from supervision import Supervisor, ending
from supervision.states import ALIVE, DEAD
from tests.simulation.disk import SimulatedLock, SimulatedStore
from tests.simulation.lively import believed
from tests.simulation.market import BAR_S
from tests.simulation.port import ModelPort
from tests.simulation.traders import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from robotrader.ledger import LedgerView
    from robotrader.risk import Switch
    from supervision.cell import Cell
    from tests.simulation.core import CoreWorld

S: Final = 1_000_000_000
LINE: Final = LineRules(primary="ibkr", size_ns=BAR_S * S, edge=EdgeLimits(old_ns=60 * S))
LINK: Final = LinkRules(handshake_s=5.0, backoff_cap_s=4.0, human_retry_s=10.0)


class ProcessDied(BaseException):
    """The process was told to die here; no handler of the product may catch it."""


class _Flag:
    """The file ``KILL`` of a data directory that is not on any disk."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return "KILL"  # it stands in a record: an address there would differ in every process

    def read_bytes(self) -> bytes:
        """Return what is in it.

        Raises:
            FileNotFoundError: it is not there.
        """
        if self._folder.kill is None:
            raise FileNotFoundError("KILL")
        return self._folder.kill


class Folder:
    """A data directory with one file, which may be there."""

    def __init__(self) -> None:
        self.kill: bytes | None = None

    def __truediv__(self, name: str) -> _Flag:
        assert name == "KILL", f"the tree reads no other file: {name}"
        return _Flag(self)


def trader_of(world: CoreWorld) -> Trader:
    """Return what one life of the process is made of."""
    folder: Any = world.folder
    return Trader(
        account=world.account,
        settings=IbSettings(account=world.account, client_id=world.client_id, link=LINK),
        instruments={each.con_id: each for each in INSTRUMENTS},
        sessions=world.hours,
        lines=dict.fromkeys((each.con_id for each in INSTRUMENTS), LINE),
        strategies=world.hosts if world.spreads is None else {},
        spreads=world.spreads or {},
        limits=world.limits,
        trips=TripRules(),
        open_store=partial(SimulatedStore, world, world.disk),
        data_dir=folder,
        now_ns=world.wall_ns,
        restart_at_ns=lambda _: None,
        make_port=partial(ModelPort, world),
    )


class Process:
    """One life of our process."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.trader = world.trader()
        children, flags = make_tree(self.trader)
        given = {**children[0].kwargs, "every_records": world.snapshot_records}
        given["memory"].lock = SimulatedLock()
        children[0] = replace(children[0], kwargs=given)
        root = Supervisor(children, flags)
        self.root: Cell = root.actor_ref.actor_inbox
        self._stands: tuple[int, object, Trading | None] = (-1, None, None)
        self._alive: dict[str, Cell] = {}
        world.system.begin(root)

    @property
    def alive(self) -> bool:
        """Whether its root lives; without it the program ends."""
        return self.root.state != DEAD

    def die(self) -> None:
        """End everything at once, as SIGKILL does: no hook runs, nothing is sent."""
        for _, cell in sorted(self.world.system.cells.items()):
            actor: Any = cell.actor
            actor.on_failure = _no_hook  # SIGKILL runs none
            ending.kill(cell)

    def cell(self, role: str) -> Cell | None:
        """Return who plays a role: a name, ``symbol:1`` or ``strategy:1``."""
        key: Any = role
        if ":" in role:
            kind, _, number = role.partition(":")
            if kind == "strategy":
                return self._strategy(int(number))
            key = (kind, int(number))
        ref = self.trader.registry.whereis(key)
        return None if ref is None else ref.actor_inbox

    def _strategy(self, con_id: int) -> Cell | None:
        for cell in self.world.system.cells.values():
            actor: Any = cell.actor
            if isinstance(actor, StrategyActor) and con_id in actor._symbols:
                return cell
        return None

    def actor(self, role: str) -> Any:
        """Return the actor of a role once it serves, None while there is none.

        Who lives keeps the role, so that whoever was found is looked for again at its end only.
        """
        cell = self._alive.get(role)
        if cell is None or cell.state != ALIVE:
            cell = self.cell(role)
            if cell is None or cell.state != ALIVE:
                return None
            self._alive[role] = cell
        return cell.actor

    def tell(self, role: str, message: Any) -> bool:
        """Say something to a role; False if nobody plays it."""
        cell = self.cell(role)
        if cell is None or cell.state > ALIVE:
            return False
        cell.ref.tell(message)
        return True

    # -- what a checker asks (``world.Core``) --

    def trading(self) -> Trading | None:
        """Return how the order manager stands; between two messages of its nothing changes it."""
        orders = self.actor("orders")
        if orders is None:
            return None
        handled, own, found = self._stands
        cell = orders._cell
        if own is not orders or handled != cell.handled or cell.running:
            found = orders.on_receive(AskTrading())
            self._stands = (-1 if cell.running else cell.handled, orders, found)
        return found

    def positions(self) -> Mapping[int, Decimal] | None:
        """Return the order manager's positions."""
        orders = self.actor("orders")
        found: Mapping[int, Decimal] | None = None if orders is None else orders.manager.positions()
        return found

    def ledger(self) -> LedgerView | None:
        """Return the account's view."""
        account = self.actor("account")
        found: LedgerView | None = None if account is None else account.view()
        return found

    def switch(self) -> Switch | None:
        """Return the kill switch."""
        owner = self.actor("kill-switch")
        found: Switch | None = None if owner is None else owner.switch
        return found

    def believed(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Return what strategies believe to have, and what the gate says that they have."""
        return believed(self.actor("risk"), self.world.system.cells.values())

    def durable(self) -> object | None:
        """Return what a replay must give back."""
        orders = self.actor("orders")
        return None if orders is None else orders.manager.durable()

    def replayed(self) -> object | None:
        """Return the fold of the whole journal as it is on the disk."""
        actor = self.actor("journal")
        if actor is None:
            return None
        manager = OrderManager()
        for frame in actor.store.replay():
            manager.replay(CATALOGUE.decode(frame))
        return manager.durable()

    def waiting(self) -> Sequence[str]:
        """Return what is awaited."""
        orders = self.actor("orders")
        if orders is None:
            return ()
        manager, found = orders.manager, []
        if manager._flight is not None:
            found.append(f"a commit of {manager._flight[1].records}")
        if manager._waiting:
            found.append(f"{len(manager._waiting)} inputs")
        found += [f"an exit: {each.intent}" for each in manager._guard.waiting]
        return found


def _no_hook(*_: object) -> None:
    """A killed process runs nothing."""
