"""Rights over what hangs on a CRM item: its rows, payments, comments, activities, documents, requisites.

Decides which item a call is about, from its arguments or from the row it names; what an employee may do with that item
is said by `rights`. A list that names no item is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.emulator.calling import to_int
from engine.emulator.errors import RestError, access_denied, old
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE
from engine.emulator.php import mapping
from engine.emulator.rights import guard_of, is_limited
from engine.emulator.store import Store

# Methods by their beginning, and the table of the rows that they name by ``id``.
_TABLES = {
    "crm.item.productrow.": "productrow",
    "crm.item.payment.": "payment",
    "crm.deal.productrows.": "",
    "crm.timeline.comment.": "timelinecomment",
    "crm.activity.": "activity",
    "crm.documentgenerator.document.": "document",
    "crm.requisite.": "requisite",
}
_WITHOUT_CODES = ("crm.deal.productrows.", "crm.timeline.", "crm.activity.", "crm.requisite.")
_READS = (".get", ".list", ".fields", ".getfields")
_TYPES = ("ownertypeid", "ownertype", "entitytypeid", "entitytype")
_IDS = ("ownerid", "entityid")
_NAMES = {"deal": DEAL, "d": DEAL, "contact": CONTACT, "c": CONTACT, "company": COMPANY, "co": COMPANY}
_NAMES |= {"smart_invoice": INVOICE, "si": INVOICE}
_DYNAMIC = re.compile(r"(?:dynamic_(\d+)|t([0-9a-f]+))")


def refuse_owner(store: Store, user: int, method: str, params: Mapping[str, object]) -> None:
    """`RestError` where the item behind a call is beyond the employee."""
    name = method.lower()
    table = next((table for start, table in _TABLES.items() if name.startswith(start)), None)
    if table is None or not is_limited(store, user):
        return
    kind, item = _owner(store, table, params)
    guard = guard_of(store, user, kind) if kind and item else None
    row = store.get(f"item_{kind}", item) if guard else None
    if guard is None or row is None:
        return
    try:
        guard.check("read" if name.endswith(_READS) else "update", row)
    except RestError:
        raise old("Access denied.") if name.startswith(_WITHOUT_CODES) else access_denied() from None


def _owner(store: Store, table: str, params: Mapping[str, object]) -> tuple[int, int]:
    """Kind and id of the item; zeros where the call names none."""
    given = {key.lower(): value for key, value in params.items()}
    if not table:
        return DEAL, to_int(given.get("id"))
    kind, item = _named(params)
    if kind and item:
        return kind, item
    row = store.get(table, to_int(given.get("id"))) if "id" in given else None
    return _named(row) if row else (0, 0)


def _named(params: Mapping[str, object]) -> tuple[int, int]:
    plain = dict(_plain(params))
    kind = next((plain[name] for name in _TYPES if name in plain), "")
    item = next((plain[name] for name in _IDS if name in plain), "")
    return _kind(str(kind)), to_int(item)


def _plain(params: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Arguments, those inside ``fields`` and ``filter`` too, under names without marks: ``=ownerId`` is ``ownerid``."""
    for key, value in params.items():
        if key.lower() in ("fields", "filter"):
            yield from _plain(mapping(value))
        else:
            yield re.sub(r"[^a-z]", "", key.lower()), value


def _kind(raw: str) -> int:
    text = raw.lower()
    dynamic = _DYNAMIC.fullmatch(text)
    if text in _NAMES:
        return _NAMES[text]
    if dynamic:
        return int(dynamic[1]) if dynamic[1] else int(dynamic[2], 16)
    return to_int(text)
