"""``robotrader config``, ``init``, ``run`` and the files of ``conf/``."""

from __future__ import annotations

import ast
import io
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from robotrader.app import carried, run_cli
from robotrader.app.config_files import load
from robotrader.config import Config, InvalidConfigError, Resolved, flat, reference
from robotrader.domain.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"
KEYS = [key for section in reference.sections() for key in section.keys]
NAMED = "NAME"


def copied(folder: Path) -> Path:
    for name, text in carried.configuration():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_reference_is_what_the_structs_say() -> None:
    """Regenerate with ``robotrader config schema --markdown > docs/configuration.md``."""
    assert (ROOT / "docs" / "configuration.md").read_text("utf-8") == reference.markdown()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_says_what_it_means(key: reference.Key) -> None:
    assert len(key.meaning) > 10
    assert (key.kind, key.default) != ("", "")


def test_every_key_is_in_the_reference() -> None:
    documented = {key.path for key in KEYS}
    assert flat(Config()).keys() - {"strategy"} <= documented


def attributes_read() -> set[str]:
    """The names of all attributes that the product reads, outside of the structs themselves."""
    found: set[str] = set()
    for path in (*ROOT.glob("robotrader/**/*.py"), *ROOT.glob("actors/**/*.py")):
        if path != ROOT / "robotrader" / "config" / "schema.py":
            tree = ast.parse(path.read_text("utf-8"))
            attributes = (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
            found |= {name.rstrip("_") for name in attributes}
    return found


def test_every_key_is_read_by_something() -> None:
    """F83: no key is ignored, and none is left for later."""
    read = attributes_read()
    assert {key.path for key in KEYS if key.path.rpartition(".")[2] not in read} == set()


@pytest.mark.parametrize("path", sorted(CONF.glob("**/*.toml")), ids=lambda p: p.name)
def test_every_line_that_sets_a_key_is_under_a_comment_that_says_what_it_does(path: Path) -> None:
    """Two keys that belong together may share one."""
    lines = path.read_text("utf-8").splitlines()
    keys = [n for n, line in enumerate(lines) if line[:1].isalpha() and "=" in line]
    bare = [lines[n] for n in keys if not any(x.startswith("#") for x in lines[max(0, n - 5) : n])]
    shared = path.parent.name == "profiles"
    assert lines[0].startswith("#")
    assert shared or bare == []


def test_the_files_write_out_the_defaults_and_nothing_else() -> None:
    base = load(CONF, "sim", [], {})
    defaults = flat(Config())
    chosen = {"account", "ib.restart_windows", "universe.symbols"}
    differing = {key for key, value in flat(base.config).items() if defaults.get(key) != value}
    assert {key for key in differing if not key.startswith("strategy.")} == chosen


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        ("demo", []),
        ("sim", []),
        ("paper", ["account=DU1234567"]),
        ("live", ["account=U1234567", "journal.second_copy=/mnt/copy"]),
    ],
)
def test_every_profile_is_valid_with_what_it_asks_for(profile: str, settings: list[str]) -> None:
    assert load(CONF, profile, settings, {}).profile == profile
    if settings:
        with pytest.raises(InvalidConfigError, match="account"):
            load(CONF, profile, settings[1:], {})


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    conf = copied(tmp_path)
    steps: list[tuple[str, str, Any]] = [
        ("robotrader.toml", "\n[risk]\nmax_orders_per_min = 2\n", 30),
        ("risk.toml", "", 30),
        ("profiles/sim.toml", "\n[risk]\nmax_orders_per_min = 3\n", 3),
        ("local.toml", "[risk]\nmax_orders_per_min = 4\n", 4),
    ]
    for name, text, expected in steps:
        with (conf / name).open("a") as file:
            file.write(text)
        assert load(conf, "sim", [], {}).config.risk.max_orders_per_min == expected
    environ = {"ROBOTRADER__RISK__MAX_ORDERS_PER_MIN": "5"}
    assert load(conf, "sim", [], environ).config.risk.max_orders_per_min == 5
    last = load(conf, "sim", ["risk.max_orders_per_min=6"], environ)
    assert last.config.risk.max_orders_per_min == 6


def test_two_topic_files_may_not_set_the_same_key(tmp_path: Path) -> None:
    conf = copied(tmp_path)
    (conf / "zeal.toml").write_text("[risk]\nmax_gross = 2")
    with pytest.raises(InvalidConfigError, match=r"zeal\.toml:2: risk\.max_gross is set in .*risk"):
        load(conf, "sim", [], {})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8"),
        (lambda path: path.mkdir(), "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Any, says: str) -> None:
    make(tmp_path / "risk.toml")
    with pytest.raises(ConfigurationError, match=says):
        load(tmp_path, "sim", [], {})


def test_an_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="known are demo, live, paper, sim"):
        load(CONF, "papr", [], {})


def test_show_says_where_each_value_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["config", "show", "--origin", "--conf", str(CONF), "--set", "log.level=error"]) == 0
    )
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert rows["log.level"].split()[1:] == ["error", "--set", "log.level"]
    line = (CONF / "profiles" / "sim.toml").read_text().splitlines().index("port = 4002") + 1
    assert rows["ib.port"].split()[-1].endswith(f"sim.toml:{line}")


def test_check_says_everything_that_is_wrong_and_is_exit_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["config", "check", "--conf", str(CONF)]
    assert main(command) == 0
    wrong = [*command, "--set", "risk.max_gros=1", "--set", "ib.port=0"]
    assert main(wrong) == 1
    err = capsys.readouterr().err
    assert "did you mean max_gross" in err
    assert "ib.port" in err
    assert main([*wrong, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["mistakes"]) == 2


def test_schema_is_a_json_schema_and_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert "Risk" in json.loads(capsys.readouterr().out)["$defs"]
    assert main(["config", "schema", "--markdown"]) == 0
    assert capsys.readouterr().out == reference.markdown()


def test_diff_shows_what_two_profiles_do_differently(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "diff", "sim", "demo", "--json", "--conf", str(CONF)]) == 0
    assert [d["key"] for d in json.loads(capsys.readouterr().out)] == [
        "journal.durability",
        "supervision.max_restarts",
    ]


@pytest.mark.parametrize(
    ("account", "profile"), [("", "sim"), ("DU123456", "paper"), ("U1234", "sim")]
)
def test_init_makes_a_configuration_that_is_valid(
    tmp_path: Path, account: str, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder), "--yes", "--account", account]) == 0
    assert main(["config", "check", "--conf", str(folder), "--profile", profile]) == 0
    assert "robotrader doctor" in capsys.readouterr().out
    for path in folder.glob("**/*.toml"):
        tomllib.loads(path.read_text())


def test_a_wheel_carries_all_that_init_and_export_write_and_no_local_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    inside = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    found = {name for name, _ in (*carried.configuration(), *carried.for_others())}
    assert all(f"conf/{name}" in inside or f"conf/{name.split('/')[0]}" in inside for name in found)
    assert {value.removeprefix("robotrader/") for value in inside.values()} == set(inside)
    assert not any("local" in name for name in (*inside, *found))


def test_export_writes_what_the_repository_has_and_changes_nothing_that_exists(
    tmp_path: Path,
) -> None:
    assert main(["config", "export", str(tmp_path / "new"), "--quiet"]) == 0
    written = {path for path in (tmp_path / "new").rglob("*") if path.is_file()}
    theirs = {path for name in carried.OTHERS for path in (CONF / name).rglob("*.*")}
    names = {str(path.relative_to(tmp_path / "new")) for path in written}
    assert names == {str(path.relative_to(CONF)) for path in theirs}
    for path in written:
        assert path.read_text() == (CONF / path.relative_to(tmp_path / "new")).read_text()
    assert main(["config", "export", str(tmp_path / "new")]) == 3


def test_init_changes_nothing_that_exists(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    assert main(["init", str(tmp_path), "--yes"]) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_init_refuses_what_is_no_account(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "x"), "--yes", "--account", "../etc"]) == 2
    assert not (tmp_path / "x").exists()


def test_init_asks_for_the_account_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("DU7654321\n"))
    assert main(["init", str(tmp_path / "x")]) == 0
    assert 'account = "DU7654321"' in (tmp_path / "x" / "local.toml").read_text()


def test_run_hands_the_resolved_configuration_to_the_composition_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is a module of its own here: it says what it was given."""
    (tmp_path / "given_root.py").write_text(
        "given = []\ndef main(resolved):\n    given.append(resolved)\n    return 75\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(run_cli, "ROOT", "given_root")
    assert main(["run", "--conf", str(CONF), "--profile", "demo"]) == 75
    (resolved,) = sys.modules.pop("given_root").given
    assert isinstance(resolved, Resolved)
    assert resolved.profile == "demo"


def test_run_with_a_wrong_configuration_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_cli, "ROOT", "os")
    assert main(["run", "--set", "mode=live"]) == 2
    assert "needs the profile live" in capsys.readouterr().err
