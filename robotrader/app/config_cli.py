"""``robotrader config``: show every value and where it comes from, check, compare, document."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.app import exits
from robotrader.app.config_files import from_arguments
from robotrader.config import InvalidConfigError, flat, reference

if TYPE_CHECKING:
    from collections.abc import Callable


class Value(msgspec.Struct, frozen=True):
    """One line of ``config show``."""

    key: str
    value: Any
    origin: str


class Difference(msgspec.Struct, frozen=True):
    """One line of ``config diff``; a key that a profile does not have is ``None``."""

    key: str
    one: Any
    other: Any


def run(arguments: argparse.Namespace) -> int:
    """Run a ``config`` command; returns the exit status."""
    return exits.guarded(lambda: _VERBS[arguments.verb](arguments))


def _show(arguments: argparse.Namespace) -> int:
    resolved = from_arguments(arguments)
    values = [
        Value(key, value, resolved.origins[key]) for key, value in flat(resolved.config).items()
    ]
    if arguments.json:
        _print_json({"profile": resolved.profile, "hash": resolved.hash, "values": values})
        return exits.OK
    from robotrader.app import tables

    columns = ("key", "value", "origin") if arguments.origin else ("key", "value")
    rows = ((v.key, _text(v.value), v.origin)[: len(columns)] for v in values)
    title = f"profile {resolved.profile}, hash {resolved.hash[:12]}"
    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    out.print(tables.table(title, columns, rows))
    return exits.OK


def _check(arguments: argparse.Namespace) -> int:
    try:
        resolved = from_arguments(arguments)
    except InvalidConfigError as error:
        if arguments.json:
            _print_json({"valid": False, "mistakes": error.mistakes})
        else:
            print(error, file=sys.stderr)
        return exits.ERROR
    if arguments.json:
        _print_json({"valid": True, "mistakes": []})
    elif not arguments.quiet:
        print(f"profile {resolved.profile} is valid, mode {resolved.config.mode.value}")
    return exits.OK


def _schema(arguments: argparse.Namespace) -> int:
    if arguments.markdown:
        print(reference.markdown(), end="")
    else:
        _print_json(reference.schema())
    return exits.OK


def _diff(arguments: argparse.Namespace) -> int:
    one, other = (_flat_of(arguments, name) for name in (arguments.one, arguments.other))
    found = [
        Difference(key, one.get(key), other.get(key))
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]
    if arguments.json:
        _print_json(found)
        return exits.OK
    from robotrader.app import tables

    rows = ((found_.key, _text(found_.one), _text(found_.other)) for found_ in found)
    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    out.print(tables.table("", ("key", arguments.one, arguments.other), rows))
    return exits.OK


def _flat_of(arguments: argparse.Namespace, profile: str) -> dict[str, Any]:
    chosen = argparse.Namespace(**{**vars(arguments), "profile": profile})
    return flat(from_arguments(chosen).config)


def _text(value: Any) -> str:
    if value is None:
        return "not there"
    return value if isinstance(value, str) and value else msgspec.json.encode(value).decode()


def _print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def _export(arguments: argparse.Namespace) -> int:
    """Write what other programs read: it is in the package, so that a wheel is enough."""
    from robotrader.app import carried
    from robotrader.app.init_cli import refuse_full

    refuse_full(arguments.folder)
    written = carried.write(arguments.folder, carried.for_others())
    if not arguments.quiet:
        folders = ", ".join(carried.OTHERS)
        print(f"{len(written)} files in {arguments.folder}: {folders}")
    return exits.OK


_VERBS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "show": _show,
    "check": _check,
    "schema": _schema,
    "diff": _diff,
    "export": _export,
}
