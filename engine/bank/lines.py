"""A line of a bank account as we know it again: its key, and which way the money went.

Decides what makes two lines one: account, day, number, sum and the payer's ИНН, as banks export one period many times.
The second line of a file with the same key is another payment and gets an ordinal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.bank.documents import Payment, Statement
from engine.bank.refusal import StatementRefused

IN, OUT, WITHIN, ELSEWHERE = "in", "out", "within", "elsewhere"
_ROUBLE = {"810", "643"}


@dataclass(frozen=True, slots=True)
class BankLine:
    """A payment with its key; `way` is `in`, `out`, `within` our own accounts, or `elsewhere`: no account of ours."""

    key: str
    way: str
    account: str
    payment: Payment

    @property
    def is_rouble(self) -> bool:
        """True where our account is in roubles (digits 6 to 8 of its number)."""
        return self.account[5:8] in _ROUBLE or not self.account[:20].isdigit()


def lines_of(statement: Statement, accounts: Collection[str] = ()) -> tuple[BankLine, ...]:
    """Return the lines in the order of the file. `accounts` are the company's; empty: those that the file names.

    Raises StatementRefused for a statement of accounts that are none of the company's.
    """
    ours = set(accounts) or set(statement.accounts)
    foreign = [one for one in statement.accounts if one not in ours]
    if accounts and foreign:
        raise StatementRefused(
            0,
            f"выписка по счёту {foreign[0]}, которого нет в bank.accounts; допишите его, если он ваш",
            f"a statement of account {foreign[0]}, which bank.accounts lacks; add it if it is yours",
        )
    seen: Counter[str] = Counter()
    found: list[BankLine] = []
    for payment in statement.payments:
        way, account = _way(payment, ours)
        base = _key(account, payment)
        seen[base] += 1
        key = base if seen[base] == 1 else f"{base}/{seen[base]}"
        found.append(BankLine(key, way, account, payment))
    return tuple(found)


def _key(account: str, payment: Payment) -> str:
    return "/".join(
        (
            account,
            payment.on.isoformat(),
            payment.number.replace("/", "-")[:40],
            f"{payment.amount:.2f}",
            payment.payer.inn,
        )
    )


def _way(payment: Payment, ours: Collection[str]) -> tuple[str, str]:
    is_from, is_to = payment.payer.account in ours, payment.payee.account in ours
    if is_from and is_to:
        return WITHIN, payment.payee.account
    if is_to:
        # The same company at another bank: its account may be unknown to us, its ИНН is not.
        is_same = bool(payment.payer.inn) and payment.payer.inn == payment.payee.inn
        return (WITHIN if is_same else IN), payment.payee.account
    if is_from:
        is_same = bool(payment.payee.inn) and payment.payer.inn == payment.payee.inn
        return (WITHIN if is_same else OUT), payment.payer.account
    return ELSEWHERE, payment.payee.account


def order_of(line: BankLine) -> tuple[object, ...]:
    """Return what lines are judged by in turn, however a file orders them."""
    return line.payment.on, line.payment.number, line.payment.amount, line.key


def total(lines: Sequence[BankLine], way: str) -> Decimal:
    """Return the sum of the lines that went `way`."""
    return sum((one.payment.amount for one in lines if one.way == way), Decimal(0))
