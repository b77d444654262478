"""Celery tasks as jobs: progress and sentinels by Celery's own signals, without a change to the tasks."""

from __future__ import annotations

import logging
from typing import Any, Callable, Mapping, Optional, Sequence

from celery import Celery, signals

from .errors import UsageError
from .job import Job, as_data
from .stacks import dump_stacks_on_signal

log = logging.getLogger("stagewatch")

DocumentOf = Callable[[Sequence[Any], Mapping[str, Any]], Optional[str]]

#: A worker process of Celery's pool runs one task at a time.
_current: Optional[Job] = None


def install(
    app: Celery,
    *,
    stage: Optional[str] = None,
    sentinel: Optional[str] = None,
    document: Optional[DocumentOf] = None,
    progress: Optional[str] = None,
    name: Optional[str] = None,
    durable: bool = True,
) -> None:
    """Call it once beside the app. ``document`` finds a task's document; without it the keyword argument ``document``
    or the first positional one is taken. ``stage``: without it ``STAGEWATCH_STAGE``, else the task's name.

    Start the worker with ``--concurrency 1``: a container has one progress file. A task that is tried again writes no
    failure sentinel until its last attempt fails.
    """
    find = document or _first_argument

    def begin(task: Any = None, args: Sequence[Any] = (), kwargs: Optional[Mapping[str, Any]] = None, **_: Any) -> None:
        global _current
        if task.app is not app:
            return
        _current = Job(
            find(args, kwargs or {}),
            stage or None,
            sentinel=sentinel,
            progress=progress,
            name=name,
            durable=durable,
        )
        _current.stage = _current.stage or task.name
        _current.forget_failure()
        _current.start()

    def succeeded(result: Any = None, **_: Any) -> None:
        if _current is None:
            return
        data = as_data(result)
        if data:
            _current.result(**data)
        try:
            _current.succeed()
        except OSError as error:
            log.error("done, but its sentinel cannot be written: %s", error)

    def failed(exception: Optional[BaseException] = None, **_: Any) -> None:
        if _current is None or exception is None:
            return
        try:
            _current.fail(exception)
        except OSError as error:
            log.error("failed, but its sentinel cannot be written: %s", error)

    def end(**_: Any) -> None:
        global _current
        job, _current = _current, None
        if job is not None:
            job.close()

    def started(**_: Any) -> None:
        dump_stacks_on_signal()

    # Held by their senders only weakly otherwise, and gone at the end of this function.
    signals.task_prerun.connect(begin, weak=False)
    signals.task_success.connect(succeeded, weak=False)
    signals.task_failure.connect(failed, weak=False)
    signals.task_postrun.connect(end, weak=False)
    signals.worker_process_init.connect(started, weak=False)


def current_job() -> Job:
    """The job of the task that runs, to report its steps."""
    if _current is None:
        raise UsageError("current_job: no task runs here, or stagewatch.celery.install(app) was not called")
    return _current


def _first_argument(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Optional[str]:
    found = kwargs.get("document", args[0] if args else None)
    return str(found) if isinstance(found, (str, int)) else None
