"""`crm.item.payment.*`: payments of deals and smart invoices.

No event names a payment. The owner's payment state changes with it, so the owner's UPDATE is raised.
"""

from __future__ import annotations

from decimal import Decimal

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.items import items_of_type
from engine.emulator.methods.plain import choose
from engine.emulator.store import Record
from engine.emulator.values import number

_SHOWN = (
    "id",
    "accountNumber",
    "paid",
    "datePaid",
    "empPaidId",
    "paySystemId",
    "sum",
    "currency",
    "paySystemName",
)


def _shown(row: Record) -> Record:
    found = {name: row.get(name) for name in _SHOWN}
    return found | {"sum": number(row.get("sum") or 0)}


def _find(call: Call) -> Record:
    row = call.portal.store.get("payment", call.need_int("id"))
    if row is None:
        raise RestError(400, 0, "Payment has not been found")
    return row


def _owned(call: Call, kind: int, owner_id: int) -> list[Record]:
    return [
        row
        for row in call.portal.store.rows("payment")
        if to_int(row["entityTypeId"]) == kind and to_int(row["entityId"]) == owner_id
    ]


def _list(call: Call) -> object:
    kind, owner_id = call.need_int("entityTypeId"), call.need_int("entityId")
    if kind not in (DEAL, INVOICE):
        return []
    rows = [_shown(row) for row in _owned(call, kind, owner_id)]
    return choose(call, rows)


def _add(call: Call) -> object:
    """An unpaid payment over what is left of the owner's sum."""
    kind, owner_id = call.need_int("entityTypeId"), call.need_int("entityId")
    owner = call.portal.store.get(f"item_{kind}", owner_id) if kind in (DEAL, INVOICE) else None
    if owner is None:
        raise RestError(400, 0, f"Entity with identifier №{owner_id} does not exist")
    held = _owned(call, kind, owner_id)
    left = Decimal(str(owner.get("opportunity") or 0)) - sum(
        (Decimal(str(row["sum"])) for row in held), Decimal(0)
    )
    payment_id = call.portal.store.next_id("payment")
    call.portal.store.put(
        "payment",
        payment_id,
        {
            "id": payment_id,
            "entityTypeId": kind,
            "entityId": owner_id,
            "accountNumber": f"{owner_id}/{len(held) + 1}",
            "paid": "N",
            "datePaid": None,
            "empPaidId": None,
            "paySystemId": 1,
            "paySystemName": "Банковский перевод",
            "sum": format(max(left, Decimal(0)), "f"),
            "currency": owner.get("currencyId") or "RUB",
        },
    )
    return payment_id


def mark_paid(call: Call, row: Record, *, paid: bool) -> None:
    """The payment is marked, the owner's payment state follows, the owner's UPDATE is raised."""
    marks = {
        "paid": "Y" if paid else "N",
        "datePaid": call.portal.clock.stamp() if paid else None,
        "empPaidId": call.user if paid else None,
    }
    call.portal.store.put("payment", to_int(row["id"]), row | marks)
    kind, owner_id = to_int(row["entityTypeId"]), to_int(row["entityId"])
    items = items_of_type(call.portal, kind)
    if call.portal.store.get(items.collection, owner_id) is None:
        return
    all_paid = all(one["paid"] == "Y" for one in _owned(call, kind, owner_id))
    items.touch(
        owner_id,
        {"orderStage": "PAID" if all_paid else "PAYMENT_NOT_PAID"} if kind == DEAL else {},
        call.user,
    )


def _pay(call: Call, *, paid: bool) -> object:
    row = _find(call)
    if (row["paid"] == "Y") != paid:
        mark_paid(call, row, paid=paid)
    return True


def _delete(call: Call) -> object:
    call.portal.store.remove("payment", to_int(_find(call)["id"]))
    return True


METHODS = (
    Method("crm.item.payment.list", "crm", _list),
    Method("crm.item.payment.get", "crm", lambda call: _shown(_find(call))),
    Method("crm.item.payment.add", "crm", _add),
    Method("crm.item.payment.pay", "crm", lambda call: _pay(call, paid=True)),
    Method("crm.item.payment.unpay", "crm", lambda call: _pay(call, paid=False)),
    Method("crm.item.payment.delete", "crm", _delete),
)
