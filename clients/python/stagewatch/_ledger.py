"""Decides what a delivery means: a job to run, one that runs here already, or one whose end the broker never heard of."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Literal, NamedTuple, Optional, Union

from .message import JobKey, Message, job_key

Outcome = Literal["ack", "reject", "requeue"]

#: Ended jobs that are remembered, in case the broker never heard of their end.
_MAX_ENDED = 10_000


class Settle(NamedTuple):
    """Tell the broker so; of a channel that is gone nothing is told."""

    message: Message
    outcome: Outcome


class Queued(NamedTuple):
    message: Message


class Joined(NamedTuple):
    """It runs here already, and this delivery is settled with it."""

    message: Message


Verdict = Union[Settle, Queued, Joined]


class _Ended(NamedTuple):
    outcome: Outcome
    epoch: int


class _Running:
    def __init__(self, message: Message, key: JobKey) -> None:
        self.key = key
        self.deliveries = [message]
        self.outcome: Optional[Outcome] = None


class Ledger:
    """One job at a time, and the deliveries that wait for it. No I/O, no clock, no thread: the caller holds a lock."""

    def __init__(self) -> None:
        self.epoch = 0
        self.running: Optional[_Running] = None
        self._waiting: deque[tuple[Message, JobKey]] = deque()
        self._ended: OrderedDict[str, _Ended] = OrderedDict()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def opened(self, epoch: int) -> None:
        self.epoch = epoch

    def lost(self) -> bool:
        """The channel is gone: the broker delivers again what was not settled. True if the job in hand is among it."""
        self._waiting.clear()
        running = self.running
        had = running is not None and len(running.deliveries) > 0
        if running is not None:
            running.deliveries.clear()
        return had

    def delivered(self, message: Message) -> Verdict:
        key = job_key(message)
        running = self.running
        if running is not None and running.key.is_same(key):
            if running.outcome is not None:
                # Its end is known and only on its way to the broker, or was acked before it began.
                return Settle(message, running.outcome)
            running.deliveries.append(message)
            return Joined(message)
        ended = self._recall(message, key)
        if ended is not None:
            return Settle(message, ended.outcome)
        self._waiting.append((message, key))
        return Queued(message)

    def next(self) -> Optional[Message]:
        if self.running is not None or not self._waiting:
            return None
        message, key = self._waiting.popleft()
        self.running = _Running(message, key)
        return message

    def settle_early(self) -> list[Settle]:
        """Ack before the job runs; what comes again of it meanwhile is acked too."""
        running = self.running
        if running is None:
            return []
        running.outcome = "ack"
        settled = [Settle(message, "ack") for message in running.deliveries]
        running.deliveries.clear()
        return settled

    def ended(self, outcome: Outcome) -> list[Settle]:
        """The job is over: all of its deliveries end so, and it is remembered unless it is to run again."""
        running = self.running
        self.running = None
        if running is None:
            return []
        if outcome != "requeue":
            for name in running.key:
                if name is not None:
                    self._ended[name] = _Ended(outcome, self.epoch)
                    self._ended.move_to_end(name)
            while len(self._ended) > _MAX_ENDED:
                self._ended.popitem(last=False)
        return [Settle(message, outcome) for message in running.deliveries]

    def give_back(self) -> list[Settle]:
        """What waits and was not begun goes back to the queue."""
        settled = [Settle(message, "requeue") for message, _ in self._waiting]
        self._waiting.clear()
        return settled

    def _recall(self, message: Message, key: JobKey) -> Optional[_Ended]:
        """Only what is marked as redelivered, or comes with its id on a later channel, can be one whose end got lost."""
        if not message.redelivered and key.by_document is not None:
            # A new message asks for the document again; what is redelivered from now on may be that one.
            self._ended.pop(key.by_document, None)
        for name in (key.by_id, key.by_document):
            ended = self._ended.get(name) if name is not None else None
            if ended is None:
                continue
            if message.redelivered or message.delivery.epoch > ended.epoch:
                return ended
        return None
