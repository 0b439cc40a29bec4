"""Refusals and answers become the same events in both databases, once each, with what rules are told of them."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.language.values import File, Item, Row
from engine.letter_thread import facts_note
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.runtime.logs import open_log
from engine.runtime.memory import remember
from engine.runtime.returned_mail import ReturnedMail
from engine.runtime.store import Store
from engine.runtime.wire import load_map
from engine.setup import InboxSetup, MailSetup
from tests.mail import refusals
from tests.mail.returned_case import drop, maildir

NOW = datetime(2026, 3, 16, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))


class Office:
    """A mailbox, its reader, and what woke up."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.box = store, maildir(folder / "box")
        self.woken: list[str] = []
        self.now = NOW
        inbox = InboxSetup(maildir=self.box)
        # No file of the portal is asked for: answers' files are kept by the engine.
        contents = Contents(PortalClient("http://127.0.0.1:9/rest/1/x/"), folder / "files")
        log = open_log(io.StringIO())
        self.mail = ReturnedMail(
            store, MailSetup(), inbox, contents, lambda: self.now, self.woken.append, log
        )

    def sent(self, message_id: str, about: str, to: str = refusals.TO) -> None:
        facts = {"to": to, "subject": "Акт", "about": about, "at": NOW.isoformat()}
        remember(self.store, facts_note(message_id), json.dumps(facts, ensure_ascii=False))

    def events(self) -> list[tuple[str, str, str, Row, object, object]]:
        found: list[tuple[str, str, str, Row, object, object]] = []
        for row in self.store.rows("SELECT name, item, lane, roots FROM event ORDER BY n"):
            roots = load_map(row["roots"])
            letter = roots["letter"]
            assert isinstance(letter, Row)
            found.append((row["name"], row["item"], row["lane"], letter, roots["deal"], roots["contract"]))
        return found


def test_a_refusal_and_an_answer(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.sent(refusals.OURS, "deal/118")
    drop(office.box, "1", refusals.postfix())
    assert office.mail.read() == {"bounce": 1}
    drop(office.box, "2", refusals.answer())
    assert office.mail.read() == {"reply": 1}
    assert office.mail.read() == {}
    assert office.woken == ["deal/118", "deal/118"]
    bounced, replied = office.events()
    assert bounced[:3] == ("mail.bounced", "deal/118", "deal/118")
    assert bounced[4:] == (Item("deal", "118"), None)
    letter = bounced[3]
    assert (letter.get("address"), letter.get("subject")) == (refusals.TO, "Акт")
    assert (letter.get("message_id"), letter.get("sent_at")) == (refusals.OURS, NOW)
    assert replied[0] == "mail.replied"
    files = replied[3].get("attachments")
    assert isinstance(files, tuple)
    [scan] = files
    assert isinstance(scan, File)
    assert (scan.name, scan.kind, scan.size) == ("скан акта.pdf", "pdf", 13)


def test_a_letter_about_a_contract_or_about_nothing(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.sent("<c@x.example>", "contract/5")
    office.sent("<n@x.example>", "")
    drop(office.box, "1", refusals.answer("<c@x.example>", own="1"))
    drop(office.box, "2", refusals.answer("<n@x.example>", own="2"))
    assert office.mail.read() == {"reply": 2}
    found = {item: (deal, contract) for _, item, _, _, deal, contract in office.events()}
    assert found == {"contract/5": (None, Item("contract", "5")), "": (None, None)}


def test_an_address_alone_finds_its_last_letter_of_the_month(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.sent("<mine@x.example>", "deal/118", "docs@client.example")
    office.sent("<other@x.example>", "deal/119", "xdocs@client.example")
    drop(office.box, "1", refusals.without_id("docs@client.example"))
    assert office.mail.read() == {"bounce": 1}
    [(_, item, *_)] = office.events()
    assert item == "deal/118"
    office.now += timedelta(days=40)
    drop(office.box, "2", refusals.without_id("docs@client.example").replace(b"0001", b"0002"))
    assert office.mail.read() == {}


def test_what_broke_off_is_read_again(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.sent(refusals.OURS, "deal/118")
    drop(office.box, "1", refusals.answer())
    files = tmp_path / "files"
    files.write_text("a file where the store's folder should be")
    try:
        office.mail.read()
    except OSError:
        pass
    else:
        raise AssertionError("the answer's file could not have been kept")
    assert office.events() == []
    files.unlink()
    assert office.mail.read() == {"reply": 1}


def test_what_was_seen_is_forgotten_in_the_end(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    drop(office.box, "1", refusals.answer("<x@y.example>"))
    office.mail.read()
    assert len(store.rows("SELECT mark FROM mailbox_seen")) == 2
    office.now += timedelta(days=91)
    (office.box / "new" / "1").unlink()
    office.mail.read()
    assert store.rows("SELECT mark FROM mailbox_seen") == []


def test_a_reading_under_way_touches_no_store_once_the_engine_stops(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.sent(refusals.OURS, "deal/118")
    drop(office.box, "1", refusals.postfix())
    office.mail.end()
    office.mail.look()
    reader = office.mail._thread
    assert reader is not None
    reader.join(10)
    assert not reader.is_alive()
    assert office.events() == []
    assert store.rows("SELECT mark FROM mailbox_seen") == []
