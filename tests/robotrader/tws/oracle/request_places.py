"""Where three clients have the fields of our requests: a table, as that of the replies.

On the right is the end of the path in the arguments of the client's method: ``contract.conId`` is
that attribute of the argument ``contract``.
"""

from __future__ import annotations

from typing import Final

from tests.robotrader.tws.oracle.matching import Places
from tests.robotrader.tws.oracle.places import SPLIT

_CONTRACT_ASKED: Final = (
    "calculateImpliedVolatility", "calculateOptionPrice", "exerciseOptions", "placeOrder",
    "reqContractDetails", "reqFundamentalData", "reqHeadTimeStamp", "reqHistogramData",
    "reqHistoricalData", "reqHistoricalTicks", "reqMktData", "reqMktDepth", "reqRealTimeBars",
    "reqTickByTickData",
)  # fmt: skip
_HEDGED: Final = ("placeOrder", "reqMktData")

_NAMES: Final = {
    **{f"{name}.conId": "contract.conId" for name in _CONTRACT_ASKED},
    **{f"{name}.dncConId": "contract.deltaNeutralContract.conId" for name in _HEDGED},
    **{f"{name}.dncDelta": "contract.deltaNeutralContract.delta" for name in _HEDGED},
    **{f"{name}.dncPrice": "contract.deltaNeutralContract.price" for name in _HEDGED},
    "lastTradeDate": "lastTradeDateOrContractMonth",
    "cancelHistogramData.reqId": "tickerId",
    "placeOrder.delta": "order.delta",
    "placeOrder.orderId": "given.orderId",
    "placeOrder.orderMiscOptions": "order.joinedOptions",
    "placeOrder.conditions.condConId": "conId",
    "placeOrder.conditions.condSecType": "secType",
    "placeOrder.conditions.condSymbol": "symbol",
    "placeOrder.softDollarTierName": "order.softDollarTier.name",
    "placeOrder.softDollarTierVal": "order.softDollarTier.val",
    "replaceFA.faDataType": "faData",
    "replaceFA.xml": "cxml",
    "reqAccountSummary.group": "groupName",
    "reqAccountUpdates.account": "acctCode",
    "reqAutoOpenOrders.autoBind": "bAutoBind",
    "reqHistogramData.reqId": "tickerId",
    "reqHistoricalData.barSize": "barSizeSetting",
    "reqHistoricalData.duration": "durationStr",
    "reqMarketDataType.type": "marketDataType",
    "reqMktData.genericTicks": "genericTickList",
    "reqPnLSingle.conId": "conid",
    "requestFA.faDataType": "faData",
}
_LEFT_OUT: Final = {
    **{f"{name}.dnc": SPLIT for name in _HEDGED},
    "placeOrder.sharesAllocation": "always empty: it was given up long ago",
}

PLACES: Final = {
    "ib_async": Places(_NAMES | {"placeOrder.conditions.condExch": "exch"}, _LEFT_OUT, {}),
    "ib_insync": Places(_NAMES | {"placeOrder.conditions.condExch": "exch"}, _LEFT_OUT, {}),
    "ibapi": Places(
        _NAMES
        | {
            "placeOrder.conditions.condExch": "exchange",
            "placeOrder.conditions.conjunction": "isConjunctionConnection",
        },
        _LEFT_OUT | {"reqHistoricalNews.options": "ibapi 9.81 forgets them"},
        {},
    ),
}
