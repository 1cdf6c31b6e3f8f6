"""Whether a strategy may be believed: what it decides must not depend on what it cannot know.

Look-ahead, warm-up, determinism and restarts are tried on bars that are given, by telling the same
strategy the same things in other ways and comparing every decision.
"""

from robotrader.checks.compare import Verdict, verdicts
from robotrader.checks.desk import Decision, Desk, digest
from robotrader.checks.walk import walk, walks

__all__ = ["Decision", "Desk", "Verdict", "digest", "verdicts", "walk", "walks"]
