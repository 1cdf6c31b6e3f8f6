"""``robotrader data import|ls|gaps|verify|export|synth``: the catalogue of prices on this disk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.adapters.bundled import NoBundledData
from robotrader.adapters.calendar import CalendarError
from robotrader.app import data_tables, exits
from robotrader.app.catalogue_data import catalogue_of
from robotrader.app.config_files import from_arguments
from robotrader.app.data_export import exported
from robotrader.app.data_import import taken
from robotrader.app.data_looks import asked, judged, looked
from robotrader.app.data_synth import drawn
from robotrader.app.tables import console
from robotrader.market.quality import DataError

if TYPE_CHECKING:
    import argparse

    from rich.console import RenderableType

    from robotrader.adapters.catalogue import Catalogue


def run(arguments: argparse.Namespace) -> int:
    """Run a command on the catalogue; returns the exit status."""
    return exits.guarded(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    catalogue = catalogue_of(from_arguments(arguments).config)
    try:
        return _VERBS[arguments.verb](catalogue, arguments)
    except (DataError, CalendarError, NoBundledData) as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.USAGE


def _say(answer: Any, shown: RenderableType, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(msgspec.json.encode(answer).decode())
    else:
        console(no_color=arguments.no_color, quiet=arguments.quiet).print(shown)


def _import(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    answer = taken(catalogue, arguments)
    _say(answer, data_tables.taken(answer), arguments)
    return exits.OK


def _ls(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    entries = asked(catalogue.entries(), arguments)
    symbols = arguments.symbols or catalogue.symbols_with_actions()
    known = {symbol: len(catalogue.actions(symbol)) for symbol in symbols}
    known = {symbol: count for symbol, count in known.items() if count}
    shown = data_tables.listed(entries, known, str(catalogue.root))
    _say({"series": entries, "actions": known}, shown, arguments)
    return exits.OK


def _gaps(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    answer = looked(catalogue, arguments)
    _say(answer, data_tables.looks(answer), arguments)
    return exits.OK


def _verify(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    answer = judged(catalogue, arguments)
    with exits.whoever_reads():
        _say(answer, data_tables.judged(answer), arguments)
    return exits.OK if answer.good else exits.UNHEALTHY


def _export(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    answer = exported(catalogue, arguments)
    _say(answer, data_tables.written(answer), arguments)
    return exits.OK


def _synth(catalogue: Catalogue, arguments: argparse.Namespace) -> int:
    answer = drawn(catalogue, arguments)
    _say(answer, data_tables.taken(answer), arguments)
    return exits.OK


_VERBS: Final = {
    "export": _export,
    "gaps": _gaps,
    "import": _import,
    "ls": _ls,
    "synth": _synth,
    "verify": _verify,
}
