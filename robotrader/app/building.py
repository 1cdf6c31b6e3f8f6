"""From the configuration to a trader: everything that the tree is made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from actors import Trader
from robotrader.adapters import loader
from robotrader.adapters.calendar import sessions as calendar_sessions
from robotrader.adapters.ib import IbSettings
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.config import Durability, Mode
from robotrader.config.places import journal_folder
from robotrader.domain.errors import ConfigurationError
from robotrader.gateway.link import LinkRules
from robotrader.gateway.pacing import PacingRules
from robotrader.gateway.windows import RestartWindow
from robotrader.market import LineRules
from robotrader.risk import Level, Limits, Ratio, TripRules, Usd
from robotrader.strategies import StopKind, StopRule, StrategyHost
from robotrader.venue import AlwaysOpen, SessionTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from robotrader.config import Config
    from robotrader.config import RestartWindow as Announced
    from robotrader.config import Strategy as Chosen
    from robotrader.domain import Instrument
    from robotrader.venue import Sessions

_NS: Final = 1_000_000_000
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_BEHIND: Final = timedelta(days=10)
_AHEAD: Final = timedelta(days=370)
_MIB: Final = 1 << 20


def settings_of(config: Config) -> IbSettings:
    """Return how the gateway is dealt with."""
    ib = config.ib
    windows = tuple(RestartWindow(*_span(each)) for each in ib.restart_windows)
    return IbSettings(
        host=ib.host,
        port=ib.port,
        client_id=ib.client_id,
        account=config.account,
        rate=ib.pacing.messages_per_s,
        link=LinkRules(handshake_s=ib.connect_timeout_s, windows=windows),
        pacing=PacingRules(window_requests=ib.pacing.historical_per_10min),
    )


def _span(window: Announced) -> tuple[str, float, str]:
    """Return start, minutes and zone; what comes before it belongs to the risk gate."""
    return window.at, window.after_s / 60, window.tz


def sessions_of(config: Config, now_ns: int) -> Sessions:
    """Return when is traded: the emulated market at any hour, the real one by its calendar."""
    if config.mode is Mode.SIM:
        return AlwaysOpen()
    today = datetime.fromtimestamp(now_ns // _NS, UTC).date()
    return SessionTable(calendar_sessions("XNYS", today - _BEHIND, today + _AHEAD))


def limits_of(config: Config) -> tuple[Limits, TripRules]:
    """Return what may be risked, and what trips the kill switch by itself."""
    risk = config.risk
    limits = Limits(
        allowed_symbols=frozenset(config.universe.symbols),
        max_order_usd=Usd(_exact(risk.max_order_usd)),
        max_symbol_weight=Ratio(_exact(risk.max_symbol_weight)),
        max_gross=Ratio(_exact(risk.max_gross)),
        max_net=Ratio(_exact(risk.max_net)),
        max_daily_loss=Ratio(_exact(risk.max_daily_loss)),
        max_drawdown=Ratio(_exact(risk.max_drawdown)),
        max_orders_per_min=risk.max_orders_per_min,
        max_open_orders=risk.max_open_orders,
        price_collar=Ratio(_exact(risk.price_collar)),
        max_quote_age_ms=round(risk.stale_quote_s * 1_000),
        allow_short=risk.allow_short,
    )
    on_breach = Level.read(risk.on_breach.value)
    return limits, TripRules(on_loss=on_breach or Level.REDUCE)


def _exact(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def bar_ns(text: str) -> int:
    """Return the length of bars that are written as ``5s``, ``1m``, ``1h``, ``1d``."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", text).groups()  # type: ignore[union-attr]
    return int(number) * _UNITS[unit] * _NS


def chosen(config: Config) -> dict[str, Chosen]:
    """Return the strategies that are started."""
    return {name: each for name, each in config.strategy.items() if each.enabled}


def _lines(config: Config, instruments: Mapping[int, Instrument]) -> dict[int, LineRules]:
    """Return how each contract's prices are used: its bars are as long as its strategies want.

    Raises:
        ConfigurationError: two strategies of one symbol want different bars.
    """
    made = {}
    for con_id, instrument in instruments.items():
        wanted = {
            each.bar: name
            for name, each in chosen(config).items()
            if instrument.symbol in each.symbols
        }
        if len(wanted) > 1:
            names = " and ".join(sorted(wanted.values()))
            raise ConfigurationError(
                f"strategies {names} want different bars of {instrument.symbol}: "
                f"{', '.join(sorted(wanted))}; give both the same"
            )
        size = bar_ns(next(iter(wanted), "1m"))
        made[con_id] = LineRules(primary="ibkr", made_of="bars", size_ns=size)
    return made


def _hosts(
    config: Config, instruments: Mapping[int, Instrument]
) -> dict[int, dict[str, Callable[[], StrategyHost]]]:
    """Return what makes each contract's strategies; each is made once now, to find mistakes."""
    made: dict[int, dict[str, Callable[[], StrategyHost]]] = {}
    for name, each in chosen(config).items():
        loader.load(each.class_, each.params)
        for con_id, instrument in instruments.items():
            if instrument.symbol in each.symbols:
                own = f"{name}/{instrument.symbol}"
                make = partial(_host, each, own, instrument)
                made.setdefault(con_id, {})[own] = make
    return made


def _host(each: Chosen, name: str, instrument: Instrument) -> StrategyHost:
    wanted = each.stop
    rule = StopRule(
        kind=StopKind(wanted.kind.value),
        value=wanted.value,
        atr_bars=wanted.atr_bars,
        take_profit=wanted.take_profit,
        hold_s=wanted.hold_s,
    )
    strategy = loader.load(each.class_, each.params)
    return StrategyHost(strategy, name=name, instrument=instrument, stop=rule)


def trader_of(
    config: Config,
    config_hash: str,
    instruments: Sequence[Instrument],
    *,
    data_dir: Path,
    now_ns: Callable[[], int],
    build: str,
) -> Trader:
    """Return what the tree is made of.

    Raises:
        ConfigurationError: the values do not fit together.
        StrategyError: a strategy cannot be loaded.
    """
    by_contract = {each.con_id: each for each in instruments}
    limits, trips = limits_of(config)
    settings = settings_of(config)

    def restart_at_ns(at_ns: int) -> int | None:
        changes = [window.next_change_ns(at_ns) for window in settings.link.windows]
        return min(changes, default=None)

    copy = config.journal.second_copy
    return Trader(
        account=config.account,
        settings=settings,
        instruments=by_contract,
        sessions=sessions_of(config, now_ns()),
        lines=_lines(config, by_contract),
        strategies=_hosts(config, by_contract),
        limits=limits,
        trips=trips,
        open_store=partial(
            LmdbStore,
            data_dir / journal_folder(config).rpartition("/")[2],
            copy_to=data_dir / copy if copy else None,
            map_bytes=config.journal.map_size_mib * _MIB,
        ),
        data_dir=data_dir,
        now_ns=now_ns,
        restart_at_ns=restart_at_ns,
        durable=config.journal.durability is Durability.FSYNC,
        config_hash=config_hash,
        build=build,
    )
