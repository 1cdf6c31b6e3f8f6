"""Parameter spaces: what is tried of a strategy's parameters, within the bounds that they have.

An axis is one parameter and its values; a space is their product. What may be written:

    fast=5:50:5        from 5 to 50 in steps of 5
    fast=5:50          every whole number between; of a float any number, which a grid cannot have
    fast=5,10,20       these values
    fast               everything between the bounds of the strategy's own parameter

A point of the space is numbered as the digits of a number are: the last axis turns fastest.
"""

from __future__ import annotations

import math
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec
import numpy as np

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Value: TypeAlias = bool | int | float | str
Point: TypeAlias = dict[str, Value]

POINTS_MAX: Final = 100_000
"""More points than a sweep is ever the right tool for: a range was meant to have a step."""


class Axis(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One parameter: ``values`` to choose from, or numbers from ``low`` to ``high``.

    ``step`` None is any number between, which only chance and a search can draw.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: int | float = 0
    high: int | float = 0
    step: int | float | None = None

    @cached_property
    def points(self) -> tuple[Value, ...]:
        """Every value, in order; empty if they cannot be counted."""
        if self.values or self.step is None:
            return self.values
        low, step = Decimal(repr(self.low)), Decimal(repr(self.step))
        count = int((Decimal(repr(self.high)) - low) / step) + 1
        kind = int if isinstance(self.low, int) and isinstance(self.step, int) else float
        return tuple(kind(low + step * at) for at in range(count))

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, so that near ones are alike."""
        return all(type(each) in {int, float} for each in self.values or (self.low,))


class Space(msgspec.Struct, frozen=True):
    """The product of axes.

    Raises:
        ConfigurationError: there is no axis, or one stands twice.
    """

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if not names or twice:
            what = f"--param {twice[0]} is given twice" if twice else "no parameter is varied"
            raise ConfigurationError(f"{what}: give each once, as `--param fast=5:50:5`")

    @property
    def size(self) -> int | None:
        """How many points there are; None if they cannot be counted."""
        sizes = [len(axis.points) for axis in self.axes]
        return math.prod(sizes) if all(sizes) else None

    def at(self, number: int) -> Point:
        """Return the point of a number from 0 on; see the module's prose."""
        point: Point = {}
        for axis in reversed(self.axes):
            number, digit = divmod(number, len(axis.points))
            point[axis.name] = axis.points[digit]
        return {axis.name: point[axis.name] for axis in self.axes}


def grid(space: Space) -> Iterator[Point]:
    """Return every point, in order.

    Raises:
        ConfigurationError: an axis has no step, or there are more than ``POINTS_MAX`` points.
    """
    for axis in space.axes:
        if not axis.points:
            low, high = axis.low, axis.high
            said = f"{axis.name}={low}:{high} has no step"
            raise ConfigurationError(f"{said}: write {axis.name}={low}:{high}:STEP, or draw")
    size = space.size
    if size is None or size > POINTS_MAX:
        msg = f"a grid of {size} points, at most {POINTS_MAX}: widen the steps, or draw at random"
        raise ConfigurationError(msg)
    return map(space.at, range(size))


def drawn(space: Space, count: int, seed: int) -> Iterator[Point]:
    """Yield ``count`` points of equal probability, no two alike; all there are, if they are fewer.

    More of them begin with the same ones.
    """
    source, size = np.random.default_rng(seed), space.size
    if size is not None and size <= POINTS_MAX:
        for number in source.permutation(size)[:count].tolist():
            yield space.at(number)
        return
    seen: set[tuple[Value, ...]] = set()
    while len(seen) < count:
        point = {axis.name: _draw(axis, source) for axis in space.axes}
        key = tuple(point.values())
        if key not in seen:
            seen.add(key)
            yield point


def _draw(axis: Axis, source: np.random.Generator) -> Value:
    if axis.points:
        return axis.points[int(source.integers(len(axis.points)))]
    return float(source.uniform(axis.low, axis.high))


def axis_of(params: type[Any], text: str) -> Axis:
    """Return the axis that is written in ``text``, of a strategy's parameters.

    Raises:
        ConfigurationError: no such parameter, a value out of its bounds or of another type, or a
            range that is none; it names the parameter.
    """
    name, equals, said = text.partition("=")
    field = _field(params, name)
    low, high = _bounds(msgspec.inspect.type_info(field.type))
    if not equals:
        return _all_of(field, low, high)
    parts = said.split(":")
    if len(parts) == 1:
        values = tuple(_value(field, part) for part in said.split(","))
        return Axis(name=name, values=tuple(dict.fromkeys(values)))
    if len(parts) > 3:
        raise ConfigurationError(f"--param {text}: write {name}=LOW:HIGH or {name}=LOW:HIGH:STEP")
    return _range(field, [_value(field, part) for part in parts[:2]], parts[2:], text)


def _range(field: Any, ends: Sequence[Value], steps: Sequence[str], text: str) -> Axis:
    low, high = ends
    if type(low) not in {int, float} or type(high) not in {int, float}:
        raise ConfigurationError(f"--param {text}: a range is of numbers: write the values, as a,b")
    assert not isinstance(low, str), "a number, as was just seen"
    assert not isinstance(high, str), "as above"
    if low >= high:
        raise ConfigurationError(f"--param {text}: {low} is not below {high}: write LOW:HIGH:STEP")
    step: int | float | None = 1 if isinstance(low, int) else None
    if steps:
        step = _number(steps[0])
        if step is None or step <= 0 or (isinstance(low, int) and not isinstance(step, int)):
            kind = "whole number" if isinstance(low, int) else "number"
            raise ConfigurationError(f"--param {text}: the step is no {kind} above 0")
        if (high - low) / step >= POINTS_MAX:
            raise ConfigurationError(f"--param {text}: over {POINTS_MAX} steps: widen them")
    return Axis(name=field.encode_name, low=low, high=high, step=step)


def _all_of(field: Any, low: float | None, high: float | None) -> Axis:
    """Return the axis between a parameter's own bounds."""
    name, kind = field.encode_name, _kind(msgspec.inspect.type_info(field.type))
    if isinstance(kind, msgspec.inspect.BoolType):
        return Axis(name=name, values=(False, True))
    if isinstance(kind, msgspec.inspect.LiteralType):
        return Axis(name=name, values=cast("tuple[Value, ...]", tuple(kind.values)))
    if low is None or high is None:
        msg = f"--param {name}: it has no bounds of its own: write {name}=LOW:HIGH:STEP"
        raise ConfigurationError(msg)
    whole = isinstance(kind, msgspec.inspect.IntType)
    return Axis(name=name, low=low, high=high, step=1 if whole else None)


def _field(params: type[Any], name: str) -> Any:
    known = {field.encode_name: field for field in msgspec.structs.fields(params)}
    if name not in known:
        close = get_close_matches(name, list(known), 1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        listed = ", ".join(known) or "none"
        raise ConfigurationError(f"no parameter {name!r}{meant}: those of the strategy: {listed}")
    return known[name]


def _value(field: Any, text: str) -> Value:
    """Return a value as the parameter's type has it."""
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError:
        given = text
    try:
        made = msgspec.convert(given, field.type)
    except msgspec.ValidationError as error:
        said = str(error)
        msg = f"parameter {field.encode_name} = {text}: {said[0].lower()}{said[1:]}"
        raise ConfigurationError(msg) from None
    if not isinstance(made, bool | int | float | str):
        msg = f"parameter {field.encode_name} = {text}: only numbers, words and true or false vary"
        raise ConfigurationError(msg)
    return made


def _number(text: str) -> int | float | None:
    try:
        found = msgspec.json.decode(text, type=int | float)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return found if math.isfinite(found) else None


def _kind(info: Any) -> Any:
    """Return a type without the None that it may also be."""
    if isinstance(info, msgspec.inspect.UnionType):
        return next(each for each in info.types if not isinstance(each, msgspec.inspect.NoneType))
    return info


def _bounds(info: Any) -> tuple[float | None, float | None]:
    """Return the least and the largest value of a type that its bounds include."""
    kind = _kind(info)
    if isinstance(kind, msgspec.inspect.IntType):
        least = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + 1
        most = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - 1
        return least, most
    if isinstance(kind, msgspec.inspect.FloatType):
        low = kind.ge if kind.ge is not None else kind.gt
        high = kind.le if kind.le is not None else kind.lt
        above = None if low is None else float(low)
        below = None if high is None else float(high)
        if above is not None and kind.gt is not None:
            above = math.nextafter(above, math.inf)
        if below is not None and kind.lt is not None:
            below = math.nextafter(below, -math.inf)
        return above, below
    return None, None
