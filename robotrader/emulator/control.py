"""The control port: one JSON object a line, one answer a line, on loopback only.

It tells the venue's own truth, which no client's view can differ from without being wrong, and does
what no client can: faults, time, restarts.

    {"do": "orders"} {"do": "executions"} {"do": "positions"} {"do": "cash"} {"do": "links"}
    {"do": "fault", "program": "C6"} {"do": "clear"} {"do": "clock", "advance_s": 60}
    {"do": "halt", "con_id": 265598} {"do": "resume", "con_id": 265598}
    {"do": "shortable", "con_id": 265598, "shares": 500, "locate": true}
    {"do": "locate", "con_id": 265598}
    {"do": "restart", "down_s": 2.0} {"do": "reset"} {"do": "lock", "for_s": 60} {"do": "time"}
    {"do": "tempo"} {"do": "books"}
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.emulator import faults
from robotrader.emulator.faults import FaultError
from robotrader.emulator.timeline import SECOND_NS
from robotrader.tws import KNOWN_MESSAGES

if TYPE_CHECKING:
    from robotrader.emulator.server import Server

LONGEST_LINE: Final = 1 << 20
"""Bytes: a fault program takes some thousands."""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked: ``do``, and what it needs."""

    do: str
    program: str = ""
    toml: str = ""
    advance_s: float = 0.0
    down_s: float = 0.0
    lose_orders: int = 0
    for_s: float = 0.0
    con_id: int = 0
    shares: Decimal | None = None
    locate: bool = False


class Control:
    """Answers commands about ``server`` and its gateway."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._gateway = server.gateway
        self._listener: asyncio.Server | None = None
        self._commands = {
            "orders": self._orders,
            "executions": lambda _: msgspec.to_builtins(self._gateway.venue.executions),
            "positions": self._positions,
            "cash": self._cash,
            "links": self._links,
            "fault": self._fault,
            "clear": self._clear,
            "clock": self._clock,
            "time": lambda _: self._gateway.timeline.now_ns,
            "tempo": self._tempo,
            "books": self._books,
            "restart": self._restart,
            "reset": self._reset,
            "lock": self._lock,
            "halt": lambda command: self._gateway.venue.halt(self._known(command)),
            "resume": lambda command: self._gateway.venue.resume(self._known(command)),
            "shortable": self._shortable,
            "locate": self._locate,
        }

    async def start(self, port: int) -> int:
        """Listen on loopback; return the port."""
        self._listener = await asyncio.start_server(
            self._converse, "127.0.0.1", port, limit=LONGEST_LINE
        )
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(msgspec.json.encode(self.answer(line)) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the line was too long, or the other side is gone
        finally:
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Obey one line: ``{"ok": result}``, or ``{"error": what is wrong}``."""
        try:
            command = msgspec.json.decode(line, type=Command)
            run = self._commands[command.do]
            self._server.pass_time()
            return {"ok": run(command)}
        except KeyError as error:
            known = ", ".join(self._commands)
            return {"error": f"no command {error}: use one of {known}"}
        except (msgspec.MsgspecError, FaultError, ValueError) as error:
            return {"error": str(error)}

    def _orders(self, _: Command) -> Any:
        venue = self._gateway.venue
        orders = [*venue.live.values(), *venue.done.values()]
        return msgspec.to_builtins([order.state() for order in orders])

    def _positions(self, _: Command) -> Any:
        books = self._gateway.books
        return {
            name: {
                books.instruments[con_id].symbol: str(held.qty)
                for con_id, held in account.positions.items()
                if held.qty
            }
            for name, account in books.accounts.items()
        }

    def _cash(self, _: Command) -> Any:
        accounts = self._gateway.books.accounts
        return {
            name: {"cash": str(account.cash), "commissions": str(account.commissions)}
            for name, account in accounts.items()
        }

    def _tempo(self, _: Command) -> Any:
        """What time it is here and how fast it goes: what a simulated day's clocks follow."""
        return {"now_ns": self._gateway.timeline.now_ns, "speed": self._server.speed}

    def _books(self, _: Command) -> Any:
        """Every account in one moment: positions are marked between bid and ask."""
        gateway, books = self._gateway, self._gateway.books
        quotes = {con_id: each.quote for con_id, each in gateway.market.tickers.items()}
        marks = {con_id: (quote.bid + quote.ask) / 2 for con_id, quote in quotes.items()}
        made = {}
        for name, account in books.accounts.items():
            held = account.positions
            made[name] = {
                "cash": str(account.cash),
                "commissions": str(account.commissions),
                "equity": str(account.equity(marks, books.multipliers)),
                "realized": str(sum((each.realized for each in held.values()), Decimal(0))),
                "positions": {
                    books.instruments[con_id].symbol: str(each.qty)
                    for con_id, each in held.items()
                    if each.qty
                },
            }
        return made

    def _known(self, command: Command) -> int:
        """Return the contract that a command names.

        Raises:
            ValueError: there is none of that number.
        """
        if command.con_id not in self._gateway.venue.instruments:
            msg = f"no contract {command.con_id}: give the con_id of one that is traded here"
            raise ValueError(msg)
        return command.con_id

    def _shortable(self, command: Command) -> None:
        """Say how many shares can be borrowed (null: any), and whether they must be located."""
        books = self._gateway.books
        books.locates = books.locates.changed(
            self._known(command), command.shares, to_locate=command.locate
        )
        self._gateway.streams.lends(command.con_id)

    def _locate(self, command: Command) -> None:
        """Find the shares that short sales wait for."""
        gateway = self._gateway
        gateway.publish(gateway.venue.locate(self._known(command), gateway.timeline.now_ns))

    def _links(self, _: Command) -> Any:
        links = self._gateway.links.values()
        return {
            "accepted": self._gateway.accepted,
            "connected": [
                {"number": link.number, "client_id": link.client_id, "started": link.started}
                for link in links
            ],
        }

    def _fault(self, command: Command) -> Any:
        if command.toml:
            program = faults.read(command.toml, "control port", KNOWN_MESSAGES)
        else:
            programs = faults.catalogue(KNOWN_MESSAGES)
            if command.program not in programs:
                msg = f"no fault program {command.program!r}: there are {', '.join(programs)}"
                raise FaultError(msg)
            program = programs[command.program]
        self._gateway.faults.play(program)
        return program.title

    def _clear(self, _: Command) -> Any:
        self._gateway.faults.clear()
        return True

    def _clock(self, command: Command) -> Any:
        """Move time forward; what is due on the way happens in its order."""
        now_ns = self._gateway.timeline.now_ns
        self._gateway.advance(now_ns + int(command.advance_s * SECOND_NS))
        self._server.restart_clock()
        return self._gateway.timeline.now_ns

    def _restart(self, command: Command) -> Any:
        rule = faults.Restart(down_s=command.down_s, lose_orders=command.lose_orders)
        self._gateway.faults.play(faults.Program(row="-", title="restart", rule=(rule,)))
        return True

    def _reset(self, _: Command) -> Any:
        """The nightly reset: the link to IBKR breaks, then every connection."""
        rules = (faults.Lost(for_s=5.0), faults.Restart(after_s=1.0, down_s=35.0))
        self._gateway.faults.play(faults.Program(row="-", title="nightly reset", rule=rules))
        return True

    def _lock(self, command: Command) -> Any:
        """Wait for a second factor: connections are accepted and not answered."""
        rule = faults.IgnoreHello(for_s=command.for_s or 1e9)
        self._gateway.faults.play(faults.Program(row="-", title="locked", rule=(rule,)))
        self._gateway.restart()
        return True
