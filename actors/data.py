"""The market-data actor of one source: prices from the gateway to the symbols, wishes back to it.

One contract's prices go to its symbol's actor, to the risk gate and to the account; each gets the
newest and no more than it can take. It lives on the broker's loop and computes nothing.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from actors import messages as own
from actors.say import AskFeeds, Heard, Raised, tell, unknown
from robotrader.domain import Bar, Quote, Trade
from robotrader.gateway import (
    AskHistory,
    History,
    LineChanged,
    Resolved,
    StreamKind,
    Subscribe,
    Unsubscribe,
)
from robotrader.market.durations import BAR_SECONDS
from robotrader.tws.errors import explain
from supervision import Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from actors.say import Address
    from robotrader.domain import Instrument
    from supervision import Registry

SOURCE: Final = "ibkr"
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_SIZES: Final = {seconds: name for name, seconds in reversed(BAR_SECONDS.items())}
_LOOK: Final = "look"
LOOK_S: Final = 1.0


def _of_line(message: Any) -> object | None:
    return message.con_id if isinstance(message, Quote) else None


class Data(Actor):
    """See the module's prose.

    Args:
        instruments: what is watched, by contract.
        registry: where symbols' actors are found, as ``("symbol", con_id)``.
        gateway: where the prices come from.
        readers: who gets every quote besides the symbol.
        watch: who is told, every second, when each contract was last heard of.
        now_ns: the time of day.
    """

    runtime = "broker"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=_of_line)

    def __init__(
        self,
        *,
        instruments: Mapping[int, Instrument],
        registry: Registry,
        gateway: Address,
        readers: Sequence[Address],
        watch: Address,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self._instruments = dict(instruments)
        self._symbols = {con_id: registry.ref(("symbol", con_id)) for con_id in instruments}
        self._gateway, self._readers, self._watch = gateway, tuple(readers), watch
        self._alerts, self._now_ns = registry.ref("alerts"), now_ns
        self._numbers = count(1)
        self._asked: dict[int, own.AskHistory] = {}
        self._heard: dict[int, int] = {}
        self._stale: set[tuple[int, StreamKind]] = set()

    def on_start(self) -> None:
        """Ask for everything that is watched."""
        for instrument in self._instruments.values():
            self._subscribe(instrument)
        self.send_after(LOOK_S, _LOOK)

    def _subscribe(self, instrument: Instrument) -> None:
        kinds = (StreamKind.QUOTES, StreamKind.BARS)
        tell(self._gateway, Subscribe(instrument, kinds))

    def on_receive(self, message: Any) -> Any:
        """Hand prices on; ask for what symbols want."""
        if isinstance(message, Quote):
            self._heard[message.con_id] = self._now_ns()
            self._price(message)
            for reader in self._readers:
                tell(reader, message)
        elif isinstance(message, Trade | Bar):
            self._price(message)
        elif isinstance(message, AskFeeds):
            since_ns = self._now_ns() - round(message.within_s * _NS)
            return sum(at_ns >= since_ns for at_ns in self._heard.values())
        elif message == _LOOK:
            self._look()
        else:
            self._serve(message)
        return None

    def _price(self, datum: Quote | Trade | Bar) -> None:
        symbol = self._symbols.get(datum.con_id)
        if symbol is not None:
            tell(symbol, own.Priced(SOURCE, datum))

    def _look(self) -> None:
        self.send_after(LOOK_S, _LOOK)
        tell(self._watch, Heard(dict(self._heard)))

    def _serve(self, message: Any) -> None:
        match message:
            case LineChanged():
                self._changed(message)
            case own.AskHistory():
                self._ask(message)
            case History():
                self._answer(message)
            case own.AskAgain():
                self._again(message)
            case Resolved():
                pass  # contracts are known before the tree is made
            case _:
                raise unknown(self, message)

    def _changed(self, message: LineChanged) -> None:
        """A line that was away and is back has a hole: the bar in the making is not whole."""
        key = (message.con_id, message.kind)
        if message.stale:
            self._stale.add(key)
            self._say_refused(message)
        elif key in self._stale:
            self._stale.discard(key)
            symbol = self._symbols.get(message.con_id)
            if symbol is not None:
                tell(symbol, own.Interrupted(SOURCE))

    def _say_refused(self, message: LineChanged) -> None:
        """Tell a person of a stream that the broker refuses: nothing is entered without prices."""
        code, colon, _ = message.why.partition(":")
        instrument = self._instruments.get(message.con_id)
        if not colon or not code.isdigit() or instrument is None:
            return
        meaning = explain(int(code))
        remedy = "see the broker's message" if meaning is None else meaning.remedy
        text = f"{instrument.symbol} {message.kind} are refused, {message.why} ({remedy})"
        tell(self._alerts, Raised("warning", f"data of {instrument.symbol}", text))

    # -- what symbols want --

    def _ask(self, ask: own.AskHistory) -> None:
        seconds = ask.size_ns // _NS
        name = _SIZES.get(seconds)
        instrument = self._instruments.get(ask.con_id)
        if name is None or instrument is None:
            tell(self._symbols[ask.con_id], own.History(ask.span, ()))
            return
        number = next(self._numbers)
        self._asked[number] = ask
        length_s = max((ask.span[1] - ask.span[0]) // _NS, seconds)
        days = -(-length_s // _DAY_S)
        tell(
            self._gateway,
            AskHistory(
                request=number,
                instrument=instrument,
                duration=f"{length_s} S" if length_s <= _DAY_S else f"{days} D",
                bar_size=name,
                end_ns=0 if ask.span[1] >= self._now_ns() else ask.span[1],
                regular_hours=not ask.outside_rth,
            ),
        )

    def _answer(self, history: History) -> None:
        ask = self._asked.pop(history.request, None)
        if ask is None:
            return
        begin_ns, end_ns = ask.span
        bars = tuple(bar for bar in history.bars if begin_ns <= bar.start_ns < end_ns)
        tell(self._symbols[ask.con_id], own.History(ask.span, bars))

    def _again(self, message: own.AskAgain) -> None:
        instrument = self._instruments.get(message.con_id)
        if instrument is not None:
            tell(self._gateway, Unsubscribe(message.con_id))
            self._subscribe(instrument)
