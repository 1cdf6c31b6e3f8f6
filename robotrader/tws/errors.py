"""What the codes of TWS mean, and what they ask for: a table.

Texts are shortened to what they say. Classes: ``info`` needs nothing, ``warning`` is taken with a
reservation, ``data`` concerns one line of market data, ``reject`` and ``cancel`` one order,
``request`` one request, ``pacing`` the speed of asking, ``link`` the connection.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """A code's class, what it says, and what to do."""

    kind: str
    says: str
    remedy: str


_TABLE: Final = """
100 pacing|more than 50 messages a second|slow down; a client that goes on is disconnected
101 data|too many market-data lines|cancel a line before asking for another
102 request|a ticker id is in use already|take another id
103 reject|the order id was used before|take an id from nextValidId on; the order may be live
104 reject|a filled order cannot be changed|take the fill as final
105 reject|a change does not match the original order|change price or quantity only
109 reject|the price is out of range|look at the market first
110 reject|the price is between two price steps|round by the market rule of that price
135 reject|the order id is not known|take it as gone once reconciled
161 cancel|the order is in no state to be cancelled|wait for its end
162 request|historical data: none, pacing, cancelled or no permission; the text says which|read it
163 reject|the price is too far from the market|check the price
200 request|no contract, or more than one, fits the description|qualify the contract first
201 reject|the order was rejected; the text says why|do not send it again unchanged
202 cancel|the order was cancelled|none
203 reject|the security is not allowed for this account|ask for the permission
300 request|no ticker with this id|none: it is gone
309 data|too many market-depth requests|cancel one first
317 data|market depth was reset|empty the book and fill it anew
320 request|the request could not be read|an error of the client: look at its version
321 request|the request failed validation; the text says why|correct the request
322 request|a request could not be processed, or there are too many of its kind|cancel one first
326 link|the client id is in use by another connection|wait until it is free; take no other id
354 data|no subscription to this market data|subscribe, or ask for delayed data
366 request|no historical query with this id|none: it is over
387 reject|the order type is not supported for this contract|take another type
391 reject|a time given is not valid|write YYYYMMDD HH:MM:SS with a zone
399 warning|the order was taken with a message, as that it waits for the open|read it
404 warning|the order is held while shares are located|it counts as working
434 reject|the order's size cannot be 0|give a quantity
460 reject|no trading permission|ask for it
502 link|nobody listens on the port|start the gateway; check the port
504 link|not connected|connect first
1100 link|the gateway lost IBKR; the socket is up|hold orders, take prices as stale
1101 link|IBKR is back and subscriptions are lost|subscribe anew and reconcile
1102 link|IBKR is back and subscriptions live|reconcile; check that ticks come
1300 link|the gateway listens on another port now|connect there
2100 info|account updates of a client were taken over by another|ask again
2103 data|a market-data farm is broken|its lines are stale; keep the connection
2104 info|a market-data farm is fine|none
2105 data|a historical-data farm is broken|retry later
2106 info|a historical-data farm is fine|none
2107 info|a historical-data farm sleeps until it is asked|none
2108 info|a market-data farm sleeps until it is asked|none
2109 warning|outsideRth is ignored for this order|none
2110 link|the gateway lost its server; it tries to come back|as 1100
2119 info|a market-data farm is connecting|none
2137 warning|a cross-side warning|look at the opposite order
2148 warning|the order is routed to another venue|none
2152 info|the exchanges that give market depth|none
2157 data|the security-definition farm is broken|contracts cannot be looked up
2158 info|the security-definition farm is fine|none
2161 warning|a price was capped|compare the price
10089 data|part of the market data needs a subscription|as 354
10090 data|part of the market data is not subscribed; the rest flows|as 354
10091 data|part of the market data needs a subscription|as 354
10147 cancel|the order to be cancelled is not found|take the cancel as answered
10148 cancel|the order to be cancelled is over; the text has its state|take that state
10167 warning|delayed market data are shown|do not trade live on them
10168 data|no subscription and delayed data are off|ask for delayed data
10182 data|live bars failed|ask again with an overlap
10186 data|too many tick-by-tick requests|cancel one first
10190 data|too many tick-by-tick requests|cancel one first
10197 data|another session of the same user takes the market data|end it
10225 data|a bust event ended real-time bars|ask again
10268 reject|an attribute of the order is not supported|leave it out
10289 reject|fractional quantity is not allowed|use a whole one
10293 reject|the account may not trade this|ask for the permission
10349 warning|the time in force was set by a preset|none: the order lives
"""

MEANINGS: Final = {
    int(code): Meaning(kind, says, remedy)
    for code, kind, says, remedy in (
        (*head.split(), says, remedy)
        for head, says, remedy in (line.split("|") for line in _TABLE.strip().splitlines())
    )
}


def explain(code: int) -> Meaning | None:
    """Return what a code means, None if it is not in the table."""
    return MEANINGS.get(code)
