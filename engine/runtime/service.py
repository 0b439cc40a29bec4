"""The running engine: store, portal, worker, watcher and both listeners, tied together and stopped together.

Decides the order of starting and stopping, nothing else. Everything it holds is made here and handed down.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from engine.decision.event import BACKFILL, Event
from engine.decision.forms import Json
from engine.language.values import Value
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.pace import Pace
from engine.portal.reader import Reader
from engine.registers.legacy_answer import TAKE_IN, TakingIn
from engine.registers.report_post import REPORT, report_method
from engine.registers.upkeep import register_duties
from engine.runtime.accounts import Accounts
from engine.runtime.attention import TELL, Attention
from engine.runtime.backfill import Backfill
from engine.runtime.bank_folder import bank_duties
from engine.runtime.baseline import missing_entities, take_baseline
from engine.runtime.brakes import Brakes
from engine.runtime.carrying import Carriage
from engine.runtime.commands import COMMAND, Commands
from engine.runtime.connection import Connection
from engine.runtime.desk_opening import DeskLine, open_desk
from engine.runtime.duties import Duties, Duty
from engine.runtime.editions import Editions
from engine.runtime.engine_methods import EngineMethods
from engine.runtime.inbox import LARGEST_INBOX, Inbox, Pending
from engine.runtime.inside import Inside, Parts
from engine.runtime.intake import Intake
from engine.runtime.journal import Journal
from engine.runtime.lane_opening import open_lanes, shared
from engine.runtime.logs import Log, open_log, secrets_of
from engine.runtime.occasions import Occasions
from engine.runtime.offline_queue import OfflineQueue
from engine.runtime.opening import open_store
from engine.runtime.reload import Reloader
from engine.runtime.retention import prune
from engine.runtime.retry import RETRY, Retry
from engine.runtime.returned_mail import mailbox_duties
from engine.runtime.run import Carrier
from engine.runtime.runs import Runs
from engine.runtime.schedules import Schedules
from engine.runtime.status import Status
from engine.runtime.steps import Steps
from engine.runtime.sweep import SWEEP, Sweep
from engine.runtime.tally import Tally
from engine.runtime.timers import Timers
from engine.runtime.undo import UNDO, Undo
from engine.runtime.waits import DELAYS
from engine.settings import Settings
from engine.web.console import create_console_app
from engine.web.public import create_public_app
from engine.web.server import WebServer
from engine.workshop import Built, Workshop

_TIMERS_EVERY = 0.2
_PRUNE_EVERY = 3600.0
# Together below the ten seconds after which service managers and containers kill.
_LONGEST_STEP, _LAST_WORDS = 7.0, 1.0


class Service:
    """One engine on one portal and one state.

    Raises StateError where the state is in use or of another kind, MissingSecret where the portal's address or
    token is not set, ValueError for regulations with errors, OSError for a port that is taken. `clock` gives the
    present in the company's zone (the system's by default); `pace=None` sends without our own limit; `delays` are
    the waits in seconds before a step is tried again; `framed_by` is the origin that may frame the console's strip.
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
        framed_by: str = "",
    ) -> None:
        settings.require_connection()
        self.settings, self.workshop = settings, workshop
        self._framed_by = framed_by
        self._clock = clock or (lambda: datetime.now(settings.zone))
        self._log = log or open_log(setup=settings.log, secrets=secrets_of(settings))
        self._stopping = threading.Event()
        self._told = ""
        self._owner = f"{socket.gethostname()} {os.getpid()}"
        self.tally = Tally()
        self.store = open_store(settings)
        try:
            self.editions = Editions(self.store, workshop, built, self._clock())
            # Waits between tries end when the engine stops.
            self._connection = Connection.open(
                settings, self.store, self._clock, self._log, self._sleep, self._look_again
            )
            self._client = PortalClient(
                self._connection.credentials,
                pace=shared(settings, self.store, pace, self._sleep),
                sleep=self._sleep,
                told=self._connection.told,
            )
            self._build(delays, inbox_limit)
        except BaseException:
            self.store.close()
            raise

    def _build(self, delays: Sequence[float], inbox_limit: int) -> None:
        settings, store, clock = self.settings, self.store, self._clock
        contents = Contents(self._client, store.folder / "files")
        methods = EngineMethods(store, settings.documents.last_given, clock)
        methods.more[REPORT] = report_method(self.workshop, store, clock)
        self._gateway = Gateway(self._client, contents, methods)
        self._map = self.workshop.setup.map
        self.inbox = Inbox(store, clock, self._wake, inbox_limit, owner=self._owner)
        self._timers = Timers(store, clock)
        self._schedules = Schedules(store, clock)
        connection = self._connection
        queue = OfflineQueue(self.inbox, settings.world, clock, lambda: connection.is_connected)
        self._sweep = Sweep(store, self._gateway, self._map, self.inbox, clock, queue)
        parts = Parts(
            store, self._gateway, contents, methods, self._map, self.editions, clock, self._wake, self._log,
            self.workshop,
        )  # fmt: skip
        self._inside = Inside.open(parts, connection, settings.outside)
        self._runs = Runs(store, clock)
        self._brakes = Brakes(store, clock, settings.brakes)
        carriage = Carriage(
            store=store,
            inbox=self.inbox,
            runs=self._runs,
            steps=Steps(store, contents, self._map, methods, clock),
            timers=self._timers,
            brakes=self._brakes,
            tally=self.tally,
            clock=clock,
            log=self._log,
            must_stop=lambda: self._lanes.is_stopping,
            delays=delays,
            wake=self._wake,
        )
        self._reader = Reader(self._gateway, self._map, contents)
        occasions = Occasions(store, self._reader, self.workshop)
        carrier = Carrier(carriage, self.editions, occasions, self._gateway, settings.zone)
        carrier.answers = self._answers(carrier)
        self._lanes = open_lanes(
            settings,
            store,
            carrier.advance,
            self.inbox.lanes,
            self._first_reading,
            self._is_due,
            clock,
            self._log,
        )
        returned = mailbox_duties(store, settings.mail, contents, clock, self._wake, self._log)
        self._duties = Duties(store, [*self._periodic(), *returned], self._owner, self._log)
        self._open_listeners()

    def _answers(self, carrier: Carrier) -> dict[str, Callable[[Pending], Mapping[str, Json] | None]]:
        """Return what people may ask of the running engine."""
        attention = Attention(
            self._runs, self._gateway, self.settings.world, self.settings.attention, self.settings.zone
        )
        return {
            RETRY: Retry(carrier).answer,
            UNDO: Undo(carrier, self._map).answer,
            TELL: attention.answer,
            SWEEP: self._sweep.answer,
            BACKFILL: Backfill(carrier).answer,
            COMMAND: Commands(carrier).answer,
            TAKE_IN: TakingIn(carrier).answer,
        }

    def _periodic(self) -> list[Duty]:
        """Return the work that comes back."""
        store, gateway, clock, log = self.store, self._gateway, self._clock, self._log
        return [
            Duty("timers", _TIMERS_EVERY, self._fire_timers, is_shared=True),
            Duty("schedules", 1.0, self._fire_schedules, is_shared=True),
            *(
                [Duty("sweep", every, self._sweep_now, first=every)]
                if (every := self.settings.sweep_seconds)
                else []
            ),
            Duty("journal", _PRUNE_EVERY, self._prune, first=_PRUNE_EVERY),
            *(self._inside.duties() if self._inside is not None else []),
            *bank_duties(self.settings, store, gateway, self._map, clock, log, self._look_again),
            *register_duties(self.workshop, store, gateway, clock, log),
        ]

    def _prune(self) -> None:
        in_use = {self.editions.current.edition.hash}
        self._brakes.forget_before(self._clock())
        forgotten = prune(self.store, self._clock(), self.settings.keep, in_use)
        if forgotten:
            self._log.info("journal", forgotten=forgotten)

    def _fire_timers(self) -> None:
        if self._timers.fire():
            self._lanes.look_again()

    def _is_due(self) -> bool:
        due = self._timers.next_due()
        return due is not None and due <= self._clock().timestamp()

    def _open_listeners(self) -> None:
        settings, store, clock = self.settings, self.store, self._clock
        self._reloader = Reloader(self.workshop, self.editions, clock, self._log, self._swapped)
        self.journal = Journal(store)
        self.status = Status(
            company=settings.company,
            language=settings.language,
            zone=settings.zone,
            journal=self.journal,
            editions=self.editions,
            store=store,
            is_working=lambda: self._lanes.is_alive,
            has_baseline=lambda: not missing_entities(store, settings.world),
            tally=self.tally,
            spent=self._client.spending.now,
            clock=clock,
        )
        connection = self._connection
        intake = Intake(
            connection.trust.is_ours,
            self.inbox,
            store,
            settings.world,
            settings.zone,
            self._log,
            connection.removed,
        )
        public, console = settings.public, settings.console
        self._public = WebServer(
            create_public_app(
                intake,
                self.status.is_writable,
                connection.install,
                self._inside.calls.take if self._inside is not None else None,
                self._inside.tab if self._inside is not None else None,
            ),
            public.host,
            public.port,
            name="reglament-public",
        )
        # The door goes by the real time, whatever clock the engine works by.
        self.accounts = Accounts(store, lambda: datetime.now(settings.zone))
        line = DeskLine(self._client, self._gateway, self._reader)
        desk = replace(
            open_desk(self.workshop, self.status, self.accounts, line, self._wake, self._look_again),
            framed_by=self._framed_by,
        )
        self._console = WebServer(
            create_console_app(desk), console.host, console.port, name="reglament-console"
        )

    @property
    def public_url(self) -> str:
        """The public listener's address; events go to its `/portal/events`."""
        return self._public.url

    @property
    def console_url(self) -> str:
        """The console's address."""
        return self._console.url

    def first_link(self) -> str:
        """Return the address at which the first person chooses a name and a password; empty where somebody has."""
        return (
            f"{self.console_url}/invitation/{self.accounts.invite_first()}"
            if self.accounts.is_empty()
            else ""
        )

    def start(self) -> None:
        """Everything runs when this returns; the first reading of the portal may still go on (see `wait_idle`)."""
        self._lanes.start()
        self._duties.start()
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
        is_quiet = self._lanes.stop(_LONGEST_STEP)
        self._gateway.gathering.stop()
        self._client.close()
        if not is_quiet:
            # The portal or a mail server does not answer: the calls are broken off, their outcome is unknown, and
            # the next start looks before it repeats anything.
            self._lanes.stop(_LAST_WORDS)
        self._duties.stop(_LAST_WORDS)
        self._console.stop()
        self.store.close()
        self._log.info("stopped")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_idle(self, timeout: float = 30.0) -> bool:
        """Wait until the portal was read once, no event waits, no run is under way; False after `timeout` seconds."""
        return self._lanes.wait_idle(timeout)

    def deliver(self, event: Event, roots: Mapping[str, Value] | None = None) -> None:
        """Store an event of our own (a plugin's, a command); `roots` are what rules see beside the event's item."""
        self.inbox.put(event, roots, origin="plugin")

    def _sleep(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _look_again(self) -> None:
        self._lanes.look_again()
        if self._inside is not None:
            self._inside.look_again()

    def _wake(self, lane: str) -> None:
        self._lanes.wake(lane)

    def _swapped(self) -> None:
        """Another edition is in force: the timers follow it."""
        self._timers.rearm(self.editions.current.edition)
        self._schedules.rearm(self.editions.current.edition)
        if self._inside is not None:
            self._inside.look_again()

    def _fire_schedules(self) -> None:
        if self._schedules.fire():
            self._lanes.look_again()

    def _sweep_now(self) -> None:
        swept = self._sweep.run()
        failures = [one.failure for one in swept.found.values() if one.failure]
        self._log.info("sweep", items=swept.total, requests=swept.requests, failures="; ".join(failures))

    def _first_reading(self) -> bool:
        """One process reads the portal, the others wait for it."""
        with self.store.alone("first reading") as is_alone:
            return is_alone and self._read_first()

    def _read_first(self) -> bool:
        """Take the baseline of entities without one; False where the portal does not let us yet."""
        if missing_entities(self.store, self.settings.world):
            try:
                count = take_baseline(self.store, self._gateway, self._map, self._clock)
            except PortalError as error:
                if str(error) != self._told:  # an application may wait for its install for days
                    self._told = str(error)
                    self._log.warning("baseline", reason=self._told)
                return False
            self._log.info("baseline", items=count)
        self._swapped()
        if self.settings.sweep_seconds:
            # Before the lanes open: what was missed is in the inbox when the engine says that it is ready.
            self._sweep_now()
        return True
