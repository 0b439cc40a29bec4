"""The registers of the demo company, read from the portal over HTTP: states, filters, sums, freshness, rights."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.emulator.company import story
from engine.language.values import Item, Money
from engine.registers.export import write_export
from engine.registers.query import Query, UnknownName, WrongQuery
from engine.registers.viewers import PortalViewer, viewer_of
from tests.registers.register_case import Read, demo
from tests.runtime.service_case import ACT


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    with demo(tmp_path_factory.mktemp("registers")) as found:
        wait_for(lambda: found.office.registers.counts(Query("acts")).get("unsigned") == 9, found)
        wait_for(lambda: total(found, 'client.short_name == "ООО «Вектор»"') > 0, found)
        yield found


def wait_for(claim, read: Read, seconds: float = 5.0) -> None:
    """Wait until the engine's own upkeep has made the claim true; nothing here refreshes by hand."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if claim():
                return
        except Exception:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def total(read: Read, where: str, register: str = "acts") -> int:
    return read.office.registers.select(Query(register, where=where)).total


def test_states_are_those_of_the_demo_company(read: Read) -> None:
    counts = read.office.registers.counts(Query("acts"))
    assert counts["unsigned"] == 9
    assert counts["overdue"] == 4
    assert counts["refused"] == 1
    assert counts["not_sent"] == 1
    assert counts["signed"] == 32
    page = read.office.registers.select(Query("acts", size=100))
    assert page.total == 41
    assert page.undecided.count == 0
    overdue = [row for row in page.rows if "overdue" in row.states]
    assert len(overdue) == 4
    assert sum(row.state == "refused" for row in overdue) == 1
    contracts = read.office.registers.counts(Query("contracts"))
    assert contracts["expiring"] == 2
    assert contracts["suppliers"] == 6
    assert read.office.registers.select(Query("contracts")).total == 18


def test_sums_are_exact_and_over_all_pages(read: Read) -> None:
    rows = read.live.portal.store.rows(f"item_{ACT}")
    expected = sum(Decimal(str(row["opportunity"])) for row in rows)
    first = read.office.registers.select(Query("acts", size=10))
    assert len(first.rows) == 10
    assert first.sums["amount"] == (Money(expected, "RUB"),)
    seen = [
        row.item.id
        for page in range(1, 6)
        for row in read.office.registers.select(Query("acts", size=10, page=page)).rows
    ]
    assert sorted(seen, key=int) == sorted((str(row["id"]) for row in rows), key=int)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ('amount > money(100000, "RUB") and unsigned', 4),
        ('deal.stage == "documents_sent" and any(i.state == "part" for i in deal.invoices)', 4),
        ('state == "overdue"', 3),
        ("unsigned and sent_at != empty and workdays_between(sent_at.date, today) > 10", 2),
        ('client.inn == "0500100732"', 0),
        ("act.date.year == 2025", 23),
        ('deal.manager.name == "Игорь Лапшин" and overdue', 2),
    ],
)
def test_a_filter_is_any_expression_over_the_act_and_its_ties(read: Read, where: str, count: int) -> None:
    page = read.office.registers.select(Query("acts", where=where, size=100))
    assert (page.total, page.undecided.count) == (count, 0)


def test_a_search_looks_into_ties_case_and_yo_aside(read: Read) -> None:
    found = read.office.registers.select(Query("acts", search="елочка", columns=("client.short_name",)))
    assert {row.cells[0] for row in found.rows} == {"ООО «Ёлочка и Ко»"}


def test_a_wrong_filter_names_its_place_and_a_mend(read: Read) -> None:
    with pytest.raises(WrongQuery) as wrong:
        read.office.registers.select(Query("acts", where="unsigned and\namont > 5"))
    [found] = wrong.value.diagnostics
    assert (found.span.line, found.span.column) == (2, 1)
    assert found.values["suggestion"] == "amount"
    with pytest.raises(UnknownName) as unknown:
        read.office.registers.select(Query("acts", columns=("client.shortname",)))
    assert unknown.value.near == "client.short_name"


def test_an_event_is_seen_within_two_seconds(read: Read) -> None:
    [act] = [row for row in read.live.portal.store.rows(f"item_{ACT}") if row["id"] == 38]
    before = total(read, "unsigned")
    read.live.call(
        "crm.item.update", entityTypeId=ACT, id=act["id"], fields={"ufCrm12Originalreceivedat": "2026-03-16"}
    )
    wait_for(lambda: total(read, "unsigned") == before - 1, read, 2.0)
    assert total(read, 'id == "38" and accepted') == 1
    read.live.call(
        "crm.item.update", entityTypeId=ACT, id=act["id"], fields={"ufCrm12Originalreceivedat": ""}
    )
    wait_for(lambda: total(read, "unsigned") == before, read, 2.0)


def test_money_that_comes_changes_what_follows_from_it(read: Read) -> None:
    """Act 32 is signed and not paid: paying its deal's invoice takes it out of the debts."""
    where = 'id == "32" and signed_unpaid'
    assert total(read, where) == 1
    [row] = read.office.registers.select(Query("acts", where='id == "32"', columns=("deal.id",))).rows
    invoices = [
        one for one in read.live.portal.store.rows("item_31") if str(one.get("parentId2")) == row.cells[0]
    ]
    key = "ufCrm_SMART_INVOICE_1747310001"
    for one in invoices:
        fields = {key: f"{one['opportunity']}|RUB"}
        read.live.call("crm.item.update", entityTypeId=31, id=one["id"], fields=fields)
    wait_for(lambda: total(read, where) == 0, read, 3.0)
    for one in invoices:
        read.live.call("crm.item.update", entityTypeId=31, id=one["id"], fields={key: "0|RUB"})
    wait_for(lambda: total(read, where) == 1, read, 3.0)


ROLES = {
    str(story.USER_VETROVA): "own",
    str(story.USER_HEAD): "department",
    str(story.USER_ROBOT): "all",
    str(story.USER_NO_RIGHTS): "none",
    str(story.USER_DISMISSED): "all",
}


@pytest.mark.parametrize(
    ("user", "sees"),
    [
        (story.USER_ROBOT, 41),
        (story.USER_HEAD, 41),  # every manager of the demo company works in his department
        (story.USER_NO_RIGHTS, 0),
        (story.USER_DISMISSED, 0),
        (story.USER_LAPSHIN, 0),  # no role at all
    ],
)
def test_a_role_decides_what_is_seen(read: Read, user: int, sees: int) -> None:
    viewer = viewer_of(read.live.service.store, ROLES, str(user))
    page = read.office.registers.select(Query("acts", viewer=viewer, size=100))
    assert page.total == sees
    assert sum(read.office.registers.counts(Query("acts", viewer=viewer)).values()) > 0 or sees == 0
    if not sees:
        assert page.sums["amount"] == ()


def test_own_is_the_manager_of_the_act_or_its_deal_in_sums_and_exports_too(
    read: Read, tmp_path: Path
) -> None:
    viewer = viewer_of(read.live.service.store, ROLES, f"user/{story.USER_VETROVA}")
    query = Query("acts", viewer=viewer, size=100, columns=("number", "manager", "deal.manager", "amount"))
    page = read.office.registers.select(query)
    mine = Item("user", str(story.USER_VETROVA))
    assert 0 < page.total < 41
    assert all(mine in row.cells for row in page.rows)
    everything = read.office.registers.select(Query("acts", size=100, columns=query.columns))
    assert page.total == sum(mine in row.cells for row in everything.rows)
    amounts = [row.cells[3].amount for row in page.rows if isinstance(row.cells[3], Money)]
    assert page.sums["amount"] == (Money(sum(amounts, Decimal(0)), "RUB"),)
    write_export(read.office.registers, query, tmp_path / "mine.csv")
    assert len((tmp_path / "mine.csv").read_text("utf-8-sig").splitlines()) == page.total + 1


def test_the_portal_itself_judges_for_a_token(read: Read) -> None:
    viewer = PortalViewer(read.live.service._gateway, read.live.service.workshop.setup.map, "user/1")
    assert read.office.registers.select(Query("acts", viewer=viewer)).total == 41
    known = PortalViewer(viewer.gateway, viewer.portal, "user/9", {"act": frozenset({"1", "40"})})
    assert [row.item.id for row in read.office.registers.select(Query("acts", viewer=known)).rows] == [
        "40",
        "1",
    ]


def test_a_workbook_holds_numbers_days_and_sums(read: Read, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    file = tmp_path / "acts.xlsx"
    page = write_export(read.office.registers, Query("acts"), file, "ru", "ООО «Кастом Сервис»")
    sheet = openpyxl.load_workbook(file).active
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref.startswith("A1:")
    heads = [cell.value for cell in sheet[1]]
    assert heads[:3] == ["Номер", "Дата", "Клиент"]
    assert sheet.max_row == 41 + 2
    first = dict(zip(heads, sheet[2], strict=True))
    assert isinstance(first["Дата"].value, datetime)
    assert first["Дата"].number_format == "dd.mm.yyyy"
    assert first["Сумма"].data_type == "n"
    assert "₽" in first["Сумма"].number_format
    sums = dict(zip(heads, sheet[43], strict=True))
    assert Decimal(str(sums["Сумма"].value)) == page.sums["amount"][0].amount
    assert [one.name for one in tmp_path.iterdir()] == ["acts.xlsx"]


def test_a_text_of_semicolons_opens_in_a_russian_office(read: Read, tmp_path: Path) -> None:
    file = tmp_path / "acts.csv"
    write_export(read.office.registers, Query("acts", preset="overdue", sort="number"), file)
    assert file.read_bytes()[:3] == b"\xef\xbb\xbf"
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) == 5
    assert re.fullmatch(r"[0-9]+,[0-9]{2}", rows[1][4])
    assert rows[1][1] == "16.02.2026"


def test_the_command_lists_exports_and_keeps_to_roles(read: Read) -> None:
    from tests.cli.conftest import start

    folder = read.live.folder
    listed = start(("register", "acts", "list", "--preset", "unsigned", "--lang", "ru"), folder)
    assert listed.code == 0, listed.err
    assert "показано 9 из 9" in listed.err
    assert "Отказ клиента" in listed.out
    told = json.loads(start(("register", "acts", "list", "--format", "json", "--size", "5"), folder).out)
    assert (told["total"], len(told["rows"])) == (41, 5)
    wrong = start(("register", "acts", "list", "--where", "amont > 5"), folder)
    assert wrong.code == 1
    assert "--where:1:1" in wrong.err
    denied = start(("register", "acts", "list", "--as", "7"), folder)
    assert denied.out == ""
    export = start(("register", "contracts", "export", "out.xlsx", "--preset", "expiring"), folder)
    assert export.code == 0, export.err
    assert (folder / "out.xlsx").read_bytes()[:2] == b"PK"
    assert start(("register", "acts", "export", "out.docx"), folder).code == 1
