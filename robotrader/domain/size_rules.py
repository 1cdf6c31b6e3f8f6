"""What a size is computed by: the keys of ``[strategy.NAME.size]``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class SizeKind(StrEnum):
    """Which rule."""

    NONE = "none"
    """The strategy says each quantity itself."""

    FIXED = "fixed"
    VOLATILITY = "volatility"
    ATR = "atr"
    KELLY = "kelly"
    KELLY_CONTINUOUS = "kelly_continuous"


_Part = Annotated[float, Meta(gt=0, le=1)]


class SizeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How large an entry without a quantity is.

    Fractions are of the bankroll of one symbol: the account's equity times the strategy's
    `capital`, divided by the number of its symbols.
    """

    kind: Annotated[
        SizeKind, Meta(description="`none`: the strategy gives every quantity itself")
    ] = SizeKind.NONE
    fraction: Annotated[_Part, Meta(description="`fixed`: the fraction that is put in")] = 1.0
    target_volatility: Annotated[
        float, Meta(gt=0, le=2, description="`volatility`: what the bankroll shall move in a year")
    ] = 0.15
    risk: Annotated[
        float, Meta(gt=0, le=0.1, description="`atr`: the fraction that `atr_multiple` ATRs cost")
    ] = 0.01
    atr_multiple: Annotated[
        float, Meta(gt=0, le=20, description="`atr`: how many ATRs away the trade is wrong")
    ] = 2.0
    period: Annotated[
        int, Meta(ge=2, le=1000, description="`volatility`, `atr`: over how many bars")
    ] = 20
    kelly_part: Annotated[
        _Part, Meta(description="`kelly...`: the part of Kelly's fraction: 1 full, 0.5 half")
    ] = 0.5
    kelly_cap: Annotated[
        float, Meta(gt=0, le=0.25, description="`kelly...`: the largest fraction")
    ] = 0.25
    min_trades: Annotated[
        int, Meta(ge=2, le=200, description="`kelly...`: closed trades before it is believed")
    ] = 30
    lookback: Annotated[
        int, Meta(ge=2, le=200, description="`kelly...`: how many of the newest trades count")
    ] = 100
    first_fraction: Annotated[
        float, Meta(gt=0, le=0.25, description="`kelly...`: the fraction before `min_trades`")
    ] = 0.02
    drawdown_zero: Annotated[
        _Part, Meta(description="`kelly...`: the drawdown at which nothing is put in any more")
    ] = 0.2
