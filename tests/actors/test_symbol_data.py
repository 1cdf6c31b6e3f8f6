"""A symbol's data on their way to its strategies: history, gaps, silence, quotes, ticks."""

from __future__ import annotations

from actors.messages import AskAgain, AskHistory, Interrupted
from robotrader.domain import Bar, Quote, Trade
from robotrader.market import Freshness, LineRules
from robotrader.strategies import Context, StrategyHost
from tests.actors.kit import RULES, World, short, walk
from tests.robotrader.strategies.kit import AAPL, START, Does, M, S, alone, bars


def test_a_strategy_is_warmed_up_from_history_before_its_first_live_bar() -> None:
    closes = [100.0, 99.0, 98.0, 97.0, 120.0]
    past = bars(closes[:4], first=-4)
    world = World({"sma": short}, past=past)
    world.system.settle()
    assert [type(each) for each in world.data.asked][:1] == [AskHistory]
    assert world.strategy("sma").host.ready
    world.play(bars([120.0]))
    (intent,) = world.asked("sma")
    assert intent.decided_ns == START + M
    world.close()


def test_a_strategy_is_fed_although_history_never_answers() -> None:
    world = World({"sma": short})
    world.data_ref.kill()
    world.play(bars(walk(5, 40)))
    assert world.strategy("sma").host.ready
    assert world.asked("sma")
    world.close()


def test_a_gap_is_asked_of_history_once() -> None:
    told = bars([100.0 + n for n in range(8)])
    world = World({"sma": short}, past=told)
    world.play([told[0], told[1], told[5], told[6], told[7]])
    asked = [a.span for a in world.data.asked if isinstance(a, AskHistory)]
    assert asked[1:] == [(START + 2 * M, START + 5 * M)], "after the one for the warm-up"
    assert world.symbol_actor().line.series.bars() == tuple(told)
    world.close()


def test_a_gap_is_asked_again_when_history_does_not_answer() -> None:
    told = bars([100.0 + n for n in range(6)])
    world = World({"sma": short}, past=told)
    world.play([told[0]])
    world.data.mute = True
    world.play([told[3], told[4]])
    world.data.mute = False
    world.play([told[5]])
    asked = [a.span for a in world.data.asked if isinstance(a, AskHistory)]
    assert asked[1:] == [(START + M, START + 3 * M)] * 3
    assert world.symbol_actor().line.series.bars() == tuple(told)
    world.close()


def test_a_silent_line_is_asked_for_again_and_the_gate_knows() -> None:
    """D1: the socket is fine, and nothing comes."""
    world = World({"sma": short})
    world.play(bars([100.0]))
    world.system.run_for(25 * 60)
    assert AskAgain(AAPL.con_id, "ib") in world.data.asked
    said = [line.freshness for line in world.gate.lines]
    assert said.index(Freshness.FRESH) < said.index(Freshness.STALE)
    world.close()


def test_what_the_edge_refuses_reaches_no_strategy() -> None:
    world = World({"sma": short})
    world.system.settle()
    nan = float("nan")
    world.price(Quote(AAPL.con_id, START, nan, 100.0, 1.0, 1.0))
    world.price(Bar(AAPL.con_id, START - M, START, -1.0, 1.0, 1.0, 1.0, 1.0))
    world.system.settle()
    edge = world.symbol_actor().line.edge
    assert (edge.accepted, edge.refused.total()) == (0, 2)
    assert alone(world.strategy("sma").host).bars_seen == 0
    world.close()


def test_quotes_conflate_on_their_way_and_bars_do_not() -> None:
    """D9: a burst of quotes costs a strategy one."""
    told: list[str] = []

    def note(ctx: Context, _what: object) -> None:
        told.append(ctx.event)

    def make() -> StrategyHost:
        strategy = Does(note, quote=note)
        return StrategyHost(strategy, name="q", instrument=AAPL)

    world = World({"q": make})
    world.system.run_for(120)
    for n in range(5_000):
        world.price(Quote(AAPL.con_id, START + M + n, 99.0, 100.0 + n % 7, 1.0, 1.0))
    for bar in bars([100.0, 101.0]):
        world.price(bar)
    world.system.settle()
    assert len([event for event in told if event.startswith("quote")]) <= 3
    assert len([event for event in told if event.startswith("bar")]) == 2
    assert f"quote:{START + M + 4_999}" in " ".join(told), "the newest is told"
    world.close()


def test_ticks_become_bars_that_the_clock_finishes_and_an_interruption_drops() -> None:
    rules = LineRules(primary="ib", made_of="trades", size_ns=5 * S, edge=RULES.edge)
    world = World({"sma": short}, rules=rules)
    for n, gap in enumerate([0, 1, 6, 12]):
        world.system.run_for(max(0, START + gap * S - world.wall_ns()) / S)
        world.price(Trade(AAPL.con_id, START + gap * S, 100.0 + n, 10.0))
        world.system.settle()
    world.symbol.tell(Interrupted("ib"))
    world.system.run_for(30)
    got = [(b.start_ns - START) // S for b in world.symbol_actor().line.series.bars()]
    assert got == [0, 5], "the third was in the making"
    world.system.run_for(20)
    world.price(Trade(AAPL.con_id, world.wall_ns(), 100.0, 10.0))
    world.system.run_for(8)
    assert len(world.symbol_actor().line.series.bars()) == 3, "finished by the clock"
    world.close()
