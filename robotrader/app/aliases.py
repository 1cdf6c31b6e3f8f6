"""Commands as freqtrade's users have them in their fingers; each is one of ours and nothing more.

What is there depends on what we have: an alias whose command does not exist is none. Two options
are understood as well: ``--strategy NAME`` (``-s``), which is an argument of ours, and
``--timerange 20200101-20201231``, which is ``--from`` and ``--to``.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "backtesting": ("backtest", "run"),
    "backtesting-show": ("backtest", "ls"),
    "convert-data": ("data", "export"),
    "create-userdir": ("init",),
    "download-data": ("data", "import"),
    "hyperopt": ("sweep", "run"),
    "hyperopt-list": ("sweep", "ls"),
    "hyperopt-show": ("sweep", "best"),
    "list-data": ("data", "ls"),
    "list-strategies": ("strategy", "ls"),
    "lookahead-analysis": ("strategy", "check"),
    "new-config": ("init",),
    "new-strategy": ("strategy", "new"),
    "plot-profit": ("report", "open"),
    "recursive-analysis": ("strategy", "check"),
    "show-config": ("config", "show"),
    "show-trades": ("trades",),
    "trade": ("run",),
}
_VALUED: Final = frozenset({"--conf", "--profile", "--set", "--data-dir"})
"""Options before a command whose value is no command."""

_NAMED: Final = frozenset({"-s", "--strategy", "--strategy-name"})
_KEEP: Final = frozenset({"show-trades"})
"""Those whose own option ``--strategy`` is."""

_RANGE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")


def known(parser: argparse.ArgumentParser) -> dict[str, tuple[str, ...]]:
    """Return the aliases whose commands a parser has."""
    return {name: words for name, words in ALIASES.items() if _has(parser, words)}


def _has(parser: argparse.ArgumentParser, words: Sequence[str]) -> bool:
    below: argparse.ArgumentParser | None = parser
    for word in words:
        below = None if below is None else _commands(below).get(word)
    return below is not None


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def epilog(aliases: dict[str, tuple[str, ...]]) -> str:
    """Return the aliases in one sentence, for the help."""
    pairs = (f"{name} ({' '.join(words)})" for name, words in sorted(aliases.items()))
    return f"freqtrade's names are understood: {', '.join(pairs)}."


def translated(argv: Sequence[str], aliases: dict[str, tuple[str, ...]]) -> list[str]:
    """Return a command line with our command in place of an alias, as it is where there is none."""
    skip = False
    for at, word in enumerate(argv):
        if skip or word in _VALUED:
            skip = word in _VALUED and not skip
        elif word in aliases:
            rest = argv[at + 1 :] if word in _KEEP else list(_options(argv[at + 1 :]))
            return [*argv[:at], *aliases[word], *rest]
        elif not word.startswith("-"):
            break
    return list(argv)


def _options(words: Sequence[str]) -> Iterator[str]:
    waiting = iter(words)
    for word in waiting:
        name, sign, value = word.partition("=")
        if name in _NAMED:
            yield value if sign else next(waiting, "")
        elif name == "--timerange":
            yield from _days(value if sign else next(waiting, ""))
        else:
            yield word


def _days(text: str) -> Iterator[str]:
    begin, _, end = text.partition("-")
    for option, day in (("--from", begin), ("--to", end)):
        if day:
            written = _RANGE.sub(r"\1-\2-\3", day)
            yield f"{option}={written}"
