"""Names of firms and deals as strangers write them: in letters, documents, folders, feed; and people who left."""

from __future__ import annotations

import io
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from pypdf import PdfReader

from engine.emulator.mailbox import read_mails
from tests.hostile.hostile_case import WILD_TEXTS, act_in, is_harmless, new_in, rename, tree
from tests.registers.legacy_case import Office, office, pdf


def address_of(one: Office, client: int) -> str:
    company = one.live.call("crm.item.get", entityTypeId=4, id=client)["item"]
    return str(next((row["value"] for row in company.get("fm", ()) if row["typeId"] == "EMAIL"), ""))


def received(one: Office) -> list[bytes]:
    """Return the attachments of the only letter, as the client's mail program opens them."""
    store = one.live.portal.store
    (row,) = store.rows("mail")
    letter = message_from_bytes(store.read_content(str(row["sha256"])), policy=policy.default)
    return [bytes(part.get_payload(decode=True)) for part in letter.iter_attachments()]


@pytest.mark.parametrize("wild", WILD_TEXTS, ids=["formula", "html", "typst", "jinja", "path", "direction"])
def test_a_wild_client_gets_its_own_letter_and_its_words_stay_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wild: str
) -> None:
    with office(tmp_path, monkeypatch) as one:
        deal = one.live.person.get(2, 118)
        client = int(str(deal["companyId"]))
        rename(one, client, wild)
        one.live.person.update(2, 118, {"title": wild})
        one.live.settle()
        one.live.person.move(2, 118, "C4:UC_REPORT")
        one.live.settle(60)
        assert all(run.status == "done" for run in one.live.runs()), [
            run.verdict_en for run in one.live.runs()
        ]
        (letter,) = read_mails(one.live.portal.store)
        assert letter["to"] == [address_of(one, client)]
        attached = letter["attachments"]
        assert isinstance(attached, list)
        assert attached
        assert [row["name"] for row in attached if not is_harmless(row["name"])] == []
        (act,) = one.live.call("crm.item.list", entityTypeId=1044, filter={"=parentId2": 118})["items"]
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(received(one)[0])).pages)
        shown = re.sub(r"[\u200b\u202e\s]", "", wild)
        assert shown in re.sub(r"[\u200b\s]", "", text), text[:500]
        assert "root:" not in text
        assert "49" not in re.sub(r"\D{2,}", " ", text).split()

        before = tree(one)
        one.live.person.attach(1044, act["id"], "ufCrm12Scan", "скан.pdf", pdf("x"))
        one.live.settle(60)
        new = {path for path, names in new_in(before, tree(one)).items() if names}
        (path,) = new
        assert path.startswith("/Акты выполненных работ/2026/")
        assert path.count("/") == 4
        assert all(is_harmless(name) for name in path.split("/")[1:]), path


def test_a_client_without_an_address_gets_nothing_and_the_manager_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        one.live.person.update(2, 118, {"companyId": 19})
        one.live.settle()
        one.live.person.move(2, 118, "C4:UC_REPORT")
        one.live.settle(60)
        assert read_mails(one.live.portal.store) == []
        assert one.live.person.get(2, 118)["stageId"] == "C4:UC_REPORT"
        assert any("нет e-mail" in str(row["MESSAGE"]) for row in one.rows("notice"))


def test_a_dismissed_managers_notice_goes_to_who_answers_for_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch, attention="5") as one:
        act = act_in(one, 15)
        one.live.person.update(1044, act["id"], {"assignedById": 8})
        one.live.settle()
        one.live.person.attach(1044, act["id"], "ufCrm12Scan", "скан.pdf", pdf("x"))
        one.live.settle(60)
        told = {
            str(row["TO_USER_ID"] if "TO_USER_ID" in row else row["USER_ID"]) for row in one.rows("notice")
        }
        assert told == {"5"}, one.rows("notice")


def test_with_no_manager_and_nobody_to_answer_the_act_is_filed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        act, before = act_in(one, 15), tree(one)
        one.live.person.update(1044, act["id"], {"assignedById": 8})
        one.live.settle()
        one.live.person.attach(1044, act["id"], "ufCrm12Scan", "скан.pdf", pdf("x"))
        one.live.settle(60)
        assert one.rows("notice") == []
        assert one.live.person.get(1044, act["id"])["ufCrm12Signed"] == "Y"
        assert [names for names in new_in(before, tree(one)).values() if names] == [["скан.pdf"]]
        # Nobody to tell is no reason to keep silent: the copy in the feed is there for everybody.
        assert any("Подписанный акт П-15 сохранён" in str(post) for post in one.rows("post"))
