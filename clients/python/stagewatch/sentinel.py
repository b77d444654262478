"""Sentinels: the file that ends a job. ``PATH`` is success, ``PATH.failed`` is failure."""

from __future__ import annotations

import json
import os
import re
import time
import traceback
from datetime import datetime, timezone
from typing import Any, Mapping, Optional

from ._files import clip, remove, write_atomically
from .errors import UsageError

FAILED_SUFFIX = ".failed"

_MAX_ERROR = 8_000
_MAX_TRACEBACK = 20_000
_MAX_NAME_BYTES = 255 - len(FAILED_SUFFIX)
_BAD_CHARACTER = re.compile(r"[/\x00-\x1f\x7f]")
#: Made once: json.dumps makes one for each call that has options.
_encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode


def failed_path(path: str) -> str:
    return path + FAILED_SUFFIX


def sentinel_path(pattern: str, document: Optional[str], stage: Optional[str]) -> str:
    """Fill ``{document}`` and ``{stage}`` in; raises ``UsageError`` for a name that would lead elsewhere."""
    path = pattern
    for key, value in (("document", document), ("stage", stage)):
        placeholder = "{" + key + "}"
        if placeholder not in path:
            continue
        if value is None:
            raise UsageError(f"the sentinel {pattern} needs the {key} of the job, and none is known; pass {key}=…")
        problem = _name_problem(value)
        if problem:
            raise UsageError(f"{key} {value[:80]!r} cannot be part of a path: {problem}")
        path = path.replace(placeholder, value)
    return path


def check_pattern(pattern: str) -> None:
    """Raise ``UsageError`` for a pattern that the daemon could not read either."""
    rest = pattern.replace("{document}", "").replace("{stage}", "")
    if "{" in rest or "}" in rest:
        raise UsageError(f"sentinel {pattern}: only {{document}} and {{stage}} are replaced")
    if pattern.endswith(FAILED_SUFFIX) or pattern.endswith("/") or not pattern:
        raise UsageError(f"sentinel {pattern!r}: give the path of the success sentinel, without {FAILED_SUFFIX}")


def _name_problem(name: str) -> Optional[str]:
    if name in ("", ".", ".."):
        return "it is empty or a folder"
    if _BAD_CHARACTER.search(name):
        return "it has a slash or a control character"
    if name.startswith("."):
        return "it begins with a dot, and the daemon leaves such names out"
    if len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES:
        return f"it is longer than {_MAX_NAME_BYTES} bytes"
    return None


def write_success(path: str, data: Optional[Mapping[str, Any]] = None, durable: bool = True) -> None:
    """Write the success sentinel and remove a failure of an earlier attempt. Raises ``OSError``."""
    content = {"finished_at": iso_now()} if data is None else dict(data)
    write_atomically(path, _encode(content) + "\n", durable)
    remove(failed_path(path))


def write_failure(
    path: str,
    error: str,
    *,
    worker: Optional[str] = None,
    reason: Optional[str] = None,
    more: Optional[Mapping[str, Any]] = None,
    durable: bool = True,
) -> bool:
    """Write the failure sentinel; False when the job has succeeded already, which a failure never undoes.

    The same failure written twice is one failure: the file stays as it is. Raises ``OSError``.
    """
    if os.path.exists(path):
        return False
    facts: dict[str, Any] = {"error": clip(error, _MAX_ERROR)}
    if worker is not None:
        facts["worker"] = worker
    if reason is not None:
        facts["reason"] = reason
    if more is None and _says_the_same(failed_path(path), facts):
        return True
    facts["failed_at"] = iso_now()
    text = _encode({**facts, **(more or {})})
    write_atomically(failed_path(path), text + "\n", durable)
    if not os.path.exists(path):
        return True
    # Another worker succeeded between the look and the write: whichever comes last of the two removes the failure.
    remove(failed_path(path))
    return False


def _says_the_same(path: str, facts: Mapping[str, Any]) -> bool:
    there = read_failure(path)
    return there is not None and all(there.get(key) == facts.get(key) for key in ("error", "worker", "reason"))


def read_failure(path: str) -> Optional[dict[str, Any]]:
    """What the failure sentinel at ``path`` (with ``.failed``) says; None when there is none.

    JSON with ``error``, or plain text. Half of a file that is being written counts as text.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(65_536).decode("utf-8", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return {"error": f"the job failed, and why cannot be read: {error.strerror or error}"}
    try:
        value = json.loads(text) if text.startswith("{") else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {"error": text or "the job failed, and its failure sentinel is empty"}
    if not isinstance(value.get("error"), str):
        value["error"] = str(value.get("error", value.get("message", "the job failed without saying why")))
    return value


def describe_exception(error: BaseException) -> str:
    """``Type: message`` in one piece, whatever the exception's own words do when they are asked for."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException as problem:  # noqa: B902  its own code runs here, and may raise anything
        return f"{name} (its message cannot be shown: {type(problem).__name__})"
    return clip(f"{name}: {message}" if message else name, _MAX_ERROR)


def describe_traceback(error: BaseException) -> str:
    try:
        lines = traceback.format_tb(error.__traceback__)
    except BaseException as problem:  # noqa: B902  source files may be gone or unreadable
        return f"(no traceback: {type(problem).__name__})"
    return clip("".join(lines), _MAX_TRACEBACK)


def iso_now() -> str:
    return iso_time(time.time())


def iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
