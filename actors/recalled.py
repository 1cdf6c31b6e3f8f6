"""What the journal's actor answers of strategies: what it keeps for one, and who is suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.messages import Recall, Recalled

if TYPE_CHECKING:
    from actors.messages import AskSuspended
    from robotrader.domain.records import SuspensionChanged
    from robotrader.recovery import Remembered


def recalled(
    kept: Remembered, question: Recall | AskSuspended
) -> Recalled | tuple[SuspensionChanged, ...]:
    """Return the answer to a question about strategies."""
    if isinstance(question, Recall):
        name = question.strategy
        return Recalled(kept.saved(name), kept.aside(name), kept.suspended(name))
    return kept.suspensions()
