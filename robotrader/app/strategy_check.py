"""``robotrader strategy check``: the checks of ``robotrader.checks``, and two of whole processes.

A second and a third process tell the strategy the same, with other seeds of Python's hashes, and
watch whether it opens files or connections: what it decides must not come from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import TZPATH

import msgspec

from robotrader.app import exits
from robotrader.app.backtest_data import history_of
from robotrader.app.building import hosts_of
from robotrader.app.strategy_find import section
from robotrader.checks import Desk, Verdict, digest, verdicts, walks
from robotrader.domain import Instrument
from robotrader.domain.errors import ConfigurationError, StrategyError
from robotrader.market.lengths import bar_ns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from robotrader.checks.desk import Rows
    from robotrader.config import Config
    from robotrader.config import Strategy as Section
    from robotrader.strategies import Host

_HASH_SEEDS: Final = ("1", "4242")
_PATIENCE_S: Final = 600.0
_CODE: Final = (".py", ".pyc", ".so", ".pyi")
_MOST_NAMED: Final = 3
_DOORS: Final = (
    "open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.listdir", "os.scandir",
    "os.system", "sqlite3.connect",
)  # fmt: skip
"""Events of Python's audit by which something of the world comes in."""

_MARKS: Final = {True: "ok", False: "WRONG", None: "?"}


class Checked(msgspec.Struct, frozen=True):
    """What was checked, on what, and what was found."""

    strategy: str
    warmup_bars: int
    bars: str
    verdicts: tuple[Verdict, ...]
    ok: bool


class _Seen(msgspec.Struct, frozen=True):
    """What a process of its own says: a digest of all decisions, and what came in from outside."""

    digest: str
    decisions: int
    outside: tuple[str, ...]


def check(arguments: argparse.Namespace) -> int:
    """Check a strategy; 0 if every check has passed, 1 if one has not or proves nothing."""
    make, bars, said = _given(arguments)
    if arguments.digest:
        print(msgspec.json.encode(_watched(make, bars)).decode())
        return exits.OK
    try:
        found = verdicts(make, bars, seed=arguments.seed, tolerance=arguments.tolerance)
    except ValueError as error:
        msg = f"{error}: use --bars, or an earlier --from"
        raise ConfigurationError(msg) from error
    found += _processes(arguments)
    host = make()
    made = Checked(host.name, host.warmup_bars, said, tuple(found), all(each.ok for each in found))
    _show(made, arguments)
    return exits.OK if made.ok else exits.ERROR


def _show(made: Checked, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(msgspec.json.encode(made).decode())
    elif not arguments.quiet:
        print(f"{made.strategy}: warms up on {made.warmup_bars} bars; tried on {made.bars}")
        for each in made.verdicts:
            print(f"  {_MARKS[each.ok]:<7}{each.check:<13}{each.said}")


def _given(arguments: argparse.Namespace) -> tuple[Callable[[], Host], Rows, str]:
    """Return what makes the strategy's host, what it is told, and what that is in words."""
    name, config = section(arguments)
    chosen = config.strategy[name]
    symbols = _symbols(arguments.symbol, chosen)
    size = arguments.bar or chosen.bar
    only = msgspec.structs.replace(chosen, symbols=symbols, bar=size)
    config = msgspec.structs.replace(config, strategy={name: only})
    if arguments.symbol:
        instruments, rows, said = _real(config, arguments)
    else:
        instruments = tuple(
            Instrument(con_id=at, symbol=each) for at, each in enumerate(symbols, 1)
        )
        rows = walks(instruments, arguments.bars, arguments.seed, size_ns=bar_ns(size))
        said = f"{len(rows):,} bars of a random walk (seed {arguments.seed})"
    known = {each.con_id: each for each in instruments}

    def make() -> Host:
        (host,) = hosts_of(config, known)
        return host

    return make, rows, said


def _symbols(given: str, chosen: Section) -> tuple[str, ...]:
    """Return whose bars are told: of a spread one symbol for each leg.

    Raises:
        ConfigurationError: another number of symbols is given.
    """
    count = len(chosen.symbols) if chosen.spread else 1
    symbols = tuple(each for each in given.split(",") if each) or chosen.symbols[:count]
    if len(symbols) != count or len(set(symbols)) != count:
        msg = f"--symbol {given}: {count} different ones are wanted, as {','.join(chosen.symbols)}"
        raise ConfigurationError(msg)
    return symbols


def _real(
    config: Config, arguments: argparse.Namespace
) -> tuple[tuple[Instrument, ...], Rows, str]:
    """Return instruments, the bars that all of them have, row by row, and what they are."""
    history = history_of(config, arguments)
    legs = [
        {bar.end_ns: bar for bar in own if bar.start_ns >= history.begin_ns}
        for own in history.bars.values()
    ]
    rows = (tuple(leg[at] for leg in legs) for at in legs[0] if all(at in leg for leg in legs))
    some = list(islice(rows, arguments.bars))
    return history.instruments, some, f"{len(some):,} bars of {'; '.join(history.said)}"


# -- other processes --


def _processes(arguments: argparse.Namespace) -> list[Verdict]:
    """Tell the strategy the same in other processes, as this one was asked to."""
    again = [sys.executable, "-m", "robotrader", *_words(arguments), "--digest"]
    started = [
        subprocess.Popen(
            again, env={**os.environ, "PYTHONHASHSEED": seed}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for seed in _HASH_SEEDS
    ]  # fmt: skip
    said = [each.communicate(timeout=_PATIENCE_S) for each in started]  # of all, before one fails
    seen = [_heard(each, *texts) for each, texts in zip(started, said, strict=True)]
    return [_same(seen), _alone(seen)]


def _words(arguments: argparse.Namespace) -> list[str]:
    """Return the command line that asks for the same strategy and the same bars."""
    words = ["strategy", "check", arguments.where]
    for option, value in (
        ("conf", arguments.conf), ("profile", arguments.profile), ("symbol", arguments.symbol),
        ("bar", arguments.bar), ("data", arguments.data), ("data-zone", arguments.data_zone),
        ("source", arguments.source), ("adjust", arguments.adjust),
        ("from", arguments.begin), ("to", arguments.end), ("bars", arguments.bars),
        ("seed", arguments.seed), ("data-dir", arguments.data_dir),
    ):  # fmt: skip
        if value not in {None, ""}:
            words.append(f"--{option}={value}")
    words += [f"--param={each}" for each in arguments.param]
    return words + [f"--set={each}" for each in arguments.set or ()]


def _heard(process: subprocess.Popen[str], out: str, err: str) -> _Seen:
    if process.returncode:
        msg = f"in a process of its own it fails: {err.strip() or out.strip()}"
        raise StrategyError(msg)
    return msgspec.json.decode(out.splitlines()[-1], type=_Seen)


def _same(seen: list[_Seen]) -> Verdict:
    if len({each.digest for each in seen}) > 1:
        counts = " and ".join(str(each.decisions) for each in seen)
        said = f"{counts} decisions in two processes are not the same: a set's order, or chance?"
        return Verdict("processes", False, said)
    count = seen[0].decisions
    if not count:
        return Verdict("processes", None, "nothing was decided: nothing is proven")
    said = f"PYTHONHASHSEED {' and '.join(_HASH_SEEDS)}: {count:,} decisions the same"
    return Verdict("processes", True, said)


def _alone(seen: list[_Seen]) -> Verdict:
    outside = sorted({each for one in seen for each in one.outside})
    if outside:
        more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
        said = f"it looks at {', '.join(outside[:_MOST_NAMED])}{more}: it is told all it may know"
        return Verdict("outside", False, said)
    return Verdict("outside", True, "no file, connection or program was opened")


def _watched(make: Callable[[], Host], bars: Rows) -> _Seen:
    """Play the bars, and watch what the process opens meanwhile."""
    outside: list[str] = []
    watching = True

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if watching and event in _DOORS and not _is_code(event, details):
            outside.append(f"{event} {details[0] if details else ''}".strip())

    make()  # what it imports is loaded before anybody watches
    sys.addaudithook(hook)
    decisions = Desk(make).play(bars)
    watching = False
    return _Seen(digest(decisions), len(decisions), tuple(dict.fromkeys(outside)))


def _is_code(event: str, details: tuple[Any, ...]) -> bool:
    """Whether an event is Python's own, loading code or time zones."""
    if event not in {"open", "os.listdir", "os.scandir"} or not details:
        return False
    path, folders = str(details[0]), sysconfig.get_paths()
    own = (folders["stdlib"], folders["purelib"], folders["platlib"], *TZPATH)
    return path.endswith(_CODE) or path.startswith(own)
