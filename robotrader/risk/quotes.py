"""The newest quotes by contract, which remember what was new, so that nobody has to look for it."""

from __future__ import annotations

from robotrader.domain import Quote
from robotrader.ledger import Newest


class Quotes(Newest[Quote]):
    """See ``Newest``."""
