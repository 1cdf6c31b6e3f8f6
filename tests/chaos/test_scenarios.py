"""Scenario files: what is shipped can be run, and what is wrong is one line that says what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.__main__ import main
from robotrader.app.chaos_cli import scenario_of, shipped
from robotrader.chaos import BLAST, PLACES, blast, named, read, strikes
from robotrader.chaos.faults import Fault, Link
from robotrader.domain.errors import ConfigurationError

GOOD = 'title = "t"\n[[fault]]\ndo = "kill-core"\n'


def test_every_shipped_scenario_is_read_and_announces_what_it_touches() -> None:
    found = shipped()
    assert {"gateway-flap", "actor-storm", "core-kill", "gentle"} <= set(found)
    for name, each in found.items():
        assert each.name == name
        assert len(blast(each)) == len(each.fault)
        assert each.lasts_s > 0


def test_every_kind_of_fault_has_a_place_and_a_blast_radius_and_a_scenario() -> None:
    classes = set(get_args(Fault))
    assert len(classes) == 14
    assert classes == set(PLACES) == set(BLAST)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = ", "no TOML"),
        ('title = "t"\n', "missing required field fault"),
        ('title = "t"\nfault = []\n', "length >= 1"),
        (GOOD + "at_s = -1\n", ">= 0.0 - at fault[0].at_s"),
        (GOOD + "att_s = 1\n", "unknown field att_s"),
        (GOOD.replace("kill-core", "melt-core"), "melt-core"),
        (GOOD.replace("[[", "[hypothesis]\nready = 1\n[["), "unknown field ready"),
        (GOOD.replace("[[", "[hypothesis]\nready_within_s = 0\n[["), "> 0.0"),
        (GOOD + "times = 3\n", "every_s 0 must be more than its for_s, 0"),
        (GOOD + "times = 10000\nevery_s = 3600\n", "at most 86400"),
        (GOOD.replace("kill-core", "hang-actor"), "missing required field path"),
        (GOOD.replace("kill-core", "hang-actor") + 'path = "/x"\n', "required field for_s"),
        (
            GOOD.replace("kill-core", "link") + 'toxic = "latency"\nfor_s = 1\n',
            "latency needs an amount",
        ),
        (GOOD.replace("kill-core", "link") + 'toxic = "gloom"\nfor_s = 1\n', "gloom"),
        (GOOD.replace("kill-core", "jump-clock") + "by_s = 0\nfor_s = 1\n", "by_s must not be 0"),
        (GOOD.replace("kill-core", "jump-clock") + "by_s = nan\nfor_s = 1\n", "by_s"),
        ("#" * 70_000, "no scenario: at most"),
    ],
)
def test_a_wrong_file_is_one_error_with_its_name_and_the_place(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^mine\.toml: ") as found:
        read(text, "mine.toml")
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@given(st.text(max_size=200))
def test_no_text_makes_anything_but_a_scenario_or_one_clear_error(text: str) -> None:
    said, found = "", None
    try:
        found = read(text, "any.toml")
    except ConfigurationError as error:
        said = str(error)
    assert found is not None or said.startswith("any.toml: ")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("gateway-flop", "no scenario 'gateway-flop': use a file.toml, or one of actor-hang,"),
        ("nowhere.toml", "nowhere.toml: "),
    ],
)
def test_an_unknown_scenario_is_named(word: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        scenario_of(word)


@given(
    st.lists(
        st.builds(
            Link,
            at_s=st.floats(0, 100),
            times=st.integers(1, 5),
            every_s=st.floats(2, 10),
            for_s=st.just(1.0),
            toxic=st.just("down"),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_strikes_are_all_injections_in_the_order_of_their_time(faults: list[Link]) -> None:
    made = msgspec.structs.replace(read(GOOD, "x.toml"), fault=tuple(faults))
    found = strikes(made)
    assert [each.at_s for each in found] == sorted(each.at_s for each in found)
    assert len(found) == sum(each.times for each in faults)
    assert made.lasts_s == max(each.at_s for each in found) + 1.0
    assert all(named(each.fault) == "link toxic=down for_s=1" for each in found)


def test_ls_shows_each_scenario_with_its_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "ls"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in shipped())
    assert "two-factor       The gateway waits for a second factor (17 s; needs mode sim)" in said


def test_ls_as_json_is_what_the_files_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "ls", "--json"]) == 0
    found = msgspec.json.decode(capsys.readouterr().out)
    assert [each["name"] for each in found] == sorted(shipped())


def test_where_nothing_runs_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--data-dir", str(tmp_path), "--profile", "sim"]
    assert main(["chaos", "run", "core-kill", *at]) == 4
    assert "no system is running in" in capsys.readouterr().err
    assert main(["chaos", "report", *at]) == 2
    assert "no report in" in capsys.readouterr().err
    assert main(["chaos", "run", "core-kill", "--data-dir", str(tmp_path / "none")]) == 2
    assert "start a system with `robotrader run`" in capsys.readouterr().err


def test_stop_where_nothing_runs_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chaos", "stop", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("no run was on")
