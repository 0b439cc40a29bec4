"""The portal map at work: names of regulations to commands of the portal, its answers to values.

Decides which method and which field code stand for a name. Pure: it builds commands and reads answers, and
sends nothing. Derived fields are neither read nor written; lists of children, product rows, requisites and
users' fields need reads of their own, which `engine.portal.reader` puts together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from engine.action import Command, Ref
from engine.language.types import EntitySpec, FieldSpec, World
from engine.language.values import Item, Money, Undecided, Value
from engine.portal.codec import Codec, Place, as_id, name_of_code
from engine.portal.lines import decode_line, encode_lines
from engine.portal.requisites import Papers, decode_papers

_DEAL, _COMPANY, _INVOICE = 2, 4, 31
_ABBREVIATIONS = {1: "L", _DEAL: "D", 3: "C", _COMPANY: "CO", 7: "Q", _INVOICE: "SI"}
_PAGES = {1: "/crm/lead/details/{id}/", _DEAL: "/crm/deal/details/{id}/", 3: "/crm/contact/details/{id}/",
          _COMPANY: "/crm/company/details/{id}/", 7: "/crm/type/7/details/{id}/"}  # fmt: skip
_ORIGINAL_NAMES = {"useOriginalUfNames": "N"}
NOT_FOUND = frozenset({"NOT_FOUND"})
REFUSED = frozenset({"ACCESS_DENIED", "INVALID_CREDENTIALS", "insufficient_scope", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class PortalMap:
    """The map of one company. `address` is `https://portal.example`, `shared_drive` the storage's
    ENTITY_TYPE.

    `zone` is the company's time zone: every time that comes from the portal is given in it.
    """

    world: World
    address: str
    shared_drive: str = "common"
    zone: tzinfo = UTC

    def read(self, id: str, item: Item, *, tolerate: frozenset[str] = frozenset()) -> Command:
        """Return the read of one item; `crm.item.get` gives `{"item": {…}}`, `user.get` a list of rows."""
        type_id = self.world.entities[item.entity].type_id
        if type_id is None:
            row = {"ID": item.id}
            return Command(id, "user.get", {"filter": {"ID": [as_id(item.id)]}}, assume=[row])
        params = {"entityTypeId": type_id, "id": as_id(item.id), **_ORIGINAL_NAMES}
        return Command(id, "crm.item.get", params, assume={"item": {"id": as_id(item.id)}}, tolerate=tolerate)

    def children(self, id: str, entity: str, parent: Item, *, after: str = "") -> Command:
        """Return the read of the first 50 items of `entity` under `parent` by id, or of those with larger
        ids.

        The answer is `{"items": [row, …]}`; rows hold every mapped field and decode as `read`'s do.
        """
        link = self._link(entity, parent.entity)
        condition: dict[str, object] = {link: as_id(parent.id)}
        if after:
            condition[">id"] = as_id(after)
        params = {
            "entityTypeId": self._type_id(entity),
            "select": self._keys(entity),
            "filter": condition,
            "order": {"id": "ASC"},
            **_ORIGINAL_NAMES,
        }
        return Command(id, "crm.item.list", params, assume={"items": []})

    def create(self, id: str, entity: str, fields: Mapping[str, Value | Ref]) -> Command:
        """Return the creation of an item. Raises ValueError for a field that cannot be written, as `update`
        does.
        """
        params = {
            "entityTypeId": self._type_id(entity),
            "fields": self._encoded(entity, fields),
            **_ORIGINAL_NAMES,
        }
        return Command(id, "crm.item.add", params, writes=True, assume={"item": {"id": 0}})

    def update(
        self, id: str, item: Item, fields: Mapping[str, Value | Ref], *, target: Ref | None = None
    ) -> Command:
        """Return the change of `fields`; `target` stands for the id of an item that an earlier command
        makes.
        """
        params = {
            "entityTypeId": self._type_id(item.entity),
            "id": target or as_id(item.id),
            "fields": self._encoded(item.entity, fields, item),
            **_ORIGINAL_NAMES,
        }
        return Command(id, "crm.item.update", params, writes=True, assume={"item": {"id": as_id(item.id)}})

    def delete(self, id: str, item: Item) -> Command:
        """Return the removal of an item, into the portal's recycle bin; one that is gone is answered."""
        params = {"entityTypeId": self._type_id(item.entity), "id": as_id(item.id)}
        return Command(id, "crm.item.delete", params, writes=True, tolerate=NOT_FOUND)

    def describe(self, id: str, entity: str) -> Command:
        """Return the read of what the portal knows of an entity's fields: `{"fields": {code: {…}}}`.

        It explains what went wrong elsewhere, so a refusal is answered instead of failing.
        """
        params = {"entityTypeId": self._type_id(entity), **_ORIGINAL_NAMES}
        return Command(id, "crm.item.fields", params, assume={"fields": {}}, tolerate=REFUSED)

    def lines(self, id: str, item: Item) -> Command:
        """Return the read of an item's product rows: `{"productRows": [row, …]}`."""
        condition = {"=ownerType": self.abbreviation(item.entity), "=ownerId": as_id(item.id)}
        return Command(id, "crm.item.productrow.list", {"filter": condition}, assume={"productRows": []})

    def set_lines(self, id: str, item: Item, lines: Sequence[Value], *, target: Ref | None = None) -> Command:
        """Return the replacement of all product rows of an item."""
        params = {
            "ownerType": self.abbreviation(item.entity),
            "ownerId": target or as_id(item.id),
            "productRows": encode_lines(lines),
        }
        return Command(id, "crm.item.productrow.set", params, writes=True, assume={"productRows": []})

    def decode(
        self, entity: str, row: Mapping[str, object], papers: Papers | None = None
    ) -> dict[str, Value]:
        """Return the values of a portal row by field name; what needs a read of its own is absent.

        A field whose code the row lacks, and a code the map does not name, are undecided and say so.
        `papers` adds a company's requisites.
        """
        spec = self.world.entities[entity]
        item_id = str(row.get("id", row.get("ID", "")))
        found: dict[str, Value] = {}
        for name, field in spec.fields.items():
            if not field.is_derived and (raw := self._decode_field(spec, field, row, item_id)) is not _ABSENT:
                found[name] = raw  # type: ignore[assignment]
        return {**found, **(decode_papers(spec, item_id, papers) if papers else {})}

    def _decode_field(
        self, spec: EntitySpec, field: FieldSpec, row: Mapping[str, object], item_id: str
    ) -> object:
        binding = field.binding
        if "field" in binding:
            key, codec = binding["field"], Codec(self.zone)
            if key not in row and field.is_optional:
                return None
            if key not in row:
                return Undecided(
                    f"{spec.name}/{item_id}: the portal's answer has no field {key} ({field.name})"
                )
            currency = str(row.get("currencyId") or "")
            return codec.decode(field, row[key], Place(spec.type_id, item_id, key), currency)
        if "always" in binding:
            return Codec(self.zone).decode(field, binding["always"], Place(spec.type_id, item_id, ""))
        if "user" in binding:
            return self._user_part(field, row, item_id)
        if "contact" in binding:
            return _first_contact(row.get("fm"), binding["contact"])
        if "link" in binding:
            return self.address.rstrip("/") + binding["link"].replace("{id}", item_id)
        return _ABSENT

    def _user_part(self, field: FieldSpec, row: Mapping[str, object], item_id: str) -> Value:
        """Several keys (`NAME LAST_NAME`) are joined by spaces."""
        keys = field.binding["user"].split()
        if any(key not in row for key in keys):
            return Undecided(
                f"user/{item_id}: the portal's answer has no {field.binding['user']} ({field.name})"
            )
        if len(keys) == 1:
            return Codec(self.zone).decode(field, row[keys[0]], Place(None, item_id, keys[0]))
        return " ".join(str(row[key]).strip() for key in keys if row[key]) or None

    def decode_lines(self, result: object, currency: str) -> tuple[Value, ...]:
        """Return the lines of the answer to `lines`, in the owner's currency."""
        rows = result.get("productRows") if isinstance(result, Mapping) else None
        return tuple(decode_line(row, currency) for row in rows or () if isinstance(row, Mapping))

    def encode(
        self, entity: str, field: str, value: Value | Ref, item: Item | None = None
    ) -> tuple[str, object]:
        """Return the portal's field code and what to write there. A file becomes `[name, Content(file)]`.

        Raises ValueError for an unknown, derived or read-only field and for a value that it cannot hold.
        """
        spec = self.world.field(entity, field)
        if spec is None or spec.is_derived or not spec.is_writable:
            raise ValueError(f"{entity}.{field} cannot be written")
        key = spec.binding["field"]
        place = Place(self.world.entities[entity].type_id, item.id, key) if item else None
        return key, Codec(self.zone).encode(spec, value, place)

    def same(self, entity: str, field: str, meant: Value, found: Value) -> bool:
        """True where a value read back is the one that was meant."""
        spec = self.world.field(entity, field)
        return spec is not None and Codec(self.zone).same(spec, meant, found)

    def item_from(self, entity: str, result: object) -> Item:
        """Return the item that an answer of add, get or update speaks of. Raises ValueError if it names
        none.
        """
        found = result.get("item", result) if isinstance(result, Mapping) else result
        if isinstance(found, Mapping):
            found = found.get("id", found.get("ID"))
        if isinstance(found, int | str) and not isinstance(found, bool) and str(found):
            return Item(entity, str(found))
        raise ValueError(f"the portal's answer names no {entity}: {str(result)[:120]}")

    def url(self, item: Item) -> str:
        """Return the address of the item's page, empty where the portal has none for its kind."""
        spec = self.world.entities.get(item.entity)
        if spec is None:
            return ""
        page = "/company/personal/user/{id}/" if spec.type_id is None else _PAGES.get(spec.type_id, "")
        own = next((field.binding["link"] for field in spec.fields.values() if "link" in field.binding), "")
        path = own or page or f"/crm/type/{spec.type_id}/details/{{id}}/"
        return self.address.rstrip("/") + path.replace("{id}", item.id)

    def stage_name(self, entity: str, code: str) -> str | Undecided:
        """Return the map's name of a stage code."""
        codes = {name: stage.code for name, stage in self.world.stages(entity).items()}
        return name_of_code(codes, code) or Undecided(f"{entity}: the map has no stage for code {code}")

    def stage_code(self, entity: str, name: str) -> str:
        """Return the portal's code of a stage. Raises KeyError."""
        return self.world.stages(entity)[name].code

    def abbreviation(self, entity: str) -> str:
        """Return the portal's short word for the kind: `D`, `SI`, `T414` (PHP's dechex: lower-case
        letters).
        """
        type_id = self._type_id(entity)
        return _ABBREVIATIONS.get(type_id, f"T{type_id:x}")

    def file_urls(self, entity: str, row: Mapping[str, object]) -> dict[str, str]:
        """Return the download addresses in a row by the `source` of the file. They hold tokens: never keep
        them.
        """
        spec = self.world.entities[entity]
        keys = [field.binding["field"] for field in spec.fields.values() if "field" in field.binding]
        item_id = str(row.get("id", ""))
        return {
            Place(spec.type_id, item_id, key).file_source(file.get("id")): str(file["urlMachine"])
            for key in keys
            for file in _files(row.get(key))
        }

    def _type_id(self, entity: str) -> int:
        type_id = self.world.entities[entity].type_id
        if type_id is None:
            raise ValueError(f"{entity} is no CRM item")
        return type_id

    def _link(self, entity: str, parent: str) -> str:
        for field in self.world.entities[entity].fields.values():
            if field.type.entity == parent and "field" in field.binding:
                return field.binding["field"]
        return f"parentId{self._type_id(parent)}"

    def _keys(self, entity: str) -> list[str]:
        keys = {"id": None, "currencyId": None}
        keys |= {
            field.binding["field"]: None
            for field in self.world.entities[entity].fields.values()
            if "field" in field.binding
        }
        return list(keys)

    def _encoded(
        self, entity: str, fields: Mapping[str, Value | Ref], item: Item | None = None
    ) -> dict[str, object]:
        encoded: dict[str, object] = {}
        for name, value in fields.items():
            key, code = self.encode(entity, name, value, item)
            encoded[key] = code
            if key == "opportunity" and isinstance(value, Money):
                # Without the mark the portal replaces a sum by that of the product rows as soon as one
                # changes.
                encoded["isManualOpportunity"] = "Y"
                encoded |= {"currencyId": value.currency} if value.currency else {}
        return encoded


_ABSENT = object()


def _first_contact(multi: object, kind: str) -> Value:
    """Return the first address of a kind, the work one before others."""
    rows = multi.values() if isinstance(multi, Mapping) else multi if isinstance(multi, list) else ()
    mine = [
        row for row in rows if isinstance(row, Mapping) and row.get("typeId") == kind and row.get("value")
    ]
    mine.sort(key=lambda row: row.get("valueType") != "WORK")
    return str(mine[0]["value"]).strip() if mine else None


def _files(raw: object) -> Iterator[Mapping[str, object]]:
    for one in raw if isinstance(raw, list) else [raw]:
        if isinstance(one, Mapping) and one.get("urlMachine"):
            yield one
