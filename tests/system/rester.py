"""A strategy that buys once and then leaves an order working below the market."""

from __future__ import annotations

from robotrader.domain import Quote
from robotrader.strategies import Context, Params, State, Strategy


class ResterParams(Params, frozen=True):
    """Nothing can be set."""


class Rester(Strategy[ResterParams, State]):
    """Hold ten, and want five more two percent lower."""

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        """In first; then the order that rests."""
        if not ctx.position:
            ctx.buy(10, reason="in")
        elif not ctx.working:
            ctx.buy(5, limit=round(quote.bid * 0.98, 2), reason="more, lower")
