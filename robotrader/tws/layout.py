"""The small language in which message layouts are written, and its reader.

A layout is text, so that the tables can be held side by side with a description of the protocol:

- ``V8`` is a version field that always says 8; ``V8<164`` exists only below server version 164.
- ``price:d`` is a field and its kind: s text (the default), i integer, b 0/1, d double, p double
  without a needless ``.0``, q quantity (an integer below server version 163), De/Ie a double or
  integer whose unset form is empty, Dm/Im one whose unset form is the largest value of its type.
- ``duration:Im≥158`` exists from that server version on, ``faProfile<177`` below it.
- ``#legs(...)`` is a count and as many groups; ``#conditions(...) then(...)`` adds fields after
  the groups if there are any. A group of the one field ``v`` is a list of values.
- ``?secType=BAG(...)`` exists if that field has that value (``a|b``: one of them; ``_`` stands for
  a blank), ``?algoStrategy(...)`` if it is neither empty nor 0; ``?exchange=IBKRATS≥170(...)`` is
  not there at all below that server version.
- A name in capitals, as ``CONTRACT12``, is a group of fields that many messages share.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

KINDS: Final = frozenset({"s", "i", "b", "d", "p", "q", "De", "Ie", "Dm", "Im"})

_CONTRACT_HEAD: Final = (
    "conId:i symbol secType lastTradeDate strike:{strike} right multiplier exchange"
)
_CONTRACT_TAIL: Final = "currency localSymbol tradingClass"
SHARED: Final = {
    "CONTRACT12": f"{_CONTRACT_HEAD.format(strike='De')} primaryExchange {_CONTRACT_TAIL}",
    "CONTRACT11": f"{_CONTRACT_HEAD.format(strike='d')} {_CONTRACT_TAIL}",
    "CONTRACT11o": f"{_CONTRACT_HEAD.format(strike='p')} {_CONTRACT_TAIL}",
}

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<close>\))"
    r"|#(?P<group>\w+)(?P<group_gates>(?:[≥<]\d+)*)\("
    r"|(?P<then>then)\("
    r"|\?(?P<cond>\w+)(?:=(?P<values>[\w|]+))?(?P<cond_gates>(?:[≥<]\d+)*)\("
    r"|V(?P<version>\d+)(?P<version_gates>(?:[≥<]\d+)*)(?=[\s)]|$)"
    r"|(?P<name>\w+)(?::(?P<kind>\w+))?(?P<gates>(?:[≥<]\d+)*))"
)
_GATE: Final = re.compile(r"([≥<])(\d+)")


class Field(msgspec.Struct, frozen=True):
    """One value on the wire."""

    name: str
    kind: str = "s"


class Version(msgspec.Struct, frozen=True):
    """The message's own version number: always the same."""

    number: int


class Group(msgspec.Struct, frozen=True):
    """A count, as many times ``items``, then ``tail`` if the count is not 0."""

    name: str
    items: tuple[Item, ...]
    tail: tuple[Item, ...] = ()


class When(msgspec.Struct, frozen=True):
    """``items`` if the field has one of ``values``; without values, if it is not empty or 0."""

    name: str
    values: tuple[str, ...]
    items: tuple[Item, ...]


Item: TypeAlias = Field | Version | Group | When


def table(text: str) -> dict[str, tuple[int, str]]:
    """Read lines of id, name and layout into layouts by name; a line may go on, indented."""
    lines = re.sub(r"\n\s+", " ", text.strip()).splitlines()
    words = (line.split(maxsplit=2) for line in lines)
    return {name: (int(number), "".join(rest)) for number, name, *rest in words}


def parse(text: str, version: int) -> tuple[Item, ...]:
    """Read a layout as it is at server version ``version``."""
    items, rest = _items(_expanded(text).strip(), version)
    assert not rest, f"unbalanced layout: {rest!r}"
    return items


def changes(text: str) -> frozenset[int]:
    """Return the server versions at which a layout becomes another one."""
    return frozenset(int(bound) for _, bound in _GATE.findall(_expanded(text)))


def _expanded(text: str) -> str:
    return re.sub(r"\bCONTRACT\w+", lambda match: SHARED[match[0]], text)


def _items(text: str, version: int) -> tuple[tuple[Item, ...], str]:
    """Read up to the closing bracket; return the items and what follows."""
    items: list[Item] = []
    while text:
        match = _TOKEN.match(text)
        assert match is not None, f"not understood: {text[:40]!r}"
        text = text[match.end() :]
        if match["close"]:
            break
        if match["then"]:
            tail, text = _items(text, version)
            if isinstance(items[-1], Group):
                items[-1] = Group(items[-1].name, items[-1].items, tail)
        elif match["group"] or match["cond"]:
            inner, text = _items(text, version)
            items += _bracketed(match, inner, version)
        else:
            items += _plain(match, version)
    return tuple(items), text


def _bracketed(match: re.Match[str], inner: tuple[Item, ...], version: int) -> list[Item]:
    gates = match["cond_gates"] if match["cond"] else match["group_gates"]
    if not _exists(gates, version):
        return []
    if match["cond"]:
        values = tuple((match["values"] or "").replace("_", " ").split("|"))
        return [When(match["cond"], values if values != ("",) else (), inner)]
    return [Group(match["group"], inner)]


def _plain(match: re.Match[str], version: int) -> list[Item]:
    if match["version"]:
        number = int(match["version"])
        return [Version(number)] if _exists(match["version_gates"], version) else []
    kind = match["kind"] or "s"
    assert kind in KINDS, f"{match['name']}: no kind {kind!r}"
    return [Field(match["name"], kind)] if _exists(match["gates"], version) else []


def _exists(gates: str, version: int) -> bool:
    for sign, bound in _GATE.findall(gates) if gates else ():
        if (version < int(bound)) == (sign == "≥"):
            return False
    return True
