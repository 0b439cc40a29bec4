"""The shipped regulation on the demo portal, with real PDFs and a real mail server: from the report to the review."""

from __future__ import annotations

from pathlib import Path

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox, read_mails
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.runtime.service_case import (
    ACT,
    DEAL,
    INVOICE,
    ROOT,
    TOKEN,
    Live,
    copy_regulations,
    make_folder,
    open_service,
)


def test_from_the_report_to_the_review(tmp_path: Path) -> None:
    rules = (ROOT / "regulations" / "acts.yaml").read_text("utf-8")
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        config = make_folder(tmp_path, rules)
        copy_regulations(tmp_path)
        with open_service(config, server.webhook_url, variables={"SMTP_PORT": str(box.port)}) as service:
            assert service.wait_idle(30)
            set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            live = Live(portal, server, service, Person(portal, 6), tmp_path)
            live.person.move(DEAL, 118, "C4:UC_REPORT")
            live.settle(60)
            numbers = service.store.rows("SELECT text, item FROM number ORDER BY series")
            assert [row["text"] for row in numbers] == ["А-2026/019", "СЧ-2026/016"]
            act, invoice = (int(row["item"].partition("/")[2]) for row in numbers)
            assert live.person.get(DEAL, 118)["stageId"] == "C4:UC_DOCS"
            live.person.attach(ACT, act, "ufCrm12Scan", "скан.pdf", b"%PDF-1.4 signed by the client")
            live.settle()
            assert live.person.get(ACT, act)["ufCrm12Signed"] == "Y"
            live.person.update(INVOICE, invoice, {"ufCrm_SMART_INVOICE_1747310001": "187697.61|RUB"})
            live.settle()
            assert live.person.get(DEAL, 118)["stageId"] == "C4:WON"
            assert len(read_mails(portal.store)) == 2
            assert all(run.status == "done" for run in live.runs())
