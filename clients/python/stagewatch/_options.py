"""What a worker of a queue may be told, and which of it cannot work."""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping, Optional, Union

from .errors import UsageError
from .job import Job
from .message import Message

Handler = Callable[[Message, Job], Any]
Retry = Union[bool, Callable[[BaseException], bool]]


def broker_url(url: Optional[str] = None) -> str:
    """``url``, else ``STAGEWATCH_RABBITMQ_AMQP_URL`` or the file that ``…_FILE`` names, else ``AMQP_URL``."""
    if url:
        return url
    key = "STAGEWATCH_RABBITMQ_AMQP_URL"
    file = os.environ.get(f"{key}_FILE")
    if file and not os.environ.get(key):
        try:
            with open(file, encoding="utf-8") as content:
                found = content.read().strip()
        except OSError as error:
            raise UsageError(f"{key}_FILE names {file}, which cannot be read: {error.strerror or error}") from error
    else:
        found = os.environ.get(key) or os.environ.get("AMQP_URL") or ""
    if not found:
        raise UsageError(f"no broker: pass url=…, or set {key} to amqp://user:password@host:5672/vhost")
    return found


def check(
    queue: str,
    handler: Optional[Handler],
    prefetch: int,
    retry: Retry,
    max_deliveries: Optional[int],
    connection: str,
) -> Handler:
    if not isinstance(queue, str) or not queue:
        raise UsageError("no queue: pass queue=…, the name of the queue that this worker serves")
    if handler is None or not callable(handler):
        raise UsageError("no handler: pass handler=…, a function of (message, job) that does the job")
    if not isinstance(prefetch, int) or not 1 <= prefetch <= 65_535:
        raise UsageError("prefetch must be 1 to 65535; 1 is right for jobs of more than a second")
    if max_deliveries is not None and (not isinstance(max_deliveries, int) or max_deliveries < 1):
        raise UsageError("max_deliveries must be a whole number, 1 or more")
    if retry and max_deliveries is None:
        raise UsageError("retry needs max_deliveries, or a job that always fails runs for ever")
    if connection not in ("thread", "process"):
        raise UsageError('connection must be "thread" or "process"')
    return handler


def check_numbers(numbers: Mapping[str, Any]) -> None:
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise UsageError(f"{name} must be a number of seconds, 0 or more; it is {value!r}")
