"""A statement against itself: the bank's own sums, the header's encoding, the version. Odd is said, not refused.

A filtered export has other sums than the account, so a difference is a remark for a person and no fault of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from engine.bank.documents import AccountPeriod, Payment, Remark
from engine.effects import Said

_VERSIONS = ("1.01", "1.02", "1.03")


class Header(Protocol):
    """The keys before the first section."""

    def get(self, *names: str) -> str:
        """Return the first filled value among the keys, empty where there is none."""

    def line_of(self, name: str) -> int:
        """Return the line of a key."""


def remarks_on(
    header: Header, encoding: str, periods: Sequence[AccountPeriod], payments: Sequence[Payment]
) -> Iterator[Remark]:
    """Yield what is odd about a file that was read all the same."""
    version, written = header.get("ВерсияФормата"), header.get("Кодировка").casefold()
    if version not in _VERSIONS:
        yield Remark(
            header.line_of("ВерсияФормата"),
            Said(
                f"версия формата «{version}» не из известных: {', '.join(_VERSIONS)}",
                f"the format's version `{version}` is none of {', '.join(_VERSIONS)}",
            ),
        )
    wanted = {"windows": "cp1251", "dos": "cp866"}.get(written, encoding)
    if encoding not in ("utf-8", wanted):
        yield Remark(
            header.line_of("Кодировка"),
            Said(
                f"заголовок говорит «{header.get('Кодировка')}», а файл в {encoding}: прочитан как {encoding}",
                f"the header says `{header.get('Кодировка')}`, the file is in {encoding}: read as such",
            ),
        )
    yield from _sum_remarks(periods, payments)


def _sum_remarks(periods: Sequence[AccountPeriod], payments: Sequence[Payment]) -> Iterator[Remark]:
    """The bank's own sums against the documents; a filtered export differs too, so it is said and not refused."""
    for one in periods:
        if None not in (one.opening, one.received, one.spent, one.closing):
            reckoned = (one.opening or 0) + (one.received or 0) - (one.spent or 0)
            if reckoned != one.closing:
                yield _sum_remark(
                    one, "конечный остаток", "the closing balance", one.closing, Decimal(reckoned)
                )
    for account in dict.fromkeys(one.account for one in periods):
        mine = [one for one in periods if one.account == account]
        received = sum((one.amount for one in payments if one.payee.account == account), Decimal(0))
        spent = sum((one.amount for one in payments if one.payer.account == account), Decimal(0))
        for ru, en, told, found in (
            ("всего поступило", "received in all", [one.received for one in mine], received),
            ("всего списано", "spent in all", [one.spent for one in mine], spent),
        ):
            given = [one for one in told if one is not None]
            if len(given) == len(mine) and sum(given, Decimal(0)) != found:
                yield _sum_remark(mine[0], ru, en, sum(given, Decimal(0)), found)


def _sum_remark(one: AccountPeriod, ru: str, en: str, told: Decimal | None, found: Decimal | None) -> Remark:
    return Remark(
        one.line,
        Said(
            f"счёт {one.account}, {ru}: банк пишет {told}, по документам {found}",
            f"account {one.account}, {en}: the bank says {told}, the documents {found}",
        ),
    )
