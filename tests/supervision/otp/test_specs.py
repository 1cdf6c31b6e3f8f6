"""Sections B and C: specifications and flags are refused before anything happens."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from supervision.dynamic import DynamicSupervisor
from supervision.intensity import RestartWindow
from supervision.manage import start_child
from supervision.spec import (
    ChildSpec,
    DynamicFlags,
    SpecError,
    SupervisorFlags,
    check_specs,
    flags_from,
    id_key,
    template_from,
)
from supervision.starting import Refused
from supervision.supervisor import Supervisor
from tests.supervision.otp.kit import Player, Stage

GOOD: dict[str, Any] = {"id": "a", "start": Player}


def refused(**changes: Any) -> SpecError:
    """Return the verdict on a good spec with ``changes``; None removes a key."""
    spec = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SpecError) as caught:
        ChildSpec.from_mapping(spec)
    return caught.value


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        pytest.param("missing_id", {"id": None}, id="otp_023-missing-id"),
        pytest.param("missing_start", {"start": None}, id="otp_024-missing-start"),
        pytest.param("invalid_start", {"start": 7}, id="otp_025-start-not-callable"),
        pytest.param("invalid_restart_type", {"restart": "always"}, id="otp_026-restart"),
        pytest.param("invalid_restart_type", {"restart": []}, id="otp_026-restart-unhashable"),
        pytest.param("invalid_shutdown", {"shutdown_ms": -10}, id="otp_027-negative"),
        pytest.param("invalid_shutdown", {"shutdown_ms": 1.5}, id="otp_027-float"),
        pytest.param("invalid_shutdown", {"shutdown_ms": "soon"}, id="otp_027-string"),
        pytest.param("invalid_shutdown", {"shutdown_ms": True}, id="otp_027-boolean"),
        pytest.param("invalid_child_type", {"type": "boss"}, id="otp_028-type"),
        pytest.param("invalid_significant", {"significant": 1}, id="otp_029-significant"),
        pytest.param("unknown_key", {"restarts": "permanent"}, id="otp_031-unknown-key"),
        pytest.param("invalid_args", {"args": "abc"}, id="extra-args"),
        pytest.param("invalid_kwargs", {"kwargs": [1]}, id="extra-kwargs"),
        pytest.param("invalid_start_timeout", {"start_timeout_s": 0}, id="extra-start-timeout"),
        pytest.param("invalid_backoff", {"backoff": 3}, id="extra-backoff"),
        pytest.param("invalid_runtime", {"runtime": 3}, id="extra-runtime"),
        pytest.param("invalid_id", {"id": [1]}, id="extra-unhashable-id"),
        pytest.param("invalid_id", {"id": math.nan}, id="extra-nan-id"),
    ],
)
def test_a_wrong_field_is_refused_by_name(code: str, changes: dict[str, Any]) -> None:
    error = refused(**changes)
    assert error.code == code
    assert code in str(error)


@pytest.mark.parametrize("shutdown", [0, 1000, "infinity", "brutal_kill"])
def test_otp_027_whole_milliseconds_infinity_and_brutal_kill_are_valid(shutdown: Any) -> None:
    assert ChildSpec(id="a", start=Player, shutdown_ms=shutdown).shutdown_ms == shutdown


@pytest.mark.parametrize("value", [7, "spec", None, ("a", Player)])
def test_otp_030_what_is_no_spec_at_all_is_refused_with_the_value(value: object) -> None:
    with pytest.raises(SpecError) as caught:
        ChildSpec.from_mapping(value)
    assert (caught.value.code, caught.value.value) == ("invalid_child_spec", value)


def test_otp_031_an_unknown_key_is_refused_everywhere() -> None:
    for strict in (ChildSpec.from_mapping, flags_from):
        with pytest.raises(SpecError, match="unknown_key"):
            strict({**GOOD, "colour": "red"} if strict is not flags_from else {"colour": "red"})
    stage = Stage()
    sup = stage.boot()
    answer = stage.call(start_child, sup, {**GOOD, "colour": "red"})
    assert isinstance(answer, Refused)
    assert answer.error == "bad_spec"


def test_otp_032_two_specs_with_one_id_start_nothing() -> None:
    stage = Stage()
    error = stage.boot_error(stage.spec("a"), stage.spec("b"), stage.spec("a"))
    assert isinstance(error, SpecError)
    assert (error.code, error.value) == ("duplicate_child_name", "a")
    assert stage.trace == []
    assert not stage.sim.cells


def test_otp_033_significant_needs_an_auto_shutdown() -> None:
    spec = {**GOOD, "significant": True, "restart": "transient"}
    with pytest.raises(SpecError, match="bad_combination"):
        check_specs([spec], "never")
    assert check_specs([spec], "any_significant")[0].significant


@pytest.mark.parametrize("auto", ["never", "any_significant", "all_significant", None])
def test_otp_034_a_permanent_child_is_never_significant(auto: str | None) -> None:
    with pytest.raises(SpecError, match="bad_combination"):
        check_specs([{**GOOD, "significant": True, "restart": "permanent"}], auto)


def test_otp_035_every_other_combination_is_valid() -> None:
    """Run all 720: (auto_shutdown) x (restart) x (shutdown) x (type) x (significant)."""
    tried = refused_ones = 0
    for auto, restart, shutdown, kind, significant in itertools.product(
        ("never", "any_significant", "all_significant", None),
        ("permanent", "transient", "temporary", None),
        (0, 1000, "infinity", "brutal_kill", None),
        ("worker", "supervisor", None),
        (True, False, None),
    ):
        given = {
            "restart": restart,
            "shutdown_ms": shutdown,
            "type": kind,
            "significant": significant,
        }
        spec = {**GOOD, **{key: value for key, value in given.items() if value is not None}}
        bad = significant is True and (restart in ("permanent", None) or auto == "never")
        tried += 1
        if bad:
            refused_ones += 1
            with pytest.raises(SpecError, match="bad_combination"):
                check_specs([spec], auto)
        else:
            assert len(check_specs([spec], auto)) == 1
    assert (tried, refused_ones) == (720, 150)


@pytest.mark.parametrize("count", [0, 2])
def test_otp_036_a_dynamic_supervisor_wants_exactly_one_template(count: int) -> None:
    templates = [{**GOOD, "id": number} for number in range(count)]
    with pytest.raises(SpecError, match="bad_start_spec"):
        template_from(templates)
    with pytest.raises(SpecError, match="bad_start_spec"):
        DynamicSupervisor(templates)


@pytest.mark.parametrize("value", [None, 3, "abc", {"id": "a"}])
def test_otp_037_the_validator_starts_nothing_and_wants_a_list(value: object) -> None:
    with pytest.raises(SpecError) as caught:
        check_specs(value)
    assert caught.value.code == "badarg"
    assert [spec.id for spec in check_specs([GOOD, {**GOOD, "id": "b"}])] == ["a", "b"]
    with pytest.raises(SpecError, match="duplicate_child_name"):
        check_specs([GOOD, GOOD])


def test_otp_038_ids_are_compared_by_type_and_value() -> None:
    ids: list[object] = [1, 1.0, True, "1", (1,), (1.0,), (True,), b"1"]
    assert len({id_key(one) for one in ids}) == len(ids)
    assert id_key((1, ("a", 2))) == id_key((1, ("a", 2)))
    stage = Stage()
    sup = stage.boot(*[stage.spec(one) for one in ids])
    assert [info.id for info in stage.which(sup)] == ids[::-1]


def test_otp_039_a_rejected_spec_changes_nothing() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("b"), stage.spec("a"))
    before = (stage.which(sup), stage.counts(sup))
    for bad in ({}, {**GOOD, "restart": 3}, {**GOOD, "significant": True, "restart": "temporary"}):
        answer = stage.call(start_child, sup, bad)
        assert isinstance(answer, Refused)
        assert answer.error == "bad_spec"
    assert (stage.which(sup), stage.counts(sup)) == before


def flags_refused(**flags: Any) -> str:
    """Return the verdict on these flags."""
    with pytest.raises(SpecError) as caught:
        SupervisorFlags(**flags)
    return caught.value.code


def test_otp_040_an_unknown_strategy_is_refused() -> None:
    assert flags_refused(strategy="one_for_two") == "invalid_strategy"


@pytest.mark.parametrize("intensity", [math.inf, -1, 1.5, True, "1", None])
def test_otp_041_intensity_is_a_whole_number_from_zero(intensity: Any) -> None:
    assert flags_refused(intensity=intensity) == "invalid_intensity"
    assert SupervisorFlags(intensity=0).intensity == 0


@pytest.mark.parametrize("period", [0, -1, math.inf, math.nan, True, "5"])
def test_otp_042_a_period_is_finite_and_positive(period: Any) -> None:
    assert flags_refused(period_s=period) == "invalid_period"


def test_otp_043_an_unknown_auto_shutdown_is_refused() -> None:
    assert flags_refused(auto_shutdown="sometimes") == "invalid_auto_shutdown"


@pytest.mark.parametrize("flags", [7, "one_for_one", [("strategy", "one_for_one")]])
def test_otp_044_flags_of_a_wrong_type_are_refused(flags: Any) -> None:
    with pytest.raises(SpecError, match="invalid_type"):
        flags_from(flags)
    stage = Stage()
    with pytest.raises(Exception, match="invalid_type"):
        stage.sim.start(Supervisor([], flags))


@pytest.mark.parametrize("auto", ["any_significant", "all_significant"])
def test_otp_045_dynamic_children_cannot_be_significant(auto: Any) -> None:
    with pytest.raises(SpecError, match="bad_combination"):
        DynamicFlags(auto_shutdown=auto)
    assert DynamicFlags(auto_shutdown="never").auto_shutdown == "never"


@pytest.mark.parametrize(
    ("code", "flags"),
    [
        ("invalid_strategy", {"strategy": "one_for_all"}),
        ("invalid_max_children", {"max_children": -1}),
        ("invalid_max_children", {"max_children": 1.0}),
        ("invalid_extra_args", {"extra_args": "abc"}),
        ("invalid_auto_shutdown", {"auto_shutdown": "sometimes"}),
        ("invalid_intensity", {"intensity": -1}),
        ("invalid_period", {"period_s": 0}),
    ],
)
def test_otp_046_each_dynamic_flag_has_its_own_error(code: str, flags: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as caught:
        DynamicFlags(**flags)
    assert caught.value.code == code


def test_otp_047_a_period_of_thirty_days_does_not_overflow() -> None:
    month_ns = 30 * 86_400 * 10**9
    window = RestartWindow(2, month_ns)
    assert [window.add(day * month_ns // 3) for day in (0, 1, 2)] == [True, True, False]


def test_the_defaults_are_those_of_otp() -> None:
    spec, flags = ChildSpec(id="a", start=Player), SupervisorFlags()
    assert (flags.strategy, flags.intensity, flags.period_s) == ("one_for_one", 1, 5)
    assert flags.auto_shutdown == "never"
    assert (spec.restart, spec.shutdown_ms, spec.significant) == ("permanent", 5000, False)
    assert spec.type == "worker"
    assert ChildSpec(id="a", start=Player, type="supervisor").shutdown_ms == "infinity"
