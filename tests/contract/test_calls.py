"""How calls travel: envelopes, refusals, batches and their references."""

from __future__ import annotations

from tests.contract.contract_case import DEAL

ABSENT = 999_999_999


def test_an_answer_says_when_it_was_made(portal):
    body = portal.call("server.time")
    assert {"start", "finish", "duration", "date_start", "date_finish"} <= set(body["time"])
    assert body["result"][10] == "T"


def test_the_owner_and_the_scopes_are_told(portal):
    assert str(portal.result("profile")["ID"]).isdecimal()
    assert {"crm", "disk"} <= set(portal.result("scope"))


def test_names_of_methods_do_not_mind_case(portal):
    assert portal.result("Server.Time")
    assert portal.result("DISK.storage.getList") == portal.result("disk.storage.getlist")


def test_a_method_may_end_in_json(portal):
    assert portal.result("server.time.json")


def test_refusals(portal):
    assert portal.refusal("crm.no.such.method") == (404, "ERROR_METHOD_NOT_FOUND")
    assert portal.refusal("crm.item.get", entityTypeId=DEAL, id=ABSENT) == (400, "NOT_FOUND")
    assert portal.refusal("crm.deal.get", id=ABSENT) == (400, "")
    status, code = portal.refusal("crm.item.list")
    assert (status, str(code)) == (400, "100")
    assert portal.refusal("disk.file.get", id=ABSENT) == (400, "ERROR_NOT_FOUND")


def test_a_wrong_key_is_no_authorisation(portal):
    answer = portal.http.post(portal.webhook.rstrip("/")[:-3] + "000/server.time", json={})
    assert (answer.status_code, answer.json()["error"]) in [
        (401, "NO_AUTH_FOUND"),
        (401, "INVALID_CREDENTIALS"),
    ]


def test_a_batch_keeps_answers_and_refusals_apart(portal):
    found = portal.batch(
        clock=("server.time", {}),
        absent=("crm.item.get", {"entityTypeId": DEAL, "id": ABSENT}),
        after=("profile", {}),
    )
    assert set(found["result"]) == {"clock", "after"}
    assert found["result_error"]["absent"]["error"] == "NOT_FOUND"
    assert set(found["result_time"]) == {"clock", "after"}


def test_a_halting_batch_stops_at_the_first_refusal(portal):
    found = portal.batch(1, absent=("crm.deal.get", {"id": ABSENT}), after=("profile", {}))
    assert "after" not in dict(found["result"] or {})
    assert set(found["result_error"]) == {"absent"}


def test_without_refusals_the_map_of_them_is_a_list(portal):
    found = portal.batch(clock=("server.time", {}))
    assert found["result_error"] == []
    assert found["result_total"] == []


def test_commands_take_up_earlier_answers(portal):
    found = portal.batch(
        add=("crm.item.add", {"entityTypeId": DEAL, "fields": {"title": portal.marker}}),
        get=("crm.item.get", {"entityTypeId": DEAL, "id": "$result[add][item][id]"}),
        remove=("crm.item.delete", {"entityTypeId": DEAL, "id": "$result[add][item][id]"}),
    )
    if "remove" not in found["result"]:
        portal.remember("crm.item.delete", entityTypeId=DEAL, id=found["result"]["add"]["item"]["id"])
    assert found["result_error"] == []
    assert found["result"]["get"]["item"]["title"] == portal.marker
    assert found["result"]["get"]["item"]["id"] == found["result"]["add"]["item"]["id"]
    assert found["result"]["remove"] == []
