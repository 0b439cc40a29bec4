"""Why a rule did nothing about an item: its gates walked in order to the first that stopped it. Only reads.

For every rule there is one answer: a run that did it, or one gate. Decides which of the item's events speaks for the
rule: the newest one that got as far as its conditions, or that is still open or could not be read; else its deadline;
else the newest that it was not woken by.

    rule known, enabled, in force, watching such items ─► an event ─► its turn ─► a difference ─► a trigger
    ─► scope ─► conditions ─► no conflict ─► no brake ─► each step ─► done
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.decision.edition import Edition
from engine.decision.event import Event, stirs
from engine.decision.explain import RuleVerdict, answers, gates_of
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.forms import Json, rule_json
from engine.effects import Said
from engine.language.rules import Rule
from engine.language.values import Item, Value
from engine.runtime.editions import rebuild_edition
from engine.runtime.evidence import Case, Evidence
from engine.runtime.journal import FORGOTTEN
from engine.runtime.runs import read_facts_values
from engine.runtime.snapshot import load_snapshot
from engine.runtime.store import Store
from engine.runtime.timer_table import ARMED, HELD, PASSED, timers_in
from engine.runtime.why_case import HAPPENED, Finding, Judge, days_of
from engine.runtime.why_what import Asked, Questions
from engine.runtime.why_words import joined, moment, sentence, waits_for
from engine.runtime.wire import item_of, load_map
from engine.workshop import Workshop

_MOST = 200
Live = Callable[[Item], Mapping[Item, Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one rule for one item: `finding` is a run that did it (`happened`) or the gate that stopped it.

    `later` is what stopped it when it was woken again after it had done its work. `now` are its conditions on the
    facts known last (read from the portal where `is_live`), for a rule that no event has woken.
    """

    rule: Rule | None
    finding: Finding
    later: Finding | None = None
    now: tuple[Mapping[str, Json], ...] = ()
    is_live: bool = False


class Why:
    """Answers from `store` by `edition`, the one in force. `live` reads an item with all that hangs on it, if given."""

    def __init__(
        self, store: Store, workshop: Workshop, edition: Edition, now: datetime, live: Live | None = None
    ) -> None:
        self._store, self._workshop, self._edition = store, workshop, edition
        self._now, self._live = now, live
        self._zone = workshop.settings.zone
        self.questions = Questions(store, edition)
        self._evidence = Evidence(store, self._zone)
        self._editions: dict[str, Edition | None] = {edition.hash: edition}
        sets = {rule.id: rule_set for rule_set in edition.rule_sets for rule in rule_set.rules}
        self._judge = Judge(store, self._find_edition, sets, now)
        self._facts: dict[Item, Facts | None] = {}

    def explain(self, item: Item, what: str = "") -> list[Answer]:
        """Return an answer for each rule that `what` asks about (see `Questions.ask`), in file order."""
        asked = self.questions.ask(item, what)
        if asked.unknown is not None:
            return [Answer(None, Finding("rule_unknown", asked.unknown))]
        return [self.of_rule(item, rule, asked) for rule in asked.rules]

    def of_rule(self, item: Item, rule: Rule, asked: Asked | None = None) -> Answer:
        """Return the answer for one rule."""
        asked = asked or Asked((rule,))
        subjects = list(self.questions.subjects(rule, item))
        findings = list(self._findings(rule, subjects, asked))
        done = next((one for one in findings if one.gate == HAPPENED), None)
        if done is not None:
            return Answer(rule, done, self._after(findings, done))
        standing = self._standing(rule, subjects)
        if standing is not None:
            return Answer(rule, standing)
        strong = next((one for one in findings if not one.is_weak), None) or self._missed(rule, findings)
        if strong is not None:
            return Answer(rule, strong)
        subject = subjects[0] if subjects else item
        found = self._timer(rule, subjects) or self._schedule(rule) or self._weak(findings)
        found = found or self._nothing(subject, rule)
        return Answer(rule, found, None, self._conditions(rule, subject), self._live is not None)

    def _findings(self, rule: Rule, subjects: Sequence[Item], asked: Asked) -> Iterator[Finding]:
        """Yield what each event meant for the rule, the newest event first."""
        cases: dict[int, Case] = {}
        for subject in subjects:
            cases.update((case.n, case) for case in self._evidence.acted(subject, rule.id))
            cases.update((case.n, case) for case in self._evidence.of(subject))
        for trigger in rule.triggers:
            if not trigger.entity and trigger.kind in ("received", "command"):
                name = trigger.name if trigger.kind == "received" else trigger.kind
                cases.update((case.n, case) for case in self._evidence.named(name))
        for case in sorted(cases.values(), key=lambda one: one.n, reverse=True):
            found = self._judge.finding(case, rule, asked.is_meant)
            if found is not None:
                yield found

    @staticmethod
    def _after(findings: Sequence[Finding], done: Finding) -> Finding | None:
        newer = findings[: findings.index(done)]
        return next((one for one in newer if not one.is_weak), None)

    def _standing(self, rule: Rule, subjects: Sequence[Item]) -> Finding | None:
        """Return what stops the rule whatever happens: it is off, it watches other things, its days are over."""
        at = str(rule.span)
        if rule.is_disabled:
            return Finding("rule_disabled", sentence("rule_disabled"), at=at)
        if not subjects and all(trigger.entity for trigger in rule.triggers):
            waits = joined([waits_for(trigger) for trigger in rule.triggers])
            return Finding("rule_elsewhere", sentence("rule_elsewhere", waits=waits), at=at)
        if not rule.in_force.covers(self._now.date()):
            return Finding("not_in_force", sentence("not_in_force", days=days_of(rule.in_force)), at=at)
        return None

    def _missed(self, rule: Rule, findings: Sequence[Finding]) -> Finding | None:
        """Return the newest event that would wake the rule now, but was decided before the rule was there."""
        for one in findings:
            if (
                one.gate == "rule_not_there_then"
                and one.case is not None
                and self._would_wake(one.case, rule)
            ):
                return one
        return None

    def _would_wake(self, case: Case, rule: Rule) -> bool:
        if case.item is None:
            return False
        items: dict[Item, Mapping[str, Value]] = {case.item: case.after}
        before = case.before
        if case.run is not None:
            row = self._store.row("SELECT event_wire, facts FROM run WHERE n = ?", (case.run.n,))
            if row is None or row["facts"] == FORGOTTEN:
                return False
            items = dict(read_facts_values(load_map(row["facts"]), self._empty()).items)
            values = load_map(row["event_wire"]).get("before")
            before = dict(getattr(values, "values", ()))
        event = Event(case.name, f"e-{case.n}", case.time, case.item, before, case.by)
        raised = list(stirs(event, replace(self._empty(), items=items)))
        return any(answers(trigger, rule, stir, event) for trigger in rule.triggers for stir in raised)

    def _timer(self, rule: Rule, subjects: Sequence[Item]) -> Finding | None:
        """Return how the rule's deadline stands; None where it has none, or where something else may wake it too."""
        deadlines = [trigger for trigger in rule.triggers if trigger.kind == "deadline"]
        if not deadlines:
            return None
        for subject in subjects:
            rows = self._store.rows(
                "SELECT * FROM timer WHERE item = ? AND rule = ? ORDER BY due", (str(subject), rule.id)
            )
            for timer in timers_in(rows):
                if timer.state in (ARMED, HELD, PASSED):
                    at, since = moment(timer.at.astimezone(self._zone)), timer.since.isoformat()
                    gate = f"timer_{timer.state}"
                    said = sentence(gate, at=at, since=since, rule=rule.id)
                    return Finding(gate, said, at=str(rule.span))
        if len(deadlines) < len(rule.triggers) or not subjects:
            return None
        field = f"{deadlines[0].entity}.{deadlines[0].field}"
        return Finding("timer_none", sentence("timer_none", field=field), at=str(rule.span))

    def _schedule(self, rule: Rule) -> Finding | None:
        if not rule.triggers or any(trigger.kind != "every" for trigger in rule.triggers):
            return None
        row = self._store.row(
            "SELECT at FROM timer WHERE rule = ? AND item = '' AND state = 'armed' ORDER BY due", (rule.id,)
        )
        at = moment(datetime.fromisoformat(row["at"]).astimezone(self._zone)) if row is not None else "—"
        return Finding("schedule", sentence("schedule", at=at), at=str(rule.span))

    @staticmethod
    def _weak(findings: Sequence[Finding]) -> Finding | None:
        """Return the newest event that did not wake the rule; one that changed something says more."""
        for gate in ("no_trigger", "rule_not_there_then", "no_difference"):
            found = next((one for one in findings if one.gate == gate), None)
            if found is not None:
                return found
        return None

    def _nothing(self, item: Item, rule: Rule) -> Finding:
        name = str(item)
        row = self._store.row("SELECT at FROM snapshot WHERE item = ?", (name,))
        since = Said(", движок такого элемента не знает", " and the engine knows no such item")
        if row is not None:
            at = moment(datetime.fromisoformat(row["at"]).astimezone(self._zone))
            since = Said(f" с тех пор, как движок прочёл его {at}", f" since the engine read it at {at}")
        if not any(trigger.entity for trigger in rule.triggers):
            name, since = ", ".join(trigger.name for trigger in rule.triggers), Said("", "")
        said = sentence("no_event", item=name, since=since, refused=self._refused())
        return Finding("no_event", said)

    def _refused(self) -> Said:
        """Return a hint where posts of the portal were refused: which items they were about nobody knows."""
        counts = self._store.counts()
        wrong, full = counts.get("refused_403", 0), counts.get("refused_503", 0)
        if not wrong and not full:
            return Said("", "")
        return Said(
            f". Отказано событиям портала: с неверным токеном {wrong}, при полном ящике {full}",
            f". Posts of the portal were refused: {wrong} with a wrong token, {full} while the inbox was full",
        )

    def _conditions(self, rule: Rule, subject: Item) -> tuple[Mapping[str, Json], ...]:
        """Return what the rule's conditions say of the item as it is known now; empty where it is not."""
        if subject not in self._facts:
            self._facts[subject] = self._facts_of(subject)
        facts = self._facts[subject]
        if facts is None:
            return ()
        form = rule_json(RuleVerdict(rule, "", tuple(gates_of(rule.conditions, facts))))["conditions"]
        return tuple(one for one in form if isinstance(one, dict)) if isinstance(form, list) else ()

    def _facts_of(self, item: Item) -> Facts | None:
        """Return the facts of the item's newest run, with what was processed since laid over them; or the portal's."""
        if item.entity not in self._edition.world.entities:
            return None
        if self._live is not None:
            return seen_from(replace(self._empty(), items=self._live(item)), item)
        items: dict[Item, Mapping[str, Value]] = {}
        row = self._store.row("SELECT facts FROM run WHERE item = ? ORDER BY n DESC LIMIT 1", (str(item),))
        if row is not None and row["facts"] != FORGOTTEN:
            items.update(read_facts_values(load_map(row["facts"]), self._empty()).items)
        row = self._store.row("SELECT lane FROM snapshot WHERE item = ?", (str(item),))
        around = self._store.rows(
            "SELECT item FROM snapshot WHERE lane = ? OR item = ? LIMIT ?",
            (*[row["lane"] if row else ""] * 2, _MOST),
        )
        found = (item_of(one["item"]) for one in around)
        for known in dict.fromkeys((*items, item, *(one for one in found if one is not None))):
            fresh = load_snapshot(self._store, known)
            if fresh is not None:
                items[known] = {**self._underived(known, items.get(known, {})), **fresh, "id": known.id}
        for known in list(items):
            items[known] = {**items[known], **dict(self._children(known, items))}
        return seen_from(replace(self._empty(), items=items), item) if items else None

    def _children(
        self, parent: Item, items: Mapping[Item, Mapping[str, Value]]
    ) -> Iterator[tuple[str, Value]]:
        """Yield the lists of items that name `parent`: a snapshot has none, those of its lane tell them."""
        spec = self._edition.world.entities.get(parent.entity)
        for name, one in spec.fields.items() if spec is not None else ():
            link, member = one.binding.get("by"), one.type.of.entity if one.type.of else ""
            if link and link == parent.entity and member:
                listed = [item for item in items if item.entity == member and items[item].get(link) == parent]
                in_order: list[Item] = sorted(listed, key=lambda item: (len(item.id), item.id))
                yield name, tuple(in_order)

    def _underived(self, item: Item, fields: Mapping[str, Value]) -> dict[str, Value]:
        spec = self._edition.world.entities.get(item.entity)
        derived = {name for name, one in spec.fields.items() if one.is_derived} if spec is not None else set()
        return {name: value for name, value in fields.items() if name not in derived}

    def _empty(self) -> Facts:
        shop = self._workshop
        return Facts(self._edition.world, shop.derivations, shop.calendar, self._now, {}, {})

    def _find_edition(self, hash_: str) -> Edition | None:
        if hash_ not in self._editions:
            self._editions[hash_] = rebuild_edition(self._store, self._workshop, hash_)
        return self._editions[hash_]
