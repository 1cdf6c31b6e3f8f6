"""One way for an order and one source of the connection's state, by the code itself (F24, F58).

What an order needs is made in one place each: an approval by the gate, a command by the order
manager, a connection by the gateway actor. Whoever wants another way has to make one of them first,
and fails here; who may address the two roles at all is read off the tree.
"""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.tidy_rules import Source, calls

ROOT: Final = Path(__file__).resolve().parents[1]
MADE_IN: Final = {
    "robotrader.domain.Approved": {"robotrader/risk/gate.py"},
    "robotrader.domain.PlaceOrder": {"robotrader/execution/placing.py"},
    "robotrader.domain.CancelOrder": {"robotrader/execution/placing.py"},
    "robotrader.domain.Intent": {
        "actors/flatten.py",  # flattening: goes to the gate like any other
        "actors/risk_asks.py",  # what the gate would say of an order: judged, never submitted
        "actors/risk_rows.py",  # the same, for a table of sizes
        "robotrader/execution/guard.py",  # stops: goes back to the gate as `Wanted`
        "robotrader/strategies/context.py",
    },
    "robotrader.domain.LinkChanged": {
        "robotrader/backtest/trading.py",  # no connection: the venue is in the same process
        "robotrader/gateway/link.py",
    },
    "robotrader.adapters.ib.client.SafeClient": {"robotrader/adapters/ib/port.py"},
    "robotrader.adapters.ib.port.IbPort": {
        "robotrader/adapters/ib/lookup.py",  # contracts, once, before there is a tree
    },
}
"""Everything through which an order or a connection comes to be, and where it is made."""

CONNECTS: Final = {
    "robotrader/adapters/toxic_link.py",  # chaos: between the core and the gateway, never live
    "robotrader/adapters/control_socket.py",  # a Unix socket: is somebody there?
    "robotrader/adapters/venue_clock.py",  # the emulated gateway's control port
    "robotrader/app/chaos_hands.py",  # the link's and the emulated gateway's control ports
    "robotrader/app/control_client.py",  # a Unix socket
    "robotrader/app/doctor_ib.py",  # a command of a person: one session
    "robotrader/app/gateway_cli.py",  # the same
    "robotrader/emulator/server.py",  # a session object inside of the emulated gateway
}
"""Who opens a connection besides the gateway actor's client, and to what."""

TELLS_ORDERS: Final = {
    "kill-switch": {"SwitchChanged", "CancelAll"},
    "gateway": set[str](),  # what the broker said, as it comes
    "risk": {"AskLink", "AskSettled", "verdict", "verdict[0]", "wish"},
}
TELLS_GATEWAY: Final = {"orders", "data"}
SENDS: Final = {
    "actors/orders.py": {
        "AskLink()",
        "message",
        "command",
        "msgspec.structs.replace(ask, order_id=self.manager.number())",  # a what-if
    },
    "actors/data.py": {"call"},
}


@cache
def product() -> tuple[Source, ...]:
    files = sorted([*(ROOT / "robotrader").rglob("*.py"), *(ROOT / "actors").rglob("*.py")])
    return tuple(Source(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in files)


@pytest.fixture(scope="module", autouse=True)
def _uncollected() -> Iterator[None]:
    """Trees are no garbage, and going through them takes longer than parsing."""
    gc.disable()
    yield
    product.cache_clear()
    gc.enable()


@cache
def makers() -> dict[str, set[str]]:
    """Where each of our classes is called, by its imported name."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in product():
        for name, _ in calls(source):
            found[name].add(source.path)
    return found


def source_of(path: str) -> Source:
    (found,) = (source for source in product() if source.path == path)
    return found


def children(source: Source) -> dict[str, set[str]]:
    """Whom each child of the tree can address: the roles that it is given when it is made."""
    found: dict[str, set[str]] = {}
    for name, node in calls(source):
        if name.endswith("_child") and isinstance(node.args[1], ast.Constant):
            given = {
                str(each.args[0].value)
                for keyword in node.keywords
                for each in ast.walk(keyword.value)
                if isinstance(each, ast.Call)
                and ast.unparse(each.func) in {"role", "trader.role"}
                and isinstance(each.args[0], ast.Constant)
            }
            found[str(node.args[1].value)] = given
    return found


def told(source: Source, whom: str) -> set[str]:
    """What a module tells somebody, as it is written there."""
    return {
        ast.unparse(node.args[1])
        for name, node in calls(source)
        if name.endswith("say.tell") and ast.unparse(node.args[0]) == whom
    }


@pytest.mark.parametrize("name", MADE_IN)
def test_f24_f58_what_an_order_or_a_connection_needs_is_made_in_one_place(name: str) -> None:
    assert makers()[name] == MADE_IN[name]


def test_f24_the_port_to_the_broker_is_the_gateways_actors_alone() -> None:
    """It is handed to the actor as a class; who else names it in ``actors`` could make another."""
    named = set()
    for source in product():
        names = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
        if source.path.startswith("actors/") and "IbPort" in names:
            named.add(source.path)
    assert named == {"actors/gateway.py", "actors/tree.py"}


def test_f24_an_approval_leaves_the_gates_actor_only_for_the_order_manager() -> None:
    risk = source_of("actors/risk.py")
    (judged,) = (
        node for node in ast.walk(risk.tree)
        if isinstance(node, ast.Call) and ast.unparse(node) == "tell(self._orders, verdict)"
    )  # fmt: skip
    assert judged.lineno > 0
    elsewhere = [
        source.path
        for source in product()
        if source.path.startswith("actors/") and "tell(self._orders, verdict)" in source.text
    ]
    assert elsewhere == ["actors/risk.py"]


def test_f24_few_may_address_the_order_manager_and_fewer_the_gateway() -> None:
    tree = children(source_of("actors/tree.py"))
    assert len(tree) > 8
    roles = _gateway_roles()
    reach_orders = {name for name, given in tree.items() if "orders" in given}
    assert reach_orders == {"kill-switch", "risk"}
    assert "orders" in roles, "the gateway answers the order manager"
    assert {name for name, given in tree.items() if "gateway" in given} == TELLS_GATEWAY


def _gateway_roles() -> set[str]:
    """The roles that the gateway actor speaks to."""
    return {
        str(keyword.arg)
        for name, node in calls(source_of("actors/tree.py"))
        if name.endswith("GatewayRoles")
        for keyword in node.keywords
    }


def test_f24_what_is_told_to_the_gateway_is_a_command_of_the_manager_or_a_call_for_data() -> None:
    found = {
        source.path: said
        for source in product()
        if source.path.startswith("actors/") and (said := told(source, "self._gateway"))
    }
    assert found == SENDS


def test_f58_nobody_else_connects_to_the_broker() -> None:
    """The connection's state is what the one connection says: there is no second look at a port."""
    found = {
        source.path
        for source in product()
        for name, _ in calls(source)
        if name.endswith((".create_connection", ".open_connection", ".connect", ".connect_ex"))
    }
    assert found == CONNECTS
    assert not any("connect_ex" in source.text for source in product())
