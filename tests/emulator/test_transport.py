"""How a call travels: paths, bodies, envelopes, refusals."""

from __future__ import annotations

import httpx
import pytest

from engine.emulator import Portal
from engine.emulator.php import flatten, parse_query, printable
from engine.emulator.serve import PortalServer
from tests.emulator.conftest import SCOPES


@pytest.mark.parametrize(
    "name", ["crm.deal.get", "crm.deal.Get.json", "CRM.DEAL.GET.JSON", "crm.deal.get/", "crm.deal.get.json/"]
)
def test_a_method_is_found_in_any_spelling(api, name):
    assert api.result(name, ID=1)["TITLE"] == "Сделка 1"


@pytest.mark.parametrize("key", ["ID", "id", "Id"])
def test_the_old_methods_take_parameters_in_any_case(api, key):
    assert api.result("crm.deal.get", **{key: 2})["ID"] == "2"


def test_get_form_multipart_and_json_say_the_same(api):
    query = {"filter[@ID][0]": "3", "filter[@ID][1]": "4", "select[]": "ID", "order[ID]": "DESC"}
    wanted = api.result("crm.deal.list", filter={"@ID": [3, 4]}, select=["ID"], order={"ID": "DESC"})
    assert wanted == [{"ID": "4"}, {"ID": "3"}]
    url = api.url + "crm.deal.list"
    parts = {key: (None, value) for key, value in query.items()}
    for answer in (
        api.http.get(url, params=query),
        api.http.post(url, data=query),
        api.http.post(url, files=parts),
    ):
        assert answer.json()["result"] == wanted


def test_an_answer_has_json_type_and_time(api):
    answer = api.post("server.time")
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert body["result"] == "2026-03-16T09:00:00+03:00"
    assert set(body["time"]) == {
        "start",
        "finish",
        "duration",
        "processing",
        "date_start",
        "date_finish",
        "operating_reset_at",
        "operating",
    }
    assert "total" not in body
    assert "next" not in body


def test_a_wrong_webhook_is_401(server: PortalServer):
    answer = httpx.post(f"{server.url}/rest/1/wrong/profile", json={})
    assert (answer.status_code, answer.json()) == (
        401,
        {"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"},
    )
    assert httpx.get(f"{server.url}/rest/profile.json?auth=x").status_code == 401


def test_the_webhook_of_a_dismissed_user_is_refused(server: PortalServer):
    assert httpx.post(f"{server.url}/rest/3/gone/profile").json()["error"] == "user_access_error"


def test_a_scope_not_ticked_is_403(server: PortalServer):
    answer = httpx.post(f"{server.url}/rest/2/narrow/disk.storage.getlist", json={})
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_an_unknown_method_is_404_and_method_get_says_so(api):
    assert api.refusal("crm.deal.fly")[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    assert api.result("method.get", name="crm.deal.fly") == {"isExisting": False, "isAvailable": False}
    assert api.result("method.get", name="crm.deal.list") == {"isExisting": True, "isAvailable": True}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("event.bind", 403, "WRONG_AUTH_TYPE"),
        ("event.offline.get", 403, "WRONG_AUTH_TYPE"),
        ("placement.bind", 403, "WRONG_AUTH_TYPE"),
        ("app.info", 400, "ACCESS_DENIED"),
        ("bizproc.robot.add", 400, "ACCESS_DENIED"),
    ],
)
def test_methods_of_applications_are_refused_to_webhooks(api, name, status, code):
    found = api.refusal(name)
    assert found[:2] == (status, code)
    assert "pplication context required" in found[2]


def test_a_broken_body_is_400(api):
    answer = api.http.post(
        api.url + "profile", content=b"{nope", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


def test_scope_profile_and_user(api, server: PortalServer):
    assert api.result("scope") == SCOPES
    assert api.result("profile")["ADMIN"] is True
    assert api.result("user.current")["UF_DEPARTMENT"] == [1]
    assert [row["ID"] for row in api.result("user.get", filter={"ACTIVE": True})] == ["1", "2"]
    assert api.result("user.get", ID=2)[0]["EMAIL"] == "anna@tiny.example"
    narrow = httpx.post(f"{server.url}/rest/2/narrow/user.get", json={"ID": 2}).json()["result"][0]
    assert "EMAIL" not in narrow


def test_php_arrays():
    assert parse_query("a[b][]=1&a[b][]=2&c[x]=&d=%2B+") == {
        "a": {"b": ["1", "2"]},
        "c": {"x": ""},
        "d": "+ ",
    }
    assert printable({"x": {}, "y": {"0": 1, "1": 2}, "z": {"1": 1}}) == {"x": [], "y": [1, 2], "z": {"1": 1}}
    assert flatten({"data": {"FIELDS": {"ID": 7}}}) == [("data[FIELDS][ID]", "7")]


def test_the_portal_can_be_called_without_http(portal: Portal):
    caller = portal.caller("1", "demo")
    assert portal.call(caller, "crm.deal.get", {"id": "1"}).result["ID"] == "1"


def test_a_server_stops_cleanly_however_often(portal: Portal, recwarn):
    for _ in range(40):
        with PortalServer(portal) as server:
            port = server.port
            assert httpx.get(f"{server.webhook_url}server.time", trust_env=False).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    assert not list(recwarn)
