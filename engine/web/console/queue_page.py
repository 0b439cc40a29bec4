"""What waits for a person, in one list: questions, doubtful payments, unknown outcomes, brakes; decided on the spot."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.language.formats import date_text
from engine.runtime.accounts import OFFICE
from engine.runtime.bank_people import Refused, assign_line, dismiss_line
from engine.runtime.bank_table import BankTable
from engine.runtime.pending import Waiting, pending
from engine.runtime.questions import NotTaken, answer_question, find_question
from engine.runtime.wire import item_of, load_map
from engine.web.console.desk import Desk, say, who
from engine.web.console.door import needs
from engine.web.console.look import page

_KINDS = {
    "question": ("вопрос", "question"),
    "bank": ("платёж", "payment"),
    "unknown": ("исход неизвестен", "outcome unknown"),
    "failed": ("запуск остановлен", "run stopped"),
    "loop": ("правила по кругу", "rules in a circle"),
    "held": ("задержано тормозом", "held by a brake"),
    "brake": ("тормоз", "brake"),
}
_REFUSED = {
    "no_line": ("Такой строки нет.", "There is no such line."),
    "not_queued": ("По этой строке уже решили.", "This line has been decided."),
    "bad_amount": (
        "Сумма должна быть больше нуля и не больше остатка строки.",
        "A sum above zero, at most what is left.",
    ),
    "twice": ("Этот счёт уже получил деньги из этой строки.", "The invoice has had money of this line."),
}


def add_queue(app: Flask, desk: Desk) -> None:
    """Give `app` the queue and what decides its entries."""

    def shown(trouble: str = "", status: int = 200) -> Response:
        waiting = _mine(desk)
        text = page(
            "queue.html", waiting=waiting, trouble=trouble, kind=_kind,
            question=lambda one: find_question(desk.status.store, int(one.id)), line=lambda one: _line(desk, one),
            url=lambda text: _url(desk, text), day=date_text,
        )  # fmt: skip
        return Response(text, status)

    @app.get("/queue")
    def queue() -> Response:
        return shown()

    @app.post("/queue/question/<int:number>")
    @needs(OFFICE)
    def answer(number: int) -> AnyResponse:
        choice, comment = request.form.get("choice", ""), request.form.get("comment", "")[:1000]
        try:
            answer_question(
                desk.status.store, number, choice, desk.status.now, by=who().portal_user, comment=comment
            )
        except NotTaken as refused:
            return shown(say(refused.said.ru, refused.said.en), 409)
        desk.look_again()
        desk.accounts.note(who(), "answered question", str(number), f"{choice} {comment}".strip())
        return redirect("/queue")

    @app.post("/queue/bank/<int:number>")
    @needs(OFFICE)
    def decide(number: int) -> AnyResponse:
        try:
            detail = _decide(desk, number)
        except Refused as refused:
            return shown(say(*_REFUSED.get(refused.key, (refused.key, refused.key))), 409)
        except ValueError as wrong:
            return shown(str(wrong), 400)
        desk.look_again()
        desk.accounts.note(who(), "decided payment", str(number), detail)
        return redirect("/queue")


def _kind(one: Waiting) -> str:
    return say(*_KINDS.get(one.kind, (one.kind, one.kind)))


def _mine(desk: Desk) -> list[Waiting]:
    """Return what waits for the reader or for anybody; an integrator sees all."""
    account = who()
    person = "" if account.role == "integrator" else account.portal_user
    return pending(desk.status.store, person=person)


def _line(desk: Desk, one: Waiting) -> dict[str, object]:
    """Return a bank line as its form shows it, with the invoices that may be meant."""
    found = BankTable(desk.status.store).find(int(one.id))
    if found is None:
        return {"names": [], "payer": "", "inn": "", "purpose": "", "rest": ""}
    names = [(id_, _invoice_name(desk, id_)) for id_ in found.candidates]
    texts = {name: found.payment.get(name) for name in ("payer", "inn", "purpose")}
    # What a line does not say is undecided, not empty.
    told = {name: text if isinstance(text, str) else "" for name, text in texts.items()}
    return {"names": names, "rest": f"{found.rest:f}".replace(".", ","), **told}


def _invoice_name(desk: Desk, id_: str) -> str:
    row = desk.status.store.row("SELECT fields FROM snapshot WHERE item = ?", (f"invoice/{id_}",))
    fields = load_map(row["fields"]) if row is not None else {}
    return str(fields.get("number") or id_)


def _decide(desk: Desk, number: int) -> str:
    if request.form.get("do") == "dismiss":
        reason = request.form.get("reason", "")[:1000]
        dismiss_line(desk.status.store, number, reason, who().shown, desk.status.now)
        return f"dismissed {reason}"
    name = request.form.get("invoice", "").strip()
    if not name:
        raise ValueError(say("Назовите счёт: номер или id.", "Name an invoice: number or id."))
    found = desk.bank().find_invoices(name)
    if len(found) != 1:
        few = say(f"Счёта {name} на портале нет.", f"The portal has no invoice {name}.")
        many = say(f"Счетов {name} несколько: назовите id.", f"Several invoices {name}: name the id.")
        raise ValueError(many if found else few)
    text = request.form.get("amount", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        amount = Decimal(text) if text else None
    except InvalidOperation as error:
        raise ValueError(say("Сумма не понята.", "The sum is not understood.")) from error
    given, rest = assign_line(
        desk.status.store, desk.bank(), number, found[0], amount, who().shown, desk.status.now
    )
    return f"{given} → {found[0].number}, {rest}"


def _url(desk: Desk, text: str) -> str:
    item = item_of(text)
    return desk.url(item) if item is not None else ""


def count_waiting(desk: Desk) -> int:
    """Return how many entries wait for the reader, for the menu."""
    return len(_mine(desk))
