"""Authorization: codes, tokens, their ages and their refusals, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.emulator.application_case import CLIENT, Application, connect, registration, sign_in, token


@pytest.fixture
def application(portal, server) -> Application:
    return connect(portal, server.url)


def test_the_browser_is_led_back_with_a_code(portal, server):
    portal.install_application(registration(handler="https://app.example/open?x=1"))
    answer = httpx.get(f"{server.url}/oauth/authorize/", params={"client_id": CLIENT, "state": "abc"})
    assert answer.status_code == 302
    back = urlsplit(answer.headers["Location"])
    assert (back.netloc, back.path) == ("app.example", "/open")
    query = dict(parse_qsl(back.query))
    assert set(query) == {"x", "code", "state", "domain", "member_id", "scope", "server_domain"}
    assert (query["state"], query["member_id"]) == ("abc", portal.member_id)
    pair = token(server.url, grant_type="authorization_code", code=query["code"]).json()
    assert set(pair) == {
        "access_token", "refresh_token", "expires", "expires_in", "client_endpoint", "server_endpoint", "domain",
        "member_id", "scope", "status", "user_id",
    }  # fmt: skip
    assert (pair["expires_in"], pair["user_id"], pair["status"]) == (3600, 1, "L")
    assert pair["client_endpoint"] == f"{server.url}/rest/"
    assert (len(pair["access_token"]), len(pair["refresh_token"])) == (70, 70)


def test_an_unknown_application_has_no_authorization_page(server):
    assert httpx.get(f"{server.url}/oauth/authorize/?client_id=nobody").status_code == 404


def test_a_code_is_good_once_and_for_thirty_seconds(portal, server):
    portal.install_application(registration())
    ask = f"{server.url}/oauth/authorize/?client_id={CLIENT}"
    code = httpx.get(ask).text.strip()
    assert token(server.url, grant_type="authorization_code", code=code).status_code == 200
    again = token(server.url, grant_type="authorization_code", code=code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    late = httpx.get(ask).text.strip()
    portal.clock.advance(timedelta(seconds=31))
    assert token(server.url, grant_type="authorization_code", code=late).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_dead_after_use(server, application):
    first = token(server.url, grant_type="refresh_token", refresh_token=application.refresh)
    assert first.status_code == 200
    again = token(server.url, grant_type="refresh_token", refresh_token=application.refresh)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    rotated = first.json()["refresh_token"]
    assert rotated != application.refresh
    assert token(server.url, grant_type="refresh_token", refresh_token=rotated).status_code == 200
    # The access token that came before is not touched by that.
    assert application.result("app.info")["CODE"] == CLIENT


def test_of_many_who_use_one_refresh_token_one_gets_tokens(server, application):
    ask = {"grant_type": "refresh_token", "refresh_token": application.refresh}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: token(server.url, **ask).status_code, range(8)))
    assert sorted(statuses) == [200, *[400] * 7]


def test_a_refresh_token_lives_180_days(portal, server, application):
    other = sign_in(server.url)
    portal.clock.advance(timedelta(days=179))
    assert token(server.url, grant_type="refresh_token", refresh_token=application.refresh).status_code == 200
    portal.clock.advance(timedelta(days=2))
    late = token(server.url, grant_type="refresh_token", refresh_token=other.refresh)
    assert late.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("path", ["/oauth/token/", "/oauth/token"])
@pytest.mark.parametrize("verb", ["get", "post"])
def test_both_verbs_with_a_slash_and_without(server, application, path, verb):
    given = {"grant_type": "refresh_token", "refresh_token": application.refresh}
    given |= {"client_id": CLIENT, "client_secret": "s3cret"}
    ask = {"params": given} if verb == "get" else {"data": given}
    answer = getattr(httpx, verb)(server.url + path, **ask)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": ""}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"}, 200, "wrong_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "no"}, 400, "invalid_client"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x", "scope": "crm,tasks"},
            403,
            "insufficient_scope",
        ),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
    ],
)
def test_refusals(server, application, given, status, code):
    answer = token(server.url, **given)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_an_unpaid_application_gets_no_tokens_and_its_own_are_refused(api, server, application):
    number = application.result("app.info")["ID"]
    httpx.post(f"{server.url}/_demo/application/change", json={"id": number, "paid": False})
    answer = token(server.url, grant_type="refresh_token", refresh_token=application.refresh)
    assert (answer.status_code, answer.json()["error"]) == (401, "PAYMENT_REQUIRED")
    assert application.refusal("app.info")[:2] == (401, "PAYMENT_REQUIRED")
    httpx.post(f"{server.url}/_demo/application/change", json={"id": number, "paid": True})
    # Nothing was used up by the refusal.
    assert token(server.url, grant_type="refresh_token", refresh_token=application.refresh).status_code == 200


def test_an_access_token_lives_one_hour_by_the_portals_clock(portal, application):
    portal.clock.advance(timedelta(minutes=59))
    assert application.result("server.time")
    portal.clock.advance(timedelta(minutes=2))
    assert application.refusal("server.time") == (
        401,
        "expired_token",
        "The access token provided has expired.",
    )


def test_a_token_goes_in_the_query_the_form_the_body_or_the_header(server, application):
    url, auth = f"{server.url}/rest/app.info", application.token
    for answer in (
        httpx.get(url, params={"auth": auth}),
        httpx.post(url, data={"auth": auth}),
        httpx.post(url, json={"auth": auth}),
        httpx.post(url, json={}, headers={"Authorization": f"Bearer {auth}"}),
    ):
        assert answer.json()["result"]["CODE"] == CLIENT


@pytest.mark.parametrize("foreign", ["", "zz", "ab" * 35, "0" * 70])
def test_a_foreign_token_is_401(application, foreign):
    stranger = Application(application.url, foreign)
    assert stranger.refusal("app.info") == (401, "NO_AUTH_FOUND", "Wrong authorization data")


def test_the_token_decides_who_acts_and_with_which_scopes(portal, server):
    connect(portal, server.url, scopes=("crm", "user_basic"))
    anna = sign_in(server.url, 2)
    assert anna.result("profile")["ID"] == "2"
    assert anna.result("scope") == ["crm", "user_basic"]
    number = anna.result("crm.deal.add", fields={"TITLE": "x"})
    assert anna.result("crm.deal.get", id=number)["CREATED_BY_ID"] == "2"
    status, code, text = anna.refusal("disk.storage.getlist")
    assert (status, code) == (403, "insufficient_scope")
    assert text.endswith("provided by the access token")


def test_the_server_tells_whose_a_token_is(portal, server, application):
    ask = f"{server.url}/oauth/rest/app.info"
    found = httpx.get(ask, params={"auth": application.token}).json()["result"]
    assert (found["client_id"], found["user_id"]) == (CLIENT, 1)
    assert found["install"]["member_id"] == portal.member_id
    assert found["install"]["client_endpoint"] == f"{server.url}/rest/"
    foreign = httpx.get(ask, params={"auth": "ab" * 35})
    assert (foreign.status_code, foreign.json()) == (400, {"error": "invalid_client"})


def test_a_batch_and_its_meter_work_by_token(application):
    body = application.result("batch", cmd={"who": "profile", "me": "app.info"})
    assert body["result"]["who"]["ID"] == "1"
    assert body["result"]["me"]["CODE"] == CLIENT


def test_a_portal_without_a_plan_or_deleted_gives_no_tokens(portal, server, application):
    ask = {"grant_type": "refresh_token", "refresh_token": application.refresh}
    httpx.post(f"{server.url}/_demo/condition", json={"commercial": False})
    answer = token(server.url, **ask)
    assert (answer.status_code, answer.json()["error"]) == (401, "PAYMENT_REQUIRED")
    httpx.post(f"{server.url}/_demo/condition", json={"commercial": True, "deleted": True})
    answer = token(server.url, **ask)
    assert (answer.status_code, answer.json()["error"]) == (500, "PORTAL_DELETED")
    httpx.post(f"{server.url}/_demo/condition", json={"deleted": False})
    assert token(server.url, **ask).status_code == 200


def test_the_newer_interface_takes_tokens_too(portal, server):
    found = connect(portal, server.url, scopes=("mail", "user"))
    url = f"{server.url}/rest/api/mail.mailbox.senders"
    answer = httpx.post(url, json={}, headers={"Authorization": f"Bearer {found.token}"})
    assert [one["email"] for one in answer.json()["result"]["items"]] == ["robot@tiny.example"]
    assert httpx.post(url, json={}, headers={"Authorization": "Bearer nonsense"}).status_code == 401
