"""Consumes the bench's messages by bare pika or by the kit, or steps a job, and prints what that took."""

import json
import os
import statistics
import sys
import time

import pika

from stagewatch import Job


def by_hand(folder, document, durable):
    """The files of a job: progress, sentinel, and progress gone."""
    put(folder, f"{folder}/worker.json", False)
    put(folder, f"{folder}/{document}.json", durable)
    os.unlink(f"{folder}/worker.json")


def put(folder, path, durable):
    file = os.open(f"{folder}/.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(file, b"x" * 200)
    if durable:
        os.fsync(file)
    os.close(file)
    os.replace(f"{folder}/.tmp", path)


def bare(url, count, folder, way):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=50)
    done = 0
    began = None

    def on_message(channel, method, _properties, body):
        nonlocal done, began
        began = began or time.monotonic()
        document = json.loads(body)["document"]
        if "files" in way:
            by_hand(folder, document, "fsync" in way)
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
    counter = Counter()
    for name, pause, burst in (("one each millisecond", 0.001, 1), ("100 each 100 ms", 0.1, 100)):
        shares = {"sleep": [], "count": [], "step": []}
        # In turns, so that what else the machine does is shared.
        for _ in range(9):
            shares["sleep"].append(share(lambda: None, pause, burst))
            shares["count"].append(share(counter.step, pause, burst))
            with Job("d", "G1", progress=folder) as job:
                shares["step"].append(share(job.step, pause, burst))
        sleep, count, step = (statistics.median(values) for values in shares.values())
        print(f"{name}: job.step() {step - sleep:.3f}, a method that only counts {count - sleep:.3f}")


class Counter:
    done = 0

    def step(self):
        self.done += 1


def share(do, pause, burst):
    """Of a core, in percent."""
    began = time.process_time()
    wall = time.monotonic()
    while time.monotonic() < wall + 3:
        time.sleep(pause)
        for _ in range(burst):
            do()
    return 100 * (time.process_time() - began) / (time.monotonic() - wall)


way, folder = sys.argv[1:3]
if way == "steps":
    steps(folder)
else:
    url, count = sys.argv[3], int(sys.argv[4])
    os.environ.pop("STAGEWATCH_PROGRESS_DIR", None)
    took = bare(url, count, folder, way) if way.startswith("bare") else kit(url, count, folder, way)
    print(json.dumps({"seconds": took, "cpu": time.process_time()}))
