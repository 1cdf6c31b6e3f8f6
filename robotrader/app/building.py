"""From the configuration to a trader: everything that the tree is made of.

Backtests and checks take limits and hosts from here too: the actors and the broker's client are
imported where a trader is made.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from robotrader.adapters import loader
from robotrader.adapters.calendar import sessions as calendar_sessions
from robotrader.adapters.secrets import Secrets
from robotrader.config import Durability, Mode, WhatIf
from robotrader.config.places import journal_folder
from robotrader.domain.errors import ConfigurationError, StrategyError
from robotrader.gateway import LineRules as Streams
from robotrader.gateway.link import LinkRules
from robotrader.gateway.pacing import PacingRules
from robotrader.market import LineRules
from robotrader.market.lengths import bar_ns
from robotrader.risk import Level, LimitChanges, Limits, Ratio, TripRules, Usd
from robotrader.sizing import SizeKind, Sizer
from robotrader.strategies import Spread, SpreadHost, StopKind, StopRule, StrategyHost
from robotrader.venue import AlwaysOpen, SessionTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from actors import ProgramMemory, ProgramStart, Trader
    from robotrader.adapters.ib import IbSettings
    from robotrader.config import Config
    from robotrader.config import Strategy as Chosen
    from robotrader.domain import Instrument
    from robotrader.domain.control import KillLevel
    from robotrader.strategies import Host, Strategy
    from robotrader.venue import Sessions

S = TypeVar("S", bound=msgspec.Struct)

_NS: Final = 1_000_000_000
_BEHIND: Final = timedelta(days=10)
_AHEAD: Final = timedelta(days=370)
_MIB: Final = 1 << 20


def settings_of(config: Config) -> IbSettings:
    """Return how the gateway is dealt with."""
    from robotrader.adapters.ib import IbSettings

    ib = config.ib
    return IbSettings(
        host=ib.host,
        port=ib.port,
        client_id=ib.client_id,
        account=config.account,
        rate=ib.pacing.messages_per_s,
        lines=Streams(budget=ib.pacing.market_data_lines),
        link=LinkRules(handshake_s=ib.connect_timeout_s, windows=ib.restart_windows),
        pacing=PacingRules(window_requests=ib.pacing.historical_per_10min),
    )


def sessions_of(config: Config, now_ns: int) -> Sessions:
    """Return when is traded: the emulated market at any hour, the real one by its calendar."""
    if config.mode is Mode.SIM and not config.sim.calendar:
        return AlwaysOpen()
    today = datetime.fromtimestamp(now_ns // _NS, UTC).date()
    return SessionTable(calendar_sessions("XNYS", today - _BEHIND, today + _AHEAD))


def pace_of(config: Config) -> float:
    """Return how many seconds of the market a second takes; a real market's one."""
    return config.sim.speed if config.mode is Mode.SIM else 1.0


def at_pace(rules: S, pace: float, *names: str) -> S:
    """Return rules whose times that bear with the delays of machines are the same real time.

    What the market itself measures (bars, sessions, orders a minute) keeps the market's time.
    """
    made: S = msgspec.structs.replace(
        rules, **{name: round(getattr(rules, name) * pace) for name in names}
    )
    return made


def limits_of(config: Config) -> tuple[Limits, TripRules]:
    """Return what may be risked, and what trips the kill switch by itself."""
    risk, pace = config.risk, pace_of(config)
    limits = Limits(
        allowed_symbols=frozenset(config.universe.symbols),
        restricted_symbols=frozenset(risk.restricted),
        max_order_qty=risk.max_order_qty,
        max_order_usd=Usd(_exact(risk.max_order_usd)),
        max_symbol_qty=risk.max_symbol_qty,
        max_symbol_usd=Usd(risk.max_symbol_usd),
        max_sector_weight=_looked_at(risk.max_sector_weight, unless=10),
        max_symbol_weight=Ratio(_exact(risk.max_symbol_weight)),
        max_gross=Ratio(_exact(risk.max_gross)),
        max_gross_usd=Usd(risk.max_gross_usd),
        max_net=Ratio(_exact(risk.max_net)),
        max_open_positions=risk.max_open_positions,
        max_daily_loss=Ratio(_exact(risk.max_daily_loss)),
        max_drawdown=Ratio(_exact(risk.max_drawdown)),
        max_daily_loss_usd=Usd(risk.max_daily_loss_usd) if risk.max_daily_loss_usd else None,
        switch_daily_loss=Ratio(_exact(config.kill_switch.daily_loss)),
        switch_drawdown=Ratio(_exact(config.kill_switch.drawdown)),
        max_losses_row=config.kill_switch.losses_max,
        max_cancel_ratio=_looked_at(risk.max_cancel_ratio, unless=1),
        cancel_ratio_orders=risk.cancel_ratio_orders,
        cooldown_ms=round(risk.cooldown_s * 1_000),
        max_volume_share=_looked_at(risk.max_volume_share, unless=1),
        max_volatility=_looked_at(risk.max_volatility, unless=10),
        max_entries_pending=risk.max_entries_pending,
        max_orders_per_s=risk.max_orders_per_s,
        max_orders_per_min=risk.max_orders_per_min,
        max_orders_per_day=risk.max_orders_per_day,
        duplicate_window_ms=round(risk.duplicate_s * 1_000),
        max_open_orders=risk.max_open_orders,
        price_collar=Ratio(_exact(risk.price_collar)),
        max_quote_age_ms=round(risk.stale_quote_s * 1_000 * pace),
        max_pair_correlation=_looked_at(risk.max_pair_correlation, unless=1),
        max_cluster_weight=_looked_at(risk.max_cluster_weight, unless=10),
        cluster_correlation=Ratio(_exact(risk.cluster_correlation)),
        max_strategy_weight={
            name: Ratio(_exact(each.capital)) for name, each in chosen(config).items()
        },
        restart_quiet_ms=_quiet_ms(config),
        max_heat=_looked_at(risk.max_heat, unless=10),
        heat_without_stop=Ratio(_exact(risk.heat_without_stop)),
        allow_short=risk.allow_short,
        short_needs_borrow=risk.short_needs_borrow,
        max_clock_skew_ms=round(risk.max_clock_skew_s * 1_000),
        max_margin=Ratio(_exact(risk.max_margin)) if risk.what_if is WhatIf.ENTRIES else None,
        allow_extended=risk.allow_extended,
    )
    trips = at_pace(_trips(config), pace, "stale_after_ms", "disconnected_ms", "max_skew_ms")
    return at_pace(limits, pace, "max_quote_lead_ms", "max_clock_skew_ms", "margin_age_ms"), trips


def _looked_at(value: float, *, unless: float) -> Ratio | None:
    return None if value >= unless else Ratio(_exact(value))


def _trips(config: Config) -> TripRules:
    rules = config.kill_switch
    return TripRules(
        on_loss=_level(config.risk.on_breach),
        on_losses=_level(rules.on_losses),
        on_position_loss=_level(rules.on_position_loss),
        max_position_loss=_looked_at(rules.position_loss, unless=1),
        on_rejects=_level(rules.on_rejects),
        on_stale_data=_level(rules.on_stale_data),
        on_clock=_level(rules.on_clock_skew),
        on_hung=_level(rules.on_hung),
        on_dead_man=_level(rules.on_dead_man),
        on_unreconciled=_level(rules.on_unreconciled),
        on_connection=_level(rules.on_disconnect),
        max_rejects=rules.rejects_max,
        rejects_within_ms=round(rules.rejects_within_s * 1_000),
        stale_after_ms=round(rules.stale_data_s * 1_000),
        max_skew_ms=round(rules.clock_skew_s * 1_000),
        hung_ms=round(rules.hung_s * 1_000),
        dead_man_ms=round(rules.dead_man_s * 1_000) or None,
        disconnected_ms=round(rules.disconnected_s * 1_000),
    )


def _level(word: KillLevel) -> Level:
    """Return a level that the configuration names; it has no others."""
    return Level[word.name]


def _quiet_ms(config: Config) -> int:
    """Return the longest quiet time; each restart is announced to the gate in its own time."""
    return round(max((each.before_s for each in config.ib.restart_windows), default=0) * 1_000)


def program_of(config: Config) -> ProgramStart | None:
    """Return how the gateway's own program is run, None if somebody else runs it.

    Its secrets are read whenever it is started; see ``robotrader.adapters.secrets``.
    """
    ib, secrets = config.ib, Secrets()
    if not ib.gateway_command:
        return None
    from actors import ProgramStart

    def environ() -> dict[str, str]:
        return {name: secrets.value(each) for name, each in ib.gateway_secrets.items()}

    return ProgramStart(ib.gateway_command, environ=environ)


def _exact(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


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
        made[con_id] = _line(size, pace_of(config))
    return made


def _line(size_ns: int, pace: float) -> LineRules:
    rules = LineRules(primary="ibkr", made_of="bars", size_ns=size_ns)
    edge = at_pace(rules.edge, pace, "ahead_ns", "old_ns")
    rules = at_pace(rules, pace, "grace_ns", "silent_ns")
    return msgspec.structs.replace(rules, edge=edge)


def spreads_of(
    config: Config, instruments: Mapping[int, Instrument]
) -> dict[str, tuple[tuple[Instrument, ...], Callable[[], SpreadHost]]]:
    """Return the legs of each strategy over several instruments, in its symbols' order, and what
    makes its host. One of whose symbols an instrument is missing has none: nothing trades it.
    """
    by_symbol = {each.symbol: each for each in instruments.values()}
    made: dict[str, tuple[tuple[Instrument, ...], Callable[[], SpreadHost]]] = {}
    for name, each in chosen(config).items():
        if each.spread and all(symbol in by_symbol for symbol in each.symbols):
            legs = tuple(by_symbol[symbol] for symbol in each.symbols)
            own = f"{name}/{'-'.join(each.symbols)}"
            made[own] = (legs, partial(_spread_host, name, each, own, legs))
    return made


def _hosts(
    config: Config, instruments: Mapping[int, Instrument]
) -> dict[int, dict[str, Callable[[], StrategyHost]]]:
    """Return what makes each contract's strategies; one that cannot be made stops nobody else."""
    made: dict[int, dict[str, Callable[[], StrategyHost]]] = {}
    for name, each in chosen(config).items():
        for con_id, instrument in instruments.items():
            if instrument.symbol in each.symbols and not each.spread:
                own = f"{name}/{instrument.symbol}"
                make = partial(_host, name, each, own, instrument)
                made.setdefault(con_id, {})[own] = make
    return made


def hosts_of(config: Config, instruments: Mapping[int, Instrument]) -> list[Host]:
    """Return a host for each strategy and symbol, or spread. Raises as ``trader_of``."""
    _lines(config, instruments)
    made: list[Host] = [
        make() for own in _hosts(config, instruments).values() for make in own.values()
    ]
    return made + [make() for _, make in spreads_of(config, instruments).values()]


def _host(section: str, each: Chosen, name: str, instrument: Instrument) -> StrategyHost:
    """Make a strategy's host. Raises StrategyError that names its section, file and parameter."""
    strategy = _strategy(section, each)
    if isinstance(strategy, Spread):
        msg = f"strategy.{section} ({each.class_}): it is a spread: set `spread = true`"
        raise StrategyError(msg)
    sizer = _sizer(each, instrument)
    return StrategyHost(
        strategy, name=name, instrument=instrument, sizer=sizer, stop=_stop_rule(each)
    )


def _spread_host(
    section: str, each: Chosen, name: str, instruments: Sequence[Instrument]
) -> SpreadHost:
    """Make a spread's host; raises as ``_host``."""
    strategy = _strategy(section, each)
    if not isinstance(strategy, Spread):
        msg = f"strategy.{section} ({each.class_}): it is no spread: set `spread = false`"
        raise StrategyError(msg)
    sizers = [sizer for one in instruments if (sizer := _sizer(each, one)) is not None]
    return SpreadHost(
        strategy, name=name, instruments=instruments, sizers=sizers, stop=_stop_rule(each)
    )


def _strategy(section: str, each: Chosen) -> Strategy[Any, Any]:
    try:
        return loader.load(each.class_, each.params)
    except StrategyError as error:
        raise StrategyError(f"strategy.{section} ({each.class_}): {error}") from error


def _sizer(each: Chosen, instrument: Instrument) -> Sizer | None:
    if each.size.kind is SizeKind.NONE:
        return None
    return Sizer(each.size, share=each.capital / len(each.symbols), instrument=instrument)


def _stop_rule(each: Chosen) -> StopRule:
    wanted = each.stop
    return StopRule(
        kind=StopKind(wanted.kind.value),
        value=wanted.value,
        atr_bars=wanted.atr_bars,
        take_profit=wanted.take_profit,
        hold_s=wanted.hold_s,
    )


def trader_of(
    config: Config,
    config_hash: str,
    instruments: Sequence[Instrument],
    *,
    data_dir: Path,
    now_ns: Callable[[], int],
    build: str,
    person_ns: int | None = None,
    program_memory: ProgramMemory | None = None,
) -> Trader:
    """Return what the tree is made of.

    Raises:
        ConfigurationError: the values do not fit together.
    """
    from actors import HistoryRules, ProgramMemory, Trader
    from robotrader.adapters.lmdb_store import LmdbStore

    by_contract = {each.con_id: each for each in instruments}
    limits, trips = limits_of(config)
    settings = settings_of(config)

    def restart_at_ns(at_ns: int) -> int | None:
        if not settings.link.windows:
            return None
        near = (window.announced_ns(at_ns) for window in settings.link.windows)
        return min((begin_ns for begin_ns in near if begin_ns is not None), default=None)

    copy = config.journal.second_copy
    return Trader(
        account=config.account,
        settings=settings,
        instruments=by_contract,
        sessions=sessions_of(config, now_ns()),
        lines=_lines(config, by_contract),
        strategies=_hosts(config, by_contract),
        spreads=spreads_of(config, by_contract),
        limits=limits,
        ceilings=LimitChanges(limits, config.risk.ceilings).ceilings,
        trips=trips,
        history=HistoryRules(least_days=config.risk.correlation_days),
        open_store=partial(
            LmdbStore,
            data_dir / journal_folder(config).rpartition("/")[2],
            copy_to=data_dir / copy if copy else None,
            map_bytes=config.journal.map_size_mib * _MIB,
        ),
        data_dir=data_dir,
        now_ns=now_ns,
        pace=pace_of(config),
        market_ns=now_ns if config.mode is Mode.SIM and config.sim.own_time else None,
        restart_at_ns=restart_at_ns,
        program=program_of(config),
        program_memory=program_memory or ProgramMemory(),
        person_ns=person_ns,
        restarts=config.supervision.max_restarts,
        within_s=config.supervision.within_s,
        durable=config.journal.durability is Durability.FSYNC,
        config_hash=config_hash,
        build=build,
    )
