"""The gateway actor: the broker's connection under supervision.

It lives on an event loop's thread with its port, so that a callback of the socket reaches the
order manager without a change of thread. It owns the connection and nothing else: what it is told
it hands to the port, what the port hears it hands on. When it crashes, its socket is torn down and
its successor connects anew under a higher generation: orders live at the broker, intents in the
journal, wishes for market data at whoever has them; so nothing is lost with it. One that was killed
runs no hook: its port sees within a second that it is nobody's any more and ends itself.

A receiver that is being restarted is not waited for: what it missed is counted, and it begins its
own life by asking for a snapshot.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec
import pykka

from actors.say import AskMeters, ClockCompared, HurryUp
from robotrader.adapters.ib import IbPort, IbSettings, Sinks
from robotrader.domain import (
    AskLink,
    AskMargin,
    AskSnapshot,
    CancelOrder,
    LinkChanged,
    OrderFailed,
    PlaceOrder,
)
from robotrader.gateway import AskHistory, Resolve, Subscribe, Unsubscribe
from robotrader.gateway.codes import NOT_SENT
from robotrader.meters import Sample
from supervision import Actor, MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from robotrader.domain import Instrument


class MarginPort(Protocol):
    """Who asks the broker what margin an order would need."""

    def ask(self, ask: AskMargin) -> None:
        """Ask; the answer comes as ``MarginSaid``."""


class Port(Protocol):
    """What the actor needs of a connection to a broker; ``IbPort`` is the one that trades."""

    @property
    def margins(self) -> MarginPort:
        """What-if questions."""
        ...

    def start(self) -> None:
        """Connect, and stay connected until stopped."""

    def stop(self) -> None:
        """End the connection; orders live on at the broker."""

    def hurry(self) -> None:
        """A human says that the gateway is fine again: try now."""

    def place(self, ask: PlaceOrder) -> None:
        """Send an order."""

    def cancel(self, ask: CancelOrder) -> None:
        """Send a cancel."""

    def snapshot(self, ask: AskSnapshot) -> None:
        """Ask the broker for everything."""

    def subscribe(self, ask: Subscribe) -> None:
        """Keep streams of a contract going."""

    def unsubscribe(self, ask: Unsubscribe) -> None:
        """End the streams of a contract."""

    def ask_history(self, ask: AskHistory) -> None:
        """Ask for bars of the past."""

    def resolve(self, ask: Resolve) -> None:
        """Ask which contract a symbol is."""

    def samples(self) -> tuple[Sample, ...]:
        """Return what was counted."""
        ...


class Role(Protocol):
    """Somebody to tell: an ``ActorRef`` or, so that restarts do not matter, a ``NamedRef``."""

    def tell(self, message: Any) -> None:
        """Send a message."""


@dataclass(frozen=True, slots=True)
class GatewayRoles:
    """Who is told what: ``orders`` the broker's reports, ``data`` the market's, ``alerts`` news.

    ``program``, if there is one, hears of the connection: it is its only health check.
    """

    orders: Role
    data: Role
    alerts: Role
    program: Role | None = None
    watch: Role | None = None
    """Who is told how far the broker's clock is from ours."""

    gate: Role | None = None
    """Who is told it, too, and lets nothing be entered before."""


class Generations:
    """Numbers of connections: a call gives the next; ``newest`` is the one that was given last."""

    def __init__(self) -> None:
        self.newest = 0

    def __call__(self) -> int:
        """Return the next."""
        self.newest += 1
        return self.newest


@dataclass(frozen=True, slots=True)
class GatewayMemory:
    """What outlives an incarnation; made once, by the tree.

    Attributes:
        generations: numbers of connections; they only grow.
        wishes: what was subscribed to, by contract.
    """

    generations: Generations = field(default_factory=Generations)
    wishes: dict[int, Subscribe] = field(default_factory=dict)

    def subscribed(self, ask: Subscribe) -> None:
        """Keep a wish, together with earlier ones of the same contract."""
        con_id = ask.instrument.con_id
        known = self.wishes.get(con_id)
        kinds = ask.kinds if known is None else tuple(dict.fromkeys(known.kinds + ask.kinds))
        self.wishes[con_id] = msgspec.structs.replace(ask, kinds=kinds)


class _Failed(msgspec.Struct, frozen=True):
    """Our own code has failed in a callback of the loop."""

    error: Exception


def _open(_instrument: Instrument, _now_ns: int) -> bool:
    return True


class GatewayActor(Actor):
    """See the module's prose; it has to run on an event loop's runtime.

    Args:
        settings: where the gateway is and how it is dealt with.
        roles: who is told what.
        memory: what outlives an incarnation.
        is_open: whether a contract's market is open at a time.
        market_ns: the market's time, if it is not this machine's: on simulated days.
        make_port: makes the port to the broker; another one only where a broker is simulated.
    """

    runtime = "broker"
    hang_policy: ClassVar[str] = "exit"
    """A hung loop cannot be replaced in this process; heart starts the next one."""

    def __init__(
        self,
        settings: IbSettings,
        roles: GatewayRoles,
        memory: GatewayMemory,
        is_open: Callable[[Instrument, int], bool] = _open,
        market_ns: Callable[[], int] | None = None,
        *,
        make_port: Callable[..., Port] = IbPort,
    ) -> None:
        super().__init__()
        self._make_port = make_port
        self._settings = settings
        self._roles = roles
        self._memory = memory
        self._is_open, self._market_ns = is_open, market_ns
        self._port: Port | None = None
        self._handlers: dict[type[Any], Callable[[Any], Any]] = {}
        self._link: LinkChanged | None = None
        self._ending = False
        self.undelivered: Counter[str] = Counter()

    def on_start(self) -> None:
        """Begin to connect; who is told hears of it by ``LinkChanged``."""
        sinks = Sinks(
            broker=self._broker_teller(),
            data=self._teller("data", self._roles.data),
            alert=self._teller("alerts", self._roles.alerts),
            failed=self._port_failed,
            clock=self._say_clock,
            margin=self._teller("orders", self._roles.orders),
        )
        self._port = port = self._make_port(
            self._settings,
            sinks,
            self._memory.generations,
            is_open=self._is_open,
            alive=self.actor_ref.is_alive,
            at_once=self.at_once,
            market_ns=self._market_ns,
        )
        self._handlers = {
            PlaceOrder: partial(self._place, port),
            CancelOrder: port.cancel,
            AskSnapshot: port.snapshot,
            AskMargin: port.margins.ask,
            AskLink: lambda _: self._say_link(),
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            AskHistory: port.ask_history,
            Resolve: port.resolve,
            HurryUp: lambda _: port.hurry(),
            AskMeters: lambda _: self._samples(port),
            _Failed: _raise,
        }
        port.start()
        for wish in self._memory.wishes.values():
            port.subscribe(wish)

    def on_receive(self, message: Any) -> Any:
        """Do what is asked; answers come to the roles, not to the asker."""
        handler = self._handlers.get(type(message))
        if handler is None:
            return super().on_receive(message)
        return handler(message)

    def _samples(self, port: Port) -> tuple[Sample, ...]:
        lost = (Sample("gateway_undelivered", n, (who,)) for who, n in self.undelivered.items())
        return (*port.samples(), *lost)

    def _place(self, port: Port, ask: PlaceOrder) -> None:
        """Send an order, unless it waited here for so long that it may not be wanted any more."""
        if ask.until_ns and self._cell.system.now_ns() > ask.until_ns:
            text = "not sent: it waited too long for the gateway's actor"
            refused = OrderFailed(ask.order_id, NOT_SENT, text, ask.generation)
            self._teller("orders", self._roles.orders)(refused)
        else:
            port.place(ask)

    def _subscribe(self, ask: Subscribe) -> None:
        self._memory.subscribed(ask)
        if self._port is not None:
            self._port.subscribe(ask)

    def _unsubscribe(self, ask: Unsubscribe) -> None:
        self._memory.wishes.pop(ask.con_id, None)
        if self._port is not None:
            self._port.unsubscribe(ask)

    def on_stop(self) -> None:
        """End the connection in order."""
        self._end()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - pykka's hook
        exception_value: BaseException | None,  # noqa: ARG002
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> None:
        """Leave no socket behind: the client id has to be free for the next incarnation."""
        self._end()

    def _end(self) -> None:
        self._ending = True
        if self._port is not None:
            self._port.stop()

    def _port_failed(self, error: Exception) -> None:
        self._cell.ref.tell_urgent(_Failed(error))

    def _say_link(self) -> None:
        if self._link is not None:
            self._teller("orders", self._roles.orders)(self._link)

    def _say_clock(self, skew_ns: int) -> None:
        for name, role in (("watch", self._roles.watch), ("gate", self._roles.gate)):
            if role is not None:
                self._teller(name, role)(ClockCompared(skew_ns))

    def _broker_teller(self) -> Callable[[Any], None]:
        orders = self._teller("orders", self._roles.orders)
        if self._roles.program is None:
            return orders
        program = self._teller("program", self._roles.program)

        def tell(message: Any) -> None:
            orders(message)
            if isinstance(message, LinkChanged):
                program(message)

        return tell

    def _teller(self, name: str, role: Role) -> Callable[[Any], None]:
        own = self.actor_ref

        def tell(message: Any) -> None:
            if not own.is_alive() and not self._ending:
                return  # a killed incarnation's port: its successor has a later word
            if isinstance(message, LinkChanged):
                self._link = message
            try:
                role.tell(message)
            except (pykka.ActorDeadError, MailboxFull):
                self.undelivered[name] += 1

        return tell


def _raise(failed: _Failed) -> None:
    raise failed.error
