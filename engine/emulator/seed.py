"""What a portal holds on its first day.

This file decides the shape of a seed and nothing else: it neither opens a database nor checks what a company
means by its rows. `company/` and tests build a `Company`; `open_portal` copies it into a new state file.

Conventions of every row, unless its field says otherwise:

* ids are ints or digit strings, as the author likes; they are kept as given, so other rows may refer to them;
* flags are ``"Y"``/``"N"`` strings or bools, money is ``Decimal``, int or a decimal string;
* times are aware ``datetime`` or ISO strings with an offset; days are ``date`` or ``YYYY-MM-DD`` strings;
* an absent key is the portal's own default (see each field).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class Company:
    """A portal's contents before anybody touched it; every tuple may be empty."""

    time_zone: str
    """IANA name; every time the portal prints is in this zone."""
    start: datetime
    """Aware. Where the virtual clock starts and the default creation time of seeded rows."""
    domain: str
    """Host name that the portal calls itself in links and events, e.g. ``kastom.example``."""
    users: tuple[Row, ...]
    """`user.get` keys: ID, NAME, LAST_NAME, EMAIL, ACTIVE (bool), UF_DEPARTMENT (list of int); plus
    ADMIN (bool). Optional: SECOND_NAME, WORK_POSITION and any other `user.get` key."""
    webhooks: tuple[Row, ...]
    """Inbound webhooks: ``{"user": "1", "secret": "demo", "scopes": ["crm", "disk", …]}``, optionally ``expires``
    (an aware time)."""
    outgoing: tuple[Row, ...] = ()
    """Outgoing webhooks: ``{"id": 7, "events": ["ONCRMDEALUPDATE", …], "handler": url or "",
    "application_token": "…"}``. An empty handler delivers nothing until `/_demo/handler` sets one."""
    categories: tuple[Row, ...] = ()
    """Funnels: id, entityTypeId, name, sort, isDefault ("Y"/"N"). Ids are unique over all entity types,
    except that 0 is the deals' default funnel."""
    statuses: tuple[Row, ...] = ()
    """`crm.status.list` rows: ENTITY_ID, STATUS_ID, NAME, SORT, SEMANTICS (None, "S", "F"), COLOR.
    Deal funnel 0 is DEAL_STAGE, funnel N is DEAL_STAGE_N, invoices SMART_INVOICE_STAGE_K, smart processes
    DYNAMIC_T_STAGE_K. The first one by SORT is where an item without a stageId lands."""
    types: tuple[Row, ...] = ()
    """Smart processes: id, entityTypeId, title, isStagesEnabled, isCategoriesEnabled, isClientEnabled,
    isLinkWithProductsEnabled, isMycompanyEnabled, isBeginCloseDatesEnabled, isObserversEnabled,
    isSourceEnabled ("Y"/"N"), relations ``{"parent": [{"entityTypeId": 2}], "child": […]}``. For the invoice
    (31) and the deal (2) a row is needed only to give relations, with ``"id": None``; the invoice's
    parentId2 exists without one."""
    userfields: tuple[Row, ...] = ()
    """entityId (CRM_DEAL, CRM_SMART_INVOICE, CRM_COMPANY, CRM_12), fieldName (UF_CRM_12_SIGNED), userTypeId
    (string integer double boolean date datetime money enumeration file url employee crm), multiple ("Y"/"N"),
    label, enum ``[{"id": 101, "value": "…"}]``. Optional: id, mandatory, default."""
    items: Mapping[int, tuple[Row, ...]] = field(default_factory=dict)
    """entityTypeId -> rows with the camelCase names of `crm.item.*`; ``id`` is required. 2 deals, 3 contacts,
    4 companies (with ``fm`` ``[{"typeId": "EMAIL", "valueType": "WORK", "value": "a@b"}]``; our own company
    has ``isMyCompany: "Y"``), 31 invoices, the rest smart processes. A file field holds
    ``{"name": "x.pdf", "content": b"…"}`` (a list of them where multiple), money user fields ``"300|RUB"``,
    boolean ones "Y"/"N", enumerations the option id, ``parentId2`` the deal's id."""
    product_rows: tuple[Row, ...] = ()
    """`crm.item.productrow` keys: ownerType ("D", "SI", "T414" = "T" + upper hex of entityTypeId), ownerId,
    productName, price, quantity, taxRate (None = no VAT), taxIncluded, measureCode, measureName, sort.
    They never change the owner's `opportunity` when seeded: give that in the item."""
    payments: tuple[Row, ...] = ()
    """`crm.item.payment` keys plus owner: id, entityTypeId (2 or 31), entityId, accountNumber, paid
    ("Y"/"N"), datePaid, empPaidId, paySystemId, paySystemName, sum, currency."""
    requisites: tuple[Row, ...] = ()
    """`crm.requisite` rows: ID, ENTITY_TYPE_ID ("4"), ENTITY_ID, PRESET_ID, NAME, RQ_COMPANY_NAME,
    RQ_COMPANY_FULL_NAME, RQ_INN, RQ_KPP, RQ_OGRN, RQ_DIRECTOR, …"""
    bank_details: tuple[Row, ...] = ()
    """`crm.requisite.bankdetail` rows: ID, ENTITY_ID (the requisite's ID), NAME, RQ_BANK_NAME, RQ_BIK,
    RQ_ACC_NUM, RQ_COR_ACC_NUM, …"""
    applications: tuple[Row, ...] = ()
    """Local applications: ``client_id, client_secret, scopes`` and, optionally, ``title, handler, install_url,
    application_token, user, has_pages`` (`applications.Registration`). They are installed, and nothing is posted."""
    rights: tuple[Row, ...] = ()
    """What employees who are no administrators may do: ``{"user": 2, "crm": {"deal": "own", "*": {"read": "all",
    "add": "none"}}, "disk": "read", "config": False}`` (`rights.set_rights`). Without a row: everything but
    the settings of the CRM."""
    policies: Mapping[str, object] = field(default_factory=dict)
    """Policies by name where they differ from the defaults (`policies.Policies`)."""
    storages: tuple[Row, ...] = ()
    """`disk.storage` rows: ID, NAME, CODE, ENTITY_TYPE ("common", "user", "group"), ENTITY_ID. The root
    folder is made by the portal (ROOT_OBJECT_ID)."""
    files: tuple[Row, ...] = ()
    """Drive contents: ``{"storage": id, "path": "Акты/2025/…/x.pdf", "content": b"…"}`` for a file,
    the same without ``content`` for a folder; parents on the way are made."""
