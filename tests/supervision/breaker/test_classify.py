"""What exceptions and codes say about a service (cases 101-109)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from supervision.breaker import (
    FAILURE,
    IGNORED,
    RELEASED,
    SUCCESS,
    AsksToOpen,
    CallEnded,
    CallTimeout,
    Cause,
    Classifier,
    ConfigError,
    Outcome,
    Row,
    State,
    Transition,
    Verdict,
    VerdictTable,
)
from supervision.clock import to_ns
from tests.supervision.breaker.support import Counted, Front


class Reject(Exception):
    """A business reject."""


class LimitReject(Reject):
    """One kind of it."""


def caused(outer: Exception, cause: BaseException) -> Exception:
    outer.__cause__ = cause
    return outer


def test_breaker_101_classes_cover_subclasses_and_predicates_mix_with_them() -> None:
    rule = Classifier(ignore=[Reject, lambda error: "later" in str(error)])
    assert rule.exception(LimitReject()) is IGNORED
    assert rule.exception(OSError("try later")) is IGNORED
    assert rule.exception(OSError("down")) is FAILURE


def test_breaker_101_the_lists_change_at_run_time() -> None:
    rule = Classifier()
    rule.ignore.add(Reject)
    assert rule.exception(LimitReject()) is IGNORED
    rule.ignore.remove(Reject)
    assert rule.exception(LimitReject()) is FAILURE
    with pytest.raises(ValueError, match="not in the list"):
        rule.ignore.remove(Reject)


def test_breaker_102_no_record_list_records_all_and_a_list_only_its_classes() -> None:
    assert Classifier().exception(KeyError()) is FAILURE
    rule = Classifier(record=[OSError])
    assert rule.exception(ConnectionResetError()) is FAILURE
    assert rule.exception(KeyError()) is SUCCESS


@pytest.mark.parametrize(("ignore_wins", "verdict"), [(True, IGNORED), (False, FAILURE)])
def test_breaker_103_ignore_wins_over_record_unless_switched(
    ignore_wins: bool, verdict: Verdict
) -> None:
    rule = Classifier(record=[OSError], ignore=[ConnectionError], ignore_wins=ignore_wins)
    assert rule.exception(ConnectionError()) is verdict


def test_breaker_104_neither_recorded_nor_ignored_counts_as_success() -> None:
    front = Front(classifier=Classifier(record=[OSError], ignore=[Reject]))
    with pytest.raises(KeyError):
        front.guard.call(Counted(error=KeyError()))
    assert front.guard.metrics().calls[Outcome.SUCCESS] == 1


def test_breaker_105_a_wrapped_exception_is_judged_by_its_cause() -> None:
    rule = Classifier(record=[OSError], ignore=[Reject])
    assert rule.exception(caused(RuntimeError("wrapped"), OSError())) is FAILURE
    assert rule.exception(caused(RuntimeError(), caused(RuntimeError(), Reject()))) is IGNORED
    assert rule.exception(caused(RuntimeError(), KeyError())) is SUCCESS
    assert rule.exception(caused(LimitReject(), OSError())) is IGNORED, "it is named itself"


def test_breaker_105_a_group_is_judged_by_its_worst_member() -> None:
    rule = Classifier(record=[OSError], ignore=[Reject])
    assert rule.exception(ExceptionGroup("g", [Reject(), OSError()])) is FAILURE
    assert rule.exception(ExceptionGroup("g", [Reject(), KeyError()])) is IGNORED
    nested = ExceptionGroup("g", [ExceptionGroup("h", [KeyError()])])
    assert rule.exception(nested) is SUCCESS
    assert rule.exception(BaseExceptionGroup("g", [OSError(), SystemExit()])) is RELEASED


def test_breaker_105_a_circle_of_causes_ends() -> None:
    one, two = RuntimeError(1), RuntimeError(2)
    one.__cause__, two.__cause__ = two, one
    assert Classifier().exception(one) is FAILURE


def test_breaker_105_a_timeout_made_of_a_cancellation_is_a_failure() -> None:
    error = caused(TimeoutError(), asyncio.CancelledError())
    assert Classifier().exception(error) is FAILURE
    assert Classifier().exception(CallTimeout("b", 1, 2)) is FAILURE


@pytest.mark.parametrize("kind", [RecursionError, MemoryError])
def test_breaker_106_errors_of_the_interpreter_return_the_permit(kind: type[Exception]) -> None:
    front = Front(consecutive_failures=1)
    with pytest.raises(kind):
        front.guard.call(Counted(error=kind()))
    assert front.state() is State.CLOSED
    assert front.guard.metrics().calls == {
        **dict.fromkeys(Outcome, 0),
        Outcome.RELEASED: 1,
    }


def test_breaker_107_an_exception_can_open_for_a_duration_whatever_the_rates() -> None:
    front = Front(open_s=60.0)
    for _ in range(20):
        front.guard.call(Counted())
    with pytest.raises(AsksToOpen):
        front.guard.call(Counted(error=AsksToOpen("pacing", open_for_ns=to_ns(7))))
    assert (front.state(), front.machine.remaining_ns(0)) == (State.OPEN, to_ns(7))
    assert front.events(Transition)[-1].cause is Cause.REQUESTED


@pytest.mark.parametrize(("until_s", "remaining_ns"), [(9, to_ns(4)), (1, 1)])
def test_breaker_107_an_exception_can_open_until_an_instant(
    until_s: float, remaining_ns: int
) -> None:
    front = Front()
    front.clock.advance(5)
    with pytest.raises(AsksToOpen):
        front.guard.call(Counted(error=AsksToOpen("banned", open_until_ns=to_ns(until_s))))
    assert front.machine.remaining_ns(to_ns(5)) == remaining_ns


def test_breaker_107_only_a_closed_breaker_opens_by_request() -> None:
    error = AsksToOpen("pacing", open_for_ns=to_ns(7))
    measuring = Front(initial_state=State.METRICS_ONLY)
    with pytest.raises(AsksToOpen):
        measuring.guard.call(Counted(error=error))
    assert measuring.state() is State.METRICS_ONLY
    probing = Front(minimum_calls=1, permitted_half_open=2, open_s=10.0)
    probing.guard.note(FAILURE)
    probing.clock.advance(10)
    with pytest.raises(AsksToOpen):
        probing.guard.call(Counted(error=error))
    assert probing.state() is State.HALF_OPEN


def test_breaker_107_a_request_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="open_for_ns is 0"):
        Verdict(Outcome.FAILURE, open_for_ns=0)
    with pytest.raises(ConfigError, match="not both"):
        Verdict(Outcome.FAILURE, open_for_ns=1, open_until_ns=1)
    with pytest.raises(ConfigError, match="outcome"):
        Verdict(Outcome.SUCCESS, open_for_ns=1)


PACING = Verdict(Outcome.FAILURE, open_for_ns=to_ns(15))
ALERT = Verdict(Outcome.FAILURE, alert=True)
DATA = frozenset({"data"})
IBKR = VerdictTable(
    {
        **{code: Row(FAILURE) for code in (502, 504, 1100, 1300)},
        **{code: Row(FAILURE, only=DATA) for code in (2103, 2105, 2110)},
        **{code: Row(IGNORED) for code in (135, 201, 202, 10147)},
        **{code: Row(PACING) for code in (100, 420)},
        103: Row(ALERT),
    }
)


class BrokerError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


def broker(scope: str) -> Classifier:
    return Classifier(judges=[IBKR.judge(scope, lambda error: getattr(error, "code", None))])


@pytest.mark.parametrize(
    ("code", "orders", "data"),
    [
        *((code, FAILURE, FAILURE) for code in (502, 504, 1100, 1300)),
        *((code, IGNORED, FAILURE) for code in (2103, 2105, 2110)),
        *((code, IGNORED, IGNORED) for code in (135, 201, 202, 10147)),
        *((code, PACING, PACING) for code in (100, 420)),
        (103, ALERT, ALERT),
    ],
)
def test_breaker_108_a_brokers_codes_mean_what_the_table_says(
    code: int, orders: Verdict, data: Verdict
) -> None:
    assert broker("orders").exception(BrokerError(code)) is orders
    assert broker("data").exception(BrokerError(code)) is data


def test_breaker_108_a_code_without_a_row_is_judged_by_the_other_rules() -> None:
    assert broker("orders").exception(BrokerError(999)) is FAILURE
    assert broker("orders").exception(KeyError()) is FAILURE
    assert IBKR.verdict(999, "orders") is None


def test_breaker_108_a_pacing_violation_opens_and_a_duplicate_id_alerts() -> None:
    front = Front(classifier=broker("orders"))
    with pytest.raises(BrokerError):
        front.guard.call(Counted(error=BrokerError(103)))
    assert [event.alert for event in front.events(CallEnded)] == [True]
    with pytest.raises(BrokerError):
        front.guard.call(Counted(error=BrokerError(420)))
    assert front.machine.remaining_ns(0) == to_ns(15)


def test_breaker_109_a_rule_that_raises_is_a_failure_is_logged_and_breaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(value: object) -> bool:
        message = f"cannot judge {value!r}"
        raise ZeroDivisionError(message)

    front = Front(
        classifier=Classifier(ignore=[broken], failing_results=[broken]), consecutive_failures=3
    )
    with caplog.at_level(logging.ERROR), pytest.raises(KeyError):
        front.guard.call(Counted(error=KeyError()))
    assert front.guard.call(Counted(value=1)) == 1
    assert front.guard.metrics().calls[Outcome.FAILURE] == 2
    assert sum("counted as failure" in record.message for record in caplog.records) == 2
    assert front.guard.call(Counted(value=1)) == 1
    assert front.state() is State.OPEN
