"""The vendor's published tokens and posts of events against ours: the same members, no more.

The samples live beside the repository and are not part of it; where they are absent these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from engine.emulator.person import Person
from engine.emulator.php import flatten
from tests.emulator.application_case import connect, registration, token
from tests.emulator.shapes import brief, shape_of

SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")

# The generic page of events prints no refresh token, the pages of single events do: a policy.
WITH_REFRESH = {"event_refresh_token": "yes"}
CHANGES = [
    ("ONCRMDEALADD.app", "crm.deal.add", {"fields": {"TITLE": "x"}}),
    ("ONCRMDEALUPDATE.app", "crm.deal.update", {"id": 1, "fields": {"TITLE": "x"}}),
    ("ONCRMDEALDELETE.app", "crm.deal.delete", {"id": 60}),
    ("ONCRMDEALMOVETOCATEGORY.app", "crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"categoryId": 0}}),
    ("ONCRMDEALUSERFIELDADD.app", "crm.deal.userfield.add", {"fields": {"FIELD_NAME": "N1", "USER_TYPE_ID": "string"}}),
    ("ONCRMDYNAMICITEMADD.app", "crm.item.add", {"entityTypeId": 1044, "fields": {"title": "x"}}),
    ("ONCRMDYNAMICITEMUPDATE.app", "crm.item.update", {"entityTypeId": 1044, "id": 5, "fields": {"title": "x"}}),
    ("ONCRMDYNAMICITEMDELETE.app", "crm.item.delete", {"entityTypeId": 1044, "id": 5}),
    ("ONLIVEFEEDPOSTADD.app", "log.blogpost.add", {"POST_TITLE": "x", "POST_MESSAGE": "y"}),
]  # fmt: skip


def published(name):
    """The keys of a published post as a form has them."""
    found = json.loads((SAMPLES / "events" / f"{name}.json").read_text("utf-8"))
    if "form" in found:
        return {key for key, _ in parse_qsl(found["form"])}
    payload = {name: value for name, value in found["payload"].items() if value != []}
    return {key for key, _ in flatten(payload)}


@pytest.fixture
def application(portal, server):
    return connect(portal, server.url, scopes=("crm", "disk", "log", "user"))


@pytest.fixture
def heard(portal, receiver):
    def settled():
        assert portal.deliveries.settle(10)
        return receiver.posts

    return settled


@pytest.mark.parametrize(("name", "method", "params"), CHANGES, ids=[one[0] for one in CHANGES])
def test_an_event_is_posted_as_published(
    application, portal, receiver, heard, name, method, params, record_property
):
    portal.set_policies(**WITH_REFRESH)
    application.result("event.bind", event=name.partition(".")[0], handler=receiver.url)
    application.result(method, **params)
    (post,) = heard()
    assert set(post) == published(name)
    record_property("sample", (f"events/{name}", "form post", brief(shape_of(post))))


def test_the_generic_event_is_posted_as_published(application, portal, receiver, heard, record_property):
    application.result("event.bind", event="ONCRMDEALADD", handler=receiver.url)
    Person(portal, 2).add(2, {"title": "x"})
    (post,) = heard()
    assert set(post) == published("generic.ONCRMDEALADD.app")
    record_property("sample", ("events/generic.ONCRMDEALADD.app", "form post", brief(shape_of(post))))


def test_an_installation_is_posted_as_published(portal, receiver, heard, record_property):
    portal.install_application(registration(install_url=receiver.url))
    (post,) = heard()
    assert set(post) == published("ONAPPINSTALL.app")
    record_property("sample", ("events/ONAPPINSTALL.app", "form post", brief(shape_of(post))))


def test_a_ping_is_posted_as_published(application, receiver, heard, record_property):
    application.result("event.bind", event="ONCRMDEALADD", event_type="offline")
    application.result("event.bind", event="ONOFFLINEEVENT", handler=receiver.url)
    application.result("crm.deal.add", fields={"TITLE": "x"})
    (post,) = heard()
    assert set(post) - {"event_handler_id"} == published("ONOFFLINEEVENT.app")
    record_property("sample", ("events/ONOFFLINEEVENT.app", "form post", brief(shape_of(post))))


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_tokens_are_given_as_published(portal, server, application, grant, record_property):
    found = json.loads((SAMPLES / "oauth" / f"{grant}.json").read_text("utf-8"))
    ask = {"grant_type": grant, "refresh_token": application.refresh}
    if grant == "authorization_code":
        page = httpx.get(
            f"{server.url}/oauth/authorize/", params={"client_id": found["request"]["client_id"]}
        )
        assert page.status_code == 404
        page = httpx.get(f"{server.url}/oauth/authorize/", params={"client_id": "local.test.1"})
        ask = {"grant_type": grant, "code": page.text.strip()}
    assert set(ask) | {"client_id", "client_secret"} == set(found["request"])
    answer = token(server.url, **ask).json()
    assert set(found["response"]) <= set(answer)
    kinds = {name: type(value) for name, value in found["response"].items()}
    assert {name: type(answer[name]) for name in kinds} == kinds
    record_property("sample", (f"oauth/{grant}", brief(shape_of(ask)), brief(shape_of(answer))))
