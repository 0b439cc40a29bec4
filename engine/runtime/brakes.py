"""Brakes: the switch a person pulls, and those that trip by themselves when a rule does more than anybody meant.

Decides when a rule has done too much within an hour: too many items, too many letters to one address, or the same
item again and again (a robot of the portal and a rule answering each other). A tripped brake stops before acting
and stays until a person releases it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.decision.event import Event
from engine.decision.plan import Decision
from engine.effects import MailChange, Said
from engine.language.rules import Rule
from engine.runtime.store import Connection, Store
from engine.setup import Caps

ALL = "all"
_HOUR = 3600
_HOLDS, _TRIPPED = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Brake:
    """A brake that is on: `name` is `all` or a rule's id."""

    name: str
    reason: Said
    since: datetime


class Brakes:
    """The brake and spent tables of `store`."""

    def __init__(self, store: Store, clock: Callable[[], datetime], caps: Caps) -> None:
        self._store, self._clock, self.caps = store, clock, caps
        self._seen: tuple[float, list[Brake]] = (0.0, [])
        self._looks_until = 0.0

    def seen(self) -> list[Brake]:
        """Return the brakes that are on, as of a fifth of a second ago at most; our own ones at once.

        Asked before every step: a database that is asked each time would spend more on that than on the step.
        """
        until, found = self._seen
        now = time.monotonic()
        if now >= until or now < self._looks_until:
            found = self.on()
            self._seen = (now + _HOLDS, found)
        return found

    def on(self) -> list[Brake]:
        """Return the brakes that are on, the oldest first."""
        rows = self._store.rows("SELECT * FROM brake ORDER BY since, name")
        return [
            Brake(row["name"], Said(row["reason_ru"], row["reason_en"]), datetime.fromisoformat(row["since"]))
            for row in rows
        ]

    def is_paused(self) -> bool:
        """True while a person has paused everything."""
        return any(brake.name == ALL for brake in self.seen())

    def note(self, connection: Connection, decision: Decision) -> None:
        """Count what a plan is about to do, in the caller's transaction; a rule over its cap trips its brake."""
        hour = int(self._clock().timestamp()) // _HOUR
        # A person has seen the whole plan of what is taken in quietly, and it can wake nothing that would go round.
        quiet = {step.rule.id for step in decision.plan if step.is_quiet}
        acting = {
            step.rule.id: step.rule for step in decision.plan if step.changes and step.rule.id not in quiet
        }
        for rule in acting.values():
            for what, cap, words in self._counted(rule, decision):
                spent = connection.execute(
                    "INSERT INTO spent (what, hour, number) VALUES (?, ?, 1)"
                    " ON CONFLICT (what, hour) DO UPDATE SET number = spent.number + 1 RETURNING number",
                    (what, hour),
                ).fetchone()
                if spent is not None and spent[0] > cap:
                    self._trip(connection, rule, words)

    def _counted(self, rule: Rule, decision: Decision) -> Iterator[tuple[str, int, Said]]:
        caps, event = self.caps, decision.event
        if caps.items:
            yield (
                f"rule {rule.id}",
                caps.items,
                Said(
                    f"правило сработало за час больше {caps.items} раз",
                    f"the rule has fired more than {caps.items} times within an hour",
                ),
            )
        if caps.again and event.item is not None and not _is_command(event):
            yield (
                f"again {rule.id} {event.item}",
                caps.again,
                Said(
                    f"правило сработало для {event.item} за час больше {caps.again} раз: похоже на зацикливание"
                    " с роботом портала",
                    f"the rule has fired for {event.item} more than {caps.again} times within an hour: it looks like"
                    " a loop with a robot of the portal",
                ),
            )
        if caps.mails:
            for step in decision.plan:
                for change in step.changes if step.rule.id == rule.id else ():
                    if isinstance(change, MailChange):
                        yield (
                            f"mail {change.to}",
                            caps.mails,
                            Said(
                                f"за час больше {caps.mails} писем на один адрес {change.to}",
                                f"more than {caps.mails} letters to {change.to} within an hour",
                            ),
                        )

    def _trip(self, connection: Connection, rule: Rule, words: Said) -> None:
        connection.execute(
            "INSERT INTO brake (name, reason_ru, reason_en, since) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (rule.id, words.ru, words.en, self._clock().isoformat()),
        )
        # What other threads read before this is committed must not be what this run goes by.
        self._looks_until = time.monotonic() + _TRIPPED

    def forget_before(self, now: datetime) -> None:
        """Drop the counts of hours that no cap looks at any more."""
        self._store.execute("DELETE FROM spent WHERE hour < ?", (int(now.timestamp()) // _HOUR - 1,))


def _is_command(event: Event) -> bool:
    """True for what a person asks for: it may be asked again and again."""
    return event.name == "command"


def pause(store: Store, now: datetime, by: str) -> bool:
    """Stop all acting before its next step; False where it is paused already. Events go on being taken in."""
    return (
        store.execute(
            "INSERT INTO brake (name, reason_ru, reason_en, since) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (ALL, f"пауза{': ' + by if by else ''}", f"paused{': ' + by if by else ''}", now.isoformat()),
        )
        == 1
    )


def release(store: Store, name: str) -> bool:
    """Release a brake (`all` or a rule's id) and what it had counted; False where it was not on."""
    with store.transaction() as connection:
        if connection.execute("DELETE FROM brake WHERE name = ?", (name,)).rowcount == 0:
            return False
        connection.execute(
            "DELETE FROM spent WHERE what = ? OR what LIKE ? OR what LIKE ?",
            (f"rule {name}", f"again {name} %", "mail %"),
        )
        return True
