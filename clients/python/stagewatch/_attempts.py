"""Counts how often a job was begun, beside its sentinel, so that one that kills its workers is given up some day."""

from __future__ import annotations

import os
from typing import Optional

from ._files import remove, write_atomically
from .message import Message


def begin(path: Optional[str], message: Message, limit: Optional[int]) -> int:
    """Which attempt this is, from 1. A message that waited in a worker and went back unbegun is no attempt.

    Without a sentinel there is no place to count: then a quorum queue's own count is taken.
    """
    if limit is None or path is None:
        return _from_broker(message)
    file = _file_of(path)
    attempt = (_read(file) if message.redelivered else 0) + 1
    try:
        write_atomically(file, str(attempt), durable=False)
    except OSError:
        # A full disk: the broker's count is better than none.
        return max(attempt, _from_broker(message))
    return attempt


def end(path: Optional[str]) -> None:
    if path is not None:
        remove(_file_of(path))


def _file_of(path: str) -> str:
    # The dot keeps it out of the daemon's scans.
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)[:200]}.attempts")


def _read(file: str) -> int:
    try:
        with open(file, encoding="ascii") as content:
            return int(content.read(20))
    except (OSError, ValueError):
        return 0


def _from_broker(message: Message) -> int:
    count = message.headers.get("x-delivery-count")
    if isinstance(count, int):
        return count + 1
    return 2 if message.redelivered else 1
