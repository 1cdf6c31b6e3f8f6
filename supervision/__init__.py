"""Supervised actors on pykka: OTP's supervision for Python threads, pools, loops and simulations.

The names that users need are here; docs/supervision.md explains them point by point. A name's
module is imported when the name is first asked for: whoever only sends a pulse, or starts heart,
waits for no actors.
"""

from typing import TYPE_CHECKING

from supervision.late import late_names

if TYPE_CHECKING:
    from supervision.actor import DEFERRED, Actor
    from supervision.backoff import Backoff
    from supervision.backoff_actor import BackoffSupervisor
    from supervision.breaker_actor import BreakerActor
    from supervision.breaker_port import BreakerPort, BreakerUnreachable
    from supervision.clock import Clock, ManualClock, MonotonicClock
    from supervision.directives import Directive, Resilient
    from supervision.dynamic import DynamicSupervisor
    from supervision.errors import (
        ActorStartError,
        Deadlock,
        DeathPact,
        MailboxFull,
        StaleIncarnation,
        SupervisionError,
        Unavailable,
        WouldBlock,
    )
    from supervision.faults import Fault, FaultPoints
    from supervision.future import Future
    from supervision.groups import Groups, Joined, Left
    from supervision.mailbox import MailboxSpec
    from supervision.messages import Down, Exit, Monitor
    from supervision.observe import NullObserver, Observer
    from supervision.partition import Router, partitioned, stable_hash
    from supervision.reasons import (
        KILLED,
        LOST,
        NOPROC,
        NORMAL,
        SHUTDOWN,
        Crash,
        ExitReason,
        Hung,
        Killed,
        Lost,
        NoProc,
        Normal,
        Shutdown,
        ShutdownInfo,
    )
    from supervision.ref import ActorRef
    from supervision.registry import NamedRef, Registry
    from supervision.root import stop_root
    from supervision.simulation import Simulation
    from supervision.spec import ChildSpec, SupervisorFlags
    from supervision.starting import IGNORE, Info, StartError
    from supervision.statem import StateMachine
    from supervision.supervisor import Supervisor
    from supervision.system import ActorSystem
    from supervision.tasks import Task, run_task, stream, task_supervisor
    from supervision.watchdog import Watchdog
else:
    __getattr__ = late_names(
        __name__,
        {
            "actor": "DEFERRED Actor",
            "backoff": "Backoff",
            "backoff_actor": "BackoffSupervisor",
            "breaker_actor": "BreakerActor",
            "breaker_port": "BreakerPort BreakerUnreachable",
            "clock": "Clock ManualClock MonotonicClock",
            "directives": "Directive Resilient",
            "dynamic": "DynamicSupervisor",
            "errors": (
                "ActorStartError Deadlock DeathPact MailboxFull StaleIncarnation "
                "SupervisionError Unavailable WouldBlock"
            ),
            "faults": "Fault FaultPoints",
            "future": "Future",
            "groups": "Groups Joined Left",
            "mailbox": "MailboxSpec",
            "messages": "Down Exit Monitor",
            "observe": "NullObserver Observer",
            "partition": "Router partitioned stable_hash",
            "reasons": (
                "KILLED LOST NOPROC NORMAL SHUTDOWN Crash ExitReason Hung Killed Lost "
                "NoProc Normal Shutdown ShutdownInfo"
            ),
            "ref": "ActorRef",
            "registry": "NamedRef Registry",
            "root": "stop_root",
            "simulation": "Simulation",
            "spec": "ChildSpec SupervisorFlags",
            "starting": "IGNORE Info StartError",
            "statem": "StateMachine",
            "supervisor": "Supervisor",
            "system": "ActorSystem",
            "tasks": "Task run_task stream task_supervisor",
            "watchdog": "Watchdog",
        },
    )

__all__ = [
    "DEFERRED",
    "IGNORE",
    "KILLED",
    "LOST",
    "NOPROC",
    "NORMAL",
    "SHUTDOWN",
    "Actor",
    "ActorRef",
    "ActorStartError",
    "ActorSystem",
    "Backoff",
    "BackoffSupervisor",
    "BreakerActor",
    "BreakerPort",
    "BreakerUnreachable",
    "ChildSpec",
    "Clock",
    "Crash",
    "Deadlock",
    "DeathPact",
    "Directive",
    "Down",
    "DynamicSupervisor",
    "Exit",
    "ExitReason",
    "Fault",
    "FaultPoints",
    "Future",
    "Groups",
    "Hung",
    "Info",
    "Joined",
    "Killed",
    "Left",
    "Lost",
    "MailboxFull",
    "MailboxSpec",
    "ManualClock",
    "Monitor",
    "MonotonicClock",
    "NamedRef",
    "NoProc",
    "Normal",
    "NullObserver",
    "Observer",
    "Registry",
    "Resilient",
    "Router",
    "Shutdown",
    "ShutdownInfo",
    "Simulation",
    "StaleIncarnation",
    "StartError",
    "StateMachine",
    "SupervisionError",
    "Supervisor",
    "SupervisorFlags",
    "Task",
    "Unavailable",
    "Watchdog",
    "WouldBlock",
    "partitioned",
    "run_task",
    "stable_hash",
    "stop_root",
    "stream",
    "task_supervisor",
]
