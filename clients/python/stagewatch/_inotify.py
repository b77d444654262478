"""Wakes when a folder changes, where the kernel has inotify; elsewhere it only sleeps."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import select
import sys
import time
from types import TracebackType
from typing import Optional

_IN_CREATE, _IN_MOVED_TO, _IN_CLOSE_WRITE = 0x100, 0x80, 0x8
_IN_DELETE_SELF, _IN_MOVE_SELF, _IN_ONLYDIR = 0x400, 0x800, 0x1000000
_MASK = _IN_CREATE | _IN_MOVED_TO | _IN_CLOSE_WRITE | _IN_DELETE_SELF | _IN_MOVE_SELF | _IN_ONLYDIR
_IN_NONBLOCK, _IN_CLOEXEC = 0o4000, 0o2000000


class Inotify:
    """Watches folders; a folder that is not there yet is watched for by the nearest one above it."""

    def __init__(self) -> None:
        self._libc = _load_libc()
        self._fd = -1 if self._libc is None else self._libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        self._watched: set[str] = set()

    def watch_nearest(self, folder: str) -> None:
        if self._fd < 0 or folder in self._watched:
            return
        while True:
            found, below = self._watch_upwards(folder)
            # Made between the two calls: the nearer folder is the one to watch.
            if found == folder or not os.path.isdir(below):
                return

    def _watch_upwards(self, folder: str) -> "tuple[str, str]":
        """The folder that is watched now, and its child on the way to ``folder``."""
        below = folder
        while folder not in self._watched and self._libc is not None:
            if self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _MASK) >= 0:
                self._watched.add(folder)
                break
            parent = os.path.dirname(folder)
            if parent == folder:
                # No watch can be had at all: the clock must do.
                return folder, ""
            folder, below = parent, folder
        return folder, below

    def sleep(self, seconds: float) -> None:
        """At most so long; returns early when a watched folder changed."""
        if self._fd < 0:
            time.sleep(seconds)
            return
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if poll.poll(max(1, round(seconds * 1000))):
            os.read(self._fd, 65_536)
        # A folder may be new and nearer, or replaced: all of them are asked for again, which costs a microsecond each.
        self._watched.clear()

    def __enter__(self) -> "Inotify":
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _load_libc() -> Optional[ctypes.CDLL]:
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        # Absent in some C libraries; then every look is by the clock.
        libc.inotify_init1.argtypes = [ctypes.c_int]
        libc.inotify_add_watch.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32]
        return libc
    except (OSError, AttributeError):
        return None
