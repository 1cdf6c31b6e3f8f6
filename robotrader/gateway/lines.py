"""Which streams of market data are wanted, what each is worth, and when to ask for one again.

What the trader subscribed to stays wanted until it says otherwise: over disconnects, restored
connections (1101) and streams that the broker ended. A stream that says nothing while its market is
open is stale after a while and is asked for again, ever more slowly (D1). A farm that breaks makes
its own lines stale and touches nothing else (C11). There are about 100 lines: when they are used
up, the one that was longest not asked for makes room, unless it is pinned (P5).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.domain import Instrument, SecType
from robotrader.gateway.codes import ABOUT_LINE, LineNews
from robotrader.gateway.messages import DataClass, LineChanged, StreamKind, Subscribe

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND_NS: Final = 1_000_000_000


class LineRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Numbers and times of lines."""

    budget: int = 95
    """Five below IBKR's 100: a TWS window of the same user takes some."""

    stale_s: float = 30.0
    """No tick for so long while the market is open: liquid shares tick every second."""

    verify_s: float = 5.0
    """After a farm or IBKR came back, ticks have to come within this time."""

    retry_s: float = 5.0
    """The first wait after a refusal; each one doubles it, so that a line is back at the latest
    when twice the time for which it was refused is over."""

    retry_cap_s: float = 300.0


class OpenStream(msgspec.Struct, frozen=True):
    """Ask for a stream under the request id ``req_id``."""

    req_id: int
    instrument: Instrument
    kind: StreamKind


class CloseStream(msgspec.Struct, frozen=True):
    """Cancel the stream with this request id."""

    req_id: int
    kind: StreamKind


LineEffect: TypeAlias = OpenStream | CloseStream | LineChanged
Key: TypeAlias = tuple[int, StreamKind]


class _Stream:
    """One wanted stream."""

    def __init__(self, instrument: Instrument, kind: StreamKind, *, pinned: bool) -> None:
        self.instrument = instrument
        self.kind = kind
        self.pinned = pinned
        self.req_id = 0
        self.data_class = DataClass.NONE
        self.announced: DataClass | None = None
        self.stale = True
        self.heard_ns = 0
        self.due_ns: int | None = None
        self.failures = 0

    @property
    def key(self) -> Key:
        return self.instrument.con_id, self.kind


class Lines:
    """See the module's prose. Inputs return what is to be done, in order.

    Args:
        rules: numbers and times.
        next_id: a request id that was never used before.
        is_open: whether a contract's market is open at a time: only then is silence stale.
    """

    def __init__(
        self,
        rules: LineRules,
        next_id: Callable[[], int],
        is_open: Callable[[Instrument, int], bool],
    ) -> None:
        self.rules = rules
        self._next_id = next_id
        self._is_open = is_open
        self._streams: OrderedDict[Key, _Stream] = OrderedDict()
        self._by_req: dict[int, _Stream] = {}
        self._connected = False
        self._competing = False

    # -- what the trader wants --

    def subscribe(self, ask: Subscribe, now_ns: int) -> list[LineEffect]:
        """Want streams of a contract; asking again makes the line young."""
        found: list[LineEffect] = []
        for kind in ask.kinds:
            key = (ask.instrument.con_id, kind)
            known = self._streams.get(key)
            if known is not None:
                known.pinned = ask.pinned
                self._streams.move_to_end(key)
                continue
            found += self._make_room(now_ns)
            if len(self._streams) >= self.rules.budget:
                why = f"all {self.rules.budget} lines are pinned: unsubscribe one first"
                found.append(LineChanged(key[0], kind, DataClass.NONE, True, now_ns, why))
                continue
            stream = _Stream(ask.instrument, kind, pinned=ask.pinned)
            self._streams[key] = stream
            found += self._open(stream, now_ns)
        return found

    def unsubscribe(self, con_id: int, now_ns: int) -> list[LineEffect]:
        """Want nothing of a contract any more."""
        mine = [key for key in self._streams if key[0] == con_id]
        return [effect for key in mine for effect in self._drop(key, now_ns, "unsubscribed")]

    # -- the connection --

    def connected(self, now_ns: int) -> list[LineEffect]:
        """There is a connection, or the broker has forgotten all streams: ask for everything."""
        self._connected, self._competing = True, False
        self._forget_requests()
        found: list[LineEffect] = []
        for stream in self._streams.values():
            stream.failures = 0  # another login may have what the last one was refused
            found += self._open(stream, now_ns)
        return found

    def lost(self, now_ns: int, why: str) -> list[LineEffect]:
        """The connection has ended."""
        self._connected = False
        self._forget_requests()
        for stream in self._streams.values():
            stream.due_ns = None
        return self._show_all(list(self._streams.values()), now_ns, why, DataClass.NONE)

    def suspend(self, now_ns: int, why: str) -> list[LineEffect]:
        """The gateway has lost the broker (1100): prices are stale, streams stay asked for."""
        return self._show_all(list(self._streams.values()), now_ns, why, None)

    def verify(self, now_ns: int) -> list[LineEffect]:
        """Every stream has to say something within ``verify_s``, or is asked for again."""
        for stream in self._by_req.values():
            stream.heard_ns = now_ns
            stream.due_ns = now_ns + self._ns(self.rules.verify_s)
        return []

    def farm(self, name: str, now_ns: int, *, broken: bool) -> list[LineEffect]:
        """A market-data farm has broken or is fine again."""
        mine = [each for each in self._by_req.values() if _of_farm(each.instrument, name)]
        if broken:
            return self._show_all(mine, now_ns, f"farm {name or 'unknown'} is broken", None)
        for stream in mine:
            if stream.stale:
                stream.due_ns = now_ns + self._ns(self.rules.verify_s)
        return []

    # -- what a stream says --

    def heard(self, req_id: int, now_ns: int, *, delayed: bool = False) -> list[LineEffect]:
        """A tick or a bar came; this is the hot path."""
        stream = self._by_req.get(req_id)
        if stream is None:
            return []
        stream.heard_ns = now_ns
        if not stream.stale:
            return []
        stream.failures = 0
        stream.due_ns = now_ns + self._ns(self.rules.stale_s)
        default = DataClass.DELAYED if delayed else DataClass.LIVE
        return self._show(stream, stream.announced or default, False, now_ns, "data come")

    def announced(self, req_id: int, data_class: DataClass, now_ns: int) -> list[LineEffect]:
        """The broker says of what class a stream is (marketDataType)."""
        stream = self._by_req.get(req_id)
        if stream is None:
            return []
        stream.announced = data_class
        if stream.stale:
            return []
        return self._show(stream, data_class, False, now_ns, "the broker says so")

    def error(self, req_id: int, code: int, text: str, now_ns: int) -> list[LineEffect] | None:
        """An error with a stream's request id; None if it is no stream's."""
        stream = self._by_req.get(req_id)
        if stream is None:
            return None
        news = ABOUT_LINE.get(code, LineNews.REFUSED)
        why = f"{code}: {text}"
        if news is LineNews.DELAYED:
            stream.announced = DataClass.DELAYED
            return []
        if news in {LineNews.PARTIAL, LineNews.RESET} or 2100 <= code < 2200:
            return []
        if news is LineNews.AGAIN:
            return self._reopen(stream, now_ns, why)
        return self._ended(stream, news, now_ns, why)

    def con_id(self, req_id: int) -> int | None:
        """Return whose stream a request id is, None if nobody's (any more)."""
        stream = self._by_req.get(req_id)
        return None if stream is None else stream.instrument.con_id

    def instrument(self, req_id: int) -> Instrument | None:
        """Return the contract of a request id, None if it is nobody's (any more)."""
        stream = self._by_req.get(req_id)
        return None if stream is None else stream.instrument

    # -- time --

    def check(self, now_ns: int) -> list[LineEffect]:
        """Do what is due: ask again for streams that are silent or failed."""
        found: list[LineEffect] = []
        for stream in list(self._streams.values()):
            if self._connected and stream.due_ns is not None and now_ns >= stream.due_ns:
                found += self._due(stream, now_ns)
        return found

    def next_ns(self) -> int | None:
        """Return when ``check`` is due, None if never."""
        if not self._connected:
            return None
        times = [each.due_ns for each in self._streams.values() if each.due_ns is not None]
        return min(times, default=None)

    # -- inside --

    @staticmethod
    def _ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)

    def _forget_requests(self) -> None:
        for stream in self._by_req.values():
            stream.req_id = 0
        self._by_req.clear()

    def _make_room(self, now_ns: int) -> list[LineEffect]:
        if len(self._streams) < self.rules.budget:
            return []
        oldest = next((key for key, each in self._streams.items() if not each.pinned), None)
        return [] if oldest is None else self._drop(oldest, now_ns, "a newer line took its place")

    def _drop(self, key: Key, now_ns: int, why: str) -> list[LineEffect]:
        stream = self._streams.pop(key)
        shown = LineChanged(key[0], key[1], DataClass.NONE, True, now_ns, why)
        return [*self._close(stream), shown]

    def _close(self, stream: _Stream) -> list[LineEffect]:
        if not stream.req_id:
            return []
        req_id, stream.req_id = stream.req_id, 0
        del self._by_req[req_id]
        return [CloseStream(req_id, stream.kind)]

    def _open(self, stream: _Stream, now_ns: int) -> list[LineEffect]:
        if not self._connected:
            return []
        stream.req_id = self._next_id()
        stream.announced = None
        stream.heard_ns = now_ns
        wait_s = min(self.rules.retry_cap_s, self.rules.stale_s * 2 ** min(stream.failures, 16))
        stream.due_ns = now_ns + self._ns(wait_s)
        self._by_req[stream.req_id] = stream
        return [OpenStream(stream.req_id, stream.instrument, stream.kind)]

    def _reopen(self, stream: _Stream, now_ns: int, why: str) -> list[LineEffect]:
        shown = self._show(stream, stream.data_class, True, now_ns, why)
        return [*shown, *self._close(stream), *self._open(stream, now_ns)]

    def _ended(self, stream: _Stream, news: LineNews, now_ns: int, why: str) -> list[LineEffect]:
        """The broker has refused or ended a stream: wait, ever longer, and ask again."""
        shown = self._show(stream, DataClass.NONE, True, now_ns, why)
        self._by_req.pop(stream.req_id, None)
        closed: list[LineEffect] = []
        if news is LineNews.COMPETING:  # the request lives on at the broker's side
            closed = [CloseStream(stream.req_id, stream.kind)]
        stream.req_id = 0
        quick = news in {LineNews.COMPETING, LineNews.NO_LINE}
        if not shown and not quick:  # refused before it ever came: nobody would hear of it
            shown = [LineChanged(*stream.key, DataClass.NONE, True, now_ns, why)]
        wait_s = min(self.rules.retry_cap_s, self.rules.retry_s * 2 ** min(stream.failures, 16))
        stream.failures += 1
        stream.due_ns = now_ns + self._ns(wait_s)
        return [*closed, *shown]

    def _due(self, stream: _Stream, now_ns: int) -> list[LineEffect]:
        if not stream.req_id:
            return self._open(stream, now_ns)
        silent_ns = now_ns - stream.heard_ns
        limit_s = self.rules.verify_s if stream.stale else self.rules.stale_s
        if silent_ns < self._ns(limit_s):
            stream.due_ns = stream.heard_ns + self._ns(self.rules.stale_s)
            return []
        if not self._is_open(stream.instrument, now_ns):
            stream.due_ns = now_ns + self._ns(self.rules.stale_s)
            return []
        stream.failures += 1
        why = f"nothing for {silent_ns / SECOND_NS:.0f} s while the market is open"
        return self._reopen(stream, now_ns, why)

    def _show_all(
        self, streams: list[_Stream], now_ns: int, why: str, data_class: DataClass | None
    ) -> list[LineEffect]:
        return [
            effect
            for each in streams
            for effect in self._show(each, data_class or each.data_class, True, now_ns, why)
        ]

    def _show(
        self, stream: _Stream, data_class: DataClass, stale: bool, now_ns: int, why: str
    ) -> list[LineEffect]:
        if (stream.data_class, stream.stale) == (data_class, stale):
            return []
        stream.data_class, stream.stale = data_class, stale
        return [LineChanged(*stream.key, data_class, stale, now_ns, why)]


_FARM_TYPES: Final = {
    "cashfarm": SecType.FOREX,
    "usfuture": SecType.FUTURE,
    "usopt": SecType.OPTION,
}
_FARM_CURRENCIES: Final = {"us": {"USD"}, "eu": {"EUR", "GBP", "CHF", "SEK", "NOK", "DKK"}}


def _of_farm(instrument: Instrument, name: str) -> bool:
    """Whether a contract's data come from a farm; a farm that is not known may have all."""
    if name in _FARM_TYPES:
        return instrument.sec_type is _FARM_TYPES[name]
    currencies = _FARM_CURRENCIES.get(name[:2])
    if currencies is None or not name.endswith(("farm", "farmnj")):
        return True
    return instrument.currency in currencies and instrument.sec_type is not SecType.FOREX
