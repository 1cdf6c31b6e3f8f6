"""Every command against a real core over its real socket: real figures, and what they say is so."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.console import ACCOUNT, ROOT, SYMBOLS, Console, gateway, running, until


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("control")
    with gateway() as port, running(Console(folder, port)) as console:
        console.ready()
        until(lambda: len(resting(console)) == len(SYMBOLS))
        yield console


def resting(console: Console) -> list[dict[str, Any]]:
    answer = console.asked("orders")
    found = [] if answer is None else answer["orders"]
    return [each for each in found if each["state"] == "working" and each["limit_price"]]


def row_of(console: Console, name: str) -> Any:
    answer = console.asked("actors", "show", name)
    return answer and answer["actors"][0]


def test_orders_say_what_they_are_and_since_when(system: Console) -> None:
    now_ns = time.time_ns()
    for order in resting(system):
        assert (order["order_type"], order["tif"], order["side"]) == ("LMT", "DAY", "BUY")
        assert now_ns - 300 * 10**9 < order["intended_ns"] < now_ns
        assert order["strategy"] == f"rest/{order['symbol']}"
    ended = system.asked("orders", "--ended")["orders"]
    filled = [each for each in ended if each["state"] == "filled"]
    assert {each["symbol"] for each in filled} == set(SYMBOLS)
    assert {each["order_type"] for each in filled} == {"MKT"}


def test_a_price_has_an_age_and_the_link_says_when_it_last_spoke(system: Console) -> None:
    status = until(lambda: (it := system.asked("status")) and it["last_message_ns"] and it)
    assert 0 <= status["now_ns"] - status["last_message_ns"] < 60 * 10**9
    rows = system.asked("positions")["positions"]
    assert {row["symbol"] for row in rows} == set(SYMBOLS)
    assert all(0 <= row["price_age_s"] < 60 for row in rows)
    assert {row["realized_day"] for row in rows} == {"0"}, "nothing was sold"
    assert {row["realized"] for row in system.asked("trades")["trades"]} == {None}


def test_reconcile_compares_now_and_shows_both_sides_of_every_symbol(system: Console) -> None:
    begun_ns = time.time_ns()
    answer = system.asked("reconcile")
    assert answer["clean"]
    assert answer["at_ns"] >= begun_ns, "it was asked for now"
    sides = {(row["kind"], row["key"]): row for row in answer["sides"]}
    for symbol in SYMBOLS:
        row = sides["position", symbol]
        assert (row["ours"], row["broker"], row["verdict"]) == ("10", "10", "agree")
    orders = {each["ref"] for each in resting(system)}
    assert orders == {key for kind, key in sides if kind == "order"}
    assert sides["cash", "TotalCashValue"]["verdict"] == "agree"


@pytest.mark.parametrize(
    ("scope", "symbols", "says"),
    [
        ("all", {"AAPL", "KO"}, ""),
        (f"account:{ACCOUNT}", {"AAPL", "KO"}, ""),
        ("symbol:AAPL", {"AAPL"}, ""),
        ("symbol:ko", {"KO"}, ""),
        ("strategy:rest", {"AAPL", "KO"}, "what the strategy holds by then"),
        ("strategy:rest/KO", {"KO"}, "what the strategy holds by then"),
        ("symbol:IBM", set(), "no symbol of the universe"),
        ("strategy:nobody", set(), "no strategy has that name"),
        ("account:DU7", set(), "this system trades"),
        ("symbl:AAPL", {"AAPL", "KO"}, "taken for all"),
    ],
)
def test_a_kills_preview_honours_its_scope_and_changes_nothing(
    system: Console, scope: str, symbols: set[str], says: str
) -> None:
    before = {each["ref"]: each["symbol"] for each in resting(system)}
    done = system.say(
        "kill", "--level", "flatten", "--scope", scope, "--reason", "test", given="no\n"
    )
    assert done.returncode == 3
    shown = done.stdout
    cancelled = {symbol for ref, symbol in before.items() if f"{ref} " in shown}
    assert cancelled == symbols
    closes = {line.split()[1] for line in shown.splitlines() if line.startswith("close")}
    assert closes == (set() if scope.startswith("strategy") else symbols)
    assert says in shown
    assert system.asked("status")["switches"] == []


def test_a_kill_of_a_strategy_does_what_its_preview_said(system: Console) -> None:
    gone = {each["ref"] for each in resting(system)}
    done = system.say(
        "kill", "--level", "cancel", "--scope", "strategy:rest", "--reason", "t", "--yes"
    )
    assert done.returncode == 0

    def ended() -> set[str]:
        rows = system.asked("orders", "--ended")["orders"]
        return {each["state"] for each in rows if each["ref"] in gone}

    until(lambda: not gone & {each["ref"] for each in resting(system)})
    until(lambda: "cancelling" not in ended())  # the broker's word is still to come
    assert ended() == {"cancelled"}
    assert {row["qty"] for row in system.asked("positions")["positions"]} == {"10"}
    assert system.say("resume", "--scope", "strategy:rest", "--reason", "t").returncode == 0
    until(lambda: len(resting(system)) == len(SYMBOLS))


def test_some_of_the_turns_are_timed_and_shown(system: Console) -> None:
    def timed() -> list[dict[str, Any]]:
        answer = system.asked("actors", "ls")
        return [row for row in answer["actors"] if row["p99_s"]] if answer else []

    rows = until(timed)  # one turn of 64 is timed: whose it is, nobody knows beforehand
    assert all(0 < row["p50_s"] <= row["p99_s"] <= 10 for row in rows)


def test_an_actor_that_ends_shows_why_when_and_how_often(system: Console) -> None:
    before = until(lambda: (row := row_of(system, "data")) and row["uptime_s"] > 1 and row)
    status = system.asked("status")
    assert before["handled"] > 0
    done = system.say("actors", "restart", before["path"], "--reason", "a test")
    assert done.returncode == 0

    def again() -> Any:
        row = row_of(system, "data")
        return row if row and row["generation"] != before["generation"] else None

    after = until(again)
    assert after["restarts"] == before["restarts"] + 1
    assert after["last_crash"] == "killed"
    assert time.time_ns() - after["ended_ns"] < 60 * 10**9
    assert after["uptime_s"] < before["uptime_s"]
    broker = row_of(system, "broker")
    assert (broker["restarts"], broker["max_restarts"]) == (1, 5)
    assert broker["strategy"] == "one_for_one"
    assert system.asked("status")["restarts"] == status["restarts"] + 1
    shown = system.say("actors", "show", "data").stdout
    assert "killed" in shown
    assert "wait, the oldest for" in shown


def test_check_in_and_gateway_confirm_are_kept_in_the_journal(system: Console) -> None:
    assert "nobody has to check in" in system.say("checkin").stdout
    assert "connecting now" in system.say("gateway", "confirm").stdout
    acted = system.asked("journal", "query", "--kind", "OperatorActed")["records"]
    assert {"check in", "gateway confirm"} <= {row["fields"]["command"] for row in acted}


def screen(console: Console, *words: str, looks: int) -> str:
    """What a terminal gets until a screen was begun so often."""
    own, other = pty.openpty()
    process = subprocess.Popen(
        console.command(*words, "--interval", "0.2"), stdout=other, stderr=subprocess.DEVNULL,
        cwd=ROOT, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )  # fmt: skip
    os.close(other)
    said, deadline = b"", time.monotonic() + 30
    try:
        while said.count(b"\x1b[H\x1b[2J") < looks and time.monotonic() < deadline:
            if select.select([own], [], [], 1)[0]:
                said += os.read(own, 1 << 16)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        os.close(own)
    return said.decode()


@pytest.mark.parametrize(
    ("words", "moves"), [(("status", "--watch"), r"at 20"), (("top",), "handled")]
)
def test_what_is_watched_is_shown_again_in_its_place(
    system: Console, words: tuple[str, ...], moves: str
) -> None:
    looks = screen(system, *words, looks=4).split("\x1b[H\x1b[2J")[1:4]
    assert all(moves in each for each in looks)
    assert len(set(looks)) == len(looks), "every look has other figures"


def test_logs_are_the_files_whether_a_system_runs_or_not(tmp_path: Path) -> None:
    with gateway() as port:
        console = Console(tmp_path, port)
        with running(console):
            console.ready()
            console.say("kill", "--level", "pause", "--reason", "t", "--yes")
            running_says = console.say("logs", "--min-level", "info").stdout
        ended_says = console.say("logs", "--min-level", "info").stdout
    assert ended_says.startswith(running_says)
    assert console.say("status").returncode == 4
