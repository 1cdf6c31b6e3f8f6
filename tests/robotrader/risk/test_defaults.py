"""What a limit or a rule is where nobody says: the same in the core and in the configuration.

Both say it on their own. Where the core is another, it is the stricter of the two, or looks at what
needs the broker or the calendar only if it is told to.
"""

from __future__ import annotations

from typing import Any

from robotrader.app.building import limits_of
from robotrader.config import Config
from robotrader.risk import Limits, TripRules

OTHER: dict[str, Any] = {
    "max_order_usd": 25_000,
    "max_losses_row": 0,
    "restart_quiet_ms": 120_000,
    "short_needs_borrow": False,
    "max_clock_skew_ms": 0,
    "max_position_loss": None,
}


def test_nobody_says_it_and_it_is_what_an_empty_configuration_makes_of_it() -> None:
    for told, own in zip(limits_of(Config()), (Limits(), TripRules()), strict=True):
        for name in own.__struct_fields__:
            value = getattr(own, name)
            assert value == (OTHER[name] if name in OTHER else getattr(told, name)), name


def test_without_a_list_nothing_may_be_entered_and_nothing_short_or_out_of_hours() -> None:
    limits = Limits()
    assert not limits.allowed_symbols
    assert not limits.allow_short
    assert not limits.allow_extended
