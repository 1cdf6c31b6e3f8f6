"""The three clients as askers: every request method, with arguments and objects drawn at random.

Nothing is sent: what a client would write to its socket is kept. The objects are the client's own
classes, each attribute set or left unset at random.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import ib_async
import ib_insync
import ibapi.client
import ibapi.contract
import ibapi.execution
import ibapi.order
import ibapi.order_condition
import ibapi.scanner
import ibapi.tag_value
import ibapi.wrapper

from tests.robotrader.tws.oracle.matching import Held, scalars

WORDS = ("", "AAPL", "SMART", "a b", "x" * 40, "20261218")
UNSET_DOUBLE, UNSET_INTEGER = 1.7976931348623157e308, 2**31 - 1

NOT_REQUESTS = frozenset({"reqId", "setConnectOptions", "setConnState", "setConnectionOptions"})
VERBS = ("req", "calculate", "cancel", "place", "exercise", "query", "replace", "set", "subscribe",
         "unsubscribe", "update")  # fmt: skip

NUMBERS = frozenset({
    "reqId", "tickerId", "orderId", "conId", "conid", "groupId", "marketRuleId", "numIds",
    "underlyingConId", "exerciseAction", "exerciseQuantity", "override", "faData", "formatDate",
    "totalResults", "numberOfTicks", "marketDataType", "numRows", "barSize", "logLevel",
})  # fmt: skip
PRICES = frozenset({"optionPrice", "underPrice", "volatility"})
FLAGS = frozenset({
    "isSmartDepth", "subscribe", "ledgerAndNLV", "bAutoBind", "apiOnly", "useRTH", "useRth",
    "keepUpToDate", "ignoreSize", "allMsgs", "snapshot", "regulatorySnapshot",
})  # fmt: skip
ORDER_TYPES = ("MKT", "LMT", "STP", "TRAIL", "PEG BENCH", "PEG BEST", "PEG MID", "REL")
CONDITIONS: dict[str, Any] = {
    "conId": 265598, "exch": "SMART", "exchange": "SMART", "isMore": True, "price": 187.25,
    "triggerMethod": 4, "time": "20261121 10:00:00", "percent": 30, "secType": "STK",
    "symbol": "AAPL", "volume": 9000, "changePercent": 2.5,
}  # fmt: skip


class Asked(NamedTuple):
    """A request: the method called, what it was given, the payloads that it would send."""

    method: str
    held: Held
    payloads: list[bytes]


class Asker:
    """One client at one server version."""

    def __init__(self, client: str, version: int, rng: Random) -> None:
        self._rng = rng
        self._sent: list[bytes] = []
        self._ibapi = client == "ibapi"
        modules: dict[str, Any] = {"ib_async": ib_async, "ib_insync": ib_insync, "ibapi": None}
        self._home = modules[client]
        if self._ibapi:
            self._client: Any = ibapi.client.EClient(ibapi.wrapper.EWrapper())
            self._client.serverVersion_ = version
        else:
            self._client = self._home.Client(self._home.Wrapper(self._home.IB()))
            self._client._serverVersion = version
        self._client.isConnected = lambda: True
        self._client.sendMsg = lambda text: self._sent.append(text.encode())

    def methods(self) -> list[str]:
        kind = ibapi.client.EClient if self._ibapi else self._home.Client
        return [
            name
            for name, _ in inspect.getmembers(kind, inspect.isfunction)
            if name.startswith(VERBS) and name not in NOT_REQUESTS | {"updateReqId"}
        ]

    def ask(self, method: str) -> Asked:
        """Call a method with arguments made for its parameters."""
        called = getattr(self._client, method)
        names = [name.partition(":")[0] for name in inspect.signature(called).parameters]
        values = [self._argument(name) for name in names]
        self._sent.clear()
        called(*values)
        given = dict(zip(names, values, strict=True))
        return Asked(method, Held(_pairs(method, given)), list(self._sent))

    # -- arguments --

    def _argument(self, name: str) -> Any:
        makers = {
            "contract": self.contract,
            "order": self.order,
            "execFilter": lambda: self._filled(self._own("ExecutionFilter", ibapi.execution)),
            "subscription": lambda: self._filled(self._own("ScannerSubscription", ibapi.scanner)),
            "data": lambda: self._filled(self._home.WshEventData()),
        }
        if name in makers:
            return makers[name]()
        if name.endswith("Options"):
            refused = self._ibapi and name.startswith("mkt")  # "not supported" by ibapi
            return [] if refused else self._tags()
        return self._scalar(name)

    def _scalar(self, name: str) -> Any:
        if name in FLAGS:
            return self._rng.random() < 0.5
        if name in NUMBERS:
            return self._rng.randrange(1, 10**6)
        if name in PRICES:
            return self._rng.randrange(1, 10**6) / 100
        return self._rng.choice(WORDS)

    def _own(self, name: str, module: Any) -> Any:
        return getattr(self._home or module, name)()

    def _filled(self, made: Any) -> Any:
        """Set each attribute to a value of its kind, some to the unset one."""
        for name, default in attributes(made):
            if isinstance(default, (bool, int, float, str)):
                setattr(made, name, self._value(default))
        return made

    def _value(self, default: Any) -> Any:
        rng = self._rng
        if isinstance(default, bool):
            return rng.random() < 0.5
        if isinstance(default, str):
            return rng.choice(WORDS)
        if default in {UNSET_DOUBLE, UNSET_INTEGER} and rng.random() < 0.4:
            return default
        many = rng.randrange(10**6)
        return many if isinstance(default, int) else many / 100

    def contract(self) -> Any:
        made = self._filled(self._own("Contract", ibapi.contract))
        made.secType = self._rng.choice(("STK", "BAG", "OPT", "FUT"))
        made.comboLegs = self._some(lambda: self._filled(self._own("ComboLeg", ibapi.contract)))
        if self._rng.random() < 0.5:
            module: Any = self._home or ibapi.contract
            made.deltaNeutralContract = self._filled(module.DeltaNeutralContract())
        return made

    def order(self) -> Any:
        made, rng = self._filled(self._own("Order", ibapi.order)), self._rng
        made.orderType = rng.choice(ORDER_TYPES)
        made.algoParams = self._tags()
        made.smartComboRoutingParams = self._tags()
        made.orderComboLegs = self._some(
            lambda: self._filled(self._own("OrderComboLeg", ibapi.order))
        )
        made.orderMiscOptions = self._tags()
        made.conditions = self._some(self.condition)
        made.usePriceMgmtAlgo = rng.random() < 0.5
        made.softDollarTier.name, made.softDollarTier.val = rng.choice(WORDS), rng.choice(WORDS)
        if not self._ibapi and rng.random() < 0.3:
            made.competeAgainstBestOffset = float("inf")
        return made

    def condition(self) -> Any:
        kind = self._rng.choice((1, 3, 4, 5, 6, 7))
        if self._ibapi:
            made = ibapi.order_condition.Create(kind)
            made.isConjunctionConnection = self._rng.random() < 0.5
        else:
            made = self._home.OrderCondition.createClass(kind)()
            made.conjunction = self._rng.choice("ao")
        for name, value in CONDITIONS.items():
            if hasattr(made, name):
                setattr(made, name, value)
        return made

    def _tags(self) -> list[Any]:
        tag: Any = ibapi.tag_value.TagValue if self._ibapi else self._home.TagValue
        return self._some(lambda: tag(self._rng.choice(WORDS), self._rng.choice(WORDS)))

    def _some(self, make: Any) -> list[Any]:
        return [make() for _ in range(self._rng.randrange(3))]


def _pairs(method: str, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What was given, by path; options also the way they are joined on the wire, and counted."""
    for name, value in given.items():
        yield from scalars(value, f"{method}[0].{name}")
        if name == "orderId":  # the order has one, too
            yield f"{method}[0].given.{name}", value
        if name.endswith("Options"):
            short = "filterOptions" if "Filter" in name else "options"
            yield f"{method}[0].{short}", joined(value)
            yield f"{method}[0].n{short.title()}", len(value)
        elif name == "order":
            yield f"{method}[0].order.joinedOptions", joined(value.orderMiscOptions)


def joined(tags: list[Any]) -> str:
    return "".join(f"{each.tag}={each.value};" for each in tags)


def attributes(made: Any) -> Iterator[tuple[str, Any]]:
    """Names and values; a copy, so that they can be set meanwhile."""
    if dataclasses.is_dataclass(made):
        yield from [(field.name, getattr(made, field.name)) for field in dataclasses.fields(made)]
    else:
        yield from list(vars(made).items())
