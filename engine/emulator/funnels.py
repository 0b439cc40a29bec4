"""Making funnels and their stages, and taking them away.

Decides which stages a new funnel starts with and which codes they have. Rows of `category` are numbered by the store,
because the deals' default funnel has the id 0.
"""

from __future__ import annotations

from engine.emulator.calling import to_int
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.policies import read_policies
from engine.emulator.stages import stage_entity
from engine.emulator.store import Record, Store

_PROCESS = (
    ("NEW", "Начало", None, "#22B9FF"),
    ("PREPARATION", "Подготовка", None, "#88B9FF"),
    ("CLIENT", "Согласование", None, "#10E5FC"),
    ("SUCCESS", "Успех", "S", "#00FF00"),
    ("FAIL", "Провал", "F", "#FF0000"),
)
_DEAL = (
    ("NEW", "Новая", None, "#39A8EF"),
    ("PREPARATION", "Подготовка документов", None, "#2FC6F6"),
    ("PREPAYMENT_INVOIC", "Счёт на предоплату", None, "#55D0E0"),
    ("EXECUTING", "В работе", None, "#47E4C2"),
    ("FINAL_INVOICE", "Финальный счёт", None, "#FFA900"),
    ("WON", "Сделка успешна", "S", "#7BD500"),
    ("LOSE", "Сделка провалена", "F", "#FF5752"),
)
_INVOICE = (
    ("Новый", None, "#39A8EF"),
    ("Отправлен", None, "#55D0E0"),
    ("Оплачен", "S", "#7BD500"),
    ("Не оплачен", "F", "#FF5752"),
)


def stage_prefix(entity_type: int, category: int) -> str:
    """What the codes of a funnel's stages start with, without the colon; "" for the deals' default funnel."""
    if entity_type == DEAL:
        return f"C{category}" if category else ""
    return f"DT{entity_type}_{category}"


def add_funnel(store: Store, kind: int, name: str, *, sort: int = 500, is_default: bool = False) -> Record:
    """A new funnel with its first stages; its id is new over all kinds."""
    category = max((to_int(row["id"]) for row in store.rows("category")), default=0) + 1
    row: Record = {
        "id": category,
        "name": name,
        "sort": sort,
        "entityTypeId": kind,
        "isDefault": "Y" if is_default else "N",
        "originId": "",
        "originatorId": "",
    }
    store.put("category", store.next_id("category"), row)
    for position, (code, title, semantics, color) in enumerate(_first_stages(store, kind), 1):
        prefix = stage_prefix(kind, category)
        add_stage(
            store,
            {
                "ENTITY_ID": stage_entity(kind, category),
                "STATUS_ID": f"{prefix}:{code}" if prefix else code,
                "NAME": title,
                "SORT": position * 10,
                "SEMANTICS": semantics,
                "COLOR": color,
                "SYSTEM": "Y" if semantics or position == 1 else "N",
            },
        )
    return row


def _first_stages(store: Store, kind: int) -> tuple[tuple[str, str, str | None, str], ...]:
    if kind == DEAL:
        return _DEAL
    if kind != INVOICE:
        return _PROCESS
    codes = [one.strip() for one in read_policies(store).invoice_stages.split(",") if one.strip()]
    # Fewer codes than stages leave out the middle ones: the first and the final two are always there.
    rows = _INVOICE if len(codes) >= len(_INVOICE) else (_INVOICE[0], *_INVOICE[2:])
    return tuple((code, *row) for code, row in zip(codes, rows, strict=False))


def add_stage(store: Store, given: Record) -> Record:
    """One row of a directory under a new id."""
    status_id = store.next_id("status")
    row: Record = {
        "NAME_INIT": given["NAME"],
        "SYSTEM": "N",
        "COLOR": "",
        "SEMANTICS": None,
        **given,
        "ID": status_id,
    }
    store.put("status", status_id, row)
    return row


def funnel_of_entity(store: Store, entity: str) -> Record | None:
    """The funnel whose stages a directory holds."""
    for row in store.rows("category"):
        if stage_entity(to_int(row["entityTypeId"]), to_int(row["id"])) == entity:
            return row
    return None


def remove_funnel(store: Store, number: int, row: Record) -> None:
    """The funnel and its stages are gone; `number` is what it is kept under."""
    entity = stage_entity(to_int(row["entityTypeId"]), to_int(row["id"]))
    for stage in store.rows("status"):
        if stage["ENTITY_ID"] == entity:
            store.remove("status", to_int(stage["ID"]))
    store.remove("category", number)
