"""A worker of one stage: takes a document, works through its pages, ends in a sentinel."""

import os
import time

from stagewatch import Job, worker_main
from stagewatch.message import Message
from stagewatch.rabbitmq import WorkerConnection

PAGES = int(os.environ.get("PAGES", "20"))
SECONDS_A_PAGE = float(os.environ.get("SECONDS_A_PAGE", "0.5"))
DATA = os.environ.get("DATA", "/data")


def handle(message: Message, job: Job) -> dict:
    job.start(total=PAGES, unit="page")
    for page in range(PAGES):
        time.sleep(SECONDS_A_PAGE)
        if message.document.startswith("bad") and page == 2:
            raise ValueError(f"cannot parse page {page + 1} of {message.document}")
        job.step()
    return {"pages": PAGES}


stage = os.environ["STAGEWATCH_STAGE"]
worker_main(
    lambda: WorkerConnection(
        queue=stage.lower(), stage=stage, handler=handle, declare={}, sentinel=DATA + "/{document}/{stage}/sentinel.json"
    )
)
