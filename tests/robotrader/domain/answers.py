"""One answer of each kind, as a running system would give it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import control
from robotrader.domain import control_answers as answers
from robotrader.domain import control_risk as risk

if TYPE_CHECKING:
    from robotrader.domain.control_answers import Answer

NOW: Final = 1_795_000_000_000_000_000

STATUS: Final = answers.StatusAnswer(
    mode="paper",
    profile="paper",
    account="DU1234567",
    config_hash="ab" * 32,
    version="0.1",
    pid=4242,
    epoch=7,
    state=answers.RunState.RUNNING,
    started_ns=NOW - 3_600_000_000_000,
    now_ns=NOW,
    link="ready",
    last_message_ns=NOW - 250_000_000,
    reconciled=True,
    switches=(),
    working_orders=1,
    open_positions=1,
    feeds=4,
    feeds_fresh=4,
    actors=12,
    restarts=2,
    net_liquidation=Decimal("100250.50"),
    suspended=(answers.Suspended(strategy="cross/AAPL", why="3 times it hung", since_ns=NOW),),
)
ACTORS: Final = answers.ActorsAnswer(
    actors=(
        answers.ActorRow(
            path="/trading",
            state="running",
            strategy="one_for_one",
            restarts=2,
            max_restarts=5,
            within_s=60.0,
            mailbox=0,
            handled=17,
            generation=1,
            uptime_s=3600.0,
        ),
        answers.ActorRow(
            path="/trading/symbol-AAPL",
            state="running",
            restarts=0,
            mailbox=3,
            oldest_s=0.5,
            handled=1000,
            p99_s=0.002,
            breaker="closed",
            generation=3,
            uptime_s=12.5,
            last_crash="ValueError: no price",
        ),
    )
)
POSITION: Final = answers.PositionRow(
    account="DU1234567",
    con_id=265598,
    symbol="AAPL",
    qty=Decimal(100),
    avg_cost=Decimal("187.25"),
    price=Decimal("190.00"),
    price_age_s=0.3,
    unrealized=Decimal("275.00"),
)
ORDER: Final = answers.OrderRow(
    ref="rt1-7-12",
    order_id=12,
    strategy="sma_cross",
    symbol="AAPL",
    side="BUY",
    order_type="LMT",
    qty=Decimal(100),
    filled=Decimal(40),
    limit_price=Decimal("190.10"),
    tif="DAY",
    state="working",
    perm_id=99,
    intended_ns=NOW,
)
TRADE: Final = answers.TradeRow(
    exec_id="0001.01",
    ref="rt1-7-12",
    time_ns=NOW,
    strategy="sma_cross",
    symbol="AAPL",
    side="BUY",
    qty=Decimal(40),
    price=Decimal("190.05"),
    commission=Decimal("1.00"),
)
ALL: Final[dict[type, Answer]] = {
    control.Status: STATUS,
    control.ActorsList: ACTORS,
    control.ActorRestart: answers.Done(text="/trading/symbol-AAPL restarts"),
    control.Breakers: answers.BreakersAnswer(
        breakers=(
            answers.BreakerRow(
                name="gateway",
                state="open",
                failures=5,
                calls=9,
                since_ns=NOW,
                retry_ns=NOW + 20_000_000_000,
                why="TimeoutError",
            ),
        )
    ),
    control.Orders: answers.OrdersAnswer(orders=(ORDER,)),
    control.Positions: answers.PositionsAnswer(positions=(POSITION,)),
    control.Trades: answers.TradesAnswer(trades=(TRADE,)),
    control.Pnl: answers.PnlAnswer(
        periods=(
            answers.PnlRow(
                period="2026-11-20", realized=Decimal("-12.5"), commissions=Decimal(3), fills=4
            ),
        )
    ),
    control.Account: answers.AccountAnswer(
        account="DU1234567",
        values=(
            answers.ValueRow(
                tag="NetLiquidation", value=Decimal("100250.50"), currency="USD", at_ns=NOW
            ),
        ),
    ),
    control.Reconcile: answers.ReconcileAnswer(
        clean=True,
        at_ns=NOW,
        breaks=(),
        sides=(
            answers.SideRow(kind="position", key="AAPL", ours="100", broker="100", verdict="agree"),
        ),
    ),
    control.Adopt: answers.AdoptAnswer(
        symbol="AAPL",
        at_ns=NOW,
        ours=Decimal(100),
        broker=Decimal(60),
        sides=(
            answers.SideRow(kind="position", key="AAPL", ours="100", broker="60", verdict="halted"),
        ),
    ),
    control.Kill: answers.KillAnswer(
        preview=True, level="flatten", scope="all", cancels=("rt1-7-12",), closes=(POSITION,)
    ),
    control.Resume: answers.Done(text="the switch is off in all"),
    control.CheckIn: answers.Done(text="noted; the next one is due within 60 s"),
    control.GatewayConfirmed: answers.Done(text="connecting now"),
    control.Chaos: answers.Done(text="kill /desk/orders"),
    control.Stop: answers.Done(text="stopping"),
    control.JournalTail: answers.JournalAnswer(
        records=(
            answers.JournalRow(
                seq=41, kind="OrderAcked", epoch=7, wall_ns=NOW, fields={"ref": "rt1-7-12"}
            ),
        ),
        tip=41,
    ),
    control.RiskLimits: risk.LimitsAnswer(
        limits=(
            risk.LimitRow(name="max_gross", used=Decimal("0.25"), limit=Decimal(1), part=0.25),
            risk.LimitRow(name="max_drawdown", used=None, limit=Decimal("0.1"), part=None),
        ),
        hash="00c0ffee",
        refusals={"quote": 3},
        changed=(
            risk.ChangedLimitRow(
                name="max_gross",
                value=Decimal(1),
                configured=Decimal(2),
                who="ann",
                why="hot day",
                since_ns=NOW,
            ),
        ),
    ),
    control.RiskSet: risk.LimitSetAnswer(
        preview=False,
        name="max_gross",
        old=Decimal(2),
        new=Decimal(1),
        configured=Decimal(2),
        ceiling=None,
        loosens=False,
    ),
    control.RiskVar: risk.VarAnswer(
        level=0.99,
        days=250,
        tails=(
            risk.TailRow(method="historical", var=294.3, es=337.1),
            risk.TailRow(method="Cornish-Fisher", var=None, es=None, why="outside"),
        ),
        gross=Decimal(10_000),
        net=Decimal(10_000),
        equity=Decimal(100_000),
        beta=0.1,
        watched=20,
    ),
    control.RiskStress: risk.StressAnswer(
        scenarios=(risk.StressRow(name="all prices fall 10 %", profit=-1000.0),),
        equity=Decimal(100_000),
    ),
    control.RiskCheck: risk.CheckAnswer(
        passes=False,
        code="order_usd",
        why="an order worth 19,000 USD is above the limit of 10,000",
        reduces=False,
        price=Decimal(190),
        position=Decimal(0),
        low=Decimal(0),
        high=Decimal(100),
        worth=Decimal(19_000),
        most=Decimal(52),
        checks=(
            risk.CheckRow(
                code="order_usd",
                rule="One order is not worth too much.",
                limits={"max_order_usd": "10000"},
                asked=True,
                why="an order worth 19,000 USD is above the limit of 10,000",
            ),
        ),
    ),
    control.RiskSizes: risk.SizesAnswer(
        sizes=(
            risk.SizeRow(
                strategy="sma/AAPL",
                symbol="AAPL",
                kind="kelly",
                qty=Decimal(13),
                size=Decimal(13),
                weight=0.125,
                bankroll=Decimal(20_000),
                price=190.05,
                inputs={"kelly": 0.25},
                why="Kelly 0.25 of 40 trades",
                refused="",
                at_ns=NOW,
            ),
        )
    ),
    control.Logs: answers.LogsAnswer(lines=({"level": "info", "event": "ready"},)),
}
