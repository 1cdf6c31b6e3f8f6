"""What a running system says of its risk over the control socket; ``None`` is not known.

Profits are in USD, losses negative; value at risk and expected shortfall are losses, positive.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

import msgspec


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of an answer."""


class _Answer(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="answer", kw_only=True
):
    """An answer."""


class LimitRow(_Row, frozen=True, kw_only=True):
    """One limit, as it is named in the configuration of the gate."""

    name: str
    used: Decimal | None
    limit: Decimal
    part: float | None
    """How much of the limit is used: 1 is all."""


class ChangedLimitRow(_Row, frozen=True, kw_only=True):
    """A limit that is not as configured, because a person changed it."""

    name: str
    value: Decimal | None
    """What counts: the tighter one, where configuration or ceiling have become tighter since."""

    configured: Decimal | None
    """``None`` is a limit that is not looked at."""

    who: str
    why: str
    since_ns: int


class LimitSetAnswer(_Answer, tag="risk_set", frozen=True, kw_only=True):
    """What a change of a limit would be, or was; ``None`` is a limit that is not looked at."""

    preview: bool
    name: str
    old: Decimal | None
    new: Decimal | None
    configured: Decimal | None
    ceiling: Decimal | None
    """The loosest value that a command may give; None: there is none."""

    loosens: bool
    """Whether more may be risked than before."""


class LimitsAnswer(_Answer, tag="risk_limits", frozen=True, kw_only=True):
    """How far limits are used, in the worst case of what is on its way."""

    limits: tuple[LimitRow, ...]
    hash: str
    refusals: dict[str, int]
    """How often each check has refused since the gate began."""

    changed: tuple[ChangedLimitRow, ...] = ()


class TailRow(_Row, frozen=True, kw_only=True):
    """One method's value at risk and expected shortfall of one day."""

    method: str
    var: float | None
    es: float | None
    why: str = ""


class VarAnswer(_Answer, tag="risk_var", frozen=True, kw_only=True):
    """What one day can cost, by the past of what is held now."""

    level: float
    days: int
    """Days of the past that it is computed from."""

    tails: tuple[TailRow, ...]
    gross: Decimal | None
    net: Decimal | None
    equity: Decimal | None
    beta: float | None
    """Of the account to the mean of what is watched."""

    watched: int
    why: str = ""


class StressRow(_Row, frozen=True, kw_only=True):
    """What one scenario brings."""

    name: str
    profit: float | None
    why: str = ""


class StressAnswer(_Answer, tag="risk_stress", frozen=True, kw_only=True):
    """What each scenario brings."""

    scenarios: tuple[StressRow, ...]
    equity: Decimal | None


class SizeRow(_Row, frozen=True, kw_only=True):
    """The last entry of a strategy whose quantity a rule gave, as it was used."""

    strategy: str
    symbol: str
    kind: str
    qty: Decimal
    """What was ordered: of the size, what was not held yet."""

    size: Decimal
    weight: float
    bankroll: Decimal | None
    price: float | None
    inputs: dict[str, float]
    why: str
    refused: str
    """The code of the check that refused it; empty if it passed."""

    at_ns: int


class SizesAnswer(_Answer, tag="risk_sizes", frozen=True, kw_only=True):
    """Sizes, one of each strategy that has asked for one since the gate began."""

    sizes: tuple[SizeRow, ...]


class CheckRow(_Row, frozen=True, kw_only=True):
    """One check of the gate. Reductions are not ``asked`` what only entries have to pass."""

    code: str
    rule: str
    limits: dict[str, str]
    asked: bool
    why: str
    """Why it refuses, with the numbers; empty where it passes."""


class CheckAnswer(_Answer, tag="risk_check", frozen=True, kw_only=True):
    """What the gate would say of an order. Sizes are those of the worst case after it."""

    passes: bool
    code: str
    """Of the first check that refuses."""

    why: str
    reduces: bool
    price: Decimal | None
    position: Decimal | None
    low: Decimal | None
    high: Decimal | None
    worth: Decimal | None
    most: Decimal
    """The largest quantity up to the order's that would pass."""

    checks: tuple[CheckRow, ...]


RiskAnswer: TypeAlias = (
    LimitsAnswer | LimitSetAnswer | VarAnswer | StressAnswer | SizesAnswer | CheckAnswer
)
