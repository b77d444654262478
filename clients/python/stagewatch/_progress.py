"""The progress file of the job in hand: written at once on start, then at most once a second, removed at its end."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import Any, Callable, Optional

from ._files import MAX_FILE_BYTES, remove, write_atomically
from .errors import UsageError

log = logging.getLogger("stagewatch")

WRITE_EVERY_S = 1.0
_TICK_S = 0.25
DEFAULT_FOLDER = "/run/pipeline/progress"
#: The daemon keeps no more of a text.
_MAX_TEXT = 1024
#: Made once: json.dumps makes one for each call that has options.
_encode = json.JSONEncoder(ensure_ascii=False).encode


def worker_name(name: Optional[str] = None) -> str:
    """The name by which the daemon knows the container: ``STAGEWATCH_NAME``, else the hostname, which is its id."""
    found = name or os.environ.get("STAGEWATCH_NAME") or os.environ.get("HOSTNAME") or os.uname().nodename
    if found.startswith(".") or ".." in found or any(char in found for char in "/\\") or len(found) > 240:
        raise UsageError(f"name {found[:80]!r}: expected the container's name, without slashes or '..'")
    return found


def progress_folder(folder: Optional[str] = None) -> Optional[str]:
    """``STAGEWATCH_PROGRESS_DIR``, else the usual place if it is there; None: no progress is written."""
    found = folder or os.environ.get("STAGEWATCH_PROGRESS_DIR")
    if found:
        return found
    return DEFAULT_FOLDER if os.path.isdir(DEFAULT_FOLDER) else None


Snapshot = Callable[[], dict[str, Any]]


class ProgressFile:
    """One worker's file. Trouble with it is logged once and never fails the job."""

    def __init__(self, folder: str, name: str) -> None:
        self.path = os.path.join(folder, f"{name}.json")
        self._lock = threading.Lock()
        self._snapshot: Optional[Snapshot] = None
        self._is_failing = False
        self._written: Optional[dict[str, Any]] = None
        self.beat_every_s: Optional[float] = None
        self._written_at = 0.0

    def begin(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.write()
        _flusher.add(self)

    def write(self) -> None:
        with self._lock:
            if self._snapshot is None:
                return
            self._written_at = time.monotonic()
            self._written = self._snapshot()
            try:
                write_atomically(self.path, _render(self._written), durable=False)
            except (OSError, ValueError) as error:
                # Tried again within a second or so: a full disk may have room by then.
                self._written = None
                self._complain(error)
                return
            self._is_failing = False

    def tick(self, now: float) -> None:
        # Compared here, so that a step has nothing more to do than to count.
        snapshot = self._snapshot
        has_changed = snapshot is not None and snapshot() != self._written
        every = WRITE_EVERY_S if has_changed else self.beat_every_s
        if every is not None and now - self._written_at >= every:
            self.write()

    def may_write_at(self) -> float:
        every = WRITE_EVERY_S if self.beat_every_s is None else min(WRITE_EVERY_S, self.beat_every_s)
        return self._written_at + every

    def end(self) -> None:
        """Remove the file; nothing is written after that."""
        _flusher.discard(self)
        with self._lock:
            self._snapshot = None
            remove(self.path)

    def _complain(self, error: Exception) -> None:
        if not self._is_failing:
            log.warning("cannot write progress, the job goes on without: %s", error)
        self._is_failing = True


def _render(facts: dict[str, Any]) -> str:
    known = {key: value for key, value in facts.items() if value is not None}
    for key in ("message", "document"):
        if key in known:
            known[key] = str(known[key])[:_MAX_TEXT]
    text = _encode({"schema": 1, "role": "worker", **known, "updated_at": round(time.time(), 3)})
    if len(text.encode("utf-8", "replace")) > MAX_FILE_BYTES:
        raise ValueError("over 64 kB")
    return text


class _Flusher:
    """One thread of the process that writes what has changed, so that a step costs no more than a number."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._files: set[ProgressFile] = set()
        self._thread: Optional[threading.Thread] = None

    def add(self, file: ProgressFile) -> None:
        with self._condition:
            self._files.add(file)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stagewatch-progress", daemon=True)
                self._thread.start()
            elif len(self._files) == 1:
                self._condition.notify()

    def discard(self, file: ProgressFile) -> None:
        with self._condition:
            self._files.discard(file)

    def _run(self) -> None:
        pause = _TICK_S
        while True:
            with self._condition:
                while not self._files:
                    self._condition.wait()
            time.sleep(pause)
            with self._condition:
                files = list(self._files)
            now = time.monotonic()
            for file in files:
                file.tick(now)
            # Not before one may be written again: each wake costs more than a thousand steps.
            due = min((file.may_write_at() for file in files), default=now)
            pause = max(_TICK_S, due - now)


_flusher = _Flusher()


def _forget_after_fork() -> None:
    # A forked child has neither the thread nor the job: the file is its parent's.
    global _flusher
    _flusher = _Flusher()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
