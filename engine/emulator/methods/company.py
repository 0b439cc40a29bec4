"""`crm.company.*` and `crm.contact.*`: clients the older way. Phones and addresses are members where there are any."""

from __future__ import annotations

from engine.emulator.calling import Call, Method
from engine.emulator.fields import COMPANY, CONTACT
from engine.emulator.methods.itemview import view_of
from engine.emulator.methods.oldlist import list_old
from engine.emulator.methods.oldwrite import old_add, old_delete, old_fields, old_row, old_update


def _get(call: Call, kind: int) -> object:
    view = view_of(call, kind)
    row = old_row(call, view)
    return view.old(row) | view.old_multi(row)


def _methods(name: str, kind: int) -> tuple[Method, ...]:
    return (
        Method(f"crm.{name}.get", "crm", lambda call: _get(call, kind)),
        Method(f"crm.{name}.list", "crm", lambda call: list_old(call, view_of(call, kind))),
        Method(f"crm.{name}.add", "crm", lambda call: old_add(call, view_of(call, kind))),
        Method(f"crm.{name}.update", "crm", lambda call: old_update(call, view_of(call, kind))),
        Method(f"crm.{name}.delete", "crm", lambda call: old_delete(call, view_of(call, kind))),
        Method(f"crm.{name}.fields", "crm", lambda call: old_fields(call, view_of(call, kind))),
    )


METHODS = (*_methods("company", COMPANY), *_methods("contact", CONTACT))
