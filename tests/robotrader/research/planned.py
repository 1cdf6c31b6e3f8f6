"""Runs of several contracts in which each order is written down beforehand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import field

from robotrader.backtest import Setup
from robotrader.domain import Bar
from robotrader.risk import Limits
from robotrader.strategies import Params, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen, NoCommission
from tests.robotrader.research.crowd import ALL, LARGE, Case, contracts
from tests.robotrader.research.moody import Memory
from tests.robotrader.research.runs import CASH, MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robotrader.strategies import Context

BEGIN_NS: Final = 1_646_100_000_000_000_000
"""Within an exchange day, hours from its ends."""


class Plan(Params, frozen=True):
    """The positions that it moves to, by the number of the bar."""

    moves: dict[int, int] = field(default_factory=dict)


class Planned(Strategy[Plan, Memory]):
    """Moves to positions at bars that were written down."""

    def on_bar(self, ctx: Context, _bar: Bar) -> None:
        """Move, if it is time."""
        self.state.wishes += 1
        position = self.params.moves.get(self.state.wishes)
        if position is not None:
            self.state.passed += ctx.target(position)


def flat(con_id: int, closes: Sequence[float], *, step_ns: int = MINUTE_NS) -> list[Bar]:
    """Return bars that end at these prices, and begin where the one before has ended."""
    opens = (closes[0], *closes)
    return [
        Bar(con_id, at_ns, at_ns + step_ns, opened, max(opened, close), min(opened, close), close,
            1_000.0)
        for at_ns, opened, close in zip(
            range(BEGIN_NS, BEGIN_NS + len(closes) * step_ns, step_ns), opens, closes, strict=False
        )
    ]  # fmt: skip


def wide(count: int, **changes: Any) -> Limits:
    """Return limits of which none is near, but those that are given."""
    limits = Limits(
        allowed_symbols=frozenset(each.symbol for each in contracts(count)), allow_short=True,
        max_order_usd=LARGE, max_symbol_usd=LARGE, max_symbol_weight=ALL, max_gross=ALL,
        max_gross_usd=LARGE, max_net=ALL, max_open_positions=100, max_orders_per_s=100,
        max_orders_per_min=100, duplicate_window_ms=0,
    )  # fmt: skip
    return msgspec.structs.replace(limits, **changes)


def planned(
    plans: Mapping[int, Mapping[int, int]],
    bars: Mapping[int, Sequence[Bar]] | None = None,
    *,
    cash: Decimal = CASH,
    names: str = "ffffff",
    multiplier: int = 1,
    **changes: Any,
) -> Case:
    """Return a run: plans by contract, the last one's multiplier, and what limits are not wide."""
    last = contracts(len(plans))[-1]
    own = (*contracts(len(plans) - 1), msgspec.structs.replace(last, multiplier=multiplier))
    given = bars or {each: flat(each, [100.0] * 8) for each in plans}
    setup = Setup(
        instruments=own, cash=cash, limits=wide(len(plans), **changes), sessions=AlwaysOpen(),
        plan=NoCommission(),
    )  # fmt: skip

    def hosts() -> list[StrategyHost]:
        return [
            StrategyHost(
                Planned(Plan(moves=dict(plans[each.con_id]))),
                name=f"{names[each.con_id - 1]}/{each.symbol}", instrument=each,
            )
            for each in own
        ]  # fmt: skip

    return Case(setup, {each: list(own) for each, own in given.items()}, 0, hosts(), hosts())
