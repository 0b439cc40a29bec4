"""Planned faults of requests and of the commands of batches, felt over HTTP."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import httpx
import pytest

from engine.emulator.faultfile import parse_faults


@pytest.fixture
def plan(portal):
    def use(text):
        found = parse_faults(text)
        portal.use_faults(found)
        return found

    return use


def titled(api, portal, title):
    """How many deals have a title, asked with the faults off."""
    kept, portal.faults = portal.faults, None
    found = api.result("crm.deal.list", filter={"TITLE": title}, select=["ID"])
    portal.faults = kept
    return len(found)


def batch(api, *commands, halt=0):
    cmd = {f"c{n}": f"{method}?{urlencode(query)}" for n, (method, query) in enumerate(commands)}
    return api.result("batch", cmd=cmd, halt=halt)


def rename(number, title):
    return "crm.item.update", {"entityTypeId": 2, "id": number, "fields[title]": title}


def test_a_time_out_after_the_commit_and_one_before(api, portal, plan):
    found = plan("""
calls:
  - {fault: timeout_after_commit, method: crm.deal.add, numbers: [1]}
  - {fault: timeout_before, method: crm.deal.add, numbers: [2]}
""")
    for title in ("дошла", "пропала"):
        with pytest.raises(httpx.RemoteProtocolError):
            api.post("crm.deal.add", fields={"TITLE": title})
    api.result("crm.deal.add", fields={"TITLE": "обычная"})
    assert [titled(api, portal, title) for title in ("дошла", "пропала", "обычная")] == [1, 0, 1]
    assert found.counts() == {"timeout_after_commit": 1, "timeout_before": 1}
    assert [(hit.rule, hit.target, hit.number) for hit in found.hits()] == [
        (1, "crm.deal.add", 1),
        (2, "crm.deal.add", 2),
    ]


def test_a_refused_call_that_times_out_gives_no_answer_either(api, plan):
    plan("calls: [{fault: timeout_after_commit, times: 1}]")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("crm.deal.get", id=999_999)
    assert api.refusal("crm.deal.get", id=999_999) == (400, "", "Not found")


@pytest.mark.parametrize(
    ("kind", "status", "code", "text"),
    [
        ("503", 503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
        ("429", 429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit"),
        ("500", 500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    ],
)
def test_refusals_in_the_published_words_outside_and_inside_a_batch(
    api, portal, plan, kind, status, code, text
):
    own = ", seconds: 0" if kind == "429" else ""
    plan(f"calls: [{{fault: {kind}, method: crm.item.update, numbers: [1, 3]{own}}}]")
    assert api.refusal("crm.item.update", entityTypeId=2, id=1, fields={"title": "x"}) == (status, code, text)
    answer = batch(api, rename(2, "ok"), rename(3, "нет"), rename(4, "ok"))
    assert answer["result_error"] == {"c1": {"error": code, "error_description": text}}
    assert set(answer["result"]) == set(answer["result_time"]) == {"c0", "c2"}
    assert (titled(api, portal, "ok"), titled(api, portal, "нет"), titled(api, portal, "x")) == (2, 0, 0)


def test_halt_stops_at_a_planned_error(api, portal, plan):
    plan("calls: [{fault: 503, method: crm.item.update, numbers: [2]}]")
    answer = batch(api, rename(1, "ok"), rename(2, "ok"), rename(3, "ok"), halt=1)
    assert (list(answer["result"]), list(answer["result_error"])) == (["c0"], ["c1"])
    assert titled(api, portal, "ok") == 1


def test_a_server_error_after_the_commit(api, portal, plan):
    plan("calls: [{fault: 500, method: crm.deal.add, times: 1, commits: true}]")
    assert api.refusal("crm.deal.add", fields={"TITLE": "дошла"})[:2] == (500, "INTERNAL_SERVER_ERROR")
    assert titled(api, portal, "дошла") == 1


@pytest.mark.parametrize(("kind", "done"), [("timeout_before", 1), ("timeout_after_commit", 2)])
def test_a_connection_broken_at_a_command_takes_the_batch_with_it(api, portal, plan, kind, done):
    plan(f"calls: [{{fault: {kind}, method: crm.item.update, numbers: [2], within: batch}}]")
    with pytest.raises(httpx.RemoteProtocolError):
        batch(api, rename(1, "ok"), rename(2, "ok"), rename(3, "ok"))
    assert titled(api, portal, "ok") == done


def test_a_whole_batch_may_fail_before_or_after(api, portal, plan):
    plan("""
calls:
  - {fault: timeout_after_commit, method: batch, numbers: [1]}
  - {fault: 503, method: batch, numbers: [2]}
""")
    with pytest.raises(httpx.RemoteProtocolError):
        batch(api, rename(1, "ok"), rename(2, "ok"))
    assert api.refusal("batch", cmd={"a": "server.time"})[0] == 503
    assert titled(api, portal, "ok") == 2
    assert list(batch(api, rename(3, "ok"))["result"]) == ["c0"]


def test_slow_is_late_and_whole(api, plan):
    plan("calls: [{fault: slow, method: crm.deal.get, times: 1, seconds: 0.2}]")
    begun = time.monotonic()
    assert api.result("crm.deal.get", id=1)["ID"] == "1"
    assert time.monotonic() - begun >= 0.2
    begun = time.monotonic()
    api.result("crm.deal.get", id=1)
    assert time.monotonic() - begun < 0.2


def test_a_spent_method_rests_until_the_time_its_answers_announced(api, plan):
    plan("calls: [{fault: 429, method: crm.item.get, numbers: [2], seconds: 0.6}]")
    good = api.call("crm.item.get", entityTypeId=2, id=1)["time"]
    assert 0.6 <= good["operating_reset_at"] - good["finish"] < 1.7
    refused = api.post("crm.item.get", entityTypeId=2, id=1)
    assert refused.status_code == 429
    told = refused.json()["time"]
    assert 0.6 <= told["operating_reset_at"] - told["finish"] < 1.7
    assert api.refusal("crm.item.get", entityTypeId=2, id=1)[1] == "OPERATION_TIME_LIMIT"
    answer = batch(api, ("crm.item.get", {"entityTypeId": 2, "id": 1}), ("crm.deal.get", {"id": 1}))
    assert answer["result_error"]["c0"]["error"] == "OPERATION_TIME_LIMIT"
    assert set(answer["result"]) == {"c1"}
    time.sleep(told["operating_reset_at"] - told["finish"])
    assert api.result("crm.item.get", entityTypeId=2, id=1)["item"]["id"] == 1


def test_a_rest_is_one_hit_of_its_rule(api, plan):
    found = plan("calls: [{fault: 429, method: crm.item.get, times: 1, seconds: 30}]")
    assert [api.post("crm.item.get", entityTypeId=2, id=1).status_code for _ in range(4)] == [429] * 4
    assert found.counts() == {"429": 1}


def test_named_fields_are_dropped_silently(api, portal, plan):
    plan("calls: [{fault: ignored_fields, method: crm.item.*, fields: [ufCrm12Signed], numbers: [1, 3]}]")
    act = {"entityTypeId": 1044, "id": 5}
    given = {"ufCrm12Signed": "Y", "title": "Иначе"}
    answer = api.result("crm.item.update", **act, fields=given)["item"]
    assert (answer["ufCrm12Signed"], answer["title"]) == ("N", "Иначе")
    # Only calls that give the field are counted.
    api.result("crm.item.update", **act, fields={"title": "Ещё"})
    assert api.result("crm.item.update", **act, fields=given)["item"]["ufCrm12Signed"] == "Y"
    command = ("crm.item.add", {"entityTypeId": 1044, "fields[ufCrm12Signed]": "Y", "fields[title]": "Новый"})
    made = batch(api, command)["result"]["c0"]["item"]
    assert (made["ufCrm12Signed"], made["title"]) == (None, "Новый")


def test_any_field_may_be_dropped_one_at_a_time(api, plan):
    found = plan("seed: 3\ncalls: [{fault: ignored_fields, method: crm.deal.update, probability: 1}]")
    for number in range(1, 13):
        api.result("crm.deal.update", ID=number, FIELDS={"TITLE": "новое", "COMMENTS": "новое"})
    rows = api.result("crm.deal.list", filter={"<=ID": 12}, select=["ID", "TITLE", "COMMENTS"])
    kept = [(row["TITLE"] == "новое", row["COMMENTS"] == "новое") for row in rows]
    assert set(kept) == {(True, False), (False, True)}
    assert found.counts() == {"ignored_fields": 12}


def test_an_update_of_nothing_but_the_dropped_field_changes_nothing(api, portal, plan):
    before = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]
    plan("calls: [{fault: ignored_fields, fields: [ufCrm12Number], times: 1}]")
    answer = api.result("crm.item.update", entityTypeId=1044, id=5, fields={"ufCrm12Number": "7"})
    assert answer["item"] == before


PROBABLE = "seed: {seed}\ncalls: [{{fault: 503, method: crm.deal.*, probability: 0.3}}]"


def statuses(api, count=40):
    return [api.post("crm.deal.get", id=1).status_code for _ in range(count)]


def test_the_same_seed_gives_the_same_faults_and_another_does_not(api, plan):
    runs = []
    for seed in (1, 1, 2):
        plan(PROBABLE.format(seed=seed))
        runs.append(statuses(api))
    first, again, other = runs
    assert first == again != other
    assert 4 <= first.count(503) <= 22


def test_what_another_rule_does_shifts_nothing(api, plan):
    plan(PROBABLE.format(seed=1))
    alone = statuses(api)
    plan("""
seed: 1
calls:
  - {fault: 503, method: crm.deal.*, probability: 0.3}
  - {fault: 500, numbers: [1, 2, 3, 4, 5, 6]}
""")
    both = statuses(api)
    assert 500 in both
    assert [200 if one == 500 else one for one in both] == alone


def test_budgets_end_a_rule(api, plan):
    found = plan("calls: [{fault: 503, method: crm.*, times: 3}, {fault: 500, method: crm.*, times: 1}]")
    assert statuses(api, 6) == [503, 503, 503, 500, 200, 200]
    assert found.counts() == {"503": 3, "500": 1}


def test_numbers_count_the_calls_that_the_pattern_matches(api, plan):
    plan("calls: [{fault: 503, method: crm.deal.get, numbers: [2]}]")
    for _ in range(3):
        api.result("server.time")
    assert statuses(api, 3) == [200, 503, 200]


def test_within_tells_requests_from_commands(api, plan):
    plan("calls: [{fault: 503, method: crm.deal.get, probability: 1, within: request}]")
    assert api.post("crm.deal.get", id=1).status_code == 503
    assert list(batch(api, ("crm.deal.get", {"id": 1}))["result"]) == ["c0"]
    plan("calls: [{fault: 503, method: crm.deal.get, probability: 1, within: batch}]")
    assert api.post("crm.deal.get", id=1).status_code == 200
    assert list(batch(api, ("crm.deal.get", {"id": 1}))["result_error"]) == ["c0"]


def test_a_plan_is_set_read_and_ended_over_http(api, portal):
    demo = api.url.split("/rest/")[0] + "/_demo/faults"
    rules = {"calls": [{"fault": "503", "method": "crm.deal.get", "times": 2}]}
    assert api.http.post(demo, json=rules).json() == {"counts": {"503": 0}, "hits": []}
    assert statuses(api, 1) == [503]
    told = api.http.get(demo).json()
    assert told["counts"] == {"503": 1}
    assert told["hits"] == [{"rule": 1, "kind": "503", "target": "crm.deal.get", "number": 1}]
    assert api.http.post(demo, json={}).json() == {"counts": {}, "hits": []}
    assert statuses(api, 2) == [200, 200]
    wrong = api.http.post(demo, json={"calls": [{"fault": "504", "times": 1}]})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "INVALID_ARG_VALUE")
    assert "504 is none of" in wrong.json()["error_description"]
