"""``robotrader strategy check``: whether a strategy can be loaded, and with which parameters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from robotrader.adapters.loader import load, load_class
from robotrader.domain.errors import StrategyError

if TYPE_CHECKING:
    import argparse

_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def run(arguments: argparse.Namespace) -> int:
    """Show a strategy; 0 if it can be used, 2 if not, with one line on standard error."""
    try:
        for line in _shown(arguments.where, _given(arguments.param)):
            print(line)
    except StrategyError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return 2
    return 0


def _given(texts: list[str]) -> dict[str, object]:
    given: dict[str, object] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            msg = f"--param {text}: write NAME=VALUE"
            raise StrategyError(msg)
        try:
            given[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            given[name] = value
    return given


def _shown(where: str, given: dict[str, object]) -> list[str]:
    found = load_class(where)
    strategy = load(where, given)
    lines = [f"{found.__name__}: warms up on {strategy.warmup_bars} bars"]
    for field in msgspec.structs.fields(found.Params):
        value = getattr(strategy.params, field.name)
        lines.append(f"  {field.encode_name} = {value!r}{_bounds(field.type)}")
    return lines


def _bounds(kind: Any) -> str:
    """Return the bounds of an annotation, as ``(>= 1, <= 1000)``."""
    text = []
    for part in (kind, *getattr(kind, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            pairs = ((sign, getattr(meta, name, None)) for name, sign in _BOUNDS.items())
            text += [f"{sign} {bound}" for sign, bound in pairs if bound is not None]
    return f"  ({', '.join(text)})" if text else ""
