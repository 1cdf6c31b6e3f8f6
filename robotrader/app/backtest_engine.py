"""From the configuration and a command's options to an engine: of one run, or of many alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app.building import hosts_of, limits_of
from robotrader.backtest import Engine, Setup, batches, with_ticks
from robotrader.domain.errors import ConfigurationError
from robotrader.venue import FixedPlan, NoCommission, Slippage, TieredPlan, VenueRules

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from robotrader.app.backtest_data import History
    from robotrader.backtest import Prices
    from robotrader.config import Config
    from robotrader.venue import CommissionPlan

_PLANS: Final[dict[str, type[CommissionPlan]]] = {
    "fixed": FixedPlan, "tiered": TieredPlan, "none": NoCommission,
}  # fmt: skip


def engine_of(config: Config, arguments: argparse.Namespace, history: History) -> Engine:
    """Return an engine for the strategies that are on; raises as ``hosts_of``."""
    setup = setup_of(config, arguments, history)
    engine = Engine(setup, hosts_of(config, {each.con_id: each for each in history.instruments}))
    if arguments.signals:
        engine.compute_signals(history.bars)
    return engine


def setup_of(config: Config, arguments: argparse.Namespace, history: History) -> Setup:
    """Return what the engine is given besides strategies."""
    limits, _ = limits_of(config)
    bps = arguments.slippage
    slippage = Slippage("bps", bps) if bps else Slippage()
    return Setup(
        instruments=history.instruments,
        cash=arguments.cash,
        limits=limits,
        sessions=history.sessions,
        plan=_PLANS[arguments.plan](),
        rules=VenueRules(slippage=slippage),
        fill=arguments.fill,
        always_open=history.daily,
    )


def prices_of(history: History) -> Iterable[Prices]:
    """Yield what the engine is fed, checked; raises as ``batches`` and ``with_ticks``."""
    names = {each.con_id: each.symbol for each in history.instruments}
    bars = batches(history.bars, names)
    return with_ticks(bars, history.ticks, names) if history.ticks else bars


def only(config: Config, names: Sequence[str]) -> Config:
    """Return the configuration with the named strategies on, and no others; or as it is.

    Raises:
        ConfigurationError: there is no strategy of that name.
    """
    unknown = [name for name in names if name not in config.strategy]
    if unknown:
        known = ", ".join(sorted(config.strategy)) or "none"
        msg = f"no strategy {', '.join(unknown)}: known are {known}"
        raise ConfigurationError(msg)
    if not names:
        return config
    switched = {
        name: msgspec.structs.replace(each, enabled=name in names)
        for name, each in config.strategy.items()
    }
    return msgspec.structs.replace(config, strategy=switched)
