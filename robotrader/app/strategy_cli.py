"""``robotrader strategy ls|show|check|new``: what strategies there are, and if they are sound."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader import strategies as box
from robotrader.adapters.loader import load, load_class
from robotrader.app import exits, strategy_check, strategy_new
from robotrader.app.config_files import from_arguments
from robotrader.app.strategy_find import section
from robotrader.domain.errors import StrategyError

if TYPE_CHECKING:
    import argparse

_BOUNDS: Final = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_BASES: Final = (box.Spread, box.Strategy, box.Told, box.ToldSpread, box.Turns)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; 2 if a strategy cannot be used, with one line on standard error."""
    return exits.guarded(lambda: _guarded(arguments))


def _guarded(arguments: argparse.Namespace) -> int:
    try:
        return _VERBS[arguments.verb](arguments)
    except box.StrategyCrash as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.ERROR
    except StrategyError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.USAGE


class Listed(msgspec.Struct, frozen=True):
    """A strategy that there is; one of the box has no section yet."""

    name: str
    where: str
    symbols: tuple[str, ...] = ()
    bar: str = ""
    state: str = ""


def _ls(arguments: argparse.Namespace) -> int:
    rows = _listed(arguments)
    if arguments.json:
        print(msgspec.json.encode(rows).decode())
        return exits.OK
    for row in () if arguments.quiet else rows:
        more = f"{', '.join(row.symbols)}  {row.bar}" if row.symbols else ""
        print(f"{row.state:<5}{row.name:<18}{row.where}  {more}".rstrip())
    return exits.OK


def _listed(arguments: argparse.Namespace) -> list[Listed]:
    config = from_arguments(arguments).config
    rows = [
        Listed(name, each.class_, each.symbols, each.bar, "on" if each.enabled else "off")
        for name, each in sorted(config.strategy.items())
    ]
    for name in sorted(box.__all__):
        found = getattr(box, name)
        if isinstance(found, type) and issubclass(found, box.Strategy) and found not in _BASES:
            rows.append(Listed(name, f"{found.__module__}:{name}", state="box"))
    return rows


class Parameter(msgspec.Struct, frozen=True):
    """A parameter, its value and its bounds in words."""

    name: str
    value: Any
    bounds: str


class Shown(msgspec.Struct, frozen=True):
    """What a strategy says of itself."""

    name: str
    where: str
    warmup_bars: int
    parameters: tuple[Parameter, ...]


def _show(arguments: argparse.Namespace) -> int:
    shown = _shown(arguments)
    if arguments.json:
        print(msgspec.json.encode(shown).decode())
        return exits.OK
    for line in () if arguments.quiet else _lines(shown):
        print(line)
    return exits.OK


def _shown(arguments: argparse.Namespace) -> Shown:
    name, config = section(arguments)
    chosen = config.strategy[name]
    found, strategy = load_class(chosen.class_), load(chosen.class_, chosen.params)
    parameters = tuple(
        Parameter(field.encode_name, getattr(strategy.params, field.name), _bounds(field.type))
        for field in msgspec.structs.fields(found.Params)
    )
    return Shown(found.__name__, chosen.class_, strategy.warmup_bars, parameters)


def _lines(shown: Shown) -> list[str]:
    lines = [f"{shown.name}: warms up on {shown.warmup_bars} bars"]
    for each in shown.parameters:
        bounds = f"  ({each.bounds})" if each.bounds else ""
        lines.append(f"  {each.name} = {each.value!r}{bounds}")
    return lines


def _bounds(kind: Any) -> str:
    """Return the bounds of an annotation, as ``>= 1, <= 1000``."""
    text = []
    for part in (kind, *getattr(kind, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            pairs = ((sign, getattr(meta, name, None)) for name, sign in _BOUNDS.items())
            text += [f"{sign} {bound}" for sign, bound in pairs if bound is not None]
    return ", ".join(text)


_VERBS: Final = {
    "ls": _ls,
    "show": _show,
    "check": strategy_check.check,
    "new": strategy_new.new,
}
