"""Funnels and stages: which exist, which are final.

Reads `category` and `status` rows; decides nothing about items.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.store import Record, Store


@dataclass(frozen=True)
class Stage:
    """A stage of one funnel; `semantics` is P in progress, S success, F failure."""

    code: str
    semantics: str


def categories(store: Store, entity_type: int) -> list[Record]:
    """The funnels of a kind, by sort and id."""
    rows = [row for row in store.rows("category") if row["entityTypeId"] == entity_type]
    return sorted(rows, key=lambda row: (int(str(row["sort"])), int(str(row["id"]))))


def default_category(store: Store, entity_type: int) -> int:
    """The funnel where an item lands that names none; 0 where the kind has no funnels."""
    rows = categories(store, entity_type)
    chosen = next((row for row in rows if row.get("isDefault") == "Y"), rows[0] if rows else None)
    return int(str(chosen["id"])) if chosen else 0


def stage_entity(entity_type: int, category: int) -> str:
    """The directory (ENTITY_ID of `crm.status.*`) holding a funnel's stages."""
    if entity_type == DEAL:
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
    if entity_type == INVOICE:
        return f"SMART_INVOICE_STAGE_{category}"
    return f"DYNAMIC_{entity_type}_STAGE_{category}"


def stages(store: Store, entity_type: int, category: int) -> list[Stage]:
    """The stages of a funnel in their order; empty for kinds without stages."""
    return store.derived(
        ("stages", entity_type, category), ("status",), lambda: _stages(store, entity_type, category)
    )


def _stages(store: Store, entity_type: int, category: int) -> list[Stage]:
    entity = stage_entity(entity_type, category)
    rows = [row for row in store.rows("status") if row["ENTITY_ID"] == entity]
    rows.sort(key=lambda row: int(str(row.get("SORT") or 0)))
    return [Stage(str(row["STATUS_ID"]), str(row.get("SEMANTICS") or "P")) for row in rows]
