"""The engine's numbers in the text format of Prometheus.

Decides their names, which do not change. Written here, not by a client library: all that counts already stands in the
tables or in a tally, and a library would keep a second, process-wide registry of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from engine.portal.spending import Spent
from engine.runtime.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGE, COUNTER = "gauge", "counter"
METRICS: Mapping[str, tuple[str, str]] = {
    "reglament_worker_up": (GAUGE, "1 while the engine works on events"),
    "reglament_ready": (GAUGE, "1 while /readyz answers 200"),
    "reglament_inbox_waiting": (GAUGE, "events that wait for their turn"),
    "reglament_inbox_running": (GAUGE, "events under way, those in back-off included"),
    "reglament_inbox_oldest_seconds": (GAUGE, "age of the oldest event that is not done"),
    "reglament_lanes_open": (GAUGE, "deals, or items of their own, with events that are not done"),
    "reglament_events_failed": (GAUGE, "kept events that could not be processed"),
    "reglament_runs": (GAUGE, "kept runs that wait, or wait for a person, by status"),
    "reglament_runs_total": (COUNTER, "runs ended by this process, by status"),
    "reglament_steps_total": (COUNTER, "steps ended by this process, by outcome"),
    "reglament_deliveries_total": (COUNTER, "posts of the portal, by what became of them"),
    "reglament_portal_requests_total": (COUNTER, "requests sent to the portal by this process"),
    "reglament_portal_refusals_total": (
        COUNTER,
        "requests and commands refused or lost, by the portal's code",
    ),
    "reglament_portal_commands_sent_total": (
        COUNTER,
        "commands in these requests; reads that several runs asked for at once are sent once",
    ),
    "reglament_portal_reads_total": (
        COUNTER,
        "reads that runs asked for, by rule; no rule: facts before deciding",
    ),
    "reglament_portal_writes_total": (COUNTER, "writes that runs asked for, by rule"),
    "reglament_portal_share_total": (
        COUNTER,
        "requests by rule: each rule's share of those that carried its commands",
    ),
    "reglament_last_event_timestamp_seconds": (GAUGE, "when the portal's last event came in"),
    "reglament_last_sweep_timestamp_seconds": (
        GAUGE,
        "when the portal was last looked through for missed changes",
    ),
    "reglament_timers_armed": (GAUGE, "deadlines and schedules that are armed"),
    "reglament_timers_overdue": (GAUGE, "armed timers whose time has passed"),
    "reglament_brakes": (GAUGE, "brakes that are on, a pause included"),
    "reglament_paused": (GAUGE, "1 while a person has paused everything"),
    "reglament_rules": (GAUGE, "rules in force"),
    "reglament_edition_info": (GAUGE, "1; its label is the hash of the edition in force"),
    "reglament_edition_since_timestamp_seconds": (GAUGE, "when this edition came into force"),
    "reglament_edition_broken": (GAUGE, "1 while the files hold errors and the last good edition goes on"),
}
"""Every metric with its kind and what it says."""
Sample = tuple[str, Mapping[str, str], float]


def exposition(status: Status) -> str:
    """Return all metrics as Prometheus reads them."""
    found: dict[str, list[Sample]] = {}
    for sample in _samples(status):
        found.setdefault(sample[0], []).append(sample)
    lines: list[str] = []
    for name, (kind, text) in METRICS.items():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(labels)} {_number(value)}" for _, labels, value in found.get(name, ())]
    return "\n".join(lines) + "\n"


def _samples(status: Status) -> Iterator[Sample]:
    inbox, timers, brakes, spent, in_force = (
        status.inbox(), status.timers(), status.brakes(), status.spent(), status.in_force,
    )  # fmt: skip
    edition, now = in_force.edition, status.now
    plain: Mapping[str, float] = {
        "worker_up": status.is_working(),
        "ready": not status.unready(),
        "inbox_waiting": inbox.waiting,
        "inbox_running": inbox.running,
        "inbox_oldest_seconds": max(0.0, (now - inbox.oldest).total_seconds()) if inbox.oldest else 0.0,
        "lanes_open": status.lanes(),
        "events_failed": inbox.failed,
        "portal_requests_total": spent.requests,
        "portal_commands_sent_total": spent.commands,
        "timers_armed": timers.armed,
        "timers_overdue": timers.overdue,
        "brakes": len(brakes),
        "paused": any(not brake.rule for brake in brakes),
        "rules": len(edition.rules),
        "edition_broken": in_force.is_broken,
    }
    for name, value in plain.items():
        yield f"reglament_{name}", {}, float(value)
    yield "reglament_edition_info", {"hash": edition.hash}, 1
    yield from _counted("reglament_runs", "status", status.stopped_runs().items())
    yield from _counted("reglament_deliveries_total", "fate", status.store.counts().items())
    yield from _counted("reglament_portal_refusals_total", "code", spent.refusals.items())
    yield from _by_rule(spent)
    for kind, name, label in (
        ("run", "reglament_runs_total", "status"),
        ("step", "reglament_steps_total", "outcome"),
    ):
        prefix = f"{kind} "
        ended = (
            (key.removeprefix(prefix), n)
            for key, n in status.tally.values().items()
            if key.startswith(prefix)
        )
        yield from _counted(name, label, ended)
    moments = {
        "last_event": status.last_event(),
        "last_sweep": status.last_sweep(),
        "edition_since": in_force.since,
    }
    for name, moment in moments.items():
        if isinstance(moment, datetime):
            yield f"reglament_{name}_timestamp_seconds", {}, moment.timestamp()


def _by_rule(spent: Spent) -> Iterator[Sample]:
    for rule, borne in spent.by_rule.items():
        yield "reglament_portal_reads_total", {"rule": rule}, borne.reads
        yield "reglament_portal_writes_total", {"rule": rule}, borne.writes
        yield "reglament_portal_share_total", {"rule": rule}, borne.requests


def _counted(name: str, label: str, counts: Iterable[tuple[str, int]]) -> Iterator[Sample]:
    for key, number in counts:
        yield name, {label: key}, number


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
