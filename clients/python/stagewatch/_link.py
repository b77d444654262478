"""The connection to the broker, in a thread of its own: opens it again for ever, and keeps its heartbeats."""

from __future__ import annotations

import functools
import logging
import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Union
from urllib.parse import urlsplit

import pika
import pika.exceptions

from .errors import UsageError
from .message import Delivery

log = logging.getLogger("stagewatch")

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
#: A session that brought a message, or lasted so long, was a good one: the next pause is the first again.
GOOD_SESSION_S = 10.0
_TICK_S = 0.5


@dataclass(frozen=True)
class LinkSettings:
    url: str
    queue: str
    prefetch: int
    name: str
    heartbeat: int
    #: None: the queue must be there. Else it is declared, durable, with these arguments.
    declare: Optional[Mapping[str, Any]]


class LinkEvents:
    """What a link tells; called in its own thread, one call at a time."""

    def opened(self, epoch: int) -> None: ...

    def delivered(self, delivery: Delivery) -> None: ...

    def lost(self, why: str, pause: float) -> None: ...


class PikaLink:
    """``start`` returns at once. Answers may be given from any thread."""

    def __init__(self, settings: LinkSettings, events: LinkEvents) -> None:
        self._settings = settings
        self._events = events
        self._lock = threading.Lock()
        self._connection: Optional[pika.BlockingConnection] = None
        self._channel: Any = None
        self._consumer_tag: Optional[str] = None
        self._epoch = 0
        self._is_cancelled = threading.Event()
        self._is_closing = threading.Event()
        self._was_cancelled_by_broker = False
        self._has_delivered = False
        self._thread = threading.Thread(target=self._serve, name="stagewatch-connection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def settle(self, epoch: int, tag: int, outcome: str) -> None:
        """Ack, reject or requeue. Of a channel that is gone nothing is sent: its tags mean nothing on another."""
        self._in_thread(functools.partial(self._settle, epoch, tag, outcome))

    def cancel(self) -> None:
        """No new message from now on; what is in hand can still be settled."""
        self._is_cancelled.set()
        self._in_thread(self._cancel)

    def close(self, timeout: float) -> None:
        """Send what is still to be sent, then close. Gives up on a broker that does not answer."""
        self._is_closing.set()
        self._in_thread(lambda: None)
        self._thread.join(timeout)

    def _in_thread(self, task: Callable[[], None]) -> None:
        with self._lock:
            connection = self._connection
            if connection is None:
                return
            try:
                connection.add_callback_threadsafe(task)
            except pika.exceptions.ConnectionWrongStateError:
                # It was lost just now: there is no channel to say it on.
                return

    def _settle(self, epoch: int, tag: int, outcome: str) -> None:
        channel = self._channel
        if epoch != self._epoch or channel is None or not channel.is_open:
            return
        if outcome == "ack":
            channel.basic_ack(tag)
        else:
            channel.basic_nack(tag, requeue=outcome == "requeue")

    def _cancel(self) -> None:
        if self._channel is not None and self._channel.is_open and self._consumer_tag is not None:
            self._channel.basic_cancel(self._consumer_tag)

    def _serve(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._is_closing.is_set():
            began = time.monotonic()
            self._has_delivered = False
            why = self._try_session()
            if self._is_closing.is_set():
                return
            if self._has_delivered or time.monotonic() - began >= GOOD_SESSION_S:
                pause = FIRST_PAUSE_S
            # Workers that lost the broker together must not come back together.
            delay = pause * random.uniform(0.5, 1.0)
            self._events.lost(why, delay)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            self._is_closing.wait(delay)

    def _try_session(self) -> str:
        """Why it ended."""
        try:
            connection = pika.BlockingConnection(self._parameters())
        except Exception as error:  # whatever it is, the broker is tried again
            return describe(error, self._settings, is_connecting=True)
        with self._lock:
            self._connection = connection
        try:
            return self._consume_on(connection)
        except Exception as error:  # a lost connection, or a fault of the client: both are cured by a new one
            return describe(error, self._settings)
        finally:
            with self._lock:
                self._connection = None
            self._channel = None
            _close_quietly(connection)

    def _parameters(self) -> pika.connection.Parameters:
        parameters = pika.URLParameters(self._settings.url)
        if "heartbeat=" not in self._settings.url:
            parameters.heartbeat = self._settings.heartbeat
        parameters.client_properties = {"connection_name": self._settings.name}
        return parameters

    def _consume_on(self, connection: pika.BlockingConnection) -> str:
        """Channel after channel on one connection, while each lasts; the reason why the last one ended."""
        settings = self._settings
        channel = connection.channel()
        self._channel = channel
        channel.basic_qos(prefetch_count=settings.prefetch)
        if settings.declare is not None:
            channel.queue_declare(settings.queue, durable=True, arguments=dict(settings.declare) or None)
        self._was_cancelled_by_broker = False
        channel.add_on_cancel_callback(self._on_cancelled_by_broker)
        # Before the first message can come on it.
        self._epoch += 1
        self._events.opened(self._epoch)
        if not self._is_cancelled.is_set():
            on_message = functools.partial(self._on_message, self._epoch)
            self._consumer_tag = channel.basic_consume(settings.queue, on_message)
        while not self._is_closing.is_set():
            connection.process_data_events(time_limit=_TICK_S)
            if not channel.is_open:
                # pika keeps the broker's words here, and gives them out only to who waits in start_consuming.
                reason = getattr(channel, "_closing_reason", None)
                return describe(reason, settings) if reason else "the broker closed the channel"
            if self._was_cancelled_by_broker:
                return f"the broker cancelled the consumer: queue {settings.queue} was deleted or moved"
        # What other threads asked for before the close is sent by this.
        connection.process_data_events(time_limit=0)
        return "closed"

    def _on_cancelled_by_broker(self, _frame: object) -> None:
        self._was_cancelled_by_broker = True

    def _on_message(self, epoch: int, _channel: object, method: Any, properties: Any, body: bytes) -> None:
        self._has_delivered = True
        self._events.delivered(
            Delivery(
                epoch=epoch,
                tag=method.delivery_tag,
                body=body,
                headers=properties.headers or {},
                message_id=properties.message_id,
                redelivered=method.redelivered,
                timestamp=properties.timestamp,
                content_type=properties.content_type,
            )
        )


def _close_quietly(connection: pika.BlockingConnection) -> None:
    try:
        if connection.is_open:
            connection.close()
    except Exception as error:  # it is being given up anyway
        log.debug("closing the connection: %r", error)


def describe(error: BaseException, settings: LinkSettings, is_connecting: bool = False) -> str:
    """The reason in words, with what to do about it; never the URL, which holds a password."""
    code = getattr(error, "reply_code", None)
    text = getattr(error, "reply_text", None)
    if code == 404:
        return f"queue {settings.queue} is not on the broker: {text}; declare it, or pass declare={{}} to have it declared"
    if code == 406 and "timeout" in str(text):
        return (
            f"a message was not acked within the broker's consumer_timeout, and is delivered again: {text}; "
            "raise consumer_timeout, or lower prefetch so that none waits here for long"
        )
    if code == 406:
        return f"the broker refuses: {text}; a queue that is declared must have the arguments that it was made with"
    if code is not None:
        return f"the broker closed it: {code} {text}"
    if isinstance(error, (pika.exceptions.ProbableAuthenticationError, pika.exceptions.AuthenticationError)):
        return "the broker refuses user or password; correct the URL"
    if isinstance(error, pika.exceptions.ProbableAccessDeniedError):
        return "the broker refuses the vhost to this user; correct the URL or the user's rights"
    remedy = "; is RabbitMQ running there? Else correct the URL" if is_connecting else ""
    return f"{_target(settings.url)}: {_root_cause(error)}{remedy}"


def _target(url: str) -> str:
    """Where the broker is, without its password."""
    parameters = pika.URLParameters(url)
    return f"{parameters.host}:{parameters.port}"


def check_url(url: str) -> str:
    """The URL itself; raises ``UsageError``, which does not show it, for one that can lead to no broker."""
    try:
        parts = urlsplit(url)
        is_broker = parts.scheme in ("amqp", "amqps") and bool(parts.hostname)
        pika.URLParameters(url)
    except (ValueError, TypeError, AttributeError):
        is_broker = False
    if not is_broker:
        raise UsageError("the broker URL cannot be read: expected amqp://user:password@host:5672/vhost")
    return url


def _root_cause(error: Union[BaseException, object]) -> str:
    """The error of the system below what pika wraps around it."""
    seen = 0
    while isinstance(error, BaseException) and seen < 8:
        inner = getattr(error, "exception", None) or (error.args[0] if error.args else None)
        inner = getattr(inner, "exceptions", [inner])[-1] if inner is not None else None
        if not isinstance(inner, BaseException):
            break
        error, seen = inner, seen + 1
    return str(error) or repr(error)
