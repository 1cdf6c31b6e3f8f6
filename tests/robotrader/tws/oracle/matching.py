"""Compares the fields of a message with what a client holds, name by name.

A message becomes a list of leaves in the order of the wire; what a client holds (the arguments of
its callbacks, or of its request) becomes values by path. A leaf's place is the attribute that has
its name; where names differ, or where two places have one name, a table says which. If several
places have the name, all of them must hold the value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from robotrader.tws.layout import Field, Group, Item, Version, When
from tests.robotrader.tws.values import holds, parse

UNSET = (None, "", 1.7976931348623157e308, 2**31 - 1)
"""What clients hold where nothing came."""

CONJUNCTION = "a"
"""What joins a condition to the next one by "and"; ibapi makes a flag of it."""

_INDEX = re.compile(r"\[\d+\]")


class Leaf(NamedTuple):
    """A field: ``conditions[1].price``, its kind and value; a group's kind is # and its length."""

    path: str
    kind: str
    value: Any

    @property
    def name(self) -> str:
        return _INDEX.sub("", self.path)


def leaves(layout: str, version: int, fields: Mapping[str, Any]) -> list[Leaf]:
    """The message's fields in the order of the wire, without its version."""
    return list(_leaves(parse(layout, version), fields, ""))


def _leaves(items: tuple[Item, ...], fields: Mapping[str, Any], prefix: str) -> Iterator[Leaf]:
    for item in items:
        if isinstance(item, Field):
            yield Leaf(prefix + item.name, item.kind, fields[item.name])
        elif isinstance(item, Group):
            yield from _group(item, fields, prefix)
        elif isinstance(item, When) and holds(item, dict(fields)):
            yield from _leaves(item.items, fields, prefix)
        else:
            assert isinstance(item, (Version, When))


def _group(item: Group, fields: Mapping[str, Any], prefix: str) -> Iterator[Leaf]:
    rows = fields[item.name]
    yield Leaf(prefix + item.name, "#", len(rows))
    for index, row in enumerate(rows):
        path = f"{prefix}{item.name}[{index}]"
        if isinstance(row, dict):
            yield from _leaves(item.items, row, f"{path}.")
        else:
            only = item.items[0]
            assert isinstance(only, Field)
            yield Leaf(path, only.kind, row)
    if rows:
        yield from _leaves(item.tail, fields, prefix)


def scalars(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value inside of one, and the path to it."""
    if isinstance(value, (set, frozenset)):
        yield from scalars(sorted(value), path)
    elif hasattr(value, "_fields"):
        for name in value._fields:
            yield from scalars(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from scalars(each, f"{path}[{index}]")
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from scalars(getattr(value, field.name), f"{path}.{field.name}")
    elif hasattr(value, "__dict__"):
        for name, each in vars(value).items():
            yield from scalars(each, f"{path}.{name}")
    else:
        yield path, value


class Held:
    """What a client holds, found by the ends of paths."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self._by_key: dict[str, list[Any]] = {}
        self._paths: list[str] = []
        for path, value in pairs:
            self._paths.append(path)
            for key in _keys(path):
                self._by_key.setdefault(key, []).append(value)

    def values(self, key: str) -> list[Any]:
        """What is at a path; ``a.b|c`` is ``a.b`` and ``a.c``."""
        row, dot, names = key.rpartition(".")
        keys = [f"{row}{dot}{name}" for name in names.split("|")]
        return [value for one in keys for value in self._by_key.get(one, [])]

    def rows(self, key: str) -> int:
        """How many rows a list has, wherever it is."""
        pattern = re.compile(rf"(?:^|[.\]]){re.escape(key)}\[(\d+)\]")
        found = [int(match[1]) + 1 for path in self._paths if (match := pattern.search(path))]
        return max(found, default=0)


def _keys(path: str) -> set[str]:
    """``call[0].a.b[1].c.d``: found as d of b[1], with and without the call, and in full."""
    call, _, rest = path.partition(".")
    if not rest:
        return {path}
    *parents, last = rest.split(".")
    kept = [part for part in parents if "[" in part]
    return {rest, ".".join([*kept, last]), ".".join([call, *kept, last])}


class Places(NamedTuple):
    """Where a client puts a message's fields, if not under their own names.

    ``names`` has ``message.field`` or, for all messages, ``field``: the name of the place.
    ``left_out`` has those that it does not hold, with the reason; ``bits`` has masks, with the
    names of the flags that a client makes of them, the lowest bit first.
    """

    names: Mapping[str, str]
    left_out: Mapping[str, str]
    bits: Mapping[str, tuple[str, ...]]

    def key(self, message: str, leaf: Leaf) -> str:
        """The end of the path at which the leaf has to be."""
        parts, seen = [], ""
        for part in leaf.path.split("."):
            name, bracket, index = part.partition("[")
            seen = f"{seen}.{name}" if seen else name
            known = self.names.get(f"{message}.{seen}") or self.names.get(name) or name
            parts.append(known + bracket + index)
        return ".".join(parts)

    def parts(self, message: str, leaf: Leaf, key: str) -> Iterator[tuple[Leaf, str]]:
        """The leaf and its key, or its flags and theirs."""
        flags = self.bits.get(f"{message}.{leaf.name}")
        if flags is None:
            yield leaf, key
            return
        row = key.rpartition(".")[0]
        for bit, flag in enumerate(flags):
            yield Leaf(leaf.path, "b", bool(leaf.value >> bit & 1)), f"{row}.{flag}".lstrip(".")

    def without(self, message: str, leaf: Leaf) -> bool:
        return f"{message}.{leaf.name}" in self.left_out or leaf.name in self.left_out


def same(leaf: Leaf, held: Any) -> bool:
    """A value is the same however a client types it."""
    sent = leaf.value
    if isinstance(held, datetime):
        return bool(
            held.timestamp() == sent
            if isinstance(sent, int)
            else held.strftime("%Y%m%d %H:%M:%S") == sent
        )
    if sent is None:
        return held in UNSET
    if isinstance(held, bool) and leaf.kind == "s":
        return held is (sent == CONJUNCTION)
    if leaf.kind == "s":
        return bool(sent in _read(held) if isinstance(held, str) else _text_of(sent, held))
    if isinstance(held, bool) or leaf.kind == "b":
        return held in {True, False} and bool(held) is bool(sent)
    return held is not None and held != "" and _number(held) == _number(sent)


def _read(held: str) -> tuple[str, str]:
    """A text as it came and without escapes: some clients leave them in error messages."""
    return held, held.encode().decode("unicode-escape") if held.isascii() else held


def _text_of(sent: str, held: Any) -> bool:
    return sent == "" if held in UNSET else float(sent or 0) == float(held)


def _number(value: Any) -> float:
    return float(value) if not isinstance(value, Decimal) else float(str(value))


def differences(
    message: str, fields: Iterable[Leaf], held: Held, places: Places
) -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield each leaf that is not where it should be: its path, its value, what is there."""
    for leaf in fields:
        if places.without(message, leaf):
            continue
        key = places.key(message, leaf)
        if leaf.kind == "#":
            if held.rows(key) != leaf.value:
                yield leaf.path, leaf.value, [held.rows(key)]
            continue
        for part, at in places.parts(message, leaf, key):
            found = held.values(at)
            if not found or not all(same(part, each) for each in found):
                yield leaf.path, part.value, found
