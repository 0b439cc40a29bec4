"""A small world for the document tests: facts as a table, an outside that keeps bytes in a folder."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from engine import Duration, File, Item, Money, Row, Setup, Undecided, Value
from engine.setup import DocumentSetup, MailSetup, VatRate

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 14, 16, 41, 7, tzinfo=timezone(timedelta(hours=3)))
ACT, DEAL, CONTRACT = Item("act", "43"), Item("deal", "118"), Item("contract", "9")
SELLER, BUYER = Item("company", "1"), Item("company", "12")


def load_plugin(name: str) -> ModuleType:
    """Load `plugins/NAME.py` as the host does: by path, registered before it runs."""
    spec = importlib.util.spec_from_file_location(f"tested_{name}", ROOT / "plugins" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def rub(text: str) -> Money:
    return Money(Decimal(text), "RUB")


def line(name: str, quantity: str, price: str, unit: str = "усл. ед.") -> Row:
    amount = Money(Decimal(quantity) * Decimal(price), "RUB")
    pairs = (
        ("name", name),
        ("quantity", Decimal(quantity)),
        ("unit", unit),
        ("price", rub(price)),
        ("amount", amount),
    )
    return Row(pairs)


def make_setup(
    mail: MailSetup | None = None, templates: Path | None = None, own: Mapping[str, object] | None = None
) -> Setup:
    rates = (
        VatRate(date(2018, 1, 1), None),
        VatRate(date(2019, 1, 1), Decimal(20)),
        VatRate(date(2026, 1, 1), Decimal(22)),
    )
    documents = DocumentSetup({"act": "А-{year}/{n:03}"}, Duration(5, "workdays"), rates, templates=templates)
    zone: Any = NOW.tzinfo
    nothing: Any = None
    return Setup("ООО «Кастом Сервис»", zone, "ru", documents, mail or MailSetup(), nothing, own or {})


@dataclass
class Table:
    """Facts: item → field → value; what is not in it is undecided."""

    rows: dict[Item, dict[str, Value]]
    now: datetime = NOW

    @property
    def today(self) -> date:
        return self.now.date()

    def field(self, item: Item, name: str) -> Value:
        values = self.rows.get(item, {})
        return values[name] if name in values else Undecided(f"{item.entity}.{name}")

    def new(self, entity: str) -> Item:
        return Item(entity, "new-1")

    def add_workdays(self, start: date, count: int) -> date:
        return start + timedelta(days=count)


@dataclass
class Store:
    """Where `perform` leaves bytes, and reads attachments from."""

    key: str = "act 118/1"
    now: datetime = NOW
    kept: dict[str, bytes] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)
    about: str = ""

    def recall(self, key: str) -> str | None:
        return self.memory.get(key)

    def remember(self, key: str, value: str) -> None:
        self.memory[key] = value

    def read(self, file: File) -> bytes:
        return self.kept[file.name]

    def keep(self, name: str, content: bytes) -> File:
        self.kept[name] = content
        return File(name, len(content), "pdf", hashlib.sha256(content).hexdigest(), name)


def demo_lines() -> tuple[Row, ...]:
    return (
        line("Настройка направления «Кастомизация услуг» и воронки продаж в Битрикс24", "1", "48000.00"),
        line("Разработка робота «Реестр актов» (генерация, отправка, контроль подписания)", "1", "92350.50"),
        line("Обучение сотрудников, группа до 10 человек", "3", "4500.00", "час"),
    )


def demo_facts() -> Table:
    seller: dict[str, Value] = {
        "name": "Общество с ограниченной ответственностью «Кастом Сервис»",
        "short_name": "ООО «Кастом Сервис»",
        "inn": "7707083893",
        "kpp": "770701001",
        "ogrn": "1027700132195",
        "director": "Соколова Елена Викторовна",
        "address": "119021, г. Москва, ул. Тимура Фрунзе, д. 11, стр. 1",
        "bank": "АО «Пример-Банк», г. Москва",
        "bik": "044525000",
        "account": "40702810900000012345",
        "corr_account": "30101810400000000225",
    }
    buyer: dict[str, Value] = {
        "name": "Общество с ограниченной ответственностью «Ёлочка и Ко»",
        "short_name": "ООО «Ёлочка и Ко»",
        "inn": "5024093363",
        "kpp": "502401001",
        "ogrn": "1085024002133",
        "director": "Щербаков И. Ю.",
        "address": "143405, Московская обл., г. Красногорск, ш. Ильинское, д. 1А, пом. 17",
        "bank": "ПАО «Образец»",
        "bik": "044525111",
        "account": "40702810100000054321",
        "corr_account": "30101810200000000111",
    }
    act: dict[str, Value] = {
        "number": "А-2026/043",
        "date": date(2026, 3, 14),
        "title": "Кастомизация CRM",
        "lines": demo_lines(),
        "amount": rub("153850.50"),
        "vat": rub("27743.53"),
        "deal": DEAL,
        "contract": CONTRACT,
        "client": BUYER,
        "own_company": SELLER,
        "stage_no": Decimal(2),
    }
    deal: dict[str, Value] = {"stage_plan": "30 %, 70 %", "contract": CONTRACT}
    contract: dict[str, Value] = {"number": "К-2026/018", "date": date(2026, 1, 20)}
    return Table({ACT: act, DEAL: deal, CONTRACT: contract, SELLER: seller, BUYER: buyer})
