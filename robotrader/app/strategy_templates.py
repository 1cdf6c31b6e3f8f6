"""What ``strategy new`` writes: strategies to begin with, each with a test that passes.

All have one shape: a number that is above zero where the strategy wants to be long, and below zero
where it wants to be out. It enters where the number rises above zero, so once for each reason.
"""

from __future__ import annotations

from string import Template
from typing import Final, NamedTuple


class Idea(NamedTuple):
    """What a template fills in."""

    says: str
    indicators: str
    params: str
    makes: str
    warmup: str
    signal: str


IDEAS: Final = {
    "minimal": Idea(
        says="long while the price is above what it was some bars ago",
        indicators="Roc",
        params="    lookback: Annotated[int, Meta(ge=1, le=5_000)] = 20\n",
        makes="        self._change = Roc(params.lookback)\n",
        warmup="self._change.warm_up + 1",
        signal="        return self._change.update(bar.close)\n",
    ),
    "sma": Idea(
        says="long while a fast average is above a slow one",
        indicators="Sma",
        params=(
            "    fast: Annotated[int, Meta(ge=1, le=1_000)] = 10\n"
            "    slow: Annotated[int, Meta(ge=2, le=5_000)] = 30\n"
        ),
        makes="        self._fast, self._slow = Sma(params.fast), Sma(params.slow)\n",
        warmup="max(self._fast.warm_up, self._slow.warm_up) + 1",
        signal=(
            "        fast, slow = self._fast.update(bar.close), self._slow.update(bar.close)\n"
            "        return None if fast is None or slow is None else fast - slow\n"
        ),
    ),
    "breakout": Idea(
        says="long from a close above the channel of the bars before to one below its middle",
        indicators="Donchian",
        params="    length: Annotated[int, Meta(ge=2, le=5_000)] = 20\n",
        makes="        self._channel = Donchian(params.length)\n",
        warmup="self._channel.warm_up + 2",
        signal=(
            "        before = self._channel.value  # this bar cannot break what it is in\n"
            "        self._channel.update(bar.high, bar.low)\n"
            "        if before is None:\n"
            "            return None\n"
            "        above, below = bar.close - before.upper, bar.close - before.middle\n"
            "        return above if above > 0 else min(below, 0.0)\n"
        ),
    ),
    "reversion": Idea(
        says="long where the price has fallen too far, until it is back in the middle",
        indicators="Rsi",
        params=(
            "    length: Annotated[int, Meta(ge=2, le=500)] = 5\n"
            "    oversold: Annotated[float, Meta(gt=0, lt=50)] = 25.0\n"
        ),
        makes="        self._strength = Rsi(params.length)\n",
        warmup="16 * self.params.length  # Wilder's averages forget slowly",
        signal=(
            "        strength = self._strength.update(bar.close)\n"
            "        if strength is None:\n"
            "            return None\n"
            "        deep = self.params.oversold - strength\n"
            "        return deep if deep > 0 else min(50.0 - strength, 0.0)\n"
        ),
    ),
}

STRATEGY: Final = Template('''\
"""The strategy $name.

It is $says.

Made by `robotrader strategy new $name --template $template`.
It is told bars and acts through `ctx`. What it keeps in `self.state` survives a restart; indicators
are made anew from `warmup_bars` bars. What it must not depend on is found by
`robotrader strategy check $name`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from robotrader.domain import Bar
from robotrader.indicators import $indicators
from robotrader.strategies import Context, Params, State, Strategy


class ${title}Params(Params, frozen=True):
    """What a section of the configuration may set, each within its bounds."""

$params\
    qty: Annotated[int, Meta(ge=0, le=1_000_000)] = 10
    """Shares; 0: as many as `size` in the strategy's section says."""

    stop_percent: Annotated[float, Meta(gt=0, lt=100)] = 10.0
    """Distance of the stop, which rests at the broker, from the price of the entry's bar."""


class ${title}State(State):
    """What survives a restart."""

    entries: int = 0


class $title(Strategy[${title}Params, ${title}State]):
    """See the top of the file."""

    def __init__(self, params: ${title}Params) -> None:
        super().__init__(params)
$makes\
        self._before: float | None = None

    @property
    def warmup_bars(self) -> int:
        """How many bars it has to see before it may act."""
        return $warmup

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Take the next finished bar; what it asks for meets the bars after it."""
        before, now = self._before, self._signal(bar)
        self._before = now
        if now is None or before is None:
            return
        if ctx.position and now < 0:
            ctx.close("the signal is below zero")
        elif not ctx.position and now > 0 >= before:
            stop = bar.close * (1 - self.params.stop_percent / 100)
            if ctx.buy(self.params.qty or None, stop=stop, reason="the signal rose above zero"):
                self.state.entries += 1

    def _signal(self, bar: Bar) -> float | None:
        """Return a number above 0 to be long, below 0 to be out; None while it is not known."""
$signal\
''')

TEST: Final = Template('''\
"""$title decides on what it was told and on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from robotrader.adapters.loader import load
from robotrader.checks import Desk, verdicts, walk
from robotrader.domain import Instrument
from robotrader.domain.errors import StrategyError
from robotrader.strategies import StrategyHost

WHERE = f"{Path(__file__).with_name('$name.py')}:$title"
WALK = Instrument(con_id=1, symbol="WALK")
MINUTE_NS = 60_000_000_000


def host() -> StrategyHost:
    return StrategyHost(load(WHERE), name="$name", instrument=WALK)


def test_it_passes_every_check() -> None:
    bars = walk(WALK, 400, 1, size_ns=MINUTE_NS)
    assert [(each.check, each.said) for each in verdicts(host, bars) if not each.ok] == []


def test_its_first_decision_is_an_entry_with_a_stop() -> None:
    first = Desk(host).play(walk(WALK, 500, 1, size_ns=MINUTE_NS))[0]
    assert first.what[:2] == ("BUY", "entry")
    assert first.what[-1] == "STP"
    assert first.numbers[0] == 10


def test_a_parameter_out_of_its_bounds_is_refused() -> None:
    with pytest.raises(StrategyError, match="qty"):
        load(WHERE, {"qty": -1})
''')

SECTION: Final = Template("""\
# Made by `robotrader strategy new $name`. Switched off until it was looked at.
[strategy.$name]
class = "$where"
symbols = [$symbols]
bar = "$bar"
params = { qty = 10 }
capital = 0.1
enabled = false
""")


def title_of(name: str) -> str:
    """Return the name of the class: ``dip_buyer`` makes ``DipBuyer``."""
    return "".join(part.capitalize() for part in name.split("_"))


def texts(name: str, template: str) -> tuple[str, str]:
    """Return the strategy's file and its test's."""
    words = {"name": name, "title": title_of(name), "template": template}
    filled = {**words, **IDEAS[template]._asdict()}
    return STRATEGY.substitute(filled), TEST.substitute(filled)
