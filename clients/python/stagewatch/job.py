"""One job: its progress file while it runs, and the sentinel that ends it."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Callable, Iterator, Mapping, Optional

from ._files import check_writable, remove
from ._progress import ProgressFile, progress_folder, worker_name
from .errors import UsageError
from .sentinel import (
    check_pattern,
    describe_exception,
    describe_traceback,
    failed_path,
    iso_time,
    sentinel_path,
    write_failure,
    write_success,
)

log = logging.getLogger("stagewatch")

_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 15.0
_GIVE_UP_CHECK_S = 0.1
#: Errors that no waiting cures: the name itself cannot be a file.
_HOPELESS = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.ELOOP})


class Job:
    """Use it as ``with Job(document="PMC1", stage="G3_02", sentinel="/data/{document}/{stage}.json") as job:``.

    Its end writes the success sentinel, an exception the failure sentinel (and goes on); both remove the progress file.
    """

    def __init__(
        self,
        document: Optional[str] = None,
        stage: Optional[str] = None,
        *,
        sentinel: Optional[str] = None,
        progress: Optional[str] = None,
        name: Optional[str] = None,
        total: Optional[float] = None,
        unit: Optional[str] = None,
        queue: Optional[str] = None,
        durable: bool = True,
    ) -> None:
        """``sentinel``: path, may hold ``{document}`` and ``{stage}``. ``progress``: folder, see ``progress_folder``.

        ``queue``: that the job came from; by it stagewatch knows the queue of the stage.
        """
        if sentinel is not None:
            check_pattern(sentinel)
        self.document = document
        self.stage = stage or os.environ.get("STAGEWATCH_STAGE")
        self.name = worker_name(name)
        self.done: Optional[float] = None
        self.total = total
        self.unit = unit
        self.queue = queue
        self.message: Optional[str] = None
        self.started_at: Optional[float] = None
        self._sentinel = sentinel
        self._durable = durable
        self._result: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._is_over = False
        folder = progress_folder(progress)
        self._file = ProgressFile(folder, self.name) if folder else None

    @property
    def stopping(self) -> bool:
        """True once the process was asked to end: save what is done and return, or raise."""
        return self._stopping.is_set()

    @property
    def sentinel(self) -> Optional[str]:
        """The path of the success sentinel; raises ``UsageError`` while its document is not known."""
        return sentinel_path(self._sentinel, self.document, self.stage) if self._sentinel else None

    def start(
        self,
        document: Optional[str] = None,
        total: Optional[float] = None,
        unit: Optional[str] = None,
        stage: Optional[str] = None,
        message: Optional[str] = None,
    ) -> "Job":
        """Show the job at once; called again, adds what is known by now."""
        self.document = document if document is not None else self.document
        self.total = total if total is not None else self.total
        self.unit = unit if unit is not None else self.unit
        self.stage = stage if stage is not None else self.stage
        self.message = message if message is not None else self.message
        if total is not None and self.done is None:
            self.done = 0
        if self._is_over:
            return self
        if self.started_at is None:
            self.started_at = time.time()
            if self._file:
                self._file.begin(self._facts)
        elif self._file:
            self._file.write()
        return self

    def step(self, count: float = 1, message: Optional[str] = None) -> None:
        """``count`` more units are done. Costs well below a microsecond; the file follows within about a second."""
        with self._lock:
            self.done = (self.done or 0) + count
        if message is not None:
            self.message = message

    def progress(self, done: float, total: Optional[float] = None, message: Optional[str] = None) -> None:
        """Set how far it is, where the count is known rather than the step."""
        with self._lock:
            self.done = done
        self.total = total if total is not None else self.total
        self.message = message if message is not None else self.message

    def result(self, **data: Any) -> None:
        """Add to what the success sentinel says."""
        self._result.update(data)

    @contextmanager
    def heartbeat(self, message: Optional[str] = None, every: float = 10.0) -> Iterator[None]:
        """Around a step that cannot report: the file is written again every ``every`` seconds.

        It shows that the process lives. The daemon does not take it for progress, because a thread can go on writing
        while the call beside it hangs.
        """
        if message is not None:
            self.message = message
        if self._file:
            self._file.beat_every_s = every
        try:
            yield
        finally:
            if self._file:
                self._file.beat_every_s = None

    def succeed(self, patience: float = 0.0, give_up: Optional[Callable[[], bool]] = None) -> None:
        """Write the success sentinel and remove the progress file.

        A full disk is waited out for ``patience`` seconds, or until ``give_up()``; then ``OSError`` is raised.
        """
        facts = {"document": self.document, "stage": self.stage, "worker": self.name}
        data = {key: value for key, value in facts.items() if value is not None}
        if self.started_at is not None:
            data["started_at"] = iso_time(self.started_at)
        data["finished_at"] = iso_time(time.time())
        path = self._path_or_none()
        if path:
            write = partial(write_success, path, {**data, **self._result}, self._durable)
            self._patiently(write, patience, give_up)
        self.close()

    def fail(
        self,
        error: "BaseException | str",
        reason: Optional[str] = None,
        patience: float = 0.0,
        give_up: Optional[Callable[[], bool]] = None,
    ) -> None:
        """Write the failure sentinel and remove the progress file. Never undoes a success that is there."""
        text = error if isinstance(error, str) else describe_exception(error)
        more: dict[str, Any] = {"document": self.document, "stage": self.stage}
        if self.started_at is not None:
            more["started_at"] = iso_time(self.started_at)
        if isinstance(error, BaseException):
            more["traceback"] = describe_traceback(error)
        more = {key: value for key, value in more.items() if value is not None}
        path = self._path_or_none()

        def write() -> None:
            if path and not write_failure(
                path, text, worker=self.name, reason=reason, more=more, durable=self._durable
            ):
                log.warning("%s is there already: the failure of this run is not written: %s", path, text)

        self._patiently(write, patience, give_up)
        self.close()

    def close(self) -> None:
        """End without a sentinel: only the progress file is removed."""
        is_first, self._is_over = not self._is_over, True
        if self._file and is_first:
            self._file.end()

    def request_stop(self) -> None:
        self._stopping.set()

    def forget_failure(self) -> None:
        """Remove the failure sentinel of an earlier attempt: this one has begun."""
        try:
            path = self.sentinel
        except UsageError:
            return
        if path:
            remove(failed_path(path))

    def check_folders(self) -> None:
        """Raise ``UsageError`` when progress or sentinels cannot be written where they should go."""
        if self._file:
            check_writable(
                os.path.dirname(self._file.path),
                "progress files",
                "mount the folder writable for this user, or set STAGEWATCH_PROGRESS_DIR",
            )
        root = (self._sentinel or "").split("{", 1)[0]
        if root:
            folder = root if root.endswith("/") else os.path.dirname(root) or "."
            if os.path.isdir(folder):
                check_writable(folder, "sentinels", "mount the folder writable for this user, or correct sentinel=…")
            elif "{" in (self._sentinel or ""):
                raise UsageError(f"the folder {folder} of sentinels is not there; mount it, or correct sentinel=…")

    def _facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "stage": self.stage,
            "queue": self.queue,
            "state": "running",
            "document": self.document,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "message": self.message,
            "started_at": round(self.started_at or 0.0, 3),
        }

    def _path_or_none(self) -> Optional[str]:
        try:
            return self.sentinel
        except UsageError as error:
            log.error("no sentinel for this job: %s", error)
            return None

    def _patiently(
        self, write: Callable[[], None], patience: float, give_up: Optional[Callable[[], bool]]
    ) -> None:
        """Hold the job until its end is written: work that is done is not to be done again for a full disk."""
        end = time.monotonic() + patience
        pause = _FIRST_RETRY_S
        while True:
            try:
                write()
                return
            except OSError as error:
                left = end - time.monotonic()
                if error.errno in _HOPELESS or left <= 0 or (give_up is not None and give_up()):
                    raise
                self.message = f"done, but its sentinel cannot be written: {error.strerror or error}"
                log.error("cannot write the sentinel of %s, trying again: %s", self.document, error)
                retry_at = time.monotonic() + min(pause, left)
                while time.monotonic() < retry_at and not (give_up is not None and give_up()):
                    time.sleep(_GIVE_UP_CHECK_S)
                pause = min(pause * 2, _LONGEST_RETRY_S)

    def __enter__(self) -> "Job":
        self.check_folders()
        self.forget_failure()
        return self.start()

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            if error is None:
                self.succeed()
            else:
                self.fail(error)
        finally:
            self.close()


def as_data(result: Any) -> Optional[Mapping[str, Any]]:
    """What a handler returned, where it is something that a sentinel can say."""
    return result if isinstance(result, Mapping) else None
