"""Mistakes that no simulated run can show: why, for each, and which tests see it instead.

Nothing here was left out because it was not found in time: either nothing in the world of the
simulation does what the mistake needs, or a second line holds what the first has let pass, so that
no promise is broken. All but the last four are of the protocol's own catalogue
(``tests.robotrader.execution.mutants``), which hunts them with unit tests; a file that is named has
a test that sees its mistake; the last two are seen by nobody, as they change nothing.
"""

from __future__ import annotations

from typing import Final

UNSEEN: Final[dict[str, str]] = {
    "submitted-twice": "nothing in the tree says an approval twice",
    "change-adds-shares": "only the guard changes orders, and never to more shares",
    "connection-not-looked-at-again": "a second line: the port sends nothing in an older "
    "connection, so the order ends as refused and not as abandoned",
    "old-epoch": "one process at a time has the journal: row 45 has its own test",
    "fill-of-an-old-connection": "the port hands on nothing of a connection that has ended, and "
    "every fill is in the next snapshot",
    "status-of-an-old-connection": "the port hands on nothing of a connection that has ended",
    "impossible-fill-is-booked-raw": "the venue fills no negative quantities",
    "duplicate-number-is-cancelled": "numbers are above everything that ever was: nobody says 103",
    "number-of-nextValidId-used": "the journal has every number that there is: row 47 has its own "
    "test",
    "numbers-without-end": "two thousand million orders are more than a run has",
    "second-permid-is-fine": "the venue gives an order one permId",
    "abandoned-without-a-fence": "an order that comes late is found and cancelled by its state; "
    "the fence is for a TWS that takes the cancel before the order, which this venue does not",
    "late-snapshot-is-awaited-for-ever": "the port answers every question within eight seconds, "
    "with what is missing, or says that the link has changed: the deadline is a second line",
    "old-journal-trades": "no journal is put back: row 47 has its own test",
    "torn-bracket-stays": "a second line: the guard cancels an entry whose stop has ended at its "
    "next look, also in the next process; tests/robotrader/execution/test_reconcile.py sees it",
    "second-stop-is-placed": "a second line: the gate counts a stop that it has approved, and "
    "refuses the second; tests/robotrader/execution/test_guard_missing.py sees it",
    "symbols-scope-is-nobodys": "a second line: the order manager asks with scopes of its own, so "
    "that nothing leaves; tests/robotrader/risk/test_switch.py sees it",
    "restart-doubts-nothing": "a second line: the link that comes back doubts every order again, "
    "before anything may be sent",
    "trips-begin-the-flatten-anew": "what was cancelled is closed by the next try, a moment later; "
    "tests/robotrader/execution/test_orders.py sees it",
    "restart-does-not-ask-for-the-link": "the gate restarts with the order manager, and asks for "
    "the link by way of it: the answer comes to both",
}
