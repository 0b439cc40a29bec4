"""The story: ten events from a reported job to closed deals, over real HTTP, each with its verdict.

Says what a person does and what must stand on the portal at the end; how the engine gets there is its affair.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx

from engine.cli.office import Office
from engine.emulator.company import story as ids
from engine.emulator.company.documents import build_pdf

DEAL, ACT, INVOICE = 2, 1044, 31
REPORT, PAID, WON, LOST, SENT = "C4:UC_REPORT", "C4:UC_PAID", "C4:WON", "C4:LOSE", "C4:UC_DOCS"
PAID_FIELD = "ufCrm_SMART_INVOICE_1747310001"
MANAGER = ids.USER_VETROVA


@dataclass(frozen=True)
class Event:
    """One thing a person does: its words in both languages, the requirements it shows, and the deed."""

    ru: str
    en: str
    shows: str
    do: Callable[[Office], None]


@dataclass(frozen=True)
class Claim:
    """One thing that must be so at the end, and whether it is."""

    ru: str
    en: str
    holds: bool


@dataclass(frozen=True)
class Story:
    """What happens and what must be so at the end; of the runs, those are shown whose item begins with `only`."""

    events: tuple[Event, ...]
    end_state: Callable[[Office], Iterator[Claim]]
    only: str = ""


def move(deal: int, stage: str) -> Callable[[Office], None]:
    """A manager moves the deal."""
    return lambda office: _update(office, DEAL, deal, {"stageId": stage})


def pay(deal: int, share: float) -> Callable[[Office], None]:
    """The client's money comes for the deal's invoice: a share of its amount."""

    def do(office: Office) -> None:
        invoice = child(office, INVOICE, deal)
        paid = round(float(invoice["opportunity"]) * share, 2)
        _update(office, INVOICE, int(invoice["id"]), {PAID_FIELD: f"{paid:.2f}|RUB"})

    return do


def attach(deal: int, content: Callable[[Office, Mapping[str, Any]], bytes]) -> Callable[[Office], None]:
    """A manager drops the client's scan into the act of the deal."""

    def do(office: Office) -> None:
        act = child(office, ACT, deal)
        encoded = base64.b64encode(content(office, act)).decode()
        _update(office, ACT, int(act["id"]), {"ufCrm12Scan": ["Акт подписанный.pdf", encoded]})

    return do


def original_of(office: Office, act: Mapping[str, Any]) -> bytes:
    """The unsigned document itself, as the act holds it."""
    headers = {"User-Agent": "story/1", "Referer": office.portal_url + "/"}
    return httpx.get(act["ufCrm12Document"]["urlMachine"], headers=headers, timeout=30).content


def signed_scan(_office: Office, act: Mapping[str, Any]) -> bytes:
    """A scan of the signed act."""
    return build_pdf(f"Signed act {act['id']} of deal {act['parentId2']}", is_scan=True)


EVENTS = (
    Event("Отчёт по сделке 118 отправлен клиенту", "The report of deal 118 is sent", "R8, R13",
          move(ids.DEAL_FRESH, REPORT)),
    Event("Клиент оплатил 60 % счёта", "The client paid 60 % of the invoice", "R18", pay(ids.DEAL_FRESH, 0.6)),
    Event("Вместо подписанного акта пришёл наш же файл", "The unsigned original came back", "R16",
          attach(ids.DEAL_FRESH, original_of)),
    Event("Клиент вернул подписанный акт", "The client returned the signed act", "R11, R15, R17, R19, R22, R23",
          attach(ids.DEAL_FRESH, signed_scan)),
    Event("Клиент доплатил остаток", "The client paid the rest", "R9, R20, R21", pay(ids.DEAL_FRESH, 1)),
    Event("Менеджер поставил сделке 122 «Счет оплачен»: деньги видны в банке",
          "The manager marks deal 122 as paid by its stage", "R7", move(ids.DEAL_UNSIGNED_UNPAID, PAID)),
    Event("По сделке 122 пришёл бумажный оригинал акта", "The paper original of deal 122 arrived", "R2, R20",
          lambda office: _update(office, ACT, int(child(office, ACT, ids.DEAL_UNSIGNED_UNPAID)["id"]),
                                 {"ufCrm12Originalreceivedat": "2026-03-16"})),
    Event("Отчёт по первому этапу сделки 120 (30 % из 100 %)", "The report on stage one of deal 120", "R8, R13",
          move(ids.DEAL_TWO_STAGES, REPORT)),
    Event("Клиент сделки 126 с кавычками и дробью в имени: отчёт отправлен",
          "The report of deal 126, whose client has a slash in its name", "R8, R17",
          move(ids.DEAL_AWKWARD_CLIENT, REPORT)),
    Event("В проигранную сделку 128 прислали подписанный акт", "A signed act came for the lost deal 128", "R20",
          attach(ids.DEAL_LOST, signed_scan)),
)  # fmt: skip


def _update(office: Office, entity: int, identity: int, fields: Mapping[str, object]) -> None:
    office.tell("items/update", user=MANAGER, entityTypeId=entity, id=identity, fields=fields)


def child(office: Office, entity: int, deal: int) -> dict[str, Any]:
    """Return the first item of `entity` under `deal`, read by REST as any client would. Raises LookupError."""
    found = children(office, entity, deal)
    if not found:
        raise LookupError(f"deal {deal} has no item of type {entity}")
    return found[0]


def children(office: Office, entity: int, deal: int) -> list[dict[str, Any]]:
    """Return the items of `entity` under `deal` by id."""
    body = {"entityTypeId": entity, "filter": {"parentId2": deal}, "order": {"id": "ASC"}}
    answer = httpx.post(f"{office.portal_url}/rest/1/demo/crm.item.list", json=body, timeout=30).json()
    return list(answer["result"]["items"])


def stage_of(office: Office, deal: int) -> str:
    """Return the portal's code of the deal's stage."""
    return str(office.tell("items/get", entityTypeId=DEAL, id=deal)["stageId"])


def end_state(office: Office) -> Iterator[Claim]:
    """Yield every claim about the end of the story, read from the portal over HTTP."""
    yield from _stages(office)
    yield from _first_deal(office)
    yield from _others(office)


def _stages(office: Office) -> Iterator[Claim]:
    wanted = {
        ids.DEAL_FRESH: WON,
        ids.DEAL_UNSIGNED_UNPAID: WON,
        ids.DEAL_TWO_STAGES: SENT,
        ids.DEAL_AWKWARD_CLIENT: SENT,
        ids.DEAL_LOST: LOST,
    }
    for deal, stage in wanted.items():
        yield Claim(
            f"сделка {deal}: стадия {stage}",
            f"deal {deal} stands in {stage}",
            stage_of(office, deal) == stage,
        )


def _first_deal(office: Office) -> Iterator[Claim]:
    acts = children(office, ACT, ids.DEAL_FRESH)
    act = acts[0] if acts else {}
    number = str(act.get("ufCrm12Number", ""))
    yield Claim(
        "сделка 118: один акт с номером", "deal 118 has one numbered act", len(acts) == 1 and bool(number)
    )
    yield Claim("акт подписан: ДА", "the act is signed: yes", act.get("ufCrm12Signed") == "Y")
    digest = sha256(signed_scan(office, act)).hexdigest() if act else ""
    folder = f"/Акт {number.replace('/', '-')}/"
    stored = [row for row in office.ask("disk") if row.get("sha256") == digest]
    path = str(stored[0]["path"]) if stored else ""
    is_filed = "Акты выполненных работ/2026/" in path and folder in path and len(stored) == 1
    yield Claim(f"скан лежит на общем диске: {path}", f"the scan is filed: {path}", is_filed)
    mails = [mail for mail in office.ask("mails") if number and number in mail["subject"]]
    pdfs = [file["name"] for mail in mails for file in mail["attachments"] if file["name"].endswith(".pdf")]
    yield Claim(
        "письмо с актом и счётом: 2 PDF",
        "one mail with act and invoice as PDF",
        len(mails) == 1 and len(pdfs) == 2,
    )
    link = f"/crm/deal/details/{ids.DEAL_FRESH}/"
    posts = [post for post in office.ask("feed") if link in str(post)]
    yield Claim("записи в ленте со ссылкой на сделку", "feed posts link to the deal", len(posts) >= 4)
    notices = [row for row in office.ask("notices") if link in str(row)]
    yield Claim("уведомления менеджеру", "notices to the manager", len(notices) >= 5)
    texts = " ".join(str(row) for row in office.ask("notices"))
    words = all(
        word in texts for word in ("оплачен частично", "оплачен полностью", "не принят", "запрошен отзыв")
    )
    yield Claim(
        "слова уведомлений: частично, полностью, не принят, отзыв", "the wordings of the notices", words
    )
    reviews = [mail for mail in office.ask("mails") if "Спасибо за работу" in mail["subject"]]
    yield Claim(
        "по закрытым сделкам запрошен отзыв: 2 письма", "two requests for a review", len(reviews) == 2
    )


def _others(office: Office) -> Iterator[Claim]:
    invoices = children(office, INVOICE, ids.DEAL_UNSIGNED_UNPAID)
    marked = all(float(str(row[PAID_FIELD]).split("|")[0]) == float(row["opportunity"]) for row in invoices)
    yield Claim(
        "сделка 122: счёт отмечен оплаченным",
        "deal 122: the invoice is marked paid",
        bool(invoices) and marked,
    )
    staged = children(office, ACT, ids.DEAL_TWO_STAGES)
    deal = office.tell("items/get", entityTypeId=DEAL, id=ids.DEAL_TWO_STAGES)
    share = round(float(deal["opportunity"]) * 0.3, 2)
    is_part = len(staged) == 1 and abs(float(staged[0]["opportunity"]) - share) < 0.011
    yield Claim("сделка 120: акт первого этапа на 30 %", "deal 120: the act of stage one is 30 %", is_part)
    lost = children(office, ACT, ids.DEAL_LOST)
    untouched = bool(lost) and lost[0]["ufCrm12Signed"] != "Y"
    yield Claim("проигранная сделка 128 не тронута", "the lost deal 128 is left alone", untouched)
    numbers = [row["ufCrm12Number"] for deal_id in (ids.DEAL_FRESH, ids.DEAL_TWO_STAGES, ids.DEAL_AWKWARD_CLIENT)
               for row in children(office, ACT, deal_id)]  # fmt: skip
    gapless = numbers == ["А-2026/019", "А-2026/020", "А-2026/021"]
    yield Claim(f"номера актов подряд: {', '.join(map(str, numbers))}", "act numbers without a gap", gapless)


STORY = Story(EVENTS, end_state)
