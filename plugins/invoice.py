"""Issues invoices for stages and marks invoices paid by a person's word.

Decides whether the live invoices already cover the stages so far. It keeps no payments: where money comes
from is said by `paid_source`, and the bank's own lines are another plugin's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Effect,
    Facts,
    FieldChange,
    Item,
    ItemChange,
    Money,
    Param,
    Params,
    Pending,
    Row,
    Said,
    Setup,
    StageDocument,
    Undecided,
    Value,
    Verification,
    cancel_item,
    change_rows,
    changed_fields,
    find_issued,
    hookimpl,
    issue_item,
    live_children,
    money_text,
    read_back,
    read_fields_back,
    restore_fields,
    row_fields,
    stage_document,
    stage_parts,
    sum_money,
    vat_of,
    whole_number,
    write_fields,
)


class IssueInvoice(Action):
    """Выставляет счёт на часть этапа n, если действующие счета в сумме меньше частей 1…n.

    Issues an invoice for part n where the deal's live invoices sum to less than parts 1…n; otherwise the
    money asked for is enough and nothing is done. After the call the invoice exists with its number, lines
    and links.
    """

    name: ClassVar[str] = "invoice.issue"
    title: ClassVar[Said] = Said("Выставить счёт", "Issue the invoice")
    parameters: ClassVar[Mapping[str, Param]] = {
        "stage_no": Param("number", "The stage the invoice is for."),
        "deal": Param("deal", "The deal; by default the one that the rule sees.", required=False),
    }
    example: ClassVar[str] = (
        '- invoice.issue: {stage_no: "${act.stage_no}"}\n  as: bill\n  key: bill ${deal.id}/${act.stage_no}'
    )
    kinds: ClassVar[tuple[str, ...]] = ("item",)
    result: ClassVar[str] = "invoice"
    irreversible: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map
        self.documents = setup.documents

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the invoice with all its fields but the number, or that the live ones are enough."""
        deal, asked = params.get("deal"), params.get("stage_no")
        for value in (deal, asked):
            if isinstance(value, Undecided):
                return value
        if not isinstance(deal, Item):
            return Undecided("deal")
        parts, invoiced = stage_parts(deal, facts), _invoiced(deal, facts)
        if isinstance(parts, Undecided):
            return parts
        if isinstance(invoiced, Undecided):
            return invoiced
        if "invoice" not in self.documents.numbers:
            return Undecided("в настройках нет образца номера documents.numbers.invoice")
        stage = None if isinstance(asked, Mapping) else whole_number(asked)
        if stage is None or stage > len(parts):
            return Undecided(f"этапа {asked} в плане нет: этапов {len(parts)}")
        enough = self._enough(parts[:stage], invoiced, facts)
        if isinstance(enough, Undecided):
            return enough
        if enough is not None:
            return Effect(params, nothing_to_do=enough)
        document = stage_document(deal, stage, parts, facts, self.documents)
        if isinstance(document, Undecided):
            return document
        return self._planned(params, deal, document, facts)

    def commands(self, effect: Effect) -> Commands:
        """Take the number, then create the invoice with its lines in one batch; return the invoice."""
        fields = row_fields(effect, "fields")
        pattern = self.documents.pattern("invoice", fields.get("own_company"))
        return (yield from issue_item(self.map, "invoice", pattern, fields))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the invoice and its lines back."""
        if not isinstance(result, Item):
            return ()
        return (yield from read_back(self.map, result, row_fields(effect, "fields")))

    def probe(self, key: str, effect: Effect) -> Commands:
        """Look for the invoice that bears this step's number; undecided where one alike has none."""
        deal, known = effect.details["deal"], effect.details["known"]
        if not isinstance(deal, Item) or not isinstance(known, tuple):
            return Undecided("invoice.issue: у шага нет сделки, искать счёт негде")
        fields = row_fields(effect, "fields")
        pattern = self.documents.pattern("invoice", fields.get("own_company"))
        return (
            yield from find_issued(self.map, "invoice", pattern, fields, deal, known, ("amount", "title"))
        )

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Cancel the invoice, unless somebody has worked with it; its number stays taken."""
        return (
            cancel_item(self.map, result, row_fields(effect, "fields")) if isinstance(result, Item) else None
        )

    def frees(self, earlier: Value, facts: Facts) -> bool:
        """True where the earlier invoice is cancelled, or gone: not among the deal's known ones."""
        if not isinstance(earlier, Item):
            return False
        cancelled = facts.field(earlier, "cancelled")
        return cancelled is True or isinstance(cancelled, Undecided)

    def _enough(self, parts: tuple[Money, ...], invoiced: Money, facts: Facts) -> Said | Undecided | None:
        rate, included = self.documents.vat_on(facts.today), self.documents.prices_include_vat
        needed = sum_money([vat_of(part, rate, included=included).amount for part in parts])
        if isinstance(needed, Undecided):
            return needed
        if invoiced.currency and invoiced.currency != needed.currency:
            return Undecided(f"две валюты: счета в {invoiced.currency}, сделка в {needed.currency}")
        if invoiced.amount < needed.amount:
            return None
        count = len(parts)
        ru, en = ("этапу 1", "stage 1 asks") if count == 1 else (f"этапам 1–{count}", f"stages 1–{count} ask")
        return Said(
            f"Новый счёт не нужен: действующих счетов уже на {money_text(invoiced)}, {ru} нужно {money_text(needed)}.",
            f"No new invoice is needed: live ones for {invoiced} are out, {en} for {needed}.",
        )

    def _planned(self, params: Params, deal: Item, document: StageDocument, facts: Facts) -> Effect:
        invoice = facts.new("invoice")
        amount = document.fields["amount"]
        fields: dict[str, Value] = {
            name: value for name, value in document.fields.items() if name != "contract"
        }
        fields["paid"] = Money(amount.amount * 0, amount.currency) if isinstance(amount, Money) else None
        fields["cancelled"] = False
        known = facts.field(deal, "invoices")
        details: dict[str, Value] = {
            "deal": deal,
            "fields": Row(tuple((name, value) for name, value in fields.items() if value is not None)),
            "known": known if isinstance(known, tuple) else (),
        }
        change = ItemChange(invoice, {"number": Pending(f"{invoice}.number"), **fields})
        return Effect(params, (change,), invoice, details, warnings=document.warnings)


class MarkPaid(Action):
    """Отмечает действующие счета сделки оплаченными полностью, с указанием источника отметки.

    Marks every live invoice of the deal paid in full, with the source of the mark. Invoices already paid in
    full keep what they say; the sums paid before are restored by undoing.
    """

    name: ClassVar[str] = "invoice.mark_paid"
    title: ClassVar[Said] = Said("Отметить счёт оплаченным", "Mark the invoice paid")
    parameters: ClassVar[Mapping[str, Param]] = {
        "source": Param("one of bank, portal, manual", "Who says so; `manual` for a person's mark."),
        "deal": Param("deal", "The deal; by default the one that the rule sees.", required=False),
    }
    example: ClassVar[str] = "- invoice.mark_paid: {source: manual}"
    kinds: ClassVar[tuple[str, ...]] = ("field",)

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the sum and the source for each live invoice not yet paid in full."""
        deal, source = params.get("deal"), params.get("source")
        if isinstance(source, Undecided):
            return source
        if not isinstance(deal, Item):
            return deal if isinstance(deal, Undecided) else Undecided("deal")
        live = live_children(deal, "invoices", facts)
        if isinstance(live, Undecided):
            return live
        if not live:
            said = Said("У сделки нет действующих счетов.", "The deal has no live invoices.")
            return Effect(params, nothing_to_do=said)
        changes: list[FieldChange] = []
        for invoice in live:
            amount, paid = facts.field(invoice, "amount"), facts.field(invoice, "paid")
            for value in (amount, paid):
                if isinstance(value, Undecided):
                    return value
            if not isinstance(amount, Money) or (isinstance(paid, Money) and paid.amount >= amount.amount):
                continue
            changes.append(FieldChange(invoice, "paid", paid, amount))
            before = facts.field(invoice, "paid_source")
            if before != source:
                changes.append(FieldChange(invoice, "paid_source", before, str(source)))
        if not changes:
            said = Said("Счета уже оплачены полностью.", "The invoices are already paid in full.")
            return Effect(params, nothing_to_do=said)
        return Effect(params, tuple(changes), None, {"changes": change_rows(changes)})

    def commands(self, effect: Effect) -> Commands:
        """Update each invoice once."""
        yield from write_fields(self.map, changed_fields(effect, "after"))
        return None

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read every marked invoice back."""
        return (yield from read_fields_back(self.map, changed_fields(effect, "after")))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Write the sums and sources of before; impossible where a source was not known."""
        return restore_fields(self.map, effect)


def _invoiced(deal: Item, facts: Facts) -> Money | Undecided:
    live = live_children(deal, "invoices", facts)
    if isinstance(live, Undecided):
        return live
    return sum_money([facts.field(invoice, "amount") for invoice in live])


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `invoice.issue` and `invoice.mark_paid`."""
    return [IssueInvoice(setup), MarkPaid(setup)]
