"""The portal's set-up: funnels, stages, smart processes, their fields, the drive, the webhooks.

The codes are those of the shipped portal map, so a company with no deals yet is ready for the regulations.
Stages of acts and contracts are switched off: whether an act is signed follows from its fields, and a second,
hand-moved answer to the same question would sooner or later say something else.
"""

from __future__ import annotations

from typing import Final

from engine.emulator.seed import Row

DEAL_TYPE: Final = 2
COMPANY_TYPE: Final = 4
INVOICE_TYPE: Final = 31
ACT_TYPE: Final = 1044
CONTRACT_TYPE: Final = 1046

CUSTOMISATION: Final = 4
SUPPORT: Final = 0
INVOICE_CATEGORY: Final = 11
ACT_CATEGORY: Final = 12
CONTRACT_CATEGORY: Final = 13

COMMON_STORAGE: Final = "1"
ACTS_ROOT: Final = "Акты выполненных работ"
CONTRACTS_ROOT: Final = "Договоры"

FORM_SCAN: Final = 101
FORM_PAPER: Final = 102
FORM_EDO: Final = 103
KIND_CLIENT: Final = 111
KIND_SUPPLIER: Final = 112
SOURCE_BANK: Final = 201
SOURCE_PORTAL: Final = 202
SOURCE_MANUAL: Final = 203

STAGE_PLAN: Final = "ufCrm_1747309879"
INVOICE_FIELD: Final = "ufCrm_SMART_INVOICE_17473100"

SCOPES: Final = (
    *("crm", "disk", "im", "log", "user", "user_basic", "userfieldconfig", "bizproc", "lists", "salescenter"),
    *("mail", "sonet_group", "department"),
)

_EVENTS: Final = (
    *("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE"),
    *("ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMDELETE"),
    *("ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE"),
)

_STAGES: Final[dict[str, tuple[tuple[str, str, str | None, str], ...]]] = {
    "DEAL_STAGE_4": (
        ("C4:NEW", "Новая", None, "#39A8EF"),
        ("C4:UC_WORK", "В работе", None, "#2FC6F6"),
        ("C4:UC_REPORT", "Отчет отправлен", None, "#55D0E0"),
        ("C4:UC_DOCS", "Счет и акты отправлены", None, "#47E4C2"),
        ("C4:UC_PAID", "Счет оплачен", None, "#FFA900"),
        ("C4:WON", "Успешная, запрошен отзыв", "S", "#7BD500"),
        ("C4:LOSE", "Проиграна", "F", "#FF5752"),
    ),
    "DEAL_STAGE": (
        ("NEW", "Новая", None, "#39A8EF"),
        ("EXECUTING", "В работе", None, "#2FC6F6"),
        ("WON", "Успешная", "S", "#7BD500"),
        ("LOSE", "Провалена", "F", "#FF5752"),
    ),
    f"SMART_INVOICE_STAGE_{INVOICE_CATEGORY}": (
        (f"DT31_{INVOICE_CATEGORY}:N", "Новый", None, "#39A8EF"),
        (f"DT31_{INVOICE_CATEGORY}:S", "Отправлен клиенту", None, "#55D0E0"),
        (f"DT31_{INVOICE_CATEGORY}:P", "Оплачен", "S", "#7BD500"),
        (f"DT31_{INVOICE_CATEGORY}:D", "Не оплачен", "F", "#FF5752"),
    ),
}

_ACT_FIELDS: Final = (
    ("NUMBER", "string", "Номер"),
    ("DATE", "date", "Дата"),
    ("STAGENO", "integer", "Этап"),
    ("VAT", "money", "НДС"),
    ("DOCUMENT", "file", "Документ"),
    ("SCAN", "file", "Скан подписанного акта"),
    ("FORM", "enumeration", "Форма"),
    ("ORIGINALRECEIVEDAT", "date", "Оригинал получен"),
    ("SIGNED", "boolean", "Акт подписан"),
    ("SIGNEDAT", "datetime", "Когда подписан"),
    ("SENTAT", "datetime", "Отправлен"),
    ("DUEAT", "datetime", "Вернуть до"),
    ("CANCELLED", "boolean", "Аннулирован"),
    ("REFUSAL", "string", "Отказ клиента"),
    ("FOLDER", "string", "Папка"),
)
_CONTRACT_FIELDS: Final = (
    ("NUMBER", "string", "Номер"),
    ("DATE", "date", "Дата"),
    ("SUBJECT", "string", "Предмет"),
    ("KIND", "enumeration", "Вид"),
    ("VALIDFROM", "date", "Действует с"),
    ("VALIDTO", "date", "Действует по"),
    ("PROLONG", "boolean", "Продлевается сам"),
    ("DOCUMENT", "file", "Документ"),
    ("SENTAT", "datetime", "Отправлен на подпись"),
    ("SIGNEDBYUS", "boolean", "Подписан нами"),
    ("SIGNEDBYTHEM", "boolean", "Подписан второй стороной"),
    ("SIGNEDAT", "datetime", "Когда подписан обеими"),
    ("SCAN", "file", "Скан"),
    ("FOLDER", "string", "Папка"),
    ("CANCELLED", "boolean", "Расторгнут"),
    ("TERMINATEDAT", "date", "Расторгнут с"),
)
_INVOICE_FIELDS: Final = (
    ("1747310001", "money", "Оплачено"),
    ("1747310002", "enumeration", "Источник оплаты"),
    ("1747310003", "money", "НДС"),
    ("1747310004", "file", "Документ"),
    ("1747310005", "boolean", "Аннулирован"),
    ("1747310006", "datetime", "Отправлен"),
)
_OPTIONS: Final[dict[str, tuple[tuple[int, str], ...]]] = {
    "UF_CRM_12_FORM": ((FORM_SCAN, "Скан"), (FORM_PAPER, "Бумажный оригинал"), (FORM_EDO, "ЭДО")),
    "UF_CRM_13_KIND": ((KIND_CLIENT, "С клиентом"), (KIND_SUPPLIER, "С поставщиком")),
    "UF_CRM_SMART_INVOICE_1747310002": (
        (SOURCE_BANK, "Банк"),
        (SOURCE_PORTAL, "Оплата на портале"),
        (SOURCE_MANUAL, "Отметка вручную"),
    ),
}


def build_categories() -> tuple[Row, ...]:
    """Two funnels of deals and the only, hidden one of each other type."""
    return (
        _category(SUPPORT, DEAL_TYPE, "Поддержка", 200, "Y"),
        _category(CUSTOMISATION, DEAL_TYPE, "Кастомизация услуг Битрикс24", 100, "N"),
        _category(INVOICE_CATEGORY, INVOICE_TYPE, "Общая", 100, "Y"),
        _category(ACT_CATEGORY, ACT_TYPE, "Общая", 100, "Y"),
        _category(CONTRACT_CATEGORY, CONTRACT_TYPE, "Общая", 100, "Y"),
    )


def build_statuses() -> tuple[Row, ...]:
    """Every stage of every funnel, in the order of the board."""
    return tuple(
        {
            "ENTITY_ID": entity,
            "STATUS_ID": code,
            "NAME": name,
            "SORT": 10 * (place + 1),
            "SEMANTICS": semantics,
            "COLOR": color,
        }
        for entity, stages in _STAGES.items()
        for place, (code, name, semantics, color) in enumerate(stages)
    )


def build_types() -> tuple[Row, ...]:
    """Acts hang on deals and contracts; deals and acts hang on contracts."""
    of_deal = {"entityTypeId": DEAL_TYPE, "isChildrenListEnabled": "Y"}
    of_contract = {"entityTypeId": CONTRACT_TYPE, "isChildrenListEnabled": "Y"}
    of_act = {"entityTypeId": ACT_TYPE, "isChildrenListEnabled": "Y"}
    return (
        _smart_process(
            12, ACT_TYPE, "Акты выполненных работ", "Y", {"parent": [of_deal, of_contract], "child": []}
        ),
        _smart_process(13, CONTRACT_TYPE, "Договоры", "N", {"parent": [], "child": [of_deal, of_act]}),
        {"id": None, "entityTypeId": DEAL_TYPE, "relations": {"parent": [of_contract], "child": [of_act]}},
    )


def build_userfields() -> tuple[Row, ...]:
    """The custom fields that the portal map names, all single-valued."""
    acts = tuple(_userfield("CRM_12", f"UF_CRM_12_{code}", kind, label) for code, kind, label in _ACT_FIELDS)
    contracts = tuple(
        _userfield("CRM_13", f"UF_CRM_13_{code}", kind, label) for code, kind, label in _CONTRACT_FIELDS
    )
    invoices = tuple(
        _userfield("CRM_SMART_INVOICE", f"UF_CRM_SMART_INVOICE_{code}", kind, label)
        for code, kind, label in _INVOICE_FIELDS
    )
    return (
        _userfield("CRM_DEAL", "UF_CRM_1747309879", "string", "План этапов"),
        *acts,
        *invoices,
        *contracts,
    )


def build_storages() -> tuple[Row, ...]:
    """The shared drive and the robot's own."""
    shared: Row = {"ID": COMMON_STORAGE, "NAME": "Общий диск", "CODE": None, "ENTITY_TYPE": "common"}
    own: Row = {"ID": "3", "NAME": "Робот Регламент", "CODE": None, "ENTITY_TYPE": "user", "ENTITY_ID": "1"}
    # The portal names its shared drive after the site it belongs to; s1 is the first site's code.
    return ({**shared, "ENTITY_ID": "shared_files_s1"}, own)


def build_webhooks() -> tuple[Row, ...]:
    """The inbound webhook of the robot, with every scope the product uses."""
    return ({"user": "1", "secret": "demo", "scopes": list(SCOPES)},)


def build_outgoing() -> tuple[Row, ...]:
    """One outgoing webhook that delivers nowhere until it is given an address."""
    return ({"id": 7, "events": list(_EVENTS), "handler": "", "application_token": "demo-application-token"},)


def build_applications() -> tuple[Row, ...]:
    """One local application without an address: whoever tries it installs it again under its own."""
    registration: Row = {
        "client_id": "local.demo.00000001",
        "client_secret": "demo-client-secret",
        "application_token": "demo-application-token",
        "title": "Регламент",
        "scopes": [*SCOPES, "placement"],
    }
    return (registration,)


def _category(category: int, entity_type: int, name: str, sort: int, is_default: str) -> Row:
    return {"id": category, "entityTypeId": entity_type, "name": name, "sort": sort, "isDefault": is_default}


def _smart_process(type_id: int, entity_type: int, title: str, products: str, relations: object) -> Row:
    return {
        "id": type_id,
        "entityTypeId": entity_type,
        "title": title,
        "isStagesEnabled": "N",
        "isCategoriesEnabled": "N",
        "isClientEnabled": "Y",
        "isLinkWithProductsEnabled": products,
        "isMycompanyEnabled": "Y",
        "isBeginCloseDatesEnabled": "N",
        "isObserversEnabled": "N",
        "isSourceEnabled": "N",
        "relations": relations,
    }


def _userfield(entity: str, name: str, kind: str, label: str) -> Row:
    options = [{"id": option, "value": value} for option, value in _OPTIONS.get(name, ())]
    field: Row = {"entityId": entity, "fieldName": name, "userTypeId": kind, "multiple": "N", "label": label}
    return {**field, "enum": options} if options else field
