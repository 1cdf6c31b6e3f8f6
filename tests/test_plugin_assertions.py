"""The plugin that fails a test without assertions, run by a real pytest on small modules."""

from __future__ import annotations

import pytest

PLUGIN = ("-p", "tests.plugin_assertions", "-p", "no:cacheprovider")

SILENT = {
    "empty": "def test_it(): pass",
    "calls_only": "def test_it(): print(1 + 1)",
    "constant": "def test_it(): assert True",
    "method": "class TestIt:\n    def test_it(self): repr(self)",
    "silent_helper": "def helper(): return 1\n\ndef test_it(): helper()",
    "inherited": "class Base:\n    def test_it(self): pass\n\nclass TestIt(Base): pass",
    "parametrized": ("import pytest\n@pytest.mark.parametrize('n', [1])\ndef test_it(n): print(n)"),
}

SPEAKING = {
    "assert": "def test_it(): assert 1 + 1 == 2",
    "raises": "import pytest\ndef test_it():\n    with pytest.raises(KeyError): {}[0]",
    "warns": (
        "import pytest, warnings\ndef test_it():\n"
        "    with pytest.warns(UserWarning): warnings.warn('w')"
    ),
    "named_helper": "def check_sum(n): assert n == 2\n\ndef test_it(): check_sum(1 + 1)",
    "nested_helpers": (
        "def inner(n): assert n == 2\ndef outer(n): inner(n)\n\ndef test_it(): outer(1 + 1)"
    ),
    "method_helper": (
        "class TestIt:\n    def same(self, n): assert n == 2\n    def test_it(self): self.same(2)"
    ),
    "hypothesis": (
        "from hypothesis import given, strategies as s\n"
        "@given(s.just(1))\ndef test_it(n): assert n == 1"
    ),
    "state_machine": (
        "from hypothesis.stateful import RuleBasedStateMachine, rule\n"
        "class Machine(RuleBasedStateMachine):\n"
        "    @rule()\n    def step(self): assert repr(self)\n"
        "TestIt = Machine.TestCase"
    ),
}


def test_a_test_that_asserts_nothing_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{f"test_{name}": source for name, source in SILENT.items()})
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=len(SILENT))
    for name in SILENT:
        result.stdout.fnmatch_lines([f"*test_{name}.py:*test_it asserts nothing*"])


def test_a_test_that_asserts_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{f"test_{name}": source for name, source in SPEAKING.items()})
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=len(SPEAKING))


def test_a_silent_test_does_not_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_it(): open('ran', 'w').close()")
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(failed=1)
    assert not (pytester.path / "ran").exists()


def test_this_suite_runs_with_the_plugin(pytestconfig: pytest.Config) -> None:
    """F95: the plugin is on, and a test that returns a value instead of asserting fails."""
    hooks = pytestconfig.hook.pytest_runtest_call.get_hookimpls()
    assert any(hook.function.__module__ == "tests.plugin_assertions" for hook in hooks)
