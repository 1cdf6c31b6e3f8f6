"""The commands that ask a running system, and those that make it do something.

Data go to standard output, as tables or with ``--json`` as the answer's own fields; questions and
errors to standard error.
"""

from __future__ import annotations

import getpass
import itertools
import os
import sys
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.app import exits
from robotrader.app.cli_args import PERIODS
from robotrader.app.config_files import from_arguments
from robotrader.app.confirm import confirm
from robotrader.app.control_client import (
    ControlClient,
    NoAnswerError,
    NotRunningError,
    RefusedError,
)
from robotrader.config import Config, log_folder
from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.domain.control_risk import LimitSetAnswer
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer

HEALTHY_LINKS: Final = frozenset({"ready", "restart_window"})
_CLOSE_S: Final = 60.0
"""A kill that flattens and an orderly stop may take this much longer than other answers."""


def run(arguments: argparse.Namespace) -> int:
    """Run a command; returns the exit status."""
    return exits.guarded(lambda: _COMMANDS[arguments.command](arguments))


def emit(arguments: argparse.Namespace, answer: Any) -> None:
    """Print an answer, as JSON or as a table."""
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(answer)).decode())
        return
    from robotrader.app import risk_cli, tables

    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    out.print(risk_cli.SHOWN.get(type(answer), tables.shown)(answer))


def _client(arguments: argparse.Namespace) -> ControlClient:
    return ControlClient.of(_system(arguments))


def _system(arguments: argparse.Namespace) -> Config:
    """Return where the system is. ``--data-dir`` alone is enough: a kill needs no valid files."""
    if arguments.data_dir is not None and not (arguments.conf or arguments.profile):
        return Config(data_dir=arguments.data_dir)
    try:
        return from_arguments(arguments).config
    except ConfigurationError as error:
        msg = f"{error}\n--data-dir DIR asks the system in DIR without reading the configuration"
        raise ConfigurationError(msg) from None


def _asked(arguments: argparse.Namespace, request: Request, **how: float) -> int:
    with _client(arguments) as client:
        emit(arguments, client.ask(request, **how))
    return exits.OK


def who() -> str:
    """Return who runs this: the login name, or the user's number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _status(arguments: argparse.Namespace) -> int:
    if not arguments.watch:
        return _asked(arguments, control.Status())
    with _client(arguments) as client:
        for _ in _times(arguments):
            _refresh(arguments, lambda: client.ask(control.Status()))
    return exits.OK


def _refresh(arguments: argparse.Namespace, look: Callable[[], Answer]) -> None:
    """Show an answer in place of the last one; a system that is being restarted is waited for."""
    try:
        answer = look()
    except (NoAnswerError, NotRunningError) as error:
        if arguments.times is not None:
            raise
        _clear()
        print(f"robotrader: {error}; looking again", file=sys.stderr, flush=True)
        return
    _clear()
    emit(arguments, answer)
    sys.stdout.flush()


def _clear() -> None:
    """Begin at the top of an empty screen (ECMA-48: CUP, ED); a file is written on and on."""
    if sys.stdout.isatty():
        print("\x1b[H\x1b[2J", end="")


def _times(arguments: argparse.Namespace) -> Iterator[int]:
    """Count to ``--times``, or for ever, with ``--interval`` between."""
    done = 0
    while True:
        yield done
        done += 1
        if done == arguments.times:
            return
        time.sleep(arguments.interval)


def _top(arguments: argparse.Namespace) -> int:
    """Show the actors that handled most since the last look, and those that wait longest."""
    before: dict[tuple[str, int], int] = {}
    with _client(arguments) as client:
        for _ in _times(arguments):
            _refresh(arguments, lambda: _busiest(client.ask(control.ActorsList()), before))
    return exits.OK


_TOP_ROWS: Final = 30


def _busiest(answer: Answer, before: dict[tuple[str, int], int]) -> Answer:
    """Return the busiest actors since ``before``, and note how they are now."""
    rows = answer.actors if isinstance(answer, answers.ActorsAnswer) else ()
    handled = {(row.path, row.generation): row.handled for row in rows}

    def busy(row: answers.ActorRow) -> tuple[int, int]:
        return row.handled - before.get((row.path, row.generation), 0), row.mailbox

    busiest = sorted(rows, key=busy, reverse=True)
    before.clear()
    before.update(handled)
    return answers.ActorsAnswer(actors=tuple(busiest[:_TOP_ROWS]))


def _actors(arguments: argparse.Namespace) -> int:
    if arguments.verb == "restart":
        request = control.ActorRestart(path=arguments.path, who=who(), reason=arguments.reason)
        return _asked(arguments, request)
    if arguments.verb == "ls":
        return _asked(arguments, control.ActorsList(under=arguments.under))
    with _client(arguments) as client:
        under = "/" if arguments.verb == "show" else arguments.under
        answer = client.ask(control.ActorsList(under=under))
    rows = answer.actors if isinstance(answer, answers.ActorsAnswer) else ()
    if arguments.verb == "tree":
        return _tree(arguments, rows)
    found = [row for row in rows if _is(row.path, arguments.path)]
    if not found:
        msg = f"no actor {arguments.path}: see `robotrader actors ls`"
        raise RefusedError(msg)
    if arguments.json:
        emit(arguments, answers.ActorsAnswer(actors=tuple(found)))
        return exits.OK
    from robotrader.app import tables

    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    for row in found:
        out.print(tables.actor(row))
    return exits.OK


def _is(path: str, wanted: str) -> bool:
    """Return whether an actor is meant by its path, or by the end of it: ``orders``."""
    return path == wanted or path.endswith(f"/{wanted}")


def _tree(arguments: argparse.Namespace, rows: tuple[answers.ActorRow, ...]) -> int:
    if arguments.json:
        emit(arguments, answers.ActorsAnswer(actors=rows))
        return exits.OK
    from robotrader.app import tables

    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    out.print(tables.actor_tree(rows))
    return exits.OK


def _trades(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    begin = now - timedelta(days=1) if arguments.begin is None else moment(arguments.begin)
    end = now if arguments.end is None else moment(arguments.end)
    if begin >= end:
        msg = f"--from {begin.isoformat()} is not before --to {end.isoformat()}"
        raise ConfigurationError(msg)
    request = control.Trades(from_ns=_ns(begin), to_ns=_ns(end), strategy=arguments.strategy)
    return _asked(arguments, request)


def moment(text: str) -> datetime:
    """Return the time that a person wrote: a day (from 0:00 UTC), or a time with its zone."""
    try:
        if len(text) == len("2026-11-21"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no time: write 2026-11-21 or 2026-11-21T14:30:00Z"
        raise ConfigurationError(msg) from None
    if read.tzinfo is None:
        msg = f"{text!r} has no zone: write {text}Z for UTC"
        raise ConfigurationError(msg)
    return read


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000


def _reconcile(arguments: argparse.Namespace) -> int:
    from robotrader.app import reconcile_cli

    reconcile_cli.checked(arguments)
    with _client(arguments) as client:
        return reconcile_cli.run(arguments, client)


def _pnl(arguments: argparse.Namespace) -> int:
    period = control.Period(PERIODS[arguments.period])
    return _asked(arguments, control.Pnl(period=period, count=arguments.count))


def _stop(arguments: argparse.Namespace) -> int:
    request = control.Stop(who=who(), drain_s=arguments.drain)
    return _asked(arguments, request, within_s=arguments.drain + _CLOSE_S)


def _resume(arguments: argparse.Namespace) -> int:
    request = control.Resume(scope=arguments.scope, reason=arguments.reason, who=who())
    return _asked(arguments, request)


def _kill(arguments: argparse.Namespace) -> int:
    """Trip the switch: after a preview and a question, or at once with ``--yes``."""
    request = control.Kill(
        level=control.KillLevel(arguments.level),
        scope=arguments.scope,
        reason=arguments.reason,
        who=who(),
        key=uuid.uuid4().hex,
        preview=False,
    )
    with _client(arguments) as client:
        if not arguments.yes:
            # A key of its own: what only looked must not count as having acted already.
            preview = msgspec.structs.replace(request, preview=True, key=uuid.uuid4().hex)
            emit(arguments, client.ask(preview))
            confirm(client.ask(control.Status()), arguments.level)
        answer = client.ask(request, within_s=_CLOSE_S)
    with exits.whoever_reads():
        emit(arguments, answer)
    failed = isinstance(answer, answers.KillAnswer) and answer.cannot
    return exits.ERROR if failed else exits.OK


def _healthcheck(arguments: argparse.Namespace) -> int:
    with _client(arguments) as client:
        answer = client.ask(control.Status())
    wrong = ["no status came"]
    if isinstance(answer, answers.StatusAnswer):
        wrong = list(unhealthy(answer))
    with exits.whoever_reads():
        if arguments.json:
            print(msgspec.json.encode({"healthy": not wrong, "wrong": wrong}).decode())
        elif not arguments.quiet:
            print("; ".join(wrong) or "healthy")
    return exits.UNHEALTHY if wrong else exits.OK


_BUILD: Final = "build: "
"""How the reason of a trip begins whose trigger is ``risk.Trigger.BUILD``."""


def unhealthy(status: answers.StatusAnswer) -> Iterator[str]:
    """Yield what keeps a system from trading; a tripped switch is a wish, not an illness.

    Unless what tripped it is that another build is installed than runs, or no disk has taken it.
    """
    if status.state is not answers.RunState.RUNNING:
        yield f"the system is {status.state.value}"
    if status.link not in HEALTHY_LINKS:
        yield f"the link is {status.link}" + (f": {status.link_why}" if status.link_why else "")
    elif not status.reconciled and status.link == "ready":
        yield "broker and journal are not reconciled"
    if status.feeds_fresh is None:
        yield "nobody knows how fresh the feeds are"
    elif status.feeds_fresh < status.feeds and status.link == "ready":
        yield f"{status.feeds - status.feeds_fresh} of {status.feeds} feeds are stale"
    if status.switches is None:
        yield "nobody knows how the kill switch is: it counts as tripped"
    yield from (each.why for each in status.switches or () if each.why.startswith(_BUILD))
    for each in status.switches or ():
        if not each.durable:
            yield f"the kill switch in {each.scope} is in force but not durable: free the disk"


def _journal(arguments: argparse.Namespace) -> int:
    last = arguments.verb == "tail"
    request = control.JournalTail(
        after=0 if last else arguments.after,
        count=arguments.count,
        last=last,
        kinds=() if last else tuple(arguments.kind),
        match="" if last else arguments.match,
    )
    return _asked(arguments, request)


def _risk(arguments: argparse.Namespace) -> int:
    from robotrader.app import risk_cli

    if arguments.verb == "set":
        return _risk_set(arguments)
    return _asked(arguments, risk_cli.request(arguments))


def _risk_set(arguments: argparse.Namespace) -> int:
    """Change a limit: at once if that is tighter, after a question if more may be risked."""
    request = control.RiskSet(
        name=arguments.name, value=arguments.value, reason=arguments.reason, who=who(),
        preview=False,
    )  # fmt: skip
    with _client(arguments) as client:
        shown = client.ask(msgspec.structs.replace(request, preview=True))
        loosens = not isinstance(shown, LimitSetAnswer) or shown.loosens
        if loosens and not arguments.yes:
            emit(arguments, shown)
            confirm(client.ask(control.Status()), "loosen")
        answer = client.ask(request)
    emit(arguments, answer)
    return exits.OK


def _logs(arguments: argparse.Namespace) -> int:
    """Show the files themselves: they are most wanted when nothing runs."""
    from pathlib import Path

    from robotrader.adapters import log_files
    from robotrader.app.tables import log_line

    folder = Path(log_folder(_system(arguments)))
    if not folder.is_dir():
        msg = f"{folder} is not there: no system has run in this data_dir"
        raise ConfigurationError(msg)
    wanted = {"min_level": arguments.min_level, "actor": arguments.actor, "cause": arguments.cause}
    entries = iter(log_files.newest(folder, arguments.count, **wanted))
    if arguments.follow:
        more = log_files.follow(folder, time.sleep)
        entries = itertools.chain(entries, (e for e in more if log_files.fits(e, **wanted)))
    for entry in entries:
        line = msgspec.json.encode(entry).decode() if arguments.json else log_line(entry)
        print(line, flush=True)
    return exits.OK


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "status": _status,
    "top": _top,
    "actors": _actors,
    "breakers": lambda arguments: _asked(arguments, control.Breakers()),
    "orders": lambda arguments: _asked(arguments, control.Orders(ended=arguments.ended)),
    "positions": lambda arguments: _asked(arguments, control.Positions()),
    "trades": _trades,
    "pnl": _pnl,
    "account": lambda arguments: _asked(arguments, control.Account()),
    "reconcile": _reconcile,
    "stop": _stop,
    "kill": _kill,
    "resume": _resume,
    "checkin": lambda arguments: _asked(arguments, control.CheckIn(who=who())),
    "gateway": lambda arguments: _asked(arguments, control.GatewayConfirmed(who=who())),
    "healthcheck": _healthcheck,
    "journal": _journal,
    "logs": _logs,
    "risk": _risk,
}
