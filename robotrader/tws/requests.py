"""What clients ask: the id, name and layout of each request.

``robotrader.tws.layout`` explains the language. Facts of the TWS API at server versions 157 to 200,
as IBKR documents it and as its clients speak it.
"""

from __future__ import annotations

from typing import Final

from robotrader.tws.layout import table

REQUESTS: Final = table("""
1 reqMktData V11 reqId:i CONTRACT12 ?secType=BAG(#comboLegs(conId:i ratio:i action exchange)) dnc:b
    ?dnc(dncConId:i dncDelta:d dncPrice:d) genericTicks snapshot:b regulatorySnapshot:b options
2 cancelMktData V2 reqId:i
3 placeOrder V45<145 orderId:i CONTRACT12 secIdType secId action totalQuantity:q orderType
    lmtPrice:De auxPrice:De tif ocaGroup account openClose origin:i orderRef transmit:b parentId:i
    blockOrder:b sweepToFill:b displaySize:Ie triggerMethod:i outsideRth:b hidden:b
    ?secType=BAG(#comboLegs(conId:i ratio:i action exchange openClose:i shortSaleSlot:i
    designatedLocation exemptCode:i) #orderComboLegs(price:De) #smartComboRoutingParams(tag value))
    sharesAllocation discretionaryAmt:De goodAfterTime goodTillDate faGroup faMethod faPercentage
    faProfile<177 modelCode shortSaleSlot:i designatedLocation exemptCode:i ocaType:i rule80A
    settlingFirm allOrNone:b minQty:Ie percentOffset:De eTradeOnly:b firmQuoteOnly:b
    nbboPriceCap:De auctionStrategy:Ie startingPrice:De stockRefPrice:De delta:De
    stockRangeLower:De stockRangeUpper:De overridePercentageConstraints:b volatility:De
    volatilityType:Ie deltaNeutralOrderType deltaNeutralAuxPrice:De
    ?deltaNeutralOrderType(deltaNeutralConId:i deltaNeutralSettlingFirm deltaNeutralClearingAccount
    deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale:b
    deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation) continuousUpdate:b
    referencePriceType:Ie trailStopPrice:De trailingPercent:De scaleInitLevelSize:Ie
    scaleSubsLevelSize:Ie scalePriceIncrement:De ?scalePriceIncrement(scalePriceAdjustValue:De
    scalePriceAdjustInterval:Ie scaleProfitOffset:De scaleAutoReset:b scaleInitPosition:Ie
    scaleInitFillQty:Ie scaleRandomPercent:b) scaleTable activeStartTime activeStopTime hedgeType
    ?hedgeType(hedgeParam) optOutSmartRouting:b clearingAccount clearingIntent notHeld:b dnc:b
    ?dnc(dncConId:i dncDelta:d dncPrice:d) algoStrategy ?algoStrategy(#algoParams(tag value))
    algoId whatIf:b orderMiscOptions solicited:b randomizeSize:b randomizePrice:b
    ?orderType=PEG_BENCH(referenceContractId:i isPeggedChangeAmountDecrease:b peggedChangeAmount:d
    referenceChangeAmount:d referenceExchangeId) #conditions(condType:i conjunction
    ?condType=1|3|4|6|7(isMore:b) ?condType=1(price:d condConId:i condExch triggerMethod:i)
    ?condType=3(time) ?condType=4(percent:i) ?condType=5(condSecType condExch condSymbol)
    ?condType=6(volume:i condConId:i condExch) ?condType=7(changePercent:d condConId:i condExch))
    then(conditionsIgnoreRth:b conditionsCancelOrder:b) adjustedOrderType triggerPrice:De
    lmtPriceOffset:De adjustedStopPrice:De adjustedStopLimitPrice:De adjustedTrailingAmount:De
    adjustableTrailingUnit:i extOperator softDollarTierName softDollarTierVal cashQty:De
    mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo
    dontUseAutoPriceForHedge:b isOmsContainer:b discretionaryUpToLimitPrice:b usePriceMgmtAlgo:Ie
    duration:Ie≥158 postToAts:Ie≥160 autoCancelParent:b≥162 advancedErrorOverride≥166
    manualOrderTime≥169 ?exchange=IBKRATS≥170(minTradeQty:Ie)
    ?orderType=PEG_BEST|PEGBEST≥170(minCompeteSize:Ie competeAgainstBestOffset:De
    ?competeAgainstBestOffset=inf(midOffsetAtWhole:De midOffsetAtHalf:De))
    ?orderType=PEG_MID|PEGMID≥170(midOffsetAtWhole:De midOffsetAtHalf:De) customerAccount≥183
    professionalCustomer:b≥184 rfq1≥187<190 rfq2≥187<190 includeOvernight:b≥189
    manualOrderIndicator:Ie≥192 imbalanceOnly:b≥199
4 cancelOrder V1<192 orderId:i manualCancelOrderTime≥169 rfq1≥187<190 rfq2≥187<190 rfq3≥187<190
    extOperator≥192 manualOrderIndicator≥192
5 reqOpenOrders V1
6 reqAccountUpdates V2 subscribe:b account
7 reqExecutions V3 reqId:i clientId:i acctCode time symbol secType exchange side lastNDays:Ie≥200
    #specificDates≥200(date)
8 reqIds V1 numIds:i
9 reqContractDetails V8 reqId:i CONTRACT12 includeExpired:b secIdType secId issuerId≥176
10 reqMktDepth V5 reqId:i CONTRACT12 numRows:i isSmartDepth:b options
11 cancelMktDepth V1 reqId:i isSmartDepth:b
12 reqNewsBulletins V1 allMsgs:b
13 cancelNewsBulletins V1
14 setServerLogLevel V1 logLevel:i
15 reqAutoOpenOrders V1 autoBind:b
16 reqAllOpenOrders V1
17 reqManagedAccts V1
18 requestFA V1 faDataType:i
19 replaceFA V1 faDataType:i xml reqId:i≥157
20 reqHistoricalData reqId:i CONTRACT12 includeExpired:b endDateTime barSize duration useRTH:b
    whatToShow formatDate:i ?secType=BAG(#comboLegs(conId:i ratio:i action exchange))
    keepUpToDate:b options
21 exerciseOptions V2 reqId:i conId:i symbol secType lastTradeDate strike:De right multiplier
    exchange currency localSymbol tradingClass exerciseAction:i exerciseQuantity:i account
    override:i manualOrderTime≥180 customerAccount≥183 professionalCustomer:b≥184
22 reqScannerSubscription reqId:i numberOfRows:Ie instrument locationCode scanCode abovePrice:De
    belowPrice:De aboveVolume:Ie marketCapAbove:De marketCapBelow:De moodyRatingAbove
    moodyRatingBelow spRatingAbove spRatingBelow maturityDateAbove maturityDateBelow
    couponRateAbove:De couponRateBelow:De excludeConvertible:b averageOptionVolumeAbove:Ie
    scannerSettingPairs stockTypeFilter filterOptions options
23 cancelScannerSubscription V1 reqId:i
24 reqScannerParameters V1
25 cancelHistoricalData V1 reqId:i
49 reqCurrentTime V1
50 reqRealTimeBars V3 reqId:i CONTRACT12 barSize:i whatToShow useRTH:b options
51 cancelRealTimeBars V1 reqId:i
52 reqFundamentalData V2 reqId:i conId:i symbol secType exchange primaryExchange currency
    localSymbol reportType nOptions:i options
53 cancelFundamentalData V1 reqId:i
54 calculateImpliedVolatility V3 reqId:i CONTRACT12 optionPrice:d underPrice:d nOptions:i options
55 calculateOptionPrice V3 reqId:i CONTRACT12 volatility:d underPrice:d nOptions:i options
56 cancelCalculateImpliedVolatility V1 reqId:i
57 cancelCalculateOptionPrice V1 reqId:i
58 reqGlobalCancel V1<192 extOperator≥192 manualOrderIndicator≥192
59 reqMarketDataType V1 type:i
61 reqPositions V1
62 reqAccountSummary V1 reqId:i group tags
63 cancelAccountSummary V1 reqId:i
64 cancelPositions V1
67 queryDisplayGroups V1 reqId:i
68 subscribeToGroupEvents V1 reqId:i groupId:i
69 updateDisplayGroup V1 reqId:i contractInfo
70 unsubscribeFromGroupEvents V1 reqId:i
71 startApi V2 clientId:i optCapab
74 reqPositionsMulti V1 reqId:i account modelCode
75 cancelPositionsMulti V1 reqId:i
76 reqAccountUpdatesMulti V1 reqId:i account modelCode ledgerAndNLV:b
77 cancelAccountUpdatesMulti V1 reqId:i
78 reqSecDefOptParams reqId:i underlyingSymbol futFopExchange underlyingSecType underlyingConId:i
79 reqSoftDollarTiers reqId:i
80 reqFamilyCodes
81 reqMatchingSymbols reqId:i pattern
82 reqMktDepthExchanges
83 reqSmartComponents reqId:i bboExchange
84 reqNewsArticle reqId:i providerCode articleId options
85 reqNewsProviders
86 reqHistoricalNews reqId:i conId:i providerCodes startDateTime endDateTime totalResults:i options
87 reqHeadTimeStamp reqId:i CONTRACT12 includeExpired:b useRTH:b whatToShow formatDate:i
88 reqHistogramData reqId:i CONTRACT12 includeExpired:b useRTH:b timePeriod
89 cancelHistogramData reqId:i
90 cancelHeadTimeStamp reqId:i
91 reqMarketRule marketRuleId:i
92 reqPnL reqId:i account modelCode
93 cancelPnL reqId:i
94 reqPnLSingle reqId:i account modelCode conId:i
95 cancelPnLSingle reqId:i
96 reqHistoricalTicks reqId:i CONTRACT12 includeExpired:b startDateTime endDateTime numberOfTicks:i
    whatToShow useRth:b ignoreSize:b options
97 reqTickByTickData reqId:i CONTRACT12 tickType numberOfTicks:i ignoreSize:b
98 cancelTickByTickData reqId:i
99 reqCompletedOrders apiOnly:b
100 reqWshMetaData reqId:i
101 cancelWshMetaData reqId:i
102 reqWshEventData reqId:i conId:i filter≥171 fillWatchlist:b≥171 fillPortfolio:b≥171
    fillCompetitors:b≥171 startDate≥173 endDate≥173 totalLimit:Ie≥173
103 cancelWshEventData reqId:i
104 reqUserInfo reqId:i
105 reqCurrentTimeInMillis
""")
