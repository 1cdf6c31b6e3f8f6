"""Layers of configuration: where each value was written, and which of two wins.

A layer is what one file, the environment or the command line says. Later layers win key by key:
tables are merged, everything else, arrays included, is replaced as a whole.
"""

from __future__ import annotations

import tomllib
from datetime import date, time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str, ...]
"""The names that lead to a key, outermost first."""

PREFIX: Final = "ROBOTRADER__"
LONGEST_FILE: Final = 1 << 20
"""Characters of a file at most: more is a mistake, not a configuration."""


class Layer(msgspec.Struct, frozen=True):
    """What one source says: its tables, and where each key stands, as ``file:line``."""

    name: str
    tree: dict[str, Any]
    places: dict[Path, str]


class Merged(msgspec.Struct, frozen=True):
    """All layers together; ``places`` says for each key which source it came from."""

    tree: dict[str, Any]
    places: dict[Path, str]


def dotted(path: Iterable[str]) -> str:
    """Return a key as it is written in messages: ``risk.max_gross``."""
    return ".".join(path)


def from_toml(name: str, text: str) -> Layer:
    """Read a file's text. Raises ConfigurationError where it is no TOML."""
    if len(text) > LONGEST_FILE:
        msg = f"{name}: {len(text)} characters are no configuration: at most {LONGEST_FILE}"
        raise ConfigurationError(msg)
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"{name}: {error}"
        raise ConfigurationError(msg) from None
    places = {path: f"{name}:{line}" for path, line in lines(text).items()}
    return Layer(name, tree, places)


def from_environment(environ: Mapping[str, str]) -> Layer:
    """Read ``ROBOTRADER__A__B=value``; a name without a key is refused."""
    layer = Layer("environment", {}, {})
    for name in sorted(environ):
        if name.startswith(PREFIX):
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            _put(layer, path, environ[name], f"environment variable {name}")
    return layer


def from_settings(settings: Iterable[str]) -> Layer:
    """Read the command line's ``--set a.b=value``; later ones win."""
    layer = Layer("command line", {}, {})
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            msg = f"--set {setting!r} has no value: write --set KEY=VALUE, as risk.max_gross=0.5"
            raise ConfigurationError(msg)
        _put(layer, tuple(key.strip().split(".")), value.strip(), f"--set {key.strip()}")
    return layer


class Text(str):
    """A value that was written without TOML's quotes: its key decides what it is."""

    __slots__ = ()


def _put(layer: Layer, path: Path, value: str, place: str) -> None:
    if not all(path):
        msg = f"{place}: {dotted(path)!r} is no key: a name is empty"
        raise ConfigurationError(msg)
    table = layer.tree
    for name in path[:-1]:
        below = table[name] = _opened(table.get(name, {}))
        if not isinstance(below, dict):
            msg = f"{place}: {name} is a value of another setting, not a section"
            raise ConfigurationError(msg)
        table = below
    _forget(layer.places, path)
    table[path[-1]] = Text(value)
    layer.places[path] = place


class _Whole(dict[str, Any]):
    """A table that was written as one value: it takes the place of what stood there before."""


def _opened(value: Any) -> Any:
    """Return the table that a value was written as, ``{ fast = 5 }``, so that keys of it can be
    set by others; anything else as it is.
    """
    table = parsed(value) if isinstance(value, Text) else None
    return _Whole(table) if isinstance(table, dict) else value


def parsed(text: str) -> Any:
    """Return what ``text`` is as a TOML value, or ``text`` itself where it is none."""
    try:
        values = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return str(text)
    return values["value"] if len(values) == 1 else str(text)


def merge(layers: Iterable[Layer]) -> Merged:
    """Put layers on each other, the last on top."""
    merged = Merged({}, {})
    for layer in layers:
        _overlay(merged, layer, merged.tree, layer.tree, ())
    return merged


def _overlay(
    merged: Merged, layer: Layer, below: dict[str, Any], above: dict[str, Any], path: Path
) -> None:
    for name, value in above.items():
        here = (*path, name)
        if isinstance(value, dict) and name in below:
            below[name] = _opened(below[name])
        both = isinstance(value, dict) and isinstance(below.get(name), dict)
        if not both or isinstance(value, _Whole):
            _forget(merged.places, here)
            below[name] = {} if isinstance(value, dict) else value
        if isinstance(value, dict):
            _overlay(merged, layer, below[name], value, here)
        if here in layer.places:
            merged.places[here] = layer.places[here]


def _forget(places: dict[Path, str], path: Path) -> None:
    """Drop where the keys below a table stood, which was replaced."""
    for known in [known for known in places if known[: len(path)] == path]:
        del places[known]


def same_level(layers: Iterable[Layer]) -> list[str]:
    """Return a line for each key that two files of the same level set: neither would win."""
    seen: dict[Path, str] = {}
    found = []
    for layer in layers:
        for path in leaves(layer.tree):
            place = layer.places.get(path, layer.name)
            if path in seen:
                found.append(f"{place}: {dotted(path)} is set in {seen[path]} too: keep one")
            seen.setdefault(path, place)
    return found


def leaves(tree: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in ``tree`` that is no table."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name)


def naive_times(tree: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the path of each value that is a date or a time without its zone."""
    for path, value in _values(tree, ()):
        if isinstance(value, date | time) and getattr(value, "tzinfo", None) is None:
            yield path


def _values(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner, path)
    else:
        yield path, value


def values(tree: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield path and value of everything that is no table; an array's items have its path."""
    return _values(tree, ())


def lines(text: str) -> dict[Path, int]:
    """Return the line, from 1 on, on which each key and each table of a TOML text begins.

    ``tomllib`` does not tell. A statement is read alone: it ends with the first line that
    makes it valid, because an open string or array is not. Keys of an array's tables have no line
    of their own: an array is one value.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    waiting: list[str] = []
    first = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not waiting and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = first if waiting else number
        waiting.append(line)
        if len(waiting) > 1 and "#" not in line and line.rstrip().endswith(","):
            continue  # no statement ends so: an array of thousands is not parsed at every item
        if (statement := _statement("\n".join(waiting))) is None:
            continue
        waiting.clear()
        if line.lstrip().startswith("[") and first == number:
            table = _only_path(statement)
            found.setdefault(table, first)
        else:
            _note(found, statement, table, first)
    return found


def _statement(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _only_path(header: dict[str, Any]) -> Path:
    """Return the path that ``[a.b]`` or ``[[a.b]]`` names."""
    path: Path = ()
    inner: Any = header
    while isinstance(inner, dict) and inner:
        name, inner = next(iter(inner.items()))
        path = (*path, name)
    return path


def _note(found: dict[Path, int], tree: dict[str, Any], path: Path, line: int) -> None:
    for name, value in tree.items():
        found.setdefault((*path, name), line)
        if isinstance(value, dict):
            _note(found, value, (*path, name), line)
