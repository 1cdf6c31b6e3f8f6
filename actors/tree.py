"""The supervision tree: who is whose child, what restarts with whom, how often, and why.

    root (rest for one)
     |- journal          everything after it is a fold of it: if it restarts, so do they
     |- alerts
     |- desk (rest for one)
     |   |- kill-switch  first, so that nothing is sent before the switch is known
     |   |- account
     |   |- orders
     |   `- risk         holds reservations that an earlier orders made: restarts with it
     |- broker (one for one)
     |   |- gateway-program  the gateway's own process, where it is ours to run
     |   |- gateway      the connection; orders and intents live elsewhere
     |   |- breakers     one round the source's streams, one round its history
     |   |- data
     |   `- history      daily prices, and how contracts move together
     |- symbols (one for one)
     |   |- a branch for each symbol: its market first, then its strategies
     |   `- a branch for each strategy over several symbols
     `- control          the command line's socket, metrics

What is on the loop "broker" (orders, risk, gateway, data) passes messages without a change of
thread; strategies run on a pool, so that a slow one costs nobody else; the journal has a thread of
its own, because it waits for the disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from actors.account import Account
from actors.alerts import Alerts
from actors.branch import spread_branch, symbol_branch
from actors.breaker import BREAKERS, SOURCE, KeptStates, SourceBreaker, breaker_role
from actors.data import Data
from actors.gateway import GatewayActor, GatewayMemory, GatewayRoles, Port
from actors.gateway_program import GatewayProgram, ProgramMemory, ProgramStart
from actors.history import DailyHistory, HistoryRules
from actors.journal import Journal, JournalMemory
from actors.kill_switch import KillSwitch
from actors.orders import Orders
from actors.progress import Progress
from actors.risk import Risk
from actors.unwritten import SwitchMemory
from robotrader.adapters.ib import IbPort
from robotrader.recovery import Holder
from robotrader.risk import ALL, SessionState
from supervision import Backoff, ChildSpec, Registry, Supervisor, SupervisorFlags

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from robotrader.adapters.ib import IbSettings
    from robotrader.domain import Instrument
    from robotrader.journal import Store
    from robotrader.market import LineRules
    from robotrader.risk import Limits, TripRules
    from robotrader.strategies import SpreadHost, StrategyHost
    from robotrader.venue import Sessions
    from supervision.breaker import BreakerConfig

    Spreads = Mapping[str, tuple[tuple[Instrument, ...], Callable[[], SpreadHost]]]

RESTARTS: Final = 5
PERIOD_S: Final = 60.0
"""Five restarts in a minute: a gateway that flaps is none of them, its actor reconnects without
crashing; what crashes more often is a defect, and the level above starts afresh."""

SAFETY: Final = ("journal", "account", "orders", "risk", "gateway")
"""Who has to make progress for anything to be entered; the kill switch looks at them."""

_GENTLE: Final = Backoff(min_s=0.1, max_s=5.0, jitter=0.2)


@dataclass(frozen=True, kw_only=True)
class Trader:
    """What a trader is made of; ``make_tree`` puts it together.

    ``strategies`` makes the hosts of each contract's strategies, by their names.
    """

    account: str
    settings: IbSettings
    instruments: Mapping[int, Instrument]
    sessions: Sessions
    lines: Mapping[int, LineRules]
    strategies: Mapping[int, Mapping[str, Callable[[], StrategyHost]]]
    limits: Limits
    trips: TripRules
    open_store: Callable[[], Store]
    data_dir: Path
    now_ns: Callable[[], int]
    pace: float = 1.0
    """How many seconds of ``now_ns`` a second takes; only simulated days have another than 1."""

    market_ns: Callable[[], int] | None = None
    """The market's time on simulated days; None: it is this machine's."""

    restart_at_ns: Callable[[int], int | None]
    spreads: Spreads = field(default_factory=dict)
    """The legs of strategies over several contracts, and what makes their hosts."""

    ceilings: Mapping[str, Decimal] = field(default_factory=dict)
    """How far a command may loosen a limit, by its name."""

    history: HistoryRules = field(default_factory=HistoryRules)
    program: ProgramStart | None = None
    """The gateway's own program, None if somebody else runs it."""

    make_port: Callable[..., Port] = IbPort
    """Makes the connection to the broker; another one only where a broker is simulated."""

    person_ns: int | None = None
    """When a person started the system: a sign of life."""

    restarts: int = RESTARTS
    within_s: float = PERIOD_S
    durable: bool = True
    config_hash: str = ""
    build: str = ""
    registry: Registry = field(default_factory=Registry)
    memory: GatewayMemory = field(default_factory=GatewayMemory)
    switch_memory: SwitchMemory = field(default_factory=SwitchMemory)
    breakers: KeptStates = field(default_factory=KeptStates)
    program_memory: ProgramMemory = field(default_factory=ProgramMemory)
    outside: list[ChildSpec] = field(default_factory=list)
    """Further children of the root: the control socket."""

    def role(self, name: str) -> Any:
        """Return the address of whoever plays a role."""
        return self.registry.ref(name)


def _flags(trader: Trader, strategy: Any) -> SupervisorFlags:
    return SupervisorFlags(strategy=strategy, intensity=trader.restarts, period_s=trader.within_s)


def _branch(trader: Trader, name: str, strategy: str, children: Sequence[ChildSpec]) -> ChildSpec:
    flags = _flags(trader, strategy)
    return ChildSpec(id=name, start=Supervisor, args=(list(children), flags), type="supervisor")


def make_tree(trader: Trader) -> tuple[list[ChildSpec], SupervisorFlags]:
    """Return the root's children and flags."""
    children = [
        _child(
            trader,
            "journal",
            Journal,
            memory=JournalMemory(trader.open_store),
            wall_ns=trader.now_ns,
            holder=_holder(trader),
        ),
        _child(trader, "alerts", Alerts),
        _branch(trader, "desk", "rest_for_one", _desk(trader)),
        _branch(trader, "broker", "one_for_one", _broker(trader)),
        _branch(trader, "symbols", "one_for_one", _symbols(trader)),
        *trader.outside,
    ]
    return children, _flags(trader, "rest_for_one")


def _holder(trader: Trader) -> Holder:
    multipliers = {con_id: each.multiplier for con_id, each in trader.instruments.items()}
    return Holder.of(trader.account, multipliers)


def _child(trader: Trader, name: str, made: Callable[..., Any], **given: Any) -> ChildSpec:
    """Return a child that plays the role of its name."""
    start = trader.registry.via(name, made)
    drain = made is Journal
    return ChildSpec(id=name, start=start, kwargs=given, drain=drain, start_timeout_s=60.0)


def _desk(trader: Trader) -> list[ChildSpec]:
    role, instruments = trader.role, trader.instruments
    sessions = trader.sessions

    def is_open(_con_id: int, now_ns: int) -> bool:
        return sessions.is_open(now_ns, outside_rth=False)

    def session(_con_id: int, now_ns: int) -> SessionState:
        if sessions.is_open(now_ns, outside_rth=False):
            return SessionState.OPEN
        extended = sessions.is_open(now_ns, outside_rth=True)
        return SessionState.EXTENDED if extended else SessionState.CLOSED

    common = {"account": trader.account, "now_ns": trader.now_ns, "journal": role("journal")}
    return [
        _child(
            trader, "kill-switch", KillSwitch, **common, instruments=instruments,
            limits=trader.limits, ceilings=trader.ceilings, rules=trader.trips, is_open=is_open,
            flag=trader.data_dir / "KILL", orders=role("orders"), risk=role("risk"),
            alerts=role("alerts"), progress=_watched(trader), person_ns=trader.person_ns,
            memory=trader.switch_memory,
        ),
        _child(
            trader, "account", Account, **common, instruments=tuple(instruments.values()),
            day_of=sessions.day_of, readers=(role("kill-switch"),),
        ),
        _child(
            trader, "orders", Orders, **common, client_id=trader.settings.client_id,
            gateway=role("gateway"), risk=role("risk"), alerts=role("alerts"),
            told=(role("account"), role("kill-switch"), role("risk")),
            durable=trader.durable, config_hash=trader.config_hash, build=trader.build,
            pace=trader.pace,
        ),
        _child(
            trader, "risk", Risk, **common, instruments=instruments, limits=trader.limits,
            ceilings=trader.ceilings, session=session, restart_at_ns=trader.restart_at_ns,
            registry=trader.registry, orders=role("orders"),
        ),
    ]  # fmt: skip


def _breaker(trader: Trader, name: str, config: BreakerConfig) -> ChildSpec:
    return _child(
        trader, breaker_role(name), SourceBreaker, breaker=name, config=config,
        alerts=trader.role("alerts"), kept=trader.breakers, now_ns=trader.now_ns,
    )  # fmt: skip


def _watched(trader: Trader) -> Progress:
    """Return who trips the switch by making no progress, each for what it stands for."""
    watched: dict[Hashable, tuple[str, str]] = {role: (role, ALL) for role in SAFETY}
    for con_id, instrument in trader.instruments.items():
        name = instrument.symbol
        watched["symbol", con_id] = (f"the symbol {name}", f"symbol:{name}")
    return Progress(trader.registry, watched)


def _broker(trader: Trader) -> list[ChildSpec]:
    role = trader.role
    program = None if trader.program is None else role("gateway-program")
    roles = GatewayRoles(
        orders=role("orders"), data=role("data"), alerts=role("alerts"), program=program,
        watch=role("kill-switch"), gate=role("risk"),
    )  # fmt: skip

    def is_open(_instrument: Instrument, _machine_ns: int) -> bool:
        return trader.sessions.is_open(trader.now_ns(), outside_rth=False)

    return [
        *_program(trader),
        _child(
            trader, "gateway", GatewayActor, settings=trader.settings, roles=roles,
            memory=trader.memory, is_open=is_open, market_ns=trader.market_ns,
            make_port=trader.make_port,
        ),
        *(_breaker(trader, name, config) for name, config in BREAKERS.items()),
        _child(
            trader, "data", Data, instruments=trader.instruments, registry=trader.registry,
            gateway=role("gateway"), readers=(role("risk"),), sleepers=(role("account"),),
            streams=role(breaker_role(f"{SOURCE}.streams")),
            history=role(breaker_role(f"{SOURCE}.history")),
            watch=role("kill-switch"), daily=role("history"), gate=role("risk"),
            now_ns=trader.now_ns,
        ),
        _child(
            trader, "history", DailyHistory, rules=trader.history, data=role("data"),
            risk=role("risk"), now_ns=trader.now_ns,
        ),
    ]  # fmt: skip


def _program(trader: Trader) -> list[ChildSpec]:
    if trader.program is None:
        return []
    return [
        _child(
            trader, "gateway-program", GatewayProgram, start=trader.program,
            alerts=trader.role("alerts"), memory=trader.program_memory,
        )
    ]  # fmt: skip


def _symbols(trader: Trader) -> list[ChildSpec]:
    return [
        symbol_branch(
            instrument=instrument,
            sessions=trader.sessions,
            rules=trader.lines[con_id],
            strategies=trader.strategies.get(con_id, {}),
            wall_ns=trader.now_ns,
            pace=trader.pace,
            registry=trader.registry,
            journal=trader.role("journal"),
            risk=trader.role("risk"),
            data=trader.role("data"),
            backoff=_GENTLE,
        )
        for con_id, instrument in trader.instruments.items()
    ] + [
        spread_branch(
            name=name,
            instruments=legs,
            make_host=make_host,
            wall_ns=trader.now_ns,
            pace=trader.pace,
            registry=trader.registry,
            journal=trader.role("journal"),
            risk=trader.role("risk"),
            backoff=_GENTLE,
        )
        for name, (legs, make_host) in trader.spreads.items()
    ]
