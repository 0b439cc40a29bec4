"""The vendor's published answers against ours: member names and JSON types, method by method.

The samples live beside the repository and are not part of it; where they are absent these tests are skipped.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")

# Members that belong to the sample's own portal: custom fields, relations, features this portal has not.
FOREIGN = re.compile(r"^(UF_CRM_\w+|ufCrm\w*|parentId\d+|PARENT_ID_\d+)$")


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


FILE = ["x.png", b64encode(b"x").decode()]
CALLS = [
    ("crm.category.list", {"entityTypeId": 2}, set()),
    ("crm.category.get", {"entityTypeId": 2, "id": 4}, set()),
    ("crm.status.list", {"order": {"SORT": "ASC"}, "filter": {"ENTITY_ID": "DEAL_STAGE"}}, set()),
    ("crm.status.entity.items", {"entityId": "DEAL_STAGE"}, set()),
    ("crm.deal.get", {"ID": 1}, set()),
    ("crm.deal.list", {"SELECT": ["ID", "TITLE", "TYPE_ID", "CATEGORY_ID", "STAGE_ID", "OPPORTUNITY", "IS_MANUAL_OPPORTUNITY", "ASSIGNED_BY_ID", "DATE_CREATE"], "FILTER": {"CATEGORY_ID": 4}}, set()),
    ("crm.deal.add", {"FIELDS": {"TITLE": "New Deal #1"}}, set()),
    ("crm.deal.update", {"ID": 2, "FIELDS": {"TITLE": "x", "OPPORTUNITY": 9999.99}, "PARAMS": {"REGISTER_SONET_EVENT": "N"}}, set()),
    ("crm.deal.delete", {"ID": 60}, set()),
    ("crm.deal.fields", {}, set()),
    ("crm.deal.productrows.get", {"id": 1}, set()),
    ("crm.deal.productrows.set", {"id": 1, "rows": [{"PRICE": 1000, "QUANTITY": 10}]}, set()),
    ("crm.deal.userfield.list", {"filter": {"LANG": "de"}}, set()),
    ("crm.company.list", {"ORDER": {"DATE_CREATE": "ASC"}, "SELECT": ["TITLE", "ASSIGNED_BY_ID", "PHONE"]}, {"PHONE"}),
    ("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x", "typeId": "SERVICE", "categoryId": 4, "opportunity": 999.99, "observers": [2, 3]}}, set()),
    ("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "REST Deal #1", "observers": [1, 2]}}, set()),
    ("crm.item.delete", {"entityTypeId": 1044, "id": 6}, set()),
    ("crm.item.fields", {"entityTypeId": 1044, "useOriginalUfNames": "N"}, {"begindate", "closedate", "observers", "sourceId", "sourceDescription", "contacts"}),
    ("crm.item.payment.list", {"entityId": 9, "entityTypeId": 31}, set()),
    ("crm.item.payment.get", {"id": 3}, set()),
    ("crm.item.payment.add", {"entityId": 1, "entityTypeId": 2}, set()),
    ("crm.item.payment.pay", {"id": 3}, set()),
    ("crm.item.payment.unpay", {"id": 3}, set()),
    ("crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": 1}}, {"storeId"}),
    ("crm.item.productrow.set", {"ownerType": "D", "ownerId": 1, "productRows": [{"price": 99999.99, "quantity": 1}]}, set()),
    ("crm.item.productrow.add", {"fields": {"ownerId": 1, "ownerType": "D", "price": 80000, "taxRate": 20}}, set()),
    ("crm.requisite.get", {"id": 2}, set()),
    ("crm.requisite.list", {"filter": {"ENTITY_ID": 2}, "select": ["ENTITY_TYPE_ID", "ENTITY_ID", "ID", "NAME"]}, set()),
    ("crm.requisite.bankdetail.list", {"filter": {"COUNTRY_ID": "1"}, "select": ["ENTITY_ID", "ID", "NAME"]}, set()),
    ("crm.requisite.link.get", {"entityTypeId": 31, "entityId": 9}, set()),
    ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 10, "ENTITY_TYPE": "deal", "COMMENT": "x", "FILES": [["1.gif", "R0lG"]]}}, set()),
    ("crm.type.list", {}, set()),
    ("crm.type.get", {"id": 12}, {"linkedUserFields"}),
    ("crm.type.getByEntityTypeId", {"entityTypeId": 1044}, {"linkedUserFields"}),
    ("crm.activity.add", {"fields": {"OWNER_TYPE_ID": 2, "OWNER_ID": 10, "TYPE_ID": 2, "SUBJECT": "New call", "DIRECTION": 2, "COMPLETED": "N", "COMMUNICATIONS": [{"VALUE": "+49", "ENTITY_ID": 2, "ENTITY_TYPE_ID": 4}]}}, set()),
    ("crm.activity.todo.add", {"ownerTypeId": 2, "ownerId": 1, "deadline": "2025-01-21T15:00:00+02:00", "pingOffsets": [0, 15]}, set()),
    ("disk.storage.getList", {"filter": {"NAME": "%диск%"}, "order": {"NAME": "DESC"}}, set()),
    ("disk.storage.get", {"id": 1}, set()),
    ("disk.storage.getChildren", {"id": 1}, set()),
    ("disk.storage.addFolder", {"id": 1, "data": {"NAME": "Neuer Ordner"}, "rights": [{"TASK_ID": 71, "ACCESS_CODE": "U2"}]}, set()),
    ("disk.folder.addSubFolder", {"id": 1, "data": {"NAME": "Folder in Folder"}}, set()),
    ("disk.folder.get", {"id": 1}, set()),
    ("disk.folder.getChildren", {"id": 1, "filter": {">=CREATE_TIME": "2026-01-12"}, "order": {"NAME": "DESC"}}, set()),
    ("disk.folder.uploadFile", {"id": 1, "data": {"NAME": "test.png"}, "fileContent": FILE, "generateUniqueName": True}, set()),
    ("disk.storage.uploadFile", {"id": 1, "data": {"NAME": "test.png"}, "fileContent": FILE}, set()),
    ("disk.folder.rename", {"id": 2, "newName": "x"}, set()),
    ("disk.folder.moveTo", {"id": 3, "targetFolderId": 1}, set()),
    ("disk.folder.markDeleted", {"id": 2}, set()),
    ("disk.folder.shareToUser", {"id": 2, "userId": 2, "taskName": "disk_access_read"}, set()),
    ("disk.folder.getExternalLink", {"id": 2}, set()),
    ("disk.file.get", {"id": 5}, set()),
    ("disk.file.rename", {"id": 5, "newName": "New File Name.png"}, set()),
    ("disk.file.getExternalLink", {"id": 5}, set()),
    ("disk.rights.getTasks", {}, set()),
    ("disk/uploadFile.step1_url", {"id": 1}, set()),
    ("im.message.add", {"DIALOG_ID": "chat2941", "MESSAGE": "Message text", "SYSTEM": "N", "URL_PREVIEW": "Y"}, set()),
    ("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "System notification", "TAG": "SYSTEM_EVENT_42"}, set()),
    ("im.notify.personal.add", {"USER_ID": 2, "MESSAGE": "x"}, set()),
    ("log.blogpost.add", {"POST_TITLE": "New", "POST_MESSAGE": "x", "DEST": ["UA"], "FILES": [FILE]}, set()),
    ("method.get", {"name": "user.get"}, set()),
    ("profile", {}, set()),
    ("scope", {"full": True}, set()),
    ("server.time", {}, set()),
    ("user.current", {}, {"LAST_ACTIVITY_DATE"}),
    ("user.get", {"UF_DEPARTMENT": 1, "SORT": "ID", "ORDER": "asc"}, {"LAST_ACTIVITY_DATE", "TIMESTAMP_X", "TIME_ZONE", "PERSONAL_WWW", "PERSONAL_MOBILE", "PERSONAL_CITY", "WORK_PHONE"}),
    ("userfieldconfig.list", {"moduleId": "crm", "select": {"0": "*", "language": "de"}, "order": {"id": "DESC"}}, set()),
    ("userfieldconfig.get", {"moduleId": "crm", "id": 5011}, {"en", "de", "DISPLAY", "LIST_HEIGHT", "CAPTION_NO_VALUE", "SHOW_NO_VALUE"}),
    ("events", {"SCOPE": "user"}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "skip"), CALLS, ids=[name for name, _, _ in CALLS])
def test_the_answer_has_the_published_members(api, name, params, skip):
    found = sample(name)
    body = api.call(found.get("method") or "disk.folder.uploadFile", **params)
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
    from urllib.parse import parse_qsl

    assert set(receiver.posts[0]) == {key for key, _ in parse_qsl(form)}
