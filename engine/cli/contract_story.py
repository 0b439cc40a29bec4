"""The story of contracts: one with a client, one with a supplier, from a draft to the end of their terms.

Says what people do, when, and what must stand on the portal at the end; how the engine gets there is its affair.
The numbers are the story's own, so the demo company's eighteen contracts stay what they are.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import httpx

from engine.cli.office import Office
from engine.cli.story import Claim, Event, Story
from engine.emulator.company import story as ids
from engine.emulator.company import structure
from engine.emulator.company.documents import build_pdf
from engine.language.values import Value
from engine.runtime.commands import COMMAND
from engine.runtime.requests import ask

CONTRACT: Final = structure.CONTRACT_TYPE
CLIENT, SUPPLIER = "К-2026/031", "УЦ-2026/11"
ENDS_CLIENT, ENDS_SUPPLIER, PROLONGED = "2026-05-29", "2026-06-10", "2027-06-10"
UNSIGNED_COPY = "Договор без подписи.pdf"


def add(number: str, **fields: object) -> Callable[[Office], None]:
    """A manager makes the contract's card."""
    card = {
        "title": f"Договор {number}",
        "ufCrm13Number": number,
        "ufCrm13Date": "2026-03-16",
        "ufCrm13Validfrom": "2026-03-16",
        "mycompanyId": ids.OWN_COMPANY,
        "assignedById": ids.USER_VETROVA,
        **fields,
    }
    return lambda office: office.tell("items/add", user=ids.USER_VETROVA, entityTypeId=CONTRACT, fields=card)


def change(number: str, user: int, **fields: object) -> Callable[[Office], None]:
    """A person changes the card."""

    def do(office: Office) -> None:
        identity = int(card_of(office, number)["id"])
        office.tell("items/update", user=user, entityTypeId=CONTRACT, id=identity, fields=fields)

    return do


def send(office: Office) -> None:
    """The manager asks for the draft to be sent: what `engine run send-contract` does, or a robot of the portal."""
    identity = str(card_of(office, CLIENT)["id"])
    wanted: dict[str, Value] = {"name": "send-contract", "items": (identity,)}
    ask(office.service.store, COMMAND, wanted, office.portal.clock.now())


def attach(number: str) -> Callable[[Office], None]:
    """A manager drops the scan of the signed contract into the card."""
    encoded = base64.b64encode(scan_of(number)).decode()
    return change(number, ids.USER_VETROVA, ufCrm13Scan=[f"Скан {number.replace('/', '-')}.pdf", encoded])


def attach_original(office: Office) -> None:
    """The client sends our own unsigned file back."""
    document = card_of(office, CLIENT)["ufCrm13Document"]
    if document is None:
        return  # nothing was sent, so nothing comes back; the claims say so
    headers = {"User-Agent": "story/1", "Referer": office.portal_url + "/"}
    content = httpx.get(document["urlMachine"], headers=headers, timeout=30).content
    encoded = base64.b64encode(content).decode()
    change(CLIENT, ids.USER_VETROVA, ufCrm13Scan=[UNSIGNED_COPY, encoded])(office)


def wait_till(moment: str) -> Callable[[Office], None]:
    """Nothing is done; the time passes."""
    return lambda office: office.tell("clock", set=f"{moment}+03:00")


def scan_of(number: str) -> bytes:
    """The scan that both sides have signed."""
    words = {CLIENT: "client", SUPPLIER: "supplier"}
    return build_pdf(f"Contract with the {words[number]}", "Signed by both", is_scan=True)


def _their_text() -> list[str]:
    text = build_pdf("Contract of the supplier", "Not signed yet")
    return ["Договор поставщика.pdf", base64.b64encode(text).decode()]


EVENTS = (
    Event("Заведён договор с клиентом, проект", "A draft of a contract with a client", "R31",
          add(CLIENT, companyId=ids.CLIENT_YOLOCHKA, ufCrm13Kind=structure.KIND_CLIENT,
              ufCrm13Validto=ENDS_CLIENT, ufCrm13Subject="Сопровождение Битрикс24")),
    Event("Менеджер отправляет проект клиенту", "The manager has the draft sent", "R31", send),
    Event("Директор подписал договор", "Our director has signed", "R31",
          change(CLIENT, ids.USER_HEAD, ufCrm13Signedbyus="Y")),
    Event("Вместо подписанного договора пришёл наш же файл", "The unsigned original came back", "R16",
          attach_original),
    Event("Клиент вернул подписанный договор", "The client returned the signed contract", "R16, R31",
          attach(CLIENT)),
    Event("Поставщик прислал свой договор", "A supplier sent his contract", "R31",
          add(SUPPLIER, companyId=ids.SUPPLIER_TRAINING, ufCrm13Kind=structure.KIND_SUPPLIER,
              ufCrm13Validto=ENDS_SUPPLIER, ufCrm13Prolong="Y", ufCrm13Document=_their_text())),
    Event("Прошло два рабочих дня, подписи нет", "Two working days later it is not signed", "R31, R34",
          wait_till("2026-03-18T18:00:00")),
    Event("Директор подписал договор поставщика", "Our director has signed the supplier's", "R31",
          change(SUPPLIER, ids.USER_HEAD, ufCrm13Signedbyus="Y")),
    Event("Пришёл скан, подписанный обеими сторонами", "The scan signed by both has come", "R31",
          attach(SUPPLIER)),
    Event("29 апреля: договору с клиентом осталось тридцать дней", "29 April: thirty days are left", "R34",
          wait_till("2026-04-29T10:00:00")),
    Event("22 мая: осталось семь дней", "22 May: seven days are left", "R34", wait_till("2026-05-22T10:00:00")),
    Event("30 мая: договор с клиентом истёк", "30 May: the client's contract has run out", "R34",
          wait_till("2026-05-30T10:00:00")),
    Event("10 июня: договор с поставщиком продлевается", "10 June: the supplier's prolongs itself", "R34",
          wait_till("2026-06-10T10:00:00")),
    Event("Договор с поставщиком расторгнут", "The supplier's contract is terminated", "R31",
          change(SUPPLIER, ids.USER_VETROVA, ufCrm13Cancelled="Y")),
)  # fmt: skip


def card_of(office: Office, number: str) -> dict[str, Any]:
    """Return the contract's card, read by REST as any client would. Raises LookupError where there is none."""
    body = {"entityTypeId": CONTRACT, "filter": {"ufCrm13Number": number}}
    answer = httpx.post(f"{office.portal_url}/rest/1/demo/crm.item.list", json=body, timeout=30).json()
    for row in answer["result"]["items"]:
        return dict(row)
    raise LookupError(f"no contract {number}")


def end_state(office: Office) -> Iterator[Claim]:
    """Yield every claim about the end of the story, read from the portal over HTTP."""
    client, supplier = card_of(office, CLIENT), card_of(office, SUPPLIER)
    yield from _sending(office, client)
    yield from _signing(office, client, supplier)
    yield from _term(office, client, supplier)


def _sending(office: Office, client: Mapping[str, Any]) -> Iterator[Claim]:
    mails = [mail for mail in office.ask("mails") if CLIENT in mail["subject"]]
    names = [file["name"] for mail in mails for file in mail["attachments"]]
    is_sent = len(mails) == 1 and len(names) == 1 and names[0].endswith(".pdf")
    yield Claim(f"клиенту ушло одно письмо с договором: {', '.join(names)}",
                "one mail with the contract went to the client", is_sent)  # fmt: skip
    yield Claim("в карточке стоит, когда договор отправлен", "the card says when it was sent",
                bool(client["ufCrm13Sentat"]))  # fmt: skip


def _signing(office: Office, client: Mapping[str, Any], supplier: Mapping[str, Any]) -> Iterator[Claim]:
    for number, card, who in ((CLIENT, client, "клиента"), (SUPPLIER, supplier, "поставщика")):
        flags = [card[f"ufCrm13{name}"] for name in ("Signedbyus", "Signedbythem")]
        yield Claim(f"договор {number}: подписан обеими сторонами", f"contract {number}: signed by both",
                    flags == ["Y", "Y"] and bool(card["ufCrm13Signedat"]))  # fmt: skip
        digest = sha256(scan_of(number)).hexdigest()
        paths = [str(row["path"]) for row in office.ask("disk") if row.get("sha256") == digest]
        folder = f"/Договор {number.replace('/', '-')}/"
        is_filed = len(paths) == 1 and "Договоры/2026/" in paths[0] and folder in paths[0]
        yield Claim(f"скан {who} лежит на общем диске: {', '.join(paths)}",
                    f"the scan is filed: {', '.join(paths)}", is_filed)  # fmt: skip
    copies = [row for row in office.ask("disk") if UNSIGNED_COPY in str(row.get("path"))]
    yield Claim("неподписанный файл на диск не попал", "the unsigned file was not filed", not copies)
    asked = _told(office, ids.USER_HEAD, SUPPLIER, "ждёт вашей подписи")
    yield Claim("подписанту сказано дважды: пришёл договор, напоминание", "the signer was told, then reminded",
                asked == 2)  # fmt: skip


def _term(office: Office, client: Mapping[str, Any], supplier: Mapping[str, Any]) -> Iterator[Claim]:
    told = {
        "не принят": (CLIENT, "не принят: это наш неподписанный оригинал"),
        "тридцать дней": (CLIENT, "действует до 29.05.2026. Решите, продлевать ли его"),
        "семь дней": (CLIENT, "кончается 29.05.2026"),
        "истёк": (CLIENT, "истёк 29.05.2026"),
        "продлён": (SUPPLIER, "продлён до 10.06.2027"),
        "расторгнут": (SUPPLIER, "расторгнут"),
    }
    for word, (number, text) in told.items():
        count = _told(office, ids.USER_VETROVA, number, text)
        yield Claim(f"менеджеру сказано один раз: {word}", f"the manager was told once: «{word}»", count == 1)
    yield Claim("срок договора с клиентом не тронут", "the client's term is left alone",
                str(client["ufCrm13Validto"])[:10] == ENDS_CLIENT)  # fmt: skip
    yield Claim(f"договор с поставщиком продлён до {PROLONGED}", f"the supplier's term ends on {PROLONGED}",
                str(supplier["ufCrm13Validto"])[:10] == PROLONGED)  # fmt: skip
    yield Claim("день расторжения записан", "the day of the end is written down",
                str(supplier["ufCrm13Terminatedat"])[:10] == "2026-06-10")  # fmt: skip
    link = f"/crm/type/{CONTRACT}/details/{client['id']}/"
    posts = [post for post in office.ask("feed") if link in str(post)]
    yield Claim("записи в ленте со ссылкой на карточку договора", "feed posts link to the contract's card",
                len(posts) == 5)  # fmt: skip


def _told(office: Office, user: int, number: str, text: str) -> int:
    """How many notices the person has about the contract with these words."""
    rows = [str(row) for row in office.ask("notices") if str(user) in map(str, row.values())]
    return sum(number in row and text in row for row in rows)


STORY = Story(EVENTS, end_state, only="contract/")
