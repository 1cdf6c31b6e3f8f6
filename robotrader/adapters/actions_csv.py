"""Splits and dividends in a CSV file: ``symbol,date,kind,value``, one a line, with a header.

``kind`` is ``split`` (``value``: new shares for an old one, 4 for 4:1) or ``dividend`` (an amount a
share, as it was paid on that day). ``date`` is the first day without it.
"""

from __future__ import annotations

import csv
from datetime import date
from typing import TYPE_CHECKING, Final

from robotrader.market.actions import Action, ActionKind
from robotrader.market.quality import DataError, Problems

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEADER: Final = ("symbol", "date", "kind", "value")


def read(path: Path) -> dict[str, dict[int, Action]]:
    """Return the actions by symbol, each with the line that it stands on.

    Raises:
        DataError: with every bad line, or because the file is no such table.
        OSError: it cannot be read.
    """
    problems = Problems(str(path))
    found: dict[str, dict[int, Action]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = [name.strip().lower() for name in reader.fieldnames or ()]
            if not set(_HEADER) <= set(names):
                msg = f"{path}:1: columns {', '.join(_HEADER)} are needed; name them in a header"
                raise DataError(msg)
            reader.fieldnames = names
            for row in reader:
                _take(found, reader.line_num, row, problems)
    except (csv.Error, UnicodeDecodeError) as error:
        msg = f"{path}: no CSV in UTF-8: {error}; export it again"
        raise DataError(msg) from error
    problems.check()
    if not found:
        msg = f"{path}:1: no actions in it; remove the file or fill it"
        raise DataError(msg)
    return found


def _take(
    found: dict[str, dict[int, Action]],
    line: int,
    row: Mapping[str, str | None],
    problems: Problems,
) -> None:
    """Note an action, or what is wrong with it."""
    try:
        symbol, action = _action({name: row[name] or "" for name in _HEADER})
    except ValueError as error:
        problems.add(line, str(error))
        return
    mine = found.setdefault(symbol, {})
    same = [at for at, each in mine.items() if (each.day, each.kind) == (action.day, action.kind)]
    if same:
        problems.add(line, f"{action.kind} of that day stands on line {same[0]} too; make them one")
    mine[line] = action


def _action(cells: Mapping[str, str]) -> tuple[str, Action]:
    symbol, kind = cells["symbol"].strip().upper(), cells["kind"].strip().lower()
    if not symbol:
        msg = "symbol is empty; write it, as AAPL"
        raise ValueError(msg)
    if kind not in set(ActionKind):
        msg = f"kind {kind!r} is neither split nor dividend; write one of them"
        raise ValueError(msg)
    try:
        day = date.fromisoformat(cells["date"].strip())
    except ValueError:
        msg = f"date {cells['date']!r} is no day; write it as 2020-08-31"
        raise ValueError(msg) from None
    try:
        action = Action(day, ActionKind(kind), float(cells["value"]))
    except ValueError:
        msg = f"value {cells['value']!r} is no number; write it as 4 or 0.24"
        raise ValueError(msg) from None
    if action.fault:
        raise ValueError(action.fault)
    return symbol, action
