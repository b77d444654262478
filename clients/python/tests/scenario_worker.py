"""A worker that does what its messages say; the tests with a real broker run it. Each line of output is one JSON event."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import time
from typing import Any

from stagewatch import Job, worker_main
from stagewatch.message import Message
from stagewatch.rabbitmq import WorkerConnection

_output = threading.Lock()


def say(**event: Any) -> None:
    with _output:
        sys.stdout.write(json.dumps({"pid": os.getpid(), **event}) + "\n")
        sys.stdout.flush()


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def handle(message: Message, job: Job) -> Any:
    order = message.json
    what = order.get("do", "nothing")
    seconds = order.get("seconds", 0)
    say(event="begin", document=job.document, redelivered=message.redelivered)
    try:
        if what == "sleep":
            job.start(total=100, unit="page")
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                job.step()
                time.sleep(min(0.05, seconds))
        elif what == "hold":
            # PyDLL keeps the interpreter's lock for as long as the call lasts.
            ctypes.PyDLL(None).usleep(int(seconds * 1e6))
        elif what == "hang":
            time.sleep(3600)
        elif what == "until-stopped":
            while not job.stopping:
                time.sleep(0.02)
        elif what == "until-file":
            while not os.path.exists(order["text"]):
                time.sleep(0.02)
        elif what == "raise":
            raise ValueError(order.get("text", "bad page"))
        elif what == "raise-once":
            if not message.redelivered:
                raise ConnectionError("grobid refused")
        elif what == "unprintable":
            raise Unprintable()
        elif what == "surrogate":
            raise ValueError("broken \udcff text\x00 end")
        elif what == "exit":
            sys.exit(3)
        elif what == "die":
            os._exit(9)
        return {"answer": order.get("answer", 42)}
    finally:
        say(event="end", document=job.document)


if __name__ == "__main__":
    options = json.loads(os.environ.get("WORKER_OPTIONS", "{}"))
    worker_main(lambda: WorkerConnection(handler=handle, **options))
