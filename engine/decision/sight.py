"""What the index sees of one event: values by dotted path, the answers of gates, each asked for once.

Knows how to look, and nothing of rules by the thousand. A path is looked up through the known fields of the item that
it ends at, so that the usual fact costs one look into a mapping; whatever is not simply there (derived, planned, a
part of a file) goes the way that expressions go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.decision.event import Event, Stir
from engine.decision.facts import Facts
from engine.language.expressions.operators import part
from engine.language.rules import Condition
from engine.language.values import Item, Mixed, Money, Pending, Undecided, Value

# What the stir itself holds is looked up like the fields of an item called `@`.
STIR, BEFORE, AFTER, PERSON = "@", "@before", "@after", "@person"
# Compared by identity: no fact is this object.
UNREAD: Final = Undecided("not read")
# The values that a table of known values cannot judge.
OPEN: Final = frozenset({Undecided, Pending, Mixed})
_NOTHING: Final[Mapping[str, Value]] = {}

Key = tuple[type, Value]


def typed(value: Value) -> Key:
    """Return a key under which values meet only their own type: `True`, `1` and `"1"` stay apart."""
    return (value.__class__, value)


def why_open(value: Value, path: str) -> str:
    """Return the reason of an open value: its own where it has one, else its path."""
    return value.reason if isinstance(value, Undecided) else path


class Sight:
    """The facts of one event as the index asks for them."""

    __slots__ = ("_answers", "_asked", "_fields", "_is_by_person", "facts")

    def __init__(self, event: Event, facts: Facts) -> None:
        self.facts = facts
        self._is_by_person = event.is_by_person
        self._fields: dict[str, Mapping[str, Value]] = {"": facts.roots}
        self._asked: dict[str, Value] = {}
        self._answers: dict[str, Value] = {}

    def turn_to(self, stir: Stir) -> None:
        """Let the paths under `@` be what `stir` holds."""
        self._fields[STIR] = {BEFORE: stir.before, AFTER: stir.after, PERSON: self._is_by_person}

    def fields(self, parent: str) -> Mapping[str, Value]:
        """Return what lies open at `parent`; what is missing there is to be asked for with `ask`."""
        known = self._fields.get(parent)
        return self._opened(parent) if known is None else known

    def _opened(self, parent: str) -> Mapping[str, Value]:
        item, known = self._value(parent), _NOTHING
        # The id of a planned item is pending, whatever is written down: such items are always asked.
        if isinstance(item, Item) and not item.is_planned:
            known = self.facts.items.get(item, _NOTHING)
        self._fields[parent] = known
        return known

    def ask(self, path: str, parent: str, name: str) -> Value:
        """Return the value at `path` (`name` at `parent`) that does not lie open. A property of empty is empty."""
        if path not in self._asked:
            self._asked[path] = self._found(path, parent, name)
        return self._asked[path]

    def answer(self, gate: Condition, text: str) -> Value:
        """Return what `gate`, which reads `text`, says: rules that ask the same share the answer."""
        if text not in self._answers:
            self._answers[text] = evaluate_gate(gate, self.facts)
        return self._answers[text]

    def _found(self, path: str, parent: str, name: str) -> Value:
        if not parent:
            return self.facts.root(name)
        whole = self._value(parent)
        return (
            self.facts.field(whole, name) if isinstance(whole, Item) else part(self.facts, whole, name, path)
        )

    def _value(self, path: str) -> Value:
        parent, _, name = path.rpartition(".")
        value = self.fields(parent).get(name, UNREAD)
        return self.ask(path, parent, name) if value is UNREAD else value


def measure(value: Value) -> Value:
    """Return what of a value is ordered: of money its amount."""
    return value.amount if isinstance(value, Money) else value


def evaluate_gate(gate: Condition, facts: Facts) -> Value:
    """Return True, False or undecided for a condition or a group, by Kleene's tables."""
    if gate.expression is not None:
        return gate.expression.evaluate(facts)
    answers = [evaluate_gate(member, facts) for member in gate.members]
    doubt = next((answer for answer in answers if isinstance(answer, Undecided)), None)
    if gate.kind == "all":
        return False if any(answer is False for answer in answers) else (True if doubt is None else doubt)
    holds = True if any(answer is True for answer in answers) else doubt
    if gate.kind == "any":
        return False if holds is None else holds
    return True if holds is None else (holds if isinstance(holds, Undecided) else False)
