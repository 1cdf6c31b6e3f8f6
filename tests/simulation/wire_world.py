"""The wire level's world: one machine with our process, one with the venue, a network between them.

Time is the simulation's; ``now_ns`` is the true time, and what our machine's wall clock says may
differ from it. ``look`` lets the checkers see whatever is new, after every turn that brought some.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import LinkState
from robotrader.emulator import Gateway, Settings
from robotrader.execution.identity import is_ours
from robotrader.execution.manager import OrderManager
from robotrader.journal import GENESIS, MemoryDisk
from robotrader.recovery import CATALOGUE
from supervision.errors import ActorStartError
from tests.robotrader.emulator.kit import SERIES
from tests.robotrader.strategies.kit import START
from tests.simulation.checkers import watching
from tests.simulation.lively import Ends
from tests.simulation.process import Folder
from tests.simulation.watch import Watch
from tests.simulation.wire_checks import watching_wire
from tests.simulation.wire_core import WireCore
from tests.simulation.wire_loop import LoopedSimulation
from tests.simulation.wire_net import Network
from tests.simulation.wire_taps import Ear, Recorder, TappedStore, tap_venue
from tests.simulation.wire_tree import ACCOUNT, CLIENT, LIMITS, SYMBOLS, Life, S
from tests.simulation.wire_venue import WireVenue

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from robotrader.domain.records import Record
    from robotrader.gateway import GatewayAlert
    from robotrader.journal import Tip
    from robotrader.venue import Execution
    from tests.simulation.outcome import Breach
    from tests.simulation.world import Asked, Sent

WHERE: Final = ("127.0.0.1", 4002)
MASK: Final = (1 << 64) - 1


class WireWorld:
    """See the module's prose, and ``world.World`` for what checkers see of it."""

    def __init__(self, seed: int, *, record: bool = False) -> None:
        self.seed, self.account, self.client_id, self.limits = seed, ACCOUNT, CLIENT, LIMITS
        self.system = system = LoopedSimulation(seed)
        system.observer = self.ends = Ends()
        system.recorder = Recorder(self, record=record)  # type: ignore[assignment]  # it has a step
        self.network = Network(system, Random(f"{seed}/network"))
        self.network.made = lambda each: Ear(self, each)
        system.loop.network = self.network
        series = {symbol: SERIES[symbol] for symbol in SYMBOLS}
        self.gateway = Gateway(series, Settings(seed=seed), now_ns=START)
        self.server = WireVenue(system, self.network, self.gateway, WHERE)
        self.loops = (system.loop, self.server.loop)
        self.venue = self.gateway.venue
        self.executions: list[Execution] = []
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []
        self.log: list[tuple[int, Record]] = []
        self.log_ns: list[int] = []
        self.logged: Tip = GENESIS
        self.messages: list[tuple[int, int]] = []
        """Every message of ours: the connection's number, when."""

        self.clients: list[int] = []
        self.alerts: list[GatewayAlert] = []
        self.kept: dict[int, object] = {}
        """Cancels that wait for a connection, and in which port."""

        self.reduces: dict[int, bool] = {}
        self.excused: set[str] = set()
        self.breaches: list[Breach] = []
        self.timeline: list[str] = []
        self.lasting: set[int] = set()
        self.coverage: Counter[str] = Counter()
        self._ready = False
        self.losses = 0
        self.cuts: list[str] = []
        self.skew_ns = 0
        self.slow_s = 0.0
        self.disk = MemoryDisk(seed)
        self.folder = Folder()
        self.life: Life | None = None
        self._record = record
        self.dice = Random(f"{seed}/machine")
        self._watching = Watch([*watching(), *watching_wire()])
        self._seen = 0
        self._calm_ns: int | None = None
        tap_venue(self)
        self.begin()

    # -- our process --

    def begin(self) -> None:
        """Start the process; where its disk fails it ends, and is started again later."""
        self.life = Life(
            self.system,
            instruments=self.gateway.instruments,
            open_store=lambda: TappedStore(self, self.disk),
            wall_ns=lambda: self.now_ns + self.skew_ns,
            random=self.dice,
            where=WHERE,
            folder=self.folder,
            alerts=self.alerts,
        )
        try:
            self.life.start()
        except ActorStartError as error:
            self.say(f"the process does not start: {error.__cause__}")
            self.coverage["start that failed"] += 1
            self.kill()

    def kill(self) -> None:
        """End the process at once; the kernel resets its connections."""
        if self.life is not None:
            self.life.kill()
            for each in self.network.alive():
                each.client.abort()
            self.life = None

    def cut_now(self, actor: object) -> None:
        """Cut the connection as the order manager hears that something is durable which a cut
        waits for: it and its port hear of it in any order.
        """
        orders = None if self.life is None else self.life.actor("orders")
        newest = type(self.log[-1][1]).__name__ if self.log else ""
        if actor is orders and newest in self.cuts:
            self.cuts.remove(newest)
            for each in list(self.network.alive()):
                each.cut("rst")

    def close(self) -> None:
        """End the run."""
        self.server.close()
        self.system.close()

    # -- time --

    @property
    def now_ns(self) -> int:
        """The true time, UTC."""
        return START + self.system.now_ns()

    def stopped_ns(self, clock_ns: int) -> int:
        """Return the same: the market goes as fast as everything else."""
        return clock_ns

    def since_ns(self) -> int:
        """Return how long the run has lasted."""
        return self.system.now_ns()

    def run_until(self, at_ns: int) -> None:
        """Run until so long after the begin; checkers look after every turn, and every second."""
        while self.system.now_ns() < at_ns and not self.breaches:
            step_ns = min(at_ns, (self.system.now_ns() // S + 1) * S)
            left_s = (step_ns - self.system.now_ns()) / 1e9
            if not self.system.run(self._news(), limit_s=left_s):
                self.system.run_for((step_ns - self.system.now_ns()) / 1e9)
            self.look()

    def _news(self) -> Callable[[], bool]:
        """Return what says, after every turn, whether a checker has something new to look at."""
        sent, asked, log, executions = self.sent, self.asked, self.log, self.executions
        seen = self._seen

        def news() -> bool:
            return len(sent) + len(asked) + len(log) + len(executions) != seen

        return news

    def _size(self) -> int:
        """Return how much there is to look at: the lists only grow."""
        return len(self.sent) + len(self.asked) + len(self.log) + len(self.executions)

    def look(self) -> None:
        """Let the checkers look."""
        self._seen = self._size()
        self._note_calm()
        self.breaches += self._watching.look(self)

    def _note_calm(self) -> None:
        port = None if self.life is None else self.life.port()
        ready = port is not None and port.link.state is LinkState.READY
        self.losses += self._ready and not ready
        self._ready = ready
        if self.lasting or not ready:
            self._calm_ns = None
        elif self._calm_ns is None:
            self._calm_ns = self.now_ns

    # -- what taps say --

    def committed(self, records: list[tuple[int, Record]]) -> None:
        """Records are durable."""
        self.log += records
        self.log_ns += [self.now_ns] * len(records)

    def cancelled(self, number: int) -> None:
        """A cancel is handed to the port, which keeps it while there is no connection."""
        port = None if self.life is None else self.life.port()
        if port is not None and not port.connected:
            self.kept[number] = port

    def started(self, client_id: int) -> None:
        """A connection of ours has named its client."""
        self.clients.append(client_id)

    def say(self, text: str) -> None:
        """Write a line of the timeline."""
        if self._record:
            self.timeline.append(f"{self.since_ns() / S:12.6f} {text}")

    # -- what checkers see --

    @property
    def calm_ns(self) -> int | None:
        """Since when nothing goes wrong."""
        return self._calm_ns

    @property
    def core(self) -> WireCore | None:
        """Our process; None while it is dead."""
        return None if self.life is None else WireCore(self.life)

    def positions(self) -> dict[int, Decimal]:
        """Return the account's shares at the venue."""
        account = self.gateway.books.accounts[ACCOUNT]
        return {con_id: held.qty for con_id, held in account.positions.items()}

    def strategies(self) -> dict[str, int]:
        """Return who trades what."""
        traded = {} if self.life is None else self.life.trader.strategies
        return {name: con_id for con_id, named in traded.items() for name in named}

    def cash(self) -> tuple[Decimal, Decimal]:
        """Return the account's cash at the venue, and its commissions."""
        account = self.gateway.books.accounts[ACCOUNT]
        return account.cash, account.commissions

    def strange(self) -> set[int]:
        """Return the contracts that somebody else has traded."""
        return {each.con_id for each in self.executions if not is_ours(each.order_ref)}

    def replayed(self) -> object | None:
        """Return the fold of the whole journal as it is on disk."""
        manager = OrderManager()
        journal = None if self.life is None else self.life.actor("journal")
        if journal is None or journal.store is None:
            return None
        for frame in journal.store.replay():
            manager.replay(CATALOGUE.decode(frame))
        return manager.durable()

    @property
    def trace_hash(self) -> int:
        """Mix of every turn, every byte and their times."""
        return (self.system.trace_hash * 0x100000001B3 ^ self.network.trace) & MASK
