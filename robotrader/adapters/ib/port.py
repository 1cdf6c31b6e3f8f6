"""The port to Interactive Brokers: one connection, kept alive, and everything that goes over it.

It lives on one asyncio loop, has one timer and never more than one socket. ``Link`` decides, this
carries out: what is written here is only how the parts hang together. All methods are called on the
loop's thread; none blocks. What comes goes to ``Sinks`` at once, in the order in which it came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.adapters.ib.client import SafeClient
from robotrader.adapters.ib.clocks import ClockDesk
from robotrader.adapters.ib.contracts import ContractDesk
from robotrader.adapters.ib.data import DataDesk
from robotrader.adapters.ib.ears import Ears
from robotrader.adapters.ib.history import HistoryDesk
from robotrader.adapters.ib.margins import MarginDesk
from robotrader.adapters.ib.meters import samples
from robotrader.adapters.ib.orders import OrderDesk
from robotrader.adapters.ib.sync import SyncDesk
from robotrader.adapters.ib.wire import FIRST_REQUEST, LAST_REQUEST, Clock, Outgoing, as_it_is
from robotrader.adapters.ib.wrapper import RawWrapper
from robotrader.domain import LinkChanged, LinkState
from robotrader.gateway import GatewayAlert, Lane, Limiter, Link, Liveness, Phase, Verdict
from robotrader.gateway.link import Abort, Alert, Connect, Resubscribe, Sync, Verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from robotrader.adapters.ib.wire import Heard, IbSettings, Send, Sinks
    from robotrader.domain import (
        AskSnapshot,
        CancelOrder,
        Instrument,
        PlaceOrder,
    )
    from robotrader.gateway import AskHistory, Resolve, Subscribe, Unsubscribe
    from robotrader.gateway.link import Effect
    from robotrader.meters import Sample

_LOG: Final = logging.getLogger(__name__)
SECOND_NS: Final = 1_000_000_000
_SYNCING, _UP = Phase.SYNCING, Phase.UP
"""A member of an enum takes fifty times as long to look up as a name."""

LONGEST_SLEEP_S: Final = 1.0
"""How late a port notices that its owner was killed."""


def _always_open(_instrument: Instrument, _now_ns: int) -> bool:
    return True


class IbPort:
    """See the module's prose.

    Args:
        settings: where the gateway is and how it is dealt with.
        sinks: who is told.
        generations: the next generation's number; it has to grow over restarts of the actor.
        is_open: whether a contract's market is open at a time, for judging silence.
        alive: whether the port's owner still lives; a port that is nobody's ends itself.
        random: for the jitter of delays.
        instruments: contracts that are known already.
        market_ns: the market's time, if it is not this machine's time of day: what is heard is
            stamped with it. What is waited for is measured by a clock that nobody sets.
        clock: this machine's.
        at_once: see ``SafeClient``.
    """

    def __init__(
        self,
        settings: IbSettings,
        sinks: Sinks,
        generations: Callable[[], int],
        *,
        is_open: Callable[[Instrument, int], bool] = _always_open,
        alive: Callable[[], bool] = lambda: True,
        random: Random | None = None,
        instruments: Iterable[Instrument] = (),
        market_ns: Callable[[], int] | None = None,
        clock: Clock | None = None,
        at_once: Callable[[Heard], Heard] = as_it_is,
    ) -> None:
        self.settings = settings
        self.sinks = sinks
        self.counts: Counter[str] = Counter()
        clock = clock or Clock()
        self.market_ns = market_ns or clock.wall_ns
        self.now_ns = clock.now_ns
        self._alive, self._at_once = alive, at_once
        self._loop = asyncio.get_running_loop()
        self.link = Link(settings.link, (random or Random()).random, generations)
        self._liveness = Liveness(settings.idle_s, settings.answer_s)
        self._limiter: Limiter[Outgoing] = Limiter(settings.rate, settings.burst)
        known = {each.con_id: each for each in instruments}
        self.orders = OrderDesk(self, self.link, known)
        self.margins = MarginDesk(self, known)
        self.sync = SyncDesk(self, self._synced)
        self.history = HistoryDesk(self)
        self.data = DataDesk(self, is_open, self.history.ask)
        self.contracts = ContractDesk(self, known)
        self.clocks = ClockDesk(self, settings.clock_s, self.market_ns)
        self._client: SafeClient | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._polling: asyncio.Handle | None = None
        self._next_req = FIRST_REQUEST
        self._stopped = False

    # -- the life of the port --

    def start(self) -> None:
        """Connect, and stay connected until stopped."""
        self.do(self.link.start(self.now_ns()))
        self.changed()

    def stop(self) -> None:
        """End the connection; orders live on at the broker."""
        self.do(self.link.stop(self.now_ns()))
        self._stopped = True
        self._teardown()
        self.data.close()
        for handle in (self._timer, self._polling):
            if handle is not None:
                handle.cancel()

    def hurry(self) -> None:
        """A human says that the gateway is fine again: try now."""
        self.do(self.link.hurry(self.now_ns()))

    # -- what the trader wants --

    def place(self, ask: PlaceOrder) -> None:
        """Send an order."""
        self.orders.place(ask)

    def cancel(self, ask: CancelOrder) -> None:
        """Send a cancel."""
        self.orders.cancel(ask)

    def snapshot(self, ask: AskSnapshot) -> None:
        """Ask the broker for everything."""
        self.sync.ask(ask.request)

    def subscribe(self, ask: Subscribe) -> None:
        """Keep streams of a contract going."""
        self.data.do(self.data.lines.subscribe(ask, self.now_ns()))

    def unsubscribe(self, ask: Unsubscribe) -> None:
        """End the streams of a contract."""
        self.data.do(self.data.lines.unsubscribe(ask.con_id, self.now_ns()))

    def ask_history(self, ask: AskHistory) -> None:
        """Ask for bars of the past."""
        self.history.ask(ask)

    def resolve(self, ask: Resolve) -> None:
        """Ask which contract a symbol is."""
        self.contracts.ask(ask)

    def samples(self) -> tuple[Sample, ...]:
        """Return what was counted, and how far the budgets are used."""
        return tuple(samples(self, self._limiter, self._liveness))

    # -- Wire: what the desks use --

    @property
    def generation(self) -> int:
        """The present connection's number."""
        return self.link.generation

    @property
    def connected(self) -> bool:
        """Whether requests can be sent."""
        phase = self.link.phase
        return self._client is not None and (phase is _UP or phase is _SYNCING)

    def next_req_id(self) -> int:
        """Return a number for a request; they begin anew after a thousand million."""
        number = self._next_req
        self._next_req = number + 1 if number < LAST_REQUEST else FIRST_REQUEST
        return number

    def send(
        self,
        lane: Lane,
        request: Send,
        *,
        key: object = None,
        dropped: Callable[[], None] | None = None,
    ) -> None:
        """Queue a request, and write it at once if it may be."""
        self._limiter.put(lane, Outgoing(request, dropped), key)
        self._pump()
        self.changed()

    def discard(self, key: object) -> int:
        """Take back what waits under ``key``."""
        return len(self._limiter.discard(key))

    def changed(self) -> None:
        """Look soon at what is due."""
        if self._polling is None and not self._stopped:
            self._polling = self._loop.call_soon(self._poll)

    # -- time --

    def _poll(self) -> None:
        """Do what is due, then wait for what is due next."""
        self._polling = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._alive():
            self.stop()
            return
        try:
            self._check()
            self._arm()
        except Exception as error:  # noqa: BLE001 - crashes the actor, not the loop's log
            self.failed(error)

    def _check(self) -> None:
        now_ns = self.now_ns()
        self.do(self.link.tick(now_ns))
        if self.connected:
            if self.orders.check(now_ns):
                self.counts["late acknowledgements"] += 1
                self._liveness.suspect()
            self._probe(now_ns)
            self.clocks.check(now_ns)
        self.sync.check(now_ns)
        self.data.do(self.data.lines.check(now_ns))
        self.history.check(now_ns)
        self.contracts.check(now_ns)
        self._pump()
        if self._polling is not None:  # what was done just now is taken into account below
            self._polling.cancel()
            self._polling = None

    def _arm(self) -> None:
        now_ns = self.now_ns()
        times = [self.link.next_ns(now_ns), self.sync.next_ns(), self.contracts.next_ns()]
        times += [self.history.next_ns(), self.data.lines.next_ns()]
        if self.connected:
            times += [self._liveness.next_ns(), self.orders.next_ns(), self.clocks.next_ns()]
            times.append(self._limiter.next_ns(now_ns))
        due_ns = min((time for time in times if time is not None), default=None)
        if due_ns is not None and not self._stopped:
            delay_s = max(0.0, (due_ns - now_ns) / SECOND_NS)
            self._timer = self._loop.call_later(min(delay_s, LONGEST_SLEEP_S), self._poll)

    def _probe(self, now_ns: int) -> None:
        verdict = self._liveness.check(now_ns)
        if verdict is Verdict.DEAD:
            self.do(self.link.broken(now_ns, "dead: two probes were not answered"))
        elif verdict is Verdict.PROBE:
            self.clocks.ask()

    def _pump(self) -> None:
        while (
            self.connected
            and self._alive()
            and (item := self._limiter.take(self.now_ns())) is not None
        ):
            self.counts["messages"] += 1
            item.send(self._client)

    # -- what the link wants --

    def do(self, effects: Iterable[Effect]) -> None:
        """Carry out what the link wants."""
        for effect in effects:
            if isinstance(effect, LinkChanged):
                self._link_changed(effect)
            elif isinstance(effect, Connect):
                self._open()
            elif isinstance(effect, Abort):
                self._teardown()
            elif isinstance(effect, Sync):
                self.sync.begin(effect.timeout_s)
            elif isinstance(effect, Alert):
                self.sinks.alert(GatewayAlert(self.now_ns(), effect.text))
            elif isinstance(effect, Resubscribe):
                self.data.connected()
            elif isinstance(effect, Verify):
                self.data.do(self.data.lines.verify(self.now_ns()))
            self.changed()

    def _link_changed(self, changed: LinkChanged) -> None:
        if changed.state is LinkState.DEGRADED:
            self.data.do(self.data.lines.suspend(self.now_ns(), changed.why))
        _LOG.info("the connection is %s: %s", changed.state, changed.why)
        self.sinks.broker(changed)

    def _open(self) -> None:
        self._teardown()
        self.counts["attempts"] += 1
        client = self._client = SafeClient(
            RawWrapper(Ears(self)),
            self.settings.client_id,
            broken=self._broken,
            garbled=self._garbled,
            read=self._heard,
            at_once=self._at_once,
            own=self.data.ticks,
        )
        client.conn.disconnected += lambda why: self._gone(client, why or "closed by the gateway")
        self._opening = self._loop.create_task(self._connect(client))

    async def _connect(self, client: SafeClient) -> None:
        try:
            await client.open(self.settings.host, self.settings.port)
        except OSError as error:
            self._opening = None
            where = f"{self.settings.host}:{self.settings.port}"
            self._gone(client, f"{where}: {error}: is the gateway running on this port?")
        except Exception as error:  # noqa: BLE001 - a task's failure would only be logged
            self.failed(error)
        else:
            if client is self._client:
                self.link.opened()

    def _gone(self, client: SafeClient, why: str) -> None:
        """The other side has ended the connection, or there never was one."""
        if client is self._client:
            effects = self.link.ended(self.now_ns(), why)
            self._teardown()
            self.do(effects)

    def _broken(self, why: str) -> None:
        self.do(self.link.broken(self.now_ns(), why))

    def _garbled(self, what: str) -> None:
        self.counts["garbled"] += 1
        self.counts[f"garbled {what[:40]}"] += len(self.counts) < 100

    def _teardown(self) -> None:
        """Forget the connection, and tell everybody who waits for something from it."""
        client, self._client = self._client, None
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if client is None:
            return
        client.abort()
        for item in self._limiter.clear():
            if item.dropped is not None:
                item.dropped()
        self.orders.lost()
        self.margins.lost()
        self.sync.lost()
        self.history.lost()
        self.contracts.lost()
        self.data.lost("the connection ended")

    def _synced(self, missing: tuple[str, ...]) -> None:
        self.do(self.link.synced(self.now_ns(), missing))

    def greeted(self, accounts: list[str], first_id: int) -> None:
        """Both halves of the greeting have come (F03)."""
        if self.link.phase is not Phase.CONNECTING or self._client is None:
            return
        now_ns = self.now_ns()
        self.counts["handshakes"] += 1
        self._liveness.begin(now_ns)
        self.clocks.connected(now_ns)
        self.sync.account = self.settings.account or accounts[0]
        self.sync.connected()
        self.do(self.link.greeted(now_ns, first_id, self._client.serverVersion()))
        self.orders.connected()
        self.data.connected()

    def _heard(self) -> None:
        """Bytes have come, and were read to their end."""
        now_ns = self.now_ns()
        self._liveness.heard(now_ns)
        self.data.flush(now_ns)

    def alive(self) -> None:
        """A probe was answered; an order that is still not shown has to be asked about."""
        now_ns = self.now_ns()
        self._liveness.answered(now_ns)
        if self.orders.overdue:
            names = ", ".join(map(str, sorted(self.orders.overdue)))
            self.orders.overdue.clear()
            self.do(self.link.resync(now_ns, f"orders not acknowledged: {names}"))
        self.changed()

    def failed(self, error: Exception) -> None:
        """Our own code has failed: the actor crashes and its supervisor decides."""
        self.sinks.failed(error)
