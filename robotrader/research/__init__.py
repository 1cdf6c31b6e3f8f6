"""Research, pure: what to try, how to judge it, and how much of the result is luck."""

from robotrader.research.callbacks import Callbacks
from robotrader.research.columns import Columns, columns_of
from robotrader.research.compare import Difference, compared, sharpe_difference_error
from robotrader.research.follow import Follower, Loops
from robotrader.research.heat import Map, heat_map
from robotrader.research.lanes import Lanes
from robotrader.research.montecarlo import (
    LEVELS,
    METHODS,
    OF_DAYS,
    OF_TRADES,
    Paths,
    Spread,
    of_days,
    of_trades,
)
from robotrader.research.moves import Table, Tables, Unfit
from robotrader.research.overfit import overfitting
from robotrader.research.pages import montecarlo_page, sweep_page, walk_page
from robotrader.research.ranking import Best, best_of, ranked_by
from robotrader.research.report import SweepReport, Ways, sweep_report
from robotrader.research.resample import block_lengths, circular, stationary
from robotrader.research.search import Listed, Search, searched
from robotrader.research.space import Axis, Point, Space, Value, axis_of, drawn, grid
from robotrader.research.splits import (
    Split,
    combinatorial,
    folds_of,
    paths,
    purged_folds,
    walk_forward,
)
from robotrader.research.trial import (
    METRICS,
    OF_RETURNS,
    Figures,
    Trial,
    blocks_of,
    figures_of,
    figures_of_track,
    on_days,
    worth,
)
from robotrader.research.walk import (
    Skipped,
    Span,
    WalkForward,
    Window,
    days_of,
    decay,
    efficiency,
    held_up,
    path_ratios,
    span_of,
    stitched,
    summary_of,
    taken,
)

__all__ = [
    "LEVELS",
    "METHODS",
    "METRICS",
    "OF_DAYS",
    "OF_RETURNS",
    "OF_TRADES",
    "Axis",
    "Best",
    "Callbacks",
    "Columns",
    "Difference",
    "Figures",
    "Follower",
    "Lanes",
    "Listed",
    "Loops",
    "Map",
    "Paths",
    "Point",
    "Search",
    "Skipped",
    "Space",
    "Span",
    "Split",
    "Spread",
    "SweepReport",
    "Table",
    "Tables",
    "Trial",
    "Unfit",
    "Value",
    "WalkForward",
    "Ways",
    "Window",
    "axis_of",
    "best_of",
    "block_lengths",
    "blocks_of",
    "circular",
    "columns_of",
    "combinatorial",
    "compared",
    "days_of",
    "decay",
    "drawn",
    "efficiency",
    "figures_of",
    "figures_of_track",
    "folds_of",
    "grid",
    "heat_map",
    "held_up",
    "montecarlo_page",
    "of_days",
    "of_trades",
    "on_days",
    "overfitting",
    "path_ratios",
    "paths",
    "purged_folds",
    "ranked_by",
    "searched",
    "sharpe_difference_error",
    "span_of",
    "stationary",
    "stitched",
    "summary_of",
    "sweep_page",
    "sweep_report",
    "taken",
    "walk_forward",
    "walk_page",
    "worth",
]
