"""``robotrader chaos``: list scenarios, run one, stop it, show its report.

What is touched is announced before anything happens. The exit status is 0 if everything held, 1 if
something did not, 3 if the system refused, 4 if it does not answer or was not steady before.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
from importlib import resources
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.toxic_link import ToxicLink
from robotrader.app import chaos_run, exits
from robotrader.app.chaos_hands import Hands
from robotrader.app.chaos_run import ChaosRun, NotSteadyError
from robotrader.app.config_files import from_arguments
from robotrader.app.control_client import RefusedError
from robotrader.app.operate_cli import who
from robotrader.chaos import Report, Scenario, blast, markdown, read
from robotrader.config import Mode
from robotrader.domain.errors import ConfigurationError
from supervision.pulse import Pulse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from robotrader.config import Config

_BEAT_S: Final = 0.25
_SUFFIX: Final = ".toml"


def run(arguments: argparse.Namespace) -> int:
    """Run a command; returns the exit status."""
    return exits.guarded(lambda: _COMMANDS[arguments.verb](arguments))


def shipped() -> dict[str, Scenario]:
    """Return the scenarios that come with the package, by name."""
    folder = resources.files("robotrader.chaos") / "scenarios"
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    found = [
        read(each.read_text("utf-8"), each.name) for each in files if each.name.endswith(_SUFFIX)
    ]
    return {each.name: each for each in found}


def scenario_of(word: str) -> Scenario:
    """Return a scenario by its name, or from a file.

    Raises:
        ConfigurationError: there is none, or it cannot be run.
    """
    if not word.endswith(_SUFFIX):
        known = shipped()
        if word not in known:
            msg = f"no scenario {word!r}: use a file.toml, or one of {', '.join(known)}"
            raise ConfigurationError(msg)
        return known[word]
    try:
        text = Path(word).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{word}: {error}") from None
    return read(text, word)


def _ls(arguments: argparse.Namespace) -> int:
    found = shipped()
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(list(found.values()))).decode())
        return exits.OK
    for each in found.values():
        needs = "; needs mode sim" if each.emulated else ""
        print(f"{each.name:16} {each.title} ({each.lasts_s:g} s{needs})")
    return exits.OK


def _run(arguments: argparse.Namespace) -> int:
    scenario, config = scenario_of(arguments.scenario), from_arguments(arguments).config
    say = _say(quiet=arguments.quiet)
    say(f"{scenario.name}: {scenario.title}")
    say("blast radius:")
    for line in blast(scenario):
        say(f"  {line}")
    _confirm(config, arguments)
    try:
        report = ChaosRun(config, scenario, who(), say).run()
    except NotSteadyError as error:
        print(f"robotrader: {error}", file=sys.stderr)
        return exits.UNHEALTHY
    path = chaos_run.keep(report, Path(config.data_dir))
    with exits.whoever_reads():
        _show(arguments, report)
        say(f"report: {path}")
    return exits.OK if report.holds else exits.ERROR


def _say(*, quiet: bool) -> Callable[[str], None]:
    def say(line: str) -> None:
        if not quiet:
            print(line, file=sys.stderr, flush=True)

    return say


def _confirm(config: Config, arguments: argparse.Namespace) -> None:
    """Ask where a person's own gateway is concerned; the core itself refuses in mode live."""
    if config.mode is Mode.SIM or arguments.yes:
        return
    print(f"{config.mode.value.upper()} {config.account}: type 'yes' to do it: ", end="",
          file=sys.stderr, flush=True)  # fmt: skip
    if sys.stdin.readline().strip() != "yes":
        msg = "not confirmed, nothing was done: type 'yes', or add --yes"
        raise RefusedError(msg)


def _show(arguments: argparse.Namespace, report: Report) -> None:
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    elif not arguments.quiet:
        print(markdown(report))


def _stop(arguments: argparse.Namespace) -> int:
    config = from_arguments(arguments).config
    folder = Path(config.data_dir)
    other = chaos_run.stop_other(folder)
    Hands(config, "stop", who()).clear()
    said = f"process {other} ends its run; " if other else "no run was on; "
    print(f"{said}nothing is broken on purpose any more")
    return exits.OK


def _report(arguments: argparse.Namespace) -> int:
    folder = Path(from_arguments(arguments).config.data_dir)
    path = chaos_run.kept(folder, arguments.scenario)
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"{path}: {error}; run the scenario again") from None
    with exits.whoever_reads():
        _show(arguments, report)
    return exits.OK if report.holds else exits.ERROR


def _link(arguments: argparse.Namespace) -> int:
    """Be the process between core and gateway, until SIGTERM."""
    host, _, port = arguments.to.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise ConfigurationError(f"--to {arguments.to!r} is no HOST:PORT, as 127.0.0.1:4002")
    try:
        return asyncio.run(_linked(arguments, (host, int(port))))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        why = f"port {arguments.port} is in use: end what listens there, or set chaos.link_port"
        print(f"robotrader: {why}", file=sys.stderr)
        return exits.leave(exits.IN_USE, why)


async def _linked(arguments: argparse.Namespace, to: tuple[str, int]) -> int:
    pulse, over = Pulse.from_env(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    link = ToxicLink(arguments.port, to, Random(os.getpid()))
    port = await link.start(arguments.socket)
    print(f"link on 127.0.0.1:{port} to {arguments.to}", flush=True)
    try:
        while not over.is_set():
            pulse.beat()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), _BEAT_S)
    finally:
        await link.stop()
        arguments.socket.unlink(missing_ok=True)
    return exits.OK


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "ls": _ls,
    "run": _run,
    "stop": _stop,
    "report": _report,
    "link": _link,
}
