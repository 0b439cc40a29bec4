"""Adding, changing and deleting CRM items."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.emulator import Portal
from engine.emulator.fields import camel_name


@pytest.mark.parametrize(
    ("original", "entity", "camel"),
    [
        ("UF_CRM_3_DIGIT", "CRM_3", "ufCrm3Digit"),
        ("UF_CRM_3_1747309727", "CRM_3", "ufCrm3_1747309727"),
        ("UF_CRM_3_DIGIT10", "CRM_3", "ufCrm_3_DIGIT10"),
        ("UF_CRM_1747309879", "CRM_DEAL", "ufCrm_1747309879"),
        ("UF_CRM_12_STAGENO", "CRM_12", "ufCrm12Stageno"),
        ("UF_CRM_12_SIGNED_AT", "CRM_12", "ufCrm12SignedAt"),
        ("UF_CRM_SMART_INVOICE_1747310001", "CRM_SMART_INVOICE", "ufCrm_SMART_INVOICE_1747310001"),
    ],
)
def test_names_of_own_fields(original, entity, camel):
    assert camel_name(original, entity) == camel


def test_get_prints_native_types(api):
    item = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]
    assert item["id"] == 5
    assert item["parentId2"] == 1
    assert item["ufCrm12Signed"] == "N"
    assert item["ufCrm12Date"] == "2026-03-06T00:00:00+03:00"
    assert item["ufCrm12Vat"] == "300|RUB"
    assert item["ufCrm12Form"] == 101
    assert item["ufCrm12Tags"] == []
    assert item["entityTypeId"] == 1044
    deal = api.result("crm.item.get", entityTypeId=2, id=1)["item"]
    assert (deal["opportunity"], deal["closed"], deal["stageSemanticId"], deal["isWon"]) == (
        1000.5,
        "N",
        "P",
        None,
    )
    assert deal["contactId"] == 0


def test_original_names_in_and_out(api):
    item = api.result(
        "crm.item.update",
        entityTypeId=1044,
        id=5,
        useOriginalUfNames="Y",
        fields={"UF_CRM_12_STAGENO": 2, "ufCrm12Number": "нет"},
    )["item"]
    assert item["UF_CRM_12_STAGENO"] == 2
    assert item["UF_CRM_12_NUMBER"] is None
    assert "ufCrm12Stageno" not in item


def test_add_fills_defaults_and_ignores_the_unknown(api):
    item = api.result(
        "crm.item.add",
        entityTypeId=1044,
        fields={"parentId2": 3, "nonsense": 1, "id": 77, "createdBy": 2, "parentId99": 5},
    )["item"]
    assert item["id"] == 7
    assert item["title"] == "Акт #7"
    assert (item["stageId"], item["categoryId"], item["createdBy"], item["assignedById"]) == (
        "DT1044_12:NEW",
        12,
        1,
        1,
    )
    assert item["createdTime"].startswith("2026-03-16T09:00")
    assert "nonsense" not in item
    assert "parentId99" not in item


def test_a_moved_item_remembers_where_from_and_who(api):
    item = api.result("crm.item.update", entityTypeId=1044, id=5, fields={"stageId": "DT1044_12:SENT"})[
        "item"
    ]
    assert (item["previousStageId"], item["movedBy"]) == ("DT1044_12:NEW", 1)
    assert item["movedTime"] >= "2026-03-16T09:00:00+03:00"
    api.result("crm.item.update", entityTypeId=1044, id=5, fields={"stageId": "DT1044_12:SUCCESS"})
    rows = api.result(
        "crm.stagehistory.list", entityTypeId=1044, filter={"OWNER_ID": 5}, order={"ID": "ASC"}
    )["items"]
    assert [(row["TYPE_ID"], row["STAGE_ID"], row["STAGE_SEMANTIC_ID"]) for row in rows] == [
        (2, "DT1044_12:SENT", "P"),
        (3, "DT1044_12:SUCCESS", "S"),
    ]


def test_a_stage_must_be_one_of_the_funnel(api):
    refusal = api.refusal("crm.item.update", entityTypeId=2, id=1, fields={"stageId": "WON"})
    assert refusal[:2] == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    assert api.result("crm.deal.get", ID=1)["STAGE_ID"] == "C4:NEW"


def test_a_final_stage_closes_a_deal_and_back(api):
    deal = api.result("crm.item.update", entityTypeId=2, id=1, fields={"stageId": "C4:WON"})["item"]
    assert (deal["closed"], deal["stageSemanticId"], deal["closedate"][:10]) == ("Y", "S", "2026-03-16")
    assert api.result("crm.deal.get", ID=1)["CLOSED"] == "Y"
    deal = api.result("crm.item.update", entityTypeId=2, id=1, fields={"stageId": "C4:UC_WORK"})["item"]
    assert (deal["closed"], deal["stageSemanticId"]) == ("N", "P")


def test_another_funnel_starts_at_its_first_stage(api):
    deal = api.result("crm.item.update", entityTypeId=2, id=1, fields={"categoryId": 0})["item"]
    assert (deal["categoryId"], deal["stageId"]) == (0, "NEW")


def test_the_old_update_cannot_change_the_funnel(api):
    assert api.result("crm.deal.update", id=1, fields={"CATEGORY_ID": 0, "TITLE": "Новая"}) is True
    deal = api.result("crm.deal.get", id=1)
    assert (deal["CATEGORY_ID"], deal["TITLE"], deal["MODIFY_BY_ID"]) == ("4", "Новая", "1")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"ufCrm12Form": 999}, "ufCrm12Form"),
        ({"ufCrm12Date": "вчера"}, "ufCrm12Date"),
        ({"ufCrm12Vat": "много"}, "ufCrm12Vat"),
        ({"ufCrm12Signed": "может"}, "ufCrm12Signed"),
        ({"assignedById": "x"}, "assignedById"),
    ],
)
def test_values_that_cannot_be_are_refused(api, fields, field):
    status, code, text = api.refusal("crm.item.update", entityTypeId=1044, id=5, fields=fields)
    assert (status, code) == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    assert field in text


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"ufCrm12Signed": "1"}, "Y"),
        ({"ufCrm12Signedat": "2026-03-14T16:41:07+05:00"}, "2026-03-14T14:41:07+03:00"),
        ({"ufCrm12Vat": "12.5"}, "12.5|RUB"),
        ({"ufCrm12Vat": "7|USD"}, "7|USD"),
        ({"ufCrm12Tags": ["а", "б"]}, ["а", "б"]),
        ({"ufCrm12Date": ""}, None),
        ({"opportunity": "1234.50"}, 1234.5),
        ({"opportunity": 1000}, 1000),
        ({"ufCrm12Number": "007"}, "007"),
    ],
)
def test_values_in_and_out(api, given, answer):
    (name,) = given
    assert api.result("crm.item.update", entityTypeId=1044, id=5, fields=given)["item"][name] == answer


def test_nothing_changed_saves_nothing(api, portal: Portal):
    before = portal.store.get("item_1044", 5)
    portal.clock.advance(timedelta(hours=1))
    item = api.result(
        "crm.item.update", entityTypeId=1044, id=5, fields={"title": "Акт 5", "ufCrm12Signed": "N"}
    )["item"]
    assert item["title"] == "Акт 5"
    assert portal.store.get("item_1044", 5) == before


def test_old_answers_are_strings(api):
    api.result("crm.deal.update", id=1, fields={"UF_CRM_1747309880": "Y", "UF_CRM_1747309879": "30 %, 70 %"})
    deal = api.result("crm.deal.get", id=1)
    assert (deal["ID"], deal["OPPORTUNITY"], deal["CLOSED"]) == ("1", "1000.50", "N")
    assert (deal["UF_CRM_1747309880"], deal["UF_CRM_1747309879"]) == ("1", "30 %, 70 %")
    assert all(value is None or isinstance(value, str | list) for value in deal.values())


def test_old_errors_have_an_empty_code(api):
    assert api.refusal("crm.deal.get", id=999999) == (400, "", "Not found")
    assert api.refusal("crm.deal.get", id="x") == (400, "", "ID is not defined or invalid.")
    assert api.refusal("crm.deal.update", id=1) == (400, "", "Parameter 'fields' must be array.")


def test_universal_errors(api):
    assert api.refusal("crm.item.get", entityTypeId=2, id=999) == (400, "NOT_FOUND", "Element not found")
    assert api.refusal("crm.item.get", entityTypeId=999, id=1) == (
        400,
        "NOT_FOUND",
        "Smart process not found",
    )
    assert api.refusal("crm.item.get", id=1) == (
        400,
        "100",
        "Could not find value for parameter {entityTypeId}",
    )
    assert api.refusal("crm.item.update", entityTypeId=2, id=1)[1] == "100"


def test_add_and_delete_the_old_way(api):
    deal_id = api.result("crm.deal.add", FIELDS={"TITLE": "Ещё", "CATEGORY_ID": 4, "OPPORTUNITY": "10.10"})
    assert deal_id == 61
    assert api.result("crm.deal.get", ID=deal_id)["STAGE_ID"] == "C4:NEW"
    assert api.result("crm.deal.delete", ID=deal_id) is True
    assert api.refusal("crm.deal.get", ID=deal_id)[2] == "Not found"
    assert api.result("crm.deal.add", fields={"TITLE": "И ещё"}) == 62


def test_delete_answers_an_empty_list(api):
    assert api.result("crm.item.delete", entityTypeId=1044, id=6) == []
    assert api.refusal("crm.item.delete", entityTypeId=1044, id=6)[1] == "NOT_FOUND"


def test_an_invoice_gets_a_number_unless_it_has_one(api):
    first = api.result("crm.item.add", entityTypeId=31, fields={"parentId2": 1})["item"]
    second = api.result("crm.item.add", entityTypeId=31, fields={"accountNumber": "СЧ-2026/001"})["item"]
    assert first["accountNumber"].isdigit()
    assert second["accountNumber"] == "СЧ-2026/001"
    assert (first["stageId"], first["parentId2"]) == ("DT31_8:N", 1)


def test_fields_describe_what_items_have(api):
    fields = api.result("crm.item.fields", entityTypeId=1044)["fields"]
    assert fields["id"]["isReadOnly"] is True
    assert fields["ufCrm12Form"]["items"] == [{"ID": "101", "VALUE": "scan"}, {"ID": "102", "VALUE": "paper"}]
    assert fields["parentId2"]["settings"] == {"parentEntityTypeId": 2}
    assert fields["stageId"]["statusType"] == "DYNAMIC_1044_STAGE_12"
    assert set(fields) == set(api.result("crm.item.get", entityTypeId=1044, id=5)["item"]) - {"entityTypeId"}
    assert "parentId1046" in api.result("crm.item.fields", entityTypeId=2)["fields"]
    assert api.result("crm.deal.fields")["CATEGORY_ID"]["isImmutable"] is True


def test_multifields_of_a_company(api):
    item = api.result("crm.item.get", entityTypeId=4, id=2)["item"]
    (mail,) = item["fm"]
    assert mail["value"] == "buh@client.example"
    changed = api.result(
        "crm.item.update",
        entityTypeId=4,
        id=2,
        fields={
            "fm": {
                "n0": {"typeId": "PHONE", "valueType": "WORK", "value": "+7 495"},
                str(mail["id"]): {"value": "new@client.example"},
            }
        },
    )["item"]
    assert [(one["typeId"], one["value"]) for one in changed["fm"]] == [
        ("EMAIL", "new@client.example"),
        ("PHONE", "+7 495"),
    ]
    gone = api.result(
        "crm.item.update", entityTypeId=4, id=2, fields={"fm": {str(mail["id"]): {"value": ""}}}
    )["item"]
    assert gone["hasEmail"] == "N"
    assert "fm" not in api.result("crm.item.list", entityTypeId=4, select=["id", "title"])["items"][0]
