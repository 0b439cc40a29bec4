"""What a person asks about: the item by its name or number, the rules by theirs, an action, a field or a stage.

Decides which rules could touch an item and which items' events wake a rule for it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from engine.decision.edition import Edition
from engine.effects import Said
from engine.language.checking.digest import Write, summarise
from engine.language.rules import Rule
from engine.language.values import Item
from engine.runtime.journal import StepLine
from engine.runtime.snapshot import load_snapshot
from engine.runtime.store import Store
from engine.runtime.why_words import sentence
from engine.runtime.wire import item_of

_NAMES = ("number", "title", "name", "short_name")
_DEAL = "deal"


@dataclass(frozen=True)
class Asked:
    """The rules that a question is about; `action` or `path` (of a field) is the deed it asks for.

    `rules` is empty and `unknown` says so where nothing of that name is known.
    """

    rules: tuple[Rule, ...]
    action: str = ""
    path: str = ""
    unknown: Said | None = None

    def is_meant(self, rule: Rule, step: StepLine) -> bool:
        """True where the step is what the question is about."""
        call = rule.actions[step.call] if 0 <= step.call < len(rule.actions) else None
        if self.action:
            return step.action == self.action
        if self.path and call is not None:
            return self.path in call.params or (self.path.endswith(".stage") and "stage" in call.params)
        return True


class Questions:
    """Understands questions by `edition` and what `store` knows of items."""

    def __init__(self, store: Store, edition: Edition) -> None:
        self._store, self._edition = store, edition
        self._writes: dict[str, tuple[Write, ...]] = {}

    def find_items(self, text: str) -> list[Item]:
        """Return the items that `text` may mean: `act/43`, else those whose number, title or name it is."""
        item = item_of(text)
        if item is not None and item.entity in self._edition.world.entities and item.id:
            return [item]
        # The table holds JSON with Cyrillic escaped; what is found by the text is looked at again by its field.
        inside = json.dumps(text)[1:-1].replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = self._store.rows(
            "SELECT item FROM snapshot WHERE fields LIKE ? ESCAPE '!' ORDER BY item LIMIT 1000",
            (f"%{inside}%",),
        )
        found = [known for row in rows if (known := item_of(row["item"])) is not None]
        return [one for one in found if self._is_called(one, text)]

    def _is_called(self, item: Item, text: str) -> bool:
        known = load_snapshot(self._store, item) or {}
        return any(known.get(name) == text for name in _NAMES)

    def ask(self, item: Item, what: str) -> Asked:
        """Return what `what` asks about `item`: a rule, an action, a field, a stage; empty: all that could touch it."""
        rules = self._edition.rules
        if not what:
            return Asked(tuple(rule for rule in rules if self.touches(rule, item)))
        named = [rule for rule in rules if what in (rule.id, rule.title)]
        named = named or [rule for rule in rules if rule.id.rpartition("/")[2] == what]
        if named:
            return Asked(tuple(named))
        if what in self._edition.actions:
            found = [rule for rule in rules if any(call.action == what for call in rule.actions)]
            return Asked(tuple(rule for rule in found if self._follows(rule, item)), action=what)
        return self._written(item, what) or Asked((), unknown=self._unknown(what))

    def _written(self, item: Item, what: str) -> Asked | None:
        """Return the rules that write a field, or move something to a stage."""
        entity, dot, name = what.partition(".")
        if dot and self._edition.world.field(entity, name) is not None:
            found = [
                rule for rule in self._edition.rules if any(one.path == what for one in self.writes(rule))
            ]
            return Asked(tuple(found), path=what)
        is_stage = any(
            spec.name == "stage" and what in spec.type.options
            for one in self._edition.world.entities.values()
            for spec in one.fields.values()
        )
        movers = [
            rule
            for rule in self._edition.rules
            if any(one.path.endswith(".stage") and one.value in ((what,), ()) for one in self.writes(rule))
        ]
        path = f"{_DEAL if _DEAL in self._edition.world.entities else item.entity}.stage"
        return Asked(tuple(movers), path=path) if is_stage else None

    def _unknown(self, what: str) -> Said:
        rules = {name for rule in self._edition.rules for name in (rule.id, rule.id.rpartition("/")[2])}
        near = difflib.get_close_matches(what, [*rules, *self._edition.actions], n=1)
        hint = Said(f"; возможно, {near[0]}", f"; perhaps {near[0]}") if near else ""
        return sentence("rule_unknown", what=what, near=hint)

    def writes(self, rule: Rule) -> tuple[Write, ...]:
        """Return the fields that a rule sets."""
        if rule.id not in self._writes:
            self._writes[rule.id] = summarise(rule, self._edition.actions).writes
        return self._writes[rule.id]

    def touches(self, rule: Rule, item: Item) -> bool:
        """True where the rule is woken by such an item, or sets a field of one."""
        if any(trigger.entity == item.entity for trigger in rule.triggers):
            return True
        return any(write.path.startswith(f"{item.entity}.") for write in self.writes(rule))

    def _follows(self, rule: Rule, item: Item) -> bool:
        return self.touches(rule, item) or bool(list(self.subjects(rule, item)))

    def subjects(self, rule: Rule, item: Item) -> Iterator[Item]:
        """Yield the items whose events wake the rule for `item`: itself, its deal, or what hangs on the deal."""
        entities = {trigger.entity for trigger in rule.triggers if trigger.entity}
        if item.entity in entities:
            yield item
        if item.entity == _DEAL:
            rows = self._store.rows("SELECT item FROM snapshot WHERE lane = ? ORDER BY item", (str(item),))
            for row in rows:
                other = item_of(row["item"])
                if other is not None and other != item and other.entity in entities:
                    yield other
            return
        deal = (load_snapshot(self._store, item) or {}).get(_DEAL)
        if isinstance(deal, Item) and deal.entity in entities:
            yield deal
