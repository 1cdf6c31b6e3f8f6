"""What goes wrong at the wire level, and how it is done to the world.

A fault begins and ends; what lasts at the same time adds up. The broker's faults are the emulator's
own programs: every row of the failure catalogue in ``robotrader/emulator/programs``.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.emulator import faults as programs
from robotrader.gateway import Resolve
from robotrader.tws import KNOWN_MESSAGES
from tests.simulation.plan import Fault, Kind
from tests.simulation.wire_net import Weather
from tests.simulation.wire_tree import SYMBOLS, S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.plan import Plan
    from tests.simulation.wire_world import WireWorld


@cache
def rows() -> dict[str, programs.Program]:
    """Return the emulator's programs by row of the failure catalogue; they are read once."""
    return programs.catalogue(KNOWN_MESSAGES)


ROWS: Final = tuple(sorted(rows()))
ROLES: Final = (
    "journal", "alerts", "kill-switch", "account", "orders", "risk", "gateway", "data", "history",
)  # fmt: skip
_UNTOLD: Final = frozenset({"H1"})
EXCUSES: Final = {
    "O7": frozenset({"W1"}), "O20": frozenset({"I6b"}),
    "C3": _UNTOLD, "O1": _UNTOLD, "O4": _UNTOLD, "O8": _UNTOLD,
}  # fmt: skip
"""What a row puts out of force: a correction to more than was ordered is the broker's own doing,
as is a price that the gateway makes of ours; fills that are not told at all halt a contract."""

MOST_TICKS: Final = 300
"""A second, of one contract."""

SEARCH: Final = 1_000_000_000
"""The first number of a question that nobody of the product asks."""

MOST_STEPS: Final = 40
"""How many turns later than its time a process is killed: so that it happens in the middle."""

CATALOGUE: Final = {
    "process": (
        Kind("end actor", 8.0, subjects=ROLES),
        Kind("kill -9", 3.0, amount=(0, MOST_STEPS), lasts_s=(0.1, 8.0)),
    ),
    "disk": (
        Kind("slow", 1.0, amount=(0.001, 0.5), lasts_s=(1.0, 10.0)),
        Kind("full", 1.0, lasts_s=(0.5, 5.0)),
        Kind("eio", 1.0, amount=(0.01, 0.3), lasts_s=(0.5, 5.0)),
    ),
    "network": (
        Kind("delay", 2.0, amount=(0.001, 5.0), lasts_s=(1.0, 10.0)),
        Kind("cuts", 2.0, amount=(2, 12), lasts_s=(1.0, 20.0)),
        Kind("stall", 2.0, amount=(0.1, 8.0)),
        Kind("dark", 2.0, amount=(5.0, 60.0)),
        Kind("cut in commit", 2.0, subjects=("OrderIntended", "CancelIntended")),
        Kind("fin", 3.0),
        Kind("rst", 3.0),
        Kind("unreachable", 0.5, lasts_s=(1.0, 20.0)),
        Kind("refuse", 0.5, lasts_s=(1.0, 20.0)),
    ),
    "broker": (
        Kind("program", 4.0, subjects=ROWS, lasts_s=(1.0, 40.0)),
        Kind("half greeting", 0.5, subjects=("managedAccounts", "nextValidId")),
    ),
    "clock": (Kind("jump", 0.5, amount=(-3600.0, 3600.0), lasts_s=(1.0, 60.0)),),
    "market": (
        Kind("quiet", 1.0, subjects=("", *SYMBOLS), lasts_s=(1.0, 40.0)),
        Kind("halt", 1.5, subjects=SYMBOLS, lasts_s=(1.0, 20.0)),
        Kind("price", 2.0, subjects=SYMBOLS, amount=(-0.03, 0.03)),
    ),
    "operator": (
        Kind("kill file", 0.2, lasts_s=(2.0, 20.0)),
        Kind("by hand", 0.5, subjects=SYMBOLS, amount=(-5, 5)),
    ),
    "load": (
        Kind("flood", 1.0, subjects=SYMBOLS, amount=(50, 300), lasts_s=(0.5, 2.0)),
        Kind("searches", 0.5, amount=(20, 120)),
    ),
}


def _own(rule: programs.Rule) -> programs.Rule:
    """Return a rule that counts for itself; what costs a minute of our time is made shorter."""
    if isinstance(rule, programs.Flood):
        rate, for_s = min(rule.rate, MOST_TICKS), min(rule.for_s, 1.0)
        return msgspec.structs.replace(rule, rate=rate, for_s=for_s)
    return msgspec.structs.replace(rule)


def with_row(plan: Plan) -> Plan:
    """Add a row of the catalogue, so that so many seeds as there are rows play them all.

    Many rules wait for a connection that begins: half of the seeds end the present one for them.
    """
    random = Random(f"{plan.seed}/row")
    at_ns, row = int(random.uniform(0.1, 0.5) * plan.seconds * S), ROWS[plan.seed % len(ROWS)]
    lasts_ns = int(random.uniform(0.2, 0.5) * plan.seconds * S)
    number = len(plan.faults) + 1
    more = [Fault(number, at_ns, "broker", "program", row, lasts_ns=lasts_ns)]
    if random.random() < 0.5:
        more.append(Fault(number + 1, at_ns + S // 10, "network", "rst"))
    faults = sorted((*plan.faults, *more), key=lambda each: each.at_ns)
    return msgspec.structs.replace(plan, faults=tuple(faults))


class Faults:
    """Does faults to a world."""

    def __init__(self, world: WireWorld) -> None:
        self._world = world
        self._lasting: dict[int, Fault] = {}
        self._programs = rows()
        self._played: dict[int, tuple[programs.Rule, ...]] = {}
        self._kept: list[programs.Rule] = []
        """Rules are told apart by their addresses: none may be used again."""

        self._do: dict[str, Callable[[Fault], None]] = {
            "end actor": self._end_actor,
            "kill -9": self._kill,
            "stall": lambda fault: self._each(lambda link: link.stall(fault.amount)),
            "dark": lambda fault: self._each(lambda link: link.go_dark(fault.amount)),
            "fin": lambda _: self._each(lambda link: link.cut("fin")),
            "rst": lambda _: self._each(lambda link: link.cut("rst")),
            "program": self._play,
            "halt": lambda fault: world.venue.halt(self._con_id(fault)),
            "price": self._price,
            "by hand": self._by_hand,
            "flood": self._flood,
            "half greeting": self._half_greet,
            "cut in commit": lambda fault: world.cuts.append(fault.subject),
            "searches": self._search,
        }
        self._undo: dict[str, Callable[[Fault], None]] = {
            "kill -9": lambda _: self.revive(),
            "program": self._stop_playing,
            "halt": lambda fault: world.venue.resume(self._con_id(fault)),
        }

    def begin(self, fault: Fault) -> None:
        """Let a fault happen."""
        self._world.say(fault.line())
        self._world.coverage[f"{fault.cls} {fault.kind} {fault.subject}".strip()] += 1
        if fault.lasts_ns:
            self._lasting[fault.id] = fault
            self._world.lasting.add(fault.id)
        do = self._do.get(fault.kind)
        if do is not None:
            do(fault)
        self._weather()

    def end(self, fault: Fault) -> None:
        """Let a fault be over, if it still lasts."""
        if self._lasting.pop(fault.id, None) is None:
            return
        self._world.say(f"fault {fault.id} is over")
        self._world.lasting.discard(fault.id)
        undo = self._undo.get(fault.kind)
        if undo is not None:
            undo(fault)
        self._weather()

    def stop(self) -> None:
        """Let everything be well again."""
        for fault in list(self._lasting.values()):
            self.end(fault)
        self._world.cuts.clear()  # those that wait for a commit
        self._each(lambda link: link.light())  # else the broker serves it for a minute more
        self._world.server.do(self._world.gateway.faults.clear)
        self.revive()  # the first faults that ended may have left it a disk that still failed

    # -- what lasts --

    def _weather(self) -> None:
        """Add up what lasts."""
        world, lasting = self._world, self._lasting.values()
        most = {kind: max((f.amount for f in lasting if f.kind == kind), default=0.0)
                for kind in ("delay", "cuts", "eio", "slow")}  # fmt: skip
        kinds = {f.kind for f in lasting}
        world.network.weather = Weather(
            latency_s=(0.0001, max(0.002, most["delay"])),
            cuts=int(most["cuts"]),
            unreachable="unreachable" in kinds,
        )
        world.disk.faults = msgspec.structs.replace(
            world.disk.faults,
            eio_rate=most["eio"],
            capacity_bytes=world.disk.used_bytes if "full" in kinds else 1 << 40,
        )
        world.skew_ns = round(sum(f.amount for f in lasting if f.kind == "jump") * 1e9)
        world.slow_s = most["slow"]
        world.folder.kill = b"reduce" if "kill file" in kinds else None
        quiet = {f.subject for f in lasting if f.kind == "quiet"}
        stopped = set(world.gateway.instruments) if "" in quiet else set(map(self._number, quiet))
        world.gateway.market.quiet = stopped
        refusing = "refuse" in kinds
        if refusing != world.gateway.faults.refusing:
            world.gateway.faults.refusing = refusing
            world.server.do(lambda: None)

    # -- what happens at once --

    def _each(self, do: Callable[..., None]) -> None:
        for connection in list(self._world.network.alive()):
            do(connection)

    def _end_actor(self, fault: Fault) -> None:
        if self._world.life is not None:
            self._world.life.end_actor(fault.subject)

    def _kill(self, fault: Fault) -> None:
        system = self._world.system
        last = system.steps + int(fault.amount)
        system.run(lambda: system.steps >= last, limit_s=0.5)
        self._world.kill()

    @property
    def missing(self) -> bool:
        """Whether there is no process, and none was asked to stay away: it did not start."""
        away = any(each.kind == "kill -9" for each in self._lasting.values())
        return self._world.life is None and not away

    def revive(self) -> None:
        """Do what heart does: start the process where it is missing."""
        if self.missing:
            self._world.begin()

    def _number(self, symbol: str) -> int:
        found = self._world.gateway.instruments.items()
        return next(con_id for con_id, each in found if each.symbol == symbol)

    def _con_id(self, fault: Fault) -> int:
        return self._number(fault.subject)

    def _play(self, fault: Fault) -> None:
        program = self._programs[fault.subject]
        rules = tuple(map(_own, program.rule))
        self._played[fault.id] = rules
        self._kept += rules
        self._world.excused |= EXCUSES.get(fault.subject, frozenset())
        played = msgspec.structs.replace(program, rule=rules)
        self._world.server.do(lambda: self._world.gateway.faults.play(played))

    def _stop_playing(self, fault: Fault) -> None:
        rules = self._played.pop(fault.id, ())
        mine = set(map(id, rules))
        injector = self._world.gateway.faults
        if any(isinstance(rule, programs.Limits) for rule in rules):
            self._world.server.do(self._usual_limits)
        struck = sum(injector._seen[number] > 0 for number in mine)
        self._world.coverage[f"struck {fault.subject}"] += bool(struck)
        injector._rules = [rule for rule in injector._rules if id(rule) not in mine]

    def _usual_limits(self) -> None:
        gateway = self._world.gateway
        usual = gateway.settings.limits
        rule = programs.Limits(messages=usual.messages, lines=usual.lines, clients=usual.clients)
        self._kept.append(rule)
        gateway.faults.play(programs.Program(row="", title="usual", rule=(rule,)))

    def _price(self, fault: Fault) -> None:
        gateway, con_id = self._world.gateway, self._con_id(fault)

        def jump() -> None:
            ticker = gateway.listen_to(con_id)
            price = round(ticker.trade.price * (1 + fault.amount), 2)
            gateway.market.show(ticker, price)

        self._world.server.do(jump)

    def _by_hand(self, fault: Fault) -> None:
        qty = int(fault.amount)
        if qty:
            side = "BUY" if qty > 0 else "SELL"
            rule = programs.Place(symbol=fault.subject, side=side, qty=abs(qty))
            program = programs.Program(row="", title="by hand", rule=(rule,))
            self._kept.append(rule)
            self._world.server.do(lambda: self._world.gateway.faults.play(program))

    def _half_greet(self, fault: Fault) -> None:
        """End the connection; of the next one's greeting a half is lost."""
        rule = programs.Drop(on=f"reply:{fault.subject}", times=1)
        self._kept.append(rule)
        program = programs.Program(row="", title="half a greeting", rule=(rule,))
        self._world.server.do(lambda: self._world.gateway.faults.play(program))
        self._each(lambda link: link.cut("rst"))

    def _search(self, fault: Fault) -> None:
        """Somebody asks for the contracts of many symbols, as when a universe is set up."""
        if self._world.life is None:
            return
        gateway = self._world.life.trader.role("gateway")
        for number in range(int(fault.amount)):
            gateway.tell(Resolve(SEARCH + 1_000 * fault.id + number, f"NEW{number}"))

    def _flood(self, fault: Fault) -> None:
        rule = programs.Flood(
            symbol=fault.subject, rate=int(fault.amount), for_s=fault.lasts_ns / 1e9
        )
        program = programs.Program(row="", title="flood", rule=(rule,))
        self._kept.append(rule)
        self._world.server.do(lambda: self._world.gateway.faults.play(program))
