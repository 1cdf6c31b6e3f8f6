"""What trips the kill switch by itself: one small function for each trigger (F66).

All are asked together whenever something changed, and on a timer. What is latched is not tripped
again. Only a connection that is back clears itself, and a symbol of which a person has ended the
halt; whoever clears a loss while the loss still stands finds the switch tripped again: first the
limit is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.domain import LinkState
from robotrader.domain.records import SwitchCleared, SwitchTripped
from robotrader.ledger import LedgerView
from robotrader.risk.losses import daily_loss, drawdown, position_loss, streak
from robotrader.risk.past import MS_NS
from robotrader.risk.switch import ALL, Level, Switch, Trigger
from robotrader.risk.units import Ratio

if TYPE_CHECKING:
    from robotrader.risk.limits import Limits

CALM: Final = frozenset({LinkState.READY, LinkState.RESTART_WINDOW})
"""An announced restart is no failure (F18)."""


class TripRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the switch trips by itself, and how far. ``Limits`` has the losses."""

    on_loss: Level = Level.REDUCE
    on_losses: Level = Level.REDUCE
    on_position_loss: Level = Level.REDUCE
    on_rejects: Level = Level.PAUSE
    on_stale_data: Level = Level.REDUCE
    on_clock: Level = Level.PAUSE
    on_hung: Level = Level.REDUCE
    on_dead_man: Level = Level.REDUCE
    on_unreconciled: Level = Level.REDUCE
    on_connection: Level = Level.PAUSE
    max_position_loss: Ratio | None = None
    """Of equity, what one position may have lost since it was bought; None: not looked at."""

    max_rejects: int = 5
    """Orders that the broker may refuse within ``rejects_within_ms``; one more trips."""

    rejects_within_ms: int = 60_000
    stale_after_ms: int = 30_000
    """How old the data of a symbol that is held may be while its market is open."""

    max_skew_ms: int = 1_000
    """How far our clock may be from the broker's."""

    hung_ms: int = 1_500
    """How long messages may wait for somebody who takes none; the watchdog ends it after 2 s."""

    dead_man_ms: int | None = None
    """How long a person may give no sign of life; None: nobody has to."""

    disconnected_ms: int = 30_000
    """How long the connection may be away."""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What the triggers look at; ``None`` is not known."""

    ledger: LedgerView | None
    symbols: dict[int, str]
    """The symbols of the contracts."""

    heard_ns: dict[int, int]
    """When a contract's data last came."""

    open_markets: frozenset[int]
    """Contracts whose market is open, and was ``stale_after_ms`` ago: a night is silent."""

    rejects_ns: tuple[int, ...]
    """When the broker refused an order, lately."""

    skew_ns: int | None
    hung: tuple[tuple[str, str], ...]
    """What makes no progress: its name, and the scope that it stands for."""

    person_ns: int | None
    """When a person last gave a sign of life."""

    unreconciled: frozenset[int]
    """Contracts whose position is not the broker's."""

    link: LinkState
    link_since_ns: int
    forgiven_ns: int = 0
    """When a person last cleared a streak of losses."""


Found: TypeAlias = "list[tuple[Trigger, Level, str, str]]"
_Sign: TypeAlias = Callable[[Signs, TripRules, "Limits", int], Found]


def _losses(signs: Signs, rules: TripRules, limits: Limits, _now_ns: int) -> Found:
    if signs.ledger is None:
        return []  # the gate lets nothing pass meanwhile
    told = (
        (Trigger.DAILY_LOSS, daily_loss(signs.ledger, limits, trips=True)),
        (Trigger.DRAWDOWN, drawdown(signs.ledger, limits, trips=True)),
    )
    return [(trigger, rules.on_loss, ALL, why) for trigger, why in told if why]


def _streak(signs: Signs, rules: TripRules, limits: Limits, _now_ns: int) -> Found:
    why = "" if signs.ledger is None else streak(signs.ledger, limits, signs.forgiven_ns)
    return [(Trigger.LOSSES, rules.on_losses, ALL, why)] if why else []


def _position_loss(signs: Signs, rules: TripRules, _limits: Limits, _now_ns: int) -> Found:
    if signs.ledger is None or rules.max_position_loss is None:
        return []
    found: Found = []
    for con_id, held in sorted(signs.ledger.positions.items()):
        why = position_loss(held, signs.ledger.equity, rules.max_position_loss)
        if why:
            scope = _scope(signs, con_id)
            found.append((Trigger.POSITION_LOSS, rules.on_position_loss, scope, why))
    return found


def _rejects(signs: Signs, rules: TripRules, _limits: Limits, now_ns: int) -> Found:
    if len(signs.rejects_ns) <= rules.max_rejects:
        return []
    since_ns = now_ns - rules.rejects_within_ms * MS_NS
    count = sum(at_ns > since_ns for at_ns in signs.rejects_ns)
    if count <= rules.max_rejects:
        return []
    why = f"{count} orders were refused in {rules.rejects_within_ms} ms"
    return [(Trigger.REJECTS, rules.on_rejects, ALL, why)]


def _stale(signs: Signs, rules: TripRules, _limits: Limits, now_ns: int) -> Found:
    held = () if signs.ledger is None else signs.ledger.positions
    found: Found = []
    for con_id in sorted(signs.open_markets.intersection(held)):
        heard_ns = signs.heard_ns.get(con_id)
        if heard_ns is None or now_ns - heard_ns > rules.stale_after_ms * MS_NS:
            age = "never came" if heard_ns is None else f"is {(now_ns - heard_ns) // MS_NS} ms old"
            scope = _scope(signs, con_id)
            found.append((Trigger.STALE_DATA, rules.on_stale_data, scope, f"its data {age}"))
    return found


def _clock(signs: Signs, rules: TripRules, _limits: Limits, _now_ns: int) -> Found:
    if signs.skew_ns is None or abs(signs.skew_ns) <= rules.max_skew_ms * MS_NS:
        return []
    why = f"our clock is {signs.skew_ns // MS_NS} ms from the broker's"
    return [(Trigger.CLOCK, rules.on_clock, ALL, why)]


def _hung(signs: Signs, rules: TripRules, _limits: Limits, _now_ns: int) -> Found:
    return [
        (Trigger.HUNG, rules.on_hung, scope, f"{name} makes no progress")
        for name, scope in signs.hung
    ]


def _dead_man(signs: Signs, rules: TripRules, _limits: Limits, now_ns: int) -> Found:
    if rules.dead_man_ms is None:
        return []
    if signs.person_ns is not None and now_ns - signs.person_ns <= rules.dead_man_ms * MS_NS:
        return []
    why = f"nobody gave a sign of life for {rules.dead_man_ms} ms"
    return [(Trigger.DEAD_MAN, rules.on_dead_man, ALL, why)]


def _unreconciled(signs: Signs, rules: TripRules, _limits: Limits, _now_ns: int) -> Found:
    why = "the broker has another position"
    return [
        (Trigger.UNRECONCILED, rules.on_unreconciled, _scope(signs, con_id), why)
        for con_id in sorted(signs.unreconciled)
    ]


def _connection(signs: Signs, rules: TripRules, _limits: Limits, now_ns: int) -> Found:
    away_ns = now_ns - signs.link_since_ns
    if signs.link in CALM or away_ns <= rules.disconnected_ms * MS_NS:
        return []
    why = f"the connection is {signs.link} for {away_ns // MS_NS} ms"
    return [(Trigger.CONNECTION, rules.on_connection, ALL, why)]


def _scope(signs: Signs, con_id: int) -> str:
    """A contract whose symbol is not known stands for everything."""
    symbol = signs.symbols.get(con_id)
    return f"symbol:{symbol}" if symbol else ALL


SIGNS: Final[tuple[_Sign, ...]] = (
    _losses,
    _streak,
    _position_loss,
    _rejects,
    _stale,
    _clock,
    _hung,
    _dead_man,
    _unreconciled,
    _connection,
)


def due(
    signs: Signs, switch: Switch, limits: Limits, rules: TripRules, now_ns: int
) -> tuple[SwitchTripped, ...]:
    """Return the records with which the switch has to be tripped now."""
    found = [each for sign in SIGNS for each in sign(signs, rules, limits, now_ns)]
    records: list[SwitchTripped] = []
    for trigger, level, scope, why in found:
        record = SwitchTripped(
            level=str(level), scope=scope, trigger=trigger, why=why, wall_ns=now_ns
        )
        after = switch.after(record)
        if after != switch:
            records.append(record)
            switch = after
    return tuple(records)


def healed(signs: Signs, switch: Switch, now_ns: int) -> tuple[SwitchCleared, ...]:
    """Return records that clear a lost connection that is ready again, and halts that are over."""
    over = [(ALL, "the connection is ready")] if _ready_again(signs, switch) else []
    halted = {_scope(signs, con_id) for con_id in signs.unreconciled}
    over += [
        (trip.scope, "a person has ended the halt")
        for trip in switch.trips
        if trip.trigger == Trigger.UNRECONCILED and trip.scope not in {ALL, *halted}
    ]
    return tuple(SwitchCleared(scope=at, who="", why=why, wall_ns=now_ns) for at, why in over)


def _ready_again(signs: Signs, switch: Switch) -> bool:
    ready = signs.link is LinkState.READY
    return ready and switch.find(ALL, Trigger.CONNECTION) is not None
