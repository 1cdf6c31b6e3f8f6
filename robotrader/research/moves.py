"""What a strategy answers to a signal, found by asking it: a table of all its answers.

``on_signal`` is asked for every signal that there is, in every state and with every position that
its own answers lead to. It is given its parameters, its state and the position, and nothing else: a
price that cannot be computed with, a context without time, account or indicators, an object without
attributes of its own. If it wants more, or answers with more than one market order that enters from
flat or leaves altogether, it is ``Unfit`` for tables, and is run as every strategy is.

Which parameters it reads is noted: one table serves all combinations that are alike in those.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
import numpy as np

from robotrader.domain import OrderType, Purpose, TimeInForce
from robotrader.research.loop import Moves
from robotrader.strategies import Context, Strategy
from robotrader.strategies.discipline import Discipline
from robotrader.strategies.stops import NO_STOP, Stops

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import Instrument, Intent
    from robotrader.research.desk import Wish
    from robotrader.research.loop import Floats

# A member of an enum takes fifty times as long to look up as a name.
_MARKET, _DAY, _ENTRY = OrderType.MARKET, TimeInForce.DAY, Purpose.ENTRY

PLACES: Final = 200
"""States and positions of a strategy that follows signals: it remembers a few words."""

VALUES: Final = 16
"""Different signals: sides and levels, not measurements."""

_OWN: Final = ("on_start", "on_fill", "on_timer", "save", "load")
"""What a strategy of a table leaves as it is: there is nobody to call it."""

_SHOWN: Final = frozenset(
    {"bought", "buy", "close", "log", "position", "sell", "sold", "strategy", "target", "warming",
     "wished", "working"}
)  # fmt: skip


class Unfit(Exception):
    """A strategy does not follow its signals alone; the text says by what that was seen."""


def unfit_by(error: Exception) -> Unfit:
    """Return why a strategy that raised is not followed."""
    return error if isinstance(error, Unfit) else Unfit(f"{type(error).__name__}: {error}")


class _Price:
    """A price that is there and cannot be looked at; as a text it is an ellipsis."""

    def __str__(self) -> str:
        return "..."

    def __format__(self, spec: str) -> str:
        return "..."

    def _refuse(self, *_: object) -> NoReturn:
        msg = "it computes with a price"
        raise Unfit(msg)

    __eq__ = __ne__ = __bool__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __neg__ = __abs__ = __float__ = __round__ = _refuse
    __hash__ = None  # type: ignore[assignment]  # a price is no key either


class _Bar:
    """A bar whose prices are there and whose time is not."""

    open = high = low = close = volume = wap = _Price()


class _Noted:
    """Parameters; which of them are read is noted."""

    def __init__(self, params: object, read: dict[str, object]) -> None:
        self.__dict__.update(_params=params, _read=read)

    def __getattr__(self, name: str) -> object:
        found = getattr(self.__dict__["_params"], name)
        self.__dict__["_read"][name] = found
        return found

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"it sets its parameter {name}"
        raise Unfit(msg)


class _Desk:
    """A context that shows what a table can depend on."""

    def __init__(self, context: Context) -> None:
        self.__dict__["_context"] = context

    def __getattr__(self, name: str) -> object:
        if name not in _SHOWN:
            msg = f"it asks for ctx.{name}"
            raise Unfit(msg)
        return getattr(self.__dict__["_context"], name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = f"it sets ctx.{name}"
        raise Unfit(msg)


class Table:
    """See the module's prose.

    Args:
        strategy: gives its class and its parameters; it is not asked itself.
        instrument: what it trades.

    Attributes:
        values: the signals that are known, without NaN.
        read: the parameters that were read, and their values.
        largest: shares of the largest order.
        unfit: why it cannot be asked any more; empty: it can.

    Raises:
        Unfit: it does not follow its signals alone.
    """

    def __init__(self, strategy: Strategy[Any, Any], instrument: Instrument) -> None:
        self._class, self._params = type(strategy), strategy.params
        changed = [
            name for name in _OWN if getattr(self._class, name) is not getattr(Strategy, name)
        ]
        if changed:
            msg = f"it has a method of its own: {', '.join(changed)}"
            raise Unfit(msg)
        self._instrument = instrument
        self.values: list[float] = []
        self.read: dict[str, object] = {}
        self.largest = 0
        self.unfit = ""
        self._places: list[tuple[bytes, int]] = [(strategy.save(), 0)]
        self._answers: dict[tuple[int, int, bool], tuple[int, int, int, bool]] = {}
        self.moves: Moves
        self._explore()

    def serves(self, strategy: Strategy[Any, Any]) -> bool:
        """Whether it is a strategy's table, too: one that is alike in all that is read."""
        if type(strategy) is not self._class or strategy.save() != self._places[0][0]:
            return False
        params = strategy.params
        return all(getattr(params, name) == value for name, value in self.read.items())

    def learn(self, values: Iterable[float]) -> None:
        """Ask for signals that are not known yet; raises ``Unfit``."""
        self.values += [each for each in values if each not in self.values]
        try:
            if len(self.values) > VALUES:
                msg = f"its signals have more than {VALUES} values"
                raise Unfit(msg)
            self._explore()
        except Unfit as error:
            self.unfit = str(error)
            raise

    @property
    def known(self) -> Floats:
        """The signals that are known, as the loop is told them."""
        return np.array(self.values, np.float64)

    def _explore(self) -> None:
        """Ask for every answer that is not known."""
        place = 0
        while place < len(self._places):
            for code in range(len(self.values) + 1):
                for warms in (False, True):
                    if (place, code, warms) not in self._answers:
                        self._answers[place, code, warms] = self._ask(place, code, warms)
            place += 1
        self.moves = self._arrays()

    def _arrays(self) -> Moves:
        shape = (len(self._places), len(self.values) + 1, 2)
        act, after, filled = (np.zeros(shape, np.int64) for _ in range(3))
        settled = np.zeros(shape, np.bool_)
        for (place, code, warms), answer in self._answers.items():
            at = place, code, int(warms)
            act[at], after[at], filled[at], settled[at] = answer
        return Moves(act, after, filled, settled)

    def _place(self, state: bytes, position: int) -> int:
        key = (state, position)
        if key not in self._places:
            if len(self._places) == PLACES:
                msg = f"its signals lead to more than {PLACES} states and positions"
                raise Unfit(msg)
            self._places.append(key)
        return self._places.index(key)

    def _ask(self, place: int, code: int, warms: bool) -> tuple[int, int, int, bool]:
        """Return shares, places without and with them, and whether it is settled then."""
        state, position = self._places[place]
        ctx = self._context(position, warms)
        it = self._asked(ctx, state, self.values[code - 1] if code else math.nan)
        rests = not ctx.blocked and not ctx.touched
        found = ctx.outcome()
        if found.timers or found.cancels or found.stops or len(found.intents) > 1:
            msg = "it wants more than one order at a time"
            raise Unfit(msg)
        after = msgspec.msgpack.encode(it.state)
        shares = shares_of(found.intents[0], position) if found.intents else 0
        self.largest = max(self.largest, abs(shares))
        kept = self._place(after, position)
        return shares, kept, self._place(after, position + shares) if shares else kept, rests

    def _context(self, position: int, warms: bool) -> Context:
        ctx = Context("asked", self._instrument, discipline=Discipline(1), stops=Stops(NO_STOP))
        ctx.what, ctx.warming, ctx.position = "asked", warms, Decimal(position)
        return ctx

    def _asked(self, ctx: Context, state: bytes, signal: float) -> Any:
        """Ask an object that has parameters and a state, and nothing else."""
        it: Any = object.__new__(self._class)
        params = it.params = _Noted(self._params, self.read)
        it.state = msgspec.msgpack.decode(state, type=self._class.State)
        try:
            it.on_signal(_Desk(ctx), _Bar(), signal)
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error
        if vars(it).keys() != {"params", "state"} or it.params is not params:
            msg = "it remembers something that is not in its state"
            raise Unfit(msg)
        return it


def shares_of(intent: Intent | Wish, position: int) -> int:
    """Return how many shares an answer is, signed, with a position of so many.

    Raises:
        Unfit: it is not a market order that enters from flat or leaves altogether.
    """
    whole = int(intent.qty)
    plain = intent.order_type is _MARKET and not intent.legs and intent.tif is _DAY
    if not plain or intent.qty != whole:
        msg = "it wants more than market orders for whole shares"
        raise Unfit(msg)
    shares = whole * intent.side.sign
    if position != (0 if intent.purpose is _ENTRY else -shares):
        msg = "it adds to a position, or leaves a part of it"
        raise Unfit(msg)
    return shares


class Tables:
    """The tables of strategies, each made when it is asked for first."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._tables: list[Table] = []

    def of(self, strategy: Strategy[Any, Any]) -> Table:
        """Return the table of a strategy; raises ``Unfit``."""
        for table in self._tables:
            if table.serves(strategy):
                if table.unfit:
                    raise Unfit(table.unfit)
                return table
        self._tables.append(Table(strategy, self._instrument))
        return self._tables[-1]
