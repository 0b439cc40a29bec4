"""Papers in a running engine: a rule hands over lists, the number of a series of its own is taken once and printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.runtime.wire import load
from tests.plugins.document_pictures import text_of
from tests.runtime.service_case import ACT, DEAL, INVOICE, Live, running

PAID = "ufCrm_SMART_INVOICE_1747310001"
RULES = """\
ruleset: papers
rules:
  - id: reconcile
    triggers:
      - changed: deal.title
    actions:
      - document.render:
          template: reconciliation
          item: "${deal.client}"
          acts: "${[a for a in deal.acts if not a.cancelled]}"
          invoices: "${[i for i in deal.invoices if not i.cancelled]}"
          from: "${date('2026-01-01')}"
          mirror: true
        as: sheet
        key: reconciliation ${deal.id} ${deal.title}
      - document.render:
          template: claim
          item: "${deal.client}"
          own_company: "${deal.own_company}"
          invoices: "${[i for i in deal.invoices if not i.cancelled]}"
          acts: "${deal.acts}"
        as: claim
        key: claim ${deal.id} ${deal.title}
"""


def kept(live: Live) -> Mapping[str, str]:
    """What the papers of the runs say, by file name."""
    rows = live.service.store.rows(
        "SELECT result FROM step WHERE action = 'document.render' AND status = 'done'"
    )
    files: list[Any] = [load(str(row["result"])) for row in rows]
    found = {path.name: path for path in live.folder.rglob("kept/*/*")}
    return {file.name: text_of(found[file.sha256].read_bytes()) for file in files}


def owing(live: Live) -> int:
    """A deal of the demo company whose only invoice is not paid, with acts."""
    found: list[dict[str, Any]] = live.call("crm.item.list", entityTypeId=INVOICE, select=["*", "ufCrm_*"])[
        "items"
    ]
    acts = live.call("crm.item.list", entityTypeId=ACT, select=["parentId2"])["items"]
    with_acts = {row["parentId2"] for row in acts}
    by_deal = Counter(row["parentId2"] for row in found)
    unpaid = [row for row in found if not str(row.get(PAID) or "").strip("0.|RUB")]
    return next(
        int(row["parentId2"])
        for row in unpaid
        if by_deal[row["parentId2"]] == 1 and row["parentId2"] in with_acts
    )


def test_a_rule_makes_papers_of_its_lists_with_numbers_of_their_own(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        deal = owing(live)
        for title in ("Первое имя", "Второе имя"):
            live.person.update(DEAL, deal, {"title": title})
            live.settle()
        assert [run.status for run in live.runs()] == ["done", "done"]
        papers = kept(live)
    assert set(papers) == {
        "Акт сверки АС-2026-001.pdf", "Акт сверки АС-2026-002.pdf",
        "Претензия П-2026-001.pdf", "Претензия П-2026-002.pdf",
    }  # fmt: skip
    assert "Акт сверки взаимных расчётов № АС-2026/001" in papers["Акт сверки АС-2026-001.pdf"]
    assert "задолженность в пользу ООО «Кастом Сервис»" in papers["Акт сверки АС-2026-001.pdf"]
    assert "Исх. № П-2026/002" in papers["Претензия П-2026-002.pdf"]
