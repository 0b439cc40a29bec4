"""Robots: added by an application, fired on an item, answered once; and what else automation may be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.emulator.bizproc import Document, fire_robot, read_document
from tests.emulator.connected_case import installed

ROBOT = {
    "CODE": "act_signed",
    "USE_SUBSCRIPTION": "Y",
    "NAME": {"ru": "Акт подписан"},
    "PROPERTIES": {
        "rule": {"Name": "Rule", "Type": "select", "Options": {"a": "A", "b": "B"}, "Default": "a"},
        "text": {"Name": "Text", "Type": "text"},
    },
    "RETURN_PROPERTIES": {"ok": {"Name": "OK", "Type": "bool"}},
    "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"],
}


@pytest.fixture
def application(api, portal, server, receiver):
    return installed(portal, server.url, api.http, receiver.url)


@pytest.fixture
def robot(application, receiver):
    assert application.result("bizproc.robot.add", **ROBOT, HANDLER=receiver.url) is True
    return ROBOT | {"HANDLER": receiver.url}


def test_a_robot_is_posted_what_clients_read(portal, application, robot, receiver):
    run = fire_robot(portal, "act_signed", Document(2, 57), {"text": "Привет"})
    assert (run["state"], run["status"]) == ("waiting", 200)
    post = receiver.posts[0]
    assert post["code"] == "act_signed"
    assert [post[f"document_id[{n}]"] for n in range(3)] == ["crm", "CCrmDocumentDeal", "DEAL_57"]
    assert [post[f"document_type[{n}]"] for n in range(3)] == ["crm", "CCrmDocumentDeal", "DEAL"]
    assert (post["properties[rule]"], post["properties[text]"]) == ("a", "Привет")
    assert (post["event_token"], post["use_subscription"]) == (run["token"], "Y")
    assert post["auth[application_token]"] == application.row["application_token"]
    answer = application.http.post(
        f"{application.url}/rest/profile", json={"auth": post["auth[access_token]"]}
    )
    assert answer.json()["result"]["ID"] == "1"
    assert {
        "auth[refresh_token]",
        "auth[member_id]",
        "auth[domain]",
        "auth[scope]",
        "workflow_id",
        "ts",
    } <= set(post)


def test_an_answer_is_taken_once(portal, application, robot):
    token = fire_robot(portal, "act_signed", Document(2, 57))["token"]
    assert application.result("bizproc.activity.log", event_token=token, log_message="Жду") is True
    given = {"return_values": {"ok": "Y", "other": "x"}, "log_message": "Готово"}
    assert application.result("bizproc.event.send", event_token=token, **given) is True
    (run,) = portal.store.rows("robotrun")
    assert (run["state"], run["values"], run["log"]) == ("done", {"ok": "Y"}, ["Жду", "Готово"])
    for method, more in (("bizproc.event.send", given), ("bizproc.activity.log", {"log_message": "x"})):
        assert application.refusal(method, event_token=token, **more) == (
            403,
            "ACCESS_DENIED",
            "Access denied!",
        )
    assert application.refusal("bizproc.event.send", event_token="made up", **given)[0] == 403


def test_names_of_parameters_may_be_upper_case(portal, application, robot):
    token = fire_robot(portal, "act_signed", Document(2, 57))["token"]
    assert application.result("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={"ok": "N"}) is True
    assert portal.store.rows("robotrun")[0]["values"] == {"ok": "N"}


def test_only_an_explicit_no_does_not_wait(portal, application, receiver):
    for code, wish, state in (("a", "N", "done"), ("b", "", "waiting")):
        given = ROBOT | {"CODE": code, "USE_SUBSCRIPTION": wish, "HANDLER": receiver.url}
        application.result("bizproc.robot.add", **given)
        assert fire_robot(portal, code, Document(2, 1))["state"] == state


def test_a_handler_that_fails_loses_the_run(portal, application, robot, receiver):
    receiver.status = 500
    run = fire_robot(portal, "act_signed", Document(2, 57))
    assert (run["state"], run["status"]) == ("failed", 500)
    assert application.refusal("bizproc.event.send", event_token=run["token"])[0] == 403


def test_robots_are_listed_changed_and_deleted_by_their_application(
    api, portal, server, application, robot, receiver
):
    assert application.result("bizproc.robot.list") == ["act_signed"]
    other = installed(portal, server.url, api.http, "http://other.example/app")
    assert other.result("bizproc.robot.list") == []
    assert other.refusal("bizproc.robot.delete", CODE="act_signed")[1] == "ERROR_ACTIVITY_NOT_FOUND"
    assert application.refusal("bizproc.robot.add", **robot)[1] == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    assert application.result("bizproc.robot.update", CODE="act_signed", FIELDS={"NAME": "Другое"}) is True
    assert application.result("bizproc.robot.delete", CODE="act_signed") is True
    assert application.refusal("bizproc.robot.delete", CODE="act_signed")[1] == "ERROR_ACTIVITY_NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CODE": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"CODE": "акт"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"NAME": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"PROPERTIES": {"x": {"Name": "X", "Type": "poem"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"PROPERTIES": {"1x": {"Name": "X"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"PROPERTIES": {"x": {"Type": "text"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"HANDLER": "ftp://127.0.0.1/robot"}, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"AUTH_USER_ID": 99}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"HANDLER": "http://elsewhere.example/robot"}, "ERROR_WRONG_HANDLER_URL"),
        ({"HANDLER": "robot"}, "ERROR_WRONG_HANDLER_URL"),
    ],
)
def test_a_robot_that_cannot_be(application, receiver, change, code):
    status, found, _ = application.refusal(
        "bizproc.robot.add", **(ROBOT | {"HANDLER": receiver.url} | change)
    )
    assert (status, found) == (400, code)


def test_webhooks_and_employees_add_no_robots(api, application, receiver):
    given = ROBOT | {"HANDLER": receiver.url}
    assert api.post("bizproc.robot.add", **given).json()["error"] in ("ACCESS_DENIED", "WRONG_AUTH_TYPE")
    assert replace(application, user=2).refusal("bizproc.robot.add", **given)[1] == "ACCESS_DENIED"


def test_policies_of_robots(portal, application, robot, receiver):
    portal.set_policies(robot_payload="sparse", robot_same_code="replace")
    assert application.result("bizproc.robot.add", **robot) is True
    fire_robot(portal, "act_signed", Document(2, 57))
    post = receiver.posts[0]
    assert "auth[access_token]" in post
    assert not {"workflow_id", "timeout_duration", "use_subscription", "auth[refresh_token]"} & set(post)


def test_firing_over_http(api, portal, server, application, robot, receiver):
    body = {"code": "act_signed", "entityTypeId": 1044, "id": 5, "properties": {"rule": "b"}}
    run = api.http.post(f"{server.url}/_demo/robots/fire", json=body).json()
    assert (run["document"][2], receiver.posts[0]["properties[rule]"]) == ("DYNAMIC_1044_5", "b")
    (seen,) = api.http.get(f"{server.url}/_demo/robots").json()
    assert seen["token"] == run["token"]
    missing = api.http.post(f"{server.url}/_demo/robots/fire", json=body | {"id": 999})
    assert missing.json()["error"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (["crm", "CCrmDocumentDeal", "DEAL_57"], Document(2, 57)),
        ("DYNAMIC_147_1", Document(147, 1)),
        ("SMART_INVOICE_3", Document(31, 3)),
        (["crm", "CCrmDocumentLead", "DEAL_57"], None),
        (["lists", "x", "777"], None),
        ("DEAL_", None),
    ],
)
def test_document_ids(raw, found):
    assert read_document(raw) == found


def test_workflows(api, server, application):
    body = {"NAME": "Согласование", "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"]}
    template = api.http.post(f"{server.url}/_demo/workflows/template", json=body).json()
    (row,) = api.result("bizproc.workflow.template.list", select=["ID", "NAME"])
    assert row == {"ID": str(template), "NAME": "Согласование"}
    deal = ["crm", "CCrmDocumentDeal", "DEAL_1"]
    started = api.result(
        "bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=deal, PARAMETERS={"p": "user_1"}
    )
    (instance,) = api.result("bizproc.workflow.instances")
    assert (instance["ID"], instance["DOCUMENT_ID"]) == (started, "DEAL_1")
    for change in (
        {"TEMPLATE_ID": 99},
        {"DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_999"]},
        {"DOCUMENT_ID": []},
    ):
        given = {"TEMPLATE_ID": template, "DOCUMENT_ID": deal} | change
        assert api.refusal("bizproc.workflow.start", **given)[1] == "ERROR_WRONG_WORKFLOW_ID"
    assert api.result("bizproc.workflow.terminate", ID=started) is True
    assert api.result("bizproc.workflow.instances") == []


def test_triggers(api, server, application):
    assert api.result("crm.automation.trigger", target="DEAL_57", code="c5u4m") is True
    assert api.refusal("crm.automation.trigger", code="x") == (400, "", "Target is not set.")
    assert application.result("crm.automation.trigger.add", CODE="signed", NAME="Подписан") is True
    assert application.result("crm.automation.trigger.list") == [{"NAME": "Подписан", "CODE": "signed"}]
    fired = {"CODE": "signed", "OWNER_TYPE_ID": 2, "OWNER_ID": 6}
    assert application.result("crm.automation.trigger.execute", **fired) is True
    assert (
        application.refusal("crm.automation.trigger.execute", CODE="signed")[2]
        == "Incorrect parameter OWNER_TYPE_ID."
    )
    seen = api.http.get(f"{server.url}/_demo/triggers").json()
    assert [(row["CODE"], row["OWNER_ID"]) for row in seen] == [("c5u4m", 57), ("signed", 6)]
    assert application.result("crm.automation.trigger.delete", CODE="signed") is True
