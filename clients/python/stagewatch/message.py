"""A message as a handler sees it, and which job it asks for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Mapping, NamedTuple, Optional


class Delivery(NamedTuple):
    """What the broker handed over. ``epoch`` counts channels: a tag means nothing on any other."""

    epoch: int
    tag: int
    body: bytes
    headers: Mapping[str, Any]
    message_id: Optional[str]
    redelivered: bool
    timestamp: Optional[float]
    content_type: Optional[str]


@dataclass(frozen=True)
class Message:
    delivery: Delivery
    document: Optional[str]
    stage: Optional[str]
    #: The parsed body where it is JSON, else None.
    json: Any = field(repr=False)
    #: How often the job was begun with this one, as far as that can be known.
    attempt: int = 1

    @property
    def body(self) -> bytes:
        return self.delivery.body

    @property
    def headers(self) -> Mapping[str, Any]:
        return self.delivery.headers

    @property
    def message_id(self) -> Optional[str]:
        return self.delivery.message_id

    @property
    def redelivered(self) -> bool:
        return self.delivery.redelivered


def read_message(delivery: Delivery, document_field: str) -> Message:
    """Document and stage come from the fields of a JSON object, else from headers of the same names."""
    try:
        value = json.loads(delivery.body)
    except ValueError:
        value = None
    fields = value if isinstance(value, dict) else {}
    headers = delivery.headers

    def text(key: str) -> Optional[str]:
        found = fields.get(key, headers.get(key))
        if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
            return None
        return str(found)

    return Message(delivery=delivery, document=text(document_field), stage=text("stage"), json=value)


class JobKey(NamedTuple):
    """Names of the job a message asks for, each with the body in it: a broker never changes the body it delivers again.

    A message without an id and without a document has no name, and is taken for a job of its own each time.
    """

    by_id: Optional[str]
    by_document: Optional[str]

    def is_same(self, other: "JobKey") -> bool:
        return (self.by_id is not None and self.by_id == other.by_id) or (
            self.by_document is not None and self.by_document == other.by_document
        )


def job_key(message: Message) -> JobKey:
    digest = hashlib.blake2b(message.body, digest_size=16).hexdigest()
    return JobKey(
        f"id:{digest}:{message.message_id}" if message.message_id else None,
        f"document:{digest}:{message.document}" if message.document is not None else None,
    )
