"""Who an order is: its reference for ever, its number at the broker.

A reference is ``rt1-<epoch>-<seq>``: the epoch grows whenever a process opens the journal, so no
two processes can make the same one. A number is above everything that the journal, the broker or
any report ever named, and below 2**31, beyond which TWS cannot read it.

A journal that lost its end (a disk that lied, an old copy) makes an epoch begin a second time, and
the broker may have forgotten the orders of the first. But each of them had a number too, and the
next one is the broker's to say: a sequence goes on by as much as the numbers do since the epoch
began, so what a lost life can have given is skipped.
"""

from __future__ import annotations

from typing import Final

from robotrader.domain.errors import OrderError

PREFIX: Final = "rt1-"
LAST_ORDER_ID: Final = 2**31 - 1


def is_ours(ref: str) -> bool:
    """Return whether a reference has our prefix."""
    return ref.startswith(PREFIX)


def parts(ref: str) -> tuple[int, int]:
    """Return the epoch and the sequence number of a reference; zeros if it has none."""
    words = ref.split("-")
    if len(words) == 3 and words[1].isdecimal() and words[2].isdecimal():
        return int(words[1]), int(words[2])
    return 0, 0


def revision(exec_id: str) -> int:
    """Return which correction an execution id is; the highest counts."""
    last = exec_id.rpartition(".")[2]
    return int(last) if last.isdecimal() else 0


class Identities:
    """Hands out references and numbers; hears of every one that exists."""

    def __init__(self) -> None:
        self.epoch = 0
        self._seq = 0
        self._newest = ""
        """The reference that was handed out or heard last: what follows of an order has it too."""

        self._highest_id = 0
        self._begun_id = 0
        """The highest number as the epoch began."""

    def state(self) -> tuple[int, int, int, int]:
        """Return what ``restore`` makes one of that hands out the same."""
        return self.epoch, self._seq, self._highest_id, self._begun_id

    def restore(self, state: tuple[int, int, int, int]) -> None:
        """Go on where another one was."""
        self.epoch, self._seq, self._highest_id, self._begun_id = state
        self._newest = ""

    def begin(self, epoch: int) -> None:
        """Start another epoch: its sequence begins anew."""
        self.epoch, self._seq, self._begun_id = epoch, 0, self._highest_id
        self._newest = ""

    def saw(self, ref: str, order_id: int) -> None:
        """Hear of an order, whoever placed it. Numbers that TWS cannot have are no news."""
        if self._highest_id < order_id <= LAST_ORDER_ID:
            self._highest_id = order_id
        if ref == self._newest or not is_ours(ref):
            return
        self._newest = ref
        epoch, seq = parts(ref)
        if epoch == self.epoch and seq > self._seq:
            self._seq = seq

    def saw_next(self, order_id: int) -> None:
        """Hear the broker's nextValidId; 0 says nothing."""
        self.saw("", order_id - 1)

    def had(self, ref: str) -> bool:
        """Return whether a reference may have been handed out already."""
        return parts(ref) <= (self.epoch, self._seq)

    def left(self) -> int:
        """Return how many numbers there are."""
        return LAST_ORDER_ID - self._highest_id

    def next(self) -> tuple[str, int]:
        """Return a reference and a number that nobody had; raise OrderError if none is left."""
        if self._highest_id >= LAST_ORDER_ID:
            raise OrderError(
                f"order id {self._highest_id} is the last that TWS can read: "
                "reset the API order ids in TWS and start with another client id"
            )
        self._highest_id += 1
        self._seq = max(self._seq + 1, self._highest_id - self._begun_id)
        self._newest = ref = f"{PREFIX}{self.epoch}-{self._seq}"
        return ref, self._highest_id
