"""Scenarios: what is broken when, and what has to hold before, during and after, as TOML.

    title = "The core is killed again and again"
    settle_s = 60                 # after the last fault everything holds again within this

    [hypothesis]
    ready_within_s = 20           # after every strike
    core_restarts_max = 3

    [[fault]]
    at_s = 2                      # after the begin
    do = "kill-core"
    times = 3
    every_s = 15

Unknown keys, kinds and values are refused, with the file, the key and what would do.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from robotrader.chaos.faults import BLAST, EMULATED, Fault, JumpClock, Link, named
from robotrader.chaos.toxics import NEEDS_AMOUNT
from robotrader.domain.errors import ConfigurationError

LONGEST_S: Final = 24 * 3600.0
_LONGEST_FILE: Final = 1 << 16
_Bound = Annotated[float, Meta(gt=0, le=3600)]
_Most = Annotated[int, Meta(ge=0, le=100_000)]


class Hypothesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has to hold: each key is a line of the verdict. A bound that is not set is not judged.

    What always has to hold has no key: both sides agree, one order of each intent, no intent that
    was committed is lost, every execution is booked once, no limit is exceeded.
    """

    ready_within_s: _Bound = 60.0
    """After each strike it is connected and reconciled again within this."""

    trades_within_s: _Bound | None = None
    """After each strike a new order is decided within this."""

    core_restarts_max: _Most | None = None
    actor_restarts_max: _Most | None = None
    switch: bool = True
    """Whether the kill switch must be off at the end."""

    critical_alerts: tuple[str, ...] = ()
    """Kinds of critical alerts that belong to the scenario; any other is a failure."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario; ``name`` is the file's."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    fault: Annotated[tuple[Fault, ...], Meta(min_length=1, max_length=100)]
    hypothesis: Hypothesis = Hypothesis()
    settle_s: _Bound = 60.0
    name: str = ""

    @property
    def lasts_s(self) -> float:
        """Seconds until the last fault is over."""
        return max(each.at_s + each.fault.lasts_s for each in strikes(self))

    @property
    def emulated(self) -> bool:
        """Whether it needs the emulated gateway."""
        return any(isinstance(each, EMULATED) for each in self.fault)


class Strike(NamedTuple):
    """One injection of a fault."""

    at_s: float
    fault: Fault


def strikes(scenario: Scenario) -> tuple[Strike, ...]:
    """Return all injections in the order of their time."""
    found = [
        Strike(fault.at_s + number * fault.every_s, fault)
        for fault in scenario.fault
        for number in range(fault.times)
    ]
    return tuple(sorted(found, key=lambda each: each.at_s))


def blast(scenario: Scenario) -> tuple[str, ...]:
    """Return what a scenario touches, a line for each fault, to be announced before."""
    return tuple(
        f"{each.times} x {named(each)}: {BLAST[type(each)]}"
        if each.times > 1
        else f"{named(each)}: {BLAST[type(each)]}"
        for each in scenario.fault
    )


def read(text: str, name: str) -> Scenario:
    """Read a scenario.

    Raises:
        ConfigurationError: it is no TOML, or something in it cannot be run; with the place.
    """
    if len(text) > _LONGEST_FILE:
        msg = f"{name}: {len(text)} characters are no scenario: at most {_LONGEST_FILE}"
        raise ConfigurationError(msg)
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{name}: no TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {_said(error)}: see docs/reliability.md") from None
    for number, fault in enumerate(scenario.fault, 1):
        _check(fault, f"{name}: fault {number} ({named(fault)})")
    if scenario.lasts_s > LONGEST_S:
        msg = f"{name}: it takes {scenario.lasts_s:g} s: at most {LONGEST_S:g}; use fewer times"
        raise ConfigurationError(msg)
    stem = name.rpartition("/")[2].removesuffix(".toml")
    return msgspec.structs.replace(scenario, name=stem)


def _said(error: msgspec.ValidationError) -> str:
    return str(error).replace("`", "").replace("$[...].", "").replace("$.", "")


def _check(fault: Fault, where: str) -> None:
    if fault.times > 1 and fault.every_s <= fault.lasts_s:
        msg = f"{where}: every_s {fault.every_s:g} must be more than its for_s, {fault.lasts_s:g}"
        raise ConfigurationError(msg)
    if isinstance(fault, Link) and fault.toxic in NEEDS_AMOUNT and not fault.amount:
        raise ConfigurationError(f"{where}: {fault.toxic} needs an amount above 0")
    if isinstance(fault, JumpClock) and not fault.by_s:
        raise ConfigurationError(f"{where}: by_s must not be 0")
