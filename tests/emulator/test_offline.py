"""The queue of offline events: nothing lost, nothing twice, nothing of one's own making."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.person import Person
from tests.emulator.application_case import Application, connect


@pytest.fixture
def application(portal, server) -> Application:
    found = connect(portal, server.url)
    for name in ("ONCRMDEALADD", "ONCRMDEALUPDATE"):
        assert found.result("event.bind", event=name, event_type="offline") is True
    return found


@pytest.fixture
def anna(portal):
    return Person(portal, 2)


def names(answer):
    return [(one["EVENT_NAME"], one["EVENT_DATA"]["FIELDS"]["ID"]) for one in answer["events"]]


def test_an_offline_handler_is_listed_without_an_address(application):
    assert application.result("event.get")[0] == {"event": "ONCRMDEALADD", "connector_id": None, "offline": 1}
    assert application.result("event.unbind", event="ONCRMDEALADD", event_type="offline") == {"count": 1}


def test_one_entry_for_an_object_and_an_event_with_the_latest_time(portal, application, anna):
    anna.update(2, 1, {"title": "раз"})
    (first,) = application.result("event.offline.list")
    portal.clock.advance(timedelta(minutes=5))
    anna.update(2, 1, {"title": "два"})
    anna.update(2, 2, {"title": "другая"})
    found = application.result("event.offline.list")
    assert [one["EVENT_DATA"] for one in found] == [{"FIELDS": {"ID": 1}}, {"FIELDS": {"ID": 2}}]
    assert found[0]["ID"] == first["ID"]
    assert found[0]["TIMESTAMP_X"] > first["TIMESTAMP_X"]
    assert set(found[0]) == {
        "ID", "TIMESTAMP_X", "EVENT_NAME", "EVENT_DATA", "EVENT_ADDITIONAL", "MESSAGE_ID", "PROCESS_ID", "ERROR",
    }  # fmt: skip


def test_taken_entries_are_gone_by_default(application, anna):
    anna.update(2, 1, {"title": "x"})
    anna.add(2, {"title": "y"})
    taken = application.result("event.offline.get")
    assert taken["process_id"] is None
    assert [name for name, _ in names(taken)] == ["ONCRMDEALUPDATE", "ONCRMDEALADD"]
    assert application.result("event.offline.get")["events"] == []


def test_reserved_entries_are_hidden_until_cleared(application, anna):
    for number in (1, 2, 3):
        anna.update(2, number, {"title": "x"})
    first = application.result("event.offline.get", clear=0, limit=2)
    second = application.result("event.offline.get", clear=0)
    assert (names(first), names(second)) == (
        [("ONCRMDEALUPDATE", 1), ("ONCRMDEALUPDATE", 2)],
        [("ONCRMDEALUPDATE", 3)],
    )
    assert first["process_id"] != second["process_id"]
    # Whoever died in between finds its own again.
    assert application.result("event.offline.get", clear=0, process_id=first["process_id"]) == first
    ids = [first["events"][0]["ID"]]
    assert application.result("event.offline.clear", process_id=first["process_id"], id=ids) is True
    left = application.result("event.offline.list")
    assert [one["EVENT_DATA"]["FIELDS"]["ID"] for one in left] == [2, 3]
    message = [first["events"][1]["MESSAGE_ID"]]
    assert (
        application.result("event.offline.clear", process_id=first["process_id"], message_id=message) is True
    )
    assert application.result("event.offline.clear", process_id=second["process_id"]) is True
    assert application.result("event.offline.list") == []


def test_parallel_takers_get_different_entries(application, anna):
    for number in range(1, 41):
        anna.update(2, number, {"title": "x"})
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: application.result("event.offline.get", clear=0, limit=5), range(8)))
    ids = [one["ID"] for answer in taken for one in answer["events"]]
    assert len(ids) == len(set(ids)) == 40
    assert len({answer["process_id"] for answer in taken}) == 8


def test_a_change_of_a_reserved_object_is_a_new_entry(application, anna):
    anna.update(2, 1, {"title": "x"})
    first = application.result("event.offline.get", clear=0)
    anna.update(2, 1, {"title": "y"})
    application.result("event.offline.clear", process_id=first["process_id"])
    assert names(application.result("event.offline.get")) == [("ONCRMDEALUPDATE", 1)]


def test_a_reservation_nobody_cleared_ends_after_thirty_days(portal, application, anna, server):
    anna.update(2, 1, {"title": "x"})
    application.result("event.offline.get", clear=0)
    portal.clock.advance(timedelta(days=31))
    later = connect_again(portal, server)
    assert len(later.result("event.offline.get", clear=0)["events"]) == 1


def connect_again(portal, server):
    from tests.emulator.application_case import sign_in

    return sign_in(server.url)


def test_failed_entries_stay_and_are_given_out_on_request_only(application, anna):
    anna.update(2, 1, {"title": "x"})
    taken = application.result("event.offline.get", clear=0)
    message = [taken["events"][0]["MESSAGE_ID"]]
    assert (
        application.result("event.offline.error", process_id=taken["process_id"], message_id=message) is True
    )
    again = application.result("event.offline.get", clear=0, process_id=taken["process_id"])
    assert again["events"] == []
    assert application.result("event.offline.list", filter={"ERROR": 1})[0]["ERROR"] == "1"
    asked = application.result("event.offline.get", clear=0, process_id=taken["process_id"], error=1)
    assert names(asked) == [("ONCRMDEALUPDATE", 1)]


def test_filter_and_order(application, anna):
    for number in (1, 2, 3):
        anna.update(2, number, {"title": "x"})
    ids = [one["ID"] for one in application.result("event.offline.list", order={"ID": "DESC"})]
    assert ids == sorted(ids, key=int, reverse=True)
    found = application.result("event.offline.get", filter={">=ID": ids[1], "=EVENT_NAME": "ONCRMDEALUPDATE"})
    assert [one["ID"] for one in found["events"]] == [ids[1], ids[0]]


def test_a_connectors_own_changes_stay_out_of_its_queue_and_of_no_other(application, anna, receiver, portal):
    application.result("event.bind", event="ONCRMDEALUPDATE", event_type="offline", auth_connector="mine")
    application.result("event.bind", event="ONCRMDEALUPDATE", handler=receiver.url)
    application.result("crm.deal.update", id=1, fields={"TITLE": "мы"}, auth_connector="mine")
    assert application.result("event.offline.get", auth_connector="mine")["events"] == []
    assert names(application.result("event.offline.get")) == [("ONCRMDEALUPDATE", 1)]
    # Online events know no connector.
    assert portal.deliveries.settle(10)
    assert [post["event"] for post in receiver.posts] == ["ONCRMDEALUPDATE"]
    anna.update(2, 1, {"title": "она"})
    assert names(application.result("event.offline.get", auth_connector="mine")) == [("ONCRMDEALUPDATE", 1)]


def test_a_plan_without_connectors_and_reservations(application, server):
    application.result("event.bind", event="ONCRMDEALUPDATE", event_type="offline", auth_connector="mine")
    given = {"rest_offline_extended": False, "rest_auth_connector": False}
    httpx.post(f"{server.url}/_demo/condition", json=given)
    application.result("crm.deal.update", id=1, fields={"TITLE": "мы"}, auth_connector="mine")
    assert application.refusal("event.offline.get", clear=0)[:2] == (403, "ACCESS_DENIED")
    assert len(application.result("event.offline.get", auth_connector="mine")["events"]) == 1


def test_a_ping_says_that_there_is_something_at_most_once_in_its_pause(
    application, anna, receiver, portal, server
):
    application.result("event.bind", event="ONOFFLINEEVENT", handler=receiver.url, options={"minTimeout": 1})
    begun = time.monotonic()
    for number in range(1, 6):
        anna.update(2, number, {"title": "x"})
    assert portal.deliveries.settle(10)
    assert time.monotonic() - begun >= 1.0
    assert [post["event"] for post in receiver.posts] == ["ONOFFLINEEVENT"] * 2
    post = receiver.posts[0]
    assert not [name for name in post if name.startswith("data")]
    assert Application(server.url, post["auth[access_token]"]).result("profile")["ID"] == "1"
    assert "auth[refresh_token]" in post
    assert len(application.result("event.offline.get")["events"]) == 5


def test_a_change_that_failed_leaves_no_entry(application, portal):
    refused = application.refusal("crm.deal.update", id=1, fields={"TITLE": "x", "STAGE_ID": "NOPE"})
    assert refused[0] == 400
    assert application.result("event.offline.list") == []


def test_entries_outlive_a_restart(tmp_path, company):
    from engine.emulator.applications import install
    from engine.emulator.subscriptions import bind
    from tests.emulator.application_case import registration

    state = tmp_path / "portal.db"
    with open_portal(state, company) as portal:
        row = install(portal, registration(), is_quiet=True)
        wanted = {"event": "ONCRMDEALUPDATE", "handler": "", "user": 0, "offline": True, "connector": ""}
        bind(portal, row["id"], wanted | {"minTimeout": 1})
        Person(portal, 2).update(2, 1, {"title": "x"})
    with open_portal(state, company) as portal:
        assert [row["payload"] for row in portal.store.rows("offlineevent")] == [{"FIELDS": {"ID": 1}}]
