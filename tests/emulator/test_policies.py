"""Policies: what the vendor leaves open, switched, and seen to matter over HTTP."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields, replace
from email import message_from_bytes
from email import policy as email_policy

import pytest

from engine.emulator import open_portal
from engine.emulator.demo import set_receiver
from engine.emulator.policies import Policies, PolicyError, with_policies


def upload(api, name="act.pdf", content=b"1"):
    pair = [name, b64encode(content).decode()]
    return api.post("disk.folder.uploadFile", id=1, data={"NAME": name}, fileContent=pair)


def test_a_wrong_policy_says_which_there_are(api, server):
    for given, said in (({"nope": "1"}, "stage_history"), ({"stage_history": "x"}, "numbers, text")):
        answer = api.http.post(f"{server.url}/_demo/policies", json=given)
        assert answer.status_code == 400
        assert said in answer.json()["error_description"]
    with pytest.raises(PolicyError, match="above 0"):
        with_policies(Policies(), {"document_seconds": "-1"})


def test_policies_of_a_company_are_kept_in_the_state(tmp_path, company):
    file = tmp_path / "state.db"
    with open_portal(file, replace(company, policies={"operating_limit": 420})) as portal:
        portal.set_policies(event_order="loose")
    with open_portal(file, company) as portal:
        assert portal.policies == Policies(operating_limit=420, event_order="loose")
        assert portal.meter.limit == 420


def test_every_policy_is_read_by_something():
    from pathlib import Path

    import engine.emulator

    room = Path(engine.emulator.__file__).parent
    text = "".join(file.read_text("utf-8") for file in room.rglob("*.py") if file.name != "policies.py")
    own = (room / "policies.py").read_text("utf-8")
    for one in fields(Policies):
        assert f".{one.name}" in text or f"self.{one.name}" in own, one.name


@pytest.mark.parametrize(
    ("value", "outcome"), [("refuse", "DISK_OBJ_22000"), ("rename", "act (1).pdf"), ("overwrite", "act.pdf")]
)
def test_the_same_file_again(api, portal, value, outcome):
    portal.set_policies(disk_same_file=value)
    first = upload(api).json()["result"]
    again = upload(api, content=b"22").json()
    assert (again["error"] if "error" in again else again["result"]["NAME"]) == outcome
    if value == "overwrite":
        assert again["result"]["ID"] == first["ID"]
        assert api.result("disk.file.get", id=first["ID"])["SIZE"] == "2"


def test_names_of_the_drive(api, portal):
    assert upload(api, "a:b.pdf").json()["error"] == "ERROR_ARGUMENT"
    portal.set_policies(disk_forbidden="/", disk_name_length=10)
    assert upload(api, "a:b.pdf").json()["result"]["NAME"] == "a:b.pdf"
    assert upload(api, "a/b.pdf").json()["error"] == "ERROR_ARGUMENT"
    assert upload(api, "longer name.pdf").json()["error"] == "ERROR_ARGUMENT"


def events_of(portal, receiver, deed, *names):
    set_receiver(portal, receiver.url, events=names)
    deed()
    assert portal.deliveries.settle(10)
    return [post["event"] for post in receiver.posts]


def test_an_update_with_nothing_new(api, portal, receiver):
    def deed():
        api.result("crm.deal.update", id=1, fields={"TITLE": "Сделка 1"})

    assert events_of(portal, receiver, deed, "ONCRMDEALUPDATE") == ["ONCRMDEALUPDATE"]
    portal.set_policies(old_update_unchanged="silent")
    assert events_of(portal, receiver, deed, "ONCRMDEALUPDATE") == ["ONCRMDEALUPDATE"]


def test_numbered_events_of_invoices(api, portal, receiver):
    def deed():
        api.result("crm.item.update", entityTypeId=31, id=9, fields={"title": f"Счёт {len(receiver.posts)}"})

    names = ("ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMUPDATE_31")
    assert events_of(portal, receiver, deed, *names) == ["ONCRMDYNAMICITEMUPDATE"]
    portal.set_policies(invoice_numbered_events="yes")
    assert sorted(events_of(portal, receiver, deed, *names)[1:]) == sorted(names)


def test_a_payment_may_raise_nothing(api, portal, receiver):
    portal.set_policies(payment_raises_update="no")
    found = events_of(
        portal, receiver, lambda: api.result("crm.item.payment.pay", id=3), "ONCRMDYNAMICITEMUPDATE"
    )
    assert found == []
    assert api.result("crm.item.payment.get", id=3)["paid"] == "Y"


def test_posts_in_loose_order_some_of_them_twice(api, portal, receiver):
    portal.set_policies(event_order="loose", event_duplicates="some")

    def deed():
        for number in range(1, 21):
            api.result("crm.deal.update", id=number, fields={"TITLE": "x"})

    assert len(events_of(portal, receiver, deed, "ONCRMDEALUPDATE")) == 22
    numbers = [int(post["data[FIELDS][ID]"]) for post in receiver.posts]
    assert numbers != sorted(numbers)
    assert set(numbers) == set(range(1, 21))


def letter(portal):
    row = portal.store.rows("mail")[-1]
    return message_from_bytes(portal.store.read_content(row["sha256"]), policy=email_policy.default)


@pytest.mark.parametrize(
    ("policy", "number", "text"),
    [
        ("html", 1, "[b]Акт[/b]"),
        ("html", 2, "[b]Акт[/b]"),
        ("html", 3, "<b>Акт</b>"),
        ("bb", 2, "<b>Акт</b>"),
        ("bb", 3, "[b]Акт[/b]"),
    ],
)
def test_what_a_letter_is_written_in(api, portal, policy, number, text):
    portal.set_policies(description_type_2=policy)
    fields_given = {
        "OWNER_TYPE_ID": 2, "OWNER_ID": 1, "TYPE_ID": 4, "DIRECTION": 2, "COMPLETED": "Y", "SUBJECT": "x",
        "DESCRIPTION": "[b]Акт[/b]", "DESCRIPTION_TYPE": number, "COMMUNICATIONS": [{"VALUE": "c@x.example"}],
        "SETTINGS": {"MESSAGE_FROM": "a@tiny.example"},
    }  # fmt: skip
    api.result("crm.activity.add", fields=fields_given)
    body = letter(portal)
    assert (body.get_content_subtype(), body.get_content().strip()) == (
        "plain" if number == 1 else "html",
        text,
    )


def test_run_time_of_a_method(api, portal):
    portal.limits = "real"
    portal.set_policies(operating_limit=1)
    portal.meter.add("1/demo", "crm.deal.list", 1.5)
    assert api.refusal("crm.deal.list")[:2] == (429, "OPERATION_TIME_LIMIT")
    portal.set_policies(operating_limit=480)
    assert "total" in api.call("crm.deal.list")


def test_the_shared_drive(api, portal):
    portal.set_policies(shared_drive="shared_files_s2")
    (row,) = api.result("disk.storage.getList", filter={"ENTITY_TYPE": "common"})
    assert row["ENTITY_ID"] == "shared_files_s2"
    assert api.result("disk.storage.get", id=1)["ENTITY_ID"] == "shared_files_s2"
    assert api.result("disk.storage.getList", filter={"ENTITY_ID": "shared_files_s1"}) == []
