"""Seeded mistakes in the journal: its actor, its snapshots, its tables."""

from __future__ import annotations

from typing import Final

from tests.supervision.mutants.mutant import Mutant

_ACTOR = "actors/journal.py"
_FOLLOWERS = "actors/followers.py"
_KEPT = "robotrader/execution/kept.py"
_LOG = "robotrader/journal/log.py"
_SNAPSHOTS = "actors/snapshots.py"
_STORE = "robotrader/journal/store.py"

JOURNALS: Final = (
    Mutant(
        "answered-before-the-disk",
        _ACTOR,
        "            self._waiting.append(_Waiting(commit, entries))",
        "            _answer(commit, [Fate.WRITTEN] * len(entries))\n"
        "            self._waiting.append(_Waiting(commit, entries))",
        "a commit is acknowledged before it is on the disk (I6)",
    ),
    Mutant(
        "refusal-is-an-answer",
        _ACTOR,
        "                for each in batch:\n"
        "                    _refuse(each.commit, str(error))\n",
        "                for each in batch:\n"
        "                    _answer(each.commit, [Fate.WRITTEN] * len(each.entries))\n",
        "a full disk acknowledges what it has not (row 39)",
    ),
    Mutant(
        "refusal-is-silent",
        _ACTOR,
        "                for each in batch:\n"
        "                    _refuse(each.commit, str(error))\n",
        "                pass\n",
        "who waits for a full disk waits for ever (W6)",
    ),
    Mutant(
        "followers-are-told-before",
        _ACTOR,
        "                with self._memory.lock:\n                    self._own.check()\n"
        "                    begun_ns",
        "                unkept = [(0, r) for each in batch for r in each.commit.records]\n"
        "                for each in self._followers.leave(unkept):\n"
        "                    each.who.wake()\n"
        "                with self._memory.lock:\n                    self._own.check()\n"
        "                    begun_ns",
        "followers believe what is not on the disk (I12)",
    ),
    Mutant(
        "followers-are-not-told",
        _ACTOR,
        "        woken = self._followers.leave(told)\n",
        "        woken = self._followers.leave([])\n",
        "what is durable is told to nobody",
    ),
    Mutant(
        "follower-hears-the-past-only",
        _FOLLOWERS,
        "            self._all.append(follow)\n",
        "",
        "who has folded the journal hears nothing more of it",
    ),
    Mutant(
        "last-of-the-lazy-is-lost",
        _ACTOR,
        "        for commit in lazy:\n",
        "        for commit in lazy[:-1]:\n",
        "of records that nobody awaits the last is not written",
    ),
    Mutant(
        "tail-behind-a-snapshot-is-left-out",
        _FOLLOWERS,
        "            _replay(follow, store, _restore(follow, base))\n",
        "            after = _restore(follow, base)\n"
        "            _replay(follow, store, after if after == GENESIS else store.tip)\n",
        "who begins with a snapshot misses what came after it (row 36)",
    ),
    Mutant(
        "snapshot-is-not-told",
        _FOLLOWERS,
        "    follow.who.tell_urgent(Restored(Base(base.tip, slices)))\n",
        "",
        "who begins with a snapshot knows only what came after it (row 36)",
    ),
    Mutant(
        "snapshot-leaves-records-out",
        _SNAPSHOTS,
        "            for frame in frames:\n",
        "            for frame in frames[1:]:\n",
        "a snapshot is not the fold of what is before it (I3b)",
    ),
    Mutant(
        "snapshot-forgets-awaited",
        _KEPT,
        "    book.awaited.fill((ref, book.orders[ref]) for ref in state.awaited)\n",
        "",
        "after a snapshot no fills are awaited that were (rows 21, 36)",
    ),
    Mutant(
        "snapshot-forgets-the-switch",
        _KEPT,
        "    book.halted, book.blocked = set(state.halted), dict(state.blocked)\n",
        "",
        "after a snapshot nothing is halted (rows 31, 36)",
    ),
    Mutant(
        "snapshot-forgets-stops",
        _KEPT,
        "    book.stops.fill(state.stops)\n    book.legs = dict(state.legs)\n",
        "",
        "after a snapshot no stop is known to be missing (F74, row 36)",
    ),
    Mutant(
        "snapshot-forgets-holdings",
        _KEPT,
        "    book.holdings.fill(state.holdings)\n",
        "",
        "after a snapshot it is not known who holds what (row 36)",
    ),
    Mutant(
        "snapshot-forgets-numbers",
        _KEPT,
        "    book.identities.restore(state.identities)\n",
        "",
        "after a snapshot an order id is used again (W5, row 36)",
    ),
    Mutant(
        "numbers-have-holes",
        _LOG,
        "        seq += 1\n        data = frames.joined(",
        "        seq += 1 + (entry.entering and seq % 50 == 0)\n        data = frames.joined(",
        "the records' numbers have a hole (I9)",
    ),
    Mutant(
        "tip-is-not-written",
        _LOG,
        '        _put_meta(txn, b"tip", _TIP.pack(seq, digest))\n    return Written(',
        "        pass\n    return Written(",
        "the journal's end is not where it says: it cannot be opened (I9)",
    ),
    Mutant(
        "chain-breaks",
        _LOG,
        "        digest = frames.digest(data)\n        log.append",
        "        digest = digest if seq % 40 == 0 else frames.digest(data)\n        log.append",
        "a record does not name the one before it (I9)",
    ),
)
