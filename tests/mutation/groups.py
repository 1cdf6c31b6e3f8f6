"""Which files are changed, and which tests have to see it; tests of whole systems are not asked."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
GOAL: Final = 0.9
"""The part of the mistakes of each group that the tests have to see."""


class Group(NamedTuple):
    """Files by their patterns, and tests by their paths, in the repository."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    least: float = GOAL
    """What a sample has to reach; below the goal where the tests are not there yet."""

    def sources(self) -> list[str]:
        """The paths of its files in the repository, sorted."""
        found = {path for pattern in self.files for path in ROOT.glob(pattern)}
        return sorted(str(path.relative_to(ROOT)) for path in found)


_ORDERS: Final = (
    *("cover", "guard", "guard_exits", "guard_missing", "orders", "fills", "settle"),
    *("crash_points", "crash_points_later"),
)
_EXECUTION: Final = (
    *(f"tests/robotrader/execution/test_{topic}.py" for topic in _ORDERS),
    "tests/actors/test_limits_hold.py",
)
_FOLDS: Final = "tests/robotrader/recovery/test_folds.py"
GROUPS: Final = {
    "risk": Group(("robotrader/risk/**/*.py",), ("tests/robotrader/risk", _FOLDS)),
    "sizing": Group(
        ("robotrader/sizing/*.py",),
        ("tests/robotrader/sizing", "tests/robotrader/strategies/test_sizes.py"),
    ),
    "ledger": Group(("robotrader/ledger/*.py",), ("tests/robotrader/ledger", _FOLDS)),
    "guard": Group(
        ("robotrader/execution/guard.py", "robotrader/execution/closing.py"), _EXECUTION, 0.8
    ),
    "cover": Group(
        ("robotrader/execution/cover.py",),
        ("tests/robotrader/execution/test_cover.py", "tests/robotrader/execution/test_guard.py"),
    ),
    "stops": Group(
        ("robotrader/strategies/stops.py",),
        tuple(
            f"tests/robotrader/strategies/test_{topic}.py"
            for topic in ("stop_rules", "stops", "host")
        ),
    ),
}
