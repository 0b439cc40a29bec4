"""CRM items: what adding, changing and deleting one does.

The one door to items for REST methods, for a person's hand and for the seed. Decides stages, flags, defaults,
history and events; knows neither HTTP nor the names a caller used: all values here are under stored names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.emulator import values
from engine.emulator.errors import RestError, invalid_value, not_found
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE, Field, FieldSet, field_set, type_row
from engine.emulator.multifields import parse_multifields
from engine.emulator.policies import read_policies
from engine.emulator.rights import Guard, guard_of
from engine.emulator.stages import Stage, default_category, stages
from engine.emulator.store import Record
from engine.emulator.uploads import parse_file

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_OLD_EVENTS = {DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY"}


@dataclass(frozen=True)
class Items:
    """The items of one kind in one portal."""

    portal: Portal
    fields: FieldSet
    guard: Guard | None = None
    """What the acting employee may do with them; None: everything."""

    @property
    def collection(self) -> str:
        """The table of these items."""
        return f"item_{self.fields.entity_type}"

    def rows(self) -> list[Record]:
        """All that may be read, by id."""
        found = self.portal.store.rows(self.collection)
        return found if self.guard is None else [row for row in found if self.guard.allows("read", row)]

    def get(self, item_id: int) -> Record:
        """One of them; `RestError` NOT_FOUND if there is none, ACCESS_DENIED if it may not be read."""
        row = self.portal.store.get(self.collection, item_id)
        if row is None:
            raise not_found()
        self.check("read", row)
        return row

    def check(self, deed: str, row: Mapping[str, object]) -> None:
        """`RestError` ACCESS_DENIED where the acting employee may not read, add, update or delete this item."""
        if self.guard is not None:
            self.guard.check(deed, row)

    def add(self, given: Mapping[str, object], user: int) -> Record:
        """Create an item from values under stored names; unknown and read-only ones are ignored.

        The event ADD is raised. Raises `RestError` on a value or a stage that cannot be.
        """
        with self.portal.change():
            item_id = self.portal.store.next_id(self.collection)
            row = self._defaults(item_id, user) | self._parse(given, {})
            self.check("add", row)
            self._require(row, set(row) | {one.name for one in self.fields.fields if one.required})
            self._settle_stage(row, {})
            self._name(row)
            self.portal.store.put(self.collection, item_id, row)
            if row.get("stageId"):
                self._remember_stage(row, 1)
            self._raise("ADD", row)
            return row

    def update(self, item_id: int, given: Mapping[str, object], user: int, *, always: bool = False) -> Record:
        """Change an item; nothing is saved and no event raised when no value differs.

        `always` raises the event even then: the old methods save whatever they are given.
        """
        with self.portal.change():
            before = self.get(item_id)
            self.check("update", before)
            parsed = self._parse(given, before)
            row = before | parsed
            changed = {name for name in parsed if before.get(name) != row[name]}
            if not changed and not always:
                return before
            self._require(row, changed)
            self._settle_stage(row, before)
            self._move(row, before, user)
            row["updatedTime"], row["updatedBy"] = self.portal.clock.stamp(), user
            self.portal.store.put(self.collection, item_id, row)
            moved_funnel = row.get("categoryId") != before.get("categoryId")
            # Changing a deal's funnel raises an event of its own that no webhook can subscribe to.
            if moved_funnel and self.fields.entity_type == DEAL:
                place = {"ID": item_id, "CATEGORY_ID": row["categoryId"], "STAGE_ID": row["stageId"]}
                self.portal.raise_event("ONCRMDEALMOVETOCATEGORY", {"FIELDS": place})
            else:
                self._raise("UPDATE", row)
            return row

    def delete(self, item_id: int) -> None:
        """Remove an item and what hangs on it, raising DELETE; `RestError` NOT_FOUND if there is none."""
        with self.portal.change():
            row = self.get(item_id)
            self.check("delete", row)
            self.portal.store.remove(self.collection, item_id)
            self._raise("DELETE", row)

    def touch(self, item_id: int, given: Mapping[str, object], user: int) -> None:
        """Set values as they are, past all rules (sums that follow rows, payment marks), raising UPDATE."""
        with self.portal.change():
            before = self.get(item_id)
            self.check("update", before)
            row = before | dict(given)
            row["updatedTime"], row["updatedBy"] = self.portal.clock.stamp(), user
            self.portal.store.put(self.collection, item_id, row)
            self._raise("UPDATE", row)

    def plant(self, given: Mapping[str, object]) -> None:
        """Put a seeded item in place: read-only values are kept as given, no event, no history of stages."""
        item_id = int(str(given["id"]))
        defaults = self._defaults(item_id, 1)
        row = defaults | self._parse(given, {}, seeding=True) | {"id": item_id}
        row.update(
            {name: defaults[name] for name, value in row.items() if value is None and name in defaults}
        )
        self._settle_stage(row, {})
        self._name(row)
        self.portal.store.put(self.collection, item_id, row)

    def _parse(
        self, given: Mapping[str, object], before: Mapping[str, object], *, seeding: bool = False
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in given.items():
            field = self.fields.stored(name)
            if field is None or (field.read_only and not seeding):
                continue
            found[name] = self._value(field, value, before.get(name))
        if "fm" in found:
            kinds = {str(one["typeId"]) for one in found["fm"] if isinstance(one, dict)}  # type: ignore[attr-defined]
            found["hasEmail"], found["hasPhone"] = _mark("EMAIL" in kinds), _mark("PHONE" in kinds)
        if found.get("contactId") and "contactIds" not in found and self.fields.stored("contactIds"):
            found["contactIds"] = [found["contactId"]]
        return found

    def _value(self, field: Field, value: object, current: object) -> object:
        if field.type == "file":
            return parse_file(self.portal.store, field, value, current)
        if field.type == "crm_multifield":
            return parse_multifields(self.portal.store, value, current)
        stored = values.parse(field, value, self.portal.clock.zone)
        # The deal's table holds 0, not NULL, where no client is chosen.
        if stored is None and self.fields.entity_type == DEAL and field.name in ("companyId", "contactId"):
            return 0
        return stored

    def _defaults(self, item_id: int, user: int) -> dict[str, object]:
        now = self.portal.clock.stamp()
        wanted: dict[str, object] = {
            "id": item_id,
            "createdTime": now,
            "updatedTime": now,
            "createdBy": user,
            "updatedBy": user,
            "assignedById": user,
            "opened": "Y",
            "lastActivityBy": user,
            "lastActivityTime": now,
            "movedBy": user,
            "movedTime": now,
            "opportunity": "0",
            "taxValue": "0",
            "currencyId": "RUB",
            "isManualOpportunity": "N",
            "isNew": "Y",
            "isRecurring": "N",
            "isReturnCustomer": "N",
            "isRepeatedApproach": "N",
            "closed": "N",
            "hasEmail": "N",
            "hasPhone": "N",
            "hasImol": "N",
            "isMyCompany": "N",
            "categoryId": default_category(self.portal.store, self.fields.entity_type),
        }
        if self.fields.entity_type == DEAL:
            wanted |= {"companyId": 0, "contactId": 0, "typeId": "SALE"}
        if self.fields.stored("begindate"):
            wanted["begindate"] = now[:10]
        return {name: value for name, value in wanted.items() if self.fields.stored(name)}

    def _require(self, row: Mapping[str, object], among: set[str]) -> None:
        missing = [
            one.camel
            for one in self.fields.fields
            if one.required and one.name in among and row.get(one.name) in (None, "", [])
        ]
        if missing:
            text = f"Required fields are not filled: {', '.join(missing)}"
            raise RestError(400, "CRM_FIELD_ERROR_REQUIRED", text)

    def _settle_stage(self, row: dict[str, object], before: Mapping[str, object]) -> None:
        """Make the stage one of the funnel's; the first one where none is given or the funnel changed."""
        if not self.fields.stored("stageId"):
            return
        known = stages(self.portal.store, self.fields.entity_type, int(str(row["categoryId"])))
        if not known:
            return
        same_funnel = row.get("categoryId") == before.get("categoryId", row.get("categoryId"))
        if not same_funnel and row.get("stageId") == before.get("stageId"):
            row["stageId"] = None
        stage = next((one for one in known if one.code == row.get("stageId")), None)
        if stage is None and row.get("stageId"):
            raise invalid_value("stageId")
        stage = stage or known[0]
        row["stageId"] = stage.code
        if self.fields.entity_type == DEAL:
            self._close(row, before, stage)

    def _close(self, row: dict[str, object], before: Mapping[str, object], stage: Stage) -> None:
        row["stageSemanticId"] = stage.semantics
        row["closed"] = _mark(stage.semantics != "P")
        row["isNew"] = _mark(stage.code == "NEW" or stage.code.endswith(":NEW"))
        if row["closed"] == "Y" and before.get("closed") == "N":
            row["closedate"] = self.portal.clock.stamp()[:10]

    def _move(self, row: dict[str, object], before: Mapping[str, object], user: int) -> None:
        if row.get("stageId") == before.get("stageId"):
            return
        row["movedTime"], row["movedBy"] = self.portal.clock.stamp(), user
        if self.fields.stored("previousStageId"):
            row["previousStageId"] = before.get("stageId")
        if row.get("categoryId") != before.get("categoryId"):
            self._remember_stage(row, 5)
        else:
            self._remember_stage(row, 2 if self._semantics(row) == "P" else 3)

    def _semantics(self, row: Mapping[str, object]) -> str:
        known = stages(self.portal.store, self.fields.entity_type, int(str(row["categoryId"])))
        return next((one.semantics for one in known if one.code == row["stageId"]), "P")

    def _remember_stage(self, row: Mapping[str, object], kind: int) -> None:
        row_id = self.portal.store.next_id("stagehistory")
        self.portal.store.put(
            "stagehistory",
            row_id,
            {
                "ID": row_id,
                "TYPE_ID": kind,
                "OWNER_ID": row["id"],
                "CREATED_TIME": self.portal.clock.stamp(),
                "CATEGORY_ID": row["categoryId"],
                "STAGE_SEMANTIC_ID": self._semantics(row),
                "STAGE_ID": row["stageId"],
                "entityTypeId": self.fields.entity_type,
            },
        )

    def _name(self, row: dict[str, object]) -> None:
        """Give what the portal itself names: the invoice's number, an untitled item's title."""
        kind = self.fields.entity_type
        if kind == INVOICE and not row.get("accountNumber"):
            row["accountNumber"] = str(self.portal.store.next_id("invoice_number"))
        if row.get("title"):
            return
        spa = type_row(self.portal.store, kind)
        titles = {DEAL: "Сделка", CONTACT: "Контакт", COMPANY: "Компания", INVOICE: "Счёт"}
        row["title"] = f"{titles.get(kind) or (spa or {}).get('title') or 'Элемент'} #{row['id']}"

    def _raise(self, what: str, row: Mapping[str, object]) -> None:
        kind, item_id = self.fields.entity_type, row["id"]
        if kind in _OLD_EVENTS:
            self.portal.raise_event(f"ONCRM{_OLD_EVENTS[kind]}{what}", {"FIELDS": {"ID": item_id}})
            return
        payload = {"FIELDS": {"ID": item_id, "ENTITY_TYPE_ID": kind}}
        self.portal.raise_event(f"ONCRMDYNAMICITEM{what}", payload)
        numbered = read_policies(self.portal.store).invoice_numbered_events == "yes"
        if kind != INVOICE or numbered:
            self.portal.raise_event(f"ONCRMDYNAMICITEM{what}_{kind}", payload)


def _mark(claim: object) -> str:
    return "Y" if claim else "N"


def items_of_type(portal: Portal, entity_type: int, user: int | None = None) -> Items:
    """The items of a kind, under the rights of an employee if one is given.

    `RestError` NOT_FOUND where the portal has no such kind.
    """
    fields = field_set(portal.store, entity_type)
    if fields is None:
        raise not_found("Smart process not found")
    return Items(portal, fields, None if user is None else guard_of(portal.store, user, entity_type))
