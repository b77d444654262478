"""A worker of a RabbitMQ queue: one job at a time, however long, settled once and only on the channel it came on."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any, Mapping, Optional, Union

from . import _attempts
from ._ledger import Joined, Ledger, Outcome, Settle
from ._link import LinkEvents, LinkSettings, PikaLink, check_url
from ._options import Handler, Retry, broker_url, check, check_numbers
from ._process_link import ProcessLink
from ._progress import worker_name
from .errors import UsageError
from .job import Job, as_data
from .message import Delivery, Message, read_message
from .sentinel import check_pattern, failed_path, read_failure
from .stacks import dump_stacks_on_signal

log = logging.getLogger("stagewatch")

_CLOSE_S = 5.0


__all__ = ["WorkerConnection", "broker_url"]


class WorkerConnection(LinkEvents):
    """``WorkerConnection(queue="g3_02", handler=handle, sentinel="/data/{document}/{stage}/sentinel.json").run()``"""

    def __init__(
        self,
        queue: str = "",
        handler: Optional[Handler] = None,
        *,
        url: Optional[str] = None,
        stage: Optional[str] = None,
        sentinel: Optional[str] = None,
        prefetch: int = 1,
        late_ack: bool = True,
        retry: Retry = False,
        max_deliveries: Optional[int] = None,
        retry_delay: float = 10.0,
        stop_timeout: float = 8.0,
        sentinel_patience: float = 600.0,
        durable: bool = True,
        declare: Optional[Mapping[str, Any]] = None,
        document_field: str = "document",
        progress: Optional[str] = None,
        name: Optional[str] = None,
        heartbeat: int = 30,
        connection: str = "thread",
    ) -> None:
        """Every argument is described in docs/worker-kit.md. Raises ``UsageError`` for what cannot work."""
        run = check(queue, handler, prefetch, retry, max_deliveries, connection)
        check_numbers(
            {
                "retry_delay": retry_delay,
                "stop_timeout": stop_timeout,
                "sentinel_patience": sentinel_patience,
                "heartbeat": heartbeat,
            }
        )
        if sentinel is not None:
            check_pattern(sentinel)
        self._queue = queue
        self._handler = run
        self._stage = stage or os.environ.get("STAGEWATCH_STAGE")
        self._sentinel = sentinel
        self._late_ack = late_ack
        self._retry = retry
        self._max_deliveries = max_deliveries
        self._retry_delay = retry_delay
        self._stop_timeout = stop_timeout
        self._patience = sentinel_patience
        self._durable = durable
        self._document_field = document_field
        self._progress = progress
        self._name = worker_name(name)
        settings = LinkSettings(
            url=check_url(broker_url(url)),
            queue=queue,
            prefetch=prefetch,
            name=self._name,
            heartbeat=heartbeat,
            declare=declare,
        )
        self._link: Union[PikaLink, ProcessLink] = (
            PikaLink(settings, self) if connection == "thread" else ProcessLink(settings, self)
        )
        self._ledger = Ledger()
        self._changed = threading.Condition()
        self._job: Optional[Job] = None
        self._stop = threading.Event()
        self._is_draining = False
        self._hurry = threading.Event()
        self._trouble: Optional[str] = None
        self._worker = threading.Thread(target=self._work, name="stagewatch-handler", daemon=True)

    def run(self) -> bool:
        """Work until ``stop`` or SIGTERM; False when the handler did not return within ``stop_timeout``."""
        self._new_job(None).check_folders()
        if threading.current_thread() is threading.main_thread():
            dump_stacks_on_signal()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        self._link.start()
        self._worker.start()
        # Woken now and then, because a signal is not seen on every platform while nothing runs.
        while not self._stop.wait(1.0):
            pass
        return self._drain()

    def stop(self) -> None:
        """Take no more messages, finish the job in hand within ``stop_timeout``; called twice: at once."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    # What the connection tells, in its thread.

    def opened(self, epoch: int) -> None:
        with self._changed:
            self._ledger.opened(epoch)
            trouble, self._trouble = self._trouble, None
        log.info("%s queue %s", "consuming again from" if trouble else "consuming from", self._queue)

    def lost(self, why: str, pause: float) -> None:
        with self._changed:
            had_job = self._ledger.lost()
            is_new, self._trouble = why != self._trouble, why
        if is_new:
            log.error("no connection to queue %s: %s; trying again in %.1f s, until it works", self._queue, why, pause)
        if had_job:
            log.warning("the job in hand goes on; the broker delivers its message again, and it is not run twice")

    def delivered(self, delivery: Delivery) -> None:
        message = read_message(delivery, self._document_field)
        with self._changed:
            if self._is_draining:
                verdict: Any = Settle(message, "requeue")
            else:
                verdict = self._ledger.delivered(message)
            self._changed.notify_all()
        if isinstance(verdict, Settle):
            log.debug("%s of %s: it ended here before", verdict.outcome, message.document or message.message_id)
            self._tell([verdict])
        elif isinstance(verdict, Joined):
            what = message.document or message.message_id
            log.warning("%s was delivered again while it runs here: settled when that ends, not run twice", what)

    def _tell(self, settled: "list[Settle]") -> None:
        for message, outcome in settled:
            self._link.settle(message.delivery.epoch, message.delivery.tag, outcome)

    # The handler's thread.

    def _work(self) -> None:
        while True:
            with self._changed:
                message = self._ledger.next()
                while message is None:
                    if self._is_draining:
                        return
                    self._changed.wait()
                    message = self._ledger.next()
                job = self._job = self._new_job(message)
            outcome = self._run_one(message, job)
            with self._changed:
                # The drain has given it up meanwhile, and settled it.
                is_abandoned = self._job is not job
                settled = [] if is_abandoned else self._ledger.ended(outcome)
                self._job = None if not is_abandoned else self._job
                # Told under the lock: a drain that begins now must not close the connection before it.
                self._tell(settled)
                self._changed.notify_all()
            if is_abandoned:
                return

    def _new_job(self, message: Optional[Message]) -> Job:
        stage = self._stage or (message.stage if message else None) or self._queue
        document = message.document if message else None
        return Job(
            document,
            stage,
            sentinel=self._sentinel,
            progress=self._progress,
            name=self._name,
            queue=self._queue,
            durable=self._durable,
        )

    def _run_one(self, message: Message, job: Job) -> Outcome:
        try:
            return self._run_job(message, job)
        except BaseException as error:  # noqa: B902  a fault of the kit must neither end the thread nor ack the message
            log.exception("a job could not be ended as it should: %s", type(error).__name__)
            self._stop.wait(self._retry_delay)
            return "requeue"
        finally:
            job.close()

    def _run_job(self, message: Message, job: Job) -> Outcome:
        try:
            path = job.sentinel
        except UsageError as error:
            if message.document is not None:
                log.error("a message is rejected, as its sentinel could never be written: %s", error)
                return "reject"
            # The handler may know the document; see Job.start.
            path = None
        known = _known_end(path) if path and message.redelivered else None
        if known is not None:
            log.info("%s of %s: its sentinel says how it ended", known, job.document)
            return known
        attempt = _attempts.begin(path, message, self._max_deliveries)
        if self._max_deliveries is not None and attempt > self._max_deliveries:
            error_text = f"given up: begun {attempt - 1} times and never ended, max_deliveries is {self._max_deliveries}"
            return self._end_failed(job, path, error_text)
        if not self._late_ack:
            with self._changed:
                self._tell(self._ledger.settle_early())
        job.forget_failure()
        job.start()
        try:
            result = self._handler(message, job)
        except BaseException as error:  # noqa: B902  SystemExit and KeyboardInterrupt end the job as well
            return self._on_error(job, path, attempt, error)
        return self._end_done(job, path, result)

    def _end_done(self, job: Job, path: Optional[str], result: Any) -> Outcome:
        data = as_data(result)
        if data:
            job.result(**data)
        try:
            job.succeed(self._patience, self._stop.is_set)
        except OSError as error:
            log.error("done, but its sentinel could not be written; its message goes back to the queue: %s", error)
            return "requeue"
        self._forget_attempts(path or _path_of(job))
        return "ack"

    def _on_error(self, job: Job, path: Optional[str], attempt: int, error: BaseException) -> Outcome:
        if self._job is not job:
            # Given up by the drain: its message is on its way to another worker, which will say how it ends.
            return "requeue"
        wants_retry = self._retry(error) if callable(self._retry) else self._retry
        if wants_retry and self._late_ack and attempt < (self._max_deliveries or 0):
            log.warning("attempt %d of %s failed, it is tried again", attempt, job.document, exc_info=error)
            job.close()
            self._stop.wait(self._retry_delay)
            return "requeue"
        log.error("the job of %s failed", job.document, exc_info=error)
        return self._end_failed(job, path, error)

    def _end_failed(self, job: Job, path: Optional[str], error: "BaseException | str") -> Outcome:
        try:
            job.fail(error, patience=self._patience, give_up=self._stop.is_set)
        except OSError as problem:
            log.error("failed, but its sentinel could not be written; its message goes back: %s", problem)
            return "requeue"
        self._forget_attempts(path or _path_of(job))
        return "reject"

    def _forget_attempts(self, path: Optional[str]) -> None:
        if self._max_deliveries is not None:
            _attempts.end(path)

    # The end.

    def _drain(self) -> bool:
        self._link.cancel()
        with self._changed:
            self._is_draining = True
            self._tell(self._ledger.give_back())
            job = self._job
            self._changed.notify_all()
        if job is not None:
            log.info("asked to stop: %s may take %.0f s more", job.document or "the job in hand", self._stop_timeout)
            job.request_stop()
        is_idle = self._await_idle(time.monotonic() + self._stop_timeout)
        if not is_idle:
            self._abandon()
        self._link.close(_CLOSE_S)
        return is_idle

    def _await_idle(self, end: float) -> bool:
        with self._changed:
            while self._job is not None and not self._hurry.is_set() and time.monotonic() < end:
                self._changed.wait(min(0.2, max(0.0, end - time.monotonic())))
            return self._job is None

    def _abandon(self) -> None:
        with self._changed:
            job, self._job = self._job, None
            settled = self._ledger.ended("requeue")
            self._tell(settled)
        if job is None:
            return
        log.error(
            "the handler did not return within stop_timeout (%.0f s): %s; look at job.stopping in long loops, or raise "
            "stop_timeout and the container's stop_grace_period",
            self._stop_timeout,
            "its message goes back to the queue" if self._late_ack else "its message was acked before, so it failed",
        )
        try:
            if self._late_ack:
                job.close()
            else:
                job.fail("the worker was stopped before the job ended")
        except OSError as error:
            log.error("its failure sentinel cannot be written: %s", error)


def _known_end(path: str) -> Optional[Outcome]:
    """How a message that comes again ended, if the worker before could say so but not tell the broker."""
    if os.path.exists(path):
        return "ack"
    said = read_failure(failed_path(path))
    # stagewatch writes one for a worker that died: then the job has not ended, and this is its next attempt.
    if said is not None and "worker" in said and said.get("written_by") != "stagewatch":
        return "reject"
    return None


def _path_of(job: Job) -> Optional[str]:
    try:
        return job.sentinel
    except UsageError:
        return None
