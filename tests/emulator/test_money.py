"""Goods, payments, requisites, types and own fields."""

from __future__ import annotations

from engine.emulator.demo import set_receiver


def rows(api, owner="D", owner_id=1):
    return api.result("crm.item.productrow.list", filter={"=ownerType": owner, "=ownerId": owner_id})[
        "productRows"
    ]


def test_rows_of_an_owner(api):
    (row,) = rows(api)
    assert (row["productName"], row["price"], row["quantity"], row["taxRate"], row["taxIncluded"]) == (
        "Работа",
        1000.5,
        1,
        22,
        "Y",
    )
    assert row["priceExclusive"] == 820.08
    assert rows(api, "D", 2) == []
    assert api.refusal("crm.item.productrow.list", filter={"=ownerId": 1})[0] == 400


def test_setting_rows_replaces_them_and_sums_up(api):
    given = [
        {"productName": "А", "price": "100.10", "quantity": 3, "taxRate": 22, "taxIncluded": "Y"},
        {"productName": "Б", "price": 50, "quantity": "0.5"},
    ]
    answer = api.result("crm.item.productrow.set", ownerType="T414", ownerId=5, productRows=given)[
        "productRows"
    ]
    assert [(row["productName"], row["price"], row["quantity"], row["ownerType"]) for row in answer] == [
        ("А", 100.1, 3, "T414"),
        ("Б", 50, 0.5, "T414"),
    ]
    item = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]
    assert (item["opportunity"], item["taxValue"]) == (325.3, 54.15)
    added = api.result(
        "crm.item.productrow.add", fields={"ownerType": "T414", "ownerId": 5, "productName": "В", "price": 1}
    )["productRow"]
    assert added["productName"] == "В"
    assert len(rows(api, "T414", 5)) == 3
    assert (
        api.refusal("crm.item.productrow.set", ownerType="D", ownerId=999, productRows=[])[1]
        == "OWNER_NOT_FOUND"
    )


def test_a_sum_set_by_hand_stays(api):
    api.result("crm.item.update", entityTypeId=2, id=1, fields={"isManualOpportunity": "Y", "opportunity": 7})
    api.result("crm.item.productrow.set", ownerType="D", ownerId=1, productRows=[{"price": 5}])
    assert api.result("crm.item.get", entityTypeId=2, id=1)["item"]["opportunity"] == 7


def test_a_discount_goes_back_to_the_list_price(api):
    (row,) = api.result(
        "crm.item.productrow.set",
        ownerType="D",
        ownerId=2,
        productRows=[
            {
                "price": 80000,
                "quantity": 2,
                "discountTypeId": 2,
                "discountRate": 20,
                "taxRate": 20,
                "taxIncluded": "Y",
            }
        ],
    )["productRows"]
    assert (row["priceExclusive"], row["priceNetto"], row["priceBrutto"], row["discountSum"]) == (
        66666.67,
        83333.34,
        100000.01,
        16666.67,
    )


def test_rows_the_old_way(api):
    assert (
        api.result(
            "crm.deal.productrows.set",
            id=2,
            rows=[{"PRODUCT_NAME": "Старый путь", "PRICE": 10, "QUANTITY": 2, "TAX_RATE": 20}],
        )
        is True
    )
    (row,) = api.result("crm.deal.productrows.get", id=2)
    assert (row["PRODUCT_NAME"], row["PRICE"], row["PRICE_ACCOUNT"], row["OWNER_ID"]) == (
        "Старый путь",
        10,
        "10.00",
        "2",
    )
    assert api.refusal("crm.deal.productrows.get")[2] == "The parameter id is invalid or not defined."


def test_payments(api, portal, receiver):
    set_receiver(portal, receiver.url)
    (payment,) = api.result("crm.item.payment.list", entityTypeId=31, entityId=9)
    assert (payment["id"], payment["paid"], payment["sum"]) == (3, "N", 1200)
    assert api.result("crm.item.payment.pay", id=3) is True
    assert api.result("crm.item.payment.get", id=3)["datePaid"].startswith("2026-03-16T09:00")
    assert portal.deliveries.settle(10)
    assert [(post["event"], post["data[FIELDS][ENTITY_TYPE_ID]"]) for post in receiver.posts] == [
        ("ONCRMDYNAMICITEMUPDATE", "31")
    ]
    assert api.result("crm.item.payment.unpay", id=3) is True
    number = api.result("crm.item.payment.add", entityTypeId=2, entityId=1)
    assert api.result("crm.item.payment.get", id=number)["sum"] == 1000.5
    assert api.result("crm.item.payment.delete", id=number) is True
    assert api.result("crm.item.payment.list", entityTypeId=1044, entityId=5) == []
    assert api.refusal("crm.item.payment.add", entityTypeId=2, entityId=999) == (
        400,
        0,
        "Entity with identifier №999 does not exist",
    )


def test_requisites(api):
    (row,) = api.result(
        "crm.requisite.list",
        filter={"ENTITY_TYPE_ID": 4, "ENTITY_ID": 2},
        select=["RQ_INN", "RQ_COMPANY_NAME"],
    )
    assert row == {"ID": "2", "RQ_INN": "0278000000", "RQ_COMPANY_NAME": "АО «Клиент»"}
    assert api.result("crm.requisite.get", id=2)["RQ_KPP"] is None
    assert api.refusal("crm.requisite.get", id=27) == (400, "", "The Requisite with ID '27' is not found")
    assert api.result("crm.requisite.bankdetail.list", filter={"ENTITY_ID": 2})[0]["RQ_BIK"] == "044525225"
    link = api.result("crm.requisite.link.get", entityTypeId=31, entityId=9)
    assert (link["REQUISITE_ID"], link["BANK_DETAIL_ID"], link["MC_REQUISITE_ID"], link["ENTITY_ID"]) == (
        "2",
        "4",
        "1",
        9,
    )


def test_funnels_and_stages(api):
    body = api.call("crm.category.list", entityTypeId=2)
    assert [(row["id"], row["isDefault"]) for row in body["result"]["categories"]] == [(4, "N"), (0, "Y")]
    assert body["total"] == 2
    assert "originId" not in body["result"]["categories"][1]
    assert api.result("crm.category.get", entityTypeId=2, id=4)["category"]["name"] == "Кастомизация"
    assert api.refusal("crm.category.list", entityTypeId=999)[1] == "NOT_FOUND"
    stages = api.result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_4"}, order={"SORT": "ASC"})
    assert [(row["STATUS_ID"], row["SEMANTICS"], row["SORT"]) for row in stages] == [
        ("C4:NEW", None, "10"),
        ("C4:UC_WORK", None, "20"),
        ("C4:UC_DOCS", None, "30"),
        ("C4:WON", "S", "40"),
        ("C4:LOSE", "F", "50"),
    ]
    assert [row["EXTRA"]["SEMANTICS"] for row in stages] == ["process"] * 3 + ["success", "failure"]
    assert api.result("crm.status.entity.items", entityId="DEAL_STAGE_4")[0] == {
        "NAME": "New",
        "SORT": 10,
        "STATUS_ID": "C4:NEW",
    }
    prefixes = {row["ID"]: row.get("PREFIX", "") for row in api.result("crm.status.entity.types")}
    assert prefixes["SMART_INVOICE_STAGE_8"] == "DT31_8"


def test_types(api, server):
    assert [row["entityTypeId"] for row in api.result("crm.type.list")["types"]] == [1044, 1046]
    act = api.result("crm.type.getByEntityTypeId", entityTypeId=1044)["type"]
    assert act["relations"]["parent"] == [
        {"entityTypeId": 2, "isChildrenListEnabled": "Y", "isPredefined": "N"}
    ]
    assert api.result("crm.type.get", id=12)["type"] == act
    assert api.refusal("crm.type.get", id=77) == (400, 0, "SPA not found")
    made = api.result(
        "crm.type.add", fields={"title": "Новый", "isClientEnabled": "Y", "isStagesEnabled": "Y"}
    )["type"]
    item = api.result("crm.item.add", entityTypeId=made["entityTypeId"], fields={"companyId": 2})["item"]
    assert (item["title"], item["companyId"], item["stageId"].endswith(":NEW")) == ("Новый #1", 2, True)
    narrow = api.http.post(f"{server.url}/rest/2/narrow/crm.type.add", json={"fields": {"title": "x"}})
    assert narrow.json()["error"] == "ACCESS_DENIED"


def test_own_fields(api):
    body = api.call(
        "userfieldconfig.list",
        moduleId="crm",
        filter={"entityId": "CRM_12"},
        select={"0": "*", "language": "ru"},
    )
    names = [row["fieldName"] for row in body["result"]["fields"]]
    assert names[0] == "UF_CRM_12_SIGNED"
    assert body["total"] == len(names) == 11
    form = next(row for row in body["result"]["fields"] if row["fieldName"] == "UF_CRM_12_FORM")
    assert form["editFormLabel"] == {"ru": "Форма"}
    whole = api.result("userfieldconfig.get", moduleId="crm", id=form["id"])["field"]
    assert [(one["id"], one["value"]) for one in whole["enum"]] == [("101", "scan"), ("102", "paper")]
    old = api.result("crm.deal.userfield.list", filter={"LANG": "ru"})
    assert [row["FIELD_NAME"] for row in old] == [
        "UF_CRM_1747309879",
        "UF_CRM_1747309880",
        "UF_CRM_1747309881",
    ]
