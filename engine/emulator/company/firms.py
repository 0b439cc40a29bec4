"""From firms to the portal's rows: company cards, requisites, bank details.

Where a fact is absent its key is absent too or empty, as on a portal: no e-mail means no `fm` at all.
"""

from __future__ import annotations

from engine.emulator.company import story
from engine.emulator.company.clients import Firm
from engine.emulator.seed import Row

PRESET_ORGANISATION = "1"
PRESET_ENTREPRENEUR = "3"


def build_company(firm: Firm) -> Row:
    """The company card by `crm.item` names."""
    row: dict[str, object] = {
        "id": firm.id,
        "title": firm.short_name,
        "typeId": "SUPPLIER" if firm.id >= story.SUPPLIER_HOSTING else "CUSTOMER",
        "isMyCompany": "Y" if firm.id == story.OWN_COMPANY else "N",
        "address": firm.address,
        "assignedById": firm.manager,
        "createdBy": story.USER_HEAD,
        "createdTime": f"2019-02-{firm.id % 27 + 1:02}T12:00:00+03:00",
    }
    if firm.old_name:
        row["comments"] = f"До 12.01.2026 — {firm.old_name}."
    if firm.email:
        row["fm"] = [{"typeId": "EMAIL", "valueType": "WORK", "value": firm.email}]
    return row


def build_requisite(firm: Firm) -> Row:
    """The firm's requisites; the row's own id is the firm's plus 100, so nobody mistakes one for the other."""
    row: dict[str, object] = {
        "ID": _requisite_id(firm),
        "ENTITY_TYPE_ID": "4",
        "ENTITY_ID": str(firm.id),
        "PRESET_ID": PRESET_ORGANISATION if firm.kpp else PRESET_ENTREPRENEUR,
        "NAME": "Организация" if firm.kpp else "Индивидуальный предприниматель",
        "ACTIVE": "Y",
        "RQ_COMPANY_NAME": firm.short_name,
        "RQ_COMPANY_FULL_NAME": firm.full_name,
        "RQ_INN": firm.inn,
        "RQ_KPP": firm.kpp,
        "RQ_OGRN": firm.ogrn,
        "RQ_DIRECTOR": firm.director,
    }
    return row


def build_bank_detail(firm: Firm) -> Row:
    """The firm's only account."""
    return {
        "ID": str(firm.id + 200),
        "ENTITY_TYPE_ID": "8",
        "ENTITY_ID": _requisite_id(firm),
        "COUNTRY_ID": "1",
        "NAME": "Основной счёт",
        "ACTIVE": "Y",
        "RQ_BANK_NAME": firm.bank.name,
        "RQ_BIK": firm.bank.bik,
        "RQ_ACC_NUM": firm.account,
        "RQ_COR_ACC_NUM": firm.bank.corr_account,
        "RQ_ACC_CURRENCY": "RUB",
    }


def _requisite_id(firm: Firm) -> str:
    return str(firm.id + 100)
