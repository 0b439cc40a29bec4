"""`crm.item.payment.*`: payments of deals and smart invoices.

No event names a payment. The owner's payment state changes with it, so the owner's UPDATE is raised.
"""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from hashlib import sha256
from struct import pack
from zlib import compress, crc32

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, INVOICE
from engine.emulator.items import items_of_type
from engine.emulator.methods.plain import choose
from engine.emulator.policies import read_policies
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
    items = items_of_type(call.portal, kind, call.user)
    if call.portal.store.get(items.collection, owner_id) is None:
        return
    if read_policies(call.portal.store).payment_raises_update == "no":
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


def _public_url(call: Call) -> object:
    """Where the client pays; the same at every call."""
    row = _find(call)
    order = to_int(row["entityId"])
    access = sha256(f"{call.portal.domain}:{row['id']}".encode()).hexdigest()[:32]
    query = f"orderId={order}&access={access}&paymentId={row['id']}"
    long, short = f"{call.base_url}/pub/site/1/pay/?{query}", f"{call.base_url}/~p{to_int(row['id']):x}"
    return {"payment": {"url": long, "shortUrl": short, "qr": _code_picture(short)}}


def _code_picture(text: str) -> str:
    """A picture in base64, as the portal sends one; the twin draws stripes of the text, not a code to scan."""
    bits = [int(bit) for byte in text.encode() for bit in f"{byte:08b}"]
    line = b"\0" + bytes(0 if bit else 255 for bit in bits)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))

    head = chunk(b"IHDR", pack(">IIBBBBB", len(bits), 16, 8, 0, 0, 0, 0))
    picture = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", compress(line * 16)) + chunk(b"IEND", b"")
    return b64encode(picture).decode()


METHODS = (
    Method("salescenter.payment.getPublicUrl", "salescenter", _public_url),
    Method("crm.item.payment.list", "crm", _list),
    Method("crm.item.payment.get", "crm", lambda call: _shown(_find(call))),
    Method("crm.item.payment.add", "crm", _add),
    Method("crm.item.payment.pay", "crm", lambda call: _pay(call, paid=True)),
    Method("crm.item.payment.unpay", "crm", lambda call: _pay(call, paid=False)),
    Method("crm.item.payment.delete", "crm", _delete),
)
