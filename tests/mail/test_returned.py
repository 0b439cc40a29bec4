"""The running engine reads its mailbox, a Maildir or an IMAP folder: refusals and answers are told, and told once."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from engine.mailbox.sources import MailboxError, imap_name, open_box
from engine.setup import InboxSetup, MailSetup
from tests.mail import refusals
from tests.mail.imap_server import Shelf, serving
from tests.mail.returned_case import drop, maildir, office
from tests.mail.smtp_server import certificate


def test_a_refusal_is_told_to_the_manager_once(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    with office(tmp_path / "office", InboxSetup(maildir=box)) as work:
        before = len(work.notices())
        raw = refusals.postfix(work.first_id(), "docs@client.example")
        drop(box, "1.host", raw)
        assert work.read() == {"bounce": 1}
        [told] = work.notices()[before:]
        assert "Письмо на адрес docs@client.example не доставлено: 550 5.1.1" in told
        assert "Тема письма: Акт по сделке Первое письмо. Проверьте адрес" in told
        assert "550 5.1.1 <docs@client.example>: Recipient address rejected" in told
        assert "deal/details/118" in told
        # Marked as seen, where it is and as it is; nothing is told again, nor for the same message under another name.
        [kept] = (box / "cur").iterdir()
        assert (kept.name, kept.read_bytes()) == ("1.host:2,S", raw)
        drop(box, "2.host", raw)
        assert work.read() == {}
        assert len(work.notices()) == before + 1
        assert [run.item for run in work.live.runs()][-1] == "deal/118"


def test_an_answer_is_told_and_its_scan_is_kept(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    with office(tmp_path / "office", InboxSetup(maildir=box)) as work:
        before = len(work.notices())
        drop(box, "1.host", refusals.answer(work.first_id()))
        assert work.read() == {"reply": 1}
        [told] = work.notices()[before:]
        assert "docs@client.example отвечает на ваше письмо, вложений: 1" in told
        assert "Тема письма: Акт по сделке Первое письмо." in told
        assert "Подписали, скан во вложении." in told
        kept = list((work.live.service.store.folder / "files" / "kept").rglob("*"))
        assert b"%PDF-1.4 scan" in [one.read_bytes() for one in kept if one.is_file()]
        # An answer is for a person to read: it stays new in the box.
        assert [one.name for one in (box / "new").iterdir()] == ["1.host"]


def test_what_concerns_no_letter_of_ours_is_left_alone(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    with office(tmp_path / "office", InboxSetup(maildir=box)) as work:
        before = len(work.notices())
        drop(box, "1.host", refusals.answer("<somebody@else.example>"))
        drop(box, "2.host", refusals.postfix("<somebody@else.example>", "x@else.example"))
        drop(box, "3.host", b"\x00\xff no letter at all")
        drop(box, "4.host", refusals.vacation(work.first_id()))
        assert work.read() == {"automatic": 1}
        assert len(work.notices()) == before
        assert {one.name for one in (box / "new").iterdir()} == {"1.host", "2.host", "3.host", "4.host"}


def test_a_refusal_that_names_the_address_alone_finds_the_last_letter(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    with office(tmp_path / "office", InboxSetup(maildir=box)) as work:
        work.live.portal.clock.advance(timedelta(hours=1))
        work.rename("Второе письмо")
        before = len(work.notices())
        drop(box, "1.host", refusals.without_id("docs@client.example"))
        assert work.read() == {"bounce": 1}
        [told] = work.notices()[before:]
        assert "Тема письма: Акт по сделке Второе письмо." in told


def test_an_old_message_was_there_before_us(tmp_path: Path) -> None:
    box = maildir(tmp_path / "box")
    with office(tmp_path / "office", InboxSetup(maildir=box)) as work:
        drop(box, "1.host", refusals.postfix(work.first_id()))
        old = time.time() - 40 * 86_400
        os.utime(box / "new" / "1.host", (old, old))
        assert work.read() == {}


def test_an_imap_folder_is_read_and_marked(tmp_path: Path) -> None:
    shelf = Shelf(folder="INBOX")
    with serving(shelf) as port, office(tmp_path / "office") as work:
        inbox = InboxSetup("127.0.0.1", port, "none", "docs", "right")
        before = len(work.notices())
        refused = shelf.put(refusals.exim(work.first_id(), "docs@client.example"))
        answered = shelf.put(refusals.answer(work.first_id()))
        assert work.read(inbox) == {"bounce": 1, "reply": 1}
        assert shelf.flags == {refused: {"\\Seen"}, answered: set()}
        assert len(work.notices()) == before + 2
        # The server numbers its messages anew: they are read again, and known by their Message-ID.
        shelf.validity = 2
        assert work.read(inbox) == {}
        assert len(work.notices()) == before + 2
        assert not [one for one in shelf.said if "DELETE" in one.upper() or "EXPUNGE" in one.upper()]


def test_what_a_mail_server_refuses_is_said_without_the_password() -> None:
    shelf = Shelf(password="other")
    with serving(shelf) as port:
        inbox = InboxSetup("127.0.0.1", port, "none", "docs", "s3cret")
        with (
            pytest.raises(MailboxError, match="AUTHENTICATIONFAILED") as caught,
            open_box(MailSetup(), inbox),
        ):
            pass
        assert "s3cret" not in str(caught.value)
        wrong = replace(inbox, password="other", folder="Отказы")
        with pytest.raises(MailboxError, match="Отказы"), open_box(MailSetup(), wrong):
            pass


def test_a_box_over_tls_is_trusted_as_the_mail_server_is(tmp_path: Path) -> None:
    authority, shelf = trustme.CA(), Shelf()
    shelf.put(refusals.vacation())
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    with serving(shelf, certificate(authority)) as port:
        inbox = InboxSetup("localhost", port, "tls", "docs", "right")
        with open_box(MailSetup(ca=ca), inbox) as box:
            assert box.places() == ["1:1"]
        shelf.said.clear()
        with pytest.raises(MailboxError, match="unknown authority") as caught, open_box(MailSetup(), inbox):
            pass
        assert "неизвестным центром" in caught.value.said.ru
    assert shelf.said == []


def test_a_box_without_starttls_gets_no_password() -> None:
    shelf = Shelf()
    with serving(shelf) as port:
        inbox = InboxSetup("localhost", port, "starttls", "docs", "right")
        with pytest.raises(MailboxError, match="TLS"), open_box(MailSetup(), inbox):
            pass
    assert not [one for one in shelf.said if one.startswith("LOGIN")]


def test_a_folder_that_is_no_maildir_is_said(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="Maildir"), open_box(MailSetup(), InboxSetup(maildir=tmp_path)):
        pass


@pytest.mark.parametrize(
    ("name", "written"),
    [("INBOX", "INBOX"), ("Отказы", "&BB4EQgQ6BDAENwRL-"), ("a&b", "a&-b"), ('a"b', 'a\\"b')],
)
def test_a_folder_is_named_in_the_alphabet_of_imap(name: str, written: str) -> None:
    assert imap_name(name) == written
