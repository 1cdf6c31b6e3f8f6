"""Makes one Python function of a layout, in each direction.

A layout is walked once; what comes out is straight-line source with a line for each field, so that
an encoder is one join and a decoder one pass, and the line number of a failure names its field. The
source is built from the tables in this package and from nothing that comes over the wire.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.tws import wire
from robotrader.tws.layout import Field, Group, Item, Version, When

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Fields = dict[str, Any]
    Encoder = Callable[[Fields], list[str]]
    Decoder = Callable[[list[str]], tuple[Fields, int]]

FRACTIONAL_FROM: Final = 163
"""Server version from which sizes may have decimals; below, they are integers."""

_NAMES: Final = {name: getattr(wire, name) for name in wire.__all__} | {"Decimal": Decimal}


class _Writer:
    """Source, with the name of the field that each line deals with."""

    def __init__(self, version: int) -> None:
        self.lines: list[str] = []
        self.fields: list[str] = []
        self.names: set[str] = set()
        self._indent = ""
        self._depth = 0
        self._fractional = version >= FRACTIONAL_FROM

    def put(self, line: str, field: str = "") -> None:
        """Add a line."""
        self.lines.append(self._indent + line)
        self.fields.append(field)

    def inside(self, line: str, field: str = "") -> None:
        """Add a line that opens a block."""
        self.put(line, field)
        self._indent += "    "

    def outside(self) -> None:
        """End a block."""
        self._indent = self._indent[:-4]

    def kind(self, field: Field) -> str:
        """Return the kind of a field, where a quantity is one of two."""
        return {True: "qd", False: "qi"}[self._fractional] if field.kind == "q" else field.kind

    # -- encoding: the list ``a`` gets the texts of the fields of the dict ``f`` --

    def encode(self, items: Iterable[Item], source: str) -> None:
        """Write the encoder of ``items`` whose values are in the dict called ``source``."""
        run: list[str] = []
        for item in items:
            if isinstance(item, Version):
                run.append(f"'{item.number}'")
            elif isinstance(item, Field):
                self.names.add(item.name)
                run.append(self._text(item, source))
            else:
                self._flush(run)
                run = []
                self._encode_block(item, source)
        self._flush(run)

    def _text(self, field: Field, source: str) -> str:
        default = "''" if field.kind == "s" else "0" if field.kind in _ZERO else "None"
        return f"{_TO_TEXT[self.kind(field)]}({source}('{field.name}', {default}))"

    def _flush(self, run: list[str]) -> None:
        if run:
            self.put(f"a += ({', '.join(run)},)")

    def _encode_block(self, item: Item, source: str) -> None:
        if isinstance(item, When):
            self.inside(f"if {_condition(item, f'{source}({item.name!r})')}:", item.name)
            self.encode(item.items, source)
            self.outside()
            return
        assert isinstance(item, Group), "a field would not come here"
        self.names.add(item.name)
        self._depth += 1
        group, one = f"g{self._depth}", f"o{self._depth}"
        self.put(f"{group} = {source}('{item.name}') or ()", item.name)
        self.put(f"a.append(str(len({group})))")
        self.inside(f"for {one} in {group}:")
        if _is_plain(item):
            self._flush([f"{_TO_TEXT[self.kind(_only(item))]}({one})"])
        else:
            self.encode(item.items, f"{one}.get")
        self.outside()
        if item.tail:
            self.inside(f"if {group}:")
            self.encode(item.tail, source)
            self.outside()
        self._depth -= 1

    # -- decoding: the dict ``f`` gets the values of the texts ``t``, read from index ``i`` --

    def decode(self, items: Iterable[Item], target: str) -> None:
        """Write the decoder of ``items`` into the dict called ``target``."""
        for item in items:
            if isinstance(item, Version):
                self.put("int(t[i]); i += 1", "version")
            elif isinstance(item, Field):
                value = _FROM_TEXT[self.kind(item)]
                self.put(f"{target}['{item.name}'] = {value}; i += 1", item.name)
            else:
                self._decode_block(item, target)

    def _decode_block(self, item: Item, target: str) -> None:
        if isinstance(item, When):
            self.inside(f"if {_condition(item, f'{target}[{item.name!r}]')}:", item.name)
            self.decode(item.items, target)
            self.outside()
            return
        assert isinstance(item, Group), "a field would not come here"
        self._depth += 1
        group, one = f"g{self._depth}", f"o{self._depth}"
        self.put(f"{group} = {target}['{item.name}'] = []", item.name)
        self.put(f"n{self._depth} = count(t[i], len(t) - i); i += 1", item.name)
        self.inside(f"for _ in range(n{self._depth}):")
        if _is_plain(item):
            self.put(f"{group}.append({_FROM_TEXT[self.kind(_only(item))]}); i += 1", item.name)
        else:
            self.put(f"{one} = {{}}")
            self.decode(item.items, one)
            self.put(f"{group}.append({one})")
        self.outside()
        if item.tail:
            self.inside(f"if {group}:")
            self.decode(item.tail, target)
            self.outside()
        self._depth -= 1


_ZERO: Final = frozenset({"i", "b", "d", "p", "q"})
"""Kinds whose field is 0 when nothing is given; None stands for an unset value."""

_TO_TEXT: Final = {
    "s": "text",
    "i": "integer",
    "b": "flag",
    "d": "double",
    "p": "trimmed",
    "qd": "quantity",
    "qi": "whole",
    "De": "double_or_empty",
    "Ie": "integer_or_empty",
    "Dm": "double",
    "Im": "integer",
}
_FROM_TEXT: Final = {
    "s": "t[i]",
    "i": "int(t[i])",
    "b": "BOOL[t[i]]",
    "d": "number(t[i])",
    "p": "number(t[i])",
    "qd": "size(t[i])",
    "qi": "size(t[i])",
    "De": "(number(t[i]) if t[i] else None)",
    "Ie": "(whole_number(t[i]) if t[i] else None)",
    "Dm": "(number(t[i]) if t[i] else None)",
    "Im": "(whole_number(t[i]) if t[i] else None)",
}


def _is_plain(group: Group) -> bool:
    """A group whose one item is called ``v`` is a list of values."""
    return len(group.items) == 1 and isinstance(group.items[0], Field) and _only(group).name == "v"


def _only(group: Group) -> Field:
    field = group.items[0]
    assert isinstance(field, Field), "only asked where it is one"
    return field


def _condition(when: When, value: str) -> str:
    if not when.values:
        return value
    values = tuple(int(each) if each.isdigit() else each for each in when.values)
    if values == ("inf",):
        return f"{value} == INFINITY"
    return f"{value} in {values!r}"


def encoder(items: tuple[Item, ...], version: int) -> tuple[Encoder, frozenset[str]]:
    """Return the function from fields to texts, and the names of the fields that it reads."""
    writer = _Writer(version)
    writer.inside("def run(f):")
    writer.put("g = f.get; a = []")
    writer.encode(items, "g")
    writer.put("return a")
    function, _ = _made(writer, "encoder")
    return function, frozenset(writer.names)


def names_in(items: tuple[Item, ...]) -> frozenset[str]:
    """Return the names of the fields that an encoder of ``items`` reads."""
    writer = _Writer(FRACTIONAL_FROM)  # the version decides how a value is written, not which
    writer.encode(items, "g")
    return frozenset(writer.names)


def decoder(items: tuple[Item, ...], version: int) -> tuple[Decoder, list[str]]:
    """Return the function from texts to fields and their number, and the field of each line."""
    writer = _Writer(version)
    writer.inside("def run(t):")
    writer.put("f = {}; i = 0")
    writer.decode(items, "f")
    writer.put("return f, i")
    return _made(writer, "decoder")


def _made(writer: _Writer, name: str) -> tuple[Any, list[str]]:
    scope: dict[str, Any] = dict(_NAMES)
    code = compile("\n".join(writer.lines), f"<tws {name}>", "exec")
    exec(code, scope)  # noqa: S102 - the source is made of our own tables
    return scope["run"], writer.fields
