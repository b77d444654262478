"""What the kit raises, each with words that say what to do."""

from __future__ import annotations

from typing import Optional


class UsageError(ValueError):
    """The kit is used in a way that cannot work; the message names the remedy."""


class JobFailed(Exception):
    """A failure sentinel appeared: ``error`` is its text, ``path`` the success sentinel that was waited for."""

    def __init__(self, error: str, path: str, worker: Optional[str] = None) -> None:
        super().__init__(error)
        self.error = error
        self.path = path
        self.worker = worker


class WaitTimeout(TimeoutError):
    """No sentinel appeared in time; ``missing`` are the paths still without one."""

    def __init__(self, message: str, missing: list[str]) -> None:
        super().__init__(message)
        self.missing = missing
