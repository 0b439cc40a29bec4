"""One portal: its memory, its clock, its limits, and the call of a method.

Decides who may call what and when a change becomes visible: everything a call changed is durable, and its
events queued, before the call returns. What a method does is in `methods/`; how a call travels is in
`app.py`.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal, Self, TypeAlias
from urllib.parse import urlsplit

from engine.emulator.applications import Registration, install
from engine.emulator.calling import Call, Caller, Method
from engine.emulator.clock import Clock, iso
from engine.emulator.condition import change_condition
from engine.emulator.errors import RestError
from engine.emulator.events import Deliveries, Event, member_id
from engine.emulator.faults import FaultPlan, Request, given_fields, suffer, without_fields
from engine.emulator.limits import RUN_TIME, Bucket, Meter
from engine.emulator.loading import load_company
from engine.emulator.methods import APPLICATION_ONLY, METHODS
from engine.emulator.offline import Doorbell, keep_offline
from engine.emulator.php import listing
from engine.emulator.planned import PlannedFaults
from engine.emulator.policies import Policies, read_policies, with_policies, write_policies
from engine.emulator.rights import refuse_drive
from engine.emulator.rights_owners import refuse_owner
from engine.emulator.seed import Company
from engine.emulator.selection import Page
from engine.emulator.store import Record, Store
from engine.emulator.subscriptions import post_form, receivers_of

Limits: TypeAlias = Literal["real", "off"]

# The portal's time and this machine's, at the same moment; the second is empty after a clean stop.
_CLOCK, _RUNNING_AT = "clock", "running_at"
_MEMBER = "member_id"


@dataclass(frozen=True)
class Answer:
    """What a call gave; `total` and `next` are members of the envelope only for lists."""

    result: object
    total: int | None
    next: int | None
    time: Mapping[str, object]


class Portal:
    """A running portal. Close it, or use it as a context manager."""

    def __init__(self, store: Store, clock: Clock, domain: str, limits: Limits) -> None:
        self.store, self.clock, self.domain, self.limits = store, clock, domain, limits
        self.base_url = f"https://{domain}"
        self.bucket, self.meter = Bucket(), Meter()
        self.deliveries = Deliveries(
            store,
            clock,
            partial(receivers_of, self),
            lambda event, receiver: post_form(self, event, receiver),
        )
        self._doorbell = Doorbell(self)
        self.use_policies(read_policies(store))
        self.faults: FaultPlan | None = None
        """Asked about every HTTP request."""
        self.command_faults: FaultPlan | None = None
        """Asked about every command of a batch."""
        self.plan: PlannedFaults | None = None
        self._commands = itertools.count(1)
        self._lock = threading.RLock()
        self._depth = 0
        self._raised: list[Event] = []
        self._actor, self._connector = 0, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def policies(self) -> Policies:
        """How this portal settles what the vendor leaves open."""
        return read_policies(self.store)

    def use_policies(self, policies: Policies) -> None:
        """Settle those points otherwise from now on; kept in the state file."""
        if policies != read_policies(self.store):
            write_policies(self.store, policies)
        self.meter.limit = float(policies.operating_limit)
        self.deliveries.spread = policies.spread

    def set_policies(self, **given: object) -> None:
        """Some points by name; `PolicyError` where there is no such policy or value."""
        self.use_policies(with_policies(self.policies, given))

    def close(self) -> None:
        """Stop deliveries, remember the time, give the state file back."""
        self.deliveries.close()
        self.save_clock(stops=True)
        self.store.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One change: durable as a whole, its events queued right after, or neither if an exception leaves
        it.
        """
        with self._lock:
            self._depth += 1
            try:
                with self.store.transaction():
                    yield
                    told: set[int] = set()
                    if self._depth == 1 and self._raised:
                        told = keep_offline(self, self._raised)
                        self.save_clock()
            except BaseException:
                self._raised.clear()
                raise
            finally:
                self._depth -= 1
            if self._depth == 0:
                raised, self._raised = self._raised, []
                self.deliveries.send(raised)
                if told:
                    self._doorbell.ring(told)

    @contextmanager
    def acting(self, user: int, connector: str = "") -> Iterator[None]:
        """Changes inside are this employee's (0: a robot's, an agent's), made with this ``auth_connector``."""
        with self._lock:
            before = self._actor, self._connector
            self._actor, self._connector = user, connector
            try:
                yield
            finally:
                self._actor, self._connector = before

    def raise_event(self, name: str, payload: Mapping[str, object]) -> None:
        """Note an event of the current change."""
        now = int(self.clock.now().timestamp())
        self._raised.append(Event(name, payload, now, self._actor, self._connector))

    @property
    def member_id(self) -> str:
        """The portal's own identifier; it stays when the portal moves."""
        return self.store.read_meta(_MEMBER) or member_id(self.domain)

    def rename(self, base_url: str) -> None:
        """The portal has this address from now on: requests to any other host are answered 302 and sent there."""
        with self.change():
            self.store.write_meta(_MEMBER, self.member_id)
            change_condition(self, {"moved_to": base_url.rstrip("/")})
            self.base_url, self.domain = base_url.rstrip("/"), urlsplit(base_url).netloc
            self.store.write_meta("domain", self.domain)

    def install_application(self, form: Registration) -> Record:
        """A local application is installed, its install address posted to; its row, secrets included."""
        return install(self, form)

    def caller(self, user: str, secret: str) -> Caller:
        """Who calls through a webhook; `RestError` 401 if there is no such webhook or its time is over, 403 if its
        owner is dismissed.
        """
        for row in self.store.rows("webhook"):
            if str(row["user"]) == user and str(row["secret"]) == secret and not self._has_ended(row):
                owner = self.store.get("user", int(user))
                if owner is not None and owner.get("ACTIVE") is False:
                    raise RestError(
                        403, "user_access_error", "The user does not have access to the application"
                    )
                return Caller(int(user), frozenset(map(str, listing(row.get("scopes")))), f"{user}/{secret}")
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")

    def _has_ended(self, webhook: Mapping[str, object]) -> bool:
        expires = webhook.get("expires")
        return bool(expires) and datetime.fromisoformat(str(expires)) <= self.clock.now()

    @property
    def methods(self) -> Mapping[str, Method]:
        """Every method of the portal, by lower-case name."""
        return METHODS

    def find_method(self, caller: Caller, name: str) -> Method:
        """A method the caller may use; `RestError` 404 if there is none, 403 if it is beyond the caller."""
        lower = name.lower()
        if lower in APPLICATION_ONLY and caller.application is None:
            text = "Current authorization type is denied for this method. Application context required"
            raise RestError(403, "WRONG_AUTH_TYPE", text)
        method = METHODS.get(lower)
        if method is None:
            raise RestError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        if not self.may_use(caller, method):
            token = "the webhook token" if caller.application is None else "the access token"
            text = f"The request requires higher privileges than provided by {token}"
            raise RestError(403, "insufficient_scope", text)
        return method

    def may_use(self, caller: Caller, method: Method) -> bool:
        """Whether the caller's scopes hold the method's."""
        return not method.scope or has_scope(caller, method.scope)

    def call(
        self,
        caller: Caller,
        name: str,
        params: Mapping[str, object],
        *,
        base_url: str = "",
        in_batch: bool = False,
    ) -> Answer:
        """Carry out one method; what it changed is durable on return.

        Raises `RestError`, and for a command of a batch `Broken` where its planned fault takes the connection.
        """
        method = self.find_method(caller, name)
        if in_batch and not method.in_batch:
            raise RestError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")

        def act(drops: frozenset[str] = frozenset()) -> Answer:
            return self._carry_out(caller, method, without_fields(params, drops), base_url)

        fault = None
        if in_batch and self.command_faults:
            seen = Request(method.name.lower(), next(self._commands), given_fields(params), in_batch=True)
            fault = self.command_faults(seen)
        return act() if fault is None else suffer(fault, act)

    def _carry_out(
        self, caller: Caller, method: Method, params: Mapping[str, object], base_url: str
    ) -> Answer:
        if self.limits == "real":
            self.meter.check(caller.key, method.name)
        started, begun = self.clock.now().timestamp(), time.perf_counter()
        call = Call(self, caller, params, base_url or self.base_url)
        if method.name == "batch":
            # Each command is a change of its own: an earlier one stays when a later one fails.
            result = method.run(call)
        else:
            refuse_drive(self.store, caller.user, method.name)
            refuse_owner(self.store, caller.user, method.name, params)
            with self.acting(caller.user, str(call.loose("auth_connector") or "")), self.change():
                result = method.run(call)
        if isinstance(result, RestError):
            # Returned, not raised, by the few methods that fail after having changed something.
            raise result
        spent = time.perf_counter() - begun
        page = result if isinstance(result, Page) else None
        return Answer(
            page.result if page else result,
            page.total if page else None,
            page.next if page else None,
            self._time(caller, method.name, started, spent),
        )

    def _time(self, caller: Caller, method: str, started: float, spent: float) -> dict[str, object]:
        now = self.clock.now()
        report: dict[str, object] = {
            "start": started,
            "finish": now.timestamp(),
            "duration": max(0.0, now.timestamp() - started),
            "processing": spent,
            "date_start": iso(now),
            "date_finish": iso(now),
        }
        if method != "batch":
            total, resets_in = self.meter.add(caller.key, method, spent)
            planned = self.plan.rest_of(method.lower()) if self.plan else None
            rest = resets_in if planned is None else planned
            # Rounded up: whoever waits until then must not come too early.
            report |= {"operating_reset_at": math.ceil(now.timestamp() + rest), "operating": total}
        return report

    def time_of_run(self, caller: Caller, method: str) -> dict[str, object]:
        """The member ``time`` of an answer given outside `call`."""
        return self._time(caller, method, self.clock.now().timestamp(), 0.0)

    def time_of_rest(self, rests: float) -> dict[str, object]:
        """The member ``time`` of an answer that stops a method for so many seconds."""
        now = self.clock.now()
        stamps = {"date_start": iso(now), "date_finish": iso(now)}
        ends = {"operating_reset_at": math.ceil(now.timestamp() + rests), "operating": RUN_TIME}
        return {"start": now.timestamp(), "finish": now.timestamp(), **stamps, **ends}

    def use_faults(self, plan: PlannedFaults | None) -> None:
        """Requests, commands and posts from now on suffer what the plan says; None ends all faults."""
        self.plan = plan
        self.faults = plan.call if plan else None
        self.command_faults = plan.call if plan else None
        self.deliveries.faults = plan.post if plan else None

    def save_clock(self, *, stops: bool = False) -> None:
        """Remember the present, so that a portal reopened from its file goes on from here; one that did not stop
        but was killed, from where its clock would be by now: it must never show a time before one it has shown.
        """
        with self.store.transaction():
            self.store.write_meta(_CLOCK, self.clock.now().isoformat())
            self.store.write_meta(_RUNNING_AT, "" if stops else repr(time.time()))


def has_scope(caller: Caller, scope: str) -> bool:
    """Whether a webhook's scopes hold this one; ``user`` includes its narrower forms."""
    if scope == "user":
        return bool(caller.scopes & {"user", "user_basic", "user_brief"})
    return scope in caller.scopes


def open_portal(
    state: Path | None,
    company: Company,
    *,
    limits: Limits = "off",
    clock: Clock | None = None,
) -> Portal:
    """A portal over a state file (None keeps it in memory), seeded with `company` if the file is new.

    Without a `clock` the portal has a virtual one: a new file starts at `company.start`, an old one goes on
    where it stopped (after a kill, where it would be by now). Raises `sqlite3.DatabaseError` if the file is
    something else.
    """
    store = Store(state)
    if clock is None:
        clock = Clock(company.time_zone, _saved_time(store) or company.start)
    portal = Portal(store, clock, store.read_meta("domain") or company.domain, limits)
    if store.is_new:
        load_company(portal, company)
    portal.save_clock()
    return portal


def last_time(state: Path | None) -> datetime | None:
    """The last time that the portal in `state` has shown; None where there is no such file."""
    if state is None or not state.exists():
        return None
    store = Store(state)
    try:
        return _saved_time(store)
    finally:
        store.close()


def _saved_time(store: Store) -> datetime | None:
    saved, running_at = store.read_meta(_CLOCK), store.read_meta(_RUNNING_AT)
    if saved is None:
        return None
    missed = max(0.0, time.time() - float(running_at)) if running_at else 0.0
    return datetime.fromisoformat(saved) + timedelta(seconds=missed)
