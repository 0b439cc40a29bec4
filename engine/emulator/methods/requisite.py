"""Requisites and bank details of companies."""

from __future__ import annotations

from collections.abc import Mapping

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import old
from engine.emulator.fields import COMPANY
from engine.emulator.methods.itemview import old_id
from engine.emulator.methods.plain import choose, page, stringify
from engine.emulator.selection import Page
from engine.emulator.store import Record

_REQUISITE_TEXT = """
ID ENTITY_TYPE_ID ENTITY_ID PRESET_ID DATE_CREATE DATE_MODIFY CREATED_BY_ID MODIFY_BY_ID NAME CODE XML_ID
ORIGINATOR_ID ACTIVE ADDRESS_ONLY SORT RQ_NAME RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_ID
RQ_COMPANY_NAME RQ_COMPANY_FULL_NAME RQ_COMPANY_REG_DATE RQ_DIRECTOR RQ_ACCOUNTANT RQ_CEO_NAME
RQ_CEO_WORK_POS RQ_CONTACT RQ_EMAIL RQ_PHONE RQ_FAX RQ_IDENT_TYPE RQ_IDENT_DOC RQ_IDENT_DOC_SER
RQ_IDENT_DOC_NUM RQ_IDENT_DOC_PERS_NUM RQ_IDENT_DOC_DATE RQ_IDENT_DOC_ISSUED_BY RQ_IDENT_DOC_DEP_CODE
RQ_INN RQ_KPP RQ_USRLE RQ_IFNS RQ_OGRN RQ_OGRNIP RQ_OKPO RQ_OKTMO RQ_OKVED RQ_EDRPOU RQ_DRFO RQ_KBE RQ_IIN
RQ_BIN RQ_ST_CERT_SER RQ_ST_CERT_NUM RQ_ST_CERT_DATE RQ_VAT_PAYER RQ_VAT_ID RQ_VAT_CERT_SER
RQ_VAT_CERT_NUM RQ_VAT_CERT_DATE RQ_RESIDENCE_COUNTRY RQ_BASE_DOC RQ_REGON RQ_KRS RQ_PESEL RQ_LEGAL_FORM
RQ_SIRET RQ_SIREN RQ_CAPITAL RQ_RCS RQ_CNPJ RQ_STATE_REG RQ_MNPL_REG RQ_CPF
"""
_REQUISITE = _REQUISITE_TEXT.split()
_BANK_TEXT = """
ID ENTITY_TYPE_ID ENTITY_ID COUNTRY_ID DATE_CREATE DATE_MODIFY CREATED_BY_ID MODIFY_BY_ID NAME CODE XML_ID
ORIGINATOR_ID ACTIVE SORT RQ_BANK_NAME RQ_BANK_ADDR RQ_BIK RQ_ACC_NUM RQ_ACC_CURRENCY RQ_COR_ACC_NUM
RQ_IBAN RQ_ACC_NAME RQ_SWIFT RQ_BIC COMMENTS
"""
_BANK = _BANK_TEXT.split()
_GIVEN = {
    "ACTIVE": "Y",
    "ADDRESS_ONLY": "N",
    "SORT": 500,
    "CREATED_BY_ID": 1,
    "PRESET_ID": 1,
    "RQ_VAT_PAYER": "N",
}


def _whole(row: Mapping[str, object], names: list[str], defaults: Mapping[str, object]) -> Record:
    """A row with every member the portal has, absent ones empty."""
    whole = {name: row.get(name, defaults.get(name)) for name in names}
    return stringify(whole | dict(row))


def _requisites(call: Call) -> list[Record]:
    return [_whole(row, _REQUISITE, _GIVEN) for row in call.portal.store.rows("requisite")]


def _banks(call: Call) -> list[Record]:
    defaults = _GIVEN | {"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 1, "RQ_ACC_CURRENCY": "RUB"}
    return [_whole(row, _BANK, defaults) for row in call.portal.store.rows("bankdetail")]


def _get(call: Call) -> object:
    wanted = str(call.loose("id", ""))
    for row in _requisites(call):
        if row["ID"] == wanted:
            return row
    raise old(f"The Requisite with ID '{wanted}' is not found")


def _list(call: Call) -> Page:
    return page(call, choose(call, _requisites(call)))


def _bank_list(call: Call) -> Page:
    return page(call, choose(call, _banks(call)))


def _first(rows: list[Record], **wanted: object) -> str:
    found = (row for row in rows if all(str(row[name]) == str(value) for name, value in wanted.items()))
    return str(next(found, {"ID": "0"})["ID"])


def _link(call: Call) -> object:
    """The requisites an item goes by: here always the first ones of its client and of our own company."""
    kind, item_id = to_int(call.loose("entityTypeId")), to_int(call.loose("entityId"))
    item = call.portal.store.get(f"item_{kind}", item_id) if kind > 0 else None
    if item is None:
        raise old("Not found")
    requisites, banks = _requisites(call), _banks(call)
    theirs = _first(requisites, ENTITY_TYPE_ID=COMPANY, ENTITY_ID=item.get("companyId"))
    ours = _first(requisites, ENTITY_TYPE_ID=COMPANY, ENTITY_ID=item.get("mycompanyId") or _own(call))
    return {
        "ENTITY_TYPE_ID": kind,
        "ENTITY_ID": item_id,
        "REQUISITE_ID": theirs,
        "BANK_DETAIL_ID": _first(banks, ENTITY_ID=theirs),
        "MC_REQUISITE_ID": ours,
        "MC_BANK_DETAIL_ID": _first(banks, ENTITY_ID=ours),
    }


def _own(call: Call) -> object:
    rows = call.portal.store.rows(f"item_{COMPANY}")
    return next((row["id"] for row in rows if row.get("isMyCompany") == "Y"), 0)


def _bank_get(call: Call) -> object:
    wanted = old_id(call)
    for row in _banks(call):
        if row["ID"] == str(wanted):
            return row
    raise old(f"The BankDetail with ID '{wanted}' is not found")


METHODS = (
    Method("crm.requisite.get", "crm", _get),
    Method("crm.requisite.list", "crm", _list),
    Method("crm.requisite.link.get", "crm", _link),
    Method("crm.requisite.bankdetail.list", "crm", _bank_list),
    Method("crm.requisite.bankdetail.get", "crm", _bank_get),
)
