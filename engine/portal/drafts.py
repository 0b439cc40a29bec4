"""What the portal has and the map has not, as lines of the map.

Decides the proposed names and types of new entities, fields, pipelines, stages and list values, and which of a
kind's standard fields are worth proposing. Pure. A field of a type that no name of the map can carry is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.portal.map_text import quoted
from engine.portal.names import propose
from engine.portal.picture import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    PortalField,
    PortalKind,
    PortalPipeline,
    PortalStage,
)

_TYPES: Mapping[str, str] = {
    "integer": "number", "double": "number", "money": "money", "boolean": "yes/no", "date": "date",
    "datetime": "time", "file": "file",
}  # fmt: skip
_TEXTS = ("string", "text", "url", "address", "char", "location", "crm_status", "crm", "crm_currency")
# name, type, code, title; taken where the kind has the field.
_STANDARD = (
    ("id", "text", "id", ""),
    ("number", "text", "accountNumber", "Номер"),
    ("date", "date", "begindate", "Дата"),
    ("title", "text", "title", "Название"),
    ("pipeline", "pipeline", "categoryId", "Направление"),
    ("stage", "stage", "stageId", "Стадия"),
    ("amount", "money", "opportunity", "Сумма"),
    ("manager", "user", "assignedById", "Ответственный"),
    ("client", "company", "companyId", "Клиент"),
    ("own_company", "company", "mycompanyId", "Исполнитель"),
)
_COMPANY = (
    "name: {type: text, requisite: RQ_COMPANY_FULL_NAME RQ_NAME, title: Полное наименование}",
    "short_name: {type: text, requisite: RQ_COMPANY_NAME RQ_NAME, title: Краткое наименование}",
    "inn: {type: text, requisite: RQ_INN, title: ИНН}",
    "kpp: {type: text, requisite: RQ_KPP, title: КПП}",
    "email: {type: text, contact: EMAIL, title: E-mail}",
)
USER = (
    "user:",
    "  title: Сотрудник",
    "  fields:",
    "    id: {type: text, user: ID}",
    "    name: {type: text, user: NAME LAST_NAME, title: Имя}",
    "    email: {type: text, user: EMAIL, title: E-mail}",
    "    active: {type: yes/no, user: ACTIVE, title: Работает}",
)
BUILT_IN: Mapping[int, tuple[str, str]] = {
    DEAL: ("deal", "Сделка"),
    INVOICE: ("invoice", "Счёт"),
    COMPANY: ("company", "Компания"),
    CONTACT: ("contact", "Контакт"),
}
"""What the portal's own kinds are called where the map does not name them."""


def is_worth(field: PortalField) -> bool:
    """True for a field that is proposed to a map which knows its entity: the company's own ones and the ties."""
    return field.is_own or field.code.startswith("parentId")


def type_of(field: PortalField, names: Mapping[int, str], *, has_users: bool) -> str:
    """Return the map's type of a portal field, empty where the map cannot carry it. `names`: entities by type id."""
    if field.type == "enumeration":
        return "choice" if field.options and not field.is_multiple else _many("text", field)
    if field.type in ("user", "employee"):
        return _many("user" if has_users else "text", field)
    linked = {"crm_company": COMPANY, "crm_contact": CONTACT, "crm_deal": DEAL}.get(
        field.type, field.parent_type
    )
    if field.type == "crm_entity" or (linked is not None and field.type.startswith("crm_")):
        return _many(names.get(linked or 0, ""), field)
    return _many(_TYPES.get(field.type, "text" if field.type in _TEXTS else ""), field)


def _many(word: str, field: PortalField) -> str:
    return f"list of {word}" if word and field.is_multiple else word


def draft_field(name: str, word: str, field: PortalField) -> str:
    """Return the line of a new field."""
    # A tie is often called by its own code.
    title = f", title: {quoted(field.title)}" if field.title not in ("", field.upper) else ""
    options = ""
    if word == "choice":
        options = ", options: {" + ", ".join(draft_options(field.options, ())) + "}"
    return f"{name}: {{type: {word}, field: {quoted(field.code)}{title}{options}}}"


def draft_options(options: Mapping[str, str], taken: Collection[str]) -> list[str]:
    """Return `name: id` for each value of a list."""
    names = set(taken)
    lines = []
    for code, title in options.items():
        name = propose(title, names, f"value_{code}")
        names.add(name)
        lines.append(f"{name}: {quoted(code)}")
    return lines


def field_name(field: PortalField, names: Mapping[int, str], taken: Collection[str]) -> str:
    """Return the proposed name of a field: a tie is called by the entity it leads to."""
    tied = names.get(field.parent_type or 0) if field.code.startswith("parentId") else None
    if tied is not None and tied not in taken:
        return tied
    return propose(field.title, taken, field.code)


def draft_stage(name: str, stage: PortalStage) -> str:
    """Return the line of a new stage."""
    final = f", final: {stage.final}" if stage.final else ""
    return f"{name}: {{code: {quoted(stage.code)}, title: {quoted(stage.title)}{final}}}"


def draft_pipeline(name: str, entity: str, pipeline: PortalPipeline, taken: set[str]) -> list[str]:
    """Return the lines of a new pipeline; the names of its stages are added to `taken`, those of the entity."""
    lines = [
        f"{name}:",
        f"  title: {quoted(pipeline.title or name)}",
        f"  entity: {entity}",
        f"  category: {quoted(pipeline.id)}",
        "  stages:",
    ]
    for stage in pipeline.stages:
        own = propose(stage.title, (), stage.code)
        found = own if own not in taken else propose(f"{name} {own}", taken, stage.code)
        taken.add(found)
        lines.append(f"    {draft_stage(found, stage)}")
    return lines


def draft_entity(name: str, kind: PortalKind, names: Mapping[int, str]) -> list[str]:
    """Return the lines of a new entity: the standard fields it has, and its own."""
    title = kind.title or BUILT_IN.get(kind.type_id, (name, name))[1]
    lines = [f"{name}:", f"  title: {quoted(title)}", f"  type_id: {kind.type_id}", "  fields:"]
    taken: set[str] = set()
    for field, word, code, shown in _STANDARD:
        if code in kind.fields and _is_named(word, kind, names):
            said = f", title: {shown}" if shown else ""
            lines.append(f"    {field}: {{type: {word}, field: {code}{said}}}")
            taken.add(field)
    if kind.type_id == COMPANY:
        lines += [f"    {line}" for line in _COMPANY]
        taken |= {line.partition(":")[0] for line in _COMPANY}
    elif "opportunity" in kind.fields:
        lines.append("    lines: {type: lines, title: Строки}")
        taken.add("lines")
    for field_ in kind.fields.values():
        word = type_of(field_, names, has_users=True)
        if is_worth(field_) and word:
            found = field_name(field_, names, taken)
            taken.add(found)
            lines.append(f"    {draft_field(found, word, field_)}")
    return lines


def _is_named(word: str, kind: PortalKind, names: Mapping[int, str]) -> bool:
    if word in ("pipeline", "stage"):
        return any(pipeline.stages for pipeline in kind.pipelines)
    return word != "company" or names.get(COMPANY) == "company"
