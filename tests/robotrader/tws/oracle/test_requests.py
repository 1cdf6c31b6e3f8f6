"""What three unmodified clients write, we read: nothing left over, nothing unknown.

Every request method of ib_async 2.1.0, ib_insync 0.9.86 and ibapi 9.81.1 is called, with arguments
made for its parameters, and the bytes that it would send are decoded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import ib_async
import ib_insync
import ibapi.client
import ibapi.contract
import ibapi.execution
import ibapi.order
import ibapi.scanner
import ibapi.wrapper
import pytest

from robotrader.tws import codec
from robotrader.tws.requests import REQUESTS

ROUNDS = 6
VERSIONS = {"ib_async": (157, 176, 178), "ib_insync": (157, 176), "ibapi": (157,)}
CASES = [(client, version) for client, versions in VERSIONS.items() for version in versions]

NOT_A_REQUEST = frozenset(
    {
        "reset", "connect", "connectAsync", "disconnect", "send", "sendMsg",
        "setConnectOptions", "isConnected", "isReady", "serverVersion", "connectionStats",
        "getReqId", "updateReqId", "getAccounts", "connectionState", "startApi", "run",
        "logRequest", "keyboardInterrupt", "keyboardInterruptHard", "msgLoopTmo", "msgLoopRec",
        "abort", "checkConnected", "setConnState", "twsConnectionTime", "queryDisplayGroups_",
        "validateInvalidSymbols", "events", "verifyRequest", "verifyMessage",
        "verifyAndAuthRequest", "verifyAndAuthMessage", "error",
    }
)  # fmt: skip
"""Methods that send nothing to a started session."""


def orders(module: Any) -> Callable[[Random], Any]:
    """Return a maker of orders, each with some of its fields set at random."""
    kinds = ("MKT", "LMT", "STP", "TRAIL", "PEG BENCH", "REL", "STP LMT")

    def make(rng: Random) -> Any:
        order = module.Order()
        order.action, order.totalQuantity = rng.choice(("BUY", "SELL")), rng.randrange(1, 900)
        order.orderType = rng.choice(kinds)
        if rng.random() < 0.5:
            order.lmtPrice, order.auxPrice = 101.25, 2.5
        if rng.random() < 0.3:
            order.hedgeType, order.hedgeParam = "B", "1"
        if rng.random() < 0.3:
            order.algoStrategy, order.algoParams = "Adaptive", []
        if rng.random() < 0.3:
            order.scalePriceIncrement = 0.5
        if rng.random() < 0.3:
            order.deltaNeutralOrderType = "MKT"
        return order

    return make


class Shapes:
    """Makes arguments for a client's own classes."""

    def __init__(self, client: str) -> None:
        modules: dict[str, Any] = {"ib_async": ib_async, "ib_insync": ib_insync}
        home = modules.get(client)
        self.contract = home.Contract if home else ibapi.contract.Contract
        self.filter = home.ExecutionFilter if home else ibapi.execution.ExecutionFilter
        self.scanner = home.ScannerSubscription if home else ibapi.scanner.ScannerSubscription
        self.events = getattr(home, "WshEventData", None)
        self.order = orders(home or ibapi.order)

    def argument(self, name: str, rng: Random) -> Any:  # noqa: PLR0911 - a table of cases
        lowered = name.lower()
        if lowered in {"contract", "under"}:
            contract = self.contract()
            contract.symbol, contract.secType, contract.exchange = "AAPL", "STK", "SMART"
            contract.conId, contract.currency = rng.choice((0, 265598)), "USD"
            return contract
        if lowered == "data" and self.events is not None:
            return self.events(conId=265598)
        if lowered == "order":
            return self.order(rng)
        if "filter" in lowered and "exec" in lowered:
            return self.filter()
        if lowered.endswith("subscription") and not lowered.startswith("sc_"):
            return self.scanner()
        if "options" in lowered or lowered == "mktdataoptions":
            return []
        if any(part in lowered for part in _FLAGS):
            return rng.random() < 0.5
        if any(part in lowered for part in _NUMBERS):
            return rng.randrange(1, 99)
        return rng.choice(("", "x", "some text"))


_FLAGS = ("snapshot", "userth", "keepuptodate", "subscribe", "autobind", "all", "ignoresize",
          "issmart", "apionly", "ledger", "userth", "includeexpired", "override")  # fmt: skip
_NUMBERS = (
    "id", "num", "type_", "barsize", "level", "formatdate", "barsize_", "quantity", "price",
    "number", "volatility", "exerciseaction", "totalresults", "rows", "fadata",
    "marketdatatype", "numrows", "loglevel",
)  # fmt: skip
_WORDS = {
    "barSizeSetting", "durationStr", "durationString", "whatToShow", "tickType", "cxml", "xml",
    "providerCode", "providerCodes", "articleId", "acctCode", "account", "groupName", "group",
}  # fmt: skip


def captured(client: str, version: int) -> tuple[Any, list[bytes]]:
    """A client that believes it is connected, and the payloads that it sends."""
    sent: list[bytes] = []
    if client == "ibapi":
        made = ibapi.client.EClient(ibapi.wrapper.EWrapper())
        made.serverVersion_ = version
        made.isConnected = lambda: True
        made.sendMsg = lambda text: sent.append(text.encode())
        return made, sent
    module: Any = ib_async if client == "ib_async" else ib_insync
    made = module.Client(module.Wrapper(module.IB()))
    made._serverVersion = version
    made.isConnected = lambda: True
    made.sendMsg = lambda text: sent.append(text.encode())
    return made, sent


def methods(made: Any) -> Iterator[tuple[str, Any]]:
    for name, method in inspect.getmembers(made, callable):
        if not name.startswith("_") and name not in NOT_A_REQUEST and not name[0].isupper():
            yield name, method


@pytest.mark.parametrize(("client", "version"), CASES)
def test_every_request_of_a_client_is_read_to_its_last_field(client: str, version: int) -> None:
    rng, spoken = Random(version), codec(version)
    made, sent = captured(client, version)
    shapes, wrong, read = Shapes(client), [], set()
    for name, method in methods(made):
        if client == "ibapi" and not hasattr(ibapi.client.EClient, name):
            continue
        parameters = [each.partition(":")[0] for each in inspect.signature(method).parameters]
        for _ in range(ROUNDS):
            sent.clear()
            values = [
                rng.choice(("x", "")) if each in _WORDS else shapes.argument(each, rng)
                for each in parameters
            ]
            try:
                method(*values)
            except Exception as error:  # noqa: BLE001 - the client refused its own argument
                wrong.append((name, "not sent", repr(error)[:90]))
                break
            for payload in sent:
                try:
                    read.add(spoken.decode_request(payload).name)
                except ValueError as error:
                    wrong.append((name, "not read", str(error)[:200]))
    assert wrong == []
    assert len(read) >= FEWEST[client], sorted(set(REQUESTS) - read)


FEWEST = {"ib_async": 60, "ib_insync": 60, "ibapi": 60}
"""Requests that each client has, at least: an empty list would prove nothing."""
