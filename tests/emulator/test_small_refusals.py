"""Small rules of many methods: refusals, silent habits, what goes with what."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from engine.emulator.condition import change_condition


@pytest.mark.parametrize("method", ["crm.item.list", "crm.item.fields", "crm.item.get"])
def test_old_invoices_are_refused_by_name(api, method):
    assert api.refusal(method, entityTypeId=5, id=1)[:2] == (400, "ENTITY_TYPE_NOT_SUPPORTED")


def test_a_plan_without_smart_processes(api, portal):
    change_condition(portal, {"smart_processes": False})
    fields = {"title": "x"}
    assert api.refusal("crm.type.add", fields=fields)[1] == "CREATE_DYNAMIC_TYPE_RESTRICTED"
    assert (
        api.refusal("crm.item.add", entityTypeId=1044, fields=fields)[1] == "CREATE_DYNAMIC_ITEM_RESTRICTED"
    )
    assert (
        api.refusal("crm.item.update", entityTypeId=1044, id=5, fields=fields)[1]
        == "UPDATE_DYNAMIC_ITEM_RESTRICTED"
    )
    assert api.result("crm.item.add", entityTypeId=2, fields=fields)["item"]["title"] == "x"
    assert api.result("crm.item.get", entityTypeId=1044, id=5)["item"]["id"] == 5


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("im.notify.system.add", {"USER_ID": 2, "MESSAGE": "x"}),
        ("im.message.add", {"DIALOG_ID": "chat1", "MESSAGE": "x"}),
    ],
)
def test_attachments_of_messages(api, method, given):
    assert api.refusal(method, **given, ATTACH="{")[1] == "ATTACH_ERROR"
    assert api.refusal(method, **given, ATTACH=[{"MESSAGE": "x" * 60_001}])[1] == "ATTACH_OVERSIZE"
    assert isinstance(api.result(method, **given, ATTACH=[{"MESSAGE": "x"}]), int)


def test_only_administrators_write_to_the_feed_for_others(api, portal, server):
    assert isinstance(api.result("log.blogpost.add", POST_MESSAGE="x", USER_ID=2), int)
    assert portal.store.rows("post")[-1]["AUTHOR_ID"] == 2
    portal.store.put("webhook", 9, {"id": 9, "user": "2", "secret": "feed", "scopes": ["log"]})
    anna = replace(api, url=f"{server.url}/rest/2/feed/")
    refusal = anna.refusal("log.blogpost.add", POST_MESSAGE="x", USER_ID=1)
    assert refusal[1] == "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR"


@pytest.mark.parametrize(("setting", "copies"), [({}, 1), ({"DISABLE_SENDING_MESSAGE_COPY": "Y"}, 0)])
def test_the_sender_gets_a_copy_unless_told_not_to(api, portal, setting, copies):
    fields = {
        "OWNER_TYPE_ID": 2, "OWNER_ID": 1, "TYPE_ID": 4, "DIRECTION": 2, "COMPLETED": "Y", "SUBJECT": "x",
        "COMMUNICATIONS": [{"VALUE": "c@x.example"}], "SETTINGS": {"MESSAGE_FROM": "A <a@tiny.example>", **setting},
    }  # fmt: skip
    api.result("crm.activity.add", fields=fields)
    assert portal.store.rows("mail")[-1]["to"] == ["c@x.example", *["a@tiny.example"] * copies]


def test_activities_and_comments_are_changed(api, portal):
    fields = {
        "OWNER_TYPE_ID": 2,
        "OWNER_ID": 1,
        "TYPE_ID": 2,
        "SUBJECT": "x",
        "COMMUNICATIONS": [{"VALUE": "+7"}],
    }
    number = api.result("crm.activity.add", fields=fields)
    assert api.result("crm.activity.update", id=number, fields={"COMPLETED": "Y", "OWNER_ID": 5}) is True
    row = api.result("crm.activity.get", id=number)
    assert (row["COMPLETED"], row["STATUS"], row["OWNER_ID"]) == ("Y", "2", "1")
    comment = api.result(
        "crm.timeline.comment.add", fields={"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "a"}
    )
    assert api.result("crm.timeline.comment.update", id=comment, fields={"COMMENT": "b"}) is True
    assert api.result("crm.timeline.comment.get", id=comment)["COMMENT"] == "b"
    assert (
        api.refusal("crm.timeline.comment.update", id=comment, fields={"COMMENT": " "})[1]
        == "INVALID_ARG_VALUE"
    )
    assert api.result("crm.timeline.comment.delete", id=comment) is True
    assert api.refusal("crm.timeline.comment.delete", id=comment)[1] == "NOT_FOUND"


def test_drive_copies_restores_and_versions(api):
    pair = ["a.txt", b64encode(b"one").decode()]
    made = api.result("disk.folder.uploadFile", id=1, data={"NAME": "a.txt"}, fileContent=pair)
    folder = api.result("disk.folder.addSubFolder", id=1, data={"NAME": "Копии"})
    copied = api.result("disk.file.copyTo", id=made["ID"], targetFolderId=folder["ID"])
    assert (copied["NAME"], copied["PARENT_ID"], copied["ID"] == made["ID"]) == (
        "a.txt",
        str(folder["ID"]),
        False,
    )
    again = api.refusal("disk.file.copyTo", id=made["ID"], targetFolderId=folder["ID"])
    assert again[1] == "DISK_OBJ_22000"
    whole = api.result("disk.folder.addSubFolder", id=1, data={"NAME": "Всё"})
    api.result("disk.folder.copyTo", id=folder["ID"], targetFolderId=whole["ID"])
    (inner,) = api.result("disk.folder.getChildren", id=whole["ID"])
    assert [row["NAME"] for row in api.result("disk.folder.getChildren", id=inner["ID"])] == ["a.txt"]
    assert (
        api.refusal("disk.folder.copyTo", id=whole["ID"], targetFolderId=inner["ID"])[1] == "ERROR_ARGUMENT"
    )
    api.result("disk.file.markDeleted", id=made["ID"])
    assert api.result("disk.file.restore", id=made["ID"])["DELETED_TYPE"] == "0"
    new = api.result(
        "disk.file.uploadVersion", id=made["ID"], fileContent=["b.txt", b64encode(b"three").decode()]
    )
    assert (new["ID"], new["NAME"], new["SIZE"], new["GLOBAL_CONTENT_VERSION"]) == (
        str(made["ID"]),
        "a.txt",
        "5",
        "2",
    )


def test_where_a_client_pays(api):
    first, second = (api.result("salescenter.payment.getPublicUrl", id=3)["payment"] for _ in range(2))
    assert first == second
    assert "paymentId=3" in first["url"]
    assert api.refusal("salescenter.payment.getPublicUrl", id=99)[:2] == (400, 0)


def test_events_of_old_invoices_are_a_policy(api, portal):
    assert "ONCRMINVOICEADD" not in api.result("events", SCOPE="crm")
    portal.set_policies(old_invoice_events="yes")
    assert "ONCRMINVOICESETSTATUS" in api.result("events", SCOPE="crm")
