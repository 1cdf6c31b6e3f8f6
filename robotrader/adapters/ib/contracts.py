"""Which contract a symbol is: one, or one sentence that says why not and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ib_async

from robotrader.adapters.ib import translate
from robotrader.gateway import Lane, Resolve, Resolved

if TYPE_CHECKING:
    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import Instrument

SECOND_NS: Final = 1_000_000_000
SHOWN: Final = 5
MOST_SEARCHES: Final = 1_000
"""At 30 a second the last one would already come half a minute late."""

UNKNOWN_CONTRACT: Final = 200


class _Search:
    """One question and what has come."""

    def __init__(self, ask: Resolve, deadline_ns: int) -> None:
        self.ask = ask
        self.deadline_ns = deadline_ns
        self.found: list[ib_async.ContractDetails] = []


class ContractDesk:
    """Resolves symbols; what was found once is known from then on, in ``instruments``."""

    def __init__(self, wire: Wire, instruments: dict[int, Instrument]) -> None:
        self._wire = wire
        self._instruments = instruments
        self._answers: dict[tuple[str, str, str, str], Instrument] = {}
        self._searches: dict[int, _Search] = {}
        self._rules: dict[int, list[ib_async.PriceIncrement]] = {}
        self._waiting: dict[int, list[_Search]] = {}

    def ask(self, ask: Resolve) -> None:
        """Find the contract of a symbol."""
        known = self._answers.get(_key(ask))
        if known is not None:
            self._wire.sinks.data(Resolved(ask.request, known))
        elif not self._wire.connected:
            self._fail(ask, "there is no connection to the broker: ask again when there is")
        elif len(self._searches) >= MOST_SEARCHES:
            self._fail(ask, f"{MOST_SEARCHES} searches are under way: ask for fewer at a time")
        else:
            self._search(ask)

    def _search(self, ask: Resolve) -> None:
        number = self._wire.next_req_id()
        deadline_ns = self._wire.now_ns() + round(self._wire.settings.contract_s * SECOND_NS)
        self._searches[number] = _Search(ask, deadline_ns)
        contract = ib_async.Contract(
            symbol=ask.symbol,
            secType=ask.sec_type.value,
            exchange=ask.exchange,
            currency=ask.currency,
        )
        self._wire.send(Lane.DATA, lambda c: c.reqContractDetails(number, contract))
        self._wire.changed()

    def lost(self) -> None:
        """The connection has ended."""
        searches = [*self._searches.values()]
        searches += [search for waiting in self._waiting.values() for search in waiting]
        self._searches.clear()
        self._waiting.clear()
        for search in searches:
            self._fail(search.ask, "the connection ended: ask again when there is one")

    # -- what comes --

    def details(self, number: int, details: ib_async.ContractDetails) -> None:
        """A contract that fits."""
        search = self._searches.get(number)
        if search is not None:
            search.found.append(details)

    def end(self, number: int) -> None:
        """All contracts that fit were sent."""
        search = self._searches.pop(number, None)
        if search is None:
            return
        if len(search.found) == 1:
            self._price_steps(search)
        elif search.found:
            self._fail(search.ask, _ambiguous(search))
        else:
            self._fail(search.ask, "no such contract: check symbol, exchange and currency")

    def error(self, number: int, code: int, text: str) -> bool:
        """An error with a search's number; False if it is none's."""
        search = self._searches.pop(number, None)
        if search is None:
            return False
        if code == UNKNOWN_CONTRACT:
            self._fail(search.ask, "no such contract: check symbol, exchange and currency")
        else:
            self._fail(search.ask, f"{text} ({code})")
        return True

    def rule(self, number: int, steps: list[ib_async.PriceIncrement]) -> None:
        """The price steps of a market rule."""
        self._rules[number] = steps
        for search in self._waiting.pop(number, ()):
            self._finish(search, steps)

    # -- time --

    def check(self, now_ns: int) -> None:
        """Give up what is not answered."""
        for number, search in list(self._searches.items()):
            if search.deadline_ns <= now_ns:
                del self._searches[number]
                self._fail(search.ask, "no answer in time: whether it exists is not known")
        for number, waiting in list(self._waiting.items()):
            if waiting[0].deadline_ns <= now_ns:
                for search in self._waiting.pop(number):
                    self._fail(search.ask, f"no price steps (market rule {number}) in time")

    def next_ns(self) -> int | None:
        """Return when ``check`` is due."""
        waiting = [*self._searches.values(), *(each[0] for each in self._waiting.values())]
        return min((search.deadline_ns for search in waiting), default=None)

    # -- inside --

    def _price_steps(self, search: _Search) -> None:
        number = _rule_of(search.found[0], search.ask.exchange)
        if number is None or number in self._rules:
            self._finish(search, self._rules.get(number or 0, []))
            return
        self._waiting.setdefault(number, []).append(search)
        if len(self._waiting[number]) == 1:
            self._wire.send(Lane.DATA, lambda client: client.reqMarketRule(number))

    def _finish(self, search: _Search, steps: list[ib_async.PriceIncrement]) -> None:
        try:
            found = translate.instrument(search.found[0], steps)
        except ValueError as error:
            self._fail(search.ask, f"{error}: it cannot be traded here")
            return
        self._answers[_key(search.ask)] = self._instruments[found.con_id] = found
        self._wire.sinks.data(Resolved(search.ask.request, found))

    def _fail(self, ask: Resolve, why: str) -> None:
        what = f"{ask.sec_type.value} {ask.symbol!r} at {ask.exchange} in {ask.currency}"
        self._wire.sinks.data(Resolved(ask.request, None, f"{what}: {why}"))


def _key(ask: Resolve) -> tuple[str, str, str, str]:
    return ask.symbol, ask.sec_type.value, ask.exchange, ask.currency


def _rule_of(details: ib_async.ContractDetails, exchange: str) -> int | None:
    """Return the market rule at an exchange: rules stand in the order of the exchanges."""
    rules = details.marketRuleIds.split(",")
    exchanges = details.validExchanges.split(",")
    pairs = dict(zip(exchanges, rules, strict=False))
    rule = pairs.get(exchange, rules[0])
    return int(rule) if rule.isdigit() else None


def _ambiguous(search: _Search) -> str:
    shown = [
        f"{each.contract.primaryExchange or each.contract.exchange} ({each.contract.conId})"
        for each in search.found[:SHOWN]
        if each.contract is not None
    ]
    return f"{len(search.found)} contracts fit: name the exchange, one of {', '.join(shown)}"
