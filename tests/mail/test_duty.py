"""The mailbox of the settings is read by the running engine itself, at its start and then again and again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.mail import refusals
from tests.mail.returned_case import RULES, drop, maildir
from tests.runtime.service_case import DEAL, ROOT, TOKEN, Live, make_folder, open_service


@pytest.mark.parametrize("is_there", [True, False], ids=["box", "no box"])
def test_the_engine_reads_its_box_at_the_start(tmp_path: Path, is_there: bool) -> None:  # noqa: FBT001
    box = maildir(tmp_path / "box") if is_there else tmp_path / "nowhere"
    config = make_folder(tmp_path, RULES)
    text = config.read_text("utf-8").replace(
        "\nmail:\n", f"\nmail:\n  inbox: {{maildir: {box}, every: 1 minutes}}\n"
    )
    config.write_text(text, "utf-8")
    rules = (ROOT / "regulations" / "mail.yaml").read_text("utf-8")
    (tmp_path / "regulations" / "mail.yaml").write_text(rules, "utf-8")
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as post:
        portal.deliveries.delay = 0.0
        variables = {"SMTP_PORT": str(post.port)}
        with open_service(config, server.webhook_url, variables=variables) as service:
            assert service.wait_idle(30)
            set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            live = Live(portal, server, service, Person(portal, 6), tmp_path)
            live.person.update(DEAL, 118, {"title": "Первое письмо"})
            live.settle()
        [letter] = read_mails(portal.store)
        before = len(portal.store.rows("notice"))
        if is_there:
            drop(box, "1.host", refusals.postfix(str(letter["message_id"]), "docs@client.example"))
        with open_service(config, server.webhook_url, variables=variables) as service:
            until = time.monotonic() + (20 if is_there else 1)
            while time.monotonic() < until and len(portal.store.rows("notice")) == before:
                time.sleep(0.05)
            assert service.wait_idle(30)
            assert len(portal.store.rows("notice")) == before + is_there
