"""The connection in a process of its own, for handlers that hold the interpreter's lock for longer than heartbeats allow."""

from __future__ import annotations

import json
import logging
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any, Optional

from ._link import FIRST_PAUSE_S, GOOD_SESSION_S, LONGEST_PAUSE_S, LinkEvents, LinkSettings, PikaLink
from .message import Delivery

log = logging.getLogger("stagewatch")

_CHILD = (
    "import json, sys; sys.path[:0] = json.loads(sys.argv[2]); "
    "from stagewatch._process_link import serve; serve(int(sys.argv[1]))"
)
_PARENT_CHECK_S = 1.0


class ProcessLink:
    """As ``PikaLink``, but nothing that the handler does can keep it from answering the broker."""

    def __init__(self, settings: LinkSettings, events: LinkEvents) -> None:
        self._settings = settings
        self._events = events
        self._lock = threading.Lock()
        self._pipe: Optional[Connection] = None
        self._child: Optional[subprocess.Popen[bytes]] = None
        #: Epochs of a child begin at 1; those of the children before it are below this.
        self._base = 0
        self._last_epoch = 0
        self._is_closing = threading.Event()
        self._is_cancelled = False
        self._thread = threading.Thread(target=self._read, name="stagewatch-connection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def settle(self, epoch: int, tag: int, outcome: str) -> None:
        if epoch > self._base:
            self._send(("settle", epoch - self._base, tag, outcome))

    def cancel(self) -> None:
        self._is_cancelled = True
        self._send(("cancel",))

    def close(self, timeout: float) -> None:
        self._is_closing.set()
        self._send(("close", timeout))
        child = self._child
        if child is None:
            return
        try:
            child.wait(timeout + 1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _send(self, command: tuple[Any, ...]) -> None:
        with self._lock:
            if self._pipe is None:
                return
            try:
                self._pipe.send(command)
            except OSError as error:
                log.debug("the connection's process does not read: %s", error)

    def _read(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._is_closing.is_set():
            began = time.monotonic()
            why = self._read_from_child()
            if self._is_closing.is_set():
                return
            if time.monotonic() - began >= GOOD_SESSION_S:
                pause = FIRST_PAUSE_S
            delay = pause * random.uniform(0.5, 1.0)
            self._events.lost(why, delay)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            self._is_closing.wait(delay)

    def _read_from_child(self) -> str:
        ours, theirs = socket.socketpair()
        settings = {**self._settings.__dict__, "is_cancelled": self._is_cancelled}
        arguments = [str(theirs.fileno()), json.dumps([path for path in sys.path if path])]
        try:
            child = subprocess.Popen(
                [sys.executable, "-c", _CHILD, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "STAGEWATCH_LINK_SETTINGS": json.dumps(settings)},
            )
        except OSError as error:
            ours.close()
            return f"the connection's process cannot be started: {error}"
        finally:
            theirs.close()
        pipe = Connection(ours.detach())
        with self._lock:
            self._base = self._last_epoch
            self._child, self._pipe = child, pipe
        try:
            while True:
                self._handle(pipe.recv())
        except (EOFError, OSError):
            return f"the connection's process ended with {child.wait()}"
        finally:
            with self._lock:
                self._pipe = None
            pipe.close()

    def _handle(self, event: tuple[Any, ...]) -> None:
        kind = event[0]
        if kind == "opened":
            self._last_epoch = self._base + event[1]
            self._events.opened(self._last_epoch)
        elif kind == "delivered":
            delivery = Delivery(*event[1])
            self._events.delivered(delivery._replace(epoch=self._base + delivery.epoch))
        elif kind == "lost":
            self._events.lost(event[1], event[2])


class _Sender(LinkEvents):
    """Hands events to the parent, by a thread of its own: a parent that does not read must not stop heartbeats."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._events: "queue.SimpleQueue[tuple[Any, ...]]" = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def opened(self, epoch: int) -> None:
        self._events.put(("opened", epoch))

    def delivered(self, delivery: Delivery) -> None:
        self._events.put(("delivered", tuple(delivery)))

    def lost(self, why: str, pause: float) -> None:
        self._events.put(("lost", why, pause))

    def _run(self) -> None:
        try:
            while True:
                self._pipe.send(self._events.get())
        except OSError:
            # The parent is gone, and with it the job: the broker gives its messages to others.
            os._exit(0)


def serve(fd: int) -> None:
    """The child: holds the connection until its parent says so, or is gone."""
    # Sent to the whole group by a terminal; when to end is the parent's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    settings = json.loads(os.environ.pop("STAGEWATCH_LINK_SETTINGS"))
    is_cancelled = settings.pop("is_cancelled")
    pipe = Connection(fd)
    parent = os.getppid()
    link = PikaLink(LinkSettings(**settings), _Sender(pipe))
    if is_cancelled:
        link.cancel()
    link.start()
    while True:
        # A child that the handler forked may hold our parent's end open; its own end is seen by the parent's id.
        if not pipe.poll(_PARENT_CHECK_S):
            if os.getppid() != parent:
                os._exit(0)
            continue
        try:
            command = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if command[0] == "settle":
            link.settle(*command[1:])
        elif command[0] == "cancel":
            link.cancel()
        elif command[0] == "close":
            link.close(command[1])
            os._exit(0)
