"""Heart as the process it is meant to be: its command, its signals, its exit codes, its death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from supervision import heart
from supervision.heart_rules import Exit
from tests.supervision.heart_kit import PATIENCE_S, children_of, exists, fields, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Iterator


class Running:
    """A heart in a process of its own; its events are the lines of its standard error."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        assert popen.stderr is not None
        self.popen = popen
        self.stderr: IO[str] = popen.stderr
        self.events: list[dict[str, Any]] = []

    def until_told(self, event: str, child: str = "core") -> dict[str, Any]:
        for line in self.stderr:
            self.events.append(json.loads(line))
            if (self.events[-1]["event"], self.events[-1]["child"]) == (event, child):
                return self.events[-1]
        pytest.fail(f"heart ended before {event} of {child}: {self.events}")

    def until_all_beat(self, count: int) -> None:
        while len(self.order("beating")) < count:
            self.events.append(json.loads(self.stderr.readline()))

    def end(self) -> int:
        """Wait for heart to end, keep its last events, and return its exit code."""
        self.events += [json.loads(line) for line in self.stderr]
        return self.popen.wait(PATIENCE_S)

    def order(self, event: str) -> list[str]:
        return [each["child"] for each in self.events if each["event"] == event]


@contextmanager
def running(
    folder: Path, *children: dict[str, Any], argv: list[str] | None = None, **more: Any
) -> Iterator[Running]:
    spec = folder / "heart.json"
    spec.write_text(json.dumps({"children": children, "dump_dir": str(folder / "dumps")}))
    with subprocess.Popen(
        argv or heart.command(spec), stderr=subprocess.PIPE, text=True, **more
    ) as popen:
        try:
            yield Running(popen)
        finally:
            popen.kill()


def test_heart_runs_without_pykka_without_site_packages_and_without_threads(tmp_path: Path) -> None:
    spec = tmp_path / "heart.json"
    spec.write_text(json.dumps({"children": [fields(tmp_path, "beat")]}))
    argv = heart.command(spec)
    with running(tmp_path, fields(tmp_path, "beat"), argv=[argv[0], "-v", *argv[1:]]) as one:
        imported = ""
        for line in one.stderr:
            imported += line
            if '"event": "beating"' in line:
                break
        threads = list(Path(f"/proc/{one.popen.pid}/task").iterdir())
    assert "import 'supervision.heart_rules'" in imported
    for absent in ("pykka", "supervision.actor", "site"):
        assert f"import '{absent}'" not in imported
    assert len(threads) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_otp_215_a_signal_stops_the_children_in_reverse_order(tmp_path: Path, number: int) -> None:
    children = [fields(tmp_path, "beat", name) for name in ("core", "web", "worker")]
    with running(tmp_path, *children) as one:
        one.until_all_beat(3)
        one.popen.send_signal(number)
        assert one.end() == Exit.CLEAN
    assert one.order("stopped") == ["worker", "web", "core"]
    assert (tmp_path / "ended").read_text().split() == ["worker", "web", "core"]


def test_f11_a_child_that_ignores_sigterm_is_killed_and_the_exit_code_says_so(
    tmp_path: Path,
) -> None:
    with running(tmp_path, fields(tmp_path, "stubborn", shutdown_s=0.3)) as one:
        pid = one.until_told("beating")["pid"]
        one.popen.terminate()
        assert one.end() == Exit.FORCED
    assert one.order("killed") == ["core"]
    assert not exists(pid)


def test_otp_219_children_die_with_a_killed_heart_and_a_new_heart_starts_them(
    tmp_path: Path,
) -> None:
    # Neither writes to its pipe again, so that a broken pipe cannot be what ends it.
    children = [fields(tmp_path, "loop", name, budget_s=60) for name in ("core", "web")]
    with running(tmp_path, *children) as one:
        one.until_all_beat(2)
        pids = children_of(one.popen.pid)
        pidfds = [os.pidfd_open(pid) for pid in pids]
        one.popen.kill()
        wait_for_end(*pidfds)
    assert len(pids) == 2
    with running(tmp_path, *children) as two:
        assert two.until_told("beating", "core")["pid"] not in pids
    assert not (tmp_path / "overlaps").exists()


_STARTER = """
import json, os, subprocess, sys, time
spec = json.loads(sys.argv[2])
with open(sys.argv[1], "w") as file:
    json.dump(spec | {"parent": os.getpid() + int(sys.argv[3])}, file)
subprocess.Popen(sys.argv[4:]).wait()
"""


def starter(folder: Path, off: int) -> list[str]:
    """A program that starts heart and names itself, or another process, as whom it follows."""
    spec, given = folder / "heart.json", {"children": [fields(folder, "beat")]}
    known = [str(spec), json.dumps(given), str(off)]
    return [sys.executable, "-c", _STARTER, *known, *heart.command(spec)]


def test_heart_stops_its_children_in_order_when_the_process_that_it_follows_is_killed(
    tmp_path: Path,
) -> None:
    with running(tmp_path, argv=starter(tmp_path, 0)) as one:
        pid = one.until_told("beating")["pid"]
        one.popen.kill()
        one.end()
    assert one.order("orphaned") == ["heart"]
    assert one.order("stopped") == ["core"]
    assert (tmp_path / "ended").read_text().split() == ["core"], "it was told, and not killed"
    assert not exists(pid)


def test_heart_starts_nothing_if_the_process_that_it_follows_is_not_there(tmp_path: Path) -> None:
    with running(tmp_path, argv=starter(tmp_path, 1)) as one:
        one.end()
    assert one.order("orphaned") == ["heart"]
    assert one.order("started") == []


def test_otp_219_a_launcher_whose_heart_is_already_gone_does_not_become_its_child(
    tmp_path: Path,
) -> None:
    proof = tmp_path / "ran"
    argv = [sys.executable, "-I", "-S", str(Path(heart.__file__).with_name("pulse.py"))]
    not_my_parent = str(os.getppid())
    done = subprocess.run([*argv, not_my_parent, "touch", str(proof)], check=False)
    assert done.returncode == 127
    assert not proof.exists()


def test_f13_heart_needs_no_path_to_start_children(tmp_path: Path) -> None:
    env = os.environ | {"PATH": "/nonexistent"}
    missing = fields(tmp_path, "beat", "web", argv=["no-such-tool"])
    with running(tmp_path, fields(tmp_path, "beat"), missing, env=env) as one:
        one.until_told("gave_up", "web")
        if not one.order("beating"):
            one.until_told("beating")
        one.popen.terminate()
        assert one.end() == Exit.MISSING
    assert one.order("gave_up") == ["web"]
    assert one.order("started").count("web") == 1
    assert one.order("restarted") == []


def test_f13_a_crash_loop_ends_by_itself_with_its_own_exit_code(tmp_path: Path) -> None:
    with running(tmp_path, fields(tmp_path, "quit_with 1", safe_env={"SAFE": "1"})) as one:
        assert one.end() == Exit.GAVE_UP
    assert len(one.order("started")) == 5


def test_f15_heart_knows_how_a_child_ended_even_if_its_parent_ignored_sigchld(
    tmp_path: Path,
) -> None:
    spec = tmp_path / "heart.json"
    ignore = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    parent = [sys.executable, "-c", ignore, *heart.command(spec)]
    with running(tmp_path, fields(tmp_path, "quit_with 75"), argv=parent) as one:
        assert one.end() == Exit.TERMINAL
    assert "code 75 forbids a restart" in one.events[-1]["detail"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{", "Expecting property name"),
        ("[]", "'children'"),
        ('{"children": []}', "at least one"),
        ('{"children": [{"name": "a", "argv": "b"}]}', "argv is 'b'"),
        ('{"children": [{"name": "a", "argv": ["b"], "retries": 1}]}', "retries"),
        ('{"children": [{"name": "a", "argv": ["b"], "budget_s": "1"}]}', "configuration"),
        ('{"children": [{"name": "a", "argv": ["b"]}], "dumps": "d"}', "['dumps']"),
        ('{"children": [{"name": "a", "argv": ["b"]}], "dump_dir": "d", "keep_dumps": 0}', "keep"),
    ],
)
def test_a_configuration_that_is_wrong_starts_nothing_and_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, names: str
) -> None:
    spec = tmp_path / "heart.json"
    spec.write_text(text.replace('"d"', json.dumps(str(tmp_path / "d"))))
    assert heart.main(str(spec)) == Exit.USAGE
    said = capfd.readouterr().err
    assert said.startswith(f"heart: {spec}: ")
    assert names in said
