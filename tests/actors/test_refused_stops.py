"""A stop that the gate refuses is asked for less and less often, and at once when it may pass.

Two strategies hold one contract against each other: what one has working to sell takes the shares
that the stop of the other would close. The product's whole tree, in virtual time.
"""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robotrader.domain import (
    CancelOrder,
    CancelWish,
    Intent,
    Leg,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
)
from robotrader.risk import Limits
from tests.actors.floor import CONTRACTS
from tests.actors.trading_day import TradingDay

AAPL = 1
HELD = 10
SOON_S = 5.0
"""Two seconds at most since it was asked for last, and the wire."""

QUIET_S = 600
MOST_ASKS = 7 + QUIET_S // 60
"""2, 4, 8, 16, 32, 60 s, and then each minute."""


class Against:
    """A strategy that holds shares with a stop, and another with an order to sell some of them."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        allowed = frozenset(each.symbol for each in CONTRACTS.values())
        limits = Limits(
            allowed_symbols=allowed, duplicate_window_ms=0, allow_short=True,
            max_entries_pending=5,
        )  # fmt: skip
        self.day = TradingDay(folder, seed, limits, left_s=3_000, delay_s=0.02)
        self.day.run(7)
        self.sell = self.intent("other", Side.SELL, 4)
        self.day.intend(self.sell)
        self.day.run(1)
        self.day.scripts["a1"].append(("buy", HELD, 0.05))
        self.day.to_bar(1.1)
        self.day.to_bar(1.1)
        assert self.day.unprotected() == []
        self.lose_the_stop()

    def intent(self, name: str, side: Side, qty: int) -> Intent:
        away = 3 * -side.sign
        return Intent(
            strategy=name, con_id=AAPL, symbol="AAPL", side=side, qty=Decimal(qty),
            purpose=Purpose.ENTRY, cause=f"{name}:{self.day.now_ns()}",
            decided_ns=self.day.now_ns(), order_type=OrderType.LIMIT,
            limit_price=Decimal(200 + away), tif=TimeInForce.GTC,
            legs=(Leg(order_type=OrderType.STOP, aux_price=Decimal(200 + 2 * away)),),
        )  # fmt: skip

    def lose_the_stop(self) -> None:
        """Somebody cancels it at the broker."""
        for key, each in list(self.day.floor.venue.live.items()):
            if each.order.con_id == AAPL and each.order.side is Side.SELL and each.triggers:
                self.day.tell("gateway", CancelOrder(key.order_id))
        self.day.run(0.5)
        assert self.day.unprotected() != []

    @property
    def asked(self) -> int:
        """How often the gate refused."""
        return int(self.day.actor("risk").gate.refusals.get("exit_grows", 0))

    def frees(self, how: str) -> None:
        """Let the gate see it otherwise."""
        if how == "cancelled":
            self.day.tell("risk", CancelWish(strategy="other", ref=self.sell.cause, cause="t"))
        elif how == "filled":  # the account holds less, and all of it is the stop's
            self.day.floor.prices[AAPL] = 203.5
        elif how == "risk died":
            self.frees("cancelled")
            self.day.run(0.1)
            self.day.kill("risk")
        else:
            self.frees("cancelled")
            self.day.run(0.1)
            self.day.restart()
            self.day.run(7)


@pytest.fixture
def against(tmp_path: Path) -> Against:
    return Against(tmp_path)


def test_a_refused_stop_is_asked_for_less_and_less_often_and_a_person_is_told_once(
    against: Against, caplog: pytest.LogCaptureFixture
) -> None:
    against.day.run(QUIET_S)
    assert 5 <= against.asked <= MOST_ASKS
    said = [each.message for each in caplog.records if each.levelname == "CRITICAL"]
    assert len(said) == 1, said
    for word in ("a1", "other", "SELL 4", "no stop", "robotrader kill"):
        assert word in said[0], said
    against.frees("cancelled")
    against.day.run(SOON_S)
    assert against.day.unprotected() == []
    against.day.close()


@settings(
    max_examples=10, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(
    how=st.sampled_from(["cancelled", "filled", "risk died", "restarted"]),
    seconds=st.floats(0.0, 200.0),
    seed=st.integers(0, 99),
)
def test_as_soon_as_the_gate_lets_it_the_position_is_protected(
    how: str, seconds: float, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        against = Against(Path(folder), seed)
        against.day.run(seconds)
        against.frees(how)
        against.day.run(SOON_S)
        assert against.day.unprotected() == []
        assert against.day.differs() == []
        against.day.close()
