"""Which invoices the lines of an account pay, and which lines a person must look at. Pure.

Decides by the payer's ИНН, then by the invoice numbers in the purpose, then by an exact sum where exactly one open
invoice has it. What is left open by these three is doubtful and goes to a person with candidates and a reason: a
guess here would be somebody's debt. A line never gives away more than its sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from engine.bank.books import Books, Client, OpenInvoice
from engine.bank.fates import CONFIRMED, Fate, Share, doubtful, money, nothing
from engine.bank.lines import ELSEWHERE, IN, OUT, WITHIN, BankLine, order_of
from engine.bank.purpose import Written, is_acquiring, is_refund, meant_by, written_numbers
from engine.effects import Said

ROUBLE = "RUB"
# A private person's account: 40817, 40820; deposits 423 and 426.
_PERSONAL = ("40817", "40820", "423", "426")


def judge(lines: Sequence[BankLine], books: Books) -> tuple[Fate, ...]:
    """Return the fate of every line, in the order of `lines`; their order decides nothing.

    Lines are judged by their day; of one day those that name an invoice go first. What a line pays counts for the
    lines behind it.
    """
    known = _Known(books)
    named = {one.key: bool(written_numbers(one.payment.purpose)) for one in lines}
    turn = sorted(lines, key=lambda one: (one.payment.on, not named[one.key], order_of(one)))
    fates: dict[str, Fate] = {}
    for line in turn:
        fate = _judge(line, known)
        known.take(fate)
        fates[line.key] = fate
    return tuple(fates[one.key] for one in lines)


class _Known:
    """The books as they stand while lines are judged: each share given away counts."""

    def __init__(self, books: Books) -> None:
        self._clients: dict[str, list[Client]] = {}
        for client in books.clients:
            self._clients.setdefault(client.inn, []).append(client)
        self._invoices = {one.id: one for one in books.invoices}
        self._of_client: dict[str, list[str]] = {}
        for one in sorted(books.invoices, key=lambda one: (one.number, one.id)):
            self._of_client.setdefault(one.client, []).append(one.id)

    def clients(self, inn: str, kpp: str) -> list[Client]:
        """Return the companies of an ИНН; of several, those whose КПП is the payer's, where it tells them apart."""
        found = self._clients.get(inn, []) if inn else []
        same = [one for one in found if kpp and one.kpp == kpp]
        return same if len(same) == 1 else found

    def invoices(self, clients: Iterable[Client]) -> list[OpenInvoice]:
        """Return the invoices of some clients, of each by number."""
        return [self._invoices[id_] for one in clients for id_ in self._of_client.get(one.id, ())]

    def all(self) -> list[OpenInvoice]:
        """Return every invoice."""
        return list(self._invoices.values())

    def take(self, fate: Fate) -> None:
        """Count what a line gave to invoices, or took back."""
        for share in fate.shares:
            held = self._invoices[share.invoice]
            self._invoices[share.invoice] = replace(held, paid=held.paid + share.signed)
        if fate.fate == CONFIRMED:
            held = self._invoices[fate.candidates[0]]
            self._invoices[held.id] = replace(held, by_hand=held.by_hand - fate.amount)


def _judge(line: BankLine, known: _Known) -> Fate:
    purpose = line.payment.purpose
    if line.way == WITHIN:
        return nothing(
            line, "own_transfer", "перевод между своими счетами", "a transfer between own accounts"
        )
    if line.way == ELSEWHERE:
        return nothing(line, "not_ours", "ни один из счетов не наш", "neither account is ours")
    if not line.payment.amount:
        return nothing(line, "not_ours", "сумма ноль", "the sum is zero")
    if line.way == OUT:
        return _spent(line, known)
    assert line.way == IN
    if line.payment.credited is None:
        return doubtful(
            line,
            "банк не указал день поступления: деньги ещё не зачислены",
            "no day of crediting: not received yet",
        )
    if not line.is_rouble:
        return doubtful(
            line,
            f"счёт {line.account} не рублёвый: курс решает человек",
            "an account in another currency than RUB",
        )
    clients = known.clients(line.payment.payer.inn, line.payment.payer.kpp)
    invoices = known.invoices(clients)
    written = written_numbers(purpose)
    if not clients:
        return _unknown_payer(line, known, written)
    if is_refund(purpose):
        return _given_back(line, invoices, written)
    if written:
        return _by_number(line, invoices, written)
    if len(clients) > 1:
        return doubtful(
            line,
            f"ИНН {line.payment.payer.inn} у нескольких клиентов портала, а счёт в назначении не назван",
            f"several clients of the portal have the ИНН {line.payment.payer.inn}, and no invoice is named",
            [one for one in invoices if one.is_open],
        )
    return _by_sum(line, clients[0], invoices)


def _unknown_payer(line: BankLine, known: _Known, written: Sequence[Written]) -> Fate:
    payer, purpose = line.payment.payer, line.payment.purpose
    named = [found for one in written for found in meant_by(one, known.all())]
    if is_acquiring(purpose) and not named:
        return nothing(
            line,
            "acquiring",
            "эквайринг или СБП: платит банк, клиента не видно",
            "acquiring: the payer is the bank",
        )
    if is_refund(purpose) and payer.inn and not named:
        return nothing(
            line,
            "supplier_refund",
            "возврат от поставщика, счетам клиентов не относится",
            "a supplier gave money back",
        )
    if not payer.inn or payer.account.startswith(_PERSONAL):
        return doubtful(
            line,
            "платит физическое лицо, ИНН клиента не указан: за кого, решает человек",
            "a private person pays: for whom is for a person to say",
            named,
        )
    return doubtful(
        line,
        f"плательщика с ИНН {payer.inn} нет среди клиентов портала",
        f"no client of the portal has the payer's ИНН {payer.inn}",
        named,
    )


def _given_back(line: BankLine, invoices: Sequence[OpenInvoice], written: Sequence[Written]) -> Fate:
    """A receipt that says refund: a supplier's, unless it may concern an invoice of ours."""
    named = [found for one in written for found in meant_by(one, invoices)]
    open_ones = [one for one in invoices if one.is_open]
    if named or open_ones:
        return doubtful(
            line,
            "в назначении возврат, а у плательщика есть наши счета: оплата это или возврат, решает человек",
            "the purpose says refund and the payer has invoices of ours: a person must say which it is",
            named or open_ones,
        )
    return nothing(
        line,
        "supplier_refund",
        "возврат от поставщика, счетам клиентов не относится",
        "a supplier gave money back",
    )


def _by_number(line: BankLine, invoices: Sequence[OpenInvoice], written: Sequence[Written]) -> Fate:
    meant: list[OpenInvoice] = []
    for one in written:
        found = meant_by(one, invoices)
        open_ones = [invoice for invoice in found if invoice.is_open]
        chosen = found if len(found) == 1 else open_ones
        if not chosen:
            return doubtful(
                line,
                f"счёта № {one.text} у плательщика нет",
                f"the payer has no invoice № {one.text}",
                [invoice for invoice in invoices if invoice.is_open],
            )
        if len(chosen) > 1:
            return doubtful(
                line,
                f"под № {one.text} подходит несколько счетов",
                f"several invoices fit № {one.text}",
                list(chosen),
            )
        if chosen[0] not in meant:
            meant.append(chosen[0])
    for invoice in meant:
        if invoice.is_cancelled:
            return doubtful(
                line,
                f"счёт {invoice.number} аннулирован",
                f"the invoice {invoice.number} is cancelled",
                meant,
            )
        if invoice.currency not in ("", ROUBLE):
            return doubtful(
                line,
                f"счёт {invoice.number} в {invoice.currency}, а деньги в рублях",
                f"the invoice {invoice.number} is in {invoice.currency}, the money in roubles",
                meant,
            )
    return _one(line, meant[0]) if len(meant) == 1 else _several(line, meant)


def _one(line: BankLine, invoice: OpenInvoice) -> Fate:
    amount, rest = line.payment.amount, invoice.rest
    if invoice.by_hand:
        return _by_hand(line, invoice)
    share = (Share(invoice.id, invoice.deal, amount, number=invoice.number),)
    if amount == rest:
        said = Said(f"счёт {invoice.number}, оплачен полностью", f"invoice {invoice.number}, paid in full")
        return Fate(line.key, "matched", said, share)
    if amount < rest:
        said = Said(
            f"счёт {invoice.number}, часть: остаётся {money(rest - amount)}",
            f"invoice {invoice.number}, a part: {rest - amount} is left",
        )
        return Fate(line.key, "partial", said, share)
    said = Said(
        f"счёт {invoice.number}, переплата {money(amount - rest)}",
        f"invoice {invoice.number}, {amount - rest} too much",
    )
    return Fate(line.key, "over", said, share, over=amount - rest)


def _by_hand(line: BankLine, invoice: OpenInvoice) -> Fate:
    """The money behind a person's mark: the mark has counted it, so that it must not count again."""
    if line.payment.amount > invoice.by_hand:
        return doubtful(
            line,
            f"счёт {invoice.number} отмечен оплаченным вручную, а пришло больше: {money(line.payment.amount)}",
            f"the invoice {invoice.number} was marked as paid by hand and more has come: {line.payment.amount}",
            [invoice],
        )
    said = Said(
        f"счёт {invoice.number} уже отмечен оплаченным вручную: деньги подтвердили отметку",
        f"invoice {invoice.number} was marked as paid by hand before: the money confirms the mark",
    )
    return Fate(line.key, CONFIRMED, said, candidates=(invoice.id,), amount=line.payment.amount)


def _several(line: BankLine, meant: Sequence[OpenInvoice]) -> Fate:
    numbers = ", ".join(one.number for one in meant)
    rest = sum((one.rest for one in meant), Decimal(0))
    if rest != line.payment.amount or not all(one.is_open for one in meant):
        return doubtful(
            line,
            f"названы счета {numbers} на {money(rest)}, а пришло {money(line.payment.amount)}: делит человек",
            f"invoices {numbers} for {rest} are named and {line.payment.amount} came: a person must divide it",
            list(meant),
        )
    shares = tuple(Share(one.id, one.deal, one.rest, number=one.number) for one in meant)
    said = Said(f"счета {numbers}, оплачены полностью", f"invoices {numbers}, paid in full")
    return Fate(line.key, "matched", said, shares)


def _by_sum(line: BankLine, client: Client, invoices: Sequence[OpenInvoice]) -> Fate:
    open_ones = [one for one in invoices if one.is_open]
    fitting = [one for one in open_ones if one.rest == line.payment.amount and one.currency in ("", ROUBLE)]
    if len(fitting) == 1:
        invoice = fitting[0]
        said = Said(
            f"счёт {invoice.number}: номер не назван, но на эту сумму открыт он один",
            f"invoice {invoice.number}: no number is named, it is the only open one of this sum",
        )
        share = Share(invoice.id, invoice.deal, line.payment.amount, number=invoice.number)
        return Fate(line.key, "matched", said, (share,))
    marked = [one for one in invoices if one.by_hand == line.payment.amount and not one.is_cancelled]
    if not fitting and len(marked) == 1:
        return _by_hand(line, marked[0])
    if not open_ones:
        return doubtful(
            line, f"у клиента {client.name} нет неоплаченных счетов", f"the client {client.name} owes nothing"
        )
    if fitting:
        ru, en = (
            "на эту сумму открыто несколько счетов, номер не назван",
            "several open invoices have this sum",
        )
    else:
        ru, en = (
            "счёт не назван, и ни один открытый не на эту сумму",
            "no invoice is named and none has this sum",
        )
    return doubtful(line, f"{client.name}: {ru}", f"{client.name}: {en}", fitting or open_ones)


def _spent(line: BankLine, known: _Known) -> Fate:
    """Money that left: only what goes back to a client for an invoice of ours concerns us."""
    payee, purpose = line.payment.payee, line.payment.purpose
    clients = known.clients(payee.inn, payee.kpp)
    if not clients or not is_refund(purpose):
        return nothing(line, "outgoing", "расход, счетов клиентов не касается", "spent, no client's invoice")
    invoices = known.invoices(clients)
    found = [one for written in written_numbers(purpose) for one in meant_by(written, invoices)]
    amount = line.payment.amount
    if len(found) != 1:
        ru = (
            "возврат клиенту, а счёт не назван или их несколько"
            if not found
            else "возврат: подходит несколько счетов"
        )
        paid = [one for one in invoices if one.paid >= amount]
        return doubtful(line, ru, "a refund to a client, and not one invoice is named", found or paid)
    if found[0].paid < amount:
        return doubtful(
            line,
            f"возврат больше, чем оплачено по счёту {found[0].number}: {money(found[0].paid)}",
            f"the refund is more than was paid for {found[0].number}: {found[0].paid}",
            found,
        )
    share = Share(found[0].id, found[0].deal, amount, is_refund=True, number=found[0].number)
    said = Said(f"возврат по счёту {found[0].number}", f"a refund for invoice {found[0].number}")
    return Fate(line.key, "refund", said, (share,))
