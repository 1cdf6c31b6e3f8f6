"""The core is killed with SIGKILL again and again; the books stay the venue's to the cent."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest

from robotrader.adapters import bundled, journal_tools
from robotrader.domain import Instrument, control, records
from robotrader.ledger import Ledger
from robotrader.recovery import CATALOGUE
from tests.system.kit import ACCOUNT, SYMBOLS, Books, Running, running, until

_log = logging.getLogger(__name__)
PROTECTED_S = 4.0
TRADING_S = 20.0
"""The bounds that issue 4 sets for a kill -9 of the core, on a machine that does nothing else."""

BUSY = 5.0
"""How much slower a process starts where other tests run beside: it is processor time."""


def kill_at_random_moments(one: Running, many: int, seed: int) -> list[tuple[float, float, float]]:
    """Kill the core; after each recovery the books are compared. Return how long each took."""
    draw, times = Random(seed), []
    one.ready()
    one.trades_on()
    for _ in range(many):
        threading.Event().wait(draw.uniform(0.0, 1.5))  # the moment is what is drawn
        times.append(one.kill_core())
        one.agrees()
    return times


def one_order_of_each_intent(one: Running) -> None:
    refs = one.venue.refs()
    assert refs
    assert [ref for ref, count in Counter(refs).items() if count > 1] == []


def within_bounds(times: list[tuple[float, float, float]], slack: float = BUSY) -> None:
    protected, ready, trading = zip(*times, strict=True)
    said = f"protected {max(protected):.1f} s, ready {max(ready):.1f}, trading {max(trading):.1f}"
    _log.info("%d kills, the longest: %s", len(times), said)
    assert max(protected) < PROTECTED_S * slack, said
    assert max(trading) < TRADING_S * slack, said


@pytest.mark.timeout(240)
def test_f23_kill_minus_9_at_random_moments_doubles_nothing_and_loses_nothing(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as one:
        times = kill_at_random_moments(one, 5, seed=7)
        one_order_of_each_intent(one)
        within_bounds(times)
        links = one.venue.say(do="links")
        assert len(links["connected"]) == 1
        assert links["accepted"] == 2 + len(times), "one for contracts, one a process: F01, F08"
        theirs = end_of(one)
    agrees_with_the_journal(one, theirs)


@pytest.mark.bench
@pytest.mark.timeout(240)
def test_a_killed_core_is_protected_in_4_s_and_trades_in_20_s(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        within_bounds(kill_at_random_moments(one, 5, seed=3), slack=1.0)


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11])
def test_twenty_kills_in_one_replayed_day_until_its_close(tmp_path: Path, seed: int) -> None:
    with running(tmp_path) as one:
        times = kill_at_random_moments(one, 20, seed)
        one_order_of_each_intent(one)
        within_bounds(times)
        one.agrees()
        until(lambda: one.venue.local_time() > "16:01", 600)
        before = one.venue.refs()
        until(lambda: one.venue.local_time() > "16:05")
        assert one.venue.refs() == before, "nobody trades after the close"
        one.agrees()
        theirs = end_of(one)
    agrees_with_the_journal(one, theirs)


class End(msgspec.Struct, frozen=True):
    """What the venue has at the end."""

    books: Books
    realized: Decimal
    executions: list[str]
    refs: list[str]


def end_of(one: Running) -> End:
    """Stop the market for good, let everything settle; return what the venue has."""
    one.venue.stop_prices()
    until(lambda: one.books() == one.venue.books(), said=lambda: (one.books(), one.venue.books()))
    executions = [each["exec_id"] for each in one.venue.say(do="executions")]
    return End(one.venue.books(), one.venue.realized(), executions, one.venue.refs())


def agrees_with_the_journal(one: Running, end: End) -> None:
    """Fold the journal that the core left, as nobody in the core did, and compare."""
    ledger, fills, intents = Ledger(ACCOUNT, _instruments()), Counter[str](), Counter[str]()
    for frame in journal_tools.read(Path(one.resolved.config.data_dir) / "journal"):
        record = CATALOGUE.decode(frame)
        ledger.apply(record)
        if isinstance(record, records.FillBooked):
            fills[record.exec_id] += 1
            assert intents[record.ref] == 1, f"{record.exec_id} has no intent before it (F24)"
        elif isinstance(record, records.OrderIntended):
            intents[record.ref] += 1
    view = ledger.view({})
    assert view.cash is not None
    assert fills == Counter(end.executions), "every execution is booked, and once (I2)"
    assert set(intents) >= set(end.refs), "every order at the venue was intended before (I6)"
    assert set(intents.values()) == {1}
    ours = (round(view.cash, 2), round(view.commissions, 2), round(view.realized, 2))
    assert ours == (end.books.cash, end.books.commissions, end.realized)


def _instruments() -> list[Instrument]:
    return [each for each in bundled.instruments() if each.symbol in SYMBOLS]


def gateway_pid(one: Running) -> int:
    """Return the process of the emulated gateway, which is heart's child beside the core."""
    heart = one.process.pid
    children = Path(f"/proc/{heart}/task/{heart}/children").read_text().split()
    return next((int(each) for each in children if _is_gateway(int(each))), 0)


def _is_gateway(pid: int) -> bool:
    try:
        return b"emulate" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kept_ns(one: Running) -> int:
    """Return the time of the state that the emulated gateway has written last."""
    file = Path(one.resolved.config.data_dir) / "gateway.json"
    return int(json.loads(file.read_text())["venue"]["now_ns"]) if file.exists() else 0


@pytest.mark.timeout(240)
def test_the_gateway_is_killed_and_the_day_goes_on_where_its_state_was(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        one.ready()
        one.trades_on()
        one.agrees()
        one.venue.stop_prices()  # so that what the state lacks, up to a second, is nothing
        until(lambda: one.books() == one.venue.books())
        left_ns, refs, pid = one.venue.say(do="time"), one.venue.refs(), gateway_pid(one)
        until(lambda: kept_ns(one) > left_ns)
        os.kill(pid, signal.SIGKILL)
        until(lambda: gateway_pid(one) not in {0, pid})
        until(one.venue.answers)
        one.trades_on()
        assert one.venue.say(do="time") >= left_ns
        assert one.venue.refs()[: len(refs)] == refs
        one.agrees()
        one_order_of_each_intent(one)


def paths(one: Running) -> list[str]:
    """Return every actor's path, supervisors too; the deepest first."""
    rows = until(lambda: one.ask(control.ActorsList())).actors
    return sorted((row.path for row in rows), key=lambda each: -each.count("/"))


def end_actor(one: Running, path: str) -> None:
    one.ask(control.ActorRestart(path=path, who="test", reason="the test ends each in turn"))


@pytest.mark.timeout(240)
def test_whichever_actor_or_supervisor_is_killed_trading_goes_on(tmp_path: Path) -> None:
    """The root's own children are seven, and five restarts in a minute are its budget: it may give
    up at the last, and heart starts the core anew."""
    with running(tmp_path) as one:
        pids = {one.ready().pid}
        one.trades_on()
        found = paths(one)
        assert len(found) == 16 + 4 * len(SYMBOLS)
        for path in found:
            begun = time.monotonic()
            end_actor(one, path)
            pids.add(one.ready().pid)
            one.trades_on(next((each for each in SYMBOLS if f"/{each}" in path), ""))
            _log.info("%s: trades again after %.1f s", path, time.monotonic() - begun)
            one.agrees()
        one_order_of_each_intent(one)
        assert len(pids) <= 2
