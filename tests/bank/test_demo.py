"""The demo company's bank file, imported twice over its portal: every fate, the deals that move, nothing the second time."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path

from engine.cli.office import open_office
from engine.emulator.company.bank import statement
from engine.runtime.logs import open_log
from engine.settings import read_settings
from tests.bank.bank_case import PAID, SOURCE, bank_office, importer, invoice_fields
from tests.runtime.service_case import DEAL, ROOT

FATES = {
    "311": "matched", "58": "partial", "1027": "matched", "204": "matched", "770112": "acquiring",
    "770398": "acquiring", "419": "supplier_refund", "12": "own_transfer", "87": "doubtful", "3": "doubtful",
    "640": "doubtful", "144": "outgoing", "770455": "outgoing", "145": "refund",
}  # fmt: skip
ATTENTION = "\nbank:\n  accounts: [40702810900000012345]\n  attention: 6\n"


def test_every_line_has_the_fate_of_the_demo_and_a_second_import_is_empty(tmp_path: Path, state: str) -> None:
    with bank_office(tmp_path, bank=ATTENTION, state=state) as live:
        stages = {deal: live.person.get(DEAL, deal)["stageId"] for deal in (110, 111, 113, 122)}
        before = invoice_fields(live, "СЧ-2025/012")[PAID]
        first = importer(live).take(statement(), "kl_to_1c.txt")
        assert {one.line.payment.number: one.fate.fate for one in first.outcomes} == FATES
        assert all(one.is_new for one in first.outcomes)
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/013")[PAID] == "134845.95|RUB"
        assert invoice_fields(live, "СЧ-2026/013")[SOURCE] == 201
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"
        assert before == "63000.00|RUB"
        assert invoice_fields(live, "СЧ-2025/012")[PAID] == "62490.90|RUB"
        moved = {deal: live.person.get(DEAL, deal)["stageId"] for deal in stages}
        assert set(stages.values()) == {"C4:UC_DOCS"}
        assert moved == {110: "C4:WON", 111: "C4:WON", 113: "C4:UC_DOCS", 122: "C4:UC_PAID"}
        notices = [str(row) for row in live.portal.store.rows("notice")]
        assert sum("строк без счёта — 3" in one for one in notices) == 1
        runs = Counter(run.event for run in live.runs())
        again = importer(live).take(statement(), "kl_to_1c.txt")
        assert not any(one.is_new for one in again.outcomes)
        assert [one.fate.fate for one in again.outcomes] == [one.fate.fate for one in first.outcomes]
        live.settle(30)
        assert Counter(run.event for run in live.runs()) == runs
        assert runs["bank.payment"] == 5


def test_money_that_a_manager_had_marked_before_is_not_counted_twice(tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        live.person.move(DEAL, 122, "C4:UC_PAID")
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/013")[SOURCE] == 203
        for is_new in (True, False):
            found = importer(live).take(statement(), "kl_to_1c.txt").outcomes[0]
            assert (found.fate.fate, found.is_new) == ("confirmed", is_new)
            live.settle(60)
            assert invoice_fields(live, "СЧ-2026/013")[PAID] == "134845.95|RUB"


def test_the_demo_offers_its_statement_and_watches_a_folder(tmp_path: Path) -> None:
    settings, _ = read_settings(ROOT / "config.example.yaml", {}, is_example=True)
    assert settings is not None
    with open_office(settings, tmp_path, log=open_log(io.StringIO())) as office:
        office.settle()
        (tmp_path / "bank").mkdir(exist_ok=True)
        (tmp_path / "kl_to_1c.txt").replace(tmp_path / "bank" / "kl_to_1c.txt")
        report = tmp_path / "bank" / "done" / "kl_to_1c.txt.report.txt"
        for _ in range(400):
            if report.exists():
                break
            time.sleep(0.05)
        assert "Строк: 14, новых: 14" in report.read_text("utf-8")
        office.settle()
        assert office.tell("items/get", entityTypeId=DEAL, id=122)["stageId"] == "C4:UC_PAID"
        assert any("строк без счёта — 3" in str(one) for one in office.ask("notices"))
