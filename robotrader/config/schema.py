"""Every key of the configuration, with its type, its bounds, its default and its meaning.

The structs are the only place where a key is defined: what they do not have is refused, and the
reference in ``docs/configuration.md`` is generated from them. A secret is never in here, only its
name (``SecretRef``). A section's docstring and a key's description are what the reference shows.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from robotrader.config.risk_schema import KillSwitch, Risk, Share, Symbol
from robotrader.domain.size_rules import SizeRule
from robotrader.domain.windows import RestartWindow


class Mode(StrEnum):
    """Where orders go."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class StopKind(StrEnum):
    """What a stop's distance is measured in."""

    NONE = "none"
    FIXED = "fixed"
    PERCENT = "percent"
    ATR = "atr"
    TRAILING = "trailing"


class Durability(StrEnum):
    """When a journal record counts as written."""

    FSYNC = "fsync"
    OS = "os"


class SecretRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret by its name: ``{ secret = "name" }``. The value never enters the configuration."""

    secret: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$", description="The secret's name")]


_Port = Annotated[int, Meta(ge=1, le=65535)]
_Bind = Annotated[str, Meta(pattern=r"^[^\s:]+:[0-9]{1,5}$")]


class Pacing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Our own limits of requests, below IBKR's: 50 messages a second, 60 historical ones."""

    messages_per_s: Annotated[int, Meta(ge=1, le=50, description="API messages a second")] = 45
    historical_per_10min: Annotated[
        int, Meta(ge=1, le=60, description="Historical data requests in ten minutes")
    ] = 55
    market_data_lines: Annotated[
        int,
        Meta(
            ge=1, le=1000, description="Streams at once, two a symbol; IBKR gives 100 to begin with"
        ),
    ] = 95


class Ib(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The connection to TWS, to IB Gateway or to the emulated gateway."""

    host: Annotated[str, Meta(min_length=1, description="Host of the gateway")] = "127.0.0.1"
    port: Annotated[
        _Port, Meta(description="Its port: 4002 or 7497 for paper, 4001 or 7496 for live")
    ] = 4002
    client_id: Annotated[
        int, Meta(ge=1, le=2**31 - 1, description="Our API client id; no other client may use it")
    ] = 11
    connect_timeout_s: Annotated[
        float, Meta(gt=0, le=120, description="Longest wait for the gateway's greeting")
    ] = 10.0
    restart_windows: Annotated[
        tuple[RestartWindow, ...], Meta(description="The gateway's announced daily restarts")
    ] = ()
    gateway_command: Annotated[
        tuple[str, ...],
        Meta(
            description="Program and arguments that start a gateway, also in mode sim; empty: "
            "the emulated one in mode sim, else somebody else's business"
        ),
    ] = ()
    gateway_secrets: Annotated[
        dict[str, SecretRef],
        Meta(description='Environment variables of that program, each `{ secret = "name" }`'),
    ] = msgspec.field(default_factory=dict)
    pacing: Pacing = Pacing()


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The event journal: what a restart continues from."""

    durability: Annotated[
        Durability,
        Meta(description="`fsync`: on the disk before an order leaves; `os`: only for simulation"),
    ] = Durability.FSYNC
    second_copy: Annotated[
        str, Meta(description="Folder of a second copy, on another disk; empty: none")
    ] = ""
    map_size_mib: Annotated[
        int, Meta(ge=16, le=1_048_576, description="Largest size of the LMDB file, in MiB")
    ] = 4096
    backup_age_max_h: Annotated[
        float, Meta(gt=0, description="`doctor` warns when the second copy is older than this")
    ] = 24.0


class Universe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be watched and traded at all."""

    symbols: Annotated[tuple[Symbol, ...], Meta(description="Symbols, each once")] = ()


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How every entry of the strategy is protected, where it says nothing else itself.

    Stops and take-profits are orders at the broker; only `hold_s` works while the process does.
    """

    kind: Annotated[
        StopKind,
        Meta(description="`fixed`: USD; `percent`, `trailing`: percent; `atr`: true ranges"),
    ] = StopKind.NONE
    value: Annotated[
        float, Meta(ge=0, le=100_000, description="Distance of the stop from the entry's price")
    ] = 0.0
    atr_bars: Annotated[
        int, Meta(ge=1, le=1000, description="Length of the average true range, in bars")
    ] = 14
    take_profit: Annotated[
        float, Meta(ge=0, le=1000, description="Percent of profit at which it is taken; 0: none")
    ] = 0.0
    hold_s: Annotated[
        float, Meta(ge=0, description="A position is given up after this; 0: never")
    ] = 0.0


class Strategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One strategy, named by its section: `[strategy.NAME]`."""

    class_: Annotated[
        str,
        Meta(
            pattern=r"^([a-z_][\w.]*|.+\.py):[A-Z]\w*$",
            description=(
                "Its class, as `robotrader.strategies.sma_cross:SmaCross` or `my/dip.py:Dip`"
            ),
        ),
    ] = msgspec.field(name="class")
    symbols: Annotated[
        tuple[Symbol, ...], Meta(min_length=1, description="What it trades; all in the universe")
    ]
    bar: Annotated[
        str, Meta(pattern="^[1-9][0-9]{0,2}(s|m|h|d)$", description="Its bars, as `1m` or `1d`")
    ] = "1m"
    params: Annotated[
        dict[str, bool | int | float | str], Meta(description="What its class is made with")
    ] = msgspec.field(default_factory=dict)
    size: SizeRule = SizeRule()
    capital: Annotated[
        Share, Meta(description="The share of the account that `size` has to give out")
    ] = 0.1
    spread: Annotated[
        bool, Meta(description="Whether its symbols are the legs of one strategy, as of `Pairs`")
    ] = False
    enabled: Annotated[bool, Meta(description="Whether it is started")] = True
    stop: Stop = Stop()


class Supervision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often what may be restarted before its supervisor gives up (OTP's intensity)."""

    max_restarts: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Restarts that each supervisor above the symbols allows in `within_s`",
        ),
    ] = 5
    within_s: Annotated[
        float, Meta(gt=0, le=86_400, description="The time they are counted in")
    ] = 60.0
    core_max_restarts: Annotated[
        int, Meta(ge=0, le=100, description="Replacements of the core process in `core_within_s`")
    ] = 3
    core_within_s: Annotated[
        float, Meta(gt=0, le=86_400, description="The time they are counted in; then SAFE mode")
    ] = 600.0
    shutdown_s: Annotated[
        float, Meta(gt=0, le=600, description="Longest orderly end of everything")
    ] = 10.0


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The page that Prometheus reads."""

    bind: Annotated[_Bind, Meta(description="HOST:PORT to serve `/metrics` on")] = "127.0.0.1:9464"
    enabled: Annotated[bool, Meta(description="Whether it is served")] = True


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The structured log: lines of JSON in `DATA_DIR/logs`."""

    level: Annotated[LogLevel, Meta(description="The least level that is written")] = LogLevel.INFO
    file_mib: Annotated[
        int, Meta(ge=1, le=1024, description="A file is closed at this size, in MiB")
    ] = 16
    total_mib: Annotated[
        int, Meta(ge=2, le=65_536, description="All files together; the oldest go first, in MiB")
    ] = 256


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Unix socket that the command line and the web process use."""

    socket: Annotated[str, Meta(description="Its path; empty: `DATA_DIR/control.sock`")] = ""
    deadline_s: Annotated[
        float, Meta(gt=0, le=600, description="Longest time that a command waits for an answer")
    ] = 5.0
    clients_max: Annotated[int, Meta(ge=1, le=1024, description="Connections at once")] = 32


class Sim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The emulated market of mode sim: which day, and how fast. All clocks then follow it."""

    speed: Annotated[
        float, Meta(gt=0, le=1000, description="Seconds of the simulated day in a second")
    ] = 1.0
    start: Annotated[
        str,
        Meta(
            pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?)?$",
            description="Its first moment in New York, as `2020-03-16T09:30`; empty: now",
        ),
    ] = ""
    data: Annotated[
        str, Meta(description="Folder or file of your own prices; empty: the bundled ones")
    ] = ""
    calendar: Annotated[
        bool, Meta(description="Whether it trades in the New York Stock Exchange's sessions only")
    ] = False
    control_port: Annotated[
        int, Meta(ge=1024, le=65535, description="Loopback port that says its time")
    ] = 4003

    @property
    def own_time(self) -> bool:
        """Whether the market's time is another than that of the wall clock."""
        return self.speed != 1.0 or bool(self.start or self.data)


class Chaos(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether `robotrader chaos` may break this system on purpose; refused in mode live."""

    enabled: Annotated[
        bool, Meta(description="Whether it may; the broker's connection then goes through a link")
    ] = False
    link_port: Annotated[int, Meta(ge=1024, le=65535, description="Loopback port of that link")] = (
        4004
    )


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys above all sections."""

    mode: Annotated[
        Mode,
        Meta(description="`sim`: the emulated gateway; `paper`: IBKR's paper account; `live`"),
    ] = Mode.SIM
    account: Annotated[
        str,
        Meta(
            pattern="^((D[UF]|U)[0-9]{4,12})?$",
            description="The account to trade: `DU...` for sim and paper, `U...` for live",
        ),
    ] = ""
    data_dir: Annotated[
        str, Meta(min_length=1, description="Folder of journal, logs, socket and lease")
    ] = "data"
    ib: Ib = Ib()
    risk: Risk = Risk()
    kill_switch: KillSwitch = KillSwitch()
    journal: Journal = Journal()
    universe: Universe = Universe()
    strategy: dict[str, Strategy] = msgspec.field(default_factory=dict)
    supervision: Supervision = Supervision()
    metrics: Metrics = Metrics()
    log: Log = Log()
    control: Control = Control()
    sim: Sim = Sim()
    chaos: Chaos = Chaos()
