"""The Celery app of the test with a real broker."""

import os
import time

from celery import Celery

from stagewatch.celery import current_job, install

app = Celery("example", broker=os.environ["AMQP_URL"])
install(app, stage="G1", sentinel=os.environ["DATA"] + "/{document}/{stage}/sentinel.json")


@app.task(acks_late=True)
def recognise(document, seconds=0):
    job = current_job()
    job.start(total=10, unit="page")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job.step()
        time.sleep(0.05)
    return {"pages": 10}


@app.task
def fail(document):
    raise ValueError("page 3 is empty")


@app.task(bind=True, max_retries=1)
def retried(self, document):
    if self.request.retries == 0:
        raise self.retry(countdown=0)
