"""The fields of every kind of CRM item.

Decides which fields a kind has, their two names (camelCase of `crm.item.*`, upper case of the old methods),
their types and who may write them. Knows no values. Sources: the vendor's pages of `crm.item.fields`,
`crm.deal.fields`, `crm.type.add` and "custom field names in universal methods".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engine.emulator.php import listing, mapping
from engine.emulator.policies import read_policies
from engine.emulator.store import Store

DEAL, CONTACT, COMPANY, INVOICE = 2, 3, 4, 31
# Smart processes have these numbers and higher ones.
FIRST_DYNAMIC = 128


@dataclass(frozen=True)
class Field:
    """One field. `name` is also the key rows are stored under; user fields keep their original UF_ name."""

    name: str
    upper: str
    type: str
    title: str
    camel: str = ""
    read_only: bool = False
    multiple: bool = False
    required: bool = False
    custom: bool = False
    options: tuple[tuple[int, str], ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)


# name, upper name, type, marks: r read-only, m multiple
_CORE = """
id ID integer r
title TITLE string
xmlId XML_ID string
createdTime CREATED_TIME datetime r
updatedTime UPDATED_TIME datetime r
createdBy CREATED_BY user r
updatedBy UPDATED_BY user r
assignedById ASSIGNED_BY_ID user
opened OPENED boolean
webformId WEBFORM_ID integer
lastActivityBy LAST_ACTIVITY_BY user r
lastActivityTime LAST_ACTIVITY_TIME datetime r
utmSource UTM_SOURCE string
utmMedium UTM_MEDIUM string
utmCampaign UTM_CAMPAIGN string
utmContent UTM_CONTENT string
utmTerm UTM_TERM string
"""
_DATES = "begindate BEGINDATE date\nclosedate CLOSEDATE date"
_CLIENT = (
    "companyId COMPANY_ID crm_company\ncontactId CONTACT_ID crm_contact\ncontactIds CONTACT_IDS crm_contact m"
)
_OBSERVERS = "observers OBSERVERS user m"
_STAGES = """
movedTime MOVED_TIME datetime r
movedBy MOVED_BY user r
stageId STAGE_ID crm_status
previousStageId PREVIOUS_STAGE_ID crm_status r
"""
_SOURCE = "sourceId SOURCE_ID crm_status\nsourceDescription SOURCE_DESCRIPTION text"
_MONEY = """
currencyId CURRENCY_ID crm_currency
isManualOpportunity IS_MANUAL_OPPORTUNITY boolean
opportunity OPPORTUNITY double
taxValue TAX_VALUE double
"""
_CATEGORY = "categoryId CATEGORY_ID crm_category"
_DEAL = """
leadId LEAD_ID crm_lead
quoteId QUOTE_ID crm_quote
productId PRODUCT_ID integer
categoryId CATEGORY_ID crm_category
movedTime MOVED_TIME datetime r
movedBy MOVED_BY_ID user r
stageId STAGE_ID crm_status
stageSemanticId STAGE_SEMANTIC_ID string r
isNew IS_NEW boolean r
isRecurring IS_RECURRING boolean
isReturnCustomer IS_RETURN_CUSTOMER boolean
isRepeatedApproach IS_REPEATED_APPROACH boolean
closed CLOSED boolean r
typeId TYPE_ID crm_status
probability PROBABILITY integer
comments COMMENTS text
locationId LOCATION_ID location
originatorId ORIGINATOR_ID string
originId ORIGIN_ID string
additionalInfo ADDITIONAL_INFO string
orderStage ORDER_STAGE string r
"""
_INVOICE = "accountNumber ACCOUNT_NUMBER string\nmycompanyId MYCOMPANY_ID crm_company\ncomments COMMENTS text"
_COMPANY = """
typeId COMPANY_TYPE crm_status
categoryId CATEGORY_ID crm_category
industry INDUSTRY crm_status
employees EMPLOYEES crm_status
currencyId CURRENCY_ID crm_currency
revenue REVENUE double
comments COMMENTS text
bankingDetails BANKING_DETAILS string
isMyCompany IS_MY_COMPANY boolean
address ADDRESS string
addressLegal ADDRESS_LEGAL string
hasPhone HAS_PHONE boolean r
hasEmail HAS_EMAIL boolean r
hasImol HAS_IMOL boolean r
leadId LEAD_ID crm_lead
originatorId ORIGINATOR_ID string
originId ORIGIN_ID string
originVersion ORIGIN_VERSION string
contactIds CONTACT_IDS crm_contact m
fm FM crm_multifield m
"""
_CONTACT = """
name NAME string
secondName SECOND_NAME string
lastName LAST_NAME string
post POST string
typeId TYPE_ID crm_status
companyId COMPANY_ID crm_company
comments COMMENTS text
hasPhone HAS_PHONE boolean r
hasEmail HAS_EMAIL boolean r
hasImol HAS_IMOL boolean r
sourceId SOURCE_ID crm_status
sourceDescription SOURCE_DESCRIPTION text
leadId LEAD_ID crm_lead
originatorId ORIGINATOR_ID string
originId ORIGIN_ID string
originVersion ORIGIN_VERSION string
fm FM crm_multifield m
"""
# The old generation names these four differently from the universal methods.
_OLD_NAMES = {
    "createdTime": "DATE_CREATE",
    "updatedTime": "DATE_MODIFY",
    "createdBy": "CREATED_BY_ID",
    "updatedBy": "MODIFY_BY_ID",
}

# Kinds a field of this type leads to, as `*.fields` tells it.
_PARENTS = {"crm_company": COMPANY, "crm_lead": 1, "crm_quote": 7}

_SWITCHES = (
    ("isBeginCloseDatesEnabled", _DATES),
    ("isClientEnabled", _CLIENT),
    ("isObserversEnabled", _OBSERVERS),
    ("isStagesEnabled", _STAGES),
    ("isSourceEnabled", _SOURCE),
    ("isLinkWithProductsEnabled", _MONEY),
    ("isMycompanyEnabled", "mycompanyId MYCOMPANY_ID crm_company"),
)


def _read(*tables: str, old_names: bool = False) -> list[Field]:
    found = []
    for line in "\n".join(tables).splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        name, upper, kind, marks = parts[0], parts[1], parts[2], "".join(parts[3:])
        if old_names:
            upper = _OLD_NAMES.get(name, upper)
        parent = _PARENTS.get(kind) if "m" not in marks else None
        settings: dict[str, object] = {"parentEntityTypeId": parent} if parent else {}
        if name == "mycompanyId":
            settings = {"isMyCompany": True, "isEmbeddedEditorEnabled": True, **settings}
        found.append(
            Field(
                name,
                upper,
                kind,
                upper,
                name,
                read_only="r" in marks,
                multiple="m" in marks,
                settings=settings,
            )
        )
    return found


def camel_name(original: str, entity: str, letters: str = "camel") -> str:
    """The name of a user field in `crm.item.*`: letters become camelCase, digits and mixtures keep their
    form.

    ``UF_CRM_3_DIGIT -> ufCrm3Digit``, ``UF_CRM_3_174 -> ufCrm3_174``, ``UF_CRM_3_DIGIT10 ->
    ufCrm_3_DIGIT10``, ``UF_CRM_174 -> ufCrm_174``. A letters-only name outside smart processes is not
    documented: `letters` is the policy ``deal_letters``.
    """
    rest = original.removeprefix("UF_CRM_")
    parts = rest.split("_")
    number = ""
    if entity.removeprefix("CRM_").isdigit() and len(parts) > 1 and parts[0].isdigit():
        number, parts = parts[0], parts[1:]
    if all(part.isalpha() for part in parts) and (number or letters == "camel"):
        return f"ufCrm{number}" + "".join(part.capitalize() for part in parts)
    if number and len(parts) == 1 and parts[0].isdigit():
        return f"ufCrm{number}_{parts[0]}"
    return f"ufCrm_{rest}"


def user_fields(store: Store, entity: str) -> list[Field]:
    """The company's own fields of one entity (``CRM_DEAL``, ``CRM_12``), by ascending id."""
    rows = [row for row in store.rows("userfield") if row["entityId"] == entity]
    letters = read_policies(store).deal_letters
    names = [camel_name(str(row["fieldName"]), entity, letters) for row in rows]
    found = []
    for row, camel in zip(rows, names, strict=True):
        original = str(row["fieldName"])
        options = tuple(
            (int(str(option["id"])), str(option["value"]))
            for option in map(mapping, listing(row.get("enum")))
        )
        found.append(
            Field(
                original,
                original,
                str(row["userTypeId"]),
                str(row.get("label") or original),
                original if names.count(camel) > 1 else camel,
                multiple=row.get("multiple") == "Y",
                required=row.get("mandatory") == "Y",
                custom=True,
                options=options,
            )
        )
    return found


def type_row(store: Store, entity_type: int) -> dict[str, object] | None:
    """The smart process (or the relations row of a built-in kind) with this entityTypeId."""
    return next((row for row in store.rows("type") if row["entityTypeId"] == entity_type), None)


def _related(row: Mapping[str, object], side: str) -> set[int]:
    relations = mapping(mapping(row.get("relations")).get(side))
    return {int(str(mapping(one)["entityTypeId"])) for one in relations.values()}


def parent_types(store: Store, entity_type: int) -> list[int]:
    """The kinds an item of this kind may be tied to by ``parentId{T}``; clients are no such kind."""
    found = {DEAL} if entity_type == INVOICE else set()
    for row in store.rows("type"):
        if row["entityTypeId"] == entity_type:
            found |= _related(row, "parent")
        elif entity_type in _related(row, "child"):
            found.add(int(str(row["entityTypeId"])))
    return sorted(found - {CONTACT, COMPANY})


def uf_entity(store: Store, entity_type: int) -> str:
    """The name under which user fields of this kind are registered: ``CRM_DEAL``, ``CRM_12``."""
    named = {DEAL: "CRM_DEAL", CONTACT: "CRM_CONTACT", COMPANY: "CRM_COMPANY", INVOICE: "CRM_SMART_INVOICE"}
    row = type_row(store, entity_type)
    return named.get(entity_type) or (f"CRM_{row['id']}" if row else "")


def _standard(store: Store, entity_type: int) -> list[Field] | None:
    if entity_type == DEAL:
        return _read(_CORE, _DATES, _CLIENT, _OBSERVERS, _SOURCE, _MONEY, _DEAL, old_names=True)
    if entity_type == INVOICE:
        return _read(_CORE, _DATES, _CLIENT, _OBSERVERS, _STAGES, _SOURCE, _MONEY, _CATEGORY, _INVOICE)
    if entity_type == COMPANY:
        return _read(_CORE, _OBSERVERS, _COMPANY, old_names=True)
    if entity_type == CONTACT:
        return _read(_CORE, _OBSERVERS, _CONTACT, old_names=True)
    row = type_row(store, entity_type)
    if row is None or row.get("id") is None:
        return None
    return _read(_CORE, _CATEGORY, *(table for switch, table in _SWITCHES if row.get(switch) == "Y"))


@dataclass(frozen=True)
class FieldSet:
    """All fields of one kind, found by any of their names."""

    entity_type: int
    fields: tuple[Field, ...]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {one.name: one for one in reversed(self.fields)}

    def stored(self, name: str) -> Field | None:
        """By the stored name."""
        return self._by_name.get(name)

    def named(self, name: str, *, original: bool = False) -> Field | None:
        """By a name of `crm.item.*`; upper-case names of standard fields are tolerated in filters and orders.

        User fields answer to their original names only if `original`.
        """
        for one in self.fields:
            if name == (one.name if original and one.custom else one.camel):
                return one
        upper = name.upper()
        return next((one for one in self.fields if not one.custom and one.upper == upper), None)

    def old(self, name: str) -> Field | None:
        """By a name of the old methods, in any case."""
        upper = name.upper()
        return next((one for one in self.fields if one.upper == upper), None)


def field_set(store: Store, entity_type: int) -> FieldSet | None:
    """The fields of a kind as it is now, or None if there is no such kind."""
    return store.derived(
        ("fields", entity_type, read_policies(store).deal_letters),
        ("type", "userfield"),
        lambda: _field_set(store, entity_type),
    )


def _field_set(store: Store, entity_type: int) -> FieldSet | None:
    standard = _standard(store, entity_type)
    if standard is None:
        return None
    parents = [
        Field(
            f"parentId{kind}",
            f"PARENT_ID_{kind}",
            "crm_entity",
            f"PARENT_ID_{kind}",
            f"parentId{kind}",
            settings={"parentEntityTypeId": kind},
        )
        for kind in parent_types(store, entity_type)
    ]
    own = user_fields(store, uf_entity(store, entity_type))
    return FieldSet(entity_type, tuple(standard + parents + own))
