"""Values that can be recognised wherever a client puts them.

Every field of a message gets a value that no other field has. What a client's decoder makes of the
message is walked through, and each value's place is found: which argument of which callback, which
attribute of which object. A field that lands nowhere, or in the place of another one, is a
mismatch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from robotrader.tws.layout import Field, Group, Item, Version, When, parse

NUMBERS_AS_TEXT = frozenset({"evMultiplier", "yieldRedemptionDate", "faPercentage"})
"""Texts that some client reads as numbers."""

GROUPS = 2
"""Groups of each kind in a message: one could hide an error of the count."""


class Tagger:
    """Draws values, each once; remembers which field has which."""

    def __init__(self, version: int, forced: dict[str, Any] | None = None) -> None:
        self.version = version
        self.forced = forced or {}
        self.fields: dict[str, str] = {}
        self.flags: list[str] = []
        self._numbers = count(1_001)

    def message(self, layout: str) -> dict[str, Any]:
        """Return values for a message; conditions hold that ``forced`` makes hold."""
        return self._items(parse(layout, self.version), "")

    def _items(self, items: tuple[Item, ...], prefix: str) -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        for item in items:
            if isinstance(item, Field):
                drawn[item.name] = self._value(item, prefix)
            elif isinstance(item, Group):
                drawn |= self._group(item, prefix)
            elif isinstance(item, When) and self._holds(item, drawn):
                drawn |= self._items(item.items, prefix)
            else:
                assert isinstance(item, (Version, When))
        return drawn

    @staticmethod
    def _holds(item: When, drawn: dict[str, Any]) -> bool:
        have = drawn[item.name]
        return str(have) in item.values if item.values else bool(have)

    def _group(self, item: Group, prefix: str) -> dict[str, Any]:
        only = item.items[0]
        inside = f"{prefix}{item.name}."
        if len(item.items) == 1 and isinstance(only, Field) and only.name == "v":
            rows: list[Any] = [self._value(only, inside) for _ in range(GROUPS)]
        else:
            rows = [self._items(item.items, inside) for _ in range(GROUPS)]
        return {item.name: rows} | self._items(item.tail, prefix)

    def _value(self, field: Field, prefix: str) -> Any:
        name = prefix + field.name
        if name in self.forced:
            return self.forced[name]
        number = next(self._numbers)
        if field.kind == "b":
            self.flags.append(name)
            return False
        shown: Any = number
        if field.kind == "s":
            shown = str(number) if field.name in NUMBERS_AS_TEXT else f"t{number}"
        elif field.kind in {"d", "p", "De", "Dm"}:
            shown = number + 0.25
        elif field.kind == "q":
            shown = Decimal(number)
        self.fields[canonical(shown)] = name
        return shown


def canonical(value: Any) -> str:
    """The same text for a value however a client types it."""
    if isinstance(value, str):
        try:
            return canonical(float(value))
        except ValueError:
            return value
    if isinstance(value, (bool, type(None))):
        return repr(value)
    return f"{float(value):.6f}" if isinstance(value, (int, float, Decimal)) else repr(value)


def places(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every scalar in what a client made, and the path to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield canonical(key), f"{path}.key"
            yield from places(each, f"{path}.value")
    elif isinstance(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        for each in value:
            yield from places(each, f"{path}[]")
    elif hasattr(value, "_fields"):
        for name in value._fields:
            yield from places(getattr(value, name), f"{path}.{name}")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from places(getattr(value, field.name), f"{path}.{field.name}")
    elif hasattr(value, "__dict__"):
        for name, each in vars(value).items():
            yield from places(each, f"{path}.{name}")
    else:
        yield canonical(value), path


class Recorder:
    """Stands where a client's callbacks are expected and keeps what they are told."""

    defaultTimezone = None  # noqa: N815 - ib_async asks for it
    ib = SimpleNamespace(TimezoneTWS="")

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def record(*args: Any, **kwargs: Any) -> None:
            self.calls.append((name, (*args, *kwargs.values())))

        return record

    def found(self) -> dict[str, list[str]]:
        """Paths by canonical value."""
        found: dict[str, list[str]] = {}
        for name, args in self.calls:
            for index, arg in enumerate(args):
                for value, path in places(arg, f"{name}({index})"):
                    found.setdefault(value, []).append(path)
        return found
