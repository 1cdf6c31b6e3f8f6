"""What a forked child does: it runs tests, once with a record of who runs which line, else with
one changed file.

The parent has imported what others made and nothing of ours, so that a child starts at once and
imports everything of ours anew, the one changed file from its tree.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import coverage
import hypothesis
import pytest

from tests.mutation.changes import changed
from tests.mutation.finder import Changed
from tests.mutation.groups import ROOT

SURVIVED, KILLED = 0, 1
_WAITS: Final = 60
_MOST_BYTES: Final = 3 << 30
"""A change can make a loop that collects for ever."""

_QUIET: Final = (
    "-q", "-x", "--no-header", "-p", "no:cacheprovider", "--durations=0", "--timeout=0",
    # What the parent has imported already is not rewritten: it is no test.
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


class _Only:
    """Lets only some tests run, in the order that is given."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: at for at, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [each for each in items if each.nodeid in self._order]
        items[:] = sorted(chosen, key=lambda each: self._order[each.nodeid])


class _Recorder:
    """Writes down how much of a processor each test needs, in seconds, and which lines it runs."""

    def __init__(self, lines: coverage.Coverage) -> None:
        self._lines = lines
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines.switch_context(item.nodeid)
        began = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - began


def limit(seconds: int) -> None:
    """Use no more of a processor than that, and no endless memory.

    What waits for ever uses none: it ends later, when a slow machine would have done it long ago.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds * _WAITS)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))


def _begin(said: str = os.devnull) -> None:
    """Say nothing aloud, and look for no smaller examples."""
    nowhere = os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    # The profile of tests/conftest.py takes from the one that is loaded what it does not say.
    hypothesis.settings.register_profile("mutation", phases=phases, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")


def record(tests: Sequence[str], result: Path, seconds: int) -> int:
    """Run tests on the code as it is; write who runs which line and how long it takes."""
    limit(seconds)
    _begin(str(result.with_suffix(".log")))
    lines = coverage.Coverage(data_file=None, source=["robotrader"], config_file=False)
    recorder = _Recorder(lines)
    lines.start()
    failed = pytest.main([*_QUIET, *tests], plugins=[recorder])
    lines.stop()
    data = lines.get_data()
    ran: dict[str, dict[int, list[str]]] = {}
    for full in data.measured_files():
        file = str(Path(full).relative_to(ROOT))
        ran[file] = {line: sorted(who) for line, who in data.contexts_by_lineno(full).items()}
    result.write_text(json.dumps({"seconds": recorder.seconds, "ran": ran}))
    return int(failed)


def collect(tests: Sequence[str], plugin: object) -> int:
    """Collect tests; what becomes of them is the plugin's."""
    _begin()
    return int(pytest.main([*_QUIET, "--capture=no", *tests], plugins=[plugin]))


def judge(file: str, number: int, tests: Sequence[str], files: Sequence[str], seconds: int) -> int:
    """Run tests with one change of a file; ``files`` are those that the tests are in."""
    limit(seconds)
    _begin()
    try:
        tree = changed((ROOT / file).read_text(), number)
        sys.meta_path.insert(0, Changed(file, compile(tree, str(ROOT / file), "exec")))
        failed = pytest.main([*_QUIET, *files], plugins=[_Only(tests)])
    except BaseException:  # noqa: BLE001 - a change may break whatever imports it
        return KILLED
    return SURVIVED if failed == pytest.ExitCode.OK else KILLED
