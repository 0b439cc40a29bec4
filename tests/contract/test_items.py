"""Deals, invoices, companies and smart-process items: made, read, listed, changed, removed."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.contract.contract_case import COMPANY, DEAL, INVOICE


@pytest.fixture(params=["deal", "invoice", "company", "process"])
def kind(request):
    if request.param == "process":
        return request.getfixturevalue("process")
    return {"deal": DEAL, "invoice": INVOICE, "company": COMPANY}[request.param]


def read(portal, kind, number):
    return portal.result("crm.item.get", entityTypeId=kind, id=number)["item"]


def test_what_was_made_is_read_back(portal, kind):
    made = portal.make(kind)
    assert isinstance(made["id"], int)
    item = read(portal, kind, made["id"])
    assert item["title"] == portal.marker
    assert isinstance(item["assignedById"], int)
    assert datetime.fromisoformat(item["createdTime"]).tzinfo is not None


def test_an_update_changes_what_it_names(portal, kind):
    made = portal.make(kind)
    changed = portal.result(
        "crm.item.update", entityTypeId=kind, id=made["id"], fields={"title": portal.marker + " 2"}
    )["item"]
    assert (changed["id"], changed["title"]) == (made["id"], portal.marker + " 2")
    item = read(portal, kind, made["id"])
    told = {"title", "updatedTime", "updatedBy", "lastActivityTime", "lastActivityBy", "searchContent"}
    assert {key for key in made if item.get(key) != made[key]} <= told


def test_a_list_finds_by_title_and_selects(portal, kind):
    made = portal.make(kind)
    body = portal.call(
        "crm.item.list",
        entityTypeId=kind,
        filter={"=title": portal.marker},
        select=["id", "title"],
        order={"id": "ASC"},
    )
    assert [(item["id"], item["title"]) for item in body["result"]["items"]] == [(made["id"], portal.marker)]
    assert body["total"] == 1
    assert "next" not in body
    assert not {"createdTime", "assignedById"} & set(body["result"]["items"][0])


def test_what_was_removed_is_gone(portal, kind):
    made = portal.make(kind)
    assert portal.result("crm.item.delete", entityTypeId=kind, id=made["id"]) == []
    assert portal.refusal("crm.item.get", entityTypeId=kind, id=made["id"]) == (400, "NOT_FOUND")
    assert portal.refusal("crm.item.delete", entityTypeId=kind, id=made["id"]) == (400, "NOT_FOUND")


def test_fields_describe_what_is_read(portal, kind):
    fields = portal.result("crm.item.fields", entityTypeId=kind)["fields"]
    made = portal.make(kind)
    assert {"id", "title", "assignedById"} <= set(fields)
    assert fields["id"]["isReadOnly"] is True
    assert {"type", "isRequired", "isReadOnly", "isMultiple", "title"} <= set(fields["title"])
    unknown = {key for key in read(portal, kind, made["id"]) if key not in fields}
    assert not {key for key in unknown if key.startswith("uf")}


def test_pages_of_fifty(portal):
    for half in (range(26), range(26, 51)):
        commands = {
            f"n{number}": ("crm.item.add", {"entityTypeId": DEAL, "fields": {"title": portal.marker}})
            for number in half
        }
        for one in portal.batch(**commands)["result"].values():
            portal.remember("crm.item.delete", entityTypeId=DEAL, id=one["item"]["id"])
    wanted = {
        "entityTypeId": DEAL,
        "filter": {"=title": portal.marker},
        "order": {"id": "ASC"},
        "select": ["id"],
    }
    first = portal.call("crm.item.list", **wanted)
    assert (len(first["result"]["items"]), first["total"], first["next"]) == (50, 51, 50)
    second = portal.call("crm.item.list", **wanted, start=50)
    assert (len(second["result"]["items"]), second["total"]) == (1, 51)
    assert "next" not in second
    last = first["result"]["items"][-1]["id"]
    wanted["filter"] = {"=title": portal.marker, ">id": last}
    uncounted = portal.call("crm.item.list", **wanted, start=-1)
    assert uncounted["result"]["items"] == second["result"]["items"]
    assert uncounted.get("total", 0) == 0
    assert "next" not in uncounted
