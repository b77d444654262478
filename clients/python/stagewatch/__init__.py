"""stagewatch, the worker's side: progress, sentinels and a broker connection that are right by default."""

from .errors import JobFailed, UsageError, WaitTimeout
from .job import Job
from .main import worker_main
from .sentinel import write_failure, write_success
from .stacks import dump_stacks_on_signal
from .waiting import forget, wait

__all__ = [
    "Job",
    "JobFailed",
    "UsageError",
    "WaitTimeout",
    "dump_stacks_on_signal",
    "forget",
    "wait",
    "worker_main",
    "write_failure",
    "write_success",
]
__version__ = "0.1.0"
