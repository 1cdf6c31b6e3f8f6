"""What a strategy is written against: parameters, state, a few methods, and a context to act by.

A strategy is a value: what it is told is all that it knows, what it does through the ``Context`` is
all that it causes. It reads no clock, draws no random numbers and does no I/O, so the same object
runs live, on paper, in a backtest and in a simulation, and says the same in each.

    class Limits(Params, frozen=True):
        above: Annotated[float, Meta(gt=0)] = 100.0

    class Memory(State):
        bought: bool = False

    class BuyAbove(Strategy[Limits, Memory]):
        def on_bar(self, ctx: Context, bar: Bar) -> None:
            if bar.close > self.params.above and not self.state.bought:
                self.state.bought = ctx.buy(10)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from robotrader.domain.errors import StrategyError

if TYPE_CHECKING:
    from robotrader.domain import Bar, Quote
    from robotrader.strategies.context import Context
    from robotrader.strategies.events import Fill


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of parameters: fixed for a strategy's life, with bounds (``msgspec.Meta``)."""


class State(msgspec.Struct, kw_only=True):
    """Base of what a strategy remembers over a restart; each field has a default.

    Fields may be added later: an older state is then loaded with their defaults.
    """


P = TypeVar("P", bound=Params)
S = TypeVar("S", bound=State)


class Strategy(Generic[P, S]):
    """Base of strategies; see the module's prose.

    What is kept in ``self.state`` survives a restart. Everything else (indicators) is made anew
    from ``warmup_bars`` bars, which are told to ``on_bar`` with ``ctx.warming`` set.
    """

    Params: ClassVar[type[Any]] = Params
    State: ClassVar[type[Any]] = State

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__dict__.get("__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Strategy):
                given = [arg for arg in get_args(base) if isinstance(arg, type)]
                if len(given) == 2:
                    cls.Params, cls.State = given

    def __init__(self, params: P) -> None:
        self.params = params
        self.state: S = self.State()

    @property
    def warmup_bars(self) -> int:
        """How many bars it has to see before it may act."""
        return 0

    def on_start(self, ctx: Context) -> None:
        """Begin, at every start; the state is not loaded yet."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Take the next finished bar."""

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        """Take the newest quote; told only when warmed up."""

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Take a fill of its own; ``ctx.position`` includes it. Told before the next bar."""

    def on_timer(self, ctx: Context, name: str) -> None:
        """Take a timer that it asked for; timers do not survive a restart."""

    def save(self) -> bytes:
        """Return its state."""
        return msgspec.msgpack.encode(self.state)

    def load(self, data: bytes) -> None:
        """Take back a state that ``save`` returned.

        Raises:
            StrategyError: it is not a state of this strategy.
        """
        try:
            self.state = msgspec.msgpack.decode(data, type=self.State)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            msg = (
                f"the saved state is not one of {type(self).__name__} ({error}): give a changed "
                "strategy another name, or a new field a default"
            )
            raise StrategyError(msg) from error
