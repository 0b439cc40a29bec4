"""Many changes at once, heard by somebody or by nobody."""

from __future__ import annotations

import time

import httpx
import pytest

from engine.emulator.demo import set_receiver


@pytest.fixture
def demo(server):
    with httpx.Client(base_url=f"{server.url}/_demo/", trust_env=False, timeout=30) as http:
        yield http


def renamed(count, word):
    return [
        {"entityTypeId": 2, "id": 1 + n % 60, "fields": {"title": f"{word} {n}"}} for n in range(count)
    ]  # fmt: skip


def test_two_hundred_changes_one_by_one_with_the_receiver_off(demo, portal):
    set_receiver(portal, "http://127.0.0.1:9/nobody")
    begun = time.monotonic()
    for change in renamed(200, "Без слушателя"):
        assert demo.post("items/update", json={"user": 2, **change}).status_code == 200
    assert time.monotonic() - begun < 5
    assert demo.post("settle", json={"timeout": 10}).json() is True
    tried = demo.get("deliveries").json()
    assert len(tried) == 200
    assert {(row["status"], "ConnectError" in row["error"]) for row in tried} == {(0, True)}
    # The receiver is there again, and nothing is repeated.
    time.sleep(0.2)
    assert len(demo.get("deliveries").json()) == 200


def test_two_hundred_changes_in_one_request(demo, api, portal, receiver):
    set_receiver(portal, receiver.url)
    begun = time.monotonic()
    done = demo.post("items/bulk", json={"user": 2, "changes": renamed(200, "Разом")}).json()
    assert time.monotonic() - begun < 3
    assert done == [1 + n % 60 for n in range(200)]
    assert portal.deliveries.settle(20)
    assert [int(post["data[FIELDS][ID]"]) for post in receiver.posts] == done
    item = api.result("crm.item.get", entityTypeId=2, id=1)["item"]
    assert (item["title"], item["updatedBy"]) == ("Разом 180", 2)


def test_a_bulk_adds_updates_and_deletes(demo, api, portal, receiver):
    set_receiver(portal, receiver.url)
    changes = [
        {"do": "add", "entityTypeId": 1044, "fields": {"title": "Новый", "parentId2": 1}},
        {"do": "update", "entityTypeId": 1044, "id": 5, "fields": {"stageId": "DT1044_12:SENT"}},
        {"do": "delete", "entityTypeId": 1044, "id": 6},
    ]
    made, *others = demo.post("items/bulk", json={"changes": changes}).json()
    assert others == [5, 6]
    assert portal.deliveries.settle(10)
    assert [(post["event"], post["data[FIELDS][ID]"]) for post in receiver.posts] == [
        ("ONCRMDYNAMICITEMADD", str(made)),
        ("ONCRMDYNAMICITEMUPDATE", "5"),
        ("ONCRMDYNAMICITEMDELETE", "6"),
    ]
    listed = api.result("crm.item.list", entityTypeId=1044, select=["id", "title"])["items"]
    assert listed == [{"id": 5, "title": "Акт 5"}, {"id": made, "title": "Новый"}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"entityTypeId": 2, "id": 2, "fields": {"stageId": "NOPE"}},
        {"entityTypeId": 2, "id": 999_999, "fields": {"title": "x"}},
        {"do": "burn", "entityTypeId": 2, "id": 2},
        {"entityTypeId": 2, "id": 2},
    ],
    ids=["stage", "id", "deed", "no fields"],
)
def test_a_bulk_is_all_or_nothing(demo, api, portal, receiver, wrong):
    set_receiver(portal, receiver.url)
    first = {"entityTypeId": 2, "id": 1, "fields": {"title": "Пропало"}}
    assert demo.post("items/bulk", json={"changes": [first, wrong]}).status_code == 400
    assert portal.deliveries.settle(5)
    assert receiver.posts == []
    assert api.result("crm.deal.get", id=1)["TITLE"] == "Сделка 1"
    assert demo.post("items/bulk", json={"changes": [first]}).json() == [1]
