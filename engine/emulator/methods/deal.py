"""`crm.deal.*`: the older methods of deals, still what most integrations call.

Parameters in any case, answers in strings, errors with an empty code; the contacts of a deal beside it.
"""

from __future__ import annotations

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import old
from engine.emulator.fields import CONTACT, DEAL
from engine.emulator.methods.itemview import ItemView, view_of
from engine.emulator.methods.oldlist import list_old
from engine.emulator.methods.oldwrite import old_add, old_delete, old_fields, old_row, old_update
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record


def _view(call: Call) -> ItemView:
    return view_of(call, DEAL)


def _get(call: Call) -> object:
    view = _view(call)
    return view.old(old_row(call, view))


def _contacts(row: Record) -> list[int]:
    return [to_int(one) for one in listing(row.get("contactIds"))]


def _contacts_get(call: Call) -> object:
    """The first one is primary; numbers, unlike everything else of this family."""
    contacts = _contacts(old_row(call, _view(call)))
    return [
        {"CONTACT_ID": one, "SORT": number * 100, "ROLE_ID": 0, "IS_PRIMARY": "Y" if number == 1 else "N"}
        for number, one in enumerate(contacts, 1)
    ]


def _save_contacts(call: Call, row: Record, contacts: list[int]) -> None:
    known = [one for one in dict.fromkeys(contacts) if call.portal.store.get(f"item_{CONTACT}", one)]
    fields = {"contactIds": known, "contactId": known[0] if known else 0}
    _view(call).items.update(to_int(row["id"]), fields, call.user)


def _contacts_set(call: Call) -> object:
    """All contacts replaced; the one marked primary comes first."""
    row, items = old_row(call, _view(call)), [mapping(one) for one in listing(call.loose("items"))]
    items.sort(key=lambda one: (one.get("IS_PRIMARY") != "Y", to_int(one.get("SORT"))))
    _save_contacts(call, row, [to_int(one.get("CONTACT_ID")) for one in items])
    return True


def _contacts_delete(call: Call) -> object:
    _save_contacts(call, old_row(call, _view(call)), [])
    return True


def _contact_add(call: Call) -> object:
    row, given = old_row(call, _view(call)), call.map("fields")
    contact = to_int(given.get("CONTACT_ID"))
    if call.portal.store.get(f"item_{CONTACT}", contact) is None:
        raise old("The parameter 'fields' is not valid.")
    _save_contacts(call, row, [*_contacts(row), contact])
    return True


METHODS = (
    Method("crm.deal.get", "crm", _get),
    Method("crm.deal.list", "crm", lambda call: list_old(call, _view(call))),
    Method("crm.deal.add", "crm", lambda call: old_add(call, _view(call))),
    Method("crm.deal.update", "crm", lambda call: old_update(call, _view(call))),
    Method("crm.deal.delete", "crm", lambda call: old_delete(call, _view(call))),
    Method("crm.deal.fields", "crm", lambda call: old_fields(call, _view(call))),
    Method("crm.deal.contact.items.get", "crm", _contacts_get),
    Method("crm.deal.contact.items.set", "crm", _contacts_set),
    Method("crm.deal.contact.items.delete", "crm", _contacts_delete),
    Method("crm.deal.contact.add", "crm", _contact_add),
)
