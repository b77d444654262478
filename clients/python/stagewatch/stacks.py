"""Stacks of all threads on SIGUSR1, also of a handler that hangs in C."""

from __future__ import annotations

import faulthandler
import signal


def dump_stacks_on_signal() -> None:
    """On SIGUSR1 the stack of every thread goes to standard error; the process goes on.

    ``docker kill --signal USR1 CONTAINER``, then ``docker logs``. Leaves a handler of the program's own in place.
    """
    number = getattr(signal, "SIGUSR1", None)
    if number is None or not hasattr(faulthandler, "register") or signal.getsignal(number) != signal.SIG_DFL:
        return
    try:
        faulthandler.register(number, all_threads=True)
    except (OSError, ValueError, RuntimeError, AttributeError):
        # The process has no standard error that stacks could go to.
        return
