"""Every rule of the house style finds what it is there for, and nothing else."""

from __future__ import annotations

import pytest

from tests import tidy_rules as rules
from tests.tidy_rules import Source

FOUND = [
    (rules.long_functions, "def f():\n" + "    x = 1\n" * 70, "p.py:1: f has 71 lines"),
    (rules.long_file, "x = 1\n" * 400, "p.py:400: 400 lines"),
    (rules.wide_lines, "x = 1\n" + "x" * 101, "p.py:2: 101 columns"),
    (rules.bare_excepts, "try:\n    x\nexcept:\n    y", "p.py:3: bare except"),
    (rules.missing_prose, "x = 1", "p.py:1: opens without prose"),
    (rules.prints, "'''Doc.'''\nprint(1)", "p.py:2: print"),
    (rules.sleeps, "import time\ntime.sleep(1)", "p.py:2: fixed sleep"),
    (rules.sleeps, "import time as t\nt.sleep(1)", "p.py:2: fixed sleep"),
    (rules.sleeps, "from time import sleep as nap\nnap(1)", "p.py:2: fixed sleep"),
    (rules.naive_times, "from datetime import datetime as d\nd.now()", "datetime.datetime.now"),
    (rules.naive_times, "import datetime\ndatetime.datetime.utcnow()", "p.py:2: datetime"),
    (rules.naive_times, "from datetime import date\ndate.today()", "p.py:2: datetime.date.today"),
    (rules.impure_calls, "import time\ntime.monotonic_ns()", "p.py:2: time.monotonic_ns"),
    (rules.impure_calls, "from random import random\nrandom()", "p.py:2: random.random"),
    (rules.impure_calls, "from random import Random\nRandom()", "p.py:2: random.Random"),
    (rules.impure_calls, "import numpy as np\nnp.random.normal()", "p.py:2: numpy.random.normal"),
    (rules.impure_calls, "import os\nos.environ.get('A')", "p.py:2: os.environ.get"),
    (rules.impure_calls, "open('a')", "p.py:1: open"),
    (rules.impure_calls, "from datetime import UTC, datetime as d\nd.now(UTC)", "datetime.now"),
    (rules.module_state, "a = {}\ndef f():\n    a[1] = 2", "p.py:3: a is changed"),
    (rules.module_state, "a: list = []\ndef f():\n    a.append(2)", "p.py:3: a is changed"),
    (rules.module_state, "a = 1\ndef f():\n    global a", "p.py:3: global a"),
]

ACCEPTED = [
    (rules.long_functions, "def f():\n" + "    x = 1\n" * 69),
    (rules.long_file, "x = 1\n" * 399),
    (rules.wide_lines, "x" * 100),
    (rules.bare_excepts, "try:\n    x\nexcept ValueError:\n    y"),
    (rules.missing_prose, "'''Prose.'''"),
    (rules.missing_prose, ""),
    (rules.prints, "printer(1)\nself.print(1)"),
    (rules.sleeps, "clock.sleep(1)\nimport asyncio\nasyncio.sleep(0)"),
    (rules.naive_times, "from datetime import UTC, datetime\ndatetime.now(UTC)\nclock.now()"),
    (rules.impure_calls, "from random import Random\nRandom(seed).random()\nclock.time()"),
    (rules.module_state, "a = {}\ndef f(b):\n    b[1] = a[1]\n    b.append(a)"),
]


@pytest.mark.parametrize(("rule", "text", "finding"), FOUND)
def test_a_rule_finds_what_breaks_it(rule: rules.Rule, text: str, finding: str) -> None:
    (only,) = rule(Source("p.py", text))
    assert finding in only


@pytest.mark.parametrize(("rule", "text"), ACCEPTED)
def test_a_rule_accepts_what_keeps_it(rule: rules.Rule, text: str) -> None:
    assert list(rule(Source("p.py", text))) == []


@pytest.mark.parametrize(
    "line",
    ["import numpy", "import numpy.linalg as la", "from numpy import array", "from . import here"],
)
def test_an_outside_import_is_found_once(line: str) -> None:
    source = Source("p.py", f"import os\nfrom pykka import Actor\nif x:\n    {line}")
    (only,) = rules.foreign_imports(source, frozenset({"pykka"}))
    assert only.startswith("p.py:4: imports ")


def test_a_module_is_reached_through_imports_of_any_depth_and_place() -> None:
    sources = [
        Source("p/__init__.py", "from p import a"),
        Source("p/a.py", "def f():\n    from p.b import c"),
        Source("p/b/__init__.py", "import p.d"),
        Source("p/b/c.py", ""),
        Source("p/d.py", ""),
        Source("p/lost.py", "import p"),
    ]
    (only,) = rules.unreachable(sources, ["p"])
    assert only.startswith("p/lost.py:1:")


def test_an_entry_point_reaches_its_package_and_what_it_imports() -> None:
    sources = [
        Source("p/__init__.py", "from p import a"),
        Source("p/__main__.py", "from p.b import f"),
        Source("p/a.py", ""),
        Source("p/b.py", ""),
    ]
    assert list(rules.unreachable(sources, ["p.__main__"])) == []
