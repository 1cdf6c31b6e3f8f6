"""What the gateway says: the id, name and layout of each reply.

``robotrader.tws.layout`` explains the language. Facts of the TWS API at server versions 157 to 200,
as IBKR documents it and as its clients speak it.
"""

from __future__ import annotations

from typing import Final

from robotrader.tws.layout import table

REPLIES: Final = table("""
1 tickPrice V6 reqId:i tickType:i price:d size:q attrMask:i
2 tickSize V6 reqId:i tickType:i size:q
3 orderStatus V6<131 orderId:i status filled:q remaining:q avgFillPrice:p permId:i parentId:i
    lastFillPrice:p clientId:i whyHeld mktCapPrice:p≥131
4 error V2<194 reqId:i code:i msg advancedOrderRejectJson≥166 errorTime:i≥194
5 openOrder V34<145 orderId:i CONTRACT11o action totalQuantity:q orderType lmtPrice:d auxPrice:d
    tif ocaGroup account openClose origin:i orderRef clientId:i permId:i outsideRth:b hidden:b
    discretionaryAmt:p goodAfterTime sharesAllocation faGroup faMethod faPercentage faProfile<177
    modelCode goodTillDate rule80A percentOffset:De settlingFirm shortSaleSlot:i designatedLocation
    exemptCode:i auctionStrategy:i startingPrice:De stockRefPrice:De delta:De stockRangeLower:De
    stockRangeUpper:De displaySize:Im blockOrder:b sweepToFill:b allOrNone:b minQty:Ie ocaType:i
    eTradeOnly:b firmQuoteOnly:b nbboPriceCap:De parentId:i triggerMethod:i volatility:De
    volatilityType:i deltaNeutralOrderType deltaNeutralAuxPrice:De
    ?deltaNeutralOrderType(deltaNeutralConId:i deltaNeutralSettlingFirm deltaNeutralClearingAccount
    deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale:b
    deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation) continuousUpdate:b
    referencePriceType:i trailStopPrice:De trailingPercent:De basisPoints:De basisPointsType:Ie
    comboLegsDescrip #comboLegs(conId:i ratio:i action exchange openClose:i shortSaleSlot:i
    designatedLocation exemptCode:i) #orderComboLegs(price:De) #smartComboRoutingParams(tag value)
    scaleInitLevelSize:Im scaleSubsLevelSize:Im scalePriceIncrement:De
    ?scalePriceIncrement(scalePriceAdjustValue:De scalePriceAdjustInterval:Ie scaleProfitOffset:De
    scaleAutoReset:b scaleInitPosition:Ie scaleInitFillQty:Ie scaleRandomPercent:b) hedgeType
    ?hedgeType(hedgeParam) optOutSmartRouting:b clearingAccount clearingIntent notHeld:b dnc:b
    ?dnc(dncConId:i dncDelta:d dncPrice:d) algoStrategy ?algoStrategy(#algoParams(tag value))
    solicited:b whatIf:b status initMarginBefore maintMarginBefore equityWithLoanBefore
    initMarginChange maintMarginChange equityWithLoanChange initMarginAfter maintMarginAfter
    equityWithLoanAfter commission:De minCommission:De maxCommission:De commissionCurrency
    marginCurrency≥195 initMarginBeforeOutsideRTH:De≥195 maintMarginBeforeOutsideRTH:De≥195
    equityWithLoanBeforeOutsideRTH:De≥195 initMarginChangeOutsideRTH:De≥195
    maintMarginChangeOutsideRTH:De≥195 equityWithLoanChangeOutsideRTH:De≥195
    initMarginAfterOutsideRTH:De≥195 maintMarginAfterOutsideRTH:De≥195
    equityWithLoanAfterOutsideRTH:De≥195 suggestedSize:De≥195 rejectReason≥195
    #orderAllocations≥195(account position:q positionDesired:q positionAfter:q desiredAllocQty:q
    allowedAllocQty:q isMonetary:b) warningText randomizeSize:b randomizePrice:b
    ?orderType=PEG_BENCH(referenceContractId:i isPeggedChangeAmountDecrease:b peggedChangeAmount:d
    referenceChangeAmount:d referenceExchangeId) #conditions(condType:i conjunction
    ?condType=1|3|4|6|7(isMore:b) ?condType=1(price:d condConId:i condExch triggerMethod:i)
    ?condType=3(time) ?condType=4(percent:i) ?condType=5(condSecType condExch condSymbol)
    ?condType=6(volume:i condConId:i condExch) ?condType=7(changePercent:d condConId:i condExch))
    then(conditionsIgnoreRth:b conditionsCancelOrder:b) adjustedOrderType triggerPrice:Dm
    trailStopPrice2:Dm lmtPriceOffset:Dm adjustedStopPrice:Dm adjustedStopLimitPrice:Dm
    adjustedTrailingAmount:Dm adjustableTrailingUnit:i softDollarTierName softDollarTierVal
    softDollarTierDisplayName cashQty:p dontUseAutoPriceForHedge:b isOmsContainer:b
    discretionaryUpToLimitPrice:b usePriceMgmtAlgo:b duration:Im≥158 postToAts:Im≥160
    autoCancelParent:b≥162 minTradeQty:Ie≥170 minCompeteSize:Ie≥170 competeAgainstBestOffset:De≥170
    midOffsetAtWhole:De≥170 midOffsetAtHalf:De≥170 customerAccount≥183 professionalCustomer:b≥184
    bondAccruedInterest≥185 includeOvernight:b≥189 extOperator≥193 manualOrderIndicator:Im≥193
    submitter≥198 imbalanceOnly:b≥199
6 accountValue V2 key value currency account
7 portfolioValue V8 conId:i symbol secType lastTradeDate strike:d right multiplier primaryExchange
    currency localSymbol tradingClass position:q marketPrice:d marketValue:d averageCost:d
    unrealizedPNL:d realizedPNL:d account
8 accountTime V1 time
9 nextValidId V1 orderId:i
10 contractDetails V8<164 reqId:i symbol secType lastTradeDate lastTradeDate2≥182 strike:d right
    exchange currency localSymbol marketName tradingClass conId:i minTick:d
    mdSizeMultiplier:i≥110<164 multiplier orderTypes validExchanges priceMagnifier:i underConId:i
    longName primaryExchange contractMonth industry category subcategory timeZoneId tradingHours
    liquidHours evRule evMultiplier #secIdList(tag value) aggGroup:i underSymbol underSecType
    marketRuleIds realExpirationDate stockType sizeMinTick:q≥163<164 minSize:q≥164
    sizeIncrement:q≥164 suggestedSizeIncrement:q≥164 #ineligibilityReasons≥186(id description)
11 execDetails V11<136 reqId:i orderId:i CONTRACT11 execId time account execExchange side shares:q
    price:d permId:i clientId:i liquidation:i cumQty:q avgPrice:d orderRef evRule evMultiplier:De
    modelCode lastLiquidity:i≥136 pendingPriceRevision:b≥178 submitter≥198
12 mktDepth V1 reqId:i position:i operation:i side:i price:d size:q
13 mktDepthL2 V1 reqId:i position:i marketMaker operation:i side:i price:d size:q
    isSmartDepth:b≥146
14 newsBulletin V1 msgId:i msgType:i message exchange
15 managedAccounts V1 accounts
16 receiveFA V1 faDataType:i xml
17 historicalData V3<124 reqId:i start<196 end<196 #bars(date open:d high:d low:d close:d volume:q
    wap:d hasGaps<124 barCount:i)
18 bondContractDetails V6<164 reqId:i symbol secType cusip coupon:p lastTradeDate issueDate ratings
    bondType couponType convertible:b callable:b putable:b descAppend exchange currency marketName
    tradingClass conId:i minTick:d mdSizeMultiplier:i≥110<164 orderTypes validExchanges
    nextOptionDate nextOptionType nextOptionPartial:b notes longName timeZoneId≥188
    tradingHours≥188 liquidHours≥188 evRule evMultiplier #secIdList(tag value) aggGroup:i
    marketRuleIds minSize:q≥164 sizeIncrement:q≥164 suggestedSizeIncrement:q≥164
19 scannerParameters V1 xml
20 scannerData V3 reqId:i #rows(rank:i conId:i symbol secType lastTradeDate strike:p right exchange
    currency localSymbol marketName tradingClass distance benchmark projection legsStr)
21 tickOptionComputation V6<156 reqId:i tickType:i tickAttrib:i≥156 impliedVol:d delta:d optPrice:d
    pvDividend:d gamma:d vega:d theta:d undPrice:d
45 tickGeneric V6 reqId:i tickType:i value:d
46 tickString V6 reqId:i tickType:i value
47 tickEFP V6 reqId:i tickType:i basisPoints:d formattedBasisPoints impliedFuture:d holdDays:i
    futureLastTradeDate dividendImpact:d dividendsToLastTradeDate:d
49 currentTime V1 time:i
50 realtimeBar V3 reqId:i time:i open:d high:d low:d close:d volume:q wap:d count:i
51 fundamentalData V1 reqId:i data
52 contractDetailsEnd V1 reqId:i
53 openOrderEnd V1
54 accountDownloadEnd V1 account
55 execDetailsEnd V1 reqId:i
56 deltaNeutralValidation V1 reqId:i dncConId:i dncDelta:d dncPrice:d
57 tickSnapshotEnd V1 reqId:i
58 marketDataType V1 reqId:i type:i
59 commissionReport V1 execId commission:d currency realizedPNL:Dm yield:Dm yieldRedemptionDate
61 position V3 account CONTRACT11 position:q avgCost:d
62 positionEnd V1
63 accountSummary V1 reqId:i account tag value currency
64 accountSummaryEnd V1 reqId:i
67 displayGroupList V1 reqId:i groups
68 displayGroupUpdated V1 reqId:i contractInfo
71 positionMulti V1 reqId:i account CONTRACT11 position:q avgCost:d modelCode
72 positionMultiEnd V1 reqId:i
73 accountUpdateMulti V1 reqId:i account modelCode key value currency
74 accountUpdateMultiEnd V1 reqId:i
75 secDefOptParam reqId:i exchange underlyingConId:i tradingClass multiplier #expirations(v)
    #strikes(v:d)
76 secDefOptParamEnd reqId:i
77 softDollarTiers reqId:i #rows(name val displayName)
78 familyCodes #codes(accountID familyCode)
79 symbolSamples reqId:i #samples(conId:i symbol secType primaryExchange currency #derivatives(v)
    description≥176 issuerId≥176)
80 mktDepthExchanges #rows(exchange secType listingExch serviceDataType aggGroup:i)
81 tickReqParams reqId:i minTick:d bboExchange snapshotPermissions:i
82 smartComponents reqId:i #rows(bit:i exchange letter)
83 newsArticle reqId:i articleType:i text
84 tickNews reqId:i timeStamp:i providerCode articleId headline extraData
85 newsProviders #rows(code name)
86 historicalNews reqId:i time providerCode articleId headline
87 historicalNewsEnd reqId:i hasMore:b
88 headTimestamp reqId:i ts
89 histogramData reqId:i #rows(price:d size:q)
90 historicalDataUpdate reqId:i barCount:i date open:d close:d high:d low:d wap:d volume:q
91 rerouteMktDataReq reqId:i conId:i exchange
92 rerouteMktDepthReq reqId:i conId:i exchange
93 marketRule marketRuleId:i #rows(lowEdge:d increment:d)
94 pnl reqId:i daily:d unrealized:d realized:d
95 pnlSingle reqId:i pos:q daily:d unrealized:d realized:d value:d
96 historicalTicks reqId:i #ticks(time:i x:i price:d size:q) done:b
97 historicalTicksBidAsk reqId:i #ticks(time:i mask:i bid:d ask:d bidSize:q askSize:q) done:b
98 historicalTicksLast reqId:i #ticks(time:i mask:i price:d size:q exchange conditions) done:b
99 tickByTick reqId:i tickType:i time:i ?tickType=1|2(price:d size:q mask:i exchange conditions)
    ?tickType=3(bid:d ask:d bidSize:q askSize:q mask:i) ?tickType=4(mid:d)
100 orderBound permId:i clientId:i orderId:i
101 completedOrder CONTRACT11o action totalQuantity:q orderType lmtPrice:d auxPrice:d tif ocaGroup
    account openClose origin:i orderRef permId:i outsideRth:b hidden:b discretionaryAmt:p
    goodAfterTime faGroup faMethod faPercentage faProfile<177 modelCode goodTillDate rule80A
    percentOffset:De settlingFirm shortSaleSlot:i designatedLocation exemptCode:i startingPrice:De
    stockRefPrice:De delta:De stockRangeLower:De stockRangeUpper:De displaySize:Im sweepToFill:b
    allOrNone:b minQty:Ie ocaType:i triggerMethod:i volatility:De volatilityType:i
    deltaNeutralOrderType deltaNeutralAuxPrice:De ?deltaNeutralOrderType(deltaNeutralConId:i
    deltaNeutralShortSale:b deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation)
    continuousUpdate:b referencePriceType:i trailStopPrice:De trailingPercent:De comboLegsDescrip
    #comboLegs(conId:i ratio:i action exchange openClose:i shortSaleSlot:i designatedLocation
    exemptCode:i) #orderComboLegs(price:De) #smartComboRoutingParams(tag value)
    scaleInitLevelSize:Im scaleSubsLevelSize:Im scalePriceIncrement:De
    ?scalePriceIncrement(scalePriceAdjustValue:De scalePriceAdjustInterval:Ie scaleProfitOffset:De
    scaleAutoReset:b scaleInitPosition:Ie scaleInitFillQty:Ie scaleRandomPercent:b) hedgeType
    ?hedgeType(hedgeParam) clearingAccount clearingIntent notHeld:b dnc:b ?dnc(dncConId:i
    dncDelta:d dncPrice:d) algoStrategy ?algoStrategy(#algoParams(tag value)) solicited:b status
    randomizeSize:b randomizePrice:b ?orderType=PEG_BENCH(referenceContractId:i
    isPeggedChangeAmountDecrease:b peggedChangeAmount:d referenceChangeAmount:d
    referenceExchangeId) #conditions(condType:i conjunction ?condType=1|3|4|6|7(isMore:b)
    ?condType=1(price:d condConId:i condExch triggerMethod:i) ?condType=3(time)
    ?condType=4(percent:i) ?condType=5(condSecType condExch condSymbol) ?condType=6(volume:i
    condConId:i condExch) ?condType=7(changePercent:d condConId:i condExch))
    then(conditionsIgnoreRth:b conditionsCancelOrder:b) trailStopPrice2:Dm lmtPriceOffset:Dm
    cashQty:p dontUseAutoPriceForHedge:b isOmsContainer:b autoCancelDate filledQuantity:q
    refFuturesConId:i autoCancelParent:b shareholder imbalanceOnly:b routeMarketableToBbo:b
    parentPermId:i completedTime completedStatus minTradeQty:Ie≥170 minCompeteSize:Ie≥170
    competeAgainstBestOffset:De≥170 midOffsetAtWhole:De≥170 midOffsetAtHalf:De≥170
    customerAccount≥183 professionalCustomer:b≥184 submitter≥198
102 completedOrdersEnd
103 replaceFAEnd reqId:i text
104 wshMetaData reqId:i json
105 wshEventData reqId:i json
106 historicalSchedule reqId:i start end tz #sessions(start end refDate)
107 userInfo reqId:i whiteBrandingId
108 historicalDataEnd reqId:i start end
109 currentTimeInMillis time:i
""")
