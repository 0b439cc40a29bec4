"""`batch`: order, references, failures, shapes."""

from __future__ import annotations

import pytest


def test_later_commands_use_earlier_results(api):
    body = api.result(
        "batch",
        cmd={
            "deal": "crm.item.get?entityTypeId=2&id=1",
            "client": "crm.company.get?ID=$result[deal][item][companyId]",
            "acts": "crm.item.list?entityTypeId=1044&filter[parentId2]=$result[deal][item][id]&select[]=id",
            "note": "crm.timeline.comment.add?fields[ENTITY_ID]=1&fields[ENTITY_TYPE]=deal&fields[COMMENT]=Акт $result[acts][items][0][id] готов",
            "users": "user.get?ID=2",
            "dep": "user.get?UF_DEPARTMENT=$result[users][0][UF_DEPARTMENT][1]",
        },
    )
    assert body["result_error"] == []
    assert body["result"]["client"]["TITLE"] == "АО «Клиент»"
    assert [one["id"] for one in body["result"]["acts"]["items"]] == [5]
    assert [row["ID"] for row in body["result"]["dep"]] == ["2"]
    assert body["result_total"] == {"acts": 1, "users": 1, "dep": 1}
    assert body["result_next"] == []
    assert set(body["result_time"]) == set(body["result"])
    comments = api.result("crm.timeline.comment.list", filter={"ENTITY_ID": 1, "ENTITY_TYPE": "deal"})
    assert comments[0]["COMMENT"] == "Акт 5 готов"


def test_created_things_can_be_referred_to(api):
    body = api.result(
        "batch",
        cmd={
            "new": "crm.item.add?entityTypeId=1044&fields[title]=A",
            "set": "crm.item.update?entityTypeId=1044&id=$result[new][item][id]&fields[title]=B",
        },
    )
    assert body["result"]["set"]["item"]["title"] == "B"


def test_without_halt_the_rest_goes_on(api):
    body = api.result("batch", halt=0, cmd={"bad": "crm.deal.get?ID=999", "good": "crm.deal.get?ID=1"})
    assert body["result_error"] == {"bad": {"error": "", "error_description": "Not found"}}
    assert set(body["result"]) == {"good"}
    assert set(body["result_time"]) == {"good"}


def test_with_halt_nothing_follows_and_what_was_done_stays(api):
    body = api.result(
        "batch",
        halt=1,
        cmd={
            "a": "crm.deal.update?ID=1&fields[TITLE]=Done",
            "b": "crm.deal.get?ID=999",
            "c": "crm.deal.update?ID=2&fields[TITLE]=Done",
        },
    )
    assert set(body["result_error"]) == {"b"}
    assert set(body["result"]) == {"a"}
    assert api.result("crm.deal.get", ID=1)["TITLE"] == "Done"
    assert api.result("crm.deal.get", ID=2)["TITLE"] == "Сделка 2"


def test_numbered_commands_give_lists(api):
    body = api.result("batch", cmd=["crm.deal.get?ID=x", "crm.deal.get?ID=999999"])
    assert body["result"] == []
    assert body["result_error"] == [
        {"error": "", "error_description": "ID is not defined or invalid."},
        {"error": "", "error_description": "Not found"},
    ]
    body = api.result("batch", cmd=["crm.deal.get?ID=1", "crm.deal.get?ID=2"])
    assert [row["ID"] for row in body["result"]] == ["1", "2"]
    assert body["result_error"] == []


def test_pages_are_reported_by_key(api):
    body = api.result(
        "batch",
        cmd={"first": "crm.deal.list?start=0&select[]=ID", "second": "crm.deal.list?start=50&select[]=ID"},
    )
    assert body["result_total"] == {"first": 60, "second": 60}
    assert body["result_next"] == {"first": 50}


def test_fifty_commands_are_the_most(api):
    body = api.result("batch", cmd={f"c{n}": "server.time" for n in range(52)})
    assert len(body["result"]) == 50
    assert {key: one["error"] for key, one in body["result_error"].items()} == dict.fromkeys(
        ("c50", "c51"), "ERROR_BATCH_LENGTH_EXCEEDED"
    )


@pytest.mark.parametrize("command", ["batch?cmd[a]=server.time", "disk.folder.uploadfile?id=1"])
def test_nested_batches_and_uploads_are_refused(api, command):
    body = api.result("batch", cmd={"x": command})
    assert body["result_error"]["x"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_a_batch_in_a_form_and_in_a_query(api):
    command = "crm.deal.list?filter[ID]=7&select[]=TITLE"
    by_form = api.http.post(api.url + "batch", data={"halt": "0", "cmd[a]": command}).json()
    by_query = api.http.get(api.url + "batch.json", params={"cmd[a]": command}).json()
    for body in (by_form, by_query):
        assert body["result"]["result"]["a"] == [{"ID": "7", "TITLE": "Сделка 7"}]


def test_scopes_are_checked_for_each_command(api, server):
    answer = api.http.post(
        f"{server.url}/rest/2/narrow/batch", json={"cmd": {"a": "disk.storage.getlist", "b": "scope"}}
    ).json()["result"]
    assert answer["result_error"]["a"]["error"] == "insufficient_scope"
    assert answer["result"]["b"] == ["crm", "user_brief"]


def test_values_are_url_decoded_once(api):
    body = api.result("batch", cmd={"a": "crm.deal.add?fields[TITLE]=50%25+%26+%D0%90"})
    assert api.result("crm.deal.get", ID=body["result"]["a"])["TITLE"] == "50% & А"
