"""The running engine: store, portal, worker, watcher and both listeners, tied together and stopped together.

Decides the order of starting and stopping, nothing else. Everything it holds is made here and handed down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from engine.decision.event import Event
from engine.language.values import Value
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.pace import Pace
from engine.portal.reader import Reader
from engine.runtime.baseline import missing_entities, take_baseline
from engine.runtime.editions import Editions
from engine.runtime.engine_methods import EngineMethods
from engine.runtime.inbox import LARGEST_INBOX, Inbox
from engine.runtime.intake import Intake
from engine.runtime.journal import Journal
from engine.runtime.logs import Log, open_log
from engine.runtime.occasions import Occasions
from engine.runtime.reload import Reloader
from engine.runtime.run import DELAYS, Desk
from engine.runtime.runs import Runs
from engine.runtime.status import Status
from engine.runtime.steps import Steps
from engine.runtime.store import StateError, Store
from engine.runtime.timers import Timers
from engine.runtime.worker import Worker
from engine.settings import MissingSecret, Settings
from engine.web.console import create_console_app
from engine.web.public import create_public_app
from engine.web.server import WebServer
from engine.workshop import Built, Workshop


class Service:
    """One engine on one portal and one state file.

    Raises StateError where the state is in use or of another kind, MissingSecret where the portal's address or
    token is not set, ValueError for regulations with errors, OSError for a port that is taken. `clock` gives the
    present in the company's zone (the system's by default); `pace=None` sends without our own limit; `delays` are
    the waits in seconds before a step is tried again.
    """

    def __init__(
        self,
        settings: Settings,
        workshop: Workshop,
        built: Built,
        *,
        clock: Callable[[], datetime] | None = None,
        pace: Pace | None = None,
        delays: Sequence[float] = DELAYS,
        inbox_limit: int = LARGEST_INBOX,
        log: Log | None = None,
    ) -> None:
        if not settings.application_token:
            raise MissingSecret("BITRIX24_APPLICATION_TOKEN")
        webhook = settings.require_portal()
        self.settings, self.workshop = settings, workshop
        self._clock = clock or (lambda: datetime.now(settings.zone))
        self._log = log or open_log()
        self._stopping = threading.Event()
        self.store = Store(state_path(settings))
        try:
            self.editions = Editions(self.store, workshop, built, self._clock())
            # Waits between tries end when the engine stops.
            self._client = PortalClient(webhook, pace=pace, sleep=self._sleep)
            self._build(delays, inbox_limit)
        except BaseException:
            self.store.close()
            raise

    def _build(self, delays: Sequence[float], inbox_limit: int) -> None:
        settings, store, clock = self.settings, self.store, self._clock
        contents = Contents(self._client, store.path.parent / "files")
        methods = EngineMethods(store, settings.documents.last_given, clock)
        self._gateway = Gateway(self._client, contents, methods)
        self._map = self.workshop.setup.map
        reader = Reader(self._gateway, self._map, contents)
        self.inbox = Inbox(store, clock, self._wake, inbox_limit)
        desk = Desk(
            store=store,
            editions=self.editions,
            inbox=self.inbox,
            occasions=Occasions(store, reader, self.workshop),
            runs=Runs(store, clock),
            steps=Steps(store, self._gateway, contents, self._map, methods, clock),
            timers=Timers(store, clock),
            gateway=self._gateway,
            clock=clock,
            log=self._log,
            must_stop=lambda: self._worker.is_stopping,
            delays=delays,
        )
        self._worker = Worker(desk, settings.zone, self._first_reading)
        self._open_listeners()

    def _open_listeners(self) -> None:
        settings, store, clock = self.settings, self.store, self._clock
        self._reloader = Reloader(self.workshop, self.editions, clock, self._log, self._wake)
        self.journal = Journal(store)
        self.status = Status(
            company=settings.company,
            language=settings.language,
            zone=settings.zone,
            journal=self.journal,
            editions=self.editions,
            store=store,
            is_working=lambda: self._worker.is_alive,
            has_baseline=lambda: not missing_entities(store, settings.world),
        )
        intake = Intake(
            settings.application_token, self.inbox, store, settings.world, settings.zone, self._log
        )
        public, console = settings.public, settings.console
        self._public = WebServer(create_public_app(intake), public.host, public.port, name="reglament-public")
        self._console = WebServer(
            create_console_app(self.status), console.host, console.port, name="reglament-console"
        )

    @property
    def public_url(self) -> str:
        """The public listener's address; events go to its `/portal/events`."""
        return self._public.url

    @property
    def console_url(self) -> str:
        """The console's address."""
        return self._console.url

    def start(self) -> None:
        """Everything runs when this returns; the first reading of the portal may still go on (see `wait_idle`)."""
        self._worker.start()
        self._reloader.start()
        self._public.start()
        self._console.start()
        self._log.info("started", public=self.public_url, console=self.console_url)

    def stop(self) -> None:
        """Everything has stopped and the state is closed; what was under way goes on at the next start."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._public.stop()
        self._reloader.stop()
        self._worker.stop()
        self._console.stop()
        self._client.close()
        self.store.close()
        self._log.info("stopped")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_idle(self, timeout: float = 30.0) -> bool:
        """Wait until the portal was read once, no event waits, no run is under way; False after `timeout` seconds."""
        return self._worker.wait_idle(timeout)

    def deliver(self, event: Event, roots: Mapping[str, Value] | None = None) -> None:
        """Store an event of our own (a plugin's, a command); `roots` are what rules see beside the event's item."""
        self.inbox.put(event, roots)

    def _sleep(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _wake(self) -> None:
        self._worker.wake()

    def _first_reading(self) -> bool:
        """Take the baseline of entities without one; False where the portal does not let us yet."""
        if not missing_entities(self.store, self.settings.world):
            return True
        try:
            count = take_baseline(self.store, self._gateway, self._map, self._clock)
        except PortalError as error:
            self._log.warning("baseline", reason=str(error))
            return False
        self._log.info("baseline", items=count)
        return True


def state_path(settings: Settings) -> Path:
    """Return the state's file. Raises StateError for a state that this edition of the product does not keep."""
    if "://" in settings.state:
        raise StateError(
            "only a file can be the state so far: state: ./state/engine.db",
            "состояние пока хранится только в файле: state: ./state/engine.db",
        )
    return Path(settings.state)
