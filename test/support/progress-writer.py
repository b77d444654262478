"""A worker of a pipeline: takes documents, tells its progress by renaming files, and removes the file at the end.

usage: progress-writer.py DIRECTORY NAME DOCUMENT... ; waits a line on standard input before each step.
"""

import json
import os
import sys
import time

directory, name, documents = sys.argv[1], sys.argv[2], sys.argv[3:]
path = os.path.join(directory, name + ".json")


def write(progress):
    temporary = os.path.join(directory, ".%s.%d.tmp" % (name, os.getpid()))
    with open(temporary, "w") as file:
        json.dump(progress, file)
        file.flush()
    os.replace(temporary, path)


def step():
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit(0)


for document in documents:
    started_at = time.time()
    for done in range(4):
        write(
            {
                "schema": 1,
                "role": "worker",
                "name": name,
                "stage": "G3_02",
                "state": "running",
                "document": document,
                "done": done,
                "total": 4,
                "unit": "page",
                "started_at": started_at,
                "updated_at": time.time(),
            }
        )
        step()
    os.remove(path)
    step()
