"""Generated regulations of any size over the example map, and an event of which a few of their rules fire.

Pure: the same count gives the same files. The rules look like a company's: seven kinds, each asking for a value that
tells it from the others; the ones that fire are the same few whatever the size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

FILE_RULES = 100
FIRING = 3
_CLIENT = 'deal.title == "Сделка {n}"'

# Kind → triggers, conditions, action; {n} is the rule's number.
_KINDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "changed: deal.stage\n        to: documents_sent",
        (_CLIENT, 'deal.amount >= money({n}, "RUB")', "deal.paid < deal.amount"),
        'notify: {{to: "${{deal.manager}}", text: "Сделка ${{deal.title}}: ждём ${{deal.amount | money}}"}}',
    ),
    (
        "changed: deal.stage\n        to: in_work",
        (_CLIENT, "deal.amount > 0"),
        'field.set: {{deal.stage_plan: "30 %, 70 % ({n})"}}',
    ),
    (
        "changed: deal.stage\n        to: documents_sent",
        (
            'deal.amount >= money(1000{n:05}, "RUB")',
            'starts(deal.title, "Проект")',
            "any(not i.cancelled for i in deal.invoices)",
        ),
        'notify: {{to: "${{deal.manager}}", text: "Крупная сделка {n}: ${{deal.title}}"}}',
    ),
    (
        "filled: act.scan",
        (
            'act.number == "А-2026/{n}"',
            "act.signed == false",
            'act.scan.kind in ["pdf", "jpg", "png", "tiff"]',
        ),
        'field.set: {{act.signed: true, act.signed_at: "${{now}}"}}',
    ),
    (
        "changed: invoice.paid",
        ('invoice.number == "СЧ-2026/{n}"', "invoice.paid > 0"),
        'notify: {{to: "${{invoice.manager}}", text: "Поступила оплата по счёту ${{invoice.number}}"}}',
    ),
    (
        "changed: act.cancelled\n        to: true",
        ('act.title == "Акт {n}"', "act.amount > 0"),
        'notify: {{to: "${{act.manager}}", text: "Акт ${{act.number}} аннулирован"}}',
    ),
    (
        "changed: contract.valid_to",
        ('contract.number == "Д-{n}"', "contract.cancelled == false"),
        'notify: {{to: "${{contract.manager}}", text: "Договор ${{contract.number}}: новый срок"}}',
    ),
)
_FEW = (_KINDS[0][0], ('deal.amount >= money({n}, "RUB")', 'deal.title == "Проект"'), _KINDS[0][2])


def regulation_files(count: int) -> dict[str, str]:
    """Return file name → text for `count` rules, `FILE_RULES` a file; `FIRING` of them fire on `event_text()`."""
    files: dict[str, str] = {}
    for start in range(0, count, FILE_RULES):
        number = start // FILE_RULES
        rules = "".join(_rule(n) for n in range(start, min(count, start + FILE_RULES)))
        files[f"set-{number:04}.yaml"] = f"ruleset: set-{number:04}\ntitle: Набор {number}\n\nrules:\n{rules}"
    return files


def edited(text: str) -> str:
    """Return a file's text after a person's small edit: one title reads otherwise."""
    return text.replace("title: Правило", "title: Исправленное правило", 1)


def event_text() -> str:
    """Return an event file: a deal moved to `documents_sent`, with what the rules may ask."""
    deal: Mapping[str, object] = {
        "id": "118", "title": "Проект", "pipeline": "customisation", "stage": "documents_sent",
        "amount": "48500.00 RUB", "manager": {"id": "5", "name": "Мария"}, "invoices": [], "acts": [],
        "stage_plan": None,
    }  # fmt: skip
    event = {
        "event": "deal.updated", "id": "bench", "time": "2026-03-14T16:41:07+03:00", "item": "deal/118",
        "before": {"stage": "report_sent"}, "facts": {"deal": deal},
    }  # fmt: skip
    return json.dumps(event, ensure_ascii=False)


def _rule(n: int) -> str:
    trigger, conditions, action = _FEW if n < FIRING else _KINDS[n % len(_KINDS)]
    lines = [
        f"  - id: rule-{n}",
        f"    title: Правило {n}",
        "    triggers:",
        f"      - {trigger}",
        "    conditions:",
    ]
    lines += [f"      - {condition.format(n=n)}" for condition in conditions]
    lines += ["    actions:", f"      - {action.format(n=n)}"]
    return "\n".join(lines) + "\n"
