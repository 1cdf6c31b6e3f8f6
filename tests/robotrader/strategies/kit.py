"""Bars, a broker that answers intents, and strategies that do what tests want."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from msgspec import Meta

from robotrader.domain import Bar, Instrument, Intent, Quote
from robotrader.strategies import (
    Context,
    Ended,
    Fill,
    Host,
    Outcome,
    Params,
    SmaCross,
    SmaParams,
    Standing,
    State,
    Strategy,
    StrategyHost,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

S = 1_000_000_000
M = 60 * S
START = 1_763_994_600 * S
"""2025-11-24 14:30 UTC, when New York opens."""

AAPL = Instrument(con_id=265598, symbol="AAPL")


def bars(closes: Sequence[float], first: int = 0) -> list[Bar]:
    made = []
    for n, close in enumerate(closes, first):
        start = START + n * M
        made.append(Bar(265598, start, start + M, close, close, close, close, 100.0, close, 5))
    return made


def sma_host(fast: int = 2, slow: int = 3, **params: Any) -> StrategyHost:
    strategy = SmaCross(SmaParams(fast=fast, slow=slow, **params))
    return StrategyHost(strategy, name="sma", instrument=AAPL)


def alone(driven: Host) -> StrategyHost:
    """Return the host of a strategy of one instrument."""
    assert isinstance(driven, StrategyHost)
    return driven


class Broker:
    """Owns what a strategy has and has asked for, and answers by a seed (None: fills at once)."""

    def __init__(self, random: Random | None = None) -> None:
        self.random = random
        self.position = Decimal(0)
        self.working: dict[str, Intent] = {}
        self.left: dict[str, Decimal] = {}
        self.seq = 0
        self.asked: list[Intent] = []

    def ask(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            assert intent.cause not in {each.cause for each in self.asked}, "asked twice"
            self.asked.append(intent)
            self.working[intent.cause] = intent
            self.left[intent.cause] = intent.qty

    def answers(self, price: float, now_ns: int) -> list[Fill | Ended]:
        out: list[Fill | Ended] = []
        for cause, intent in list(self.working.items()):
            left = self.left[cause]
            qty, ends = left, True
            if self.random is not None:
                qty = Decimal(self.random.choice([0, int(left), int(left) // 2, 0]))
                ends = qty == left or self.random.random() < 0.2
            if qty:
                self.seq += 1
                self.position += qty * intent.side.sign
                self.left[cause] -= qty
                out.append(
                    Fill(
                        seq=self.seq,
                        con_id=265598,
                        side=intent.side,
                        qty=qty,
                        price=Decimal(str(price)),
                        time_ns=now_ns,
                        cause=cause,
                    )
                )
            if ends:
                del self.working[cause], self.left[cause]
                out.append(Ended(con_id=265598, cause=cause, why="over"))
        return out

    def standing(self) -> Standing:
        working = {
            cause: self.left[cause] * intent.side.sign for cause, intent in self.working.items()
        }
        return Standing(position=self.position, working=working, seq=self.seq)


def play(host: StrategyHost, broker: Broker, told: Sequence[Bar]) -> list[Outcome]:
    """Tell bars live; what the broker answers comes before the next bar."""
    outcomes = []
    for bar in told:
        for answer in broker.answers(bar.open, bar.start_ns):
            if isinstance(answer, Fill):
                outcomes.append(host.fill(answer))
                broker.ask(outcomes[-1].intents)
            else:
                host.ended(answer)
        outcomes.append(host.bar(bar))
        broker.ask(outcomes[-1].intents)
    return outcomes


Deed: TypeAlias = "Callable[[Context, Any], object]"


def nothing(_ctx: Context, _what: Any) -> None:
    """Do nothing."""


class Does(Strategy[Params, State]):
    """Does at each event what it was made for."""

    def __init__(
        self, bar: Deed = nothing, *, quote: Deed = nothing, timer: Deed = nothing, warmup: int = 0
    ) -> None:
        super().__init__(Params())
        self.bar, self.quote, self.timer, self.warmup = bar, quote, timer, warmup

    @property
    def warmup_bars(self) -> int:
        return self.warmup

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self.bar(ctx, bar)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        self.quote(ctx, quote)

    def on_timer(self, ctx: Context, name: str) -> None:
        self.timer(ctx, name)


class WildParams(Params, frozen=True):
    warmup: Annotated[int, Meta(ge=0, le=100)] = 3
    script: tuple[tuple[str, int], ...] = ()


class WildState(State):
    step: int = 0


class Wild(Strategy[WildParams, WildState]):
    """Does the next thing of its script at each event, and notes what it was told."""

    def __init__(self, params: WildParams) -> None:
        super().__init__(params)
        self.told: list[str] = []
        self.positions: list[Decimal] = []

    @property
    def warmup_bars(self) -> int:
        return self.params.warmup

    def _act(self, ctx: Context) -> None:
        self.told.append(ctx.event)
        self.positions.append(ctx.position)
        script = self.params.script
        if not script:
            return
        what, number = script[self.state.step % len(script)]
        self.state.step += 1
        if what == "crash":
            raise ZeroDivisionError(ctx.event)
        if what == "timer":
            ctx.timer("t", abs(number) + 1)
        elif what == "close":
            ctx.close()
        elif what == "target":
            ctx.target(number)
        elif what in {"buy", "sell"}:
            getattr(ctx, what)(abs(number) + 1)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self._act(ctx)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        self._act(ctx)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self._act(ctx)

    def on_timer(self, ctx: Context, name: str) -> None:
        self._act(ctx)


def wild_host(*script: tuple[str, int], warmup: int = 0, dwell_bars: int = 1) -> StrategyHost:
    strategy = Wild(WildParams(warmup=warmup, script=script))
    return StrategyHost(strategy, name="wild", instrument=AAPL, dwell_bars=dwell_bars)
