"""`crm.company.*` and `crm.contact.*`: reading clients the older way."""

from __future__ import annotations

from engine.emulator.calling import Call, Method
from engine.emulator.errors import old
from engine.emulator.fields import COMPANY, CONTACT
from engine.emulator.methods.itemview import old_id, view_of
from engine.emulator.methods.oldlist import list_old


def _get(call: Call, kind: int) -> object:
    """Phones and addresses are members only where there are any."""
    view, client_id = view_of(call, kind), old_id(call)
    if client_id <= 0:
        raise old("ID is not defined or invalid.")
    row = call.portal.store.get(view.items.collection, client_id)
    if row is None:
        raise old("Not found")
    return view.old(row) | view.old_multi(row)


METHODS = (
    Method("crm.company.get", "crm", lambda call: _get(call, COMPANY)),
    Method("crm.company.list", "crm", lambda call: list_old(call, view_of(call, COMPANY))),
    Method("crm.contact.get", "crm", lambda call: _get(call, CONTACT)),
    Method("crm.contact.list", "crm", lambda call: list_old(call, view_of(call, CONTACT))),
)
