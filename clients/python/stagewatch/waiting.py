"""Waiting for sentinels: returns when they are there, and raises at once when one says that its job failed."""

from __future__ import annotations

import os
import time
from typing import Iterable, Optional, Union

from ._inotify import Inotify
from .errors import JobFailed, UsageError, WaitTimeout
from .sentinel import failed_path, read_failure

#: Network mounts tell this kernel nothing of what other hosts write; everything is looked at again this often.
POLL_S = 1.0


def wait(
    paths: Union[str, Iterable[str]], timeout: Optional[float] = None, any: bool = False  # noqa: A002
) -> list[str]:
    """Wait until each of ``paths`` (``any``: one of them) is there; gives those that are, in the order asked for.

    Raises ``JobFailed`` as soon as one has a failure sentinel (``any``: as soon as all have), ``WaitTimeout`` after
    ``timeout`` seconds. A success stands even if a failure of an earlier attempt lies beside it.
    """
    wanted = [paths] if isinstance(paths, str) else list(dict.fromkeys(paths))
    if not wanted:
        raise UsageError("wait: no path to wait for")
    end = None if timeout is None else time.monotonic() + timeout
    # Opened first: a file that comes between the look and the watch must wake us.
    with Inotify() as watches:
        while True:
            for path in wanted:
                watches.watch_nearest(os.path.dirname(os.path.abspath(path)))
            there = _evaluate(wanted, any)
            if there is not None:
                return there
            left = POLL_S if end is None else min(POLL_S, end - time.monotonic())
            if left <= 0:
                missing = [path for path in wanted if not os.path.exists(path)]
                raise WaitTimeout(f"no sentinel within {timeout:g} s: {', '.join(missing[:5])}", missing)
            watches.sleep(left)


def _evaluate(wanted: list[str], any_of: bool) -> Optional[list[str]]:
    there = []
    failure: Optional[JobFailed] = None
    failures = 0
    for path in wanted:
        if os.path.exists(path):
            there.append(path)
            if any_of:
                return there
            continue
        said = read_failure(failed_path(path))
        if said is None:
            continue
        failures += 1
        worker = said.get("worker")
        failure = failure or JobFailed(said["error"], path, worker if isinstance(worker, str) else None)
        if not any_of:
            break
    if failure is not None and (not any_of or failures == len(wanted)):
        # A worker that retried may have succeeded between the two looks.
        if os.path.exists(failure.path):
            return None
        raise failure
    return there if len(there) == len(wanted) else None


def forget(paths: Union[str, Iterable[str]]) -> None:
    """Remove the sentinels of a job before it is dispatched again, so that no old one is taken for the new."""
    for path in [paths] if isinstance(paths, str) else paths:
        for one in (path, failed_path(path)):
            try:
                os.unlink(one)
            except (FileNotFoundError, NotADirectoryError):
                pass
