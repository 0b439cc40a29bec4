"""Building a portal over REST: smart processes, funnels, stages, own fields. What is made is used at once."""

from __future__ import annotations

import pytest


@pytest.fixture
def narrow(api, server):
    """The same portal for an employee who administers nothing."""
    from dataclasses import replace

    return replace(api, url=f"{server.url}/rest/2/narrow/")


def test_a_new_smart_process_takes_items_with_fields_stages_and_a_deal(api, portal):
    fields = {
        "title": "Акты",
        "entityTypeId": 2024,
        "isStagesEnabled": "Y",
        "isClientEnabled": "Y",
        "isLinkWithProductsEnabled": "Y",
        "relations": {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": "true"}]},
    }
    made = api.result("crm.type.add", fields=fields)["type"]
    assert (made["entityTypeId"], made["isStagesEnabled"], made["isObserversEnabled"]) == (2024, "Y", "N")
    assert made["relations"]["parent"][0] == {
        "entityTypeId": 2,
        "isChildrenListEnabled": "Y",
        "isPredefined": "N",
    }
    own = api.result(
        "userfieldconfig.add",
        moduleId="crm",
        field={
            "entityId": f"CRM_{made['id']}",
            "fieldName": f"UF_CRM_{made['id']}_SIGNED",
            "userTypeId": "boolean",
            "editFormLabel": {"ru": "Подписан"},
        },
    )["field"]
    assert isinstance(own["id"], str)
    assert own["editFormLabel"] == {"ru": "Подписан"}
    camel = f"ufCrm{made['id']}Signed"
    item = api.result(
        "crm.item.add",
        entityTypeId=2024,
        fields={"title": "Акт", "parentId2": 1, camel: "Y", "stageId": f"DT2024_{_funnel(api, 2024)}:CLIENT"},
    )["item"]
    assert (item["parentId2"], item[camel], item["stageId"].rpartition(":")[2]) == (1, "Y", "CLIENT")
    assert (
        api.result("crm.item.list", entityTypeId=2024, filter={"parentId2": 1})["items"][0]["id"]
        == item["id"]
    )
    assert api.refusal("crm.type.delete", id=made["id"])[1] == "BX_ERROR"
    api.result("crm.item.delete", entityTypeId=2024, id=item["id"])
    api.result("crm.type.delete", id=made["id"])
    assert api.refusal("crm.item.list", entityTypeId=2024)[1] == "NOT_FOUND"
    assert not [row for row in portal.store.rows("userfield") if row["entityId"] == f"CRM_{made['id']}"]


def _funnel(api, kind):
    return api.result("crm.category.list", entityTypeId=kind)["categories"][0]["id"]


def test_a_type_is_changed_and_its_number_is_not(api):
    made = api.result("crm.type.add", fields={"title": "A"})["type"]
    changed = api.result(
        "crm.type.update", id=made["id"], fields={"title": "B", "entityTypeId": 1, "isObserversEnabled": "Y"}
    )["type"]
    assert (changed["title"], changed["entityTypeId"]) == ("B", made["entityTypeId"])
    assert "observers" in api.result("crm.item.fields", entityTypeId=made["entityTypeId"])["fields"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.type.add", {"fields": {"title": "x", "entityTypeId": 5}}, "INVALID_ARG_VALUE"),
        ("crm.type.add", {"fields": {"title": "x", "entityTypeId": 1044}}, "INVALID_ARG_VALUE"),
        ("crm.type.add", {}, "100"),
        ("crm.category.add", {"entityTypeId": 777, "fields": {"name": "x"}}, "NOT_FOUND"),
        ("crm.category.add", {"entityTypeId": 4, "fields": {"name": "x"}}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("crm.category.delete", {"entityTypeId": 2, "id": 0}, 0),
        ("crm.category.delete", {"entityTypeId": 2, "id": 4}, 0),
        ("crm.category.delete", {"entityTypeId": 1044, "id": 12}, "BX_ERROR"),
        ("userfieldconfig.delete", {"moduleId": "crm", "id": 1}, ""),
        ("crm.status.get", {"id": 999999}, "Status is not found."),
        ("crm.status.add", {"fields": {"ENTITY_ID": "DEAL_STAGE_4", "NAME": "x"}}, ""),
        ("crm.status.add", {"fields": {"ENTITY_ID": "DEAL_STAGE_99", "STATUS_ID": "x", "NAME": "x"}}, ""),
    ],
)
def test_refusals_of_structure(api, method, params, code):
    status, found, _ = api.refusal(method, **params)
    assert (status, found) == (400, code)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("crm.type.add", {"fields": {"title": "x"}}),
        ("crm.type.update", {"id": 12, "fields": {"title": "x"}}),
        ("crm.category.add", {"entityTypeId": 2, "fields": {"name": "x"}}),
        ("crm.status.add", {"fields": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "x", "NAME": "x"}}),
        ("crm.deal.userfield.add", {"fields": {"FIELD_NAME": "X", "USER_TYPE_ID": "string"}}),
    ],
)
def test_only_administrators_build(narrow, portal, method, params):
    before = [len(portal.store.rows(one)) for one in ("type", "category", "status", "userfield")]
    status, code, text = narrow.refusal(method, **params)
    assert status == 400
    assert code == "ACCESS_DENIED" or text.startswith("Access denied")
    assert before == [len(portal.store.rows(one)) for one in ("type", "category", "status", "userfield")]


def test_the_portals_own_stages_go_only_by_force(api):
    made = api.result("crm.category.add", entityTypeId=2, fields={"name": "x", "isDefault": "Y"})["category"]
    assert made["isDefault"] == "N"
    rows = api.result("crm.status.list", filter={"ENTITY_ID": f"DEAL_STAGE_{made['id']}"})
    first = rows[0]["ID"]
    assert "FORCED" in api.refusal("crm.status.delete", id=first)[2]
    assert api.result("crm.status.delete", id=first, params={"FORCED": "Y"}) is True
    assert api.refusal("crm.category.add", entityTypeId=2, fields={})[:2] == (400, 0)


def test_a_new_funnel_has_stages_that_deals_can_be_at(api):
    made = api.result("crm.category.add", entityTypeId=2, fields={"name": "Ремонт", "sort": 50})["category"]
    number = made["id"]
    codes = [
        row["STATUS_ID"] for row in api.result("crm.status.entity.items", entityId=f"DEAL_STAGE_{number}")
    ]
    assert codes[0] == f"C{number}:NEW"
    assert {f"C{number}:WON", f"C{number}:LOSE"} <= set(codes)
    stage = api.result(
        "crm.status.add",
        fields={"ENTITY_ID": f"DEAL_STAGE_{number}", "STATUS_ID": "DECISION", "NAME": "Решение", "SORT": 25},
    )
    row = api.result("crm.status.get", id=stage)
    assert (row["STATUS_ID"], row["SORT"], row["CATEGORY_ID"]) == (f"C{number}:DECISION", "25", str(number))
    deal = api.result("crm.deal.add", fields={"CATEGORY_ID": number, "STAGE_ID": f"C{number}:DECISION"})
    assert api.result("crm.deal.get", id=deal)["STAGE_ID"] == f"C{number}:DECISION"
    assert api.refusal("crm.status.delete", id=stage)[2] == "There are active items in this status."
    api.result("crm.deal.delete", id=deal)
    assert api.result("crm.status.delete", id=stage) is True
    assert (
        api.result("crm.category.update", entityTypeId=2, id=number, fields={"name": "Р"})["category"]["name"]
        == "Р"
    )
    api.result("crm.category.delete", entityTypeId=2, id=number)
    assert api.result("crm.status.entity.items", entityId=f"DEAL_STAGE_{number}") == []


def test_an_invoice_funnel_has_the_codes_of_the_policy(api, portal):
    portal.set_policies(invoice_stages="N,SENT,PAID,NO")
    number = api.result("crm.category.add", entityTypeId=31, fields={"name": "Счета"})["category"]["id"]
    rows = api.result("crm.status.list", filter={"ENTITY_ID": f"SMART_INVOICE_STAGE_{number}"})
    assert [(row["STATUS_ID"], row["SEMANTICS"]) for row in rows] == [
        (f"DT31_{number}:N", None),
        (f"DT31_{number}:SENT", None),
        (f"DT31_{number}:PAID", "S"),
        (f"DT31_{number}:NO", "F"),
    ]


def test_list_field_values_can_be_written_and_others_cannot(api):
    field = {
        "entityId": "CRM_12",
        "fieldName": "UF_CRM_12_WAY",
        "userTypeId": "enumeration",
        "enum": [{"value": "Почта"}, {"value": "Курьер", "def": "Y"}],
    }
    made = api.result("userfieldconfig.add", moduleId="crm", field=field)["field"]
    first, second = made["enum"]
    item = api.result("crm.item.update", entityTypeId=1044, id=5, fields={"ufCrm12Way": second["id"]})["item"]
    assert item["ufCrm12Way"] == int(second["id"])
    assert api.refusal("crm.item.update", entityTypeId=1044, id=5, fields={"ufCrm12Way": 1})[1] == (
        "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    )
    changed = api.result(
        "userfieldconfig.update",
        moduleId="crm",
        id=made["id"],
        field={"enum": [{"id": first["id"], "value": "Почтой"}, {"value": "ЭДО"}], "multiple": "Y"},
    )["field"]
    assert changed["multiple"] == "N"
    assert [one["value"] for one in changed["enum"]] == ["Почтой", "ЭДО"]
    assert changed["enum"][0]["id"] == first["id"]
    assert changed["enum"][1]["id"] not in (first["id"], second["id"])
    assert api.result("userfieldconfig.delete", moduleId="crm", id=made["id"]) is None
    assert "ufCrm12Way" not in api.result("crm.item.fields", entityTypeId=1044)["fields"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"entityId": "CRM_12", "userTypeId": "string"}, "The 'FIELD_NAME' field is not found."),
        (
            {"entityId": "CRM_99", "fieldName": "UF_CRM_99_A", "userTypeId": "string"},
            "You cannot create custom fields",
        ),
        ({"entityId": "CRM_12", "fieldName": "UF_CRM_A", "userTypeId": "string"}, "Invalid field name"),
        (
            {"entityId": "CRM_12", "fieldName": "UF_CRM_12_" + "A" * 50, "userTypeId": "string"},
            "Invalid field name",
        ),
        ({"entityId": "CRM_12", "fieldName": "UF_CRM_12_A", "userTypeId": "poem"}, "Unknown user type"),
        ({"entityId": "CRM_12", "fieldName": "UF_CRM_12_SIGNED", "userTypeId": "string"}, "already exists"),
    ],
)
def test_a_field_that_cannot_be(api, field, text):
    status, _, found = api.refusal("userfieldconfig.add", moduleId="crm", field=field)
    assert status == 400
    assert text in found


def test_the_old_way_adds_the_prefix_and_prints_text(api, portal, receiver):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url, events=("ONCRMDEALUSERFIELDADD",))
    number = api.result(
        "crm.deal.userfield.add",
        fields={"FIELD_NAME": "ACT_SIGNED", "USER_TYPE_ID": "boolean", "LABEL": "Акт подписан", "SORT": 300},
    )
    assert isinstance(number, int)
    row = api.result("crm.deal.userfield.get", id=number)
    assert (row["ID"], row["FIELD_NAME"], row["SORT"]) == (str(number), "UF_CRM_ACT_SIGNED", "300")
    assert portal.deliveries.settle(10)
    assert receiver.posts[0]["data[FIELDS][FIELD_NAME]"] == "UF_CRM_ACT_SIGNED"
    assert receiver.posts[0]["data[FIELDS][ENTITY_ID]"] == "CRM_DEAL"
    assert api.result("crm.deal.update", id=1, fields={"UF_CRM_ACT_SIGNED": "Y"}) is True
    assert api.result("crm.deal.get", id=1)["UF_CRM_ACT_SIGNED"] == "1"
    assert (
        api.refusal("crm.deal.userfield.add", fields={"FIELD_NAME": "A" * 44, "USER_TYPE_ID": "string"})[1]
        == "ERROR_CORE"
    )
    assert api.result("crm.deal.userfield.update", id=number, fields={"SORT": 5}) is True
    assert api.result("crm.deal.userfield.delete", id=number) is True
    assert api.refusal("crm.deal.userfield.get", id=number)[1] == "ERROR_NOT_FOUND"


def test_camel_names_of_letters_are_a_policy(api, portal):
    api.result("crm.deal.userfield.add", fields={"FIELD_NAME": "ACT_SIGNED", "USER_TYPE_ID": "string"})
    assert "ufCrmActSigned" in api.result("crm.item.get", entityTypeId=2, id=1)["item"]
    portal.set_policies(deal_letters="kept")
    item = api.result("crm.item.get", entityTypeId=2, id=1)["item"]
    assert "ufCrm_ACT_SIGNED" in item
    assert "ufCrmActSigned" not in item


def test_clients_are_written_the_old_way(api):
    number = api.result(
        "crm.company.add",
        fields={"TITLE": "ООО «Новый»", "EMAIL": [{"VALUE": "a@new.example", "VALUE_TYPE": "WORK"}]},
    )
    row = api.result("crm.company.get", id=number)
    assert (row["ID"], row["HAS_EMAIL"], row["EMAIL"][0]["VALUE"]) == (str(number), "Y", "a@new.example")
    mark = row["EMAIL"][0]["ID"]
    api.result("crm.company.update", id=number, fields={"EMAIL": [{"ID": mark, "DELETE": "Y"}]})
    assert "EMAIL" not in api.result("crm.company.get", id=number)
    assert api.result("crm.company.fields")["EMAIL"]["type"] == "crm_multifield"
    assert api.result("crm.company.delete", id=number) is True
    assert api.refusal("crm.company.get", id=number) == (400, "", "Not found")


def test_contacts_of_a_deal(api):
    first, second = (api.result("crm.contact.add", fields={"NAME": name}) for name in ("Анна", "Пётр"))
    assert api.result("crm.deal.contact.items.get", id=1) == []
    items = [{"CONTACT_ID": first, "SORT": 100}, {"CONTACT_ID": second, "SORT": 200, "IS_PRIMARY": "Y"}]
    assert api.result("crm.deal.contact.items.set", id=1, items=items) is True
    found = api.result("crm.deal.contact.items.get", id=1)
    assert [(one["CONTACT_ID"], one["IS_PRIMARY"]) for one in found] == [(second, "Y"), (first, "N")]
    assert api.result("crm.deal.get", id=1)["CONTACT_ID"] == str(second)
    assert api.result("crm.deal.contact.items.delete", id=1) is True
    assert api.result("crm.deal.contact.items.get", id=1) == []
    assert api.refusal("crm.deal.contact.items.get", id=999) == (400, "", "Not found")
