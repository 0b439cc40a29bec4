"""A small portal over real HTTP, and a real receiver of its events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from engine.emulator import Company, Portal, open_portal
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer

SCOPES = [
    *("bizproc", "crm", "department", "disk", "im", "lists", "log", "mail", "salescenter", "user"),
    "userfieldconfig",
]
STAGES_4 = (("NEW", None), ("UC_WORK", None), ("UC_DOCS", None), ("WON", "S"), ("LOSE", "F"))
TOKEN = "t0ken"


def _statuses() -> tuple[dict[str, object], ...]:
    rows: list[dict[str, object]] = []
    for entity, prefix, codes in (
        ("DEAL_STAGE", "", (("NEW", None), ("EXECUTING", None), ("WON", "S"), ("LOSE", "F"))),
        ("DEAL_STAGE_4", "C4:", STAGES_4),
        (
            "DYNAMIC_1044_STAGE_12",
            "DT1044_12:",
            (("NEW", None), ("SENT", None), ("SUCCESS", "S"), ("FAIL", "F")),
        ),
        ("SMART_INVOICE_STAGE_8", "DT31_8:", (("N", None), ("S", None), ("P", "S"), ("D", "F"))),
    ):
        rows += [
            {
                "ENTITY_ID": entity,
                "STATUS_ID": prefix + code,
                "NAME": code.title(),
                "SORT": 10 * n,
                "SEMANTICS": mark,
            }
            for n, (code, mark) in enumerate(codes, 1)
        ]
    return tuple(rows)


def _fields(entity: str, prefix: str, *rows: tuple[str, str, str]) -> list[dict[str, object]]:
    return [
        {
            "entityId": entity,
            "fieldName": prefix + name,
            "userTypeId": kind,
            "multiple": multiple,
            "label": name,
        }
        for name, kind, multiple in rows
    ]


def tiny_company() -> Company:
    """Sixty deals, acts with every kind of own field, two companies, one shared drive."""
    enum = {"entityId": "CRM_12", "fieldName": "UF_CRM_12_FORM", "userTypeId": "enumeration", "multiple": "N",
            "label": "Форма", "enum": [{"id": 101, "value": "scan"}, {"id": 102, "value": "paper"}]}  # fmt: skip
    deals = tuple(
        {"id": n, "title": f"Сделка {n}", "categoryId": 4, "stageId": "C4:NEW" if n % 2 else "C4:UC_WORK",
         "opportunity": f"{n * 1000}.50", "companyId": 2, "assignedById": 1 + n % 2,
         "createdTime": f"2026-01-{1 + n % 28:02}T10:00:00+03:00"}
        for n in range(1, 61)
    )  # fmt: skip
    return Company(
        time_zone="Europe/Moscow",
        start=datetime.fromisoformat("2026-03-16T09:00:00+03:00"),
        domain="tiny.example",
        users=(
            {"ID": 1, "NAME": "Робот", "LAST_NAME": "Учётный", "EMAIL": "robot@tiny.example", "ACTIVE": True, "UF_DEPARTMENT": [1], "ADMIN": True},
            {"ID": 2, "NAME": "Анна", "LAST_NAME": "Ветрова", "EMAIL": "anna@tiny.example", "ACTIVE": True, "UF_DEPARTMENT": [1, 3], "ADMIN": False},
            {"ID": 3, "NAME": "Пётр", "LAST_NAME": "Ушедший", "EMAIL": "", "ACTIVE": False, "UF_DEPARTMENT": [], "ADMIN": False},
        ),
        webhooks=(
            {"user": "1", "secret": "demo", "scopes": SCOPES},
            {"user": "2", "secret": "narrow", "scopes": ["crm", "user_brief"]},
            {"user": "3", "secret": "gone", "scopes": SCOPES},
        ),
        outgoing=({"id": 7, "events": ["OnCrmDealUpdate", "ONCRMDEALADD", "ONCRMDEALDELETE", "ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMDELETE", "ONCRMTIMELINECOMMENTADD", "ONCRMDEALMOVETOCATEGORY"], "handler": "", "application_token": TOKEN},),
        categories=(
            {"id": 0, "entityTypeId": 2, "name": "Общая", "sort": 300, "isDefault": "Y"},
            {"id": 4, "entityTypeId": 2, "name": "Кастомизация", "sort": 200, "isDefault": "N"},
            {"id": 12, "entityTypeId": 1044, "name": "Общее", "sort": 500, "isDefault": "Y"},
            {"id": 8, "entityTypeId": 31, "name": "Общее", "sort": 500, "isDefault": "Y"},
        ),
        statuses=_statuses(),
        types=(
            {"id": 12, "entityTypeId": 1044, "title": "Акт", "isStagesEnabled": "Y", "isClientEnabled": "Y", "isLinkWithProductsEnabled": "Y", "isMycompanyEnabled": "Y", "relations": {"parent": [{"entityTypeId": 2}]}},
            {"id": 13, "entityTypeId": 1046, "title": "Договор", "isStagesEnabled": "N", "relations": {"child": [{"entityTypeId": 2}]}},
        ),
        userfields=(
            *_fields("CRM_12", "UF_CRM_12_", ("SIGNED", "boolean", "N"), ("DATE", "date", "N"), ("SIGNEDAT", "datetime", "N"), ("VAT", "money", "N"), ("SCAN", "file", "N"), ("PAGES", "file", "Y"), ("STAGENO", "integer", "N"), ("NUMBER", "string", "N"), ("TAGS", "string", "Y"), ("DIGIT10", "string", "N")),
            enum,
            *_fields("CRM_DEAL", "UF_CRM_", ("1747309879", "string", "N"), ("1747309880", "boolean", "N"), ("1747309881", "file", "N")),
            *_fields("CRM_SMART_INVOICE", "UF_CRM_SMART_INVOICE_", ("1747310001", "money", "N")),
        ),
        items={
            2: deals,
            4: (
                {"id": 1, "title": "ООО «Мы»", "isMyCompany": "Y"},
                {"id": 2, "title": "АО «Клиент»", "fm": [{"typeId": "EMAIL", "valueType": "WORK", "value": "buh@client.example"}]},
                {"id": 3, "title": "ООО «Без почты»"},
            ),
            1044: (
                {"id": 5, "title": "Акт 5", "parentId2": 1, "companyId": 2, "ufCrm12Signed": "N", "ufCrm12Date": "2026-03-06", "ufCrm12Vat": "300|RUB", "ufCrm12Form": 101, "ufCrm12Scan": {"name": "скан.pdf", "content": b"%PDF-seed"}},
                {"id": 6, "title": "Акт 6", "parentId2": 2, "ufCrm12Signed": "Y"},
            ),
            31: ({"id": 9, "title": "Счёт", "accountNumber": "СЧ-1", "parentId2": 1, "opportunity": "1200", "companyId": 2},),
        },
        product_rows=(
            {"ownerType": "D", "ownerId": 1, "productName": "Работа", "price": "1000.50", "quantity": 1, "taxRate": 22, "taxIncluded": "Y", "sort": 10},
        ),
        payments=({"id": 3, "entityTypeId": 31, "entityId": 9, "accountNumber": "9/1", "paid": "N", "datePaid": None, "empPaidId": None, "paySystemId": 1, "paySystemName": "Банк", "sum": "1200", "currency": "RUB"},),
        requisites=(
            {"ID": 1, "ENTITY_TYPE_ID": "4", "ENTITY_ID": "1", "NAME": "Мы", "RQ_INN": "7707083893"},
            {"ID": 2, "ENTITY_TYPE_ID": "4", "ENTITY_ID": "2", "NAME": "Клиент", "RQ_INN": "0278000000", "RQ_COMPANY_NAME": "АО «Клиент»"},
        ),
        bank_details=({"ID": 4, "ENTITY_ID": "2", "NAME": "Счёт", "RQ_BIK": "044525225"},),
        storages=({"ID": 1, "NAME": "Общий диск", "ENTITY_TYPE": "common", "ENTITY_ID": "shared_files_s1"},),
        files=(
            {"storage": 1, "path": "Акты/2025/Клиент"},
            {"storage": 1, "path": "Акты/2025/Клиент/Акт 1.pdf", "content": b"%PDF-1"},
        ),
    )  # fmt: skip


@pytest.fixture
def company() -> Company:
    return tiny_company()


@pytest.fixture
def portal(company: Company) -> Iterator[Portal]:
    with open_portal(None, company) as found:
        found.deliveries.delay = 0.0
        yield found


@pytest.fixture
def server(portal: Portal) -> Iterator[PortalServer]:
    with PortalServer(portal) as found:
        yield found


@pytest.fixture
def person(portal: Portal) -> Person:
    return Person(portal, 2)


@dataclass
class Api:
    """The portal as a client sees it."""

    url: str
    http: httpx.Client

    def post(self, method: str, **params: Any) -> httpx.Response:
        return self.http.post(self.url + method, json=params)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self.post(method, **params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def result(self, method: str, **params: Any) -> Any:
        return self.call(method, **params)["result"]

    def refusal(self, method: str, **params: Any) -> tuple[int, Any, str]:
        answer = self.post(method, **params)
        body = answer.json()
        return answer.status_code, body["error"], body["error_description"]


@pytest.fixture
def api(server: PortalServer) -> Iterator[Api]:
    with httpx.Client(trust_env=False, timeout=20) as http:
        yield Api(server.webhook_url, http)


@dataclass
class Receiver:
    """What an application behind an outgoing webhook got."""

    url: str = ""
    status: int = 200
    posts: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.posts.append(dict(parse_qsl(body, keep_blank_values=True)))
            found.headers.append(dict(self.headers))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return

    door = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{door.server_address[1]}/portal/events"
    yield found
    door.shutdown()
    door.server_close()
    thread.join(5)
