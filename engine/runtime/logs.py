"""Logs: text for people who run the engine. The journal is what lasts.

Decides the form of a line and that no secret is in it. The logger is made once and handed down.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any, Protocol, TextIO

import structlog

from engine.portal.errors import redact


class Log(Protocol):
    """What the runtime says: an event word and its values by name."""

    def info(self, event: str, **values: object) -> Any:
        """Say something expected."""

    def warning(self, event: str, **values: object) -> Any:
        """Say something that a person may have to look at."""


def open_log(stream: TextIO | None = None) -> Log:
    """Return a logger of `key=value` lines on `stream` (stderr by default), secrets replaced by `***`."""
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )
    return log


def hide_secrets(_: object, __: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace webhook secrets and tokens in every text of a line."""
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = redact(value)
    return values
