"""Runs a worker as a program: logging, stacks on SIGUSR1, wrong use as a message instead of a traceback."""

from __future__ import annotations

import logging
import os
import sys
from typing import Callable, NoReturn, Protocol, Union

from .errors import UsageError
from .stacks import dump_stacks_on_signal


class Runnable(Protocol):
    def run(self) -> bool: ...


def worker_main(worker: Union[Runnable, Callable[[], object]]) -> NoReturn:
    """``worker_main(lambda: WorkerConnection(…))``: runs it and ends the process.

    Exit status: 0 after a stop that drained, also when the job in hand went back to the queue; 2 for wrong use, with
    what to do on standard error.
    """
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    dump_stacks_on_signal()
    try:
        made: object = worker() if callable(worker) and not hasattr(worker, "run") else worker
        run = getattr(made, "run", None)
        is_drained = run() if callable(run) else True
    except UsageError as error:
        print(f"stagewatch: {error}", file=sys.stderr)
        sys.exit(2)
    if is_drained:
        sys.exit(0)
    # The handler still runs, and an ordinary end might wait for it.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
