"""Consumes the bench's messages by bare pika or by the kit, or steps a job, and prints what that took."""

import json
import os
import sys
import time

import pika

from stagewatch import Job


def bare(url, count):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=50)
    done = 0
    began = None

    def on_message(channel, method, _properties, body):
        nonlocal done, began
        began = began or time.monotonic()
        json.loads(body)
        channel.basic_ack(method.delivery_tag)
        done += 1
        if done == count:
            channel.stop_consuming()

    channel.basic_consume("bench", on_message)
    channel.start_consuming()
    took = time.monotonic() - began
    connection.close()
    return took


def kit(url, count, folder, way):
    from stagewatch.rabbitmq import WorkerConnection

    times = []
    files = {"progress": folder, "sentinel": folder + "/{document}.json"} if "files" in way else {}

    def handle(_message, _job):
        times.append(time.monotonic())
        if len(times) == count:
            worker.stop()

    worker = WorkerConnection("bench", handle, url=url, prefetch=50, durable="fsync" in way, **files)
    worker.run()
    return times[-1] - times[0]


def steps(folder):
    began = time.process_time()
    wall = time.monotonic()
    for _ in range(20_000):
        time.sleep(0.001)
    idle = (time.process_time() - began) / (time.monotonic() - wall)
    began = time.process_time()
    wall = time.monotonic()
    with Job("d", "G1", progress=folder) as job:
        for _ in range(20_000):
            time.sleep(0.001)
            job.step()
    busy = (time.process_time() - began) / (time.monotonic() - wall)
    print(f"{100 * (busy - idle):.3f} % of a core beyond the same loop without steps")


way, folder = sys.argv[1:3]
if way == "steps":
    steps(folder)
else:
    url, count = sys.argv[3], int(sys.argv[4])
    os.environ.pop("STAGEWATCH_PROGRESS_DIR", None)
    took = bare(url, count) if way == "bare" else kit(url, count, folder, way)
    print(json.dumps({"seconds": took, "cpu": time.process_time()}))
