"""The broker port as a model: the product's own ``Link`` decides, a ``Session`` carries.

It keeps the rules of ``adapters.ib``: an order leaves in the generation that it was decided in and
only when the link is READY, or an ``OrderFailed`` with 504 says that it never left; cancels are
kept until there is a connection; one connection at a time; a port whose actor was killed ends
itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import (
    BrokerSnapshot,
    CancelOrder,
    LinkChanged,
    LinkState,
    OrderFailed,
    OrderKey,
    PlaceOrder,
    Quote,
)
from robotrader.gateway import (
    DataClass,
    GatewayAlert,
    History,
    HistoryStatus,
    LineChanged,
    Link,
    Phase,
    StreamKind,
)
from robotrader.gateway.codes import NOT_SENT
from robotrader.gateway.link import Abort, Alert, Connect, Sync
from robotrader.gateway.snapshot import nothing
from tests.simulation.asking import Margins, Snapshot
from tests.simulation.exchange import STEPS
from tests.simulation.session import Session
from tests.simulation.world import Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from robotrader.adapters.ib import IbSettings, Sinks
    from robotrader.domain import AskSnapshot
    from robotrader.gateway import AskHistory, Resolve, Subscribe, Unsubscribe
    from robotrader.gateway.link import Effect
    from tests.simulation.core import CoreWorld

S: Final = 1_000_000_000
UNASKED: Final = 0
PROBE_NS: Final = 5 * S
LOST: Final = 1100
IN_USE: Final = 326
BACK: Final = (1101, 1102)
SILENT_NS: Final = 9 * S
"""Five seconds of silence and two probes of two seconds that are not answered."""


class ModelPort:
    """See the module's prose; the arguments are those of ``IbPort``, but for the first."""

    def __init__(
        self,
        world: CoreWorld,
        settings: IbSettings,
        sinks: Sinks,
        generations: Callable[[], int],
        *,
        alive: Callable[[], bool],
        **_: object,
    ) -> None:
        self.world, self._alive = world, alive
        self._life, self.sinks = world.life, world.exchange.lapsed.heard_by(sinks, world)
        self.margins = Margins(self)
        self._client = settings.client_id
        self.link = Link(settings.link, world.link_random.random, generations)
        self._session: Session | None = None
        self._placed: set[OrderKey] = set()
        self._cancels: dict[int, CancelOrder] = {}
        self._wishes: dict[int, Subscribe] = {}
        self._fresh: set[int] = set()
        self._snapshot: Snapshot | None = None
        self._asked: list[int] = []
        self._heard_ns = 0
        self._numbers = 0
        self._stopped = self._lost = False
        self.refused = self.named = False
        """Whether our number is in use since the last greeting, and a person was told so."""

    @property
    def session(self) -> Session | None:
        """The connection, while there is one."""
        return self._session if self._up else None

    # -- its life --

    def start(self) -> None:
        """Connect, and stay connected until stopped; whoever did so before is nobody any more."""
        self.world.port = self
        self.world.linked(False)
        self._do(self.link.start(self._now_ns()))
        self._poll()

    def stop(self) -> None:
        """End the connection; orders live on at the broker."""
        if not self._stopped:
            self._stopped = True
            self._do(self.link.stop(self._now_ns()))
            self._teardown()

    def hurry(self) -> None:
        """Try now."""
        self._do(self.link.hurry(self._now_ns()))

    def samples(self) -> tuple[()]:
        """Nothing is counted here."""
        return ()

    def _now_ns(self) -> int:
        """Return what the process's monotonic clock says, as the real port uses it."""
        return self.world.clock_ns

    def _gone(self) -> bool:
        """Whether this port is nobody's: its actor was killed, or its process has died."""
        if self._stopped or self.world.life != self._life:
            return True
        if not self._alive():
            self.stop()
            return True
        return False

    def _poll(self) -> None:
        if self._gone():
            return
        now_ns = self._now_ns()
        self._do(self.link.tick(now_ns))
        if self._session is not None and self._up:
            self._listen(self._session, now_ns)
        snapshot = self._snapshot
        if snapshot is not None and now_ns >= snapshot.until_ns:
            self._collected(snapshot)
        if self._up:
            self.sinks.clock(self.world.clock_ns - self.world.wall_ns())
        self.world.after(S, self._poll)

    def _listen(self, session: Session, now_ns: int) -> None:
        """Ask whether the other side is there, once it was silent; give it up if it stays so."""
        silent_ns = (now_ns - self._heard_ns) // self.world.pace
        if silent_ns > SILENT_NS:
            self._do(self.link.broken(now_ns, "dead: two probes were not answered"))
        elif silent_ns > PROBE_NS:
            session.up("probe", partial(session.down, ("probed",)))

    @property
    def _up(self) -> bool:
        return self.link.phase in {Phase.SYNCING, Phase.UP}

    def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case LinkChanged():
                    self._changed(effect)
                case Connect():
                    self._open()
                case Abort():
                    self._teardown()
                case Sync():
                    self._begin([UNASKED], effect.timeout_s, for_link=True)
                case Alert():
                    self.named = self.named or f"({IN_USE})" in effect.text
                    self.sinks.alert(GatewayAlert(self._now_ns(), effect.text))
                case _:
                    pass  # the streams of the model go on by themselves

    def _changed(self, changed: LinkChanged) -> None:
        if changed.state is not LinkState.READY:
            self.world.exchange.unready_ns = self.world.clock_ns
        if self.world.port is self:
            self.world.linked(changed.state is LinkState.READY)
        self.sinks.broker(changed)

    def _open(self) -> None:
        self._teardown()
        world = self.world
        session = self._session = Session(world, self)
        self._heard_ns = self._now_ns()
        if world.weather.lasts("gateway_down"):
            world.after(S // 1000, lambda: self.ended(session, "refused: is the gateway running?"))
            return
        self.link.opened()
        session.up("hello", partial(world.exchange.hello, session))

    def ended(self, session: Session, why: str) -> None:
        """The other side has ended a connection."""
        if session is self._session and not self._gone():
            session.end()
            effects = self.link.ended(self._now_ns(), why)
            self._teardown()
            self._do(effects)

    def _teardown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()
        snapshot, self._snapshot = self._snapshot, None
        asked, self._asked = self._asked, []
        late = asked if snapshot is None else [*snapshot.requests, *asked]
        for request in late:
            if request != UNASKED:
                self.sinks.broker(nothing(request, self.link.generation, self._now_ns()))
        for con_id in sorted(self._fresh):
            self._line(con_id, stale=True)
        self._fresh.clear()

    # -- orders --

    def place(self, ask: PlaceOrder) -> None:
        """Send an order."""
        world, session = self.world, self._session
        ready = self.link.state is LinkState.READY and ask.generation == self.link.generation
        what = "order"
        if OrderKey(self._client, ask.order_id) in self._placed:
            what = "change"
        elif ask.order.parent_id:
            what = "leg"
        world.point("send.before", what)
        if not ready or session is None:
            text = f"not sent: generation {ask.generation}, the connection is not ready for it"
            self.sinks.broker(OrderFailed(ask.order_id, NOT_SENT, text, self.link.generation))
            return
        key = OrderKey(self._client, ask.order_id)
        well = not self._lost
        world.sends(Sent(world.now_ns, key, ask.order, ask.generation, well, len(world.log),
                         reduces=ask.reduces))  # fmt: skip
        session.up("place", partial(world.exchange.place, key, ask.order))
        self._placed.add(key)
        if world.weather.lasts("broker_lost"):
            world.reach("row 10")
        world.point("send.after", what)

    def cancel(self, ask: CancelOrder) -> None:
        """Send a cancel as soon as there is a connection."""
        world, session = self.world, self._session
        world.point("cancel.before")
        if session is None or not self._up:
            self._cancels[ask.order_id] = ask
            return
        key = OrderKey(self._client, ask.order_id)
        world.sends(Sent(world.now_ns, key, None, self.link.generation, True, len(world.log)))
        session.up("cancel", partial(world.exchange.cancel, key))
        world.point("cancel.after")

    # -- snapshots --

    def snapshot(self, ask: AskSnapshot) -> None:
        """Ask the broker for everything; one snapshot at a time."""
        if not self._up:
            self.sinks.broker(nothing(ask.request, self.link.generation, self._now_ns()))
        elif self._snapshot is not None:
            self._asked.append(ask.request)
        else:
            self._begin([ask.request], self.link.rules.sync_s, for_link=False)

    def _begin(self, requests: list[int], timeout_s: float, *, for_link: bool) -> None:
        session = self._session
        if session is None:
            return
        self._numbers += 1
        until_ns = self._now_ns() + int(timeout_s * S)
        if self._snapshot is not None:
            requests = [*self._snapshot.requests, *requests]
        made = self._snapshot = Snapshot(self._numbers, requests, until_ns, for_link=for_link)
        for step in STEPS:
            session.up("ask", partial(self.world.exchange.answer, session, made.number, step))

    def _answered(self, number: int, step: str, parts: dict[str, Any]) -> None:
        snapshot = self._snapshot
        if snapshot is None or snapshot.number != number:
            return
        snapshot.parts |= parts
        snapshot.left.discard(step)
        if not snapshot.left:
            self._collected(snapshot)

    def _collected(self, snapshot: Snapshot) -> None:
        self._snapshot = None
        missing = tuple(step for step in STEPS if step in snapshot.left)
        for request in snapshot.requests:
            if not (request == UNASKED and missing):
                self.sinks.broker(self._result(request, snapshot, missing))
        if snapshot.for_link:
            self._do(self.link.synced(self._now_ns(), missing))
        asked, self._asked = self._asked, []
        idle = self._snapshot is None  # a failed sync may have begun the next one
        if asked and idle and self._up:
            self._begin(asked, self.link.rules.sync_s, for_link=False)
        else:
            self._asked = [*asked, *self._asked]

    def _result(self, request: int, snapshot: Snapshot, missing: tuple[str, ...]) -> BrokerSnapshot:
        return snapshot.result(request, self.link.generation, self._now_ns(), missing)

    # -- what comes --

    def comes(self, session: Session, message: Any) -> None:
        """Something has arrived."""
        if session is not self._session or self._gone():
            return
        self._heard_ns = self._now_ns()
        match message:
            case ("probed",):
                pass
            case ("greeting", next_id):
                self._greeted(next_id)
            case ("answer", number, step, parts):
                self._answered(number, step, parts)
            case ("error", code, text):
                self._lost = code == LOST if code in {LOST, *BACK} else self._lost
                self.refused = self.refused or code == IN_USE
                self._do(self.link.error(self._now_ns(), code, text))
            case ("data", datum):
                self._priced(datum)
            case ("margin", said):
                self.sinks.margin(said)
            case ("history", history):
                self.sinks.data(history)
            case _:
                self.world.point(f"heard.{type(message).__name__}")
                stamped = msgspec.structs.replace(message, generation=self.link.generation)
                self.sinks.broker(stamped)

    def _greeted(self, next_id: int) -> None:
        self._lost = self.refused = self.named = False
        self._do(self.link.greeted(self._now_ns(), next_id, 178))
        self.world.connections.append((self._life, self.link.generation))
        waiting, self._cancels = self._cancels, {}
        for ask in waiting.values():
            self.cancel(ask)
        for con_id in self._wishes:
            self._watch(con_id)

    # -- market data --

    def subscribe(self, ask: Subscribe) -> None:
        """Keep the streams of a contract going."""
        self._wishes[ask.instrument.con_id] = ask
        if self._up:
            self._watch(ask.instrument.con_id)

    def _watch(self, con_id: int) -> None:
        session = self._session
        if session is not None:
            session.up("subscribe", partial(session.watched.add, con_id))

    def unsubscribe(self, ask: Unsubscribe) -> None:
        """End the streams of a contract."""
        self._wishes.pop(ask.con_id, None)
        self._fresh.discard(ask.con_id)
        if (session := self._session) is not None:
            session.up("unsubscribe", partial(session.watched.discard, ask.con_id))

    def _priced(self, datum: Any) -> None:
        """Hand a price on; a quote's time is when it came, by our clock."""
        if datum.con_id not in self._wishes:
            return
        if datum.con_id not in self._fresh:
            self._fresh.add(datum.con_id)
            self._line(datum.con_id, stale=False)
        if isinstance(datum, Quote):
            datum = msgspec.structs.replace(datum, time_ns=self.world.wall_ns())
        self.sinks.data(datum)

    def _line(self, con_id: int, *, stale: bool) -> None:
        worth = DataClass.NONE if stale else DataClass.LIVE
        for kind in (StreamKind.QUOTES, StreamKind.BARS):
            self.sinks.data(LineChanged(con_id, kind, worth, stale, self.world.wall_ns(), "link"))

    def ask_history(self, ask: AskHistory) -> None:
        """Answer with the bars that there were."""
        con_id, session = ask.instrument.con_id, self._session
        if session is None or not self._up:
            self.sinks.data(History(ask.request, con_id, HistoryStatus.DISCONNECTED))
            return
        bars = () if ask.bar_size == "1 day" else self.world.market.past(con_id)
        status = HistoryStatus.OK if bars else HistoryStatus.NO_DATA
        answer = History(ask.request, con_id, status, bars)
        session.up("history", partial(session.down, ("history", answer)))

    def resolve(self, ask: Resolve) -> None:
        """Contracts are known before the tree is made.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(f"{ask}: the tree knows its contracts")
