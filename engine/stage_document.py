"""What an act or an invoice of one stage says: its part, VAT, lines, and what it copies of the deal.

Pure reading of facts, shared by the plugins that issue documents. A fact that the document must show and
nobody knows makes it undecided: a document that went out wrong cannot be called back. It takes no number and
sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.effects import Said
from engine.language.values import Item, Money, Row, Undecided, Value
from engine.stages import single_line, split_plan, stage_title, taxed_lines, vat_of

if TYPE_CHECKING:
    from engine.action import Facts
    from engine.language.values import Duration
    from engine.setup import DocumentSetup

COPIED = ("own_company", "client", "contract", "manager")
LINES_DIFFER = Said(
    "Строки сделки не складываются в её сумму: в документе одна строка на всю сумму.",
    "The deal's lines do not add up to its amount: the document has one line for the whole.",
)
NEEDED = {"own_company": "у сделки нет своего юрлица", "client": "у сделки нет клиента"}


@dataclass(frozen=True, slots=True)
class StageDocument:
    """One stage's document without its number; `fields` by their map names, in reading order."""

    stage: int
    count: int
    fields: Mapping[str, Value]
    warnings: tuple[Said, ...] = ()


def stage_parts(deal: Item, facts: Facts) -> tuple[Money, ...] | Undecided:
    """Return the parts of the deal's amount by its stage plan; undecided where they cannot be read."""
    plan, amount = facts.field(deal, "stage_plan"), facts.field(deal, "amount")
    for value in (plan, amount):
        if isinstance(value, Undecided):
            return value
    if not isinstance(amount, Money):
        return Undecided("сумма сделки не указана")
    return split_plan(plan if isinstance(plan, str) else None, amount)


def live_children(deal: Item, listed: str, facts: Facts) -> tuple[Item, ...] | Undecided:
    """Return the not cancelled items of the deal's list `listed` (`acts`, `invoices`), or undecided."""
    children = facts.field(deal, listed)
    if isinstance(children, Undecided):
        return children
    found: list[Item] = []
    for child in children if isinstance(children, tuple) else ():
        if not isinstance(child, Item):
            return child if isinstance(child, Undecided) else Undecided(f"{deal.entity}.{listed}")
        cancelled = facts.field(child, "cancelled")
        if isinstance(cancelled, Undecided):
            return cancelled
        if cancelled is not True:
            found.append(child)
    return tuple(found)


def stage_document(
    deal: Item, stage: int, parts: tuple[Money, ...], facts: Facts, documents: DocumentSetup
) -> StageDocument | Undecided:
    """Return the document of stage `stage` (from 1) dated today; undecided where a fact is."""
    copied = _copied(deal, facts)
    if isinstance(copied, Undecided):
        return copied
    title = facts.field(deal, "title")
    if not isinstance(title, str):
        return title if isinstance(title, Undecided) else Undecided("у сделки нет названия")
    subject = stage_title(title, stage, len(parts))
    part = parts[stage - 1]
    rate, included = documents.vat_on(facts.today), documents.prices_include_vat
    taxed = vat_of(part, rate, included=included)
    own = facts.field(deal, "lines") if len(parts) == 1 else None
    if isinstance(own, Undecided):
        return own
    rows = [row for row in own if isinstance(row, Row)] if isinstance(own, tuple) else []
    kept = taxed_lines(rows, part, rate, included=included)
    fields: dict[str, Value] = {
        "date": facts.today,
        "title": subject,
        "lines": kept or single_line(subject, taxed),
        "amount": taxed.amount,
        "vat": taxed.vat,
        "deal": deal,
        **copied,
    }
    return StageDocument(stage, len(parts), fields, (LINES_DIFFER,) if rows and kept is None else ())


def due_time(delay: Duration, facts: Facts) -> datetime:
    """Return when something given `delay` from now falls due; days run to their last second."""
    now = facts.now
    if delay.unit in ("minutes", "hours"):
        return now + timedelta(**{delay.unit: delay.amount})
    if delay.unit == "workdays":
        day = facts.add_workdays(facts.today, delay.amount)
    else:
        day = facts.today + timedelta(days=delay.amount)
    return datetime.combine(day, time(23, 59, 59), now.tzinfo)


def whole_number(value: Value) -> int | None:
    """Return a stage number given as a number or as text, None for anything else or below 1."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = Decimal(value.strip())
    if not isinstance(value, Decimal) or value != value.to_integral_value() or value < 1:
        return None
    return int(value)


def _copied(deal: Item, facts: Facts) -> dict[str, Value] | Undecided:
    copied = {name: facts.field(deal, name) for name in COPIED}
    unknown = [value.reason for value in copied.values() if isinstance(value, Undecided)]
    if unknown:
        return Undecided(", ".join(unknown))
    for name, reason in NEEDED.items():
        if copied[name] is None:
            return Undecided(reason)
    return copied
