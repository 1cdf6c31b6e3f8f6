"""``robotrader gateway``: the emulated gateway, and tools that look at any gateway."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import sys
import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

from robotrader.adapters.calendar import CalendarError
from robotrader.app import exits, gateway_data
from robotrader.domain.errors import ConfigurationError
from robotrader.emulator import (
    EventLog,
    FaultError,
    Gateway,
    Limits,
    Server,
    Settings,
    catalogue,
    eventlog,
    load,
    state,
)
from robotrader.emulator.control import Control
from robotrader.emulator.playback import Player
from robotrader.market import DataError
from robotrader.tws import (
    HIGHEST,
    KNOWN_MESSAGES,
    LOWEST,
    ClientSession,
    Framer,
    Hello,
    TwsError,
    codec,
)
from robotrader.tws.errors import explain
from robotrader.venue import AccountSetup
from supervision.pulse import Pulse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from robotrader.emulator import Program
    from robotrader.tws import Message

SAVE_S: Final = 1.0
BEAT_S: Final = 0.25
"""State is written so often: what a crash of the emulator itself can lose."""

PROBE_S: Final = 5.0
BUGGY_CAP: Final = 158
"""A version that no client reads as it writes it."""


def run(arguments: argparse.Namespace) -> int:
    """Run a ``gateway`` command; returns the exit status."""
    try:
        return _VERBS[arguments.verb](arguments)
    except _REFUSED as error:
        print(f"robotrader gateway: {error}", file=sys.stderr)
        return exits.leave(exits.USAGE, f"gateway: {error}")
    except _TakenError as error:
        print(f"robotrader gateway: {error}", file=sys.stderr)
        return exits.leave(exits.IN_USE, f"gateway: {error}")
    except BrokenPipeError:
        raise  # who read our output has enough
    except OSError as error:
        print(f"robotrader gateway: {error}", file=sys.stderr)
        return exits.ERROR
    except KeyboardInterrupt:
        return exits.INTERRUPTED


class _UsageError(ValueError):
    """An argument that cannot be used."""


class _TakenError(OSError):
    """Somebody else listens on a port that is wanted."""


_REFUSED: Final = (
    CalendarError,
    ConfigurationError,
    DataError,
    FaultError,
    LookupError,
    _UsageError,
    eventlog.LogError,
    gateway_data.StartError,
    state.StateError,
)
"""What the user gave and cannot be used: status 2."""


def _emulate(arguments: argparse.Namespace) -> int:
    programs = [_program(name) for name in arguments.fault]
    settings = _settings(arguments)
    kept = state.load(arguments.state) if arguments.state and arguments.state.exists() else None
    kept_ns = None if kept is None else kept.venue.now_ns
    begun_ns = time.monotonic_ns()
    prepared = gateway_data.prepare(arguments, time.time_ns(), kept_ns)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(arguments.log.open("wb")) if arguments.log else None
        gateway = Gateway(
            prepared.series,
            settings,
            now_ns=prepared.now_ns,
            log=EventLog(file),
            calendar=prepared.calendar,
            recordings=prepared.recordings,
        )
        if kept is not None:
            gateway.restore(kept)
        for program in programs:
            gateway.faults.play(program)
        if arguments.speed == 1 and arguments.data is None and arguments.start is None:
            # Loading took its time: without this the clock would be behind for ever.
            gateway.advance(gateway.timeline.now_ns + time.monotonic_ns() - begun_ns)
        asyncio.run(_serve(gateway, arguments, prepared.said))
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    if not LOWEST <= arguments.version_cap <= HIGHEST or arguments.version_cap == BUGGY_CAP:
        msg = (
            f"--version-cap {arguments.version_cap}: use {LOWEST} to {HIGHEST}, and not {BUGGY_CAP}"
        )
        raise _UsageError(msg)
    if arguments.speed < 0:
        msg = f"--speed {arguments.speed}: use 0 (the clock stands) or more"
        raise _UsageError(msg)
    try:
        cash = Decimal(arguments.cash)
    except InvalidOperation:
        msg = f"--cash {arguments.cash!r} is no number"
        raise _UsageError(msg) from None
    return Settings(
        accounts={arguments.account: AccountSetup(cash)},
        seed=arguments.seed,
        cap=arguments.version_cap,
        limits=Limits(clients=arguments.clients_max),
    )


def _program(name: str) -> Program:
    if name in (programs := catalogue(KNOWN_MESSAGES)):
        return programs[name]
    return load(Path(name), KNOWN_MESSAGES)


async def _serve(gateway: Gateway, arguments: argparse.Namespace, said: tuple[str, ...]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = Server(gateway, host=arguments.host, port=arguments.port, speed=arguments.speed)
    control = Control(server)
    with _not_taken(arguments.host, arguments.port):
        await server.start()
    print(f"emulated gateway on {server.host}:{server.port}, account {gateway.account}")
    print(said[0], flush=True)
    if arguments.control_port is not None:
        with _not_taken("127.0.0.1", arguments.control_port):
            port = await control.start(arguments.control_port)
        print(f"control port {port}", flush=True)
    for line in said[1:]:
        print(line, flush=True)
    pulse = Pulse.from_env()
    beating = asyncio.create_task(_beat(pulse))
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), SAVE_S)
        if arguments.state:
            state.save(gateway, arguments.state)
    beating.cancel()
    pulse.planned()
    await control.stop()
    await server.stop()


@contextlib.contextmanager
def _not_taken(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        msg = f"port {port} of {host} is in use: end what listens there, or choose another port"
        raise _TakenError(msg) from error


async def _beat(pulse: Pulse) -> None:
    """Tell heart, if it started this process, that time passes here."""
    while True:
        pulse.beat()
        await asyncio.sleep(BEAT_S)


def _probe(arguments: argparse.Namespace) -> int:
    host, _, port = arguments.address.rpartition(":")
    if not host or not port.isdigit():
        msg = f"{arguments.address!r} is no HOST:PORT, as 127.0.0.1:4002"
        raise _UsageError(msg)
    try:
        said = asyncio.run(asyncio.wait_for(_ask(host, int(port), arguments.client_id), PROBE_S))
    except TimeoutError:
        print(f"{arguments.address}: accepts connections and does not answer within {PROBE_S:g} s")
        return 1
    except (ConnectionError, TwsError) as error:
        print(f"{arguments.address}: {error}")
        return 1
    print(f"{arguments.address}: {said}")
    return 0


async def _ask(host: str, port: int, client_id: int) -> str:
    """Open a session, ask for the time, end it in order."""
    reader, writer = await asyncio.open_connection(host, port)
    client = ClientSession()
    writer.write(client.greeting)
    accounts, asked = "", False
    try:
        while data := await reader.read(65536):
            replies = client.receive(data)
            if not asked and client.version is not None:
                asked = True
                writer.write(client.request("startApi", clientId=client_id))
                writer.write(client.request("reqCurrentTime"))
            for reply in replies:
                if reply.name == "managedAccounts":
                    accounts = reply.fields["accounts"]
                if reply.name == "currentTime":
                    return f"server version {client.version}, accounts {accounts}, answers"
                if reply.name == "error" and reply.fields["code"] == 326:
                    return f"server version {client.version}, client id {client_id} is in use"
    finally:
        writer.close()
    msg = "the gateway closed the connection"
    raise ConnectionError(msg)


def _errors(arguments: argparse.Namespace) -> int:
    meaning = explain(arguments.code)
    if meaning is None:
        print(f"{arguments.code}: not in the table")
        return 1
    print(f"{arguments.code} ({meaning.kind}): {meaning.says}\nwhat to do: {meaning.remedy}")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    """Show each message of a log, or play it; what cannot be read is shown as bytes."""
    if arguments.port is not None:
        return asyncio.run(_play(arguments))
    conversations: dict[int, _Conversation] = {}
    first_ns: int | None = None
    for frame in eventlog.read(arguments.log):
        first_ns = frame.at if first_ns is None else first_ns
        talk = conversations.setdefault(frame.link, _Conversation())
        arrow = "->" if frame.way == "in" else "<-"
        for shown in talk.shown(frame):
            print(f"{(frame.at - first_ns) / 1e9:10.6f} {frame.link:3d} {arrow} {shown}")
    return 0


async def _play(arguments: argparse.Namespace) -> int:
    player = Player(eventlog.read(arguments.log), speed=arguments.speed)
    many = len(player.waiting)
    server = await asyncio.start_server(player.serve, "127.0.0.1", arguments.port)
    port = server.sockets[0].getsockname()[1]
    print(f"playing {many} connections of {arguments.log} on 127.0.0.1:{port}", flush=True)
    if many:
        await player.over.wait()
    server.close()
    for refusal in player.refusals:
        print(refusal, file=sys.stderr)
    return 1 if player.refusals else 0


class _Conversation:
    """Cuts both directions of a connection into messages."""

    def __init__(self) -> None:
        self._framers = {"in": Framer(), "out": Framer()}
        self._hello: Hello | None = Hello()
        self._greeted = False

    def shown(self, frame: eventlog.Frame) -> list[str]:
        """Return what a piece of the log says, a line for each message."""
        data = frame.raw()
        try:
            if frame.way == "in" and self._hello is not None:
                said = self._hello.feed(data)
                if said is None:
                    return []
                self._hello, data = None, said[3]
                first = [f"hello: versions {said[0]} to {said[1]}"]
                return first + self._messages(frame, data)
            return self._messages(frame, data)
        except TwsError as error:
            return [f"{data!r}: {error}"]

    def _messages(self, frame: eventlog.Frame, data: bytes) -> list[str]:
        spoken = codec(frame.version)
        read = spoken.decode_request if frame.way == "in" else spoken.decode_reply
        lines = []
        for payload in self._framers[frame.way].feed(data):
            if frame.way == "out" and not self._greeted:
                self._greeted = True
                lines.append(f"hello: {payload!r}")
            else:
                lines.append(_shown(read, payload))
        return lines


def _shown(read: Callable[[bytes], Message], payload: bytes) -> str:
    try:
        message = read(payload)
    except TwsError as error:
        return f"{payload!r}: {error}"
    fields = " ".join(f"{key}={value}" for key, value in message.fields.items() if value)
    return f"{message.name} {fields}"


_VERBS: Final = {
    "emulate": _emulate,
    "probe": _probe,
    "errors": _errors,
    "replay": _replay,
}
