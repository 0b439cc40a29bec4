"""Waits for a person or the system to say stop: Ctrl-C, or SIGTERM as containers and service managers send it."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def wait_for_stop() -> None:
    """Return once Ctrl-C or SIGTERM has come. Must be called in the main thread."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stopped.wait()
    finally:
        for number, old in before.items():
            signal.signal(number, old)
