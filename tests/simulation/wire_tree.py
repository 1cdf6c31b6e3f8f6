"""The whole trader before an emulated gateway, in one thread: one process's life at a time.

Everything of ours is the product: the tree, the gateway actor, its port, ib_async. Simulated are
the clock, the order of turns, the network and the disk. ``kill`` is ``kill -9``: no hook runs,
nothing is sent any more, the kernel resets the connections.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from actors import Trader, make_tree
from robotrader.adapters.ib import Clock, IbPort, IbSettings
from robotrader.domain import Bar, Quote
from robotrader.market import EdgeLimits, LineRules
from robotrader.risk import Limits, TripRules
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen
from supervision import Supervisor, ending
from supervision.states import ALIVE
from supervision.testing import actor_of
from tests.simulation.disk import SimulatedLock
from tests.simulation.process import Folder
from tests.simulation.wire_loop import LoopPump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.adapters.ib import Sinks
    from robotrader.domain import Instrument
    from robotrader.gateway import GatewayAlert
    from robotrader.journal import Store
    from supervision.cell import Cell
    from tests.simulation.wire_loop import LoopedSimulation

ACCOUNT: Final = "DU1234567"
CLIENT: Final = 11
S: Final = 1_000_000_000
BAR_S: Final = 5
QTY: Final = 10
SYMBOLS: Final = ("AAPL", "KO")
LIMITS: Final = Limits(
    allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, max_orders_per_min=600
)


class Restless(Strategy[Params, State]):
    """In with one bar, out with another, in every way that there is, so that something works."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade, as the bar's number says: at the market, with a stop, bracketed, at a limit."""
        turn = bar.end_ns // (BAR_S * S) % 6
        if ctx.position:
            if turn % 2:
                ctx.close()
        elif ctx.working:
            ctx.cancel()
        else:
            self._enter(ctx, bar.close, turn)

    def _enter(self, ctx: Context, price: float, turn: int) -> None:
        near, far = round(price * 0.99, 2), round(price * 1.02, 2)
        if turn == 0:
            ctx.buy(QTY, stop=near)
        elif turn == 1:
            ctx.buy(QTY, stop=near, take_profit=far)
        elif turn == 2:
            ctx.buy(QTY, limit=near, stop=round(price * 0.95, 2))
        elif turn == 3:
            ctx.buy(QTY, limit=far, stop=near)
        else:
            ctx.buy(QTY)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        """Let it pass."""


class Life:
    """One life of the trading process.

    Args:
        system: where it lives; its loop is the process's event loop.
        instruments: what it trades.
        open_store: opens its journal.
        wall_ns: what the machine's wall clock says.
        random: of its dice.
        where: host and port of the gateway.
        folder: where the kill switch's file may be.
        alerts: where its port's alerts are kept.
    """

    def __init__(
        self,
        system: LoopedSimulation,
        *,
        instruments: Mapping[int, Instrument],
        open_store: Callable[[], Store],
        wall_ns: Callable[[], int],
        random: Random,
        where: tuple[str, int],
        folder: Folder,
        alerts: list[GatewayAlert],
    ) -> None:
        self._system = system

        def make_port(settings: IbSettings, sinks: Sinks, *args: Any, **given: Any) -> IbPort:
            def alert(each: GatewayAlert) -> None:
                alerts.append(each)
                sinks.alert(each)

            dice, clock = Random(random.getrandbits(64)), Clock(wall_ns, system.now_ns)
            told = replace(sinks, alert=alert)
            return IbPort(settings, told, *args, **given, random=dice, clock=clock)

        rules = LineRules(
            primary="ibkr", made_of="bars", size_ns=BAR_S * S, edge=EdgeLimits(old_ns=60 * S)
        )
        self.trader = Trader(
            account=ACCOUNT,
            settings=IbSettings(host=where[0], port=where[1], account=ACCOUNT, client_id=CLIENT),
            instruments=instruments,
            sessions=AlwaysOpen(),
            lines=dict.fromkeys(instruments, rules),
            strategies={con_id: _strategies(each) for con_id, each in instruments.items()},
            limits=LIMITS,
            trips=TripRules(),
            open_store=open_store,
            data_dir=cast("Any", folder),
            now_ns=wall_ns,
            restart_at_ns=lambda _: None,
            make_port=make_port,
            restarts=1_000,
        )
        children, flags = make_tree(self.trader)
        children[0].kwargs["memory"].lock = SimulatedLock()
        self._root = (children, flags)

    def start(self) -> None:
        """Start the tree.

        Raises:
            ActorStartError: a child did not start; the program ends then.
        """
        self._system.start(Supervisor(*self._root))

    # -- looking --

    def actor(self, role: Any) -> Any:
        """Return whoever plays a role; None while nobody does."""
        ref = self.trader.registry.whereis(role)
        serves = ref is not None and ref.actor_inbox.state == ALIVE
        return actor_of(ref) if ref is not None and serves else None

    def cells(self) -> Iterable[Cell]:
        """Return who there is."""
        return self._system.cells.values()

    def port(self) -> IbPort | None:
        """Return the port of the gateway's present incarnation."""
        gateway = self.actor("gateway")
        port: IbPort | None = None if gateway is None else gateway._port
        return port

    # -- ending --

    def end_actor(self, role: Any) -> bool:
        """Kill whoever plays a role; False if nobody does."""
        ref = self.trader.registry.whereis(role)
        return ref is not None and bool(ref.kill())

    def kill(self) -> None:
        """End the whole process at once."""
        for cell in sorted(self._system.cells.values(), key=lambda each: each.number):
            if not isinstance(cell.actor, LoopPump):
                actor: Any = cell.actor
                actor.on_failure = _no_hook  # SIGKILL runs none
                ending.kill(cell)
        self._system.loop.forget()


def _strategies(instrument: Instrument) -> dict[str, Callable[[], StrategyHost]]:
    name = f"restless-{instrument.symbol.lower()}"
    return {name: lambda: StrategyHost(Restless(Params()), name=name, instrument=instrument)}


def _no_hook(*_: object) -> None:
    """A killed process runs nothing."""
