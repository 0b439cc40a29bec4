"""Events, batches, tokens and system errors as the vendor publishes them, against the twin's own."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from engine.emulator.applications import Registration, announce_installation
from engine.emulator.condition import change_condition
from tests.emulator.calls import World
from tests.emulator.connected_case import SCOPES, installed
from tests.emulator.shapes import brief, shape_of

SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")
# The vendor prints this one with every event and says elsewhere that only two carry it: a policy here.
REFRESH = {"auth[refresh_token]"}


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def application(api, portal, server, receiver):
    found = installed(portal, server.url, api.http, receiver.url, scopes=(*SCOPES, "log"))
    found.row["install_url"] = receiver.url
    portal.store.put("application", found.row["id"], found.row)
    return found


def change(api, *steps):
    def deed(_application):
        for method, params in steps:
            api.result(method, **(params() if callable(params) else params))

    return deed


ITEM = {"entityTypeId": 1044, "id": 5}
DEEDS = {
    "ONCRMACTIVITYUPDATE": lambda api: change(api, ("crm.activity.update", lambda: {"id": World(api).activity, "fields": {"SUBJECT": "y"}})),
    "ONCRMDEALADD": lambda api: change(api, ("crm.deal.add", {"fields": {"TITLE": "x"}})),
    "ONCRMDEALDELETE": lambda api: change(api, ("crm.deal.delete", {"id": 3})),
    "ONCRMDEALMOVETOCATEGORY": lambda api: change(api, ("crm.item.update", {"entityTypeId": 2, "id": 3, "fields": {"categoryId": 0}})),
    "ONCRMDEALUPDATE": lambda api: change(api, ("crm.deal.update", {"id": 3, "fields": {"TITLE": "x"}})),
    "ONCRMDEALUSERFIELDADD": lambda api: change(api, ("crm.deal.userfield.add", {"fields": {"FIELD_NAME": "A", "USER_TYPE_ID": "string"}})),
    "ONCRMDOCUMENTGENERATORDOCUMENTADD": lambda api: change(api, ("crm.documentgenerator.document.get", lambda: {"id": World(api).document})),
    "ONCRMDYNAMICITEMADD": lambda api: change(api, ("crm.item.add", {"entityTypeId": 1044, "fields": {"title": "x"}})),
    "ONCRMDYNAMICITEMDELETE": lambda api: change(api, ("crm.item.delete", ITEM)),
    "ONCRMDYNAMICITEMUPDATE": lambda api: change(api, ("crm.item.update", {**ITEM, "fields": {"title": "x"}})),
    "ONCRMTYPEUSERFIELDADD": lambda api: change(api, ("userfieldconfig.add", {"moduleId": "crm", "field": {"entityId": "CRM_12", "fieldName": "UF_CRM_12_A", "userTypeId": "string"}})),
    "ONLIVEFEEDPOSTADD": lambda api: change(api, ("log.blogpost.add", {"POST_MESSAGE": "x"})),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_an_application_is_posted_the_published_members(
    api, portal, application, receiver, name, record_property
):
    published = {key for key, _ in parse_qsl(sample(f"events/{name}.app")["form"])}
    portal.set_policies(event_refresh_token="yes")
    application.result("event.bind", event=name, handler=receiver.url)
    DEEDS[name](api)(application)
    assert portal.deliveries.settle(10)
    (post,) = receiver.posts
    record_property("sample", (f"events/{name}.app", "form post", brief(shape_of(post))))
    # One page leaves the handler's number out.
    assert set(post) - {"event_handler_id"} == published - {"event_handler_id"}
    assert post["event"] == name


def test_an_ordinary_event_carries_no_refresh_token_by_default(api, portal, application, receiver):
    published = {key for key, _ in parse_qsl(sample("events/generic.ONCRMDEALADD.app")["form"])}
    application.result("event.bind", event="ONCRMDEALADD", handler=receiver.url)
    api.result("crm.deal.add", fields={"TITLE": "x"})
    assert portal.deliveries.settle(10)
    assert set(receiver.posts[0]) == published == published - REFRESH


def test_the_installation_is_posted_as_published(portal, application, receiver, record_property):
    announce_installation(portal, application.row)
    assert portal.deliveries.settle(10)
    published = {key for key, _ in parse_qsl(sample("events/ONAPPINSTALL.app")["form"])}
    record_property("sample", ("events/ONAPPINSTALL.app", "form post", brief(shape_of(receiver.posts[0]))))
    assert set(receiver.posts[0]) == published


@pytest.mark.parametrize(("halt", "keys"), [(0, {"get_user", "get_department"}), (1, {"get_user"})])
def test_a_batch_of_refused_commands(api, portal, server, halt, keys, record_property):
    found = sample(f"batch/error.halt{halt}")
    portal.store.put("webhook", 9, {"id": 9, "user": "1", "secret": "bare", "scopes": ["disk"]})
    answer = api.http.post(f"{server.url}/rest/1/bare/batch", json=found["request"]).json()["result"]
    record_property(
        "sample", (f"batch/error.halt{halt}", brief(shape_of(found["request"])), brief(shape_of(answer)))
    )
    assert set(answer["result_error"]) == set(found["response"]["result"]["result_error"]) == keys
    assert {one["error"] for one in answer["result_error"].values()} == {"insufficient_scope"}
    assert [answer[name] for name in ("result", "result_total", "result_next", "result_time")] == [[]] * 4


def test_a_linked_batch(api, record_property):
    found = sample("batch/linked")
    answer = api.result("batch", **found["request"])
    record_property("sample", ("batch/linked", brief(shape_of(found["request"])), brief(shape_of(answer))))
    theirs = found["response"]["result"]
    assert set(answer["result"]["get_department"][0]) >= set(theirs["result"]["get_department"][0])
    assert answer["result"]["get_department"][0]["ID"] == "1"
    assert (answer["result_total"], answer["result_error"]) == (theirs["result_total"], [])


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_tokens_are_given_as_published(api, portal, server, grant, record_property):
    from engine.emulator.application_auth import issue_once

    row = portal.install_application(Registration(("crm",)))
    kind, member = (
        ("authcode", "code") if grant == "authorization_code" else ("refreshtoken", "refresh_token")
    )
    given = {"grant_type": grant, "client_id": row["code"], "client_secret": row["client_secret"]}
    given[member] = issue_once(portal, kind, row, 1)
    answer = api.http.get(f"{server.url}/oauth/token/", params=given).json()
    record_property("sample", (f"oauth/{grant}", brief(shape_of(given)), brief(shape_of(answer))))
    theirs = sample(f"oauth/{grant}")["response"]
    assert set(theirs) <= set(answer)
    assert {name: type(answer[name]) for name in theirs} == {
        name: type(value) for name, value in theirs.items()
    }


def test_the_offline_queue_rings_as_published(api, portal, application, receiver, record_property):
    application.result("event.bind", event="ONCRMDEALADD", event_type="offline")
    application.result("event.bind", event="ONOFFLINEEVENT", handler=receiver.url)
    api.result("crm.deal.add", fields={"TITLE": "x"})
    assert portal.deliveries.settle(10)
    (post,) = receiver.posts
    record_property("sample", ("events/ONOFFLINEEVENT.app", "form post", brief(shape_of(post))))
    theirs = sample("events/ONOFFLINEEVENT.app")["payload"]
    assert {f"auth[{name}]" for name in theirs["auth"]} | {"event", "ts"} <= set(post)


def test_the_short_form_of_a_post_is_part_of_ours(api, portal, receiver, record_property):
    from engine.emulator.demo import set_receiver

    set_receiver(portal, receiver.url)
    api.result("crm.deal.update", id=3, fields={"TITLE": "x"})
    assert portal.deliveries.settle(10)
    name = "events/ONCRMDEALUPDATE.outgoing_webhook.short"
    record_property("sample", (name, "form post", brief(shape_of(receiver.posts[0]))))
    assert {key for key, _ in parse_qsl(sample(name)["form"])} <= set(receiver.posts[0])


def test_a_letter_is_sent_and_read_back_as_published(api, portal, record_property):
    found = sample("flows/crm.activity.add.email")
    fields = found["request"]["fields"] | {"OWNER_ID": 2, "OWNER_TYPE_ID": 4}
    number = api.result("crm.activity.add", fields=fields)
    (row,) = api.result("crm.activity.list", filter={"ID": number}, select=["*", "COMMUNICATIONS"])
    record_property("sample", ("flows/crm.activity.add.email", brief(shape_of(fields)), brief(shape_of(row))))
    theirs = found["read_back"]["result"][0]
    same = (
        "TYPE_ID",
        "SUBJECT",
        "COMPLETED",
        "DIRECTION",
        "RESPONSIBLE_ID",
        "DESCRIPTION",
        "DESCRIPTION_TYPE",
    )
    assert {name: row[name] for name in same} == {name: theirs[name] for name in same}
    assert row["COMMUNICATIONS"][0]["VALUE"] == theirs["COMMUNICATIONS"][0]["VALUE"]
    assert portal.store.rows("mail")[0]["sender"] == "weber@example.com"


def test_files_of_a_field_are_kept_by_id_and_added_by_pair(api, record_property):
    content = "JVBERi0x"
    fields = {"ufCrm12Pages": [["a.pdf", content]]}
    (held,) = api.result("crm.item.update", entityTypeId=1044, id=5, fields=fields)["item"]["ufCrm12Pages"]
    fields = {"ufCrm12Pages": [{"id": held["id"]}, ["b.pdf", content]]}
    item = api.result("crm.item.update", entityTypeId=1044, id=5, fields=fields)["item"]
    record_property("sample", ("flows/crm.item.file_field", brief(shape_of(fields)), brief(shape_of(item))))
    theirs = sample("flows/crm.item.file_field")["response"]["result"]["item"]["ufCrm_7_1739432938"]
    assert [set(one) for one in item["ufCrm12Pages"]] == [set(one) for one in theirs]
    assert item["ufCrm12Pages"][0]["id"] == held["id"]


def test_every_sample_is_held_against_the_twin():
    from tests.emulator import test_samples
    from tests.emulator.calls import APPLICATION_CALLS, CALLS

    called = {one[0] for one in (*CALLS, *APPLICATION_CALLS)}
    texts = "".join(Path(str(file)).read_text("utf-8") for file in (__file__, test_samples.__file__))
    named = {"batch", *(f"batch/error.halt{n}" for n in (0, 1)), *(f"events/{name}.app" for name in DEEDS)}
    named |= {f"oauth/{grant}" for grant in ("authorization_code", "refresh_token")}
    named |= {f"handlers/placement.{code}" for code in ("CRM_DEAL_DETAIL_TAB", "LEFT_MENU")}
    files = (file.relative_to(SAMPLES).with_suffix("").as_posix() for file in SAMPLES.rglob("*.json"))
    missing = {name for name in files if name not in called | named and f'"{name}"' not in texts}
    assert missing <= {"INDEX"}


def _condition(**given):
    return lambda portal: change_condition(portal, given)


SYSTEM = {
    (401, "NO_AUTH_FOUND"): (None, "rest/1/wrong/profile", {}),
    (403, "insufficient_scope"): (None, "rest/2/narrow/disk.storage.getList", {}),
    (403, "user_access_error"): (None, "rest/3/gone/profile", {}),
    (403, "ACCESS_DENIED"): (_condition(commercial=False), "rest/1/demo/profile", {}),
    (503, "OVERLOAD_LIMIT"): (_condition(overloaded=True), "rest/1/demo/profile", {}),
    (500, "PORTAL_DELETED"): (_condition(deleted=True), "rest/1/demo/profile", {}),
    (404, "ERROR_METHOD_NOT_FOUND"): (None, "rest/1/demo/no.such", {}),
    (400, ""): (None, "rest/1/demo/crm.deal.get", {"id": 999}),
    (400, "100"): (None, "rest/1/demo/crm.item.add", {"entityTypeId": 2}),
}


@pytest.mark.parametrize(("status", "code"), list(SYSTEM))
def test_system_errors_are_the_published_ones(api, portal, server, status, code, record_property):
    before, path, params = SYSTEM[status, code]
    if before:
        before(portal)
    answer = api.http.post(f"{server.url}/{path}", json=params)
    published = [
        row
        for row in sample("errors/system")["rows"]
        if (row["status"], row["body"]["error"]) == (status, code)
    ]
    record_property("sample", (f"errors/system {status} {code}", path, brief(shape_of(answer.json()))))
    assert answer.status_code == status
    assert answer.json() == {"error_description": answer.json()["error_description"], **published[0]["body"]}
