"""Who may do what, and what becomes of a portal that refuses everybody: over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.seed import Company
from engine.emulator.serve import PortalServer
from tests.emulator.application_case import connect, sign_in
from tests.emulator.conftest import SCOPES, Api

# Deal n is assigned to employee 1 + n % 2: the odd ones are Anna's.
ANNAS, ROBOTS = 1, 2


@pytest.fixture
def demo(server):
    def tell(path: str, **given: Any) -> Any:
        answer = httpx.post(f"{server.url}/_demo/{path}", json=given, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return tell


@pytest.fixture
def anna(server, demo):
    """A webhook of Anna, who is no administrator, with every scope."""
    demo("webhook", user=2, secret="anna", scopes=SCOPES)
    with httpx.Client(trust_env=False, timeout=20) as http:
        yield Api(f"{server.url}/rest/2/anna/", http)


@pytest.fixture
def only_own(demo):
    levels = {"read": "own", "add": "all", "update": "own", "delete": "none"}
    demo("rights", user=2, crm={"deal": levels, "1044": "none"})


def test_without_a_word_an_employee_may_everything(anna):
    assert anna.call("crm.deal.list")["total"] == 60
    anna.result("crm.item.delete", entityTypeId=2, id=ROBOTS)


def test_lists_show_only_what_may_be_read(anna, api, only_own):
    assert anna.call("crm.deal.list")["total"] == 30
    assert anna.call("crm.item.list", entityTypeId=2)["total"] == 30
    ids = {row["ASSIGNED_BY_ID"] for row in anna.result("crm.deal.list", select=["ASSIGNED_BY_ID"])}
    assert ids == {"2"}
    assert anna.call("crm.item.list", entityTypeId=1044)["total"] == 0
    assert api.call("crm.deal.list")["total"] == 60


def test_the_older_methods_refuse_without_a_code(anna, only_own):
    assert anna.result("crm.deal.get", id=ANNAS)["ID"] == "1"
    for name, given in (
        ("crm.deal.get", {}),
        ("crm.deal.update", {"fields": {"TITLE": "x"}}),
        ("crm.deal.delete", {}),
    ):
        assert anna.refusal(name, id=ROBOTS, **given) == (400, "", "Access denied.")
    assert anna.result("crm.deal.update", id=ANNAS, fields={"TITLE": "x"}) is True
    assert anna.refusal("crm.deal.delete", id=ANNAS) == (400, "", "Access denied.")


def test_the_universal_methods_refuse_with_one(anna, only_own):
    deal = {"entityTypeId": 2, "id": ROBOTS}
    for name, given in (("get", {}), ("update", {"fields": {"title": "x"}}), ("delete", {})):
        assert anna.refusal(f"crm.item.{name}", **deal, **given) == (400, "ACCESS_DENIED", "Access denied")
    assert anna.refusal("crm.item.delete", entityTypeId=2, id=ANNAS)[1] == "ACCESS_DENIED"
    assert anna.refusal("crm.item.add", entityTypeId=1044, fields={})[1] == "ACCESS_DENIED"
    assert anna.result("crm.item.update", entityTypeId=2, id=ANNAS, fields={"title": "x"})


def test_adding_only_for_oneself(anna, demo):
    demo("rights", user=2, crm={"deal": {"add": "own"}})
    assert anna.result("crm.deal.add", fields={"TITLE": "моя"})
    assert anna.refusal("crm.deal.add", fields={"TITLE": "чужая", "ASSIGNED_BY_ID": 1})[2] == "Access denied."


def test_what_hangs_on_an_item_follows_its_rights(anna, only_own):
    rows = [{"productName": "a", "price": 5, "quantity": 1}]
    for name, given in (
        ("crm.item.productrow.set", {"ownerType": "D", "ownerId": ROBOTS, "productRows": rows}),
        ("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": ROBOTS}}),
        ("crm.item.payment.list", {"entityTypeId": 2, "entityId": ROBOTS}),
        ("crm.item.payment.add", {"entityTypeId": 2, "entityId": ROBOTS}),
        (
            "crm.timeline.comment.add",
            {"fields": {"ENTITY_TYPE": "deal", "ENTITY_ID": ROBOTS, "COMMENT": "x"}},
        ),
        (
            "crm.activity.add",
            {"fields": {"OWNER_TYPE_ID": 2, "OWNER_ID": ROBOTS, "TYPE_ID": 2, "SUBJECT": "x"}},
        ),
        (
            "crm.activity.todo.add",
            {"ownerTypeId": 2, "ownerId": ROBOTS, "deadline": "2026-04-01T10:00:00+03:00"},
        ),
    ):
        status, _, text = anna.refusal(name, **given)
        assert (status, text.rstrip(".")) == (400, "Access denied"), name
    given = {"ownerType": "D", "ownerId": ANNAS, "productRows": rows}
    assert anna.result("crm.item.productrow.set", **given)


def test_an_administrator_may_everything(anna, demo, only_own):
    demo("employee", id=2, admin=True)
    assert anna.call("crm.deal.list")["total"] == 60


def test_settings_of_the_crm_need_a_right_of_their_own(anna, demo):
    field = {"FIELD_NAME": "X", "USER_TYPE_ID": "string"}
    refused = anna.refusal("crm.type.add", fields={"title": "Акты"})
    assert refused == (400, "ACCESS_DENIED", "Access denied")
    assert anna.refusal("crm.deal.userfield.add", fields=field) == (400, "", "Access denied.")
    assert anna.call("crm.type.list")["total"] == 2
    demo("rights", user=2, config=True)
    assert anna.result("crm.type.add", fields={"title": "Акты"})["type"]["title"] == "Акты"
    assert anna.result("crm.deal.userfield.add", fields=field)


@pytest.mark.parametrize(
    ("level", "reads", "writes"), [("all", True, True), ("read", True, False), ("none", False, False)]
)
def test_the_drive(anna, demo, level, reads, writes):
    demo("rights", user=2, disk=level)
    read = anna.post("disk.storage.getchildren", id=1)
    write = anna.post("disk.storage.addfolder", id=1, data={"NAME": "Новая"})
    for answer, may in ((read, reads), (write, writes)):
        assert answer.status_code == (200 if may else 400)
        assert may or answer.json()["error"] == "ACCESS_DENIED"


def test_rights_go_with_a_token_too(portal, server, only_own):
    connect(portal, server.url)
    assert sign_in(server.url, 2).refusal("crm.deal.get", id=ROBOTS)[0] == 400


def test_commands_of_a_batch_are_refused_one_by_one(anna, only_own):
    cmd = {"mine": f"crm.deal.get?id={ANNAS}", "other": f"crm.deal.get?id={ROBOTS}"}
    body = anna.result("batch", cmd=cmd)
    assert set(body["result"]) == {"mine"}
    assert body["result_error"] == {"other": {"error": "", "error_description": "Access denied."}}


def test_rights_that_cannot_be_are_refused(server):
    for given in ({"crm": {"deal": "some"}}, {"crm": {"moon": "all"}}, {"disk": "own"}, {"power": 1}):
        answer = httpx.post(f"{server.url}/_demo/rights", json={"user": 2} | given)
        assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_ARG_VALUE")


def test_seeded_rights(company):
    seeded = Company(**vars(company) | {"rights": ({"user": 2, "crm": {"deal": "own"}},)})
    with open_portal(None, seeded) as portal, PortalServer(portal) as server:
        url = f"{server.url}/rest/2/narrow/crm.deal.list"
        assert httpx.post(url, json={}).json()["total"] == 30


def test_a_dismissed_employee_is_refused(portal, server, anna, demo):
    connect(portal, server.url)
    token = sign_in(server.url, 2)
    demo("employee", id=2, active=False)
    assert anna.refusal("profile")[:2] == (403, "user_access_error")
    assert token.refusal("profile")[:2] == (401, "authorization_error")
    demo("employee", id=2, active=True)
    assert token.result("profile")["ID"] == "2"


def test_an_application_only_some_may_use(portal, server, demo):
    found = connect(portal, server.url)
    anna = sign_in(server.url, 2)
    demo("application/change", id=found.result("app.info")["ID"], users=[1])
    assert anna.refusal("profile")[:2] == (403, "user_access_error")
    assert found.result("profile")["ID"] == "1"


def test_a_webhook_ends_at_its_date(portal, anna, demo):
    ends = portal.clock.now() + timedelta(hours=1)
    demo("webhook", user=2, secret="anna", expires=ends.isoformat())
    assert anna.result("profile")["ID"] == "2"
    portal.clock.advance(timedelta(hours=2))
    assert anna.refusal("profile")[:2] == (401, "NO_AUTH_FOUND")


@pytest.mark.parametrize(
    ("given", "status", "code", "text"),
    [
        ({"commercial": False}, 403, "ACCESS_DENIED", "REST API is available only on commercial plans"),
        ({"deleted": True}, 500, "PORTAL_DELETED", "Portal was deleted"),
        ({"overloaded": True}, 503, "OVERLOAD_LIMIT", "REST API is blocked due to overload"),
    ],
)
def test_a_portal_that_answers_nobody(api, demo, given, status, code, text):
    demo("condition", **given)
    assert api.refusal("profile") == (status, code, text)
    demo("condition", **dict.fromkeys(given, next(iter(given)) == "commercial"))
    assert api.result("profile")["ID"] == "1"


def test_a_deleted_portal_by_the_other_policy(api, demo):
    demo("policies", deleted_portal_status=410)
    demo("condition", deleted=True)
    assert api.refusal("profile")[:2] == (410, "PORTAL_DELETED")


def test_without_a_paid_plan_outgoing_webhooks_are_silent(portal, demo, receiver, person):
    demo("handler", url=receiver.url)
    demo("condition", commercial=False)
    person.update(2, 1, {"title": "x"})
    assert portal.deliveries.settle(10)
    assert receiver.posts == []


def test_a_renamed_portal_sends_to_its_new_address_and_a_repeated_post_is_not_lost(portal, server, api, demo):
    member = portal.member_id
    new = server.url.replace("127.0.0.1", "localhost")
    demo("rename", base=new)
    answer = api.post("crm.deal.add", fields={"TITLE": "переезд"})
    assert answer.status_code == 302
    target = answer.headers["Location"]
    assert target == f"{new}/rest/1/demo/crm.deal.add"
    assert len(portal.store.rows("item_2")) == 60
    made = httpx.post(target, json={"fields": {"TITLE": "переезд"}}, trust_env=False).json()["result"]
    assert httpx.get(f"{new}/rest/1/demo/crm.deal.get?id={made}").json()["result"]["TITLE"] == "переезд"
    asked = httpx.get(f"{server.url}/rest/1/demo/crm.deal.get.json?id={made}")
    assert asked.headers["Location"] == f"{new}/rest/1/demo/crm.deal.get.json?id={made}"
    assert (portal.member_id, portal.domain) == (member, new.removeprefix("http://"))


def test_a_condition_that_cannot_be_is_refused(server):
    for given in ({"weather": "bad"}, {"deleted": "yes"}):
        answer = httpx.post(f"{server.url}/_demo/condition", json=given)
        assert answer.json()["error"] == "INVALID_ARG_VALUE"
