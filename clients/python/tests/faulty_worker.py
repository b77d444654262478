"""A worker whose documents say what becomes of it, by their first word; the test of verdicts runs it in containers."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from stagewatch import Job, worker_main
from stagewatch.message import Message
from stagewatch.rabbitmq import WorkerConnection


def handle(message: Message, job: Job) -> Any:
    what = (job.document or "").split("-")[0]
    job.start(total=1000, unit="page")
    # Every fault strikes in mid-job, after steps that were seen.
    for _ in range(4):
        time.sleep(0.5)
        job.step()
    while what == "work":
        time.sleep(0.5)
        job.step()
    while what == "spin":
        end = time.monotonic() + 0.01
        while time.monotonic() < end:
            pass
        time.sleep(0.1)
    if what == "hang":
        time.sleep(3600)
    if what == "die":
        # As after a crash in C: neither a sentinel nor an answer to the broker.
        os._exit(7)
    if what == "bad":
        raise ValueError(f"cannot parse page 5 of {job.document}")
    eaten = []
    while what == "eat":
        eaten.append(b"x" * 1_000_000)
    return {"pages": 4}


options = json.loads(os.environ.get("WORKER_OPTIONS", "{}"))
sentinel = os.environ["DATA"] + "/{document}/{stage}/" + os.environ.get("SENTINEL", "sentinel.json")
worker_main(lambda: WorkerConnection(handler=handle, sentinel=sentinel, durable=False, **options))
