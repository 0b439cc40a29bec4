"""Hot reload: a changed regulation is read, checked and put into force whole, without a restart.

Decides when to look. A file with errors changes nothing but what is said: the last good edition stays in force.
Editors write a file in several steps, so a burst of changes is read once, after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from engine.runtime.editions import Editions
from engine.runtime.logs import Log
from engine.workshop import Workshop

QUIET = 0.15
_POLL = 0.5
_ENDINGS = (".yaml", ".yml", ".txt")


class Reloader(FileSystemEventHandler):
    """Watches the regulations' folder and swaps `editions`. `notify` is called after every reading."""

    def __init__(
        self, workshop: Workshop, editions: Editions, clock: Callable[[], datetime], log: Log,
        notify: Callable[[], None],
    ) -> None:  # fmt: skip
        self._workshop, self._editions, self._clock = workshop, editions, clock
        self._log, self._notify = log, notify
        self._dirty = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reglament-reload", daemon=True)
        self._observer: BaseObserver | None = None

    def start(self) -> None:
        """Watch from now on; where the system offers no watching, look twice a second."""
        self._observer = self._watch(self._workshop.settings.regulations)
        self._thread.start()
        # Whatever changed between the first reading and this moment was seen by nobody.
        self._dirty.set()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._dirty.set()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        if self._thread.is_alive():
            self._thread.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note that something of the regulations changed; reading a file is no change."""
        paths = [str(path) for path in (event.src_path, getattr(event, "dest_path", "")) if path]
        is_change = event.event_type not in ("opened", "closed_no_write")
        if is_change and (event.is_directory or any(path.endswith(_ENDINGS) for path in paths)):
            self._dirty.set()

    def _watch(self, folder: Path) -> BaseObserver | None:
        for make in (Observer, lambda: PollingObserver(timeout=_POLL)):
            observer = make()
            with suppress(OSError):
                observer.schedule(self, str(folder), recursive=True)
                observer.start()
                return observer
        self._log.warning("unwatched", folder=str(folder))
        return None

    def _work(self) -> None:
        while True:
            self._dirty.wait()
            while self._dirty.is_set() and not self._stopping.is_set():
                self._dirty.clear()
                self._stopping.wait(QUIET)
            if self._stopping.is_set():
                return
            try:
                self._read()
            except Exception as error:  # noqa: BLE001
                # A fault of ours while reading must not end the watching: the edition in force is untouched.
                self._log.warning("fault", exc_info=error)

    def _read(self) -> None:
        before = self._editions.current
        built = self._workshop.build()
        if built.edition is not None and built.edition.hash == before.edition.hash and not before.is_broken:
            return
        is_swapped = self._editions.swap(built, self._clock())
        if is_swapped:
            self._log.info("edition", hash=self._editions.current.edition.hash)
        else:
            errors = [f"{found.span} {found.code}" for found in built.diagnostics if found.is_error]
            self._log.warning("broken", kept=before.edition.hash, errors="; ".join(errors))
        self._notify()
