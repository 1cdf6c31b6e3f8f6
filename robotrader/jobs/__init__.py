"""Lists of independent jobs, and whoever runs them: sweeps, simulated seeds, optimisations."""

from robotrader.jobs.port import Executor, InProcess, JobFailed, WorkerDied

__all__ = ["Executor", "InProcess", "JobFailed", "WorkerDied"]
