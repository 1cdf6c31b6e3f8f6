"""What must hold between keys: a table of rules, each a function that says what is broken.

The first rules keep the modes apart: a port, an account and a mode that do not belong together
never start. IBKR's ports are those of its API documentation (TWS 7496 live and 7497 paper, Gateway
4001 and 4002); paper accounts begin with DU or DF, live ones with U.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from robotrader.config.places import control_socket
from robotrader.config.schema import Config, Durability, Mode, Sim, StopKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from robotrader.config.layers import Path
    from robotrader.config.schema import Stop

    Found = Iterator[tuple[Path, str]]

LIVE_PORTS: Final = frozenset({4001, 7496})
PAPER_PORTS: Final = frozenset({4002, 7497})
PROFILES: Final = {"demo": Mode.SIM, "sim": Mode.SIM, "paper": Mode.PAPER, "live": Mode.LIVE}
"""The mode that each profile of ours may have; others may have any but live."""

_NO_SIM: Final = Sim()

_SOCKET_BYTES_MAX: Final = 107
"""Linux: ``sun_path`` of ``sockaddr_un`` has 108 bytes, the last is 0."""


def broken(config: Config, profile: str) -> Found:
    """Yield the key and the sentence of everything that does not fit together."""
    yield from _profile(config, profile)
    for rule in _RULES:
        yield from rule(config)


def _profile(config: Config, profile: str) -> Found:
    wanted = PROFILES.get(profile)
    if config.mode is Mode.LIVE and wanted is not Mode.LIVE:
        yield ("mode",), "mode live needs the profile live: give --profile live"
    elif wanted is not None and config.mode is not wanted:
        yield ("mode",), f"the profile {profile} has mode {wanted}, not {config.mode}"


def _port(config: Config) -> Found:
    port = config.ib.port
    if config.mode is Mode.LIVE and port not in LIVE_PORTS:
        yield ("ib", "port"), f"mode live needs ib.port 4001 or 7496, not {port}"
    if config.mode is Mode.PAPER and port not in PAPER_PORTS:
        yield ("ib", "port"), f"mode paper needs ib.port 4002 or 7497, not {port}"
    if config.mode is Mode.SIM and port in LIVE_PORTS:
        yield ("ib", "port"), f"mode sim may not use ib.port {port}, which is a live one: use 4002"


def _host(config: Config) -> Found:
    if config.mode is Mode.SIM and not _is_loopback(config.ib.host):
        yield ("ib", "host"), "mode sim talks to this machine only: use 127.0.0.1"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _account(config: Config) -> Found:
    account, key = config.account, ("account",)
    if config.mode is Mode.LIVE and not account.startswith("U"):
        yield key, f"mode live needs a live account, as U1234567, not {account!r}"
    if config.mode is Mode.PAPER and not account.startswith("D"):
        yield key, f"mode paper needs a paper account, as DU1234567, not {account!r}"
    if config.mode is Mode.SIM and account.startswith("U"):
        yield key, f"mode sim may not use the live account {account}: use DU1234567"


_ABOVE_0: Final = (
    "max_order_qty",
    "max_order_usd",
    "max_symbol_qty",
    "max_symbol_usd",
    "max_gross_usd",
)


def _limits(config: Config) -> Found:
    risk = config.risk
    for name in _ABOVE_0:
        if not (value := getattr(risk, name)).is_finite() or value <= 0:
            yield ("risk", name), f"must be above 0, not {value}"
    if not risk.max_daily_loss_usd.is_finite() or risk.max_daily_loss_usd < 0:
        yield ("risk", "max_daily_loss_usd"), f"must be 0 or more, not {risk.max_daily_loss_usd}"
    if risk.max_symbol_weight > risk.max_gross:
        yield (
            ("risk", "max_symbol_weight"),
            f"{risk.max_symbol_weight} is more than risk.max_gross {risk.max_gross}",
        )
    if risk.max_net > risk.max_gross:
        yield ("risk", "max_net"), f"{risk.max_net} is more than risk.max_gross {risk.max_gross}"
    if risk.max_daily_loss > risk.max_drawdown:
        yield (
            ("risk", "max_daily_loss"),
            f"{risk.max_daily_loss} is more than risk.max_drawdown {risk.max_drawdown}",
        )
    switch = config.kill_switch
    if switch.daily_loss > switch.drawdown:
        yield (
            ("kill_switch", "daily_loss"),
            f"{switch.daily_loss} is more than kill_switch.drawdown {switch.drawdown}",
        )


def _journal(config: Config) -> Found:
    if config.journal.durability is Durability.OS and config.mode is not Mode.SIM:
        yield ("journal", "durability"), f"mode {config.mode} needs fsync: orders could be doubled"
    if config.mode is Mode.LIVE and not config.journal.second_copy:
        yield ("journal", "second_copy"), "mode live needs a second copy: name a folder for it"


def _simulation(config: Config) -> Found:
    """A key of the simulation that would have no effect is a mistake about the mode."""
    if config.mode is not Mode.SIM:
        for name in Sim.__struct_fields__:
            if getattr(config.sim, name) != getattr(_NO_SIM, name):
                yield ("sim", name), f"mode {config.mode} simulates nothing: remove it"


def _universe(config: Config) -> Found:
    symbols = config.universe.symbols
    for symbol in sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}):
        yield ("universe", "symbols"), f"{symbol} is named twice"


def _lines(config: Config) -> Found:
    """More would take lines from each other for ever (see ``robotrader.gateway.lines``)."""
    wanted, most = 2 * len(config.universe.symbols), config.ib.pacing.market_data_lines
    if wanted > most:
        remedy = f"name fewer, or have IBKR give more than ib.pacing.market_data_lines = {most}"
        yield ("universe", "symbols"), f"{wanted // 2} symbols need {wanted} lines: {remedy}"


def _strategies(config: Config) -> Found:
    for name, strategy in config.strategy.items():
        for symbol in strategy.symbols if strategy.enabled else ():
            if symbol not in config.universe.symbols:
                yield (
                    ("strategy", name, "symbols"),
                    f"{symbol} is not in universe.symbols: add it there",
                )
        yield from _stop(("strategy", name, "stop", "value"), strategy.stop)
    wanted = sum(strategy.capital for strategy in config.strategy.values() if strategy.enabled)
    if wanted > config.risk.max_gross + 1e-9:
        yield ("strategy",), f"{wanted:g} of the account is more than risk.max_gross allows"


def _stop(key: Path, stop: Stop) -> Found:
    if stop.kind is not StopKind.NONE and stop.value <= 0:
        yield key, f"a {stop.kind} stop needs a distance above 0"
    if stop.kind in {StopKind.PERCENT, StopKind.TRAILING} and stop.value >= 100:
        yield key, f"{stop.value:g} percent below its price nothing is left: give less than 100"


def _supervision(config: Config) -> Found:
    windows = config.supervision
    if windows.within_s >= windows.core_within_s:
        yield (
            ("supervision", "within_s"),
            f"{windows.within_s:g} s is not shorter than core_within_s {windows.core_within_s:g} s",
        )


def _log(config: Config) -> Found:
    if config.log.total_mib < 2 * config.log.file_mib:
        yield (
            ("log", "total_mib"),
            f"{config.log.total_mib} has no room for two files of {config.log.file_mib} MiB",
        )


def _control(config: Config) -> Found:
    if len(control_socket(config).encode()) > _SOCKET_BYTES_MAX:
        yield (
            ("control", "socket"),
            f"{control_socket(config)} has more than {_SOCKET_BYTES_MAX} bytes: name a shorter one",
        )


def _bind(config: Config) -> Found:
    if not 0 < int(config.metrics.bind.rpartition(":")[2]) < 1 << 16:
        yield ("metrics", "bind"), f"{config.metrics.bind} has no port from 1 to 65535"


def _chaos(config: Config) -> Found:
    """What breaks a system on purpose is not there where money is real."""
    chaos = config.chaos
    if chaos.enabled and config.mode is Mode.LIVE:
        yield ("chaos", "enabled"), "mode live may not be broken on purpose: remove it"
    if chaos.enabled and chaos.link_port in {config.ib.port, config.sim.control_port}:
        yield ("chaos", "link_port"), f"{chaos.link_port} is in use already: choose another port"


_RULES: Final[tuple[Callable[[Config], Found], ...]] = (
    _port,
    _host,
    _account,
    _limits,
    _journal,
    _simulation,
    _universe,
    _lines,
    _strategies,
    _supervision,
    _log,
    _control,
    _bind,
    _chaos,
)
