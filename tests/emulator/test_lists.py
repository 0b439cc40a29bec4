"""Filters, order, selection and pages of lists."""

from __future__ import annotations

import pytest


def ids(api, filter_, kind=2, **more):
    return [
        one["id"]
        for one in api.result("crm.item.list", entityTypeId=kind, filter=filter_, select=["id"], **more)[
            "items"
        ]
    ]


def test_pages_of_fifty(api):
    first = api.call("crm.deal.list", select=["ID"])
    assert (len(first["result"]), first["total"], first["next"]) == (50, 60, 50)
    second = api.call("crm.deal.list", select=["ID"], start=50)
    assert (len(second["result"]), second["total"], "next" in second) == (10, 60, False)
    assert [row["ID"] for row in first["result"] + second["result"]] == [str(n) for n in range(1, 61)]


def test_start_minus_one_counts_nothing(api):
    body = api.call(
        "crm.item.list", entityTypeId=2, start=-1, order={"id": "ASC"}, filter={">id": 50}, select=["id"]
    )
    assert [one["id"] for one in body["result"]["items"]] == list(range(51, 61))
    assert body["total"] == 0
    assert "next" not in body


@pytest.mark.parametrize(
    ("filter_", "wanted"),
    [
        ({"id": 7}, [7]),
        ({"=id": "7"}, [7]),
        ({"@id": [7, 9]}, [7, 9]),
        ({"id": [7, 9]}, [7, 9]),
        ({">id": 57, "!id": 59}, [58, 60]),
        ({">id": 57, "!=id": 59}, [58, 60]),
        ({">id": 57, "!@id": [58, 59]}, [60]),
        ({">=id": 59}, [59, 60]),
        ({"<id": 3}, [1, 2]),
        ({"<=id": 2}, [1, 2]),
        ({">opportunity": 58000.5}, [59, 60]),
        ({"%title": "сделка 5", "<id": 56}, [5, 50, 51, 52, 53, 54, 55]),
        ({"=%title": "Сделка 1%", "<id": 12}, [1, 10, 11]),
        ({"%=title": "%60"}, [60]),
        ({"!%title": "Сделка", "<id": 5}, []),
        ({"stageId": "C4:UC_WORK", "<id": 5}, [2, 4]),
        ({">=createdTime": "2026-01-28T00:00:00+03:00"}, [27, 55]),
        ({">=createdTime": "2026-01-28", "<id": 30}, [27]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 3, "stageId": "C4:NEW"}}}, [1, 3]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 3, "stageId": "C4:UC_WORK"}}}, [1]),
        ({"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}, [1, 2]),
        ({"comments": "", "<id": 3}, [1, 2]),
        ({"!companyId": "", "<id": 2}, [1]),
        ({"contactId": "", "<id": 2}, [1]),
    ],
)  # fmt: skip
def test_filters_of_items(api, filter_, wanted):
    assert ids(api, filter_) == wanted


def test_own_flags_are_filtered_by_one_and_zero(api):
    assert ids(api, {"ufCrm12Signed": 1}, 1044) == [6]
    assert ids(api, {"ufCrm12Signed": "0"}, 1044) == [5]
    assert ids(api, {"ufCrm12Signed": "Y"}, 1044) == []


def test_parents_and_own_fields_are_filtered(api):
    assert ids(api, {"parentId2": 1}, 1044) == [5]
    assert ids(api, {"ufCrm12Form": 101}, 1044) == [5]
    assert ids(api, {"ufCrm12Date": "2026-03-06"}, 1044) == [5]
    assert ids(api, {"UF_CRM_12_FORM": 101}, 1044, useOriginalUfNames="Y") == [5]


def test_an_unknown_filter_field_is_refused_by_the_universal_list_only(api):
    refusal = api.refusal("crm.item.list", entityTypeId=2, filter={"FIELD": 1})
    assert refusal == (400, "INVALID_ARG_VALUE", "Invalid filter: field 'FIELD' is not allowed in filter")
    assert len(api.result("crm.deal.list", filter={"FIELD": 1})) == 50


def test_upper_case_id_is_tolerated_in_order_and_filter(api):
    assert ids(api, {">ID": 57}, order={"ID": "DESC"}) == [60, 59, 58]


def test_order_by_several_fields(api):
    rows = api.result(
        "crm.item.list",
        entityTypeId=2,
        filter={"<id": 5},
        order={"stageId": "DESC", "id": "DESC"},
        select=["stageId"],
    )
    assert [one["id"] for one in rows["items"]] == [4, 2, 3, 1]


def test_select_gives_what_was_asked_and_the_id(api):
    one = api.result(
        "crm.item.list", entityTypeId=1044, filter={"id": 5}, select=["title", "ufCrm12Number", "nonsense"]
    )["items"][0]
    assert set(one) == {"id", "title", "ufCrm12Number"}
    assert set(api.result("crm.deal.list", filter={"ID": 1}, select=["TITLE"])[0]) == {"ID", "TITLE"}


def test_masks_of_the_old_list(api):
    plain = api.result("crm.deal.list", filter={"ID": 1})[0]
    assert "TITLE" in plain
    assert not [name for name in plain if name.startswith("UF_")]
    whole = api.result("crm.deal.list", filter={"ID": 1}, select=["*", "UF_*"])[0]
    assert {"TITLE", "UF_CRM_1747309879"} <= set(whole)
    own = api.result("crm.deal.list", filter={"ID": 1}, select=["UF_*"])[0]
    assert set(own) == {"ID", "UF_CRM_1747309879", "UF_CRM_1747309880", "UF_CRM_1747309881"}


def test_old_filters_in_any_case(api):
    rows = api.result(
        "crm.deal.list",
        FILTER={">OPPORTUNITY": 58000, "@ASSIGNED_BY_ID": [1], "CATEGORY_ID": 4},
        SELECT=["ID"],
    )
    assert [row["ID"] for row in rows] == ["58", "60"]


def test_an_old_filter_that_is_no_map_is_refused(api):
    assert api.refusal("crm.deal.list", filter="x") == (400, "", "Parameter 'filter' must be array.")


def test_companies_show_mail_only_when_there_is_any(api):
    with_mail, without = api.result("crm.company.get", ID=2), api.result("crm.company.get", id=3)
    assert with_mail["EMAIL"][0]["VALUE"] == "buh@client.example"
    assert (with_mail["HAS_EMAIL"], without["HAS_EMAIL"]) == ("Y", "N")
    assert "EMAIL" not in without
    rows = api.result("crm.company.list", filter={"EMAIL": "buh@client.example"}, select=["TITLE", "EMAIL"])
    assert [row["ID"] for row in rows] == ["2"]
    assert rows[0]["EMAIL"][0]["TYPE_ID"] == "EMAIL"
