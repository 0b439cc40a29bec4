"""Outgoing events, delivered to a real listener."""

from __future__ import annotations

import pytest

from engine.emulator.demo import set_receiver

AUTH = {
    "auth[domain]",
    "auth[client_endpoint]",
    "auth[server_endpoint]",
    "auth[member_id]",
    "auth[application_token]",
}


@pytest.fixture
def heard(portal, receiver):
    set_receiver(portal, receiver.url)

    def settled():
        assert portal.deliveries.settle(10)
        return [(post["event"], post.get("data[FIELDS][ID]")) for post in receiver.posts]

    return settled


def test_the_post_is_a_form_with_identifiers_only(api, heard, receiver):
    api.result("crm.deal.update", id=1, fields={"TITLE": "Иначе"})
    heard()
    (post,) = receiver.posts
    assert set(post) == {"event", "event_handler_id", "data[FIELDS][ID]", "ts"} | AUTH
    assert (post["event"], post["event_handler_id"], post["data[FIELDS][ID]"]) == (
        "ONCRMDEALUPDATE",
        "7",
        "1",
    )
    assert post["auth[application_token]"] == "t0ken"
    assert post["auth[domain]"] == "tiny.example"
    assert post["auth[client_endpoint]"] == "https://tiny.example/rest/"
    assert len(post["auth[member_id]"]) == 32
    assert 0 <= int(post["ts"]) - 1773640800 < 60
    assert receiver.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


def test_smart_processes_name_their_type(api, heard, receiver):
    made = api.result("crm.item.add", entityTypeId=1044, fields={})["item"]["id"]
    api.result("crm.item.update", entityTypeId=31, id=9, fields={"title": "y"})
    api.result("crm.item.delete", entityTypeId=1044, id=made)
    assert heard() == [
        ("ONCRMDYNAMICITEMADD", str(made)),
        ("ONCRMDYNAMICITEMUPDATE", "9"),
        ("ONCRMDYNAMICITEMDELETE", str(made)),
    ]
    assert [post["data[FIELDS][ENTITY_TYPE_ID]"] for post in receiver.posts] == ["1044", "31", "1044"]


def test_a_person_raises_the_same_events_in_order(person, heard):
    for number in range(1, 21):
        person.move(2, number, "C4:UC_DOCS")
    assert heard() == [("ONCRMDEALUPDATE", str(number)) for number in range(1, 21)]


def test_nothing_changed_raises_nothing_in_the_universal_method_only(api, heard):
    api.result("crm.item.update", entityTypeId=2, id=1, fields={"title": "Сделка 1"})
    assert heard() == []
    api.result("crm.deal.update", id=1, fields={"TITLE": "Сделка 1"})
    assert heard() == [("ONCRMDEALUPDATE", "1")]


def test_another_funnel_raises_no_update_that_a_webhook_could_get(api, heard):
    api.result("crm.item.update", entityTypeId=2, id=1, fields={"categoryId": 0})
    assert heard() == []


def test_a_refused_call_raises_nothing(api, heard):
    api.refusal("crm.item.update", entityTypeId=2, id=1, fields={"title": "z", "stageId": "NOPE"})
    assert heard() == []
    assert api.result("crm.deal.get", id=1)["TITLE"] == "Сделка 1"


def test_comments_come_without_fields(api, heard, receiver):
    number = api.result(
        "crm.timeline.comment.add", fields={"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x"}
    )
    heard()
    assert receiver.posts[0]["data[ID]"] == str(number)


def test_rows_of_goods_change_their_owner(api, heard):
    api.result(
        "crm.item.productrow.set",
        ownerType="D",
        ownerId=1,
        productRows=[{"productName": "a", "price": 5, "quantity": 2}],
    )
    assert heard() == [("ONCRMDEALUPDATE", "1")]


def test_a_failed_delivery_is_logged_and_never_repeated(api, portal, receiver):
    set_receiver(portal, receiver.url)
    receiver.status = 500
    api.result("crm.deal.update", id=1, fields={"TITLE": "a"})
    assert portal.deliveries.settle(10)
    set_receiver(portal, "http://127.0.0.1:9/nobody")
    api.result("crm.deal.update", id=1, fields={"TITLE": "b"})
    assert portal.deliveries.settle(10)
    refused, lost = portal.store.rows("delivery")
    assert (refused["status"], refused["error"]) == (500, "")
    assert lost["status"] == 0
    assert "ConnectError" in str(lost["error"])
    assert len(receiver.posts) == 1


def test_the_list_of_events(api):
    names = api.result("events")
    assert {
        "ONCRMDEALUPDATE",
        "ONCRMDYNAMICITEMUPDATE",
        "ONCRMDYNAMICITEMUPDATE_1044",
        "ONLIVEFEEDPOSTADD",
    } <= set(names)
    assert not [name for name in names if "DISK" in name]
