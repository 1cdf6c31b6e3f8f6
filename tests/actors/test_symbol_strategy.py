"""A symbol feeds its strategies: the same intents everywhere, through crashes, once each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import StrategyActor
from actors.messages import GoOn
from robotrader.domain import Bar, Quote
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from supervision import ActorSystem, Simulation
from tests.actors.kit import Settle, World, short, walk
from tests.robotrader.strategies.kit import (
    AAPL,
    START,
    Broker,
    Does,
    M,
    S,
    alone,
    bars,
    play,
    sma_host,
)


def by_host(told: list[Bar], broker_seed: int | None, name: str = "sma") -> Broker:
    """The same without actors."""
    broker = Broker(None if broker_seed is None else Random(f"{broker_seed}/{name}"))
    host = sma_host(short=True)
    host.start(START)
    play(host, broker, told)
    return broker


@given(st.integers(0, 2**32), st.integers(0, 2**32), st.one_of(st.none(), st.integers(0, 99)))
@settings(max_examples=20)
def test_the_same_bars_give_the_same_intents_through_host_and_actors(
    prices: int, seed: int, broker_seed: int | None
) -> None:
    told = bars(walk(prices, 40))
    wanted = by_host(told, broker_seed)
    world = World({"sma": short}, seed=seed, broker_seed=broker_seed)
    world.play(told)
    assert world.asked("sma") == wanted.asked
    assert world.gate.broker("sma").position == wanted.position
    world.close()


def wait_until(done: Callable[[], bool]) -> None:
    """Look again and again, at most ten seconds."""
    pause = threading.Event()
    for _ in range(10_000):
        if done():
            return
        pause.wait(0.001)
    pytest.fail("it did not happen within ten seconds")


def test_the_same_bars_give_the_same_intents_on_the_pool() -> None:
    told = bars(walk(5, 60))
    wanted = by_host(told, None)
    assert wanted.asked
    system = ActorSystem("strategies")
    world = World({"sma": short}, system=system)
    wait_until(lambda: bool(world.symbol_actor()._fed))
    for bar in told:
        world.gate_ref.ask(Settle(bar.open, bar.start_ns))
        world.now_ns = bar.end_ns
        world.price(bar)

        def handled(bar: Bar = bar) -> bool:
            idle = world.symbol_actor()._fed["sma"].outbox._flying is None
            return idle and alone(world.strategy("sma").host).last_bar_ns == bar.start_ns

        wait_until(handled)
        world.gate_ref.ask(None)
    assert world.asked("sma") == wanted.asked
    world.root.stop()
    system.close()


def test_a_strategy_that_hangs_three_times_is_suspended_until_a_person_says_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fenced by the watchdog; the message is set aside, and who goes on is told the rest."""
    monkeypatch.setattr(StrategyActor, "hang_budget_s", 0.1)
    gate = threading.Event()

    def take(ctx: Context, bar: Bar) -> None:
        while bar.close == 87.0 and not gate.is_set():
            pass
        ctx.buy(1)

    def make() -> StrategyHost:
        return StrategyHost(Does(take), name="slow", instrument=AAPL)

    system = ActorSystem("hanging")
    world = World({"slow": make}, system=system)
    wait_until(lambda: bool(world.symbol_actor()._fed))
    for bar in bars([100.0, 87.0, 101.0]):
        world.now_ns = bar.end_ns
        world.price(bar)
    wait_until(lambda: any(each._suspended for each in world.actors(StrategyActor)))
    assert len(world.gate.broker("slow").asked) == 1, "and is told nothing more"
    (record,) = world.journal.quarantined()
    assert (record.message, record.crashes) == (f"bar:{M}:{START + M}", 3)
    assert record.error.startswith("hung")
    suspended = world.strategy("slow")
    assert suspended.actor_ref.ask(GoOn("a person", "mended"))
    suspended.actor_ref.kill()
    wait_until(lambda: len(world.gate.broker("slow").asked) == 2)
    gate.set()
    world.root.stop()
    system.close()


def test_a_fill_that_comes_while_a_strategy_starts_is_counted_once() -> None:
    """Also on the first start of a process, when orders of the last one still work."""
    broker = Broker()
    broker.ask(by_host(bars(walk(5, 60)), None).asked[:1])
    world = World({"sma": short}, left=([], {"sma": broker}), fills_at_start=True)
    world.system.settle()
    host = alone(world.strategy("sma").host)
    assert host.position == broker.position != 0
    assert host.working == 0
    world.close()


def test_strategies_that_are_killed_at_any_moment_double_and_lose_nothing() -> None:
    """Killed between turns: each intent once, as without any kill; the symbol lives on."""
    kills = asked = 0
    for seed in range(20):
        told = bars(walk(seed, 40))
        wanted = by_host(told, seed)
        world = World({"sma": short}, seed=seed, broker_seed=seed)
        random, symbol, killed = Random(seed), world.symbol_actor(), [0]

        def kill(world: World = world, random: Random = random, killed: list[int] = killed) -> None:
            if random.random() < 0.3:
                limit = world.system.steps + random.randrange(8)
                world.system.run(lambda: world.system.steps >= limit, limit_s=0)
                killed[0] += sum(a.actor_ref.kill() for a in world.actors(StrategyActor))

        world.play(told, kill)
        assert world.symbol_actor() is symbol
        assert world.asked("sma") == wanted.asked, f"seed {seed} after {killed[0]} kills"
        kills, asked = kills + killed[0], asked + len(wanted.asked)
        world.close()
    assert kills > 50
    assert asked > 50


def test_a_restart_of_everything_goes_on_where_the_journal_says() -> None:
    """At a random bar the process ends; journal, broker and history are all that is left."""
    asked = 0
    for seed in range(20):
        told, cut = bars(walk(seed, 40)), Random(seed).randrange(1, 39)
        wanted = by_host(told, seed)
        world = World({"sma": short}, seed=seed, broker_seed=seed)
        world.play(told[:cut])
        left = (world.journal.records, world.gate.brokers)
        world.close()
        system = Simulation(seed)
        system.run_for(cut * 60)
        world = World({"sma": short}, system=system, past=told[:cut], left=left)
        system.settle()
        world.play(told[cut:])
        assert world.asked("sma") == wanted.asked, f"seed {seed}, cut at {cut}"
        asked += len(wanted.asked)
        world.close()
    assert asked > 50


def poison(price: float, warmup: int = 0) -> StrategyHost:
    """Crashes whenever it sees a bar that closes at ``price``; buys at every other."""

    def take(ctx: Context, bar: Bar) -> None:
        if bar.close == price:
            raise ZeroDivisionError(price)
        ctx.buy(1)

    return StrategyHost(Does(take, warmup=warmup), name="poison", instrument=AAPL)


def test_a_poison_message_is_set_aside_after_three_crashes_and_the_rest_goes_on() -> None:
    told = bars([100.0, 101.0, 87.0, 102.0, 103.0])
    world = World({"poison": lambda: poison(87.0), "sma": short})
    others = world.strategy("sma")
    world.play(told)
    (record,) = world.journal.quarantined()
    key = f"bar:{M}:{START + 2 * M}"
    assert (record.actor, record.message, record.crashes) == ("poison", key, 3)
    assert "on_bar of AAPL" in record.error
    assert "ZeroDivisionError" in record.error
    causes = [i.cause for i in world.asked("poison")]
    assert causes == [f"poison/265598/bar:{M}:{START + n * M}/BUY" for n in (0, 1, 3, 4)]
    assert world.strategy("sma") is others, "a strategy restarts alone"
    world.close()


def test_what_was_set_aside_stays_so_when_the_symbol_itself_is_restarted() -> None:
    told = bars([100.0, 87.0, 101.0, 102.0, 103.0])
    world = World({"poison": lambda: poison(87.0, warmup=3)}, past=told)
    world.play(told[:4])
    before = world.symbol_actor()
    before.actor_ref.kill()
    world.system.settle()
    assert world.symbol_actor() is not before
    starts = len(world.actors(StrategyActor)), world.strategy("poison").actor_ref.number
    world.play(told[4:])
    assert starts == (1, world.strategy("poison").actor_ref.number), "it did not crash again"
    assert len(world.journal.quarantined()) == 1, "not judged again"
    assert [i.cause for i in world.asked("poison")][-1].endswith(f"{START + 4 * M}/BUY")
    world.close()


def test_what_a_strategy_missed_is_told_as_history_all_of_it() -> None:
    told, seen = bars([100.0 + n for n in range(20)]), list[tuple[str, bool]]()

    def make() -> StrategyHost:
        strategy = Does(lambda ctx, _: seen.append((ctx.event, ctx.warming)), warmup=2)
        return StrategyHost(strategy, name="s", instrument=AAPL)

    world = World({"s": make})
    world.play(told[:5])
    left = (world.journal.records, world.gate.brokers)
    world.close()
    seen.clear()
    system = Simulation(1)
    system.run_for(15 * 60)
    world = World({"s": make}, system=system, past=told[:15], left=left)
    world.symbol.resolve()
    system.settle()
    world.actors(StrategyActor)[0].actor_ref.kill()  # now the symbol knows the past
    seen.clear()
    system.settle()
    world.play(told[15:16])
    keys = [f"bar:{M}:{START + n * M}" for n in range(3, 16)]
    assert seen == [(key, key != keys[-1]) for key in keys]
    world.close()


def test_a_timer_of_a_strategy_wakes_it() -> None:
    woken: list[int] = []

    def make() -> StrategyHost:
        strategy = Does(
            lambda ctx, _: ctx.timer("again", 90.0), timer=lambda ctx, _: woken.append(ctx.now_ns)
        )
        return StrategyHost(strategy, name="t", instrument=AAPL)

    world = World({"t": make})
    world.play(bars([100.0]))
    world.system.run_for(89)
    assert woken == []
    world.system.run_for(2)
    assert woken == [START + M + 90 * S]
    world.play(bars([100.0] * 2, first=4))
    world.system.run_for(600)
    assert woken[1:] == [START + 6 * M + 90 * S], "a later one of the same name replaces it"
    world.close()


def test_an_intent_that_nobody_judges_is_refused_and_blocks_nothing() -> None:
    def make() -> StrategyHost:
        return StrategyHost(Does(lambda ctx, _: ctx.buy(1)), name="b", instrument=AAPL)

    world = World({"b": make})
    world.play(bars([100.0]))
    world.gate_ref.kill()
    strategy = world.strategy("b")
    world.system.run_for(60)
    world.price(bars([101.0], first=1)[0])
    world.system.settle()
    assert world.strategy("b") is strategy
    assert alone(strategy.host).working == 1, "the first intent still works; the second is over"
    world.close()


@pytest.fixture
def quiet() -> Iterator[None]:
    """Keep planned crashes out of the log: a thousand tracebacks take five seconds."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
def test_no_intent_leaves_before_what_was_decided_is_with_the_journal() -> None:
    """And a strategy that dies because the journal is away is not blamed for its message."""

    def make() -> StrategyHost:
        return StrategyHost(Does(lambda ctx, _: ctx.buy(1)), name="b", instrument=AAPL)

    world = World({"b": make})
    world.system.run_for(60)
    journal = world.journal
    world.journal_ref.kill()
    strategy = world.strategy("b")
    world.price(bars([100.0])[0])
    world.system.settle()
    assert not strategy.actor_ref.is_alive()
    assert world.asked("b") == []
    assert journal.quarantined() == []
    world.close()


def test_quotes_go_to_strategies_that_need_them_and_to_no_others() -> None:
    class Deaf(Strategy[Params, State]):
        """Has a method for bars alone."""

        def on_bar(self, ctx: Context, bar: Bar) -> None:
            pass

    made = {"deaf": Deaf(Params()), "hears": Does()}

    def maker(name: str) -> Callable[[], StrategyHost]:
        return lambda: StrategyHost(made[name], name=name, instrument=AAPL)

    world = World({name: maker(name) for name in made})
    world.system.settle()
    told = {name: fed.outbox._number for name, fed in world.symbol_actor()._fed.items()}
    for n in range(1, 4):
        world.price(Quote(AAPL.con_id, START + n, 99.0 + n / 100, 101.0, 1.0, 1.0))
        world.system.settle()
    fed = world.symbol_actor()._fed
    assert {name: each.outbox._number - told[name] for name, each in fed.items()} == {
        "deaf": 0,
        "hears": 3,
    }
    assert alone(world.strategy("hears").host)._price == (99.03 + 101.0) / 2
    world.close()
