"""What a visitor does on the pages: every form of the demo portal.

Each form acts through `Person` as the employee chosen in the header and leads back to the deal. What follows
from a deed is decided by whoever listens to the portal's events, not here.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.emulator.calling import to_int
from engine.emulator.company.documents import build_pdf, safe_number
from engine.emulator.errors import RestError
from engine.emulator.fields import DEAL, INVOICE, camel_name
from engine.emulator.pages.deal import ACT, ACT_FIELD, PAID, deal_of_item, read_deal
from engine.emulator.pages.people import COOKIE, acting_user, choices
from engine.emulator.person import Person
from engine.emulator.portal import Portal

LOOKS = 3
"""How often a deal's page looks again by itself after a deed."""
DONE = {
    "stage": "Сделка переведена на другую стадию.",
    "scan": "Скан загружен.",
    "cleared": "Скан удалён из карточки акта.",
    "original": "Дата получения оригинала сохранена.",
    "no-original": "Дата получения оригинала очищена.",
    "cancelled": "Акт аннулирован.",
    "restored": "Аннулирование акта снято.",
    "paid": "Оплата по счёту записана.",
}
_MONEY = re.compile(r"\d{1,12}(\.\d{1,2})?")


def after(deal_id: int, done: str, tab: str, again: int = LOOKS) -> str:
    """The address of a deal's page that says what was done and, where no script does it, looks again a few times."""
    query = urlencode({"tab": tab, "done": done} | ({"again": again} if again > 0 else {}))
    return f"/crm/deal/details/{deal_id}/?{query}"


def see_deal(deal_id: int, place: str = "") -> Response:
    """A redirection to a deal's page; `place` is what follows the address: a tab, a place on it."""
    return redirect(f"/crm/deal/details/{deal_id}/{place}", 303)


def add_routes(blueprint: Blueprint, portal: Portal) -> None:
    """All POST routes under `/demo-portal/`."""
    _add_person_routes(blueprint, portal)
    _add_act_routes(blueprint, portal)

    @blueprint.errorhandler(BadRequest)
    def unfit(error: BadRequest) -> tuple[str, int]:
        return _refused(str(error.description)), 400

    @blueprint.errorhandler(RestError)
    def refused(error: RestError) -> tuple[str, int]:
        return _refused(f"Портал ответил: {error.description}"), error.status


def _add_person_routes(blueprint: Blueprint, portal: Portal) -> None:
    @blueprint.post("/demo-portal/user")
    def choose_user() -> Response:
        wanted = to_int(request.form.get("user"))
        if wanted not in {to_int(row["id"]) for row in choices(portal)}:
            raise BadRequest("Такого сотрудника выбрать нельзя.")
        back = request.form.get("back", "/")
        is_path = back.startswith("/") and not back.startswith(("//", "/\\"))
        answer = redirect(back if is_path else "/", 303)
        answer.set_cookie(COOKIE, str(wanted), httponly=True, samesite="Strict")
        return answer

    @blueprint.post("/demo-portal/deals/<int:deal_id>/stage")
    def move_deal(deal_id: int) -> Response:
        stage = request.form.get("stage", "")
        if not stage:
            raise BadRequest("Стадия не выбрана.")
        _person(portal).move(DEAL, deal_id, stage)
        return redirect(after(deal_id, "stage", "general"), 303)

    @blueprint.post("/demo-portal/invoices/<int:invoice_id>/paid")
    def set_paid(invoice_id: int) -> Response:
        deal_id = deal_of_item(portal, INVOICE, invoice_id)
        field = camel_name(PAID, "CRM_SMART_INVOICE")
        _person(portal).update(INVOICE, invoice_id, {field: f"{_amount()}|RUB"})
        return redirect(after(deal_id, "paid", "invoices"), 303)


def _add_act_routes(blueprint: Blueprint, portal: Portal) -> None:
    def change(act_id: int, code: str, value: object, done: str) -> Response:
        deal_id = deal_of_item(portal, ACT, act_id)
        _person(portal).update(ACT, act_id, {_act_field(code): value})
        return redirect(after(deal_id, done, "acts"), 303)

    @blueprint.post("/demo-portal/acts/<int:act_id>/scan")
    def put_scan(act_id: int) -> Response:
        sent = request.files.get("scan")
        content = sent.read() if sent else b""
        if sent is None or not sent.filename or not content:
            raise BadRequest("Файл не выбран или пуст.")
        return change(act_id, "SCAN", {"name": sent.filename, "content": content}, "scan")

    @blueprint.post("/demo-portal/acts/<int:act_id>/scan/sample")
    def put_sample(act_id: int) -> Response:
        """A made-up signed scan, for a visitor who has no file at hand."""
        deal_id = deal_of_item(portal, ACT, act_id)
        number = next(act.number for act in read_deal(portal, deal_id).acts if act.id == act_id)
        content = build_pdf(f"Signed act {act_id} of deal {deal_id}", is_scan=True)
        name = f"Акт {safe_number(number)} подписанный.pdf"
        return change(act_id, "SCAN", {"name": name, "content": content}, "scan")

    @blueprint.post("/demo-portal/acts/<int:act_id>/scan/clear")
    def clear_scan(act_id: int) -> Response:
        return change(act_id, "SCAN", "", "cleared")

    @blueprint.post("/demo-portal/acts/<int:act_id>/original")
    def set_original(act_id: int) -> Response:
        day = _day()
        return change(act_id, "ORIGINALRECEIVEDAT", day, "original" if day else "no-original")

    @blueprint.post("/demo-portal/acts/<int:act_id>/cancelled")
    def set_cancelled(act_id: int) -> Response:
        is_cancelled = request.form.get("cancelled") == "Y"
        return change(
            act_id, "CANCELLED", "Y" if is_cancelled else "N", "cancelled" if is_cancelled else "restored"
        )


def _person(portal: Portal) -> Person:
    return Person(portal, acting_user(portal))


def _act_field(code: str) -> str:
    return camel_name(ACT_FIELD + code, "CRM_12")


def _amount() -> Decimal:
    """Roubles as people type them: spaces between thousands, a comma or a point before kopecks."""
    typed = re.sub(r"[\s\u00a0₽]", "", request.form.get("paid", "")).replace(",", ".")
    if not _MONEY.fullmatch(typed):
        raise BadRequest("Сумма — это число не меньше нуля, копейки после запятой: 48 500,00.")
    return Decimal(typed).quantize(Decimal("0.01"))


def _day() -> str:
    typed = request.form.get("original", "").strip()
    try:
        return date.fromisoformat(typed).isoformat() if typed else ""
    except ValueError:
        raise BadRequest("Дата не распознана: нужен день в виде ГГГГ-ММ-ДД.") from None


def _refused(text: str) -> str:
    return render_template("refused.html", title="Не сохранено", text=text, back=_back())


def _back() -> str:
    """The deal the form stood on, as the browser tells; the board where it does not."""
    path = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    found = re.fullmatch(r"(/crm/deal/details/\d+/)(\?tab=\w+)?.*", path)
    return found[1] + (found[2] or "") if found else "/"
