"""Waits for a person or the system to say stop: Ctrl-C, or SIGTERM as containers and service managers send it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


def wait_for_stop(announce: Callable[[], object]) -> None:
    """Return once Ctrl-C or SIGTERM has come. Must be called in the main thread.

    `announce` is called when a stop is already waited for: whoever reads what it says may stop the program at once.
    """
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        announce()
        stopped.wait()
    finally:
        for number, old in before.items():
            signal.signal(number, old)
