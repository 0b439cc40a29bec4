"""Made-up facts: every item of the map with a value in every field, so that actions can be asked what they would do.

Decides what stands for a value of each type. Several variants, since an action does nothing where its state is
reached already: fields filled and blank, flags up and down, first and last choice. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

from engine.decision.edition import Edition
from engine.decision.facts import Facts
from engine.language.rules import Rule
from engine.language.template import Template
from engine.language.typenames import parse_type
from engine.language.types import FieldSpec, Type, World
from engine.language.values import Duration, File, Item, Money, Path, Row, Segment, Value

# Any working moment does; a fixed one keeps the answer the same from day to day.
_NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
_ID = "1"
_WHOLE = re.compile(r"\$\{(\w+(?:\.\w+)?)\}")
_LINE = Row(
    (
        ("name", "1"),
        ("quantity", Decimal(1)),
        ("unit", "1"),
        ("price", Money(Decimal(100), "RUB")),
        ("amount", Money(Decimal(100), "RUB")),
        ("vat", Money(Decimal(0), "RUB")),
    )
)


@dataclass(frozen=True, slots=True)
class _Variant:
    """How values are made up: flags, which choice, whether lists have members, whether fields of the company's
    own are filled.
    """

    flag: bool
    choice: int
    has_children: bool
    has_values: bool


_VARIANTS = (
    _Variant(flag=False, choice=0, has_children=False, has_values=True),
    _Variant(flag=True, choice=-1, has_children=True, has_values=True),
    _Variant(flag=False, choice=-1, has_children=True, has_values=False),
    _Variant(flag=False, choice=1, has_children=True, has_values=True),
    _Variant(flag=False, choice=0, has_children=False, has_values=False),
)


def variants(
    edition: Edition, received: Mapping[str, Mapping[str, str]]
) -> Iterator[Callable[[Rule], Facts]]:
    """Yield what gives a rule made-up facts: all its roots are known, every field of the map has a value.

    `received` are the events that plugins declare, with the types of their roots.
    """
    world = edition.world
    asked = dict(_asked(edition))
    for variant in _VARIANTS:
        items = {
            Item(entity, _ID): {
                name: _made_up(field, variant) for name, field in spec.fields.items() if not field.is_derived
            }
            for entity, spec in world.entities.items()
        }
        bare = Facts(world, edition.derivations, edition.calendar, _NOW, items, {})
        yield partial(_seen, bare, asked, variant, received)


def _seen(
    bare: Facts,
    asked: Mapping[tuple[str, ...], Type],
    variant: _Variant,
    received: Mapping[str, Mapping[str, str]],
    rule: Rule,
) -> Facts:
    told = {
        name: word
        for trigger in rule.triggers
        if trigger.kind == "received"
        for name, word in received.get(trigger.name, {}).items()
    }
    names = {*rule.roots, *bare.world.entities, *told}
    return bare.with_roots(
        {name: _root(name, told.get(name, ""), asked, variant, bare.world) for name in names}
    )


def _root(
    name: str, word: str, asked: Mapping[tuple[str, ...], Type], variant: _Variant, world: World
) -> Value:
    if name in world.entities:
        return Item(name, _ID)
    kind = parse_type(word, world) if word and word != "any" else None
    if kind is not None:
        return _of_type(kind, variant)
    members = [
        (path[1], _of_type(kind, variant)) for path, kind in asked.items() if path[0] == name and path[1:]
    ]
    return Row(tuple(members)) if members else "1"


def _asked(edition: Edition) -> Iterator[tuple[tuple[str, ...], Type]]:
    """Yield what stands whole in a parameter, with the type that the parameter has: `${payment.amount}`, money.

    A plugin's event may leave the type of what it brings open; the action that takes it does not.
    """
    for rule in edition.rules:
        for call in rule.actions:
            action = edition.actions[call.action]
            for name, value in call.params.items():
                kind = (
                    parse_type(action.parameters[name].type, edition.world)
                    if name in action.parameters
                    else None
                )
                found = _WHOLE.fullmatch(value.text) if isinstance(value, Template) else None
                if kind is not None and found is not None:
                    yield tuple(found[1].split(".")), kind


def _made_up(field: FieldSpec, variant: _Variant) -> Value:
    if field.name == "id":
        return _ID
    kind = field.type.kind
    if kind == "choice":
        options = field.type.options
        return options[variant.choice % len(options)] if options else None
    if "contact" in field.binding or field.binding.get("user") == "EMAIL":
        return "a@b.example"
    if kind == "money" and field.binding.get("field") != "opportunity" and not variant.has_values:
        return Money(Decimal(0), "RUB")  # nothing paid yet of a whole sum
    if kind in ("text", "file", "time", "date") and not variant.has_values:
        return None
    return _of_type(field.type, variant)


def _of_type(kind: Type, variant: _Variant) -> Value:
    if kind.kind == "item":
        return Item(kind.entity, _ID)
    if kind.kind == "list":
        return (_of_type(kind.of, variant),) if kind.of is not None and variant.has_children else ()
    values: dict[str, Value] = {
        # A text may be read as a plan of stages; as a plan it must add up to the sum below.
        "text": "100",
        "number": Decimal(1),
        "money": Money(Decimal(100), "RUB"),
        "date": date(2026, 3, 16),
        "time": _NOW,
        "duration": Duration(1, "days"),
        "yes/no": variant.flag,
        "file": File("1.pdf", 100, "pdf", "0" * 64, "portal:1/1/1/1"),
        "path": Path((Segment("1"),)),
        "row": _LINE,
    }
    return values.get(kind.kind, "1")
