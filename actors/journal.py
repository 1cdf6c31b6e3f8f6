"""The journal's actor: makes records durable in batches, and tells them to whoever follows.

What waits in the mailbox when a batch is written goes into the next one: the actor puts a note
behind what is queued and writes when it comes to it, at once where nothing is queued. One
transaction, one sync, one answer each.

A record of which nobody awaits the commit waits a moment for one that somebody does: what a
strategy has decided is then one transaction, and one sync, with the order that follows from it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actors import snapshots
from actors.followers import Followers, wake
from actors.messages import AskSuspended, Recall
from actors.recalled import recalled
from actors.say import (
    AskMeters,
    AskTail,
    Commit,
    Committed,
    Follow,
    NotCommitted,
    Tail,
    tell,
    unknown,
)
from robotrader.domain import records as rec
from robotrader.journal import DiskFull, Entry, Fate, InvalidEntry
from robotrader.meters import Histogram, Sample
from robotrader.recovery import CATALOGUE, STRATEGIES, Base, Holder, Remembered, index_rows
from supervision import Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.domain.records import Record
    from robotrader.journal import Receipt, Store

BATCH: Final = 256
"""Entries in one transaction; more make a batch no faster and whoever came first wait longer."""

LINGER_S: Final = 0.002
"""How long a record waits for company if nobody waits for it: an order that follows from it comes
within one."""

KEPT: Final = 5_000
"""The newest records, for who looks at the journal of a running system."""

_WRITE: Final = "write"
_STEP: Final = "step"
_LINGERED: Final = "lingered"
_RECORDS: Final = tuple(rec.TYPE_IDS.values())
_OF_STRATEGIES: Final = frozenset(
    type_id
    for type_id, struct in rec.TYPE_IDS.items()
    if struct in {rec.StrategySaved, rec.MessageQuarantined, rec.SuspensionChanged}
)


class JournalMemory:
    """What outlives an incarnation: the open store, which one thread at a time may use.

    An incarnation that is killed runs no hook; its successor closes the store for it, once its last
    write is over.
    """

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._store: Store | None = None
        self.lock = threading.Lock()

    def open(self) -> Store:
        """Open the store, which begins an epoch."""
        self.close()
        with self.lock:
            self._store = self._open_store()
            return self._store

    def close(self) -> None:
        """Let others open it."""
        with self.lock:
            store, self._store = self._store, None
            if store is not None:
                store.close()


class Journal(Actor):
    """See the module's prose.

    Args:
        memory: the store; every incarnation opens it anew.
        wall_ns: the time of day, for the records.
        holder: whose journal it is, for the snapshots.
        every_records: how many records make a new snapshot due.
    """

    runtime = "thread"
    mailbox = MailboxSpec(capacity=100_000)
    hang_budget_s = 10.0
    hang_policy = "exit"

    def __init__(
        self,
        memory: JournalMemory,
        wall_ns: Callable[[], int] = time.time_ns,
        holder: Holder | None = None,
        every_records: int = snapshots.EVERY_RECORDS,
    ) -> None:
        super().__init__()
        self._memory, self._wall_ns = memory, wall_ns
        self._holder, self._every_records = holder or Holder(), every_records
        self._store: Store | None = None
        self._waiting: list[_Waiting] = []
        self._lazy: list[Commit] = []
        self._noted = self._lingers = False
        self._followers = Followers()
        self._snapshots: snapshots.Snapshots | None = None
        self._stepping = False
        self._strategies = Remembered()
        self._recent: deque[tuple[int, int, int, Record]] = deque(maxlen=KEPT)
        self._written: Counter[str] = Counter()
        self._took = Histogram()
        self._refused = 0
        self._serving: dict[type, Callable[[Any], Any]] = {
            **dict.fromkeys(_RECORDS, lambda record: self._take(Commit(0, (record,)))),
            Commit: self._take,
            str: self._noticed,
            Follow: self._join,
            Recall: self._recall,
            AskSuspended: self._recall,
            AskTail: self._tail,
            AskMeters: lambda _: self._samples(),
        }

    def on_start(self) -> None:
        """Open the store, which begins a new epoch, and read what strategies remember."""
        self._own = self.incarnation  # making one spells out where it is in the tree
        store = self._store = self._memory.open()
        self._snapshots = snapshots.Snapshots(
            store, self._holder, self._wall_ns, self._every_records
        )
        base = self._snapshots.base
        self._strategies = Remembered(base.part(STRATEGIES))
        for frame in store.replay(base.tip):
            if frame.type_id in _OF_STRATEGIES:
                self._strategies.apply(CATALOGUE.decode(frame))
        for frame in store.newest(KEPT):
            row = (frame.seq, frame.epoch, frame.wall_ns, CATALOGUE.decode(frame))
            self._recent.append(row)
        self._look_at_snapshots()

    def on_stop(self) -> None:
        """Write what waits, and a snapshot for the next start; let others open the store."""
        self._write()
        if self._snapshots is not None and self._store is not None:
            with self._memory.lock:
                self._snapshots.finish(self._cell.system.now_ns)
        self._close()

    def on_failure(self, *_: Any) -> None:
        """Let the next incarnation open the store; it finds what was answered."""
        self._close()

    @property
    def _base(self) -> Base:
        return Base() if self._snapshots is None else self._snapshots.base

    def _close(self) -> None:
        if self._store is not None:
            self._store = None
            self._memory.close()

    @property
    def store(self) -> Store:
        """The open store."""
        assert self._store is not None, "between start and stop"
        return self._store

    def on_receive(self, message: Any) -> Any:
        """Collect commits, write them, replay to who follows, answer questions."""
        serve = self._serving.get(type(message))
        if serve is None:
            raise unknown(self, message)
        answer = serve(message)
        if self._lazy and not self._cell.queue:
            self._linger()
        return answer

    def _noticed(self, note: str) -> Any:
        if note == _WRITE:
            self._noted = False
            self._write()
        elif note == _LINGERED:
            self._lingers = False
            self._write()
            self._look_at_snapshots()
        elif note == _STEP:
            self._step()
        elif note == "health":
            return self.store.health()
        else:
            raise unknown(self, note)
        return None

    def _join(self, follow: Follow) -> None:
        self._write()
        self._followers.join(follow, self.store, self._base)

    def _recall(self, ask: Recall | AskSuspended) -> Any:
        self._write()
        return recalled(self._strategies, ask)

    def _take(self, commit: Commit) -> None:
        """Queue a commit for the next batch, or until somebody waits for one."""
        if commit.reply_to is None:
            self._lazy.append(commit)
            if len(self._lazy) >= BATCH:
                self._write()
            return
        self._enter_lazy()
        self._enter(commit)
        if self._noted:
            return
        if self._cell.queue:
            self._noted = True
            self.actor_ref.tell(_WRITE)
        else:
            self._write()

    def _linger(self) -> None:
        """Wait for company, where none is queued already: a timer wakes its thread twice."""
        if not self._lingers:
            self._lingers = True
            self.send_after(LINGER_S, _LINGERED)

    def _enter(self, commit: Commit) -> None:
        """Encode a commit for the next batch; what cannot be is refused alone."""
        wall_ns = self._wall_ns()
        try:
            entries = [
                self._entry(record, wall_ns, entering=commit.entering) for record in commit.records
            ]
        except InvalidEntry as error:
            self._refused += 1
            _refuse(commit, str(error))
        else:
            self._waiting.append(_Waiting(commit, entries))

    def _enter_lazy(self) -> None:
        """Put what waited for company before what comes now."""
        lazy, self._lazy = self._lazy, []
        for commit in lazy:
            self._enter(commit)

    def _write(self) -> None:
        self._enter_lazy()
        while self._waiting:
            batch = self._cut()
            entries = [entry for each in batch for entry in each.entries]
            try:
                with self._memory.lock:
                    self._own.check()
                    begun_ns = self._cell.system.now_ns()
                    receipts = self.store.append(entries)
                    took_ns = self._cell.system.now_ns() - begun_ns
            except DiskFull as error:
                self._refused += len(batch)
                for each in batch:
                    _refuse(each.commit, str(error))
            else:
                self._answer_all(batch, receipts)
                self._took.add(took_ns)

    def _cut(self) -> list[_Waiting]:
        """Take whole commits, up to a batch."""
        count = size = 0
        for each in self._waiting:
            size += len(each.entries)
            if count and size > BATCH:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _answer_all(self, batch: list[_Waiting], receipts: Sequence[Receipt]) -> None:
        told: list[tuple[int, Record]] = []
        answers: list[tuple[Commit, list[Fate]]] = []
        written = iter(receipts)
        for commit, _ in batch:
            fates: list[Fate] = []
            for record in commit.records:
                receipt = next(written)  # one for each; a store that gave fewer ends this actor
                fates.append(receipt.fate)
                if receipt.fate is Fate.WRITTEN:
                    told.append((receipt.seq, record))
            answers.append((commit, fates))
        woken = self._followers.leave(told)
        for commit, fates in answers:
            _answer(commit, fates)
        wake(woken, [commit.reply_to for commit, _ in answers])
        self._note(told)

    def _note(self, told: list[tuple[int, Record]]) -> None:
        """Keep what was written, for who asks."""
        if told:
            wall_ns, epoch = self._wall_ns(), self.store.epoch
            for seq, record in told:
                self._strategies.apply(record)
                self._written[type(record).__name__] += 1
                self._recent.append((seq, epoch, wall_ns, record))

    def _entry(self, record: Record, wall_ns: int, *, entering: bool) -> Entry:
        type_id, version, payload = CATALOGUE.encode(record)
        return Entry(
            type_id,
            version,
            payload,
            incarnation=self._own.n,
            wall_ns=wall_ns,
            rows=tuple(index_rows(record)),
            entering=entering,
        )

    def _samples(self) -> tuple[Sample, ...]:
        health = self.store.health()
        return (
            *(Sample("journal_records", n, (kind,)) for kind, n in self._written.items()),
            Sample("journal_commit_seconds", self._took.shot()),
            Sample("journal_refused", self._refused),
            Sample("journal_tip", health.tip.seq),
            Sample("journal_free_bytes", health.free_bytes),
            Sample("journal_bytes", health.used_bytes),
            Sample("journal_trouble", bool(health.problem), ("store",)),
            Sample("journal_trouble", bool(health.copy_problem), ("copy",)),
        )

    def _tail(self, ask: AskTail) -> Tail:
        """Return newest records, or those behind a number, as far as they are kept here."""
        kept = [each for each in self._recent if each[0] > ask.after]
        chosen = kept[-ask.count :] if ask.last else kept[: ask.count]
        return Tail(tuple(chosen), self.store.tip.seq)

    # -- snapshots --

    def _look_at_snapshots(self) -> None:
        """Make a step soon, if there is one to make."""
        if not self._stepping and self._snapshots is not None and self._snapshots.due:
            self._stepping = True
            self.send_after(snapshots.STEP_S, _STEP)

    def _step(self) -> None:
        self._stepping = False
        if self._snapshots is None:
            return
        self._write()
        with self._memory.lock:
            self.incarnation.check()
            more = self._snapshots.step()
        if more:
            self._stepping = True
            self.send_after(snapshots.STEP_S, _STEP)


class _Waiting(NamedTuple):
    """A commit and its records as they will be written."""

    commit: Commit
    entries: list[Entry]


def _answer(commit: Commit, fates: list[Fate]) -> None:
    if Fate.REFUSED in fates:
        _refuse(commit, "the disk is almost full: only exits and fills are written; make room")
    elif commit.reply_to is not None:
        tell(commit.reply_to, Committed(commit.token, tuple(f is Fate.WRITTEN for f in fates)))


def _refuse(commit: Commit, why: str) -> None:
    if commit.reply_to is not None:
        tell(commit.reply_to, NotCommitted(commit.token, why))
