"""What may be risked: every number that a decision of the gate is compared with (F81).

Nothing else in this package has numbers of its own. A fraction is of equity, so that ``0.02`` is
2 percent; dollars end in ``_usd``. A limit that is reached exactly still passes, except losses: at
the loss that is the limit, nothing that adds to risk passes.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from typing import Final

import msgspec

from robotrader.domain.errors import ConfigurationError
from robotrader.risk.units import Ratio, Usd

_AT_MOST_ALL: Final = (
    "max_daily_loss",
    "max_drawdown",
    "switch_daily_loss",
    "switch_drawdown",
    "price_collar",
    "max_pair_correlation",
    "cluster_correlation",
    "max_volume_share",
    "max_cancel_ratio",
    "heat_without_stop",
    "max_margin",
)
"""Fractions above 1 mean nothing here: whoever writes 500 meant dollars."""

_MULTIPLES: Final = (
    "max_gross",
    "max_net",
    "max_symbol_weight",
    "max_sector_weight",
    "max_cluster_weight",
    "max_volatility",
    "max_heat",
)
_LARGEST_MULTIPLE: Final = 20
"""More than this times equity cannot be borrowed anywhere: it was meant as dollars."""

_DIGITS_MAX: Final = 15
"""More is no limit of anything; as a whole number it could fill the memory."""

_NOT_NUMBERS: Final = frozenset({"allowed_symbols", "restricted_symbols", "max_strategy_weight"})
"""What a record of one value cannot change."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits, strict by default: without ``allowed_symbols`` nothing may be entered.

    Raises:
        ConfigurationError: a value is not finite, negative, or in the wrong unit.
    """

    allowed_symbols: frozenset[str] = frozenset()
    restricted_symbols: frozenset[str] = frozenset()
    """What may not be entered although it is allowed: an employer's list, an earnings day."""

    max_order_qty: Decimal = Decimal(10_000)
    """Shares or contracts in one order."""

    max_order_usd: Usd = Usd(Decimal(25_000))
    max_symbol_qty: Decimal = Decimal(20_000)
    """Shares or contracts of one symbol, long or short, pending orders included."""

    max_symbol_usd: Usd = Usd(Decimal(50_000))
    max_symbol_weight: Ratio = Ratio(Decimal("0.20"))
    max_sector_weight: Ratio | None = None
    """Of all symbols of one sector; None: sectors are not looked at."""

    max_pair_correlation: Ratio | None = None
    """Of a new position with any other, in the same direction; None: not looked at."""

    max_cluster_weight: Ratio | None = None
    """Of all positions that move together, either way; None: not looked at."""

    cluster_correlation: Ratio = Ratio(Decimal("0.7"))
    """From which correlation on two contracts count as moving together."""
    max_strategy_weight: dict[str, Ratio] = {}
    """Of what one strategy holds and has on its way, by its name; who is not named has no own."""

    max_gross: Ratio = Ratio(Decimal(1))
    """Leverage: all positions and pending orders, each as a positive number, times equity."""

    max_gross_usd: Usd = Usd(Decimal(1_000_000))
    max_net: Ratio = Ratio(Decimal(1))
    """Long minus short positions, in either direction, times equity."""

    max_open_positions: int = 20
    max_open_orders: int = 100
    """Orders that are not over, ours and others'."""

    max_entries_pending: int = 1
    """Orders of one symbol that would add to risk and are not over (F22)."""

    max_daily_loss: Ratio = Ratio(Decimal("0.02"))
    """Of the equity that the day began with; there nothing is entered."""

    max_daily_loss_usd: Usd | None = None
    max_drawdown: Ratio = Ratio(Decimal("0.10"))
    """Of the peak; there nothing is entered."""

    switch_daily_loss: Ratio = Ratio(Decimal("0.05"))
    """Of the equity that the day began with; there the kill switch trips."""

    switch_drawdown: Ratio = Ratio(Decimal("0.10"))
    """Of the peak; there the kill switch trips."""

    max_orders_per_s: int = 10
    max_orders_per_min: int = 30
    max_orders_per_day: int = 1_000
    max_losses_row: int = 0
    """Trades that lost, one after another; at so many nothing is entered. 0: not looked at."""

    max_cancel_ratio: Ratio | None = None
    """Of the day's entries, those that were cancelled; None: not looked at."""

    cancel_ratio_orders: int = 20
    """With fewer entries today their cancels are not looked at."""

    cooldown_ms: int = 0
    """For how long nothing is entered in a symbol whose position was made smaller."""

    max_volume_share: Ratio | None = None
    """Of the average daily volume, one order; None: not looked at."""

    max_volatility: Ratio | None = None
    """Of daily returns, a year's; 0.8 is 80 percent. None: not looked at."""

    max_heat: Ratio | None = None
    """What would be lost if every stop were hit, of equity; None: not looked at."""

    heat_without_stop: Ratio = Ratio(Decimal(1))
    """What a position without a stop is taken to lose then, of its worth."""

    price_collar: Ratio = Ratio(Decimal("0.03"))
    """How far an entry's price may lie from the market."""

    max_quote_age_ms: int = 5_000
    max_quote_lead_ms: int = 1_000
    """How far in the future a quote's time may lie: clocks differ."""

    duplicate_window_ms: int = 1_000
    """For how long an entry like one that passed does not pass."""

    restart_quiet_ms: int = 120_000
    """For how long before an announced restart nothing is entered."""

    allow_short: bool = False
    """Whether a sale may leave less than nothing."""

    short_needs_borrow: bool = False
    """Whether a short sale passes only if the broker says that its shares can be borrowed."""

    max_clock_skew_ms: int = 0
    """How far our clock may be from the broker's; 0: not looked at."""

    max_margin: Ratio | None = None
    """Initial margin after it, of equity with loan value; None: the broker is not asked."""

    margin_age_ms: int = 2_000
    """How long the broker's answer about an order's margin counts."""

    allow_extended: bool = False
    """Whether entries pass outside of regular hours."""

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if wrong := _wrong(value, kind):
                _refuse(name, value, wrong)
        for name in _AT_MOST_ALL:
            if (getattr(self, name) or 0) > 1:
                _refuse(name, getattr(self, name), "it is a fraction: 0.02 is 2 percent")
        for name in _MULTIPLES:
            if (getattr(self, name) or 0) > _LARGEST_MULTIPLE:
                _refuse(name, getattr(self, name), "it is a multiple of equity, not dollars")
        for strategy, share in self.max_strategy_weight.items():
            if _wrong(share, (Decimal, int)) or share > _LARGEST_MULTIPLE:
                _refuse(f"max_strategy_weight of {strategy}", share, "write a multiple of equity")

    @property
    def looks_together(self) -> bool:
        """Whether correlations are needed to judge by these."""
        return self.max_pair_correlation is not None or self.max_cluster_weight is not None

    @property
    def looks_back(self) -> bool:
        """Whether the past days of contracts are needed to judge by these."""
        return self.max_volume_share is not None or self.max_volatility is not None

    @property
    def bare(self) -> Decimal | None:
        """The part of its worth that a share without a stop loses; None: not looked at."""
        return None if self.max_heat is None else self.heat_without_stop

    @property
    def hash(self) -> str:
        """What every approval and order carries: the same limits, the same hash."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["allowed_symbols"] = sorted(self.allowed_symbols)
        fields["restricted_symbols"] = sorted(self.restricted_symbols)
        fields["max_strategy_weight"] = sorted(self.max_strategy_weight.items())
        return blake2b(msgspec.json.encode(fields), digest_size=8).hexdigest()

    def changed(self, name: str, value: Decimal) -> Limits:
        """Return these with another value, as a ``LimitChanged`` record says.

        Raises:
            ConfigurationError: there is no such limit, or it cannot have that value.
        """
        if name not in self.__struct_fields__ or name in _NOT_NUMBERS:
            known = ", ".join(sorted({*self.__struct_fields__} - _NOT_NUMBERS))
            msg = f"there is no limit {name!r} that can be changed: known are {known}"
            raise ConfigurationError(msg)
        if value.is_finite() and value.adjusted() >= _DIGITS_MAX:
            _refuse(name, value, f"write a number below 1e{_DIGITS_MAX}")
        if not isinstance(getattr(self, name), int):
            return msgspec.structs.replace(self, **{name: value})
        if not value.is_finite() or value != int(value):
            _refuse(name, value, "write a whole number")
        whole = bool(value) if isinstance(getattr(self, name), bool) else int(value)
        return msgspec.structs.replace(self, **{name: whole})


def _kind(default: object) -> tuple[type, ...]:
    """Return what a limit with this default can be; of type bool, int or Decimal alone."""
    if isinstance(default, bool | int):
        return (type(default),)
    return (Decimal, int) if isinstance(default, Decimal) else (Decimal, int, type(None))


_KINDS: Final = {
    field.name: _kind(field.default)
    for field in msgspec.structs.fields(Limits)
    if field.name not in _NOT_NUMBERS
}


def _wrong(value: object, kind: tuple[type, ...]) -> str:
    """Return what to do about what is no value of a limit, empty if it is one."""
    if isinstance(value, float):
        return "write it as a decimal or a string: floats are not exact"
    if type(value) not in kind:
        return f"it is a {type(value).__name__}: write {_WRITTEN[kind[0]]}"
    if isinstance(value, Decimal) and not value.is_finite():
        return "write a number"
    return "write 0 or more" if isinstance(value, Decimal | int) and value < 0 else ""


_WRITTEN: Final = {bool: "true or false", int: "a whole number", Decimal: "a decimal number"}


def _refuse(name: str, value: object, remedy: str) -> None:
    msg = f"limit {name} cannot be {value}: {remedy}"
    raise ConfigurationError(msg)
