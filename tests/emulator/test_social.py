"""Feed, notices, comments, activities, mail."""

from __future__ import annotations

import smtplib
from base64 import b64encode
from email.message import EmailMessage
from hashlib import sha256

import httpx
import pytest

from engine.emulator.mailbox import Mailbox, read_mails


def test_a_post_in_the_feed(api):
    number = api.result(
        "log.blogpost.add",
        POST_TITLE="Акт",
        POST_MESSAGE="Подписан",
        DEST=["U2"],
        FILES=[["a.txt", b64encode(b"a").decode()]],
    )
    (post,) = api.result("log.blogpost.get", POST_ID=number, LOG_RIGHTS=["U2"])
    assert (post["TITLE"], post["DETAIL_TEXT"], post["DEST"], post["AUTHOR_ID"]) == (
        "Акт",
        "Подписан",
        ["U2"],
        "1",
    )
    assert post["FILES"][0]["size"] == 1
    assert api.result("log.blogpost.get", POST_ID=api.result("log.blogpost.add", POST_MESSAGE="всем"))[0][
        "DEST"
    ] == ["UA"]
    assert api.refusal("log.blogpost.add", POST_MESSAGE=" ")[:2] == (
        400,
        "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR",
    )


def test_the_feed_is_read_by_rights_newest_first(api):
    ids = [
        api.result("log.blogpost.add", POST_MESSAGE=str(at), DEST=to)
        for at, to in enumerate((["UA"], ["DR3"]) * 30)
    ]

    def read(**more):
        return [row["ID"] for row in api.result("log.blogpost.get", **more)]

    everybody = [str(one) for one in reversed(ids[::2])]
    assert read() == read(LOG_RIGHTS=["UA"]) == everybody
    assert read(LOG_RIGHTS="DR3") == [str(one) for one in reversed(ids[1::2])]
    assert read(POST_ID=ids[1]) == []
    both = [str(one) for one in reversed(ids)]
    assert read(LOG_RIGHTS=["UA", "DR3"]) == both[:50]
    assert read(LOG_RIGHTS=["UA", "DR3"], start=50) == both[50:]


def test_a_post_is_deleted_by_its_author(api, portal):
    number = api.result("log.blogpost.add", POST_MESSAGE="x")
    assert api.result("log.blogpost.delete", POST_ID=number) is True
    assert api.result("log.blogpost.get", POST_ID=number) == []
    assert api.refusal("log.blogpost.delete", POST_ID=number)[0] == 400


@pytest.mark.parametrize(("extra", "left"), [({"CLIENT_ID": "reglament"}, 1), ({}, 2)])
def test_a_tag_replaces_only_with_a_client_id(api, portal, extra, left):
    for text in ("первое", "второе"):
        assert api.result("im.notify.system.add", USER_ID=2, MESSAGE=text, TAG="ACT_42", **extra) > 0
    notices = portal.store.rows("notice")
    assert len(notices) == left
    assert notices[-1]["MESSAGE"] == "второе"


def test_refusals_of_notices(api):
    assert api.refusal("im.notify.personal.add", MESSAGE="x")[1] == "USER_ID_EMPTY"
    assert api.refusal("im.notify.personal.add", USER_ID=2)[1] == "MESSAGE_EMPTY"
    assert api.result("im.notify.personal.add", USER_ID=77, MESSAGE="x") is False


def test_chat_messages(api):
    assert api.result("im.message.add", DIALOG_ID="chat5", MESSAGE="привет") == 1
    assert api.refusal("im.message.add", DIALOG_ID="77", MESSAGE="x")[1] == "USER_NOT_FOUND"
    assert api.refusal("im.message.add", DIALOG_ID="2")[1] == "MESSAGE_EMPTY"


def test_comments(api):
    number = api.result(
        "crm.timeline.comment.add",
        fields={
            "ENTITY_ID": 5,
            "ENTITY_TYPE": "dynamic_1044",
            "COMMENT": "готов",
            "FILES": [["1.gif", "R0lG"]],
        },
    )
    (row,) = api.result("crm.timeline.comment.list", filter={"ENTITY_ID": 5, "ENTITY_TYPE": "dynamic_1044"})
    assert (row["ID"], row["COMMENT"], row["AUTHOR_ID"]) == (str(number), "готов", "1")
    assert next(iter(row["FILES"].values()))["name"] == "1.gif"
    assert api.refusal("crm.timeline.comment.add", FIELDS={"ENTITY_ID": 1})[1:] == (
        "100",
        "Could not find value for parameter {fields}",
    )
    assert (
        api.refusal(
            "crm.timeline.comment.add", fields={"ENTITY_ID": 999, "ENTITY_TYPE": "deal", "COMMENT": "x"}
        )[1]
        == "OWNER_NOT_FOUND"
    )
    assert (
        api.refusal("crm.timeline.comment.add", fields={"ENTITY_ID": 1, "ENTITY_TYPE": "deal"})[1]
        == "INVALID_ARG_VALUE"
    )


def letter(**more):
    return {
        "OWNER_TYPE_ID": 2,
        "OWNER_ID": 1,
        "TYPE_ID": 4,
        "DIRECTION": 2,
        "COMPLETED": "Y",
        "SUBJECT": "Акт",
        "DESCRIPTION": "Добрый день",
        "COMMUNICATIONS": [{"VALUE": "buh@client.example", "ENTITY_ID": 2, "ENTITY_TYPE_ID": 4}],
        "SETTINGS": {"MESSAGE_FROM": "Мы <we@tiny.example>"},
    } | more


def test_an_email_activity_is_sent(api, portal):
    number = api.result(
        "crm.activity.add", fields=letter(FILES=[{"fileData": ["акт.pdf", b64encode(b"%PDF").decode()]}])
    )
    (mail,) = read_mails(portal.store)
    assert (mail["from"], mail["to"][0], mail["subject"]) == ("we@tiny.example", "buh@client.example", "Акт")
    assert mail["attachments"] == [
        {
            "name": "акт.pdf",
            "type": "application/octet-stream",
            "size": 4,
            "sha256": sha256(b"%PDF").hexdigest(),
        }
    ]
    row = api.result("crm.activity.list", filter={"ID": number}, select=["*", "COMMUNICATIONS"])[0]
    assert (row["TYPE_ID"], row["COMPLETED"], row["COMMUNICATIONS"][0]["VALUE"]) == (
        "4",
        "Y",
        "buh@client.example",
    )
    assert "COMMUNICATIONS" not in api.result("crm.activity.get", id=number)


@pytest.mark.parametrize("mark", [{"DIRECTION": 1}, {"COMPLETED": "N"}, {"TYPE_ID": 2}])
def test_without_one_of_the_three_marks_nothing_is_sent(api, portal, mark):
    assert api.result("crm.activity.add", fields=letter(**mark)) > 0
    assert read_mails(portal.store) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"COMMUNICATIONS": []}, '"To" is not found'),
        ({"SETTINGS": {"MESSAGE_FROM": "никто"}}, '"From" is not found'),
        ({"COMMUNICATIONS": [{"VALUE": "не адрес"}]}, "Invalid email is specified"),
    ],
)
def test_a_letter_that_fails_leaves_its_activity(api, portal, change, text):
    assert api.refusal("crm.activity.add", fields=letter(**change)) == (400, "", f"Email send error. {text}")
    assert len(portal.store.rows("activity")) == 1
    assert api.result("crm.activity.delete", id=1) is True
    assert portal.store.rows("activity") == []


def test_a_to_do(api):
    found = api.result(
        "crm.activity.todo.add",
        ownerTypeId=1044,
        ownerId=5,
        deadline="2026-03-20T15:00:00+03:00",
        title="Позвонить",
        responsibleId=2,
    )
    row = api.result("crm.activity.get", id=found["id"])
    assert (row["SUBJECT"], row["RESPONSIBLE_ID"], row["DEADLINE"], row["PROVIDER_ID"]) == (
        "Позвонить",
        "2",
        "2026-03-20T15:00:00+03:00",
        "CRM_TODO",
    )
    assert api.refusal("crm.activity.todo.add", ownerTypeId=2, ownerId=999, deadline="x")[1] == "NOT_FOUND"


def test_the_mail_catcher_keeps_every_byte(portal, server):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "Мы <we@tiny.example>",
        "buh@client.example",
        "Акт № 1",
    )
    message["Message-ID"] = "<act-1@tiny.example>"
    message.set_content("Добрый день!\n")
    message.add_attachment(b"%PDF-act", "application", "pdf", filename="Акт № 1.pdf")
    with Mailbox(portal) as mailbox, smtplib.SMTP(mailbox.host, mailbox.port) as smtp:
        smtp.send_message(message, "we@tiny.example", ["buh@client.example", "copy@client.example"])
    (mail,) = httpx.get(f"{server.url}/_demo/mails").json()
    assert (mail["from"], mail["to"]) == ("we@tiny.example", ["buh@client.example", "copy@client.example"])
    assert (mail["subject"], mail["message_id"], mail["text"].strip()) == (
        "Акт № 1",
        "<act-1@tiny.example>",
        "Добрый день!",
    )
    assert mail["attachments"] == [
        {
            "name": "Акт № 1.pdf",
            "type": "application/pdf",
            "size": 8,
            "sha256": sha256(b"%PDF-act").hexdigest(),
        }
    ]
