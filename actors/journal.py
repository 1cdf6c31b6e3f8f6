"""The journal's actor: makes records durable in batches, and tells them to whoever follows.

What waits in the mailbox when a batch is written goes into the next one: the actor puts a note
behind what is queued and writes when it comes to it. One transaction, one sync, one answer each.

A record of which nobody awaits the commit waits a moment for one that somebody does: what a
strategy has decided is then one transaction, and one sync, with the order that follows from it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pykka import ActorDeadError

from actors.messages import Recall, Recalled
from actors.say import (
    AskTail,
    Commit,
    Committed,
    Follow,
    NotCommitted,
    Recorded,
    Replayed,
    Tail,
    tell,
    unknown,
)
from robotrader.domain import records as rec
from robotrader.journal import Catalogue, DiskFull, Entry, Fate, Index, IndexRow, InvalidEntry, Kind
from supervision import Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.domain.records import Record
    from robotrader.journal import Frame, Receipt, Store
    from supervision import ActorRef

BATCH: Final = 256
"""Entries in one transaction; more make a batch no faster and whoever came first wait longer."""

LINGER_S: Final = 0.002
"""How long a record waits for company if nobody waits for it: an order that follows from it comes
within one."""

CHUNK: Final = 1_000
"""Records in one ``Replayed``: a follower's turn stays below a few milliseconds."""

KEPT: Final = 5_000
"""The newest records, for who looks at the journal of a running system."""

CATALOGUE: Final = Catalogue(Kind(type_id, struct) for type_id, struct in rec.TYPE_IDS.items())
_WRITE: Final = "write"
_LINGERED: Final = "lingered"
_RECORDS: Final = tuple(rec.TYPE_IDS.values())
_OF_STRATEGIES: Final = frozenset(
    type_id
    for type_id, struct in rec.TYPE_IDS.items()
    if struct in {rec.StrategySaved, rec.MessageQuarantined}
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
    """

    runtime = "thread"
    mailbox = MailboxSpec(capacity=100_000)
    hang_budget_s = 10.0
    hang_policy = "exit"

    def __init__(self, memory: JournalMemory, wall_ns: Callable[[], int] = time.time_ns) -> None:
        super().__init__()
        self._memory = memory
        self._wall_ns = wall_ns
        self._store: Store | None = None
        self._waiting: list[_Waiting] = []
        self._lazy: list[Commit] = []
        self._noted = self._lingers = False
        self._followers: list[Follow] = []
        self._strategies = _Strategies()
        self._frames: deque[Frame] = deque(maxlen=KEPT)
        self._recent: deque[tuple[int, int, int, Record]] = deque(maxlen=KEPT)

    def on_start(self) -> None:
        """Open the store, which begins a new epoch."""
        self._store = self._memory.open()
        for frame in self._store.replay():
            self._frames.append(frame)
            if frame.type_id in _OF_STRATEGIES:
                self._strategies.apply(CATALOGUE.decode(frame))
        frames, self._frames = self._frames, deque(maxlen=KEPT)
        for frame in frames:
            row = (frame.seq, frame.epoch, frame.wall_ns, CATALOGUE.decode(frame))
            self._recent.append(row)

    def on_stop(self) -> None:
        """Write what waits and let others open the store."""
        self._write()
        self._close()

    def on_failure(self, *_: Any) -> None:
        """Let the next incarnation open the store; it finds what was answered."""
        self._close()

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
        if isinstance(message, Commit):
            self._take(message)
        elif message == _WRITE:
            self._noted = False
            self._write()
        elif message == _LINGERED:
            self._lingers = False
            self._write()
        elif isinstance(message, Follow):
            self._write()
            with suppress(ActorDeadError):
                self._replay(message)
        elif isinstance(message, Recall):
            self._write()
            return self._strategies.recall(message.strategy)
        elif isinstance(message, _RECORDS):
            self._take(Commit(0, (message,)))
        elif isinstance(message, AskTail):
            return self._tail(message)
        elif message == "health":
            return self.store.health()
        else:
            raise unknown(self, message)
        return None

    def _take(self, commit: Commit) -> None:
        """Queue a commit for the next batch, or until somebody waits for one."""
        if commit.reply_to is not None:
            self._enter_lazy()
            self._enter(commit)
            if not self._noted:
                self._noted = True
                self.actor_ref.tell(_WRITE)
            return
        self._lazy.append(commit)
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
                    self.incarnation.check()
                    receipts = self.store.append(entries)
            except DiskFull as error:
                for each in batch:
                    _refuse(each.commit, str(error))
            else:
                self._answer_all(batch, receipts)

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
        written = iter(receipts)
        answers: list[tuple[Commit, list[Fate]]] = []
        for commit, entries in batch:
            own = list(islice(written, len(entries)))
            answers.append((commit, [receipt.fate for receipt in own]))
            told += [
                (receipt.seq, record)
                for receipt, record in zip(own, commit.records, strict=True)
                if receipt.fate is Fate.WRITTEN
            ]
        self._tell(told)
        for commit, fates in answers:
            _answer(commit, fates)

    def _tell(self, told: list[tuple[int, Record]]) -> None:
        if told:
            self._followers = [each for each in self._followers if _follows(each, told)]
            wall_ns, epoch = self._wall_ns(), self.store.epoch
            for seq, record in told:
                self._strategies.apply(record)
                self._recent.append((seq, epoch, wall_ns, record))

    def _entry(self, record: Record, wall_ns: int, *, entering: bool) -> Entry:
        type_id, version, payload = CATALOGUE.encode(record)
        return Entry(
            type_id,
            version,
            payload,
            incarnation=self.incarnation.n,
            wall_ns=wall_ns,
            rows=tuple(_rows(record)),
            entering=entering,
        )

    def _tail(self, ask: AskTail) -> Tail:
        """Return newest records, or those behind a number, as far as they are kept here."""
        kept = [each for each in self._recent if each[0] > ask.after]
        chosen = kept[-ask.count :] if ask.last else kept[: ask.count]
        return Tail(tuple(chosen), self.store.tip.seq)

    def _replay(self, follow: Follow) -> None:
        """Send everything in the control lane: who is not started yet reads no other."""
        who: ActorRef[Any] = follow.who
        chunk: list[tuple[int, Record]] = []
        for frame in self.store.replay():
            chunk.append((frame.seq, CATALOGUE.decode(frame)))
            if len(chunk) == CHUNK:
                who.tell_urgent(Replayed(tuple(chunk), last=False))
                chunk = []
        who.tell_urgent(Replayed(tuple(chunk), last=True))
        self._followers.append(follow)


class _Strategies:
    """What strategies want to remember: the newest state, and what is set aside."""

    def __init__(self) -> None:
        self._states: dict[str, bytes] = {}
        self._aside: dict[str, tuple[str, ...]] = {}

    def apply(self, record: Record) -> None:
        """Take in a record of theirs."""
        if isinstance(record, rec.StrategySaved):
            self._states[record.strategy] = record.state
        elif isinstance(record, rec.MessageQuarantined):
            known = self._aside.get(record.actor, ())
            self._aside[record.actor] = (*known, record.message)

    def recall(self, strategy: str) -> Recalled:
        """Return what is known of a strategy."""
        return Recalled(self._states.get(strategy, b""), self._aside.get(strategy, ()))


class _Waiting(NamedTuple):
    """A commit and its records as they will be written."""

    commit: Commit
    entries: list[Entry]


def _follows(follower: Follow, told: list[tuple[int, Record]]) -> bool:
    """Tell a follower what it wants of what was written; return whether it is still there."""
    only = follower.only
    wanted = tuple(each for each in told if not only or type(each[1]) in only)
    return not wanted or tell(follower.who, Recorded(wanted))


def _answer(commit: Commit, fates: list[Fate]) -> None:
    if Fate.REFUSED in fates:
        _refuse(commit, "the disk is almost full: only exits and fills are written; make room")
    elif commit.reply_to is not None:
        tell(commit.reply_to, Committed(commit.token, tuple(f is Fate.WRITTEN for f in fates)))


def _refuse(commit: Commit, why: str) -> None:
    if commit.reply_to is not None:
        tell(commit.reply_to, NotCommitted(commit.token, why))


def _rows(record: Record) -> Iterator[IndexRow]:
    """Yield what a record is found by; an execution is booked once by its row."""
    if isinstance(record, rec.OrderIntended):
        yield IndexRow(Index.REF, record.ref.encode())
        yield IndexRow(Index.OID, record.order_id.to_bytes(8, "big"), record.ref.encode())
    elif isinstance(record, rec.OrderAcked) and record.perm_id:
        yield IndexRow(Index.PERM, record.perm_id.to_bytes(8, "big"), record.ref.encode())
    elif isinstance(record, rec.FillBooked | rec.FillCorrected):
        last = record.exec_id.rpartition(".")[2]
        revision = int(last) if last.isdigit() else 0
        yield IndexRow(Index.EXEC, record.family.encode(), revision=revision)
