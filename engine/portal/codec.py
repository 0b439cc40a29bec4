"""One value between the portal and the language, both ways.

Decides what the portal's text, number or pair means for a field of a given type, and how a value is written.
It does not know which item the value belongs to. Pure. Facts of PROTOCOL §1 and §4.3: `crm.item.*` gives
native numbers and `Y`/`N`, date-only fields as midnight times, money fields as `300|RUB`; empties are null,
"" or 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation

from engine.action import Content, Ref
from engine.language.types import FieldSpec, Type
from engine.language.values import File, Item, Money, Undecided, Value

_CENT = Decimal("0.01")
_NAMELESS = "file"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the item's type id and id and the portal's field, as a file's `source` names
    them.
    """

    type_id: int | None
    item_id: str
    field: str

    def file_source(self, file_id: object) -> str:
        """Return the `source` of the file `file_id` in this place."""
        return f"portal:{self.type_id}/{self.item_id}/{self.field}/{file_id}"


@dataclass(frozen=True, slots=True)
class Codec:
    """Values of one company: its zone, and the currency of the row for fields that hold a bare amount."""

    zone: tzinfo

    def decode(self, spec: FieldSpec, raw: object, place: Place, currency: str = "") -> Value:
        """Return the value of the field, empty where the portal holds none, undecided where it cannot be
        read.
        """
        if spec.type.kind == "list":
            member = FieldSpec(spec.name, spec.type.of or Type("any"), binding=spec.binding, codes=spec.codes)
            found = raw if isinstance(raw, list | tuple) else [raw]
            values = [self._decode(member, one, place, currency) for one in found]
            return tuple(value for value in values if value is not None)
        if isinstance(raw, list | tuple) and len(raw) <= 1:
            raw = raw[0] if raw else None
        return self._decode(spec, raw, place, currency)

    def _decode(self, spec: FieldSpec, raw: object, place: Place, currency: str) -> Value:
        kind = spec.type.kind
        # A tick box has two states; the portal holds nothing in items older than the field.
        if kind == "yes/no":
            return _decode_flag(raw)
        if raw is None or raw == "":
            return None
        try:
            return self._decode_present(spec, raw, place, currency)
        except (ValueError, InvalidOperation):
            return Undecided(f"{spec.name}: the portal's {str(raw)[:60]!r} is no {spec.type}")

    def _decode_present(self, spec: FieldSpec, raw: object, place: Place, currency: str) -> Value:
        kind = spec.type.kind
        if kind == "number":
            return read_number(raw)
        if kind == "money":
            return read_money(raw, currency)
        if kind == "date":
            return date.fromisoformat(str(raw)[:10])
        if kind == "time":
            found = datetime.fromisoformat(str(raw))
            return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(self.zone)
        if kind == "choice":
            name = name_of_code(spec.codes, raw)
            # An unset enumeration may come as 0; a pipeline's 0 is the deals' first, and the map says so.
            if name is None and str(raw) == "0":
                return None
            return name or Undecided(f"{spec.name}: the map has no name for code {raw}")
        if kind == "item":
            return read_link(spec.type.entity, raw)
        if kind == "file":
            file_id = raw.get("id") if isinstance(raw, Mapping) else raw
            return File("", source=place.file_source(file_id)) if file_id else None
        return _shown(raw)

    def encode(self, spec: FieldSpec, value: Value | Ref, place: Place | None = None) -> object:
        """Return what the portal wants for the value. Raises ValueError for one that the field cannot hold.

        `place` is where it is written, so that a file already there is kept and not sent anew. A `Ref`
        passes.
        """
        if isinstance(value, Ref):
            return value
        if spec.type.kind != "list":
            return self._encode(spec, value, place)
        member = FieldSpec(spec.name, spec.type.of or Type("any"), binding=spec.binding, codes=spec.codes)
        members = value if isinstance(value, tuple) else () if value is None else (value,)
        # An empty list cannot be said in a batch's query; an empty text clears a multiple field as well.
        return [self._encode(member, one, place) for one in members] or ""

    def _encode(self, spec: FieldSpec, value: Value, place: Place | None) -> object:
        kind = spec.type.kind
        if value is None:
            return {"yes/no": "N", "item": 0}.get(kind, "")
        if kind == "yes/no" and isinstance(value, bool):
            return "Y" if value else "N"
        if kind == "number" and isinstance(value, Decimal):
            return f"{value:f}"
        if kind == "money" and isinstance(value, Money):
            bare = spec.binding.get("field") == "opportunity"
            return f"{value.amount:f}" if bare else f"{value.amount:f}|{value.currency}"
        if kind == "date" and isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if kind == "time" and isinstance(value, datetime) and value.tzinfo:
            return value.astimezone(self.zone).isoformat(timespec="seconds")
        if kind == "choice" and isinstance(value, str):
            if value in spec.codes:
                return spec.codes[value]
            raise ValueError(f"{spec.name}: the map has no code for {value!r}")
        if (
            kind == "item"
            and isinstance(value, Item)
            and value.entity == spec.type.entity
            and not value.is_planned
        ):
            return as_id(value.id)
        if kind == "file" and isinstance(value, File):
            return _encode_file(value, place)
        if kind in ("text", "any") and isinstance(value, str):
            return value
        raise ValueError(f"{spec.name}: {value!r} is no {spec.type}")

    def same(self, spec: FieldSpec, meant: Value, found: Value) -> bool:
        """True where the portal's `found` is what `meant` asks for, small change of form aside.

        The portal keeps seconds, trims text, and tells nothing of a file but its id, so any file counts as
        the one meant unless both contents are known.
        """
        if isinstance(meant, Undecided) or isinstance(found, Undecided):
            return False
        if isinstance(meant, tuple) or isinstance(found, tuple):
            ours, theirs = _members(meant), _members(found)
            if len(ours) != len(theirs):
                return False
            return all(self.same(spec, one, other) for one, other in zip(ours, theirs, strict=True))
        if isinstance(meant, Money) and isinstance(found, Money):
            # The empty currency is the zero of any.
            is_one_currency = meant.currency == found.currency or "" in (meant.currency, found.currency)
            return is_one_currency and meant.amount == found.amount
        if isinstance(meant, File) and isinstance(found, File):
            return meant.sha256 is None or found.sha256 is None or meant.sha256 == found.sha256
        return _plain(meant, spec) == _plain(found, spec)


def read_number(raw: object) -> Decimal:
    """Return an exact number; `2.0` is `2`. Raises InvalidOperation."""
    number = Decimal(str(raw))
    if not number.is_finite():
        raise InvalidOperation(str(raw))
    return (
        number.quantize(Decimal(1))
        if number == number.to_integral_value() and abs(number) < 10**20
        else number
    )


def read_money(raw: object, currency: str = "") -> Money | None:
    """Return the amount of `300|RUB` or of a bare number in `currency`; at least two decimals are shown."""
    text, bar, code = str(raw).partition("|")
    if not text.strip():
        return None
    amount = Decimal(text)
    if not amount.is_finite():
        raise InvalidOperation(text)
    if amount == amount.quantize(_CENT):
        amount = amount.quantize(_CENT)
    return Money(amount, code if bar else currency)


def read_link(entity: str, raw: object) -> Item | None:
    """Return the item of a relation: an id, or a CRM binding such as `D_1` and `T414_6`. 0 is nothing."""
    text = str(raw).rpartition("_")[2]
    return None if text in ("", "0") else Item(entity, text)


def name_of_code(codes: Mapping[str, str], raw: object) -> str | None:
    """Return the map's name for a portal code, None where it has none."""
    return next((name for name, code in codes.items() if code == str(raw)), None)


def as_id(text: str) -> int | str:
    """Return an id as the portal's JSON writes it: a number where it is one."""
    return int(text) if text.isascii() and text.isdigit() else text


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return "Y" if raw else "N"
    if isinstance(raw, float):
        return f"{read_number(raw):f}"
    return str(raw)


def _decode_flag(raw: object) -> bool:
    return raw is True or str(raw).upper() in ("Y", "1", "TRUE")


def _encode_file(file: File, place: Place | None) -> object:
    """Keep a file that already stands in this place by its id (another file's id would wipe the field)."""
    source = file.source or ""
    if place is not None and source.startswith(place.file_source("")):
        return {"id": as_id(source.rpartition("/")[2])}
    return [file.name or _NAMELESS, Content(file)]


def _members(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _plain(value: Value, spec: FieldSpec) -> object:
    if spec.type.kind == "yes/no":
        return bool(value)
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    if isinstance(value, datetime):
        return int(value.timestamp())
    return value
