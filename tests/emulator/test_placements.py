"""Placements: bound by an application, opened for an employee with the employee's own token."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from engine.emulator.errors import RestError
from engine.emulator.placements import open_placement
from tests.emulator.connected_case import installed

TAB = "CRM_DEAL_DETAIL_TAB"


@pytest.fixture
def application(api, portal, server, receiver):
    return installed(portal, server.url, api.http, receiver.url, title="Регламент")


def test_a_tab_is_bound_listed_and_unbound(application, receiver):
    words = {"ru": {"TITLE": "Акты"}}
    assert (
        application.result(
            "placement.bind", PLACEMENT=TAB, HANDLER=receiver.url, TITLE="Acts", LANG_ALL=words
        )
        is True
    )
    (row,) = application.result("placement.get")
    assert row == {
        "placement": TAB, "userId": 0, "handler": receiver.url, "options": [], "title": "Acts", "description": "",
        "langAll": {"ru": {"TITLE": "Акты", "DESCRIPTION": "", "GROUP_NAME": ""}},
    }  # fmt: skip
    assert application.result("placement.unbind", PLACEMENT=TAB, HANDLER="https://x.example") == {"count": 0}
    assert application.result("placement.unbind", PLACEMENT=TAB) == {"count": 2}
    assert application.result("placement.get") == []


def test_the_frame_gets_what_the_portal_sends(portal, application, receiver):
    application.result("placement.bind", PLACEMENT=TAB, HANDLER=f"{receiver.url}?x=1")
    opened = open_placement(portal, TAB, item=7, user=2)
    query = dict(parse_qsl(urlsplit(opened.url).query))
    assert query | {"APP_SID": ""} == {
        "x": "1", "DOMAIN": urlsplit(portal.base_url).netloc, "PROTOCOL": "0", "LANG": "ru", "APP_SID": "",
    }  # fmt: skip
    post = receiver.posts[0]
    assert (post["PLACEMENT"], post["AUTH_EXPIRES"], post["status"]) == (TAB, "3600", "L")
    assert post["APPLICATION_TOKEN"] == application.row["application_token"]
    assert set(post["APPLICATION_SCOPE"].split(",")) >= {"crm", "placement"}
    options = json.loads(post["PLACEMENT_OPTIONS"])
    assert options["ID"] == "7"
    assert options["URI"].startswith("/crm/deal/details/7/")
    answer = application.http.post(f"{application.url}/rest/profile", json={"auth": post["AUTH_ID"]})
    assert answer.json()["result"]["ID"] == "2"
    assert (opened.status, opened.may_be_framed) == (200, True)


def test_other_places(portal, application, receiver):
    for code in ("LEFT_MENU", "CRM_DYNAMIC_1044_DETAIL_TAB", "CRM_SMART_INVOICE_DETAIL_TAB"):
        assert application.result("placement.bind", PLACEMENT=code, HANDLER=receiver.url) is True
    open_placement(portal, "LEFT_MENU")
    open_placement(portal, "CRM_DYNAMIC_1044_DETAIL_TAB", item=5)
    menu, tab = (json.loads(post["PLACEMENT_OPTIONS"]) for post in receiver.posts)
    assert set(menu) == {"URI"}
    assert tab["URI"].startswith("/crm/type/1044/details/5/")
    with pytest.raises(RestError, match="NOT_FOUND"):
        open_placement(portal, "CRM_DYNAMIC_1044_DETAIL_TAB", item=99)
    with pytest.raises(RestError, match="ERROR_PLACEMENT_NOT_FOUND"):
        open_placement(portal, TAB, item=1)


def test_a_page_is_invisible_until_its_application_is_installed(api, portal, server, receiver):
    from engine.emulator.applications import finish_installation

    application = installed(portal, server.url, api.http, receiver.url, has_pages=True)
    application.result("placement.bind", PLACEMENT=TAB, HANDLER=receiver.url)
    with pytest.raises(RestError, match="ERROR_PLACEMENT_NOT_FOUND"):
        open_placement(portal, TAB, item=1)
    finish_installation(portal, application.row["id"])
    assert open_placement(portal, TAB, item=1).status == 200


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"HANDLER": "https://x.example"}, 200, "ERROR_ARGUMENT"),
        ({"PLACEMENT": TAB}, 200, "ERROR_ARGUMENT"),
        (
            {"PLACEMENT": "CRM_DYNAMIC_999_DETAIL_TAB", "HANDLER": "https://x.example"},
            400,
            "ERROR_PLACEMENT_NOT_FOUND",
        ),
        ({"PLACEMENT": TAB, "HANDLER": "https://x.example", "USER_ID": 2}, 200, "ERROR_PLACEMENT_USER_MODE"),
        ({"PLACEMENT": TAB, "HANDLER": "ftp://x.example"}, 400, "ERROR_UNSUPPORTED_PROTOCOL"),
    ],
)
def test_what_cannot_be_bound(application, given, status, code):
    answer = application.post("placement.bind", **given)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    if code == "ERROR_ARGUMENT":
        assert answer.json()["argument"] in ("PLACEMENT", "HANDLER")
    assert application.result("placement.get") == []


def test_a_worker_is_bound_once(application):
    worker = {"PLACEMENT": "PAGE_BACKGROUND_WORKER", "HANDLER": "https://x.example"}
    assert application.post("placement.bind", **worker).json()["argument"] == "errorHandlerUrl"
    worker["OPTIONS"] = {"errorHandlerUrl": "https://x.example/e"}
    assert application.result("placement.bind", **worker) is True
    again = application.post("placement.bind", **(worker | {"HANDLER": "https://y.example"}))
    assert (again.status_code, again.json()["error"]) == (200, "ERROR_PLACEMENT_MAX_COUNT")


def test_webhooks_and_employees_bind_nothing(api, application):
    given = {"PLACEMENT": TAB, "HANDLER": "https://x.example"}
    assert api.refusal("placement.bind", **given)[:2] == (403, "WRONG_AUTH_TYPE")
    assert replace(application, user=2).refusal("placement.bind", **given)[1] == "ACCESS_DENIED"


def test_opening_over_http(api, server, application, receiver):
    application.result("placement.bind", PLACEMENT=TAB, HANDLER=receiver.url)
    body = {"placement": TAB, "item": 7, "user": 2}
    opened = api.http.post(f"{server.url}/_demo/placements/open", json=body).json()
    assert (opened["status"], opened["may_be_framed"]) == (200, True)
    assert api.http.get(f"{server.url}/_demo/placements").json()[0]["placement"] == TAB
    assert TAB in application.result("placement.list")
