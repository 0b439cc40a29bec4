"""Logs: text for people who run the engine, or JSON for what gathers it. The journal is what lasts.

Decides the form of a line and that no secret is in it, whatever an exception or a value says. The logger is made once
and handed down.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Collection, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TextIO, cast
from urllib.parse import quote, unquote, urlsplit

import structlog

from engine.portal.errors import redact
from engine.settings import Settings
from engine.setup import LogSetup

_HIDDEN = "***"
# A shorter text is no secret worth the name, and would blot out half the log.
_SHORTEST = 4
_USUAL = LogSetup()
_LEVELS = 3
_ESCAPES: Sequence[Callable[[str], str]] = (
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: quote(text, safe=""),
)


class Log(Protocol):
    """What the runtime says: an event word and its values by name."""

    def info(self, event: str, **values: object) -> Any:
        """Say something expected."""

    def warning(self, event: str, **values: object) -> Any:
        """Say something that a person may have to look at."""


def open_log(stream: TextIO | None = None, *, setup: LogSetup = _USUAL, secrets: Collection[str] = ()) -> Log:
    """Return a logger on `stream` (stderr by default): a line of `key=value`, or of JSON, an event.

    Webhook addresses, tokens and the texts of `secrets` are replaced by `***`, in tracebacks too.
    """
    render: Callable[..., str | bytes] = structlog.processors.KeyValueRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True
    )
    if setup.form == "json":
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(cast("TextIO", _Unfailing(stream or sys.stderr))),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if setup.level == "warning" else logging.INFO
        ),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            hide_secrets,
            _Blotter(render, secrets),
        ],
    ).bind()  # bound once: otherwise it would be for every line
    return log


class _Unfailing:
    """A stream whose faults stop nobody: on a full disk the work goes on without its log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def hide_secrets(_: object, __: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace webhook secrets and tokens in every text of a line."""
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = redact(value)
    return values


class _Blotter:
    """Renders a line, then blots secrets out of it as a whole: a value that is no text shows only now what it holds.

    The texts of `secrets` are looked for as they are and as JSON and addresses spell them.
    """

    def __init__(self, render: Callable[..., str | bytes], secrets: Collection[str]) -> None:
        self._render = render
        spelt = {secret for secret in secrets if len(secret) >= _SHORTEST}
        # A text shown inside a text shown inside a line: each level may have escaped what the one before has.
        for _ in range(_LEVELS):
            spelt |= {escape(text) for text in spelt for escape in _ESCAPES}
        # The longest first: one secret may be part of another.
        words = sorted(spelt, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, words))) if words else None

    def __call__(self, logger: object, name: str, values: MutableMapping[str, Any]) -> str:
        line = redact(str(self._render(logger, name, values)))
        return self._pattern.sub(_HIDDEN, line) if self._pattern is not None else line


def secrets_of(settings: Settings) -> list[str]:
    """Return the secrets of the settings as bare texts: wherever one turns up, it is one."""
    webhook = urlsplit(settings.webhook_url).path.strip("/").split("/")
    database = urlsplit(settings.state).password if "://" in settings.state else ""
    found = [
        webhook[-1],
        settings.application_token,
        settings.application.client_secret,
        settings.mail.password,
        database or "",
        unquote(database or ""),
    ]
    return [secret for secret in found if secret]
