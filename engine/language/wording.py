"""Conditions and triggers in people's words: «Сделка → Стадия — «Отчет отправлен»».

Decides how a rule is read aloud, with the titles of the portal map. It judges nothing: what it cannot say better than
the regulation does stands as it was written. Pure.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.language.expressions.parse import Source, parse
from engine.language.formats import duration_text, grouped
from engine.language.rules import Condition, Trigger
from engine.language.types import FieldSpec, Type, World

_COMPARE: Mapping[type, tuple[str, str]] = {
    ast.Lt: ("меньше", "is less than"),
    ast.LtE: ("не больше", "is at most"),
    ast.Gt: ("больше", "is more than"),
    ast.GtE: ("не меньше", "is at least"),
}
_PARTS: Mapping[str, tuple[str, str]] = {
    "name": ("имя файла", "file name"),
    "size": ("размер файла", "file size"),
    "kind": ("вид файла", "kind of file"),
    "sha256": ("содержимое", "content"),
    "readable": ("файл читается", "can be read"),
    "pages": ("страниц", "pages"),
    "blank": ("лист пуст", "is blank"),
    "resolution": ("чёткость", "resolution"),
    "numbers": ("номера в файле", "numbers in it"),
    "year": ("год", "year"),
    "date": ("день", "day"),
}
_SIGNS: Mapping[type, str] = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "÷"}
_TOTALS: Mapping[str, tuple[str, str]] = {
    "sum": ("сумма", "sum of"),
    "min": ("наименьшее", "least"),
    "max": ("наибольшее", "greatest"),
}
_MEGABYTE = 1 << 20


class _Unsaid(Exception):  # noqa: N818 — not a fault: the part stands as it was written
    """There are no better words than the regulation's own."""


@dataclass
class Wording:
    """Says things in `language` (`ru` or `en`) with the titles of `world`."""

    world: World
    language: str = "ru"
    _loops: dict[str, Type] = field(default_factory=dict)

    def condition(self, gate: Condition) -> str:
        """Return a gate in words; groups name how many of their members must hold."""
        if gate.expression is not None:
            return self.expression(gate.expression.text)
        names = {
            "all": ("всё это", "all of this"),
            "any": ("хотя бы одно", "at least one"),
            "none": ("ничего из этого", "none of this"),
        }
        members = "; ".join(self.condition(one) for one in gate.members)
        return f"{self._say(*names[gate.kind])}: {members}"

    def expression(self, text: str) -> str:
        """Return an expression in words, or as it was written."""
        source, _ = parse(text, {})
        if source is None:
            return text
        self._loops = {}
        try:
            return self._claim(source, source.tree)
        except _Unsaid:
            return text

    def trigger(self, trigger: Trigger) -> str:
        """Return in words what wakes a rule."""
        where = self._title(trigger.entity, trigger.field)
        entity = self._entity(trigger.entity)
        match trigger.kind:
            case "changed":
                return self._changed(trigger, where)
            case "filled":
                return self._say(f"заполнено: {where}", f"filled in: {where}")
            case "cleared":
                return self._say(f"опустело: {where}", f"emptied: {where}")
            case "created":
                return self._say(f"создано: {entity}", f"created: {entity}")
            case "deleted":
                return self._say(f"удалено: {entity}", f"deleted: {entity}")
            case "deadline":
                return self._deadline(trigger, where)
            case "every":
                each = (
                    self._say(f" для каждой записи «{entity}»", f" for each {entity}")
                    if trigger.entity
                    else ""
                )
                return self._say(f"по расписанию {trigger.name}{each}", f"on schedule {trigger.name}{each}")
            case "command":
                return self._say(
                    f"команда «{trigger.name}»: {entity}", f"the command {trigger.name}: {entity}"
                )
            case _:
                return self._say(f"событие {trigger.name}", f"the event {trigger.name}")

    def _changed(self, trigger: Trigger, where: str) -> str:
        spec = self.world.field(trigger.entity, trigger.field)
        old, new = (
            self._value(values[0], spec, trigger.entity) if values else ""
            for values in (trigger.before, trigger.after)
        )
        text = where + (
            self._say(f" — стало {new}", f" becomes {new}") if new else self._say(" изменилось", " changes")
        )
        text += self._say(f", было {old}", f" from {old}") if old else ""
        return text + (self._say(", меняет человек", ", by a person") if trigger.by_person else "")

    def _deadline(self, trigger: Trigger, where: str) -> str:
        assert trigger.delay is not None
        is_before = trigger.delay.amount < 0
        term = (
            duration_text(trigger.delay).lstrip("-−")
            if self.language == "ru"
            else str(trigger.delay).lstrip("-")
        )
        if is_before:
            return self._say(f"за {term} до: {where}", f"{term} before: {where}")
        return self._say(f"через {term} после: {where}", f"{term} after: {where}")

    def _say(self, russian: str, english: str) -> str:
        return russian if self.language == "ru" else english

    def _entity(self, name: str) -> str:
        spec = self.world.entities.get(name)
        return spec.title if spec is not None else name

    def _title(self, entity: str, name: str) -> str:
        spec = self.world.field(entity, name)
        return f"{self._entity(entity)} → {spec.title if spec is not None and spec.title else name}"

    # A claim is true or false; a term is a value.

    def _claim(self, source: Source, node: ast.expr) -> str:
        if isinstance(node, ast.BoolOp):
            word = self._say("и", "and") if isinstance(node.op, ast.And) else self._say("или", "or")
            parts = [
                f"({self._claim(source, one)})" if isinstance(one, ast.BoolOp) else self._claim(source, one)
                for one in node.values
            ]
            return f" {word} ".join(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._denied(source, node.operand)
        if isinstance(node, ast.Compare):
            return self._compared(source, node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._called(source, node, node.func.id)
        return f"{self._term(source, node)} — {self._say('да', 'yes')}"

    def _denied(self, source: Source, node: ast.expr) -> str:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "any":
            of, rest = self._loop(source, node)
            return self._say(f"ни у одного из «{of}» нет такого: {rest}", f"none of {of} has: {rest}")
        if isinstance(node, ast.Name | ast.Attribute):
            return f"{self._term(source, node)} — {self._say('нет', 'no')}"
        return f"{self._say('неверно, что', 'it is not so that')} {self._claim(source, node)}"

    def _compared(self, source: Source, node: ast.Compare) -> str:
        if len(node.ops) == 2 and all(type(op) in _COMPARE for op in node.ops):
            low, high = self._term(source, node.left), self._term(source, node.comparators[1])
            middle = self._term(source, node.comparators[0])
            signs = [{ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥"}[type(op)] for op in node.ops]
            return f"{low} {signs[0]} {middle} {signs[1]} {high}"
        if len(node.ops) != 1:
            raise _Unsaid
        left, op, right = node.left, node.ops[0], node.comparators[0]
        name = self._term(source, left)
        spec, entity = self._spec(left)
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(source, name, right, (spec, entity), is_in=isinstance(op, ast.In))
        if isinstance(op, ast.Eq | ast.NotEq):
            return self._equality(source, name, right, (spec, entity), is_same=isinstance(op, ast.Eq))
        if type(op) not in _COMPARE:
            raise _Unsaid
        value = self._size(source, left, right) or self._term(source, right)
        return f"{name} {self._say(*_COMPARE[type(op)])} {value}"

    def _equality(
        self, source: Source, name: str, right: ast.expr, at: tuple[FieldSpec | None, str], *, is_same: bool
    ) -> str:
        if isinstance(right, ast.Name) and right.id == "empty":
            return (
                f"{name} — {self._say('пусто', 'empty') if is_same else self._say('заполнено', 'filled in')}"
            )
        if isinstance(right, ast.Name) and right.id in ("true", "false"):
            return f"{name} — {self._say('да', 'yes') if (right.id == 'true') == is_same else self._say('нет', 'no')}"
        if isinstance(right, ast.Constant):
            value = self._value(self._literal(source, right), *at)
            return f"{name} — {value}" if is_same else f"{name} — {self._say('не', 'not')} {value}"
        other = self._term(source, right)
        return (
            self._say(f"{name} — то же, что {other}", f"{name} equals {other}")
            if is_same
            else self._say(f"{name} — не то же, что {other}", f"{name} differs from {other}")
        )

    def _membership(
        self, source: Source, name: str, right: ast.expr, at: tuple[FieldSpec | None, str], *, is_in: bool
    ) -> str:
        if isinstance(right, ast.List):
            values = ", ".join(
                self._value(self._literal(source, one), *at)
                if isinstance(one, ast.Constant)
                else self._term(source, one)
                for one in right.elts
            )
            words = self._say("одно из", "one of") if is_in else self._say("ни одно из", "none of")
            return f"{name} — {words}: {values}"
        other = self._term(source, right)
        words = self._say("есть среди", "is among") if is_in else self._say("нет среди", "is not among")
        return f"{name} {words}: {other}"

    def _called(self, source: Source, node: ast.Call, name: str) -> str:
        if name in ("any", "all"):
            of, rest = self._loop(source, node)
            return (
                self._say(f"хотя бы у одного из «{of}»: {rest}", f"at least one of {of}: {rest}")
                if name == "any"
                else self._say(f"у каждого из «{of}»: {rest}", f"every one of {of}: {rest}")
            )
        if name == "known" and len(node.args) == 1:
            return self._say(
                f"{self._term(source, node.args[0])} — известно",
                f"{self._term(source, node.args[0])} is known",
            )
        two = {
            "contains": ("содержит", "contains"),
            "starts": ("начинается с", "begins with"),
            "ends": ("кончается на", "ends with"),
            "matches": ("подходит под образец", "matches"),
        }
        if name in two and len(node.args) == 2:
            left, right = (self._term(source, one) for one in node.args)
            return f"{left} {self._say(*two[name])} {right}"
        raise _Unsaid

    def _loop(self, source: Source, node: ast.Call) -> tuple[str, str]:
        """Return what a loop goes over and what it says of each, with the members that it leaves out."""
        loop = node.args[0] if len(node.args) == 1 else None
        if not isinstance(loop, ast.GeneratorExp | ast.ListComp) or len(loop.generators) != 1:
            raise _Unsaid
        of, only = self._enter(source, loop.generators[0])
        rest = self._claim(source, loop.elt)
        return of, f"{rest} ({self._say('где', 'where')} {only})" if only else rest

    def _enter(self, source: Source, one: ast.comprehension) -> tuple[str, str]:
        if not isinstance(one.target, ast.Name):
            raise _Unsaid
        members = self._type(one.iter)
        if members is None or members.of is None:
            raise _Unsaid
        of = self._term(source, one.iter)
        self._loops[one.target.id] = members.of
        return of, f" {self._say('и', 'and')} ".join(self._claim(source, test) for test in one.ifs)

    def _term(self, source: Source, node: ast.expr) -> str:
        if isinstance(node, ast.Name | ast.Attribute):
            return self._path(node)
        if isinstance(node, ast.Constant):
            return self._value(self._literal(source, node), None, "")
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            return f"{self._term(source, node.left)} {_SIGNS[type(node.op)]} {self._term(source, node.right)}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._result(source, node, node.func.id)
        return source.slice(node)

    def _result(self, source: Source, node: ast.Call, name: str) -> str:
        loop = node.args[0] if len(node.args) == 1 else None
        if (
            name in _TOTALS
            and isinstance(loop, ast.GeneratorExp | ast.ListComp)
            and len(loop.generators) == 1
        ):
            of, only = self._enter(source, loop.generators[0])
            tail = f" ({self._say('где', 'where')} {only})" if only else ""
            term = self._term(source, loop.elt)
            return f"{self._say(*_TOTALS[name])} «{term}» {self._say('по', 'over')} «{of}»{tail}"
        if name == "workdays_between" and len(node.args) == 2:
            first, last = (self._term(source, one) for one in node.args)
            return self._say(f"рабочих дней от «{first}» до «{last}»", f"working days from {first} to {last}")
        if name == "len" and len(node.args) == 1 and isinstance(node.args[0], ast.Name | ast.Attribute):
            return f"{self._say('число', 'number of')} «{self._path(node.args[0])}»"
        return source.slice(node)

    def _path(self, node: ast.expr) -> str:
        names = _names(node)
        root = names[0]
        if len(names) == 1 and root in ("today", "now"):
            return {"today": self._say("сегодня", "today"), "now": self._say("сейчас", "now")}[root]
        shown, kind = self._root(root)
        for name in names[1:]:
            spec = self.world.field(kind.entity, name) if kind is not None and kind.entity else None
            if spec is not None:
                shown.append(spec.title or name)
                kind = spec.type
            else:
                shown.append(self._say(*_PARTS[name]) if name in _PARTS else name)
                kind = None
        return " → ".join(shown) if shown else root

    def _root(self, name: str) -> tuple[list[str], Type | None]:
        if name in self._loops:
            return [], self._loops[name]
        if name in self.world.entities:
            return [self._entity(name)], Type("item", entity=name)
        return [name], None

    def _type(self, node: ast.expr) -> Type | None:
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        names = _names(node)
        _, kind = self._root(names[0])
        for name in names[1:]:
            spec = self.world.field(kind.entity, name) if kind is not None and kind.entity else None
            kind = spec.type if spec is not None else None
        return kind

    def _spec(self, node: ast.expr) -> tuple[FieldSpec | None, str]:
        """Return the field that a path ends in, with its entity."""
        if not isinstance(node, ast.Attribute):
            return None, ""
        owner = self._type(node.value)
        if owner is None or not owner.entity:
            return None, ""
        return self.world.field(owner.entity, node.attr), owner.entity

    @staticmethod
    def _literal(source: Source, node: ast.Constant) -> object:
        text = source.slice(node)
        return text[1:-1] if text[:1] in "\"'" else Decimal(text.replace("_", ""))

    def _size(self, source: Source, left: ast.expr, right: ast.expr) -> str:
        """Return a number of bytes in megabytes where a file's size is compared with whole ones."""
        if not (isinstance(left, ast.Attribute) and left.attr == "size" and isinstance(right, ast.Constant)):
            return ""
        value = self._literal(source, right)
        is_whole = isinstance(value, Decimal) and value % _MEGABYTE == 0
        return (
            f"{value / _MEGABYTE:f} {self._say('МБ', 'MB')}"
            if is_whole and isinstance(value, Decimal)
            else ""
        )

    def _value(self, value: object, spec: FieldSpec | None, entity: str) -> str:
        if value is True or value is False:
            return self._say("да", "yes") if value else self._say("нет", "no")
        text = str(value)
        stage = self.world.stages(entity).get(text) if spec is not None else None
        if stage is not None and spec is not None and spec.codes.get(text) == stage.code:
            return f"«{stage.title}»"
        if spec is not None and spec.name == "pipeline" and text in self.world.pipelines:
            return f"«{self.world.pipelines[text].title}»"
        return grouped(value) if isinstance(value, Decimal) else f"«{text}»"


def _names(node: ast.expr) -> list[str]:
    """Return the parts of a dotted path. Raises _Unsaid for anything else."""
    found: list[str] = []
    while isinstance(node, ast.Attribute):
        found.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise _Unsaid
    return [node.id, *reversed(found)]
