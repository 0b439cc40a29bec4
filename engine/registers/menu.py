"""The register of acts as the portal's own menu shows it: by saved filters, to the person who looks, no more.

Decides which filters a person at the portal meets first. Who sees what is the portal's judgement of that person's own
token; none of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.formats import money_text
from engine.language.values import Item
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.registers.opening import Office
from engine.registers.query import Column, Query, RegisterRow, in_language
from engine.registers.shown import cell_text
from engine.registers.viewers import PortalViewer

SHOWN = ("overdue", "paid_unsigned", "signed_unpaid", "unsigned")
_COLUMNS = ("number", "date", "client.short_name", "deal", "amount", "state")
_MOST = 50


@dataclass(frozen=True, slots=True)
class MenuLine:
    """One act: its words, and the pages of the act and its deal on the portal."""

    title: str
    date: str
    client: str
    amount: str
    state: str
    url: str
    deal_url: str


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """One saved filter: how many rows in all with their sum, and the first of them."""

    name: str
    title: str
    total: int
    sums: str
    lines: tuple[MenuLine, ...]


def menu_groups(office: Office, portal: PortalMap, gateway: Gateway) -> tuple[MenuGroup, ...]:
    """Return the groups as the person of `gateway`'s token may see them; none before the registers are filled.

    Raises PortalError where the portal does not answer.
    """
    office.refresh()
    registers = office.registers
    if not registers.is_ready:
        return ()
    register, viewer = registers.register("acts"), PortalViewer(gateway, portal)
    found = []
    for preset in (one for one in register.presets if one.name in SHOWN):
        page = registers.select(
            Query("acts", preset=preset.name, viewer=viewer, sort="date", columns=_COLUMNS, size=_MOST)
        )
        sums = " + ".join(money_text(one) for one in page.sums.get("amount", ()))
        lines = tuple(_line(row, page.columns, register.entity, portal) for row in page.rows)
        found.append(MenuGroup(preset.name, in_language(preset.title, "ru"), page.total, sums, lines))
    return tuple(sorted(found, key=lambda one: SHOWN.index(one.name)))


def _line(row: RegisterRow, columns: Sequence[Column], entity: str, portal: PortalMap) -> MenuLine:
    texts = [cell_text(entity, column, value, "ru") for column, value in zip(columns, row.cells, strict=True)]
    deal = row.cells[3]
    number, date, client, _, amount, state = texts
    url = portal.url(row.item)
    return MenuLine(
        number or row.item.id,
        date,
        client,
        amount,
        state,
        url,
        portal.url(deal) if isinstance(deal, Item) else "",
    )
