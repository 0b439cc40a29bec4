"""Puts payments on invoices: what the bank's lines, or the portal's own payments, pay or take back.

Decides how a payment is written once and only once. Which line pays which invoice was decided when the statement
was taken in; this plugin reads no statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from engine import (
    Action,
    Command,
    Commands,
    Effect,
    Facts,
    FieldChange,
    Item,
    Money,
    Param,
    Params,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    change_rows,
    changed_fields,
    hookimpl,
    money_text,
    read_fields_back,
    remember_command,
    restore_fields,
)


class AddPayment(Action):
    """Добавляет платёж к оплаченному по счёту, один раз; возврат вычитается, но не ниже нуля.

    Adds a payment to what was paid for the invoice and says where it came from; a refund is taken away, never below
    zero. The sum is added to what the portal holds at that moment. After the call the payment's key is remembered:
    the same payment is never added twice, whoever asks.
    """

    name: ClassVar[str] = "invoice.add_payment"
    title: ClassVar[Said] = Said("Записать оплату в счёт", "Put the payment on the invoice")
    parameters: ClassVar[Mapping[str, Param]] = {
        "invoice": Param("invoice", "The invoice; by default the one that the rule sees.", required=False),
        "amount": Param("money", "The sum, above zero."),
        "payment": Param("text", "The payment's own key, the same however often it is told."),
        "source": Param(
            "one of bank, portal", "Where the money was seen; `bank` by default.", required=False
        ),
        "refund": Param("yes/no", "The money was given back.", required=False),
    }
    example: ClassVar[str] = (
        '- invoice.add_payment: {amount: "${payment.amount}", payment: "${payment.key}"}\n'
        "  key: payment ${payment.key}"
    )
    kinds: ClassVar[tuple[str, ...]] = ("field",)
    result: ClassVar[str] = "money"
    irreversible: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the sum paid before and after, and the source."""
        for value in params.values():
            if isinstance(value, Undecided):
                return value
        invoice, amount = params.get("invoice"), _as_money(params.get("amount"))
        if not isinstance(invoice, Item):
            return Undecided("invoice")
        if amount is None or amount.amount <= 0:
            return Undecided(f"сумма платежа: {params.get('amount')}")
        before, total = facts.field(invoice, "paid"), facts.field(invoice, "amount")
        if isinstance(before, Undecided):
            return before
        if isinstance(total, Money) and total.currency != amount.currency:
            return Undecided(f"две валюты: счёт в {total.currency}, платёж в {amount.currency}")
        after = _after(before, amount, is_refund=params.get("refund") is True)
        if isinstance(after, Undecided):
            return after
        source = str(params.get("source") or "bank")
        changes = [FieldChange(invoice, "paid", before, after)]
        was = facts.field(invoice, "paid_source")
        if was != source and after.amount and not isinstance(was, Undecided):
            changes.append(FieldChange(invoice, "paid_source", was, source))
        return Effect(params, tuple(changes), after, {"changes": change_rows(changes)})

    def commands(self, effect: Effect) -> Commands:
        """Read what is paid now, note what will be written, write it, note that it is done; return the sum paid."""
        invoice, notes = _invoice_of(effect), _Notes(str(effect.params["payment"]))
        earlier = yield [notes.recall_done()]
        if earlier[0].result:
            # The line was put on the invoice under another rule or by another edition.
            return _held(str(earlier[0].result))
        before = yield from self._paid(invoice)
        after = _after(
            before, _as_money(effect.params["amount"]), is_refund=effect.params.get("refund") is True
        )
        if isinstance(after, Undecided):
            return after
        yield [remember_command("note", notes.meant, f"{_text(before)} > {_text(after)}")]
        fields = changed_fields(effect, "after")[invoice]
        yield [self.map.update("pay", invoice, {**fields, "paid": after})]
        yield [remember_command("done", notes.done, _text(after))]
        return after

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the invoice back."""
        invoice = _invoice_of(effect)
        meant = changed_fields(effect, "after")[invoice]
        return (yield from read_fields_back(self.map, {invoice: {**meant, "paid": result}}))

    def probe(self, key: str, effect: Effect) -> Commands:
        """Tell by the note made before writing, and by what the invoice holds now, whether it was written."""
        invoice, notes = _invoice_of(effect), _Notes(str(effect.params["payment"]))
        done, meant = yield [notes.recall_done(), notes.recall_meant()]
        if done.result:
            return _held(str(done.result))
        if not meant.result:
            return None
        before, _, after = str(meant.result).partition(" > ")
        found = yield from self._paid(invoice)
        if _text(found) == after:
            yield [remember_command("done", notes.done, after)]
            return _held(after)
        if _text(found) == before:
            return None
        return Undecided(
            f"платёж {effect.params['payment']}: в {invoice} было оплачено {before}, хотели записать {after},"
            f" а сейчас там {_text(found)}: проверьте, учтён ли он"
        )

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Write the former sum and source back, if nobody has changed them since."""
        return restore_fields(self.map, effect)

    def _paid(self, invoice: Item) -> Commands:
        answers = yield [self.map.read("paid", invoice)]
        row = answers[0].result
        item = row.get("item") if isinstance(row, Mapping) else None
        return self.map.decode(invoice.entity, item).get("paid") if isinstance(item, Mapping) else None


class _Notes:
    """What is remembered of one payment: what was about to be written, and that it was."""

    def __init__(self, payment: str) -> None:
        self.meant, self.done = f"payment meant {payment}", f"payment done {payment}"

    def recall_done(self) -> Command:
        return Command("recall_done", "engine.recall", {"key": self.done})

    def recall_meant(self) -> Command:
        return Command("recall_meant", "engine.recall", {"key": self.meant})


def _after(before: Value, amount: Money | None, *, is_refund: bool) -> Money | Undecided:
    """Return the sum paid once the payment counts."""
    if amount is None:
        return Undecided("amount")
    held = before if isinstance(before, Money) else Money(Decimal(0), amount.currency)
    if held.amount and held.currency != amount.currency:
        return Undecided(f"две валюты: оплачено в {held.currency}, платёж в {amount.currency}")
    if not is_refund:
        return Money(held.amount + amount.amount, amount.currency)
    if held.amount < amount.amount:
        return Undecided(f"payment.amount {money_text(amount)} > invoice.paid {money_text(held)}")
    return Money(held.amount - amount.amount, amount.currency)


def _as_money(value: object) -> Money | None:
    """Return money, also from the text of an event file (`48500.00 RUB`)."""
    if isinstance(value, Money):
        return value
    if isinstance(value, str):
        return _held(value)
    return None


def _held(text: str) -> Money | None:
    number, _, currency = text.partition(" ")
    return Money(Decimal(number), currency) if number and set(number) <= set("0123456789.-") else None


def _text(value: Value) -> str:
    """Return `48500.00 RUB`; nothing paid and zero are one."""
    money = value if isinstance(value, Money) else Money(Decimal(0))
    return f"{money.amount:.2f} {money.currency}" if money.amount else "0.00 RUB"


def _invoice_of(effect: Effect) -> Item:
    return next(iter(changed_fields(effect, "after")))


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `invoice.add_payment`."""
    return [AddPayment(setup)]


@hookimpl
def reglament_events() -> Mapping[str, Mapping[str, str]]:
    """Declare what a statement's line, a portal's payment and a pile of doubtful lines tell the rules."""
    paid = {"payment": "any", "invoice": "invoice", "deal": "deal"}
    return {
        "bank.payment": paid,
        "portal.payment": paid,
        "bank.attention": {"statement": "any", "user": "user"},
    }
