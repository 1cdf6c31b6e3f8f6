"""The keys of ``[risk]`` and ``[kill_switch]``; see ``schema`` for how keys are defined."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from robotrader.domain.control import KillLevel

Symbol = Annotated[str, Meta(pattern="^[A-Z][A-Z0-9. ]{0,15}$", description="A symbol")]
Share = Annotated[float, Meta(gt=0, le=1)]


class WhatIf(StrEnum):
    """Which orders the broker is asked about before they are sent."""

    NEVER = "never"
    ENTRIES = "entries"


class Risk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits that every order has to pass. Shares are parts of the net liquidation value."""

    max_gross: Annotated[
        float, Meta(gt=0, le=10, description="Gross exposure, as a multiple of net liquidation")
    ] = 1.0
    max_net: Annotated[
        float, Meta(gt=0, le=10, description="Net exposure, as a multiple of net liquidation")
    ] = 1.0
    max_symbol_weight: Annotated[Share, Meta(description="One symbol's largest share")] = 0.2
    max_daily_loss: Annotated[
        Share, Meta(description="Loss of a day at which nothing is entered")
    ] = 0.02
    max_drawdown: Annotated[
        Share, Meta(description="Fall from the peak at which nothing is entered")
    ] = 0.1
    max_order_usd: Annotated[
        Decimal, Meta(description="Largest value of one order, in USD; above 0")
    ] = Decimal(50_000)
    max_daily_loss_usd: Annotated[
        Decimal,
        Meta(description="Loss of a day in USD that blocks entries and trips; 0: not looked at"),
    ] = Decimal(0)
    max_order_qty: Annotated[
        Decimal, Meta(description="Shares or contracts in one order; above 0")
    ] = Decimal(10_000)
    max_symbol_qty: Annotated[
        Decimal, Meta(description="Shares or contracts of one symbol, long or short; above 0")
    ] = Decimal(20_000)
    max_symbol_usd: Annotated[
        Decimal, Meta(description="Largest value of one symbol's position, in USD; above 0")
    ] = Decimal(50_000)
    max_gross_usd: Annotated[
        Decimal, Meta(description="Largest value of all positions together, in USD; above 0")
    ] = Decimal(1_000_000)
    max_sector_weight: Annotated[
        float,
        Meta(gt=0, le=10, description="Largest share of one industry; 10: not looked at"),
    ] = 10.0
    max_open_positions: Annotated[
        int, Meta(ge=1, le=10_000, description="Symbols held at once")
    ] = 20
    max_entries_pending: Annotated[
        int, Meta(ge=1, le=100, description="Entries of one symbol that are on their way at once")
    ] = 1
    max_orders_per_s: Annotated[
        int, Meta(ge=1, le=50, description="New orders in any second, of all strategies")
    ] = 10
    max_orders_per_day: Annotated[
        int, Meta(ge=1, le=100_000, description="New orders in an exchange day, of all strategies")
    ] = 1_000
    duplicate_s: Annotated[
        float, Meta(ge=0, le=3600, description="An entry like one that passed waits this long")
    ] = 1.0
    cooldown_s: Annotated[
        float,
        Meta(ge=0, le=604_800, description="No entry so long after a position was made smaller"),
    ] = 0.0
    max_cancel_ratio: Annotated[
        Share, Meta(description="Share of the day's entries that was cancelled; 1: not looked at")
    ] = 1.0
    cancel_ratio_orders: Annotated[
        int,
        Meta(ge=1, le=100_000, description="Entries of the day from which on that is looked at"),
    ] = 20
    max_volume_share: Annotated[
        Share, Meta(description="Share of the average daily volume in one order; 1: not looked at")
    ] = 1.0
    max_volatility: Annotated[
        float,
        Meta(gt=0, le=10, description="Yearly deviation of daily returns; 10: not looked at"),
    ] = 10.0
    restricted: Annotated[
        tuple[Symbol, ...], Meta(description="Symbols that may not be entered; exits always pass")
    ] = ()
    max_orders_per_min: Annotated[
        int, Meta(ge=1, le=600, description="New orders in any minute, of all strategies")
    ] = 30
    max_open_orders: Annotated[int, Meta(ge=1, le=10_000, description="Working orders at once")] = (
        100
    )
    price_collar: Annotated[
        Share, Meta(description="How far a limit may lie from the last price")
    ] = 0.03
    stale_quote_s: Annotated[
        float, Meta(gt=0, le=3600, description="A price older than this approves no entry")
    ] = 5.0
    max_pair_correlation: Annotated[
        float,
        Meta(gt=0, le=1, description="Largest correlation with another position; 1: not looked at"),
    ] = 1.0
    max_cluster_weight: Annotated[
        float,
        Meta(gt=0, le=10, description="Largest share of what moves together; 10: not looked at"),
    ] = 10.0
    cluster_correlation: Annotated[
        Share, Meta(description="From which correlation on contracts move together")
    ] = 0.7
    correlation_days: Annotated[
        int, Meta(ge=2, le=250, description="Daily returns in common that a correlation needs")
    ] = 60
    max_heat: Annotated[
        float,
        Meta(gt=0, le=10, description="Share lost if every stop were hit; 10: not looked at"),
    ] = 10.0
    heat_without_stop: Annotated[
        Share, Meta(description="Share of its worth that a position without a stop loses then")
    ] = 1.0
    allow_short: Annotated[bool, Meta(description="Whether positions below zero are allowed")] = (
        False
    )
    short_needs_borrow: Annotated[
        bool, Meta(description="Whether a short sale needs the broker's word that it has shares")
    ] = True
    max_clock_skew_s: Annotated[
        float,
        Meta(ge=0, le=3600, description="Our clock's distance from the broker's; 0: any"),
    ] = 1.0
    what_if: Annotated[
        WhatIf, Meta(description="Which orders the broker is asked about: margin by what-if")
    ] = WhatIf.NEVER
    max_margin: Annotated[
        Share, Meta(description="Initial margin after an entry, as a share of equity with loan")
    ] = 1.0
    allow_extended: Annotated[
        bool, Meta(description="Whether entries pass outside of regular hours")
    ] = False
    ceilings: Annotated[
        dict[str, Decimal],
        Meta(description="How far `risk set` may loosen a limit, by its name in `risk limits`"),
    ] = msgspec.field(default_factory=dict)
    on_breach: Annotated[
        KillLevel, Meta(description="What the switch does at its daily loss and drawdown: a level")
    ] = KillLevel.REDUCE


class KillSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the kill switch trips by itself, and to which level."""

    daily_loss: Annotated[
        Share, Meta(description="Loss of a day that trips it, to `risk.on_breach`")
    ] = 0.05
    drawdown: Annotated[
        Share, Meta(description="Fall from the peak that trips it, to `risk.on_breach`")
    ] = 0.1

    losses_max: Annotated[
        int, Meta(ge=0, le=100, description="Trades that lost in a row that trip it; 0: none")
    ] = 5
    on_losses: Annotated[KillLevel, Meta(description="Level for everything")] = KillLevel.REDUCE
    position_loss: Annotated[
        Share, Meta(description="Loss of one position, of net liquidation; 1: not looked at")
    ] = 0.05
    on_position_loss: Annotated[KillLevel, Meta(description="Level for that symbol")] = (
        KillLevel.REDUCE
    )
    stale_data_s: Annotated[
        float, Meta(gt=0, le=3600, description="Age of the data of a symbol that is held, at most")
    ] = 30.0
    on_stale_data: Annotated[KillLevel, Meta(description="Level for that symbol")] = (
        KillLevel.REDUCE
    )
    clock_skew_s: Annotated[
        float, Meta(gt=0, le=3600, description="How far our clock may be from the broker's")
    ] = 1.0
    on_clock_skew: Annotated[KillLevel, Meta(description="Level for everything")] = KillLevel.PAUSE
    hung_s: Annotated[
        float, Meta(gt=0, le=60, description="How long a safety actor may take no message")
    ] = 1.5
    on_hung: Annotated[
        KillLevel, Meta(description="Level for everything, or for the symbol whose actor it is")
    ] = KillLevel.REDUCE
    dead_man_s: Annotated[
        float,
        Meta(ge=0, description="A person has to give a sign of life so often; 0: nobody has to"),
    ] = 0.0
    on_dead_man: Annotated[KillLevel, Meta(description="Level for everything")] = KillLevel.REDUCE
    disconnected_s: Annotated[
        float, Meta(gt=0, le=86_400, description="How long the connection may be away")
    ] = 30.0
    on_disconnect: Annotated[KillLevel, Meta(description="Level until it is back")] = (
        KillLevel.PAUSE
    )
    rejects_max: Annotated[
        int, Meta(ge=0, le=90, description="Orders that may be refused in `rejects_within_s`")
    ] = 5
    rejects_within_s: Annotated[
        float, Meta(gt=0, le=86_400, description="The time they are counted in")
    ] = 60.0
    on_rejects: Annotated[KillLevel, Meta(description="Level for everything")] = KillLevel.PAUSE
    on_unreconciled: Annotated[
        KillLevel, Meta(description="Level for a symbol whose position is not the broker's")
    ] = KillLevel.REDUCE
