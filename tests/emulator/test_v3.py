"""REST v3: letters, replayed by their key."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

import pytest

LETTER = {"from": "robot@tiny.example", "to": ["c@client.example"], "subject": "Акт", "body": "Здравствуйте."}


@pytest.fixture
def v3(api, server):
    def post(method, params=LETTER, **headers):
        url = f"{server.url}/rest/api/1/demo/{method}"
        return api.http.post(
            url, json=params, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    return post


def test_a_letter_goes_out_and_leaves_no_trace_in_the_crm(v3, portal):
    answer = v3("mail.message.send")
    assert answer.json()["result"] == {"success": True, "to": ["c@client.example"]}
    (row,) = portal.store.rows("mail")
    letter = message_from_bytes(portal.store.read_content(row["sha256"]))
    assert (row["sender"], row["to"]) == ("robot@tiny.example", ["c@client.example"])
    assert letter.get_content_type() == "text/plain"
    assert not portal.store.rows("activity")


def test_the_same_key_sends_once_a_day(v3, portal):
    first, second = (v3("mail.message.send", Idempotency_Key="act-1") for _ in range(2))
    assert (first.json(), "Idempotent-Replayed" in first.headers) == (second.json(), False)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(portal.store.rows("mail")) == 1
    v3("mail.message.send", Idempotency_Key="act-2")
    portal.clock.advance(timedelta(hours=24))
    assert "Idempotent-Replayed" not in v3("mail.message.send", Idempotency_Key="act-1").headers
    assert len(portal.store.rows("mail")) == 3


def test_without_a_key_every_post_sends(v3, portal):
    v3("mail.message.send")
    v3("mail.message.send")
    assert len(portal.store.rows("mail")) == 2


def test_senders_are_those_of_the_employee(v3):
    (row,) = v3("mail.mailbox.senders", {"pagination": {"page": 1, "limit": 20, "offset": 0}}).json()[
        "result"
    ]["items"]
    assert row["sender"] == f"{row['name']} <robot@tiny.example>"
    bad = v3("mail.mailbox.senders", {"pagination": {"limit": "abc"}})
    assert bad.status_code == 400
    assert bad.json()["error"]["code"].endswith("INVALIDPAGINATIONEXCEPTION")


@pytest.mark.parametrize("name", ["from", "to", "subject", "body"])
def test_a_missing_member_is_named(v3, portal, name):
    answer = v3("mail.message.send", {key: value for key, value in LETTER.items() if key != name})
    error = answer.json()["error"]
    assert (answer.status_code, error["validation"]) == (
        400,
        [{"message": "Mandatory field is missing", "field": name}],
    )
    assert not portal.store.rows("mail")


def test_only_own_addresses_send(v3):
    answer = v3("mail.message.send", LETTER | {"from": "boss@tiny.example"})
    assert answer.json()["error"]["validation"][0]["field"] == "from"


def test_old_and_new_do_not_mix(v3, api, server):
    assert v3("crm.deal.get", {"id": 1}).status_code == 404
    assert api.refusal("mail.message.send", **LETTER)[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    refused = api.http.post(f"{server.url}/rest/api/2/narrow/mail.message.send", json=LETTER)
    assert refused.status_code == 403
    wrong = api.http.post(f"{server.url}/rest/api/1/nobody/mail.message.send", json=LETTER)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "NO_AUTH_FOUND")
    assert api.http.get(f"{server.url}/rest/api/1/demo/mail.message.send").status_code == 400
