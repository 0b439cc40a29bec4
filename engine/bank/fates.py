"""What became of a line: the words for it and the shares of its sum that invoices get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.bank.books import OpenInvoice
from engine.bank.lines import BankLine
from engine.effects import Said

DOUBTFUL, CONFIRMED = "doubtful", "confirmed"
FATES: dict[str, tuple[str, str]] = {
    "matched": ("оплачен", "matched"),
    "partial": ("часть", "partial"),
    "over": ("переплата", "over"),
    "refund": ("возврат", "refund"),
    CONFIRMED: ("подтверждён", "confirmed"),
    DOUBTFUL: ("человеку", "doubtful"),
    "own_transfer": ("свои счета", "own transfer"),
    "acquiring": ("эквайринг", "acquiring"),
    "supplier_refund": ("от поставщика", "supplier's refund"),
    "outgoing": ("расход", "outgoing"),
    "not_ours": ("не наше", "not ours"),
}
"""Every fate with its word in Russian and English. The first four change invoices, those below `doubtful` nothing.

`confirmed` is money for an invoice that a person had marked as paid: it is not counted twice.
"""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a line's sum for an invoice, by its item id and its `number`; a refund takes it back."""

    invoice: str
    deal: str
    amount: Decimal
    is_refund: bool = False
    number: str = ""

    @property
    def signed(self) -> Decimal:
        """What it adds to the invoice's paid sum."""
        return -self.amount if self.is_refund else self.amount


@dataclass(frozen=True, slots=True)
class Fate:
    """The fate of a line.

    `over` is what was paid too much, `amount` what confirms a mark, `candidates` are invoices that a person may mean.
    """

    key: str
    fate: str
    said: Said
    shares: tuple[Share, ...] = ()
    candidates: tuple[str, ...] = ()
    over: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)


def nothing(line: BankLine, fate: str, ru: str, en: str) -> Fate:
    """Return a fate that changes no invoice."""
    return Fate(line.key, fate, Said(ru, en))


def doubtful(line: BankLine, ru: str, en: str, candidates: Sequence[OpenInvoice] = ()) -> Fate:
    """Return a fate that a person must decide."""
    return Fate(
        line.key, DOUBTFUL, Said(ru, en), candidates=tuple(dict.fromkeys(one.id for one in candidates))
    )


def money(amount: Decimal) -> str:
    """Return `48 500,00`, with spaces that do not break."""
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
