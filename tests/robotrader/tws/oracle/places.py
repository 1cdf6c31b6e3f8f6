"""Where three clients put the fields of our replies: tables, with a reason for what is left out.

A name on the left is ``message.field``, or ``field`` in every message. On the right is the end of
the path in what the client tells its callbacks: ``contract.conId`` is that attribute of the
callback's ``contract``, ``historicalData[0].open`` belongs to the first call of that callback. What
is in no table has the field's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

from tests.robotrader.tws.oracle.matching import Places

_WITH_ORDER: Final = ("openOrder", "completedOrder")
_WITH_CONTRACT: Final = (*_WITH_ORDER, "execDetails")


def _each(messages: tuple[str, ...], names: Mapping[str, str]) -> dict[str, str]:
    return {f"{one}.{field}": names[field] for one, field in product(messages, names)}


_ORDERS: Final = _each(
    _WITH_ORDER,
    {
        "conId": "contract.conId",
        "delta": "order.delta",
        "dncConId": "contract.deltaNeutralContract.conId",
        "dncDelta": "contract.deltaNeutralContract.delta",
        "dncPrice": "contract.deltaNeutralContract.price",
        "trailStopPrice2": "order.trailStopPrice",
        "softDollarTierName": "order.softDollarTier.name",
        "softDollarTierVal": "order.softDollarTier.val",
        "softDollarTierDisplayName": "order.softDollarTier.displayName",
        "conditions.condConId": "conId",
        "conditions.condSecType": "secType",
        "conditions.condSymbol": "symbol",
    },
)

_NAMES: Final = _ORDERS | {
    "lastTradeDate": "lastTradeDateOrContractMonth",
    "accountValue.value": "val",
    "bondContractDetails.lastTradeDate": "maturity",
    "commissionReport.yield": "yield_",
    "deltaNeutralValidation.dncConId": "conId",
    "deltaNeutralValidation.dncDelta": "delta",
    "deltaNeutralValidation.dncPrice": "price",
    "error.code": "errorCode",
    "error.msg": "errorString",
    "execDetails.account": "acctNumber",
    "execDetails.exchange": "contract.exchange",
    "execDetails.execExchange": "execution.exchange",
    "familyCodes.codes": "familyCodes[0].familyCodes",
    "familyCodes.codes.familyCode": "familyCodeStr",
    "headTimestamp.ts": "headTimestamp",
    "histogramData.rows": "items",
    "histogramData.rows.size": "count",
    "historicalData.bars": "historicalData",
    "historicalData.bars.wap": "average",
    "historicalData.reqId": "historicalDataEnd[0].reqId",
    "historicalDataUpdate.wap": "average",
    "historicalTicksBidAsk.ticks.bid": "priceBid",
    "historicalTicksBidAsk.ticks.ask": "priceAsk",
    "historicalTicksBidAsk.ticks.bidSize": "sizeBid",
    "historicalTicksBidAsk.ticks.askSize": "sizeAsk",
    "historicalTicksLast.ticks.conditions": "specialConditions",
    "managedAccounts.accounts": "accountsList",
    "marketRule.rows": "priceIncrements",
    "mktDepthExchanges.rows": "depthMktDataDescriptions",
    "newsArticle.text": "articleText",
    "newsProviders.rows": "newsProviders[0].newsProviders",
    "orderBound.permId": "reqId",
    "orderBound.clientId": "apiClientId",
    "orderBound.orderId": "apiOrderId",
    "pnl.daily": "dailyPnL",
    "pnl.unrealized": "unrealizedPnL",
    "pnl.realized": "realizedPnL",
    "pnlSingle.daily": "dailyPnL",
    "pnlSingle.unrealized": "unrealizedPnL",
    "pnlSingle.realized": "realizedPnL",
    "positionMulti.position": "pos",
    "scannerData.rows": "scannerData",
    "scannerData.reqId": "scannerDataEnd[0].reqId",
    "smartComponents.rows.bit": "bitNumber",
    "smartComponents.rows.letter": "exchangeLetter",
    "softDollarTiers.rows": "tiers",
    "symbolSamples.samples": "contractDescriptions",
    "symbolSamples.samples.derivatives": "derivativeSecTypes",
    "tickByTick.bid": "bidPrice",
    "tickByTick.ask": "askPrice",
    "tickByTick.mid": "midPoint",
    "tickByTick.conditions": "specialConditions",
    "tickEFP.impliedFuture": "totalDividends",
}
"""What all three agree in."""

_IB_NAMES: Final = {
    "accountValue.key": "tag",
    "accountUpdateMulti.key": "tag",
    "accountUpdateMulti.value": "val",
    "accountTime.time": "timestamp",
    "completedOrder.conditions.condExch": "exch",
    "openOrder.conditions.condExch": "exch",
    "historicalSchedule.start": "startDateTime",
    "historicalSchedule.end": "endDateTime",
    "historicalSchedule.tz": "timeZone",
    "historicalSchedule.sessions.start": "startDateTime",
    "historicalSchedule.sessions.end": "endDateTime",
    "marketDataType.type": "marketDataId",
    "newsBulletin.exchange": "origExchange",
    "nextValidId.orderId": "reqId",
    "portfolioValue.position": "posSize",
    "position.position": "posSize",
    "receiveFA.xml": "faXmlData",
    "smartComponents.rows": "components",
    "wshMetaData.json": "dataJson",
    "wshEventData.json": "dataJson",
}

_IBAPI: Final = {
    "accountDownloadEnd.account": "accountName",
    "accountTime.time": "timeStamp",
    "accountValue.account": "accountName",
    "completedOrder.conditions.condExch": "exchange",
    "completedOrder.conditions.conjunction": "isConjunctionConnection",
    "openOrder.conditions.condExch": "exchange",
    "openOrder.conditions.conjunction": "isConjunctionConnection",
    "historicalNews.reqId": "requestId",
    "historicalNewsEnd.reqId": "requestId",
    "marketDataType.type": "marketDataType",
    "newsArticle.reqId": "requestId",
    "newsBulletin.message": "newsMessage",
    "newsBulletin.exchange": "originExch",
    "portfolioValue.account": "accountName",
    "receiveFA.faDataType": "faData",
    "receiveFA.xml": "cxml",
    "smartComponents.rows": "smartComponentMap",
    "tickNews.reqId": "tickerId",
    "tickPrice.tickType": "tickPrice[0].tickType",
    "tickPrice.size": "tickSize[0].size",
    "tickReqParams.reqId": "tickerId",
}

_BITS: Final = {
    "historicalTicksBidAsk.ticks.mask": ("askPastHigh", "bidPastLow"),
    "historicalTicksLast.ticks.mask": ("pastLimit", "unreported"),
    "tickByTick.mask": ("bidPastLow|pastLimit", "askPastHigh|unreported"),
}
"""Masks that clients take apart, the lowest bit first; ``|`` where the type of tick decides."""

SPLIT: Final = "the three fields that follow it are compared: without it they are not there"
_LATER: Final = "trailStopPrice2 comes later and is put in the same place"
_READ: Final = "read and thrown away"
_LEFT_OUT: Final = {
    **_each(_WITH_ORDER, {"dnc": SPLIT, "trailStopPrice": _LATER}),
    "openOrder.sharesAllocation": _READ,
    "contractDetails.sizeMinTick": _READ,
    "historicalTicks.ticks.x": _READ,
    "tickByTick.tickType": "the callback that is called; a test of its own",
}
_DROPPED: Final = {
    "tickPrice.attrMask": _READ,
    "contractDetails.mdSizeMultiplier": _READ,
    "bondContractDetails.mdSizeMultiplier": _READ,
}

PLACES: Final = {
    "ib_async": Places(_NAMES | _IB_NAMES, _LEFT_OUT | _DROPPED, _BITS),
    "ib_insync": Places(_NAMES | _IB_NAMES, _LEFT_OUT | _DROPPED, _BITS),
    "ibapi": Places(
        _NAMES | _IBAPI,
        _LEFT_OUT,
        _BITS | {"tickPrice.attrMask": ("canAutoExecute", "pastLimit", "preOpen")},
    ),
}

_NEWER: Final = frozenset({"historicalDataEnd", "currentTimeInMillis"})
"""Messages of versions that none of these clients speaks (196 and 197)."""

_OF_158_ON: Final = frozenset({"wshMetaData", "wshEventData", "historicalSchedule", "userInfo"})

WITHOUT: Final = {
    "ib_async": _NEWER,
    "ib_insync": _NEWER | _OF_158_ON,
    "ibapi": _NEWER | _OF_158_ON | {"replaceFAEnd"},
}
"""Messages that a client does not know."""
