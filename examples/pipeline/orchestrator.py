"""An orchestrator: carries one document at a time through the stages, and gives it up at once when one of them fails."""

import json
import os
import socket
import time

import pika
from stagewatch import JobFailed, WaitTimeout, forget, wait
from stagewatch.rabbitmq import broker_url

STAGES = os.environ.get("STAGES", "G1_00 G3_02 G9_02").split()
DATA = os.environ.get("DATA", "/data")
PROGRESS = os.environ.get("STAGEWATCH_PROGRESS_DIR", "/run/pipeline/progress")
NAME = os.environ.get("STAGEWATCH_NAME") or socket.gethostname()


def report(state, document=None, stage=None, completed=()):
    path = os.path.join(PROGRESS, f"{NAME}.json")
    body = {"role": "orchestrator", "name": NAME, "state": state, "document": document, "stage": stage,
            "completed": list(completed), "updated_at": time.time()}
    with open(f"{PROGRESS}/.{NAME}.tmp", "w") as file:
        json.dump(body, file)
    os.replace(f"{PROGRESS}/.{NAME}.tmp", path)


def dispatch(document, stage):
    """A connection of its own each time: an orchestrator waits for hours, and needs no broker meanwhile."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url()))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare(stage.lower(), durable=True)
    body = json.dumps({"document": document, "stage": stage})
    properties = pika.BasicProperties(delivery_mode=2, message_id=f"{document}/{stage}/{time.time_ns()}")
    channel.basic_publish("", stage.lower(), body.encode(), properties)
    connection.close()


def carry(document):
    for done, stage in enumerate(STAGES):
        path = f"{DATA}/{document}/{stage}/sentinel.json"
        forget(path)
        report("waiting", document, stage, STAGES[:done])
        dispatch(document, stage)
        wait(path, timeout=7200)


for document in os.environ["DOCUMENTS"].split():
    began = time.monotonic()
    try:
        carry(document)
        print(f"{document} done in {time.monotonic() - began:.1f} s", flush=True)
    except (JobFailed, WaitTimeout) as error:
        print(f"{document} failed after {time.monotonic() - began:.1f} s: {error}", flush=True)
report("done", completed=STAGES)
