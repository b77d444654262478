"""Files that readers only ever see whole, and text that can always be written."""

from __future__ import annotations

import itertools
import os
import threading

_counter = itertools.count()

#: The daemon reads the first 64 kB of a sentinel, and a progress file only up to that size.
MAX_FILE_BYTES = 65_536


def write_atomically(path: str, text: str, durable: bool) -> None:
    """Write beside the target and rename; makes missing folders.

    ``durable``: the content is on the disk before the name appears, so that a power cut leaves no empty file.
    Raises ``OSError``; the target is then as it was.
    """
    folder = os.path.dirname(path) or "."
    # A leading dot keeps the name out of the daemon's scans; the target's own name may leave no room for a suffix.
    temporary = os.path.join(folder, f".{os.getpid()}-{threading.get_ident()}-{next(_counter)}.tmp")
    content = text.encode("utf-8", "replace")
    try:
        try:
            _write_new(temporary, content, durable)
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)
            _write_new(temporary, content, durable)
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def _write_new(path: str, content: bytes, durable: bool) -> None:
    # The system's calls: a file object asks for facts of so small a file that are not needed.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        if durable:
            os.fsync(file)
    finally:
        os.close(file)


def remove(path: str) -> None:
    """Remove a file if it is there and can be removed."""
    try:
        os.unlink(path)
    except OSError:
        pass


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters: the start and the end, where a traceback says most."""
    if len(text) <= limit:
        return text
    half = limit // 2 - 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def check_writable(folder: str, what: str, remedy: str) -> None:
    """Raise ``UsageError`` when no file can be made in ``folder``, and say what to do."""
    from .errors import UsageError

    probe = os.path.join(folder, f".{os.getpid()}-{threading.get_ident()}.probe")
    try:
        with open(probe, "wb"):
            pass
        os.unlink(probe)
    except OSError as error:
        raise UsageError(f"cannot write {what} to {folder}: {error.strerror or error}; {remedy}") from error
