"""Random values for every field of a layout, from a seeded generator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from robotrader.tws import layout as layouts
from robotrader.tws.layout import Field, Group, Item, Version, When

WORDS = ("", "AAPL", "SMART", "USD", "DU1234567", "a b", "x" * 40, "Größe 日本")


parse = lru_cache(256)(layouts.parse)
"""As the product's; all messages of a version are drawn, sent and compared in turn."""


def value(field: Field, rng: Random, version: int, *, ascii_only: bool = False) -> Any:
    """A value that the field's kind can carry at that version."""
    kind = field.kind
    if kind == "s":
        return rng.choice(WORDS[:7] if ascii_only else WORDS)
    if kind == "i":
        return rng.choice((0, 1, -1, 7, 265598, 2**31 - 2))
    if kind == "b":
        return rng.random() < 0.5
    if kind == "q":
        return Decimal(rng.randrange(10**6)) / (100 if version >= 163 else 1)
    if kind in {"d", "p"}:
        return rng.choice((0.0, 1.0, -2.5, 196.52, 0.00001, 1234567.891, None))
    if rng.random() < 0.4:
        return None
    return rng.randrange(1000) if kind[0] == "I" else rng.randrange(10**6) / 100


def fields(
    items: tuple[Item, ...], rng: Random, version: int, *, ascii_only: bool = False
) -> dict[str, Any]:
    """Values for all fields that exist, given the values drawn before them."""
    drawn: dict[str, Any] = {}
    wanted = _wanted(items)
    for item in items:
        if isinstance(item, Field):
            asked = wanted.get(item.name, [])
            drawn[item.name] = _drawn(item, rng, version, asked, ascii_only=ascii_only)
        elif isinstance(item, Group):
            drawn |= _group(item, rng, version, ascii_only=ascii_only)
        elif isinstance(item, When) and holds(item, drawn):
            drawn |= fields(item.items, rng, version, ascii_only=ascii_only)
        else:
            assert isinstance(item, (Version, When))
    return drawn


def _drawn(field: Field, rng: Random, version: int, wanted: list[str], *, ascii_only: bool) -> Any:
    """Half of the time, what one of the conditions on this field asks for."""
    if wanted and rng.random() < 0.5:
        chosen = rng.choice(wanted)
        return int(chosen) if field.kind == "i" else float("inf") if chosen == "inf" else chosen
    return value(field, rng, version, ascii_only=ascii_only)


def _wanted(items: tuple[Item, ...]) -> dict[str, list[str]]:
    """What conditions ask for, those inside of others too, by the field that they look at."""
    found = defaultdict[str, list[str]](list)
    for when in _conditions(items):
        found[when.name] += when.values
    return found


def _conditions(items: tuple[Item, ...]) -> Iterator[When]:
    for item in items:
        if isinstance(item, When):
            yield item
            yield from _conditions(item.items)


def _group(item: Group, rng: Random, version: int, *, ascii_only: bool) -> dict[str, Any]:
    many = rng.randrange(4)
    only = item.items[0]
    if len(item.items) == 1 and isinstance(only, Field) and only.name == "v":
        return {item.name: [value(only, rng, version, ascii_only=ascii_only) for _ in range(many)]}
    rows = [fields(item.items, rng, version, ascii_only=ascii_only) for _ in range(many)]
    tail = fields(item.tail, rng, version, ascii_only=ascii_only) if many else {}
    return {item.name: rows} | tail


def holds(when: When, drawn: dict[str, Any]) -> bool:
    """The condition of the layout, judged anew and not by the compiler."""
    have = drawn[when.name]
    if not when.values:
        return bool(have)
    return str(have) in when.values


def message(layout: str, rng: Random, version: int, *, ascii_only: bool = False) -> dict[str, Any]:
    """Values for a whole message."""
    return fields(parse(layout, version), rng, version, ascii_only=ascii_only)
