"""The vendor's published answers against ours: member names and JSON types, method by method.

The samples live beside the repository and are not part of it; where they are absent these tests are skipped.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from engine.emulator.bizproc import Document, fire_robot
from engine.emulator.placements import open_placement
from tests.emulator.calls import APPLICATION_CALLS, CALLS, ROBOT, World, params_of
from tests.emulator.connected_case import installed
from tests.emulator.shapes import brief, shape_of

SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")

# Members that belong to the sample's own portal: custom fields, relations, features this portal has not.
FOREIGN = re.compile(r"^(UF_CRM_\w+|ufCrm\w*|PROPERTY_\d+|parentId\d+|PARENT_ID_\d+)$")


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def kind(value):
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "list", dict: "map", type(None): "null"}[type(value)]


def compare(theirs, ours, skip=frozenset(), at="result"):
    """Every member of theirs is in ours with the same type; null on either side says nothing about the type."""
    if isinstance(theirs, list) and isinstance(ours, list):
        if theirs and ours:
            compare(theirs[0], ours[0], skip, f"{at}[0]")
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        wanted = {key for key in theirs if not FOREIGN.match(key) and key not in skip}
        assert wanted <= set(ours), f"{at}: absent {sorted(wanted - set(ours))}"
        for key in wanted:
            compare(theirs[key], ours[key], skip, f"{at}.{key}")
        return
    empties = {kind(theirs), kind(ours)}
    # An empty PHP map is an empty list.
    if "null" in empties or (empties == {"list", "map"} and not (theirs and ours)):
        return
    assert kind(theirs) == kind(ours), f"{at}: {theirs!r} against {ours!r}"


@pytest.fixture
def application(api, portal, server):
    return installed(portal, server.url, api.http, "https://app.example/")


@pytest.mark.parametrize(
    ("name", "before", "params", "skip"), APPLICATION_CALLS, ids=[one[0] for one in APPLICATION_CALLS]
)
def test_an_application_is_answered_as_published(application, name, before, params, skip, record_property):
    done = [application.result(method, **given) for method, given in before]
    given = params(done) if callable(params) else params
    body = application.post(name, **given).json()
    record_property("sample", (name, brief(shape_of(given)), brief(shape_of(body.get("result")))))
    compare(sample(name)["response"]["result"], body["result"], frozenset(skip))


def test_a_robot_is_posted_and_answered_as_published(application, portal, receiver, record_property):
    published = sample("handlers/bizproc.robot.handler")
    application.row["handler"] = receiver.url
    portal.store.put("application", application.row["id"], application.row)
    application.result("bizproc.robot.add", **(ROBOT | {"HANDLER": receiver.url}))
    run = fire_robot(portal, "test_robot", Document(2, 57), {"text": "Text"})
    assert set(receiver.posts[0]) == {key for key, _ in parse_qsl(published["form"])}
    for method in ("bizproc.activity.log", "bizproc.event.send"):
        given = {"event_token": run["token"], "log_message": "x", "return_values": {"outputString": "x"}}
        assert application.result(method, **given) is sample(method)["response"]["result"] is True
    record_property(
        "sample", ("handlers/bizproc.robot.handler", "form post", brief(shape_of(receiver.posts[0])))
    )


@pytest.mark.parametrize("code", ["CRM_DEAL_DETAIL_TAB", "LEFT_MENU"])
def test_a_placement_is_opened_as_published(application, portal, receiver, code, record_property):
    published = sample(f"handlers/placement.{code}")
    application.result("placement.bind", PLACEMENT=code, HANDLER=receiver.url)
    opened = open_placement(portal, code, item=57)
    assert set(dict(parse_qsl(urlsplit(opened.url).query))) == set(published["query_string"])
    post = receiver.posts[0]
    assert set(post) == set(published["form_body"])
    options = json.loads(published["form_body"]["PLACEMENT_OPTIONS"])
    assert set(json.loads(post["PLACEMENT_OPTIONS"])) == set(options)
    record_property("sample", (f"handlers/placement.{code}", "form post", brief(shape_of(post))))


@pytest.mark.parametrize("name", ["mail.mailbox.senders", "mail.message.send"])
def test_the_newer_interface_answers_as_published(api, server, name, record_property):
    found = sample(name)
    given = found["request"] | ({"from": "robot@tiny.example"} if name.endswith("send") else {})
    body = api.http.post(f"{server.url}/rest/api/1/demo/{name}", json=given).json()
    record_property("sample", (name, brief(shape_of(given)), brief(shape_of(body["result"]))))
    compare(found["response"]["result"], body["result"])
    refused = api.http.post(
        f"{server.url}/rest/api/1/demo/{name}", json={"pagination": {"limit": "abc"}}
    ).json()
    compare(found["error_example"]["body"], refused)


@pytest.mark.parametrize(("name", "params", "skip"), CALLS, ids=[name for name, _, _ in CALLS])
def test_the_answer_has_the_published_members(api, name, params, skip, record_property):
    found = sample(name)
    given = params_of(World(api), params)
    body = api.call(found.get("method") or "disk.folder.uploadFile", **given)
    record_property("sample", (name, brief(shape_of(given)), brief(shape_of(body["result"]))))
    compare(found["response"]["result"], body["result"], frozenset(skip))
    assert {key for key in found["response"] if key not in ("next", "time")} <= set(body)
    times = set(found["response"].get("time", {})) - {"operating", "operating_reset_at"}
    assert times <= set(body["time"])


def test_activities_read_back(api):
    fields = {
        "OWNER_TYPE_ID": 2,
        "OWNER_ID": 10,
        "TYPE_ID": 2,
        "SUBJECT": "x",
        "COMMUNICATIONS": [{"VALUE": "+49"}],
    }
    number = api.result("crm.activity.add", fields=fields)
    compare(sample("crm.activity.get")["response"]["result"], api.result("crm.activity.get", id=number))
    compare(
        sample("crm.activity.list")["response"]["result"],
        api.result("crm.activity.list", select=["*", "COMMUNICATIONS"]),
    )


def test_comments_read_back(api):
    api.result(
        "crm.timeline.comment.add",
        fields={"ENTITY_ID": 10, "ENTITY_TYPE": "deal", "COMMENT": "x", "FILES": [["1.gif", "R0lG"]]},
    )
    theirs = sample("crm.timeline.comment.list")
    ours = api.result("crm.timeline.comment.list", **theirs["request"])
    compare(theirs["response"]["result"], ours, frozenset({"FILES"}))
    file_keys = set(next(iter(theirs["response"]["result"][0]["FILES"].values()))) - {"image"}
    assert file_keys <= set(next(iter(ours[0]["FILES"].values())))


def test_stage_history_reads_as_published(api):
    api.result("crm.item.update", entityTypeId=2, id=1, fields={"stageId": "C4:WON"})
    theirs = sample("crm.stagehistory.list")["response"]["result"]
    ours = api.result("crm.stagehistory.list", entityTypeId=2, order={"ID": "ASC"})
    compare(theirs, ours)
    assert set(ours["items"][0]) == set(theirs["items"][0])


def test_batch_answers_as_recorded(api):
    found = sample("batch/real.numeric_keys_become_lists")
    assert api.result("batch", **found["request"]) == {**found["response"]["result"], "result_time": []}


@pytest.mark.parametrize(
    ("name", "method", "params"),
    [
        ("crm.deal.get", "crm.item.get", {"entityTypeId": 2, "id": 999}),
    ],
)
def test_a_known_error_looks_like_one(api, name, method, params):
    answer = api.post(method, **params)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}


def test_an_outgoing_post_has_the_published_members(api, portal, receiver):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url)
    api.result("crm.deal.add", fields={"TITLE": "x"})
    assert portal.deliveries.settle(10)
    form = sample("events/generic.ONCRMDEALADD.outgoing_webhook")["form"]
    assert set(receiver.posts[0]) == {key for key, _ in parse_qsl(form)}
