"""From merged layers to a ``Config``: every mistake is found at once, each with its place.

Values are converted key by key, so that an unknown key, a wrong type and a value out of bounds are
reported together, with file and line and, for a name that is nearly right, the right one.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import NODEFAULT

from robotrader.config import layers, rules, secrets
from robotrader.config.schema import Config, SecretRef
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.config.layers import Layer, Merged, Path

DEFAULT: Final = "default"


class Resolved(msgspec.Struct, frozen=True):
    """A valid configuration, where each of its values came from, and its hash."""

    config: Config
    profile: str
    origins: dict[str, str]
    """``file:line``, variable, option or ``default`` by key, as ``risk.max_gross``."""

    hash: str


class InvalidConfigError(ConfigurationError):
    """What is wrong with a configuration, a line for each mistake."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class BrokenRuleError(InvalidConfigError):
    """Every value is right alone; together they do not fit."""


def resolve(stack: Iterable[Layer], profile: str) -> Resolved:
    """Merge and check; raises InvalidConfigError with everything that is wrong."""
    merged = layers.merge(stack)
    reader = _Reader(merged)
    config = reader.struct(Config, merged.tree, ())
    reader.check_literals()
    if reader.mistakes or config is None:
        raise InvalidConfigError(reader.mistakes)
    for path, says in rules.broken(config, profile):
        reader.say(path, says)
    if reader.mistakes:
        raise BrokenRuleError(reader.mistakes)
    return Resolved(config, profile, _origins(config, merged), digest(config))


def digest(config: Config) -> str:
    """Return the SHA-256 of a configuration, in hex: equal for equal values in any order."""
    tree = msgspec.to_builtins(config, builtin_types=(Decimal,))
    return hashlib.sha256(msgspec.json.encode(_normal(tree), order="sorted")).hexdigest()


def _normal(value: Any) -> Any:
    """Return a value in which equal decimals are written alike."""
    if isinstance(value, dict):
        return {name: _normal(inner) for name, inner in value.items()}
    return str(value.normalize()) if isinstance(value, Decimal) else value


def flat(config: Config) -> dict[str, Any]:
    """Return every value by its key; arrays and ``params`` as they are."""
    tree = msgspec.to_builtins(config, builtin_types=())
    return {layers.dotted(path): value for path, value in _leaves(tree, ())}


def _leaves(tree: dict[str, Any], path: Path) -> Iterable[tuple[Path, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict) and value and name != "params":
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _origins(config: Config, merged: Merged) -> dict[str, str]:
    return {key: _origin(merged, tuple(key.split("."))) for key in flat(config)}


def _origin(merged: Merged, path: Path) -> str:
    """Return where a key was set; a table like ``params`` was set where its first key was."""
    if path in merged.places:
        return merged.places[path]
    below = (place for known, place in merged.places.items() if known[: len(path)] == path)
    return next(below, DEFAULT)


def _place(merged: Merged, path: Path) -> str:
    """Return where the nearest written key is: the key itself, or the table it would be in."""
    for length in range(len(path), 0, -1):
        if path[:length] in merged.places:
            return merged.places[path[:length]]
    return DEFAULT


class _Reader:
    """Converts a tree by the structs and keeps what is wrong."""

    def __init__(self, merged: Merged) -> None:
        self._merged = merged
        self._references: set[Path] = set()
        self.mistakes: list[str] = []

    def say(self, path: Path, what: str) -> None:
        """Note what is wrong with a key, and where it was written."""
        self.mistakes.append(f"{_place(self._merged, path)}: {layers.dotted(path)}: {what}")

    def check_literals(self) -> None:
        """Refuse secrets and naive times, wherever they are; references are known by now."""
        for path in layers.naive_times(self._merged.tree):
            self.say(path, "a date or time without a zone: write its offset, as 09:30:00Z")
        for path, value in layers.values(self._merged.tree):
            if path[:-1] in self._references and not secrets.secret_form(str(value)):
                continue
            if isinstance(value, str) and secrets.suspicious(path, value):
                self.say(path, secrets.REMEDY)

    def struct(self, kind: type[Any], tree: Any, path: Path) -> Any:
        """Return a struct of ``kind``, or None if anything in it is wrong."""
        if not isinstance(tree, dict):
            return self.say(path, f"expected a section, got {_shown(path, tree)}")
        if kind is SecretRef:
            self._references.add(path)
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name in sorted(tree.keys() - fields.keys()):
            self.say((*path, name), f"unknown key{_hint(name, fields)}")
        before = len(self.mistakes)
        made: dict[str, Any] = {}
        for name, field in fields.items():
            if name in tree:
                made[field.name] = self.value(field.type, tree[name], (*path, name))
            elif field.default is NODEFAULT and field.default_factory is NODEFAULT:
                self.say((*path, name), "is required and not set")
        return kind(**made) if len(self.mistakes) == before else None

    def value(self, kind: Any, value: Any, path: Path) -> Any:
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            return self.struct(bare, value, path)
        if get_origin(bare) is dict and _is_struct(get_args(bare)[1]):
            return self._named(get_args(bare)[1], value, path)
        if get_origin(bare) is tuple and _is_struct(get_args(bare)[0]) and isinstance(value, list):
            return tuple(self.struct(get_args(bare)[0], item, path) for item in value)
        return self._leaf(kind, bare, value, path)

    def _named(self, kind: type[Any], value: Any, path: Path) -> Any:
        """Return structs by name; the names are the user's."""
        if not isinstance(value, dict):
            return self.say(path, f"expected named sections, got {_shown(path, value)}")
        for name in value:
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,63}", name):
                self.say((*path, name), "is no name: letters, digits and _, at most 64")
        return {name: self.struct(kind, inner, (*path, name)) for name, inner in value.items()}

    def _leaf(self, kind: Any, bare: Any, value: Any, path: Path) -> Any:
        value = _spoken(bare, value)
        if any(isinstance(item, float) and not math.isfinite(item) for _, item in _each(value)):
            return self.say(path, "is not a finite number")
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            text = str(error).replace("`", "").lower()
            return self.say(path, f"{text}; the value is {_shown(path, value)}")


def _each(value: Any) -> Iterable[tuple[Path, Any]]:
    return layers.values({"": value})


def _spoken(bare: Any, value: Any) -> Any:
    """Return what an unquoted value means: text where its key wants text, else TOML."""
    if isinstance(value, layers.Text):
        wants_text = isinstance(bare, type) and issubclass(bare, str)
        quoted = value[:1] in {'"', "'"}
        return str(value) if wants_text and not quoted else layers.parsed(value)
    if isinstance(value, dict):
        return {name: _spoken(None, inner) for name, inner in value.items()}
    return value


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f": did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def _shown(path: Path, value: Any) -> str:
    """Return a value for a message, not too long, and never a secret."""
    if any(isinstance(item, str) and secrets.suspicious(path, item) for _, item in _each(value)):
        return "not shown"
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
