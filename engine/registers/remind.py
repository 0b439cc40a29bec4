"""One letter a client about all their unsigned acts of a selection: the plan, by the very rules that will send it.

Decides which of the acts chosen it makes sense to write about, and groups them by client — by the client's id, never
by a name, which two companies may share. What is written, to whom and how often is the regulation's affair: it hears
the event `register.remind`, and what it decides here is what it will decide then, on facts read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.decision.edition import Edition
from engine.decision.event import Event
from engine.decision.facts import Facts
from engine.decision.plan import Decision, decide
from engine.effects import MailChange, Said
from engine.language.expressions.operators import is_empty
from engine.language.values import Item, Undecided, Value
from engine.portal.reader import Reader
from engine.registers.reasons import why_nothing
from engine.runtime.inbox import put_event
from engine.runtime.intents import DONE, UNKNOWN, Intents
from engine.runtime.occasions import needs_of_roots
from engine.runtime.store import Store
from engine.setup import Caps

REMIND = "register.remind"
_ACTS_AT_ONCE = 200
_HOUR = 3600
_FACTS = ("cancelled", "signed", "original_received_at", "refusal", "scan", "sent_at", "client")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An act that no letter will tell of, as people call it, and why."""

    act: Item
    title: str
    why: Said


@dataclass(frozen=True, slots=True)
class Reminder:
    """What one client would get: `letters` of the rules' decision; none, and `why_not` says why.

    `acts` are all of the client's acts that it tells of.
    """

    client: Item
    title: str
    acts: tuple[Item, ...]
    event: Event
    decision: Decision
    facts: Facts
    letters: tuple[MailChange, ...]
    why_not: Said | None = None


@dataclass(frozen=True, slots=True)
class RemindPlan:
    """The plan of a selection. `selection` is what was asked for, in words; nothing has happened yet.

    `warning` is said where the brakes would stop the rule before its last letter.
    """

    reminders: tuple[Reminder, ...]
    left_out: tuple[LeftOut, ...]
    selection: str
    warning: Said | None = None

    @property
    def going(self) -> tuple[Reminder, ...]:
        """The reminders that a letter comes of."""
        return tuple(one for one in self.reminders if one.letters)


@dataclass(frozen=True)
class Remind:
    """Plans reminders by `edition` on what `reader` finds on the portal; `store` knows what was sent before."""

    edition: Edition
    reader: Reader
    store: Store
    caps: Caps

    def plan(self, acts: Iterable[Item], now: datetime, selection: str, by: str = "") -> RemindPlan:
        """Return what would be sent about `acts`, in their order, if a person said so `now`. Reads only.

        `by` is who asks (`user/7`), empty for whoever sits at the command line.
        """
        chosen = list(dict.fromkeys(acts))
        items: dict[Item, Mapping[str, Value]] = {}
        of_client: dict[Item, list[Item]] = {}
        left: list[LeftOut] = []
        for start in range(0, len(chosen), _ACTS_AT_ONCE):
            some = chosen[start : start + _ACTS_AT_ONCE]
            items |= self._read({"acts": tuple(some)}, {f"act.{name}" for name in ("number", *_FACTS)})
        facts = self._facts(items, now, {})
        for act in chosen:
            why, client = why_not(act, facts), facts.field(act, "client")
            if why is None and isinstance(client, Item):
                of_client.setdefault(client, []).append(act)
            else:
                left.append(LeftOut(act, str(facts.display(act)), why or _NO_CLIENT))
        clients = list(of_client)
        for start in range(0, len(clients), _ACTS_AT_ONCE):
            some = clients[start : start + _ACTS_AT_ONCE]
            items |= self._read({"client": tuple(some)}, {"company.short_name", "company.email", "company.*"})
        found = [
            self._reminder(client, tuple(those), items, now, selection, by)
            for client, those in of_client.items()
        ]
        return RemindPlan(tuple(found), tuple(left), selection, self._over(found, now))

    def _read(self, roots: Mapping[str, Value], more: set[str]) -> Mapping[Item, Mapping[str, Value]]:
        """Return the items under `roots` with what the rules ask of them, and `more` paths. Raises PortalError."""
        needs = needs_of_roots(self.edition, REMIND, roots)
        for value in roots.values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Item):
                    needs[item] = needs.get(item, frozenset()) | more
        case = self.reader.read_many(needs)
        for failure in case.failures:
            # A whole item unread would look like one that is gone; a part of it is undecided, and said.
            if "." not in failure.what or failure.error.retry != "never":
                raise failure.error
        return case

    def _facts(
        self, items: Mapping[Item, Mapping[str, Value]], now: datetime, roots: Mapping[str, Value]
    ) -> Facts:
        edition = self.edition
        return Facts(edition.world, edition.derivations, edition.calendar, now, items, roots)

    def _reminder(
        self, client: Item, acts: tuple[Item, ...], items: Mapping[Item, Mapping[str, Value]], now: datetime,
        selection: str, by: str,
    ) -> Reminder:  # fmt: skip
        event = Event(REMIND, f"remind {client} {now.isoformat()}", now, by=by)
        facts = self._facts(items, now, {"client": client, "acts": acts, "selection": selection})
        decision = decide(self.edition, event, facts)
        title = _title(client, facts)
        letters = tuple(one for one in decision.changes if isinstance(one, MailChange))
        why = self._stopped(decision, facts) if letters else self._silence(decision, client, facts)
        return Reminder(client, title, acts, event, decision, facts, () if why else letters, why)

    def _stopped(self, decision: Decision, facts: Facts) -> Said | None:
        """Return why the letters of a decision would not go after all: their keys were used before, or nobody knows."""
        for step in decision.plan:
            if not any(isinstance(change, MailChange) for change in step.changes):
                continue
            state = Intents(self.store).find(str(step.key)).state
            if state == DONE:
                day = facts.today.strftime("%d.%m.%Y")
                return Said(f"сегодня, {day}, уже написано", f"written to today, {day}")
            if state == UNKNOWN:
                return Said(
                    "неизвестно, ушло ли прежнее письмо: разберите его запуск",
                    "an earlier letter is in doubt",
                )
        for change in decision.changes:
            if isinstance(change, MailChange) and self._is_full(change.to, facts.now):
                cap = self.caps.mails
                return Said(
                    f"на {change.to} за час уже ушло писем: {cap}",
                    f"{cap} letters went to {change.to} this hour",
                )
        return None

    def _silence(self, decision: Decision, client: Item, facts: Facts) -> Said:
        """Return why a decision holds no letter."""
        if is_empty(facts.field(client, "email")):
            return Said("у клиента нет e-mail", "the client has no e-mail")
        return why_nothing(self.edition, decision, facts)

    def _is_full(self, address: str, now: datetime) -> bool:
        return bool(self.caps.mails) and self._spent(f"mail {address}", now) >= self.caps.mails

    def _spent(self, what: str, now: datetime) -> int:
        hour = int(now.timestamp()) // _HOUR
        row = self.store.row("SELECT number FROM spent WHERE what = ? AND hour = ?", (what, hour))
        return int(row["number"]) if row is not None else 0

    def _over(self, found: Sequence[Reminder], now: datetime) -> Said | None:
        """Return what is to be said where a rule would do more within this hour than its brake lets it."""
        cap = self.caps.items
        rules = [rule.id for one in found if one.letters for rule in one.decision.fired]
        for rule in dict.fromkeys(rules) if cap else ():
            if rules.count(rule) + self._spent(f"rule {rule}", now) > cap:
                return Said(
                    f"правило {rule} остановится на {cap} срабатываниях за час (brakes.items); остальное пойдёт"
                    f" после engine resume {rule}",
                    f"the rule {rule} will stop at {cap} firings an hour (brakes.items); the rest goes after"
                    f" engine resume {rule}",
                )
        return None


_NO_CLIENT = Said("у акта не указан клиент", "the act names no client")


def why_not(act: Item, facts: Facts) -> Said | None:
    """Return why nobody is to be reminded of an act, None where its client is. Unknown facts are a reason too."""
    if act not in facts.items:
        return Said("на портале такого акта нет", "the portal has no such act")
    known = {name: facts.field(act, name) for name in _FACTS}
    for value in known.values():
        if isinstance(value, Undecided):
            return Said(f"неизвестно: {value.reason}", f"unknown: {value.reason}")
    checks = (
        (known["cancelled"] is True, Said("аннулирован", "cancelled")),
        (known["signed"] is True, Said("уже подписан", "signed already")),
        (
            not is_empty(known["original_received_at"]),
            Said("получен бумажный оригинал", "the paper original is here"),
        ),
        (
            not is_empty(known["refusal"]),
            Said("клиент отказался подписать", "the client has refused to sign"),
        ),
        (not is_empty(known["scan"]), Said("скан загружен и ждёт проверки", "its scan waits to be checked")),
        (is_empty(known["sent_at"]), Said("клиенту ещё не отправлен", "not sent to the client yet")),
    )
    return next((why for is_so, why in checks if is_so), None)


def _title(client: Item, facts: Facts) -> str:
    name = facts.field(client, "short_name")
    return name if isinstance(name, str) and name.strip() else str(facts.display(client))


def put_reminders(store: Store, reminders: Sequence[Reminder], selection: str, now: datetime) -> list[str]:
    """Put the event of each reminder into the inbox, all of them or none; return their ids.

    The running engine decides each anew, on facts read again; where none runs, the next start does.
    """
    with store.transaction() as connection:
        for one in reminders:
            roots: dict[str, Value] = {"client": one.client, "acts": one.acts, "selection": selection}
            put_event(store, connection, one.event, roots, now, origin="person")
    return [one.event.id for one in reminders]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an event put into the inbox: `status` of its run, empty while there is none; its verdict."""

    status: str
    verdict: Said
    run: int = 0
    is_over: bool = False


def became_of(store: Store, event_id: str) -> Sent:
    """Return what became of an event by its id."""
    row = store.row("SELECT n, state, outcome, reason FROM event WHERE id = ?", (event_id,))
    if row is None:
        return Sent("", Said("", ""))
    is_over = row["state"] == "done"
    run = store.row("SELECT n, status, verdict_ru, verdict_en FROM run WHERE event = ?", (row["n"],))
    if run is None:
        words = Said(f"правила не сработали ({row['outcome']})", f"no rule acted ({row['outcome']})")
        return Sent(row["outcome"] if is_over else "", words, 0, is_over)
    return Sent(run["status"], Said(run["verdict_ru"], run["verdict_en"]), int(run["n"]), is_over)
