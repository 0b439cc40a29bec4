"""What registers show beside the items and no snapshot keeps: users, departments, companies' requisites.

Decides what is read and how, fifty rows a request; a company's requisites again when the company changes. What the
portal refuses stays unknown; a list is never emptied because a read failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.action import Command
from engine.language.values import Item
from engine.portal.codec import as_id
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.map import REFUSED, PortalMap
from engine.portal.requisites import own_requisite
from engine.runtime.snapshot import note_change
from engine.runtime.store import Store
from engine.runtime.wire import dump

_COMPANY, _PAGE = 4, 50
Row = Mapping[str, object]


class Surroundings:
    """Reads through `gateway` into `store`; what reads raises PortalError where the portal does not answer."""

    def __init__(self, store: Store, gateway: Gateway | None, portal: PortalMap) -> None:
        self._store, self._gateway, self._portal = store, gateway, portal
        entities = portal.world.entities.values()
        self._company = next((one.name for one in entities if one.type_id == _COMPANY), "")
        fields = portal.world.entities[self._company].fields if self._company else {}
        self._codes = [code for one in fields.values() for code in one.binding.get("requisite", "").split()]
        self._has_banks = any("bank" in one.binding for one in fields.values())
        unique = next((one.binding["unique"] for one in fields.values() if "unique" in one.binding), "")
        bound = fields[unique].binding.get("requisite", "") if unique in fields else ""
        self._name_code = next(iter(bound.split()), "")
        self._user = next((one.name for one in entities if one.type_id is None), "")

    def read_all(self) -> None:
        """Read users, departments and the requisites of every company known."""
        self.read_people()
        self.read_papers(self._companies())

    def has_changed(self) -> bool:
        """True where a company changed since the registers were brought up to date."""
        return bool(self._changed())

    def read_changed(self) -> None:
        """Read the requisites of companies that changed since the registers were brought up to date, or are new."""
        changed = self._changed()
        if changed:
            self.read_papers(changed)

    def _changed(self) -> set[str]:
        if not self._company:
            return set()
        sql = "SELECT DISTINCT item FROM register_change WHERE item LIKE ?"
        return {str(row["item"]).partition("/")[2] for row in self._store.rows(sql, (f"{self._company}/%",))}

    def read_people(self) -> None:
        """Read every user with the departments that user works in, and the departments themselves."""
        if self._user:
            fields = self._portal.world.entities[self._user]
            for row in self._pages("user.get", {}, tolerate=REFUSED):
                found = self._portal.decode(fields.name, row)
                units = row.get("UF_DEPARTMENT")
                self._keep_person(
                    str(row.get("ID")),
                    dump({name: value for name, value in found.items() if name != "id"}),
                    json.dumps([str(one) for one in units] if isinstance(units, list) else []),
                )
        units_found = list(self._pages("department.get", {}, tolerate=REFUSED))
        if units_found:
            with self._store.transaction() as connection:
                connection.execute("DELETE FROM register_unit")
                for row in units_found:
                    connection.execute(
                        "INSERT INTO register_unit (id, parent, head, name) VALUES (?, ?, ?, ?)",
                        tuple(str(row.get(key) or "") for key in ("ID", "PARENT", "UF_HEAD", "NAME")),
                    )

    def _keep_person(self, id_: str, fields: str, units: str) -> None:
        sql = "SELECT fields, units FROM register_person WHERE id = ?"
        known = self._store.row(sql, (id_,))
        if known is not None and (known["fields"], known["units"]) == (fields, units):
            return
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO register_person (id, fields, units) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET fields = excluded.fields, units = excluded.units",
                (id_, fields, units),
            )
            note_change(self._store, Item(self._user, id_))

    def read_papers(self, companies: Iterable[str]) -> None:
        """Read the requisites and bank details of companies, fifty companies a request."""
        ids = sorted(set(companies), key=lambda one: (len(one), one))
        for start in range(0, len(ids) if self._codes else 0, _PAGE):
            part = ids[start : start + _PAGE]
            owners = {"ENTITY_TYPE_ID": _COMPANY, "ENTITY_ID": [as_id(one) for one in part]}
            select = ["ID", "ENTITY_ID", *dict.fromkeys(self._codes)]
            papers = list(self._pages("crm.requisite.list", {"filter": owners, "select": select}))
            banks = self._banks(papers) if self._has_banks and papers else []
            for company in part:
                self._keep_papers(company, papers, banks)

    def _banks(self, papers: Sequence[Row]) -> list[Row]:
        found: list[Row] = []
        numbers = [as_id(str(row.get("ID"))) for row in papers]
        for start in range(0, len(numbers), _PAGE):
            given = {"filter": {"ENTITY_ID": numbers[start : start + _PAGE]}}
            found.extend(self._pages("crm.requisite.bankdetail.list", given))
        return found

    def _keep_papers(self, company: str, papers: Sequence[Row], banks: Sequence[Row]) -> None:
        mine = [row for row in papers if str(row.get("ENTITY_ID")) == company]
        numbers = {str(row.get("ID")) for row in mine}
        own_banks = [row for row in banks if str(row.get("ENTITY_ID")) in numbers]
        first = own_requisite(mine, company)
        name = str(first.get(self._name_code) or "").strip() if first and self._name_code else ""
        values = (name, json.dumps(mine), json.dumps(own_banks))
        sql = "SELECT name, requisites, banks FROM register_paper WHERE company = ?"
        known = self._store.row(sql, (company,))
        if known is not None and tuple(known[key] for key in ("name", "requisites", "banks")) == values:
            return
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO register_paper (company, name, requisites, banks) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (company) DO UPDATE SET name = excluded.name,"
                " requisites = excluded.requisites, banks = excluded.banks",
                (company, *values),
            )
            # A name that two bear tells both apart by their numbers, so both rows change.
            names = {name, known["name"] if known is not None else ""} - {""}
            for one in sorted(names):
                rows = self._store.rows("SELECT company FROM register_paper WHERE name = ?", (one,))
                for row in rows:
                    note_change(self._store, Item(self._company, row["company"]))
            note_change(self._store, Item(self._company, company))

    def _companies(self) -> list[str]:
        if not self._company:
            return []
        first, end = f"{self._company}/", f"{self._company}0"
        rows = self._store.rows("SELECT item FROM snapshot WHERE item > ? AND item < ?", (first, end))
        return [str(row["item"]).partition("/")[2] for row in rows]

    def _pages(
        self, method: str, params: Mapping[str, object], *, tolerate: frozenset[str] = frozenset()
    ) -> Iterator[Row]:
        """Yield the rows of a list of the older methods, page by page."""
        start = 0
        assert self._gateway is not None
        while True:
            asked = Command("page", method, {**params, "start": start}, assume=[], tolerate=tolerate)
            [outcome] = self._gateway.outcomes([asked])
            if isinstance(outcome, PortalError):
                raise outcome
            rows = outcome.result if isinstance(outcome.result, list) and not outcome.error else []
            yield from (row for row in rows if isinstance(row, Mapping))
            if len(rows) < _PAGE:
                return
            start += _PAGE
