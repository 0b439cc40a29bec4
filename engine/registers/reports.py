"""The reports that the law paragraph asks for: paid without a signed act, signed without payment, the ladder.

Decides which sum of each act is at stake and how lines are grouped. Pure but for the rows and ladders given to it: who
may see which act was settled where the rows come from.

A deal's money is one for all its acts. What the deal was paid beyond its signed acts would have to be given back: it
is spread over the acts unsigned, the oldest first. What its signed acts sum to beyond the money is a debt: it is laid
on the newest first, since a payment settles what is oldest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from engine.effects import Said
from engine.language.values import Item, Money, Value
from engine.registers.ladder import Ladder
from engine.registers.query import RegisterRow

PAID_UNSIGNED, SIGNED_UNPAID, LADDER = "paid-unsigned", "signed-unpaid", "ladder"
CLIENT, MANAGER = "client", "manager"
COLUMNS: Final = (
    "number", "date", "amount", "client", "client.short_name", "manager", "manager.name", "deal", "deal.title",
    "deal.paid", "deal.accepted_amount", "deal.manager", "deal.manager.name", "sent_at", "signed_at", "due_at",
    "original_received_at",
)  # fmt: skip
"""The columns that the rows of a report must have, in this order."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A report by its name: which acts are in it, what their sum at stake and their age mean."""

    name: str
    where: str
    title: Said
    stake: Said
    age: Said


KINDS: Final[Mapping[str, Kind]] = {
    PAID_UNSIGNED: Kind(
        PAID_UNSIGNED,
        "paid_unsigned",
        Said("Оплачено без подписанного акта (риск возврата)", "Paid without a signed act (risk of refund)"),
        Said("Под риском", "At risk"),
        Said("Дней с отправки", "Days since sent"),
    ),
    SIGNED_UNPAID: Kind(
        SIGNED_UNPAID,
        "signed_unpaid",
        Said("Подписано, но не оплачено (долг)", "Signed, not paid (debt)"),
        Said("Долг", "Debt"),
        Said("Дней с подписания", "Days since signed"),
    ),
    LADDER: Kind(
        LADDER,
        "unsigned and sent_at != empty",
        Said("Неподписанные акты и напоминания о них", "Unsigned acts and the reminders about them"),
        Said("Сумма акта", "Sum of the act"),
        Said("Дней с отправки", "Days since sent"),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One act of a report. `stake` is the sum at stake, `days` since it was sent or signed; None: nobody knows."""

    act: Item
    number: str
    dated: date | None
    amount: Money | None
    stake: Money | None
    client: Item | None
    client_name: str
    manager: Item | None
    manager_name: str
    deal: Item | None
    deal_title: str
    since: date | None
    days: int | None
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one client or manager with their sums, one a currency; `unknown` lines have no known sum."""

    who: Item | None
    title: str
    lines: tuple[Line, ...]
    sums: tuple[Money, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a day: groups with the largest sum first. `undecided` acts may belong to it: nobody knows."""

    kind: Kind
    by: str
    day: date
    groups: tuple[Group, ...]
    sums: tuple[Money, ...]
    undecided: int = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines in the order of the groups."""
        return tuple(line for group in self.groups for line in group.lines)


def make_report(
    kind: Kind,
    rows: Iterable[RegisterRow],
    ladders: Mapping[Item, Ladder],
    by: str,
    today: date,
    undecided: int = 0,
) -> Report:
    """Return the report of `rows`, which have COLUMNS, grouped `by` client or manager."""
    lines = [_line(kind, row, ladders.get(row.item, Ladder()), today) for row in rows]
    if kind.name != LADDER:
        lines = _staked([(line, row) for line, row in zip(lines, rows, strict=True)], kind) if lines else []
    groups: dict[Item | None, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.client if by == CLIENT else line.manager, []).append(line)
    made = [_group(who, those, by) for who, those in groups.items()]
    made.sort(key=lambda group: (-max((one.amount for one in group.sums), default=Decimal(0)), group.title))
    return Report(kind, by, today, tuple(made), _sum(line.stake for line in lines), undecided)


def _line(kind: Kind, row: RegisterRow, ladder: Ladder, today: date) -> Line:
    cells = dict(zip(COLUMNS, row.cells, strict=True))
    manager = "manager" if isinstance(cells["manager"], Item) else "deal.manager"
    amount = cells["amount"]
    since = _day(cells["sent_at"])
    if kind.name == SIGNED_UNPAID:
        since = _day(cells["signed_at"]) or _day(cells["original_received_at"])
    money = amount if isinstance(amount, Money) else None
    return Line(
        act=row.item,
        number=_text(cells["number"]) or row.item.id,
        dated=_day(cells["date"]),
        amount=money,
        stake=money if kind.name == LADDER else None,
        client=_item(cells["client"]),
        client_name=_text(cells["client.short_name"]),
        manager=_item(cells[manager]),
        manager_name=_text(cells[f"{manager}.name"]),
        deal=_item(cells["deal"]),
        deal_title=_text(cells["deal.title"]),
        since=since,
        days=(today - since).days if since is not None else None,
        ladder=ladder,
    )


def _staked(pairs: Sequence[tuple[Line, RegisterRow]], kind: Kind) -> list[Line]:
    """Return the lines with what is at stake in each: a deal's difference is shared among its acts."""
    left: dict[Item, Money] = {}
    for line, row in pairs:
        cells = dict(zip(COLUMNS, row.cells, strict=True))
        paid, accepted = cells["deal.paid"], cells["deal.accepted_amount"]
        if line.deal is not None and isinstance(paid, Money) and isinstance(accepted, Money):
            difference = paid.amount - accepted.amount
            currency = paid.currency or accepted.currency
            left[line.deal] = Money(abs(difference), currency)
    is_oldest_first = kind.name == PAID_UNSIGNED
    order = sorted(range(len(pairs)), key=lambda at: _age(pairs[at][0]), reverse=not is_oldest_first)
    lines = [line for line, _ in pairs]
    for at in order:
        line = lines[at]
        rest = left.get(line.deal) if line.deal is not None else None
        if rest is None or line.amount is None:
            continue
        part = min(rest.amount, line.amount.amount)
        lines[at] = replace(line, stake=Money(part, rest.currency))
        left[line.deal] = Money(rest.amount - part, rest.currency)  # type: ignore[index]
    return lines


def _age(line: Line) -> tuple[date, str]:
    return (line.dated or line.since or date.max, line.act.id.zfill(12))


def _group(who: Item | None, lines: Sequence[Line], by: str) -> Group:
    names = [line.client_name if by == CLIENT else line.manager_name for line in lines]
    title = next((name for name in names if name), str(who) if who is not None else "")
    ordered = sorted(lines, key=lambda line: -(line.days or 0))
    unknown = sum(line.stake is None for line in lines)
    return Group(who, title, tuple(ordered), _sum(line.stake for line in lines), unknown)


def _sum(stakes: Iterable[Money | None]) -> tuple[Money, ...]:
    found: dict[str, Decimal] = {}
    for one in stakes:
        if one is not None:
            found[one.currency] = found.get(one.currency, Decimal(0)) + one.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(found.items()))


def _day(value: Value) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _text(value: Value) -> str:
    return value.strip() if isinstance(value, str) else ""


def _item(value: Value) -> Item | None:
    return value if isinstance(value, Item) else None
