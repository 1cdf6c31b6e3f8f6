"""Strategy, gate and order manager agree again within seconds, whoever died with an intent."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.actors.desk import BAR_S, CONTRACTS, QTY, Desk, intended

SECONDS = 12
"""After the last death: two bars, of which one comes while everybody lives."""

ROLES = ("risk", "orders", "journal", "account", "kill-switch", ("symbol", 1))


def test_without_a_death_every_second_bar_is_a_purchase(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 1)
    desk.run(60)
    assert len(desk.broker.orders) >= 2 * 8
    assert desk.disagreements() == []
    desk.close()


def deaths(desk: Desk, random: Random, count: int) -> int:
    """Kill somebody in the middle of something, again and again; return how often."""
    killed = 0
    for _ in range(count):
        desk.run(random.uniform(0.0, 6.0))
        desk.run(BAR_S - desk.system.now_ns() / 1e9 % BAR_S - 1e-3)  # next, bars and intents come
        limit = desk.system.steps + random.randrange(80)
        desk.system.run(lambda: desk.system.steps >= limit, limit_s=3)  # noqa: B023 - run at once
        killed += desk.kill(random.choice(ROLES))
    return killed


def worst(desk: Desk) -> int:
    """The largest position that the broker ever had; it is never short."""
    held, most = dict.fromkeys(CONTRACTS, 0), 0
    for each in desk.broker.executions:
        held[each.con_id] += int(each.qty) * each.side.sign
        assert held[each.con_id] >= 0
        most = max(most, held[each.con_id])
    return most


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_whoever_dies_with_an_intent_all_agree_within_seconds_and_nothing_is_sent_twice(
    seed: int,
) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder), seed)
        desk.run(7)
        for _ in range(4):
            deaths(desk, random, random.randint(1, 3))
            desk.run(SECONDS - desk.system.now_ns() / 1e9 % BAR_S + 4.9)
            assert desk.disagreements() == []
            before = len(desk.broker.executions)
            desk.run(20)
            assert len(desk.broker.executions) >= before + len(CONTRACTS) * 2, desk.picture()
        assert worst(desk) == QTY, "nobody buys again what is on its way"
        refs = [each.order.order_ref for each in desk.broker.orders]
        asked = [(each.strategy, each.cause) for each in intended(desk.records())]
        assert len(refs) == len(set(refs))
        assert len(asked) == len(set(asked)), "one order of each intent at the most"
        desk.close()
