"""The gateway actor under a supervisor: its crash, its kill and its stop lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from actors import GatewayActor, GatewayMemory, GatewayRoles, HurryUp
from robotrader.adapters.event_loop import new_event_loop
from robotrader.domain import (
    AskSnapshot,
    BrokerSnapshot,
    CancelOrder,
    LinkChanged,
    LinkState,
    Order,
    OrderReport,
    OrderType,
    PlaceOrder,
    Quote,
    Side,
)
from robotrader.gateway import AskHistory, History, Resolve, Resolved, Subscribe
from supervision import ActorSystem, ChildSpec, Supervisor, SupervisorFlags
from supervision.manage import which_children
from supervision.runtime.loop import LoopThread
from supervision.testing import ProbeActor, actor_of
from tests.actors.gateway_kit import Served, served, wait_until
from tests.robotrader.adapters.ib.kit import SETTINGS

PATIENT = replace(SETTINGS, idle_s=1.0, answer_s=1.0, ack_s=2.0)


@dataclass
class World:
    """Everything that a test of the actor needs."""

    system: ActorSystem
    venue: Served
    root: Any
    orders: Any
    data: Any
    alerts: Any

    @property
    def ref(self) -> Any:
        (child,) = which_children(self.root)
        return child.child

    def tell(self, message: Any) -> None:
        self.ref.tell(message)

    def broker(self, kind: type[Any]) -> list[Any]:
        return [each for each in actor_of(self.orders).received if isinstance(each, kind)]

    def market(self, kind: type[Any]) -> list[Any]:
        return [each for each in actor_of(self.data).received if isinstance(each, kind)]

    @property
    def state(self) -> LinkState | None:
        changes = self.broker(LinkChanged)
        return changes[-1].state if changes else None

    def ready(self, generation: int = 1) -> None:
        def is_ready() -> bool:
            changes = self.broker(LinkChanged)
            last = changes[-1] if changes else None
            return last is not None and last.generation >= generation and last.state == "ready"

        wait_until(is_ready)

    def place(self, order_id: int) -> None:
        order = Order(
            con_id=265598,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            qty=Decimal(1),
            limit_price=Decimal(10),
            account="DU1234567",
            order_ref=f"rt-{order_id}",
        )
        generation = self.broker(LinkChanged)[-1].generation
        self.tell(PlaceOrder(order_id=order_id, order=order, generation=generation))


@pytest.fixture
def world() -> Iterator[World]:
    with served(ticks_a_minute=600) as venue:
        system = ActorSystem("gateway test")
        system.add_runtime(LoopThread(system, "broker", new_event_loop))
        orders, data, alerts = (system.start(ProbeActor()) for _ in range(3))
        settings = replace(PATIENT, port=venue.server.port)
        spec = ChildSpec(
            id="gateway",
            start=GatewayActor,
            args=(settings, GatewayRoles(orders, data, alerts), GatewayMemory()),
        )
        root = system.start(Supervisor([spec], SupervisorFlags(intensity=5, period_s=5)))
        yield World(system, venue, root, orders, data, alerts)
        root.stop()
        wait_until(lambda: not venue.server.connections)
        system.close()


def test_what_is_asked_is_done_and_what_comes_reaches_its_role(world: World) -> None:
    world.ready()
    world.tell(Resolve(1, "AAPL"))
    wait_until(lambda: world.market(Resolved))
    stock = world.market(Resolved)[0].instrument
    world.tell(Subscribe(stock))
    world.tell(AskHistory(2, stock, "1 D", "1 hour"))
    world.place(1)
    world.tell(AskSnapshot(3))
    wait_until(lambda: world.market(Quote) and world.market(History))
    wait_until(lambda: [each for each in world.broker(BrokerSnapshot) if each.request == 3])
    world.tell(CancelOrder(1))
    wait_until(lambda: "Cancelled" in [each.status for each in world.broker(OrderReport)])
    assert not world.venue.gateway.venue.live
    assert world.broker(Quote) == []


def test_f16_a_crash_connects_anew_under_a_higher_generation_and_loses_no_order(
    world: World,
) -> None:
    world.ready()
    world.tell(Subscribe(world.venue.gateway.instruments[265598]))
    world.place(1)
    wait_until(lambda: world.broker(OrderReport) and world.market(Quote))
    first = world.ref
    actor = actor_of(first)
    actor._port_failed(RuntimeError("a bug in a callback"))
    world.ready(2)
    assert not first.is_alive()
    assert "a bug in a callback" in repr(first.exit_reason)
    snapshot = world.broker(BrokerSnapshot)[-1]
    assert [order.ref for order in snapshot.open_orders] == ["rt-1"]
    assert snapshot.generation == world.broker(LinkChanged)[-1].generation > 1
    said = len(world.market(Quote))
    wait_until(lambda: len(world.market(Quote)) > said)
    assert world.venue.do(lambda: len(world.venue.gateway.links)) == 1
    world.place(2)
    wait_until(lambda: 2 in [each.order_id for each in world.broker(OrderReport)])


def test_a_killed_one_lets_go_of_the_client_id(world: World) -> None:
    """No hook of a killed actor runs: its port sees that it is nobody's and ends itself."""
    world.ready()
    old = actor_of(world.ref)
    world.ref.kill()
    world.ready(2)
    assert set(world.venue.gateway.clients) == {11}
    assert not old._port.connected


def test_a_message_that_nobody_knows_crashes_nothing_that_matters(world: World) -> None:
    world.ready()
    world.tell(HurryUp())
    world.tell(AskSnapshot(9))
    wait_until(lambda: [each for each in world.broker(BrokerSnapshot) if each.request == 9])
    assert world.venue.gateway.accepted == 1


def test_a_dead_receiver_is_counted_and_the_connection_lives(world: World) -> None:
    world.ready()
    world.data.stop()
    world.tell(Resolve(1, "AAPL"))
    wait_until(lambda: actor_of(world.ref).undelivered["data"])
    assert world.state is LinkState.READY


def test_a_stop_ends_the_connection_in_order(world: World) -> None:
    world.ready()
    world.place(1)
    wait_until(lambda: world.broker(OrderReport))
    world.root.stop()
    wait_until(lambda: not world.venue.server.connections)
    assert len(world.venue.gateway.venue.live) == 1
    wait_until(lambda: world.state is LinkState.DOWN)
