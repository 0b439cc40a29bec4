"""Paid without a signed act, signed without payment, the ladder: sums, ages, what was sent; for whom they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from engine.language.values import Item, Money, Value
from engine.registers.ladder import Ladder, read_ladders
from engine.registers.opening import open_registers
from engine.registers.query import RegisterRow
from engine.registers.report_post import post_text
from engine.registers.report_reading import read_report
from engine.registers.report_sheet import write_sheet
from engine.registers.report_text import report_json, report_text
from engine.registers.reports import CLIENT, COLUMNS, KINDS, MANAGER, Report, make_report
from tests.portal.portal_case import ZONE
from tests.registers.selection_case import NOW, Office, office
from tests.runtime.service_case import INVOICE

TODAY = date(2026, 3, 16)


def row(number: str, amount: str | None, deal: str, paid: str, accepted: str, **more: Value) -> RegisterRow:
    """A row of the register as it answers; days are counted from `sent`."""
    money = Money(Decimal(amount), "RUB") if amount is not None else None
    cells: dict[str, Value] = {
        **dict.fromkeys(COLUMNS),
        "number": number,
        "amount": money,
        "date": date(2026, 3, int(number)),
        "deal": Item("deal", deal),
        "deal.title": f"Сделка {deal}",
        "deal.paid": Money(Decimal(paid), "RUB"),
        "deal.accepted_amount": Money(Decimal(accepted), "RUB"),
        "client": Item("company", more.pop("client", "5")),  # type: ignore[arg-type]
        "client.short_name": "ООО «Ромашка»",
        "manager": Item("user", "7"),
        "manager.name": "Анна",
        "sent_at": datetime(2026, 3, int(number), 12, tzinfo=ZONE),
        **more,
    }
    return RegisterRow(Item("act", number), tuple(cells.values()), ())


def stakes(report: Report) -> dict[str, str | None]:
    return {line.number: str(line.stake) if line.stake is not None else None for line in report.lines}


def test_a_deals_money_is_spread_over_its_acts_and_never_counted_twice() -> None:
    refunds = [
        row("1", "100", "9", "150", "0"),
        row("2", "100", "9", "150", "0"),
        row("3", "70", "8", "20", "0"),
    ]
    report = make_report(KINDS["paid-unsigned"], refunds, {}, CLIENT, TODAY)
    assert stakes(report) == {"1": "100 RUB", "2": "50 RUB", "3": "20 RUB"}
    assert report.sums == (Money(Decimal(170), "RUB"),)
    debts = [row("1", "100", "9", "150", "200"), row("2", "100", "9", "150", "200")]
    report = make_report(KINDS["signed-unpaid"], debts, {}, CLIENT, TODAY)
    assert stakes(report) == {"1": "0 RUB", "2": "50 RUB"}


def test_groups_are_by_id_the_largest_first_and_what_nobody_knows_is_said() -> None:
    rows = [
        row("1", "10", "1", "10", "0", client="5"),
        row("2", "90", "2", "90", "0", client="6"),
        row("3", None, "3", "5", "0", client="6"),
        row(
            "4",
            "1",
            "4",
            "1",
            "0",
            client="6",
            manager=None,
            **{"manager.name": None, "deal.manager.name": "Глава"},
        ),
    ]
    report = make_report(KINDS["paid-unsigned"], rows, {}, CLIENT, TODAY, undecided=2)
    assert [(group.who, group.unknown) for group in report.groups] == [
        (Item("company", "6"), 1),
        (Item("company", "5"), 0),
    ]
    text = report_text(report, "ru", str)
    assert "сумма неизвестна у актов: 1" in text
    assert "относятся ли сюда ещё акты: 2" in text
    by_manager = make_report(KINDS["paid-unsigned"], rows, {}, MANAGER, TODAY)
    assert [group.title for group in by_manager.groups] == ["Анна", "Глава"]
    assert [line.days for line in report.lines if line.number == "1"] == [15]


def test_an_empty_report_says_that_there_is_nothing() -> None:
    report = make_report(KINDS["ladder"], [], {}, CLIENT, TODAY)
    assert "Таких актов нет." in report_text(report, "ru", str)
    assert "There are no such acts." in post_text(report, "en")


def test_the_sheet_has_numbers_dates_and_no_formula(tmp_path: Path) -> None:
    rows = [row("1", "100.50", "9", "150", "0", **{"client.short_name": "=1+1", "deal.title": "@SUM(A1)"})]
    report = make_report(KINDS["paid-unsigned"], rows, {Item("act", "1"): Ladder()}, CLIENT, TODAY)
    out = io.BytesIO()
    write_sheet(report, out, "ru", str)
    sheet = openpyxl.load_workbook(out).active
    assert sheet is not None
    cells = {sheet.cell(1, at).value: sheet.cell(2, at) for at in range(1, 12)}
    assert cells["Клиент"].value == "=1+1"
    assert cells["Клиент"].data_type == "s"
    assert cells["Сделка"].data_type == "s"
    assert cells["Под риском"].value == 100.5
    assert cells["Дата"].value == datetime(2026, 3, 1)  # noqa: DTZ001 — a sheet has no zones
    assert cells["Дней с отправки"].value == 15
    assert sheet.cell(3, 8).value == 100.5


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def read(desk: Office, name: str, by: str = CLIENT) -> Report:
    service = desk.service
    registers = open_registers(service.workshop, service.store, lambda: NOW)
    registers.reread(desk.gateway)
    return read_report(registers.registers, service.store, name, TODAY, by=by)


def test_reports_of_the_company_agree_with_the_portals_own_rows(desk: Office) -> None:
    invoices: dict[str, Decimal] = {}
    paid_field = "ufCrm_SMART_INVOICE_1747310001"
    for one in desk.rows(INVOICE):
        if one["ufCrm_SMART_INVOICE_1747310005"] in ("Y", True, "1", 1):
            continue
        amount = str(one[paid_field] or "0").partition("|")[0] or "0"
        deal = str(one["parentId2"])
        invoices[deal] = invoices.get(deal, Decimal(0)) + Decimal(amount)
    signed: dict[str, Decimal] = {}
    unsigned: dict[str, list[str]] = {}
    for act in desk.rows():
        if act["ufCrm12Cancelled"] in ("Y", True, "1", 1):
            continue
        deal, number = str(act["parentId2"]), str(act["ufCrm12Number"])
        if act["ufCrm12Signed"] in ("Y", True, "1", 1) or act["ufCrm12Originalreceivedat"]:
            signed[deal] = signed.get(deal, Decimal(0)) + Decimal(str(act["opportunity"]))
        else:
            unsigned.setdefault(deal, []).append(number)
    debt = {deal: sum_ - invoices.get(deal, Decimal(0)) for deal, sum_ in signed.items()}
    debt = {deal: sum_ for deal, sum_ in debt.items() if sum_ > 0}
    report = read(desk, "signed-unpaid")
    assert {line.deal.id for line in report.lines if line.deal} == set(debt)
    assert report.sums == (Money(sum(debt.values(), Decimal(0)), "RUB"),)
    risky = {deal for deal in unsigned if invoices.get(deal, Decimal(0)) > signed.get(deal, Decimal(0))}
    refunds = read(desk, "paid-unsigned")
    assert {line.number for line in refunds.lines} == {number for deal in risky for number in unsigned[deal]}
    ladder = read(desk, "ladder", by=MANAGER)
    assert (
        len(ladder.lines) == len([a for acts in unsigned.values() for a in acts]) - 1
    )  # one is not sent yet
    assert report_json(ladder)["schema"] == "reglament/report/1"


def test_the_ladder_shows_what_was_really_sent(desk: Office) -> None:
    plan = desk.plan(desk.acts())
    desk.send(plan)
    told = [act for one in plan.going for act in one.acts]
    ladders = read_ladders(desk.service.store, desk.acts())
    assert {act for act, ladder in ladders.items() if ladder.letters} == set(told)
    assert {rung.rule for ladder in ladders.values() for rung in ladder.rungs} == {
        "registers/remind-selected"
    }


def test_the_weekly_post_tells_both_reports_and_goes_once(tmp_path: Path) -> None:
    clock = [datetime(2026, 3, 15, 12, 0, tzinfo=ZONE)]
    with office(tmp_path, clock=lambda: clock[0]) as desk:
        registers = open_registers(desk.service.workshop, desk.service.store, lambda: clock[0])
        registers.reread(desk.gateway)
        clock[0] = datetime(2026, 3, 16, 9, 0, 5, tzinfo=ZONE)
        desk.wait_for(lambda: len(desk.portal.store.rows("post")) >= 2)
        clock[0] += timedelta(hours=3)
        assert desk.service.wait_idle(30)
        posts = [str(one) for one in desk.portal.store.rows("post")]
        assert len(posts) == 2
        assert "риск возврата" in posts[0]
        assert "249 811,05" in posts[1].replace("\\xa0", " ").replace("\xa0", " ")
