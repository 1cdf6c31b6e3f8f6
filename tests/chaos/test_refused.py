"""A system that does not allow it is never broken, and never in mode live."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.chaos import Damage
from robotrader.app import breaking, run
from robotrader.app.control_client import ControlClient, RefusedError
from robotrader.config import Config, InvalidConfigError, Mode, layers, resolve
from robotrader.domain import control
from tests.chaos.kit import Broken
from tests.system.kit import Running, configuration, running

LIVE = (
    'mode="live"', 'account="U1234567"', "ib.port=4001", 'journal.second_copy="copy"',
    'universe.symbols=["KO"]',
)  # fmt: skip


def test_mode_live_with_chaos_enabled_does_not_start() -> None:
    with pytest.raises(InvalidConfigError, match="mode live may not be broken on purpose"):
        resolve([layers.from_settings([*LIVE, "chaos.enabled=true"])], "live")


def test_mode_live_has_no_link_and_no_fault_points_whatever_the_configuration_says() -> None:
    config = resolve([layers.from_settings(LIVE)], "live").config
    forced = Config(mode=Mode.LIVE, chaos=type(config.chaos)(enabled=True))
    for each in (config, forced):
        assert not breaking.breakable(each)
        assert breaking.link_child(each) == []
        assert breaking.through_link(each) == each
        assert breaking.damage_of(each, lambda: 0) is None


def test_the_links_port_must_be_free() -> None:
    says = ['mode="sim"', "chaos.enabled=true", "chaos.link_port=4002"]
    with pytest.raises(InvalidConfigError, match="4002 is in use already: choose another port"):
        resolve([layers.from_settings(says)], "sim")


def test_with_chaos_the_core_connects_to_the_link_and_heart_keeps_it(tmp_path: Path) -> None:
    plain, chaotic = (
        configuration(tmp_path, ("KO",), *more) for more in ((), ("chaos.enabled=true",))
    )
    names = [child["name"] for child in run.children_of(plain, tmp_path)]
    assert names == ["gateway", "core"]
    names = [child["name"] for child in run.children_of(chaotic, tmp_path)]
    assert names == ["gateway", "link", "core"]
    assert breaking.through_link(plain.config) == plain.config
    assert breaking.through_link(chaotic.config).ib.port == chaotic.config.chaos.link_port


def test_a_wrong_clock_and_a_full_disk_end_by_themselves_and_when_cleared() -> None:
    damage = Damage(lambda: 1_000)
    damage.shift_clock(-2.0, 60.0)
    damage.fill_disk(60.0)
    assert damage.now_ns() == 1_000 - 2 * 10**9
    assert damage.disk_is_full()
    damage.clear()
    assert damage.now_ns() == 1_000
    assert not damage.disk_is_full()
    damage.shift_clock(5.0, 0.0)
    assert damage.now_ns() == 1_000


@pytest.mark.timeout(240)
def test_a_system_without_chaos_refuses_every_strike_and_does_not_change(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        status = one.ready()
        for what in control.Damage:
            assert "may not be broken: set chaos.enabled" in refusal(one, what)
        done = Broken(one.resolved, one.process).say("chaos", "run", "core-kill")
        assert done.returncode == 3
        assert "may not be broken: set chaos.enabled = true; never in mode live" in done.stderr
        after = one.ready()
        assert (after.pid, after.restarts) == (status.pid, status.restarts)


def refusal(one: Running, what: control.Damage) -> str:
    asked = control.Chaos(who="t", scenario="t", what=what, path="/desk/orders", for_s=60, by_s=1)
    with ControlClient.of(one.resolved.config) as client, pytest.raises(RefusedError) as found:
        client.ask(asked)
    return str(found.value)
