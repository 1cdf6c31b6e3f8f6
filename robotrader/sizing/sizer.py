"""One strategy's size in one instrument: takes its bars in, gives a ``Sizing`` out.

A size is never rounded up, never worth more than its fraction of the bankroll, and 0 with a reason
where anything that it needs is not known. The bankroll is what the strategy may use in one symbol.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from robotrader.domain import Sizing
from robotrader.domain.size_rules import SizeKind, SizeRule
from robotrader.indicators import Atr, RollingStd
from robotrader.ledger import market_price
from robotrader.ledger.money import EXACT, FINEST, LARGEST, ZERO, is_price
from robotrader.sizing.kelly import odds_of, of_trades

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Bar, Funds, Instrument

_DAY_NS: Final = 86_400_000_000_000
_SESSION_NS: Final = 23_400_000_000_000
_DAYS: Final = 252
"""A year has 252 days of six and a half hours: New York's."""

_ATR_WARMUP: Final = 5
"""Wilder's average never forgets its first value; after five periods that has 1 % of the weight."""


_LEAST_PRICE: Final = Decimal(1).scaleb(FINEST)
"""Below it nothing has a price, and a number of shares would have more digits than any sum."""


class _Wish(NamedTuple):
    """A fraction of the bankroll, before it becomes shares."""

    weight: float
    why: str
    inputs: tuple[tuple[str, float], ...] = ()


class Sizer:
    """See the module's prose.

    Args:
        rule: how; not of kind ``none``.
        share: the bankroll as a part of the account's equity.
        instrument: gives multiplier and step.
    """

    def __init__(self, rule: SizeRule, *, share: float, instrument: Instrument) -> None:
        if rule.kind is SizeKind.NONE or not 0 < share <= 1:
            msg = f"a size of kind {rule.kind} with a share of {share}: give a rule and 0 to 1"
            raise ValueError(msg)
        self.rule, self.share, self.instrument = rule, share, instrument
        self._atr, self._moves = Atr(rule.period), RollingStd(rule.period)
        self._close: float | None = None
        self._bars_per_year = math.nan
        self._wishes: dict[SizeKind, Callable[[float, Funds], _Wish]] = {
            SizeKind.FIXED: lambda *_: _Wish(rule.fraction, "a fixed fraction"),
            SizeKind.VOLATILITY: self._by_volatility,
            SizeKind.ATR: self._by_atr,
            SizeKind.KELLY: self._by_kelly,
            SizeKind.KELLY_CONTINUOUS: self._by_kelly,
        }

    @property
    def warmup_bars(self) -> int:
        """How many bars it has to see before it knows a size."""
        wanted = {
            SizeKind.VOLATILITY: self.rule.period + 1,
            SizeKind.ATR: self.rule.period * _ATR_WARMUP,
        }
        return wanted.get(self.rule.kind, 0)

    def update(self, bar: Bar) -> None:
        """Take the next finished bar.

        Raises:
            NotFiniteError: a price is NaN or infinite.
        """
        self._atr.update(bar.high, bar.low, bar.close)
        if self._close is not None and self._close > 0 and bar.close > 0:
            self._moves.update(math.log(bar.close / self._close))
        self._close = bar.close
        length_ns = bar.end_ns - bar.start_ns
        a_day = 1 if length_ns >= _DAY_NS else _SESSION_NS / length_ns
        self._bars_per_year = _DAYS * a_day

    def size(self, price: float | None, funds: Funds) -> Sizing:
        """Return how much may be held at a price; what is held already is part of it."""
        unit, equity = market_price(price), funds.equity
        if unit is None or not _LEAST_PRICE <= unit < LARGEST:
            return self._none("the price is not known", price)
        if equity is None or not equity.is_finite() or equity >= LARGEST:
            return self._none("equity is not known", price)
        if equity <= 0:
            return self._none("no equity", price)
        wish = self._wishes[self.rule.kind](float(unit), funds)
        with localcontext(EXACT):
            bankroll = equity * _exact(self.share)
            return self._sized(wish, bankroll, unit)

    def _sized(self, wish: _Wish, bankroll: Decimal, unit: Decimal) -> Sizing:
        weight = min(max(wish.weight, 0.0), 1.0)
        worth, step = unit * self.instrument.multiplier, self.instrument.size_step
        qty = bankroll * _exact(weight) // (worth * step) * step
        why = wish.why
        if weight and not qty:
            why = f"{why}; {bankroll * _exact(weight):.2f} do not buy {step} at {unit}"
        return Sizing(
            kind=self.rule.kind.value,
            qty=qty,
            weight=weight,
            bankroll=bankroll,
            price=float(unit),
            inputs=wish.inputs,
            why=why,
        )

    def _none(self, why: str, price: float | None) -> Sizing:
        kind, shown = self.rule.kind.value, price if is_price(price) else None
        return Sizing(kind=kind, qty=ZERO, weight=0.0, bankroll=None, price=shown, why=why)

    # -- the rules --

    def _by_volatility(self, _price: float, _funds: Funds) -> _Wish:
        """Put in what makes the bankroll as volatile as it shall be."""
        moves = self._moves.value
        if moves is None:
            return _Wish(0.0, f"volatility is not known before {self.warmup_bars} bars")
        yearly = moves * math.sqrt(self._bars_per_year)
        if not yearly:
            return _Wish(0.0, "the price has not moved: its volatility is not known")
        weight = self.rule.target_volatility / yearly
        why = f"volatility {yearly:.2%} a year, {self.rule.target_volatility:.2%} wanted"
        return _Wish(weight, why, (("volatility", yearly),))

    def _by_atr(self, price: float, _funds: Funds) -> _Wish:
        """Put in what loses ``risk`` when the price goes ``atr_multiple`` ATRs the wrong way."""
        atr = self._atr.value
        if not atr:
            return _Wish(0.0, "the average true range is not known, or nothing")
        away = self.rule.atr_multiple * atr
        if not away:
            return _Wish(0.0, "the average true range is next to nothing")
        why = f"{self.rule.atr_multiple:g} ATR of {atr:.4g} may cost {self.rule.risk:.2%}"
        return _Wish(self.rule.risk * price / away, why, (("atr", atr),))

    def _by_kelly(self, _price: float, funds: Funds) -> _Wish:
        """Put in a part of Kelly's fraction, less the deeper the account is below its peak."""
        rule, fall = self.rule, funds.drawdown
        if fall is None or not math.isfinite(fall):
            return _Wish(0.0, "the drawdown is not known")
        trades = funds.trades[-rule.lookback :]
        inputs: tuple[tuple[str, float], ...] = (
            ("trades", float(len(trades))),
            ("drawdown", fall),
        )
        less = min(max(0.0, 1 - fall / rule.drawdown_zero), 1.0)
        if len(trades) < rule.min_trades:
            why = f"{len(trades)} of {rule.min_trades} trades are closed: the first fraction"
            return _Wish(min(rule.first_fraction, rule.kelly_cap) * less, why, inputs)
        try:
            odds = odds_of(trades)
            full = of_trades(odds, normal=rule.kind is SizeKind.KELLY_CONTINUOUS)
        except (ValueError, OverflowError) as error:
            return _Wish(0.0, f"what the trades brought is not known: {error}", inputs)
        weight = min(max(full, 0.0) * rule.kelly_part, rule.kelly_cap) * less
        inputs = (
            *inputs, ("wins", float(odds.wins)), ("losses", float(odds.losses)),
            ("win", odds.win), ("loss", odds.loss), ("mean", odds.mean),
            ("variance", odds.variance), ("kelly", full),
        )  # fmt: skip
        why = f"Kelly {full:.4g} of {odds.count} trades, {rule.kelly_part:g} of it, at most"
        return _Wish(weight, f"{why} {rule.kelly_cap:g}, times {less:.4g} for the drawdown", inputs)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
