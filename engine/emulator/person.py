"""A person's hand on the portal: what an employee does in the browser, for demonstrations and tests.

Every action goes the way a REST write goes, so it raises the same events. Field names are those of
`crm.item.*`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from engine.emulator import drive
from engine.emulator.calling import Call, Caller, to_int
from engine.emulator.errors import not_found
from engine.emulator.items import items_of_type
from engine.emulator.methods.itemview import ItemView
from engine.emulator.methods.money import mark_paid
from engine.emulator.portal import Portal
from engine.emulator.store import Record


@dataclass(frozen=True)
class Person:
    """Employee number `user` at work. Methods raise `RestError` where the portal would refuse."""

    portal: Portal
    user: int = 1
    is_robot: bool = False
    """A robot's, a workflow's, an agent's hand: nobody's token goes with its events."""

    def _acting(self) -> AbstractContextManager[None]:
        return self.portal.acting(0 if self.is_robot else self.user)

    def _call(self) -> Call:
        return Call(self.portal, Caller(self.user, frozenset(), "person"), {}, self.portal.base_url)

    def _view(self, entity_type: int) -> ItemView:
        return ItemView(self._call(), items_of_type(self.portal, entity_type))

    def get(self, entity_type: int, item_id: int) -> Record:
        """An item as `crm.item.get` prints it."""
        view = self._view(entity_type)
        return view.native(view.items.get(item_id))

    def add(self, entity_type: int, fields: Mapping[str, object]) -> Record:
        """A new item."""
        view = self._view(entity_type)
        with self._acting():
            return view.native(view.items.add(view.stored(fields), self.user))

    def update(self, entity_type: int, item_id: int, fields: Mapping[str, object]) -> Record:
        """Changed fields; a file is ``["name", "base64"]`` or ``{"name", "content": bytes}``."""
        view = self._view(entity_type)
        with self._acting():
            return view.native(view.items.update(item_id, view.stored(fields), self.user))

    def delete(self, entity_type: int, item_id: int) -> None:
        """The item is gone."""
        with self._acting():
            items_of_type(self.portal, entity_type).delete(item_id)

    def move(self, entity_type: int, item_id: int, stage: str) -> Record:
        """The item stands on another stage of its funnel."""
        return self.update(entity_type, item_id, {"stageId": stage})

    def attach(self, entity_type: int, item_id: int, field: str, name: str, content: bytes) -> Record:
        """A file field holds this one file."""
        return self.update(entity_type, item_id, {field: {"name": name, "content": content}})

    def clear(self, entity_type: int, item_id: int, field: str) -> Record:
        """The field is empty."""
        return self.update(entity_type, item_id, {field: ""})

    def pay(self, payment_id: int, *, paid: bool = True) -> None:
        """A payment is marked paid, or the mark is taken back."""
        with self._acting(), self.portal.change():
            row = self.portal.store.get("payment", payment_id)
            if row is None:
                raise not_found("Payment has not been found")
            mark_paid(self._call(), row, paid=paid)

    def put_file(self, storage_id: int, path: str, content: bytes) -> int:
        """A Drive file at this path from the storage's root, folders made on the way; returns its id."""
        *folders, name = path.strip("/").split("/")
        with self._acting(), self.portal.change():
            here = to_int(drive.storage(self.portal, storage_id)["ROOT_OBJECT_ID"])
            for folder in folders:
                inside = {str(row["NAME"]): to_int(row["ID"]) for row in drive.children(self.portal, here)}
                known = inside.get(folder)
                here = known or to_int(drive.add_folder(self.portal, here, folder, self.user)["ID"])
            return to_int(drive.add_file(self.portal, here, name, content, self.user)["ID"])
