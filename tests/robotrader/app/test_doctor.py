"""The doctor: each check fails on what it is for, and passes without it."""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.__main__ import main
from robotrader.adapters import lease
from robotrader.app import doctor_checks, doctor_ib, doctor_site
from robotrader.app.cli_args import GROUPS, with_common_defaults
from robotrader.app.doctor_checks import Level
from robotrader.app.doctor_ib import Talk
from robotrader.config import InvalidConfigError, RestartWindow, layers, resolve
from robotrader.domain.errors import ConfigurationError
from robotrader.tws import ClientSession
from tests.robotrader.app.test_gateway_cli import command, emulated

if TYPE_CHECKING:
    from robotrader.app.doctor_site import Site

GOOD: dict[str, Any] = {
    "profile": "sim",
    "resolved": resolve([], "sim"),
    "mistake": None,
    "python": (3, 11, 7),
    "bits": 64,
    "debug_build": False,
    "free_threaded": False,
    "encoding": "utf-8",
    "uid": 1000,
    "pinned": {"msgspec": "0.22.0"},
    "installed": {"msgspec": "0.22.0"},
    "missing_extras": (),
    "package_roots": {"robotrader": "/a", "actors": "/a", "supervision": "/a"},
    "clock_kept": True,
    "disk_free_mib": 1e6,
    "open_files_max": 65_536,
    "ram_mib": 8000.0,
    "cores": 4,
    "file_system": "ext4",
    "holder": None,
    "port_taken": False,
    "huge_pages": "madvise",
    "loose_files": (),
    "second_copy_age_s": 60.0,
    "writable": True,
    "environ": {},
}


def site(**facts: Any) -> Site:
    return doctor_site.Site(**(GOOD | facts))


def configured(*settings: str, profile: str = "sim") -> Any:
    return resolve([layers.from_settings(settings)], profile)


def live(*settings: str) -> Any:
    needed = ("mode=live", "account=U1234567", "ib.port=4001", "journal.second_copy=/mnt/copy")
    return configured(*needed, *settings, profile="live")


def rule_broken() -> ConfigurationError:
    with pytest.raises(InvalidConfigError) as caught:
        configured("ib.port=4001")
    return caught.value


SECOND = configured("journal.second_copy=/mnt/copy")
SECRET = resolve([layers.from_toml("x", '[ib]\ngateway_secrets = { A = { secret = "a" } }')], "sim")
ABSURD = live(
    *(f"risk.{name}=3" for name in ("max_gross", "max_order_usd")),
    *(f"risk.{name}=0.5" for name in ("max_symbol_weight", "max_drawdown", "max_daily_loss")),
)
ZONE = 'ib.restart_windows=[{at = "23:45", tz = "Mars/Olympus"}]'

FAILING: list[tuple[str, dict[str, Any], Level]] = [
    ("ENV 01", {"python": (3, 10, 1)}, Level.ERROR),
    ("ENV 01", {"python": (3, 15, 0)}, Level.ERROR),
    ("ENV 01", {"bits": 32}, Level.ERROR),
    ("ENV 02", {"installed": {"msgspec": "0.1"}}, Level.WARNING),
    ("ENV 02", {"installed": {}}, Level.WARNING),
    ("ENV 02", {"pinned": {}}, Level.INFO),
    ("ENV 03", {"missing_extras": ("arch",)}, Level.WARNING),
    ("ENV 04", {"package_roots": {"robotrader": "/a", "actors": "/b"}}, Level.ERROR),
    ("ENV 04", {"package_roots": {"robotrader": "", "actors": ""}}, Level.ERROR),
    ("ENV 05", {"debug_build": True}, Level.WARNING),
    ("ENV 05", {"free_threaded": True}, Level.WARNING),
    ("ENV 06", {"encoding": "ascii"}, Level.ERROR),
    ("ENV 07", {"uid": 0}, Level.WARNING),
    ("HOST 01", {"clock_kept": False}, Level.WARNING),
    ("HOST 01", {"clock_kept": None}, Level.INFO),
    ("HOST 02", {"resolved": configured(ZONE)}, Level.ERROR),
    ("HOST 03", {"disk_free_mib": 100.0}, Level.ERROR),
    ("HOST 03", {"disk_free_mib": None}, Level.INFO),
    ("HOST 04", {"open_files_max": 1024}, Level.WARNING),
    ("HOST 05", {"ram_mib": 512.0}, Level.WARNING),
    ("HOST 05", {"cores": 1}, Level.WARNING),
    ("HOST 06", {"file_system": "nfs4"}, Level.ERROR),
    ("HOST 07", {"port_taken": True}, Level.ERROR),
    ("HOST 08", {"huge_pages": "always"}, Level.INFO),
    ("CONF 01", {"resolved": None, "mistake": ConfigurationError("x.toml:1")}, Level.ERROR),
    ("CONF 02", {"resolved": None, "mistake": rule_broken()}, Level.ERROR),
    ("CONF 03", {"resolved": live()}, Level.ERROR),
    ("CONF 03", {"resolved": ABSURD}, Level.WARNING),
    ("CONF 04", {"resolved": SECRET, "secrets_folder": Path("/nowhere")}, Level.ERROR),
    ("CONF 05", {"loose_files": ((Path("x"), 0o644),)}, Level.ERROR),
    ("STORE 03", {}, Level.INFO),
    ("STORE 03", {"resolved": SECOND, "second_copy_age_s": None}, Level.WARNING),
    ("STORE 03", {"resolved": SECOND, "second_copy_age_s": 90_000.0}, Level.WARNING),
    ("STORE 04", {"holder": "17"}, Level.INFO),
    ("STORE 05", {"writable": False}, Level.ERROR),
]


@pytest.mark.parametrize(("name", "facts", "level"), FAILING, ids=[f"{f[0]}" for f in FAILING])
def test_a_check_fails_on_what_it_is_for(name: str, facts: dict[str, Any], level: Level) -> None:
    found = doctor_checks.CHECKS[name](site(**facts))
    assert found.level is level
    assert found.remedy or level is Level.INFO
    good = {"resolved": SECOND} if name == "STORE 03" else {}
    assert doctor_checks.CHECKS[name](site(**good)).level is Level.OK


def test_every_check_has_a_test_that_makes_it_fail() -> None:
    assert {name for name, _, _ in FAILING} == doctor_checks.CHECKS.keys()
    assert {name for name, _, _ in IB_FAILING} == doctor_ib.CHECKS.keys()
    groups = {name.split()[0] for name in (*doctor_checks.CHECKS, *doctor_ib.CHECKS)}
    assert groups == set(GROUPS)


WELL = Talk(reached=True, version=178, accounts=("DU1234567",), skew_s=0.1)
IB_FAILING: list[tuple[str, Talk, Level]] = [
    ("IB 01", Talk(why="refused"), Level.ERROR),
    ("IB 02", Talk(reached=True, why="no answer within 10 s"), Level.ERROR),
    ("IB 02", Talk(reached=True, version=100), Level.ERROR),
    ("IB 03", Talk(reached=True, version=178, why="closed"), Level.ERROR),
    ("IB 03", Talk(reached=True, version=178, accounts=("DU7",)), Level.ERROR),
    ("IB 03", Talk(reached=True, version=178, in_use=True), Level.INFO),
    ("IB 06", Talk(reached=True, version=178), Level.INFO),
    ("IB 06", msgspec.structs.replace(WELL, skew_s=-7.0), Level.WARNING),
    ("IB 07", Talk(reached=True, version=178, in_use=True), Level.ERROR),
    ("IB 07", Talk(), Level.INFO),
    ("IB 09", WELL, Level.WARNING),
]
ACCOUNT = configured("account=DU1234567")


@pytest.mark.parametrize(("name", "said", "level"), IB_FAILING, ids=[f[0] for f in IB_FAILING])
def test_a_check_of_the_gateway_fails_on_what_it_is_for(
    name: str, said: Talk, level: Level
) -> None:
    assert doctor_ib.CHECKS[name](site(resolved=ACCOUNT), said).level is level
    window = configured(ZONE.replace("Mars/Olympus", "UTC"), "account=DU1234567")
    expected = Level.INFO if name == "IB 09" else Level.OK
    assert doctor_ib.CHECKS[name](site(resolved=window), WELL).level is expected


def test_our_own_system_may_use_our_client_id() -> None:
    said = Talk(reached=True, version=178, in_use=True)
    assert doctor_ib.ib_07(site(holder="17"), said).level is Level.INFO


@given(
    st.integers(1_577_836_800, 1_893_456_000).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.sampled_from(["America/New_York", "Europe/Zurich", "UTC", "Asia/Tokyo"]),
)
def test_the_next_restart_is_within_a_day_at_that_time_of_day(now: datetime, tz: str) -> None:
    """A day has up to 25 hours where clocks change."""
    at = doctor_ib.next_start(RestartWindow(at="23:45", tz=tz), now)
    assert now < at <= now + timedelta(hours=25)
    assert (at.hour, at.minute) == (23, 45)


def surveyed(*argv: str, **more: Any) -> Site:
    return doctor_site.survey(with_common_defaults(argparse.Namespace(set=list(argv), **more)))


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return {line["id"]: line for line in json.loads(capsys.readouterr().out)}


def test_a_real_gateway_is_examined_and_left_without_a_connection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with emulated() as (_, port, control):
        options = ["--set", f"ib.port={port}", "--set", f"data_dir={tmp_path}", "--json"]
        wanted = ["doctor", "--only", "IB", *options]
        assert main([*wanted, "--set", "account=DU1234567"]) == 0
        found = lines(capsys)
        for name in ("IB 01", "IB 02", "IB 03", "IB 07"):
            assert found[name]["level"] == "ok", found[name]
        # Measured; how far the emulated clock is behind is what its start took on this machine.
        assert found["IB 06"]["level"] in {"ok", "warning"}
        assert main([*wanted, "--set", "account=DU7654321"]) == 4
        assert lines(capsys)["IB 03"]["level"] == "error"
        assert command(control, do="links")["ok"]["connected"] == []


def test_a_client_id_in_use_is_found_on_a_real_gateway(tmp_path: Path) -> None:
    with emulated() as (_, port, _control):
        where = surveyed(f"ib.port={port}", f"data_dir={tmp_path}")
        with socket.create_connection(("127.0.0.1", port), 10) as other:
            first = ClientSession()
            other.sendall(first.greeting)
            while first.version is None:
                first.receive(other.recv(65536))
            other.sendall(first.request("startApi", clientId=11))
            while not any(r.name == "managedAccounts" for r in first.receive(other.recv(65536))):
                pass
            said = doctor_ib.talk(where.config.ib)
    assert (said.reached, said.in_use) == (True, True)
    assert doctor_ib.ib_07(where, said).level is Level.ERROR


def test_something_that_does_not_answer_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ib = configured(f"ib.port={port}", "ib.connect_timeout_s=0.2").config.ib
        said = doctor_ib.talk(ib)
    assert (said.reached, said.version) == (True, None)
    assert "within 0.2 s" in said.why


def test_something_that_is_no_gateway_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        said = doctor_ib.talk(configured(f"ib.port={port}", "ib.connect_timeout_s=2").config.ib)
        thread.join(10)
    assert said.version is None
    assert said.why


def test_the_facts_of_this_machine_are_found_out(tmp_path: Path) -> None:
    found = surveyed(f"data_dir={tmp_path}/deep/data", "metrics.bind=127.0.0.1:65000")
    assert (found.bits, found.writable, found.holder) == (64, True, None)
    assert found.disk_free_mib is not None
    assert found.disk_free_mib > 0
    assert found.file_system
    assert found.installed["msgspec"] == found.pinned["msgspec"]
    assert len(set(found.package_roots.values())) == 1


def test_a_port_that_is_taken_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"metrics.bind=127.0.0.1:{taken.getsockname()[1]}"
        assert surveyed(bind, f"data_dir={tmp_path}").port_taken
        with lease.held(tmp_path):
            assert surveyed(bind, f"data_dir={tmp_path}").port_taken is None


def test_a_running_system_is_found_by_its_lease(tmp_path: Path) -> None:
    with lease.held(tmp_path):
        assert surveyed(f"data_dir={tmp_path}").holder == str(os.getpid())


def test_fix_takes_from_others_what_a_system_keeps_and_touches_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, foreign = tmp_path / "data", tmp_path / "foreign"
    for folder in (data, foreign):
        (folder / "logs").mkdir(parents=True)
        (folder / "logs" / "robotrader.jsonl").write_text("x")
        (folder / "logs" / "robotrader.jsonl").chmod(0o644)
    (data / "link").symlink_to(foreign / "logs" / "robotrader.jsonl")
    with lease.held(data):
        pass
    examined = ["doctor", "--only", "CONF", "--json", "--set"]
    assert main([*examined, f"data_dir={data}"]) == 4
    assert lines(capsys)["CONF 05"]["level"] == "error"
    assert main([*examined, f"data_dir={data}", "--fix"]) == 0
    assert lines(capsys)["CONF 05"]["level"] == "ok"
    assert main([*examined, f"data_dir={foreign}", "--fix"]) == 0
    assert (foreign / "logs" / "robotrader.jsonl").stat().st_mode & 0o777 == 0o644


def test_a_wrong_configuration_is_examined_too(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["doctor", "--only", "CONF", "--json", "--set"]
    assert main([*wrong, "risk.max_gros=1"]) == 4
    assert "did you mean max_gross" in lines(capsys)["CONF 01"]["says"]
    assert main([*wrong, "ib.port=4001"]) == 4
    found = lines(capsys)
    assert (found["CONF 01"]["level"], found["CONF 02"]["level"]) == ("ok", "error")


def test_people_see_a_table_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--set", f"data_dir={tmp_path}", "--set", "account=DU1234567"]
    assert main(["doctor", "--only", "STORE", *arguments]) == 0
    out = capsys.readouterr().out
    assert "STORE 03" in out
    assert "set journal.second_copy" in out
