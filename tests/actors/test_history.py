"""Daily prices from the gateway to the gate's correlations, over the whole tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actors.history import HistoryRules
from actors.say import AskCloses
from robotrader.risk import Limits, correlations, ratio
from tests.actors.rig import SYMBOLS, Rig, running


def closes(rig: Rig) -> Any:
    """Everybody's daily prices, as soon as they are there."""
    found = rig.ask("history", AskCloses())
    return found if found and len(found) == len(SYMBOLS) else None


def limits(most: str) -> Limits:
    return Limits(
        allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, max_pair_correlation=ratio(most)
    )


def test_f79_a_pair_passes_as_soon_as_its_correlation_is_known_and_low_also_after_restarts(
    tmp_path: Path,
) -> None:
    with running(tmp_path, limits=limits("0.99"), history=HistoryRules(least_days=5)) as rig:
        rig.ready()
        known = rig.until(lambda: closes(rig))
        rho = correlations(known, least_days=5).of(*known)
        assert rho is not None
        assert rho < 0.99
        rig.trade("BUY", 7, "KO")
        rig.until(lambda: _passes(rig))
        rig.kill("history")
        assert rig.until(lambda: closes(rig)) == known
        rig.kill("risk")
        rig.ready()
        rig.until(lambda: _passes(rig))
        rig.until(rig.agrees)


def _passes(rig: Rig) -> bool:
    """Whether another share of AAPL is bought; while the gate does not know yet, it is refused."""
    before, refused = rig.held(), _refusals(rig)
    rig.intend("BUY", 1)
    rig.until(lambda: rig.held() > before or _refusals(rig) > refused)
    return rig.held() > before


def _refusals(rig: Rig) -> int:
    gate = rig.gate()
    return 0 if gate is None else gate.refusals.get("correlation", 0)


def test_f79_what_correlates_too_much_or_is_not_known_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, limits=limits("0.99"), history=HistoryRules(least_days=10_000)) as rig:
        rig.ready()
        rig.until(lambda: closes(rig))
        rig.trade("BUY", 7, "KO")
        rig.intend("BUY", 1, "AAPL")
        rig.until(lambda: _refusals(rig) == 1)
        assert rig.held() == 0
        rig.trade("BUY", 1, "KO")
