"""Limits that a person changes: looser up to a ceiling only, and the same after a replay."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.errors import ConfigurationError
from robotrader.domain.records import LimitChanged
from robotrader.risk import Gate, GateFold, LimitChanges, Limits
from robotrader.risk.changes import value_of

NAMES = sorted(
    set(Limits.__struct_fields__)
    - {"allowed_symbols", "restricted_symbols", "max_strategy_weight"}
)  # fmt: skip
VALUES = st.decimals(min_value=0, max_value=2_000, places=2) | st.sampled_from([Decimal(1)])
WISHES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES | st.none()), min_size=6, max_size=30)
CEILINGS = {"max_gross": Decimal(2), "cooldown_ms": Decimal(0), "max_losses_row": Decimal(9)}
LIMITS = Limits(max_losses_row=5, max_gross=Limits().max_gross)


def record(changes: LimitChanges, name: str, value: Decimal | None) -> LimitChanged | None:
    try:
        return changes.record(name, value, who="ann", why="a test", wall_ns=7)
    except ConfigurationError:
        return None


def looser(name: str, one: Decimal | None, other: Decimal | None) -> bool:
    """The obvious meaning, written down once more."""
    off = {None, Decimal(0)} if name == "max_losses_row" else {None}
    if one in off or other in off:
        return one in off and other not in off
    assert one is not None
    assert other is not None
    return one < other if name.endswith(("cooldown_ms", "window_ms", "quiet_ms")) else one > other


@given(wishes=WISHES)
def test_no_sequence_of_commands_passes_a_ceiling_and_a_replay_gives_the_same(
    wishes: list[tuple[str, Decimal | None]],
) -> None:
    changes, fold, gate = (
        LimitChanges(LIMITS, CEILINGS),
        GateFold(),
        Gate(LIMITS, ceilings=CEILINGS),
    )
    for name, value in wishes:
        written = record(changes, name, value)
        if written is None:
            continue
        tried = changes.tried(name, value)
        assert tried.loosens == looser(name, tried.new, tried.old)
        changes.apply(written)
        fold.apply(written)
        gate.replay(written)
        assert value_of(changes.limits, name) == tried.new
    for name, ceiling in CEILINGS.items():
        assert not looser(name, value_of(changes.limits, name), ceiling)
    assert gate.limits == changes.limits
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(fold.state()), type=type(fold.state()))
    restored = Gate(LIMITS, ceilings=CEILINGS)
    restored.restore(state.past, state.changed)
    assert restored.limits == changes.limits
    assert restored.limits.hash == changes.limits.hash


@given(value=VALUES, before=VALUES, after=VALUES)
def test_a_configuration_that_was_tightened_is_not_overruled_by_an_older_command(
    value: Decimal, before: Decimal, after: Decimal
) -> None:
    then = LimitChanges(msgspec.structs.replace(Limits(), max_symbol_usd=before))
    written = record(then, "max_symbol_usd", value)
    assert written is not None
    now = LimitChanges(msgspec.structs.replace(Limits(), max_symbol_usd=after))
    now.apply(written)
    assert now.limits.max_symbol_usd == (value if before == after else min(value, after))


@pytest.mark.parametrize(
    ("name", "then", "wanted", "now", "counts"),
    [
        ("cooldown_ms", 100, 500, 1_000, 1_000),
        ("cooldown_ms", 100, 500, 200, 500),
        ("max_volatility", None, 1, 2, 1),
        ("max_volatility", None, 2, 1, 1),
        ("max_volatility", 2, 1, None, 1),
        ("max_losses_row", 5, 3, 0, 3),
    ],
)
def test_the_stricter_of_a_command_and_of_a_new_configuration_counts(
    name: str, then: int | None, wanted: int, now: int | None, counts: int
) -> None:
    """Also where more is stricter, and where nothing, or none, is off."""
    old, new = (msgspec.structs.replace(Limits(), **{name: each}) for each in (then, now))
    written = record(LimitChanges(old), name, Decimal(wanted))
    assert written is not None
    assert getattr(LimitChanges(new).apply(written), name) == counts


def test_back_to_the_configuration_follows_it_from_then_on() -> None:
    changes = LimitChanges(Limits())
    changes.apply(changes.record("max_sector_weight", Decimal("0.1"), who="a", why="b", wall_ns=7))
    back = changes.record("max_sector_weight", None, who="a", why="b", wall_ns=8)
    changes.apply(back)
    assert changes.limits.max_sector_weight is None
    assert changes.records == ()
    later = LimitChanges(msgspec.structs.replace(Limits(), max_sector_weight=Decimal("0.5")))
    later.apply(back)
    assert later.limits.max_sector_weight == Decimal("0.5")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("max_gros", "1", "no limit 'max_gros'"),
        ("allowed_symbols", "1", "no limit 'allowed_symbols'"),
        ("max_gross", "2.1", "risk.ceilings.max_gross is 2; only the configuration"),
        ("max_losses_row", "0", "risk.ceilings.max_losses_row is 9"),
        ("max_gross", "nan", "write a number"),
        ("max_gross", "-1", "write 0 or more"),
        ("max_orders_per_min", "1.5", "write a whole number"),
        ("max_orders_per_min", "1e999999999", "write a number below 1e15"),
        ("max_daily_loss", "500", "0.02 is 2 percent"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(name: str, value: str, says: str) -> None:
    changes = LimitChanges(LIMITS, CEILINGS)
    with pytest.raises(ConfigurationError, match=says):
        changes.tried(name, Decimal(value))
    assert changes.limits == LIMITS


def test_a_ceiling_below_the_configuration_or_of_nothing_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"risk\.ceilings\.max_net is 0\.5, and"):
        LimitChanges(Limits(), {"max_net": Decimal("0.5")})
    with pytest.raises(ConfigurationError, match="no limit 'nothing'"):
        LimitChanges(Limits(), {"nothing": Decimal(1)})
