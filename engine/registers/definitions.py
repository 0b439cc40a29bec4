"""The registers as a company sees them: columns, presets, sums; from the settings, else as every company wants them.

Decides what is shown where nobody said otherwise. A default whose fields the map lacks is left out; one that the
settings name is kept, so that whoever asks for the register is told that nobody knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.effects import Said
from engine.language.diagnostics import Diagnostic, Span
from engine.language.expression import Expression, compile_expression
from engine.language.types import ANY, YES_NO, Type
from engine.registers.query import Column, Preset, Register
from engine.registers.shape import Shape
from engine.registers.states import STATE
from engine.setup import RegisterSetup

_TITLES: Final[Mapping[str, tuple[str, Said]]] = {
    "acts": ("act", Said("Акты", "Acts")),
    "contracts": ("contract", Said("Договоры", "Contracts")),
}
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "acts": (
        "number", "date", "client.short_name", "deal.title", "amount", STATE, "sent_at", "due_at", "signed_at",
        "deal.paid", "deal.manager.name",
    ),
    "contracts": (
        "number", "date", "kind", "counterparty.short_name", STATE, "valid_from", "valid_to", "manager.name",
    ),
}  # fmt: skip
_PRESETS: Final[Mapping[str, tuple[tuple[str, str, str, str], ...]]] = {
    "acts": (
        ("unsigned", "Не подписаны", "Unsigned", "unsigned"),
        ("overdue", "Просрочены", "Overdue", "overdue"),
        ("signed_unpaid", "Подписаны, не оплачены (долг)", "Signed, unpaid (debt)", "signed_unpaid"),
        (
            "paid_unsigned",
            "Оплачены без акта (риск возврата)",
            "Paid, unsigned (refund risk)",
            "paid_unsigned",
        ),
        ("refused", "Отказы", "Refused", "refused"),
        ("not_sent", "Не отправлены", "Not sent", "not_sent"),
        ("signed", "Подписаны", "Signed", "accepted and not cancelled"),
        ("cancelled", "Аннулированы", "Cancelled", "cancelled"),
    ),
    "contracts": (
        ("in_force", "Действуют", "In force", "in_force"),
        ("expiring", "Истекают", "Expiring", "expiring"),
        ("expired", "Истекли", "Expired", "expired"),
        ("unsigned", "Не подписаны", "Unsigned", "not cancelled and not signed_by_both"),
        ("terminated", "Расторгнуты", "Terminated", "terminated"),
        ("suppliers", "С поставщиками", "With suppliers", 'kind == "supplier"'),
    ),
}
_NAMING: Final = frozenset({"name", "short_name", "title"})
_OWN: Final = ("manager", "deal.manager")
# Sums of a deal would be counted once for each of its acts.
_SUMMED: Final = frozenset({"amount", "vat"})


def define_registers(shape: Shape, setups: Mapping[str, RegisterSetup]) -> dict[str, Register]:
    """Return the registers by name; none for an entity that the map does not have."""
    return {
        name: _define(shape, name, entity, title, setups.get(name, RegisterSetup()))
        for name, (entity, title) in _TITLES.items()
        if entity in shape.world.entities
    }


def _define(shape: Shape, name: str, entity: str, title: Said, setup: RegisterSetup) -> Register:
    columns = [make_column(shape, entity, path) or _nameless(path) for path in setup.columns]
    columns = columns or [
        found for path in _COLUMNS[name] if (found := make_column(shape, entity, path)) is not None
    ]
    presets = {
        one: Preset(one, Said(ru, en), where)
        for one, ru, en, where in _PRESETS[name]
        if compile_filter(shape, entity, where)[0] is not None
    }
    presets |= {one: Preset(one, Said(said, said), where) for one, (said, where) in setup.presets.items()}
    return Register(
        name,
        entity,
        title,
        tuple(columns),
        tuple(presets.values()),
        tuple(_searched(shape, entity)),
        tuple(path for path in _OWN if _type_of(shape, entity, path) is not None),
        setup.where,
    )


def _nameless(path: str) -> Column:
    """Return a column of the settings that the map does not have; whoever reads the register is told."""
    return Column(path, Said(path, path), ANY)


def _searched(shape: Shape, entity: str) -> Iterator[str]:
    """Yield the texts of the item and of what it is tied to, its managers' names too; no choices, no addresses."""
    fields = shape.world.entities[entity].fields
    yield from (one.name for one in shape.stored[entity] if one.type.kind == "text")
    for one in fields.values():
        for part in _PARTS.get(one.type.entity, ()):
            if shape.is_stored(one.type.entity, part):
                yield f"{one.name}.{part}"


_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "deal": ("title",),
    "company": ("short_name", "name", "inn", "email"),
    "user": ("name",),
    "contract": ("number",),
}


def make_column(shape: Shape, entity: str, path: str) -> Column | None:
    """Return the column of a path, None where the map has no such path."""
    kind = _type_of(shape, entity, path)
    if kind is None:
        return None
    return Column(path, _title(shape, entity, path), kind, kind.kind == "money" and path in _SUMMED)


def _type_of(shape: Shape, entity: str, path: str) -> Type | None:
    found = compile_path(shape, entity, path)
    return found.type if found is not None else None


def compile_path(shape: Shape, entity: str, path: str) -> Expression | None:
    """Return the expression that reads a dotted path, None where it names nothing or is no path."""
    if not all(part.isidentifier() for part in path.split(".")):
        return None
    found, _ = compile_expression(path, lambda _start, _end: Span(""), shape.names(entity))
    return found


def compile_filter(
    shape: Shape, entity: str, text: str, name: str = ""
) -> tuple[Expression | None, list[Diagnostic]]:
    """Return the condition that `text` writes, or what is wrong with it at its line and column of `name`."""

    def place(start: int, end: int) -> Span:
        before, inside = text[:start], text[:end]
        return Span(
            name,
            before.count("\n") + 1,
            start - before.rfind("\n"),
            inside.count("\n") + 1,
            end - inside.rfind("\n"),
        )

    return compile_expression(text, place, shape.names(entity), YES_NO)


def _title(shape: Shape, entity: str, path: str) -> Said:
    """Return the heading: the field's own title, after the title of what it belongs to where that is another item."""
    parts = path.split(".")
    parts = parts[1:] if parts[0] == entity and len(parts) > 1 else parts
    owner, said = entity, []
    for part in parts:
        spec = shape.world.field(owner, part)
        said.append(shape.title(owner, part) if spec else Said(part, part))
        owner = spec.type.entity if spec else ""
    # A client's name is the client, in a heading.
    shown = said[-2:-1] if len(parts) > 1 and parts[-1] in _NAMING else said[-2:]
    return Said(": ".join(one.ru for one in shown), ": ".join(one.en for one in shown))
