"""An application: its installation, the events it hears, what it may act on by them."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.applications import finish_installation, remove
from engine.emulator.company import demo_company
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.emulator.application_case import CLIENT, SCOPES, Application, connect, registration, sign_in

SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
PLACE = {
    f"auth[{name}]"
    for name in ("domain", "client_endpoint", "server_endpoint", "member_id", "application_token")
}
ACTING = {f"auth[{name}]" for name in ("access_token", "expires_in", "scope", "status")}


@pytest.fixture
def application(portal, server) -> Application:
    return connect(portal, server.url)


@pytest.fixture
def heard(portal, receiver):
    def settled(name=None):
        assert portal.deliveries.settle(10)
        return [post for post in receiver.posts if name in (None, post.get("event"))]

    return settled


def published(name):
    if not SAMPLES.is_dir():
        pytest.skip("the shared samples are not on this machine")
    return {
        key
        for key, _ in parse_qsl(json.loads((SAMPLES / "events" / f"{name}.json").read_text("utf-8"))["form"])
    }


def test_installing_posts_tokens_that_work_to_the_install_address(portal, server, receiver, heard):
    row = portal.install_application(registration(install_url=receiver.url))
    (post,) = heard()
    assert post["event"] == "ONAPPINSTALL"
    assert (post["data[ACTIVE]"], post["data[INSTALLED]"], post["data[LANGUAGE_ID]"]) == ("Y", "Y", "ru")
    assert post["auth[application_token]"] == row["application_token"]
    assert post["auth[member_id]"] == portal.member_id
    found = Application(server.url, post["auth[access_token]"], post["auth[refresh_token]"])
    info = found.result("app.info")
    assert (info["CODE"], info["INSTALLED"], info["STATUS"], info["ID"]) == (CLIENT, True, "L", row["id"])


def test_the_installation_has_the_published_members(portal, receiver, heard):
    portal.install_application(registration(install_url=receiver.url))
    assert set(heard()[0]) == published("ONAPPINSTALL.app")


def test_installed_over_http_by_a_demo_address(server, receiver, heard):
    given = {"scopes": ["crm"], "handler": "https://app.example/", "install_url": receiver.url}
    row = httpx.post(f"{server.url}/_demo/application", json=given).json()
    assert row["code"].startswith("local.")
    assert len(row["client_secret"]) == 50
    assert heard("ONAPPINSTALL")[0]["auth[scope]"] == "crm"
    assert [one["code"] for one in httpx.get(f"{server.url}/_demo/application").json()] == [row["code"]]


def test_the_demo_company_has_an_application():
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        (row,) = portal.store.rows("application")
        page = httpx.get(f"{server.url}/oauth/authorize/", params={"client_id": row["code"]})
        assert page.status_code == 200
        assert len(page.text.strip()) == 32


def test_an_application_with_pages_is_installed_when_its_page_says_so(portal, server, receiver, heard):
    row = portal.install_application(registration(install_url=receiver.url, has_pages=True))
    assert heard() == []
    opened = httpx.post(f"{server.url}/_demo/application/open", json={"id": row["id"]}).json()
    assert opened["status"] == 200
    post = receiver.posts[0]
    assert (post["PLACEMENT"], post["APPLICATION_TOKEN"]) == ("DEFAULT", row["application_token"])
    found = Application(server.url, post["AUTH_ID"])
    assert found.result("app.info")["INSTALLED"] is False
    assert found.result("event.bind", event="onCrmDealUpdate", handler=receiver.url) is True
    found.result("crm.deal.update", id=1, fields={"TITLE": "до"})
    assert heard("ONCRMDEALUPDATE") == []
    finish_installation(portal, row["id"])
    assert found.result("app.info")["INSTALLED"] is True
    found.result("crm.deal.update", id=1, fields={"TITLE": "после"})
    assert len(heard("ONCRMDEALUPDATE")) == 1


def test_an_event_lets_the_application_act_as_who_made_the_change(
    portal, server, application, receiver, heard
):
    application.result("event.bind", event="ONCRMDEALUPDATE", handler=receiver.url)
    Person(portal, 2).update(2, 1, {"title": "Анна была здесь"})
    (post,) = heard()
    assert set(post) == {"event", "event_handler_id", "data[FIELDS][ID]", "ts"} | PLACE | ACTING
    assert (post["auth[scope]"], post["auth[status]"], post["auth[expires_in]"]) == (
        ",".join(SCOPES),
        "L",
        "3600",
    )
    assert Application(server.url, post["auth[access_token]"]).result("profile")["ID"] == "2"


def test_an_event_has_the_published_members(portal, application, receiver, heard):
    application.result("event.bind", event="ONCRMDEALADD", handler=receiver.url)
    Person(portal, 2).add(2, {"title": "x"})
    assert set(heard()[0]) == published("generic.ONCRMDEALADD.app")
    portal.set_policies(event_refresh_token="yes", event_handler_id="no")
    Person(portal, 2).add(2, {"title": "y"})
    later = heard()[1]
    assert set(later) == (published("ONCRMDEALADD.app") - {"event_handler_id"})


def test_a_robots_change_brings_no_token(portal, server, application, receiver, heard):
    application.result("event.bind", event="ONCRMDEALUPDATE", handler=receiver.url)
    given = {"entityTypeId": 2, "id": 1, "fields": {"title": "робот"}, "by": "robot"}
    assert httpx.post(f"{server.url}/_demo/items/update", json=given).status_code == 200
    (post,) = heard()
    assert set(post) == {"event", "event_handler_id", "data[FIELDS][ID]", "ts"} | PLACE


def test_a_handler_bound_for_an_employee_always_acts_as_that_one(
    portal, server, application, receiver, heard
):
    application.result("event.bind", event="ONCRMDEALUPDATE", handler=receiver.url, auth_type=2)
    Person(portal, 1, is_robot=True).update(2, 1, {"title": "x"})
    assert Application(server.url, heard()[0]["auth[access_token]"]).result("profile")["ID"] == "2"


def test_another_funnel_is_told_to_applications_only_and_instead_of_an_update(
    application, receiver, heard, portal
):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url, events=("ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY"))
    for name in ("ONCRMDEALUPDATE", "ONCRMDEALMOVETOCATEGORY"):
        application.result("event.bind", event=name, handler=receiver.url)
    application.result("crm.item.update", entityTypeId=2, id=1, fields={"categoryId": 0})
    (post,) = heard()
    assert post["event"] == "ONCRMDEALMOVETOCATEGORY"
    assert post["data[FIELDS][CATEGORY_ID]"] == "0"
    assert (post["data[FIELDS][ID]"], post["data[FIELDS][STAGE_ID]"]) == ("1", "NEW")
    assert "auth[access_token]" in post


def test_bound_listed_unbound(application):
    url = "https://app.example/h"
    assert application.result("event.bind", event="OnCrmDealUpdate", handler=url) is True
    assert application.result("event.bind", event="ONCRMDEALUPDATE", handler=url, auth_type=2) is True
    assert application.result("event.get") == [
        {"event": "ONCRMDEALUPDATE", "handler": url, "auth_type": "0", "offline": 0},
        {"event": "ONCRMDEALUPDATE", "handler": url, "auth_type": "2", "offline": 0},
    ]
    twice = application.refusal("event.bind", event="ONCRMDEALUPDATE", handler=url)
    assert twice[0] == 400
    assert "already binded" in twice[2]
    assert application.result("event.unbind", event="ONCRMDEALUPDATE", handler=url, auth_type=0) == {
        "count": 1
    }
    assert application.result("event.unbind", event="ONCRMDEALUPDATE", handler=url) == {"count": 1}
    assert application.result("event.get") == []
    assert application.result("event.unbind", event="ONCRMDEALUPDATE", handler=url) == {"count": 0}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"event": "ONCRMDEALFLIES", "handler": "https://a.example/"}, 400, "ERROR_EVENT_NOT_FOUND"),
        ({"handler": "https://a.example/"}, 400, "ERROR_ARGUMENT"),
        ({"event": "ONCRMDEALADD"}, 400, "ERROR_ARGUMENT"),
        ({"event": "ONCRMDEALADD", "handler": "ftp://a.example/"}, 400, "ERROR_UNSUPPORTED_PROTOCOL"),
    ],
)
def test_what_cannot_be_bound(application, given, status, code):
    assert application.refusal("event.bind", **given)[:2] == (status, code)


def test_an_ordinary_employee_binds_for_nobody_else_and_nothing_offline(application, server):
    anna, url = sign_in(server.url, 2), "https://app.example/h"
    assert anna.result("event.bind", event="ONCRMDEALADD", handler=url) is True
    assert application.result("event.get")[0]["auth_type"] == "2"
    refused = anna.refusal("event.bind", event="ONCRMDEALADD", handler=url, auth_type=1)
    assert refused[:2] == (403, "ACCESS_DENIED")
    assert anna.refusal("event.bind", event="ONCRMDEALADD", event_type="offline")[:2] == (
        403,
        "ACCESS_DENIED",
    )
    assert anna.refusal("event.offline.get")[:2] == (403, "ACCESS_DENIED")


def test_an_event_of_a_test(application, receiver, heard):
    application.result("event.bind", event="ONAPPTEST", handler=receiver.url)
    assert application.result("event.test", any="data") is True
    (post,) = heard()
    assert (post["event"], post["data[QUERY][any]"]) == ("ONAPPTEST", "data")
    assert not [name for name in post if "QUERY" in name and "auth" in name]


def test_handlers_vanish_and_tokens_die_when_it_is_installed_again(
    portal, server, application, receiver, heard
):
    application.result("event.bind", event="ONCRMDEALUPDATE", handler=receiver.url)
    row = portal.install_application(registration(install_url=receiver.url))
    assert row["version"] == 2
    fresh = Application(server.url, heard("ONAPPINSTALL")[0]["auth[access_token]"])
    assert fresh.result("event.get") == []
    fresh.result("crm.deal.update", id=1, fields={"TITLE": "x"})
    assert heard("ONCRMDEALUPDATE") == []
    assert application.refusal("app.info")[:2] == (401, "INVALID_TOKEN")


def test_removing_is_told_without_tokens(portal, application, receiver, heard):
    application.result("event.bind", event="ONAPPUNINSTALL", handler=receiver.url)
    remove(portal, application.result("app.info")["ID"])
    (post,) = heard()
    assert post["event"] == "ONAPPUNINSTALL"
    assert not ACTING & set(post)
    assert "auth[application_token]" in post
    assert application.refusal("app.info")[:2] == (401, "APPLICATION_NOT_FOUND")


def test_an_outgoing_webhook_still_gets_no_token(portal, application, receiver, heard):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url)
    application.result("crm.deal.update", id=1, fields={"TITLE": "x"})
    assert not ACTING & set(heard()[0])


def test_what_the_plan_has(application, server):
    assert application.result("feature.get", CODE="rest_offline_extended") == {"value": "Y"}
    httpx.post(f"{server.url}/_demo/condition", json={"rest_offline_extended": False})
    assert application.result("feature.get", CODE="rest_offline_extended") == {"value": "N"}
    assert application.refusal("feature.get")[:2] == (400, "CODE_EMPTY")


def test_names_of_methods_and_who_is_an_administrator(api, server):
    names = api.result("methods")
    assert {"crm.deal.list", "profile", "event.bind"} <= set(names)
    narrow = httpx.post(f"{server.url}/rest/2/narrow/methods", json={}).json()["result"]
    assert "crm.deal.list" in narrow
    assert "disk.file.get" not in narrow
    assert set(api.result("methods", scope="disk")) == {name for name in names if name.startswith("disk.")}
    assert api.result("user.admin") is True
    assert httpx.post(f"{server.url}/rest/2/narrow/user.admin", json={}).json()["result"] is False
    assert {"crm", "disk", "user_brief"} <= set(api.result("scope", full=True))
