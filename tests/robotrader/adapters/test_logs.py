"""Logs: one line of JSON an event, bounded files, and no secret in any of them (F21, F106)."""

from __future__ import annotations

import json
import logging
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters import log_files
from robotrader.adapters.log_files import LogFiles, newest
from robotrader.adapters.logs import HIDDEN, Logs, Redactor, bound_contextvars
from robotrader.config import Log, LogLevel

if TYPE_CHECKING:
    from pathlib import Path

CANARY = 'can"ary\\n-hunter2-5f'


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "robotrader.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


class Holder:
    """An object whose repr gives a secret away."""

    def __repr__(self) -> str:
        return f"Holder({CANARY})"


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError(CANARY)


def test_an_event_is_a_line_with_its_context_and_its_time(tmp_path: Path) -> None:
    with Logs(tmp_path, Log()), bound_contextvars(actor="/risk", cause="tick-7"):
        structlog.get_logger().info("refused", limit=0.2, symbols=("KO", "PEP"))
    (line,) = lines(tmp_path)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "actor": "/risk", "cause": "tick-7", "level": "info", "event": "refused",
        "limit": 0.2, "symbols": ["KO", "PEP"],
    }  # fmt: skip


def test_the_standard_librarys_loggers_come_in_with_the_same_context(tmp_path: Path) -> None:
    with Logs(tmp_path, Log()), bound_contextvars(cause="tick-8"):
        logging.getLogger("ib_async.client").warning("lost %s", "4002")
        wrong = logging.makeLogRecord({"name": "x", "msg": "two %s", "args": (1, 2)})
        logging.getLogger().handlers[-1].handle(wrong)
    first, second = lines(tmp_path)
    assert (first["logger"], first["event"]) == ("ib_async.client", "lost 4002")
    assert (first["level"], first["cause"]) == ("warning", "tick-8")
    assert second["event"] == "'two %s' with (1, 2)"


def test_less_than_the_level_is_not_written(tmp_path: Path) -> None:
    with Logs(tmp_path, Log(level=LogLevel.WARNING)):
        structlog.get_logger().info("no")
        logging.getLogger("x").info("no")
        structlog.get_logger().warning("yes")
        logging.getLogger("x").error("yes")
    assert [line["event"] for line in lines(tmp_path)] == ["yes", "yes"]


def test_what_was_taken_over_is_given_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    with Logs(tmp_path, Log()):
        assert (root.level, list(root.handlers)) != before
    assert (root.level, list(root.handlers)) == before


def test_a_canary_secret_is_in_no_line_however_it_comes(tmp_path: Path) -> None:
    with Logs(tmp_path, Log(level=LogLevel.DEBUG), [CANARY]):
        log = structlog.get_logger()
        said = f"login with {CANARY}"
        log.info(said, value=CANARY, deep={"a": [{CANARY: (CANARY,)}]})
        log.info("object", held=Holder(), broken=Unshowable(), kinds={CANARY}, raw=CANARY.encode())
        log.info("nested", record=Log(level=CANARY))  # type: ignore[arg-type]
        logging.getLogger("ib").error("sent %s", CANARY)
        with bound_contextvars(who=CANARY):
            log.info("bound")
        try:
            raise ValueError(CANARY)
        except ValueError:
            log.exception("failed")
            logging.getLogger("ib").exception("failed too")
    written = (tmp_path / "robotrader.jsonl").read_text()
    for form in (CANARY, json.dumps(CANARY)[1:-1], repr(CANARY)[1:-1], "hunter2"):
        assert form not in written
    assert written.count(HIDDEN) >= 8
    assert len(lines(tmp_path)) == 7


@given(st.text(alphabet="ab", min_size=4, max_size=8), st.text(alphabet="abc", max_size=30))
def test_no_text_keeps_a_secret(secret: str, text: str) -> None:
    assert secret not in Redactor([secret]).text(text)
    assert secret not in json.dumps(Redactor([secret]).plain("x", {text: [text, {text: text}]}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "x"),
        ("api_key", "k-1"),
        ("url", "https://user:pass@example.com"),
        ("event", "token=ghp_0123456789abcdefghij0123456789abcdef"),
        ("event", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_without_being_known(name: str, value: str) -> None:
    assert HIDDEN in Redactor().plain(name, value)


def test_a_secret_too_short_to_be_told_from_words_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        Redactor(["abc"])


def test_what_a_user_writes_stays_in_its_line(tmp_path: Path) -> None:
    """Log injection: line ends and terminal sequences are escaped."""
    with Logs(tmp_path, Log()):
        structlog.get_logger().info("reason", text='x\r\n{"event": "forged"}\x1b[2J')
    assert len(lines(tmp_path)) == 1
    assert "\x1b" not in (tmp_path / "robotrader.jsonl").read_text()


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(), inner),
            max_leaves=8,
        ),
        max_size=3,
    )
)
def test_anything_can_be_logged(fields: dict[str, Any]) -> None:
    plain = {name: Redactor().plain(name, value) for name, value in fields.items()}
    assert json.loads(json.dumps(plain)) is not None


def test_files_together_stay_below_their_bound_and_keep_the_newest(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, file_bytes=1000, total_bytes=5000)
    for number in range(2000):
        files.write(b'{"event": %d}' % number)
        if number % 100 == 0:
            assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    files.close()
    assert [entry["event"] for entry in newest(tmp_path, 100)] == list(range(1900, 2000))
    assert len(newest(tmp_path, 10_000)) > 150
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def test_many_threads_lose_and_mix_no_line(tmp_path: Path) -> None:
    files = LogFiles(tmp_path, file_bytes=20_000, total_bytes=10_000_000)

    def write(name: int) -> None:
        for number in range(500):
            files.write(json.dumps({"event": f"{name}-{number}", "pad": "x" * name}).encode())

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files.close()
    found = [entry["event"] for entry in newest(tmp_path, 10_000)]
    assert sorted(found) == sorted(f"{name}-{n}" for name in range(8) for n in range(500))
    for name in range(8):
        mine = [event for event in found if event.startswith(f"{name}-")]
        assert mine == [f"{name}-{n}" for n in range(500)]


def test_a_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for number in range(3):
        files = LogFiles(tmp_path, file_bytes=1000, total_bytes=2000)
        files.write(b'{"event": %d}' % number)
        files.close()
    assert [entry["event"] for entry in newest(tmp_path, 9)] == [0, 1, 2]


def test_a_disk_that_takes_nothing_costs_lines_and_stops_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    files = LogFiles(folder, file_bytes=1000, total_bytes=2000)
    folder.rmdir()
    files.write(b"{}")
    assert files.lost == 1
    folder.mkdir()
    files.write(b'{"event": "back"}')
    files.close()
    assert (files.lost, newest(folder, 9)) == (1, [{"event": "back"}])


def test_lines_are_found_by_level_actor_and_cause(tmp_path: Path) -> None:
    entries = [
        {"event": number, "level": level, "actor": actor, "cause": f"c{number % 2}"}
        for number, (level, actor) in enumerate(
            [("debug", "/a"), ("info", "/b"), ("error", "/a"), ("warning", "/b")] * 3
        )
    ]
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    (tmp_path / log_files.CURRENT).write_text(text + "cut in the mid")
    assert newest(tmp_path, 99)[-1] == {"event": "cut in the mid"}
    assert newest(tmp_path, 99, actor="/a") == [e for e in entries if e["actor"] == "/a"]
    assert (
        newest(tmp_path, 2, actor="/b", cause="c1")
        == [e for e in entries if e["actor"] == "/b" and e["cause"] == "c1"][-2:]
    )
    severe = newest(tmp_path, 99, min_level="warning", actor="/b")
    assert severe == [e for e in entries if e["level"] == "warning"]
