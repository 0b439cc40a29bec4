"""Simulation cannot act: while an action's `effect` runs, the interpreter refuses to reach the outside.

An audit hook against mistakes, not against malice: sockets, files, processes and threads raise, and a plugin that
swallows the refusal is still found out when its `effect` returns.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.remove",
    "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.kill", "shutil.",
    "smtplib.", "urllib.", "http.client.", "ftplib.", "sqlite3.connect", "_thread.start_new_thread",
    "_thread.start_joinable_thread", "ctypes.dlopen", "pty.spawn", "webbrowser.",
)  # fmt: skip
# A module imported for the first time inside `effect` is read from disk, and its compiled form written beside it:
# that is Python at work, not an act.
MODULE_ENDINGS = (".py", ".pyc", ".so", ".pyd", ".pth")
MODULE_CACHE = "__pycache__"

_attempts: ContextVar[list[str] | None] = ContextVar("reglament_effect_attempts", default=None)
_installed: list[bool] = []


class ActInEffectError(RuntimeError):
    """Raised inside `effect` at the attempt; `what` names the refused operation."""


def _is_import(event: str, args: tuple[object, ...]) -> bool:
    if not args or MODULE_CACHE in str(args[0]):
        return bool(args)
    if event != "open":
        return False
    flags = args[2] if len(args) > 2 else 0
    # The two lowest bits say whether a file is opened for writing; `os.open` names no mode.
    return isinstance(flags, int) and not flags & 3 and str(args[0]).endswith(MODULE_ENDINGS)


def _watch(event: str, args: tuple[object, ...]) -> None:
    attempts = _attempts.get()
    if attempts is None:
        return
    if (event == "open" or event.startswith(REFUSED)) and not _is_import(event, args):
        what = f"{event} {args[0]!r}" if args else event
        attempts.append(what)
        raise ActInEffectError(f"an effect must not act: {what}")


def _watch_threads() -> None:
    """Make starting a thread an event: before 3.12 the interpreter does not audit it."""
    start = threading._start_new_thread  # type: ignore[attr-defined]  # noqa: SLF001

    def watched(*args: Any, **more: Any) -> Any:
        _watch("_thread.start_new_thread", args[:1])
        return start(*args, **more)

    threading._start_new_thread = watched  # type: ignore[attr-defined]  # noqa: SLF001


@contextmanager
def no_acts() -> Iterator[list[str]]:
    """Refuse acts until the block ends; yield the list of attempts, which the caller reads afterwards."""
    if not _installed:
        # An audit hook stays for the life of the process; one is enough, and it is idle outside such a block.
        sys.addaudithook(_watch)
        if sys.version_info < (3, 12):
            _watch_threads()
        _installed.append(True)
    attempts: list[str] = []
    token = _attempts.set(attempts)
    try:
        yield attempts
    finally:
        _attempts.reset(token)


@contextmanager
def engine_at_work() -> Iterator[None]:
    """Lift the refusal while the engine's own code answers a plugin (a calendar loads its year)."""
    token = _attempts.set(None)
    try:
        yield
    finally:
        _attempts.reset(token)
