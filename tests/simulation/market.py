"""Prices: a random walk for each contract, a quote every two seconds and a bar every five."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Bar, Quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Instrument
    from tests.simulation.core import CoreWorld

S: Final = 1_000_000_000
BAR_S: Final = 5
QUOTE_S: Final = 2
SIZE: Final = 500.0
TICK: Final = 0.01


class Walk:
    """One contract's price."""

    def __init__(self, seed: int, con_id: int) -> None:
        self.random = Random(f"{seed}/price/{con_id}")
        self.price = 50.0 + 10 * con_id
        self.prices: list[float] = []

    def step(self) -> float:
        """Move on by a second."""
        self.price = max(5.0, self.price * (1 + self.random.gauss(0, 0.0004)))
        self.price = round(self.price, 2)
        self.prices.append(self.price)
        return self.price


class Market:
    """See the module's prose."""

    kept = 40
    """How many bars of the past there are."""

    def __init__(self, world: CoreWorld, instruments: Sequence[Instrument]) -> None:
        self.world = world
        self._walks = {each.con_id: Walk(world.seed, each.con_id) for each in instruments}
        self._bars: dict[int, deque[Bar]] = {con: deque(maxlen=self.kept) for con in self._walks}
        self.frozen = False

    def freeze(self) -> None:
        """Stand still: quotes go on with the same prices, bars do not."""
        self.frozen = True

    def begin(self) -> None:
        """Tick at every whole second, each contract a little later than the one before."""
        for number, con_id in enumerate(self._walks):
            self._tick_at(con_id, number * S // 10)

    def _tick_at(self, con_id: int, offset_ns: int) -> None:
        now_ns = self.world.now_ns - offset_ns
        next_ns = (now_ns // S + 1) * S + offset_ns
        self.world.at(next_ns - self.world.start_ns, lambda: self._tick(con_id, offset_ns))

    def _tick(self, con_id: int, offset_ns: int) -> None:
        self._tick_at(con_id, offset_ns)
        walk = self._walks[con_id]
        price = walk.price if self.frozen else walk.step()
        second = self.world.now_ns // S
        if second % QUOTE_S == 0:
            self._quote(con_id, price)
        if second % BAR_S == 0 and not self.frozen:
            self._bar(con_id, walk, second * S)

    def _quote(self, con_id: int, price: float) -> None:
        """Let the venue and whoever watches see a price."""
        world, weather = self.world, self.world.weather
        name = str(con_id)
        thin = weather.lasts("thin", name) or weather.lasts("cut_short", name)
        size = 3.0 if thin else SIZE
        quote = Quote(con_id, world.clock_ns, price, round(price + TICK, 2), size, size)
        world.exchange.publish(world.exchange.venue.on_quote(quote))
        session = world.exchange.session
        if session is None or con_id not in session.watched:
            return
        if weather.lasts("gap", name):
            return
        session.down(("data", quote if weather.calm else self._spoilt(quote)))

    def _spoilt(self, quote: Quote) -> Quote:
        """Return a quote as a bad feed would say it."""
        weather = self.world.weather
        if weather.strikes("crossed"):
            return msgspec.structs.replace(quote, bid=quote.ask, ask=quote.bid)
        if weather.strikes("nan"):
            return msgspec.structs.replace(quote, bid=float("nan"))
        if weather.strikes("zero"):
            return msgspec.structs.replace(quote, ask=0.0)
        if weather.strikes("wild"):
            return msgspec.structs.replace(quote, bid=quote.bid * 3, ask=quote.ask * 3)
        return quote

    def _bar(self, con_id: int, walk: Walk, end_ns: int) -> None:
        bar = self._made(con_id, walk, end_ns)
        self._bars[con_id].append(bar)
        session = self.world.exchange.session
        gap = self.world.weather.lasts("gap", str(con_id))
        if session is not None and con_id in session.watched and not gap:
            session.down(("data", bar))

    def _made(self, con_id: int, walk: Walk, end_ns: int) -> Bar:
        prices, walk.prices = walk.prices, []
        return Bar(con_id, end_ns - BAR_S * S, end_ns, prices[0], max(prices), min(prices),
                   prices[-1], 1_000.0, sum(prices) / len(prices), len(prices))  # fmt: skip

    def jump(self, con_id: int, share: float) -> None:
        """Let a price move at once."""
        walk = self._walks[con_id]
        walk.price = max(5.0, round(walk.price * (1 + share), 2))

    def burst(self, count: int) -> None:
        """Say the same prices again and again, at once."""
        session = self.world.exchange.session
        for con_id in self._walks:
            if session is not None and con_id in session.watched:
                price = self._last(con_id)
                for _ in range(count):
                    quote = Quote(con_id, self.world.clock_ns, price,
                                  round(price + TICK, 2), SIZE, SIZE)  # fmt: skip
                    session.down(("data", quote))

    def _last(self, con_id: int) -> float:
        """Return the price that holds."""
        return self._walks[con_id].price

    def past(self, con_id: int) -> tuple[Bar, ...]:
        """Return the newest bars."""
        return tuple(self._bars[con_id])
