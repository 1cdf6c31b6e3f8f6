"""Changes that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

from typing import Final

_COVER: Final = "robotrader/execution/cover.py assess:"
_SIDE: Final = "in `side = (position > 0) - (position < 0)`"
_FLAT: Final = "a flat position has no side: whatever closes it is cut to nothing on either"
_LEDGER: Final = "robotrader/ledger/"
_PRICE: Final = f"{_LEDGER}money.py market_price:"
_CENTS: Final = "in `cents = round(price * 100) if price < _WHOLE_CENTS else 0`"
_TEXT: Final = "other cents are not the price's, and then its text is asked: the same, more slowly"

_RISK: Final = "robotrader/risk/"
_ALIKE: Final = "both are as long as one another: it is asserted, not decided"
_SOONER: Final = "the triggers are asked sooner than they have to be, and give nothing"
_OPEN: Final = "of a market that is open whose data are not late nothing is said"
_ANEW: Final = "more is computed than has changed, and is what it was"
_SAME: Final = (
    "in `same = names[0] is view.instruments and names[1] is view.sec ... ames[2:] == "
    "(bare, told))`"
)
_SIGN: Final = "a side is 1 or -1"
_IDS: Final = "zip(table.con_ids, moving, strict=True)"

_QUOTED: Final = "of what has both sides the higher price is what is asked, wherever it is read"
_ASKED_AGAIN: Final = "what the short question does not let pass is asked the long one"

EQUIVALENT: Final[dict[str, str]] = {
    f"{_RISK}case.py Case.weigh: `sign > 0` -> `sign >= 0` in `if sign > 0: buys += qty else: "
    "sells += qty`": _SIGN,
    f"{_RISK}case.py Case.__init__: `0` -> `1` in `self.opposes = bool(self.position) and "
    "(self.position > ZERO) is (sign < 0)`": _SIGN,
    f"{_RISK}case.py Case.weigh: `sign < 0` -> `sign <= 0` in `buyers = None if quote is None or "
    "sign < 0 else quote.bid`": _SIGN,
    f"{_RISK}case.py Case.weigh: `0` -> `1` in `buyers = None if quote is None or sign < 0 else "
    "quote.bid`": _SIGN,
    f"{_RISK}case.py Case.weigh: `0` -> `1` in `bid = self.near if sign < 0 else None`": _SIGN,
    f"{_RISK}case.py Case.weigh: `quote is None` -> `quote is not None` in `if quote is None or "
    "price is None or type(buyers) is not flo ...  price = market_of(quote)`": _QUOTED,
    f"{_RISK}case.py Case.weigh: `buyers <= quote.ask` -> `buyers < quote.ask` in `if quote is "
    "None or price is None or type(buyers) is not flo ...  price = market_of(quote)`": _QUOTED,
    f"{_RISK}case.py Case.weigh: `sign < 0` -> `sign <= 0` in `bid = self.near if sign < 0 else "
    "None`": _SIGN,
    f"{_RISK}case.py Case.__init__: `sign > 0` -> `sign >= 0` in `side = None if self.quote is "
    "None else self.quote.ask if sign > 0 else self.quote.bid`": _SIGN,
    f"{_RISK}checks.py quote: `0` -> `1` in `both = type(bid) is type(ask) is float and bid > 0 "
    "and (ask < math.inf)`": _ASKED_AGAIN,
    f"{_RISK}checks.py quote: `type(bid) is type(ask) is float` -> `type(bid) is type(ask) is not "
    "float` in `both = type(bid) is type(ask) is float and bid > 0 and (ask < math.inf)`": (
        _ASKED_AGAIN
    ),
    f"{_RISK}case.py Case.__init__: `self.position > ZERO` -> `self.position >= ZERO` in "
    "`self.opposes = bool(self.position) and (self.position > ZERO) is (sign < 0)`": "it is not 0",
    f"{_RISK}correlation.py aligned: `zip(days, common, strict=True)` -> `zip(days, common)` in "
    "`return Aligned(con_ids=tuple((con_ids[column] for column in  ... , kept], "
    "unknown=unknown)`": _ALIKE,
    f"{_RISK}correlation.py correlations: `{_IDS}` -> `zip(table.con_ids, moving)` in `for con_id, "
    "moves in zip(table.con_ids, moving, strict=True) ... 'its price does not move'`": _ALIKE,
    f"{_RISK}correlation.py correlations: `{_IDS}` -> `zip(table.con_ids, moving)` in `con_ids = "
    "[con_id for con_id, moves in zip(table.con_ids, moving, strict=True) if moves]`": _ALIKE,
    f"{_RISK}report/book.py _betas: `zip(table.con_ids, found, strict=True)` -> `zip(table.con_ids,"
    " found)` in `return (dict(zip(table.con_ids, found, strict=True)), len(table.con_ids))`": (
        _ALIKE
    ),
    f"{_RISK}rows.py Seen.changed: `zip(self._keys, before, strict=True)` -> `zip(self._keys, "
    "before)` in `left = dict(zip(self._keys, before, strict=True))`": _ALIKE,
    f"{_RISK}rows.py Seen.changed: `1` -> `2` in `length = isqrt(len(keys)) + 1`": "stretches of "
    "another length have the same differences",
    f"{_RISK}rows.py Sum.with_swap: `old is not None` -> `old is None` in `if not self.unknown and "
    "old is not None and (new is not None ...  self.known + (new - old)`": "the way below it gives "
    "the same of what is known, and what is there unknown makes the sum so",
    f"{_RISK}rows.py above_and_below: `new.value is None` -> `new.value is not None` in `if "
    "old.value is None or new.value is None or old.high is Non ... igh is None): return None`": (
        "each sum is then computed for itself, and is the same; of one row all is known or nothing"
    ),
    f"{_RISK}exposure.py market_of: `0 < bid <= ask < math.inf` -> `0 <= bid <= ask < math.inf` in "
    "`if type(bid) is type(ask) is float and 0 < bid <= ask < math.inf: return "
    "market_price(ask)`": "a bid of 0 is no price: the ask is the higher one",
    f"{_COVER} `position > 0` -> `position >= 0` {_SIDE}": _FLAT,
    "robotrader/execution/closing.py side_of: `position < 0` -> `position <= 0` in `return "
    "(position > 0) - (position < 0)`": _FLAT,
    f"{_COVER} `position < 0` -> `position <= 0` {_SIDE}": _FLAT,
    f"{_PRICE} `0` -> `1` {_CENTS}": _TEXT,
    f"{_PRICE} `price * 100` -> `price / 100` {_CENTS}": _TEXT,
    f"{_PRICE} `price < _WHOLE_CENTS` -> `price <= _WHOLE_CENTS` {_CENTS}": _TEXT,
    f"{_RISK}together.py _same_way: `sign * way` -> `sign / way` in `return max((sign * "
    "way * correlation for way in ways))`": "a way is 1 or -1",
    f"{_LEDGER}log.py Log.__init__: `0` -> `1` in `self._begin = 0`": "places are "
    "compared with one another alone, wherever they begin",
    f"{_RISK}worst.py Worst._take: `context.clear_flags()` -> `pass`": "what was added up "
    "is added up anew, and is what it was",
    f"{_LEDGER}money.py module: `Context(prec=120, traps=[InvalidOperation, DivisionByZero, "
    "Overflow])` -> `Context(prec=120)` in `EXACT: Final = Context(prec=120, traps=["
    "InvalidOperation, DivisionByZero, Overflow])`": "these are the traps of every new context",
    f"{_LEDGER}rows.py Rows._moved: `old is not new and old != new and (con_id in self.positions)` "
    "-> `old is not new or old != new or con_id in self.positions` in `if old is not new and old "
    "!= new and (con_id in self.positions): found.add(con_id)`": (
        "a row more is computed anew, and is what it was"
    ),
    f"{_LEDGER}rows.py Rows._show: `del self._of[name]` -> `pass`": "an empty one stays, of which "
    "nothing is shown",
    f"{_LEDGER}state.py LedgerState: `0` -> `1` in `adoptions: int = 0`": "a number that makes "
    "names of adoptions different, wherever it begins",
    f"{_LEDGER}lots.py match: `left > 0` -> `left >= 0` in `while left and held and ((held[0].qty "
    "> 0) != (left > 0)): s ... , gain, lot.fees + paid))`": "it is not 0: the loop would be over",
    f"{_LEDGER}ledger.py Ledger._adopt_position: `missing > 0` -> `missing >= 0` in `trade = Trade("
    "family=f'adopted {self._adoptions}', sign=1 if ... elf._rolled, adopts=True)`": "it is not 0",
    f"{_RISK}heat.py Stopped.opened: `sign > 0` -> `sign >= 0` in `if sign > 0: if "
    "stops is not None: for_long = (*for_long, st ... longs, self.shorts + qty)`": _SIGN,
    f"{_RISK}asked.py borrow: `case.sign > 0` -> `case.sign >= 0` "
    "in `if not case.limits.short_needs_borrow or case.sign > 0: return ''`": _SIGN,
    f"{_RISK}together.py pair: `known.of(con_id, other)` -> `known.of(other, con_id)` in "
    "`found = known.of(con_id, other) or 0.0`": (
        "as far as one moves with the other, the other does with it"
    ),
    f"{_RISK}correlation.py correlations: `True` -> `False` in `con_ids = [con_id for "
    "con_id, moves in zip(table.con_ids, moving, strict=True) if moves]`": _ALIKE,
    f"{_RISK}correlation.py correlations: `True` -> `False` in `for con_id, moves in "
    "zip(table.con_ids, moving, strict=True) ... 'its price does not move'`": _ALIKE,
    f"{_RISK}correlation.py aligned: `True` -> `False` in `return "
    "Aligned(con_ids=tuple((con_ids[column] for column in  ... , kept], unknown=unknown)`": _ALIKE,
    f"{_RISK}correlation.py shrunk: `(1 - intensity) * sample + intensity * identity` -> "
    "`(1 - intensity) * sample - intensity * identity` in `matrix = (1 - intensity) * sample "
    "+ intensity * identity`": "only the diagonal is another, which is filled with 1",
    f"{_RISK}correlation.py shrunk: `1` -> `2` in `np.fill_diagonal(matrix, 1)`": (
        "it is clipped to 1"
    ),
    f"{_RISK}report/book.py _betas: `True` -> `False` in `return (dict(zip(table.con_ids, "
    "found, strict=True)), len(table.con_ids))`": _ALIKE,
    f"{_RISK}report/tails.py historical: `9` -> `10` in `worst = round(len(profits) * (1 - "
    "level), 9)`": "what is rounded off is finer by far",
    f"{_RISK}report/tails.py historical: `9` -> `10` in `least = math.ceil(round(1 / (1 - "
    "level), 9))`": "what is rounded off is finer by far",
    f"{_RISK}report/tails.py cornish_fisher: `np.asarray(profits, dtype=float)` -> "
    "`np.asarray(profits)` in `centred = np.asarray(profits, dtype=float) - np.mean(profits)`": (
        "less their mean they are floats"
    ),
    f"{_RISK}report/tails.py _grows: `0.0` -> `1.0` in `vertex = -linear / (2 * square) if "
    "square else 0.0`": "a line is nowhere lower than at one of its ends",
    f"{_RISK}report/usage.py _worths: `high is None or low is None` -> `high is None and "
    "low is None` in `net = None if high is None or low is None else max(high, -low)`": (
        "they are not known together: of one price"
    ),
    f"{_RISK}sizes.py net: `high is None or low is None` -> `high is None and low is None` "
    "in `if high is None or low is None: return 'a price of what is h ...  on its way is not "
    "known'`": "they are not known together: of one price",
    f"{_RISK}onway.py Orders.look: `moved is None` -> `moved is not None` in `if working is "
    "None or moved is None: changed |= self._compar ... ) changed.update(working)`": (
        "all that works is compared instead, with the same result"
    ),
    f"{_RISK}budgets.py Budgets.__init__: `False` -> `True` in `self._rounded = False`": _ANEW,
    f"{_RISK}budgets.py Budgets._take: `context.clear_flags()` -> `pass`": _ANEW,
    f"{_RISK}daily.py _yearly: `after / before - 1` -> `after / before + 1` in `returns = "
    "[after / before - 1 for before, after in pairwise(closes)]`": (
        "a deviation is of what all have in common the same"
    ),
    f"{_RISK}report/book.py _betas: `table.returns.mean(axis=0)` -> `table.returns.mean()` "
    "in `returns = table.returns - table.returns.mean(axis=0)`": (
        "the market is taken from its mean, so what all have in common counts nothing"
    ),
    f"{_RISK}heat.py Stopped.of: `each.price < bottom` -> `each.price <= bottom` in `if "
    "each.price is not None and (bottom is None or each.price < bottom): bottom = each.price`": (
        "the lower of two that are the same"
    ),
    f"{_RISK}heat.py Stopped.of: `each.sign > 0` -> `each.sign >= 0` in `if each.sign > 0: "
    "longs += each.qty else: shorts += each.qty ... tom): bottom = each.price`": _SIGN,
    f"{_RISK}past.py Past.__init__: `one <= next_ns` -> `one < next_ns` in `self._in_order "
    "= all((one <= next_ns for one, next_ns in pairwise(state.at_ns)))`": (
        "they are counted one by one instead"
    ),
    f"{_RISK}daily.py _yearly: `1` -> `2` in `returns = [after / before - 1 for before, "
    "after in pairwise(closes)]`": "a deviation is of what all have in common the same",
    f"{_RISK}past.py Past.add: `now_ns < times[-1]` -> `now_ns <= times[-1]` in "
    "`if times and now_ns < times[-1]: self._in_order = False`": (
        "they are counted one by one instead"
    ),
    f"{_RISK}heat.py Stopped.opened: `price < bottom` -> `price <= bottom` in `if "
    "price is not None and (bottom is None or price < bottom): bottom = price`": (
        "the lower of two that are the same"
    ),
    f"{_RISK}correlation.py Correlations: `False` -> `True` in `_near: dict[tuple[int, "
    "float], AbstractSet[int]] = field(def ... epr=False, compare=False)`": (
        "only what is printed of it is another"
    ),
    f"{_RISK}correlation.py Correlations: `field(default_factory=dict, init=False, "
    "repr=False, compare=False)` -> `field(default_factory=dict, init=False, compare=False)` "
    "in `_near: dict[tuple[int, float], AbstractSet[int]] = field(def ... epr=False, "
    "compare=False)`": "only what is printed of it is another",
    f"{_RISK}case.py Case.weigh: `own > top` -> `own >= top` in `if top is None or (own is not "
    "None and own > top): top = own`": "of two prices that are equal either is the higher",
    f"{_RISK}worst.py After.__init__: `self.held ^ {{con_id}}` -> `self.held | {{con_id}}` in "
    "`self.held = self.held ^ {con_id}`": "with an order more nothing is held less",
    f"{_RISK}worst.py Worst._repositioned: `view.moved is not None` -> `view.moved is None` in `if "
    "view.moved is not None: return {*self.rows, *positions}`": (
        "what says that it has moved is found by who looks for it, too"
    ),
    f"{_RISK}onway.py Orders.add: `True` -> `False` in `return True`": _ANEW,
    f"{_RISK}budgets.py Budgets.look: `not seen and (self._rounded or self._take(parts, mark))` -> "
    "`not seen or (self._rounded or self._take(parts, mark))` in `if not seen and (self._rounded "
    "or self._take(parts, mark)):  ... = self._take(parts, mark)`": _ANEW,
    f"{_RISK}sizes.py short: `case.sign > 0` -> `case.sign >= 0` in `if "
    "case.limits.allow_short or case.sign > 0 or case.mine.low >= 0: return ''`": _SIGN,
    f"{_RISK}malformed.py _unlike: `return ''` -> `return 'changed'`": (
        "it is asked only where one of them is wrong"
    ),
    f"{_RISK}view.py OpenOrders.drop: `del self._of[before.con_id]` -> `pass`": (
        "an empty one stays, of which nothing is shown"
    ),
    f"{_RISK}heat.py Stopped: `0` -> `1` in `orders: int = 0`": (
        "what has no orders is then added up as what has some"
    ),
    f"{_RISK}triggers.py _rejects: `len(signs.rejects_ns) <= rules.max_rejects` -> "
    "`len(signs.rejects_ns) < rules.max_rejects` in `if len(signs.rejects_ns) <= "
    "rules.max_rejects: return []`": "they are counted after it in any case",
    f"{_RISK}correlation.py correlations: `deviations > _NO_MOVE` -> `deviations >= "
    "_NO_MOVE` in `moving = deviations > _NO_MOVE`": "on the bound of rounding either is as right",
    f"{_RISK}case.py Case.__init__: `sign < 0` -> `sign <= 0` in "
    "`self.opposes = bool(self.position) and (self.position > ZERO) is (sign < 0)`": _SIGN,
    f"{_LEDGER}history.py module: `32` -> `33` in `STEP: Final = 32`": (
        "with checkpoints elsewhere the same is folded"
    ),
    f"{_LEDGER}history.py History.__init__: `self._before = self.base` -> `pass`": (
        "folding the trades says it at once"
    ),
    f"{_LEDGER}history.py History.__init__: `0` -> `1` in `self._fold(0)`": (
        "there are no checkpoints yet: it begins at the first trade"
    ),
    f"{_LEDGER}history.py History.settle: `folded > self._settled` -> `folded >= "
    "self._settled` in `if folded in self._points and folded > self._settled: self.b ... e: "
    "folded = self._settled`": ("what is settled is what a checkpoint there has"),
    f"{_LEDGER}history.py History.settle: `each < end` -> `each <= end` in `for "
    "number in [each for each in self._points if each < end]: del self._points[number]`": (
        "what is settled is what a checkpoint there has"
    ),
    f"{_LEDGER}history.py History._fold: `each > start` -> `each >= start` in `for "
    "later in [each for each in self._points if each > start]: del self._points[later]`": (
        "the checkpoint it begins at is made anew"
    ),
    f"{_LEDGER}history.py History._fold: `del self._points[later]` -> `pass`": (
        "the later ones are made anew"
    ),
    f"{_LEDGER}ledger.py Ledger._book_fill: `1` -> `2` in `trade = "
    "Trade(family=record.family, sign=sign, revision=revi ... , time_ns=record.time_ns)`": (
        "a revision is 0 or more"
    ),
    f"{_LEDGER}state.py Early: `1` -> `2` in `commission_revision: int = -1`": (
        "a revision is 0 or more"
    ),
    f"{_LEDGER}state.py Early: `1` -> `2` in `revision: int = -1`": ("a revision is 0 or more"),
    f"{_LEDGER}ledger.py Ledger._adopt_position: `1` -> `2` in `self._adoptions += 1`": (
        "a number that makes names of adoptions different, wherever it goes"
    ),
    f"{_LEDGER}ledger.py Ledger._adopt_position: `self._adoptions += 1` -> "
    "`self._adoptions -= 1`": (
        "a number that makes names of adoptions different, wherever it goes"
    ),
    f"{_LEDGER}ledger.py Ledger._settle: `self._traded |= self._histories.keys()` -> `pass`": _ANEW,
    f"{_LEDGER}ledger.py Ledger._settle: `self._traded |= self._histories.keys()` -> "
    "`self._traded &= self._histories.keys()`": _ANEW,
    f"{_LEDGER}lots.py Trade.qty: `self.size * self.sign` -> `self.size / self.sign` "
    "in `return self.size * self.sign`": _SIGN,
    f"{_LEDGER}lots.py match: `held[0].qty > 0` -> `held[0].qty >= 0` in `while left "
    "and held and ((held[0].qty > 0) != (left > 0)): s ... , gain, lot.fees + paid))`": (
        "no lot is of no share"
    ),
    f"{_LEDGER}lots.py _split: `lot.qty > 0` -> `lot.qty >= 0` in `qty = size if "
    "lot.qty > 0 else -size`": ("no lot is of no share"),
    f"{_LEDGER}marks.py Newest.__init__: `super().__init__()` -> `pass`": (
        "an empty dictionary needs none of it"
    ),
    f"{_LEDGER}money.py module: `-FINEST` -> `FINEST` in `_SHORT: Final = -FINEST`": _TEXT,
    f"{_LEDGER}money.py exact: `len((text := str(value))) <= _SHORT` -> `len((text "
    ":= str(value))) < _SHORT` in `if len((text := str(value))) <= _SHORT and 'E' not in "
    "text: return value`": _TEXT,
    f"{_LEDGER}money.py market_price: `100` -> `101` in `cents = round(price * 100) "
    "if price < _WHOLE_CENTS else 0`": _TEXT,
    f"{_LEDGER}money.py market_price: `100` -> `101` in `if cents / 100 != price: "
    "return Decimal(repr(price))`": _TEXT,
    f"{_LEDGER}money.py market_price: `cents / 100` -> `cents * 100` in `if cents / "
    "100 != price: return Decimal(repr(price))`": _TEXT,
    f"{_LEDGER}money.py module: `10000000000000.0` -> `10000000000001.0` in "
    "`_WHOLE_CENTS: Final = 10000000000000.0`": (
        "a little above it, too, no two are the same float"
    ),
    f"{_LEDGER}rows.py module: `32` -> `33` in `BLOCK: Final = 32`": (
        "a sum in other blocks is the same"
    ),
    f"{_LEDGER}rows.py _Sum.add_up: `-len(parts) // BLOCK` -> `-len(parts) * BLOCK` "
    "in `self._changed.update(range(-(-len(parts) // BLOCK)))`": (
        "behind the last block nothing is added up"
    ),
    f"{_LEDGER}rows.py _Sum.add_up: `self._changed.clear()` -> `pass`": _ANEW,
    f"{_LEDGER}rows.py Rows.__init__: `False` -> `True` in `self._rounded = False`": _ANEW,
    f"{_LEDGER}rows.py Rows.look: `context.clear_flags()` -> `pass`": _ANEW,
    f"{_LEDGER}rows.py Rows.look: `context.flags[Inexact] and (not self._rounded)` "
    "-> `context.flags[Inexact] or not self._rounded` in `if context.flags[Inexact] and (not "
    "self._rounded): self._add_up(traded=True, anew=True)`": _ANEW,
    f"{_LEDGER}rows.py Rows._price: `value > ZERO` -> `value >= ZERO` in "
    "`self._gross.put(kept.place, value if value is None or value > ZERO else -value)`": (
        "it is not 0: of nothing held either is 0"
    ),
    f"{_LEDGER}state.py LedgerState: `0` -> `1` in `rolled: int = 0`": (
        "days are counted from it, wherever it begins"
    ),
    f"{_LEDGER}trips.py Losses.ns: `self._traded.clear()` -> `pass`": _ANEW,
    f"{_LEDGER}trips.py Losses.ns: `for each in over if each` -> `for each in over` "
    "in `self._ns = losing_streak([each for each in over if each])`": (
        "of contracts without a trade that is over there is nothing to put in order"
    ),
    f"{_LEDGER}trips.py Trips.ended: `self.open.keys() <= holding` -> "
    "`self.open.keys() < holding` in `if self.open.keys() <= holding: return self`": _ANEW,
    f"{_RISK}changes.py LimitChanges.tried: `0` -> `1` in "
    "`self.configured.changed(name, Decimal(0) if value is None else value)`": (
        "0 and 1 are both values that a limit may have: whether there is such a limit is asked"
    ),
    f"{_RISK}changes.py _rank: `0` -> `1` in `return (True, Decimal(0))`": (
        "it is compared with itself alone"
    ),
    f"{_RISK}correlation.py Correlations.near: `self.nearest[place] < least <= 1` -> "
    "`self.nearest[place] < least < 1` in `if self.nearest and self.nearest[place] < least "
    "<= 1: return {con_id}`": ("nothing is looked up where it is known, and is found the same"),
    f"{_RISK}limits.py Limits.__post_init__: `0` -> `1` in `if (getattr(self, name) "
    "or 0) > 1: _refuse(name, getattr(sel ... tion: 0.02 is 2 percent')`": (
        "neither is above what is refused"
    ),
    f"{_RISK}limits.py Limits.__post_init__: `0` -> `1` in `if (getattr(self, name) "
    "or 0) > _LARGEST_MULTIPLE: _refuse(n ...  of equity, not dollars')`": (
        "neither is above what is refused"
    ),
    f"{_RISK}known.py SwitchFold._saw: `0` -> `1` in `self.person_ns = "
    "max(record.wall_ns, self.person_ns or 0)`": ("no clock says the first nanosecond of 1970"),
    f"{_RISK}switch_look.py Lookout.heard: `0` -> `1` in `if any((at_ns.get(each, 0) "
    "< known_ns.get(each, 0) for each  ... n at_ns)): self.changed()`": (
        "a contract that is asked about is known in both"
    ),
    f"{_RISK}switch_look.py Lookout.heard: `at_ns.get(each, 0) < known_ns.get(each, "
    "0)` -> `at_ns.get(each, 0) <= known_ns.get(each, 0)` in `if any((at_ns.get(each, 0) < "
    "known_ns.get(each, 0) for each  ... n at_ns)): self.changed()`": _SOONER,
    f"{_RISK}switch_look.py Lookout.heard: `for each in held if each in at_ns` -> "
    "`for each in held` in `if any((at_ns.get(each, 0) < known_ns.get(each, 0) for each  ... "
    "n at_ns)): self.changed()`": _SOONER,
    f"{_RISK}switch_look.py Lookout.quiet: `self._asked_ns <= now_ns < "
    "self._until_ns` -> `self._asked_ns < now_ns < self._until_ns` in `return self._asked_ns "
    "<= now_ns < self._until_ns`": _SOONER,
    f"{_RISK}switch_look.py Lookout._turns_ns: `signs.link_since_ns + "
    "rules.disconnected_ms * MS_NS + 1` -> `signs.link_since_ns + rules.disconnected_ms * "
    "MS_NS - 1` in `yield (signs.link_since_ns + rules.disconnected_ms * MS_NS + 1)`": _SOONER,
    f"{_RISK}switch_look.py Lookout._turns_ns: `signs.person_ns + rules.dead_man_ms "
    "* MS_NS + 1` -> `signs.person_ns + rules.dead_man_ms * MS_NS - 1` in `yield (0 if "
    "signs.person_ns is None else signs.person_ns + rules.dead_man_ms * MS_NS + 1)`": _SOONER,
    f"{_RISK}switch_look.py Lookout._turns_ns: `0` -> `1` in `yield (0 if heard_ns "
    "is None else heard_ns + self._silent_ns + 1)`": ("both were over long ago"),
    f"{_RISK}switch_look.py Lookout._turns_ns: `0` -> `1` in `yield (0 if "
    "signs.person_ns is None else signs.person_ns + rules.dead_man_ms * MS_NS + 1)`": (
        "both were over long ago"
    ),
    f"{_RISK}switch_look.py Lookout.signs: `for each in self._held() if "
    "self._is_late(each, now_ns)` -> `for each in self._held()` in `late = [each for each in "
    "self._held() if self._is_late(each, now_ns)]`": _OPEN,
    f"{_RISK}switch_look.py Lookout.signs: `self._is_late(each, now_ns)` -> "
    "`self._is_late(now_ns, each)` in `late = [each for each in self._held() if "
    "self._is_late(each, now_ns)]`": _OPEN,
    f"{_RISK}switch_look.py Lookout._is_late: `now_ns - heard_ns > self._silent_ns` "
    "-> `now_ns - heard_ns >= self._silent_ns` in `return heard_ns is None or now_ns - "
    "heard_ns > self._silent_ns`": _OPEN,
    f"{_RISK}switch_look.py Lookout._is_late: `now_ns - heard_ns` -> `now_ns + "
    "heard_ns` in `return heard_ns is None or now_ns - heard_ns > self._silent_ns`": _OPEN,
    "robotrader/sizing/sizer.py Sizer.__init__: `self._bars_per_year = math.nan` -> `pass`": (
        "a bar says it before any volatility is known"
    ),
}
"""By the name of a change (``changes.Change.name``)."""
