"""The fates of old documents as a table: names, sums, days, clients, what is there already, and lists of all kinds."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from engine.language.values import File
from engine.registers import legacy_names as names
from engine.registers.legacy import (
    LINK,
    MAKE,
    REFUSE,
    SKIP,
    Client,
    Fate,
    Held,
    Known,
    Old,
    decide_fates,
    key_of,
)
from engine.registers.legacy_sources import ListError, read_folder, read_list
from engine.registers.legacy_table import write_plan

TODAY = date(2026, 3, 2)
CLIENTS = (
    Client("11", "ООО «Ёлочка и Ко»", "5024093363"),
    Client("13", "ООО «Вектор»", "7799031589"),
    Client("14", "ООО «Вектор»", "5499007214"),
    Client("17", 'ООО «Торговый дом "Сыр/Масло"»', "7899040925"),
)
CONTENT = File("a.pdf", 10, "pdf", "f" * 64)
ROW = Old("list.csv:2", "17", date(2024, 3, 5), "ООО «Ёлочка и Ко»", file="a.pdf", content=CONTENT)


def fate(row: Old, **known: object) -> Fate:
    (found,) = decide_fates([row], Known(CLIENTS, **known), TODAY)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("name", "number", "day"),
    [
        ("Акт 17 от 05.03.2024", "17", date(2024, 3, 5)),
        ("Акт № А-2024/17 от 5.3.2024 подписан", "А-2024/17", date(2024, 3, 5)),
        ("акт №17_05-03-2024", "17", date(2024, 3, 5)),
        ("Акт выполненных работ №3 от 2024-03-05 (скан)", "3", date(2024, 3, 5)),
        ("Акт 17", "17", None),
        ("Акт 17 от 31.02.2024", "17", None),
        ("Акт 17 от 01.02.2024 и 02.02.2024", "17", None),
        ("Контракт 05.03.2024", "", date(2024, 3, 5)),
        ("факт 17 от 05.03.2024", "", date(2024, 3, 5)),
    ],
)
def test_number_and_day_of_a_name(name: str, number: str, day: date | None) -> None:
    assert (names.find_number("acts", name), names.find_date(name)) == (number, day)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("48 500,00", "48500.00"), ("48\u00a0500,5 руб.", "48500.50"), ("1,234,567.80", "1234567.80"), ("1.234,50", "1234.50"),
        ("48500.099999999999", "48500.10"), ("100", "100.00"), ("0", None), ("-5", None), ("сто", None), ("100 USD", None),
        ("1,2,3", None), ("9" * 40, None), ("=1+1", None), ("1.005", None),
    ],
)  # fmt: skip
def test_sums(cell: str, amount: str | None) -> None:
    assert names.read_sum(cell) == (Decimal(amount) if amount is not None else None)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("05.03.2024", date(2024, 3, 5)), ("2024-03-05 00:00:00", date(2024, 3, 5)), ("45356", date(2024, 3, 5)),
        ("5/3/2024", date(2024, 3, 5)), ("05.13.2024", None), ("март", None), ("05.03.2024 или позже", None),
    ],
)  # fmt: skip
def test_days(cell: str, day: date | None) -> None:
    assert names.read_date(cell) == day


def test_a_lost_leading_zero_is_put_back_where_the_check_digits_agree() -> None:
    assert names.read_inn("199004171") == "0199004171"
    assert names.read_inn("199004172") is None


@pytest.mark.parametrize(
    ("change", "what", "why"),
    [
        ({}, MAKE, "новая запись"),
        ({"number": ""}, REFUSE, "номер"),
        ({"issued": None}, REFUSE, "дата"),
        ({"issued": date(2031, 1, 1)}, REFUSE, "невозможна"),
        ({"client": "ООО Вектор"}, REFUSE, "впишите ИНН (7799031589, 5499007214)"),
        ({"client": "ООО Вектор", "inn": "5499007214"}, MAKE, "новая"),
        ({"client": "", "inn": "5499007214"}, MAKE, "новая"),
        ({"client": "ООО Ёлочка и Ко", "inn": "5499007214"}, REFUSE, "не сходятся"),
        ({"client": "ООО Ёлка"}, REFUSE, "нет компании"),
        ({"client": "ооо  торговый дом сыр-масло"}, MAKE, "новая"),
        ({"content": None}, REFUSE, "файл не найден"),
        ({"content": replace(CONTENT, size=0)}, REFUSE, "пуст"),
        ({"content": replace(CONTENT, kind="zip")}, REFUSE, "по содержимому"),
        ({"content": replace(CONTENT, size=60_000_000)}, REFUSE, "50 МБ"),
    ],
)
def test_a_row_and_its_fate(change: dict[str, object], what: str, why: str) -> None:
    found = fate(replace(ROW, **change))  # type: ignore[arg-type]
    assert found.what == what, found.why
    assert why in found.why.ru
    assert found.why.en


def test_what_is_there_already() -> None:
    held = Held("40", "17", date(2024, 3, 5), "11", has_file=True)
    assert fate(ROW, held=(held,)).what == SKIP
    assert fate(ROW, held=(replace(held, has_file=False),)).what == LINK
    assert fate(ROW, held=(held, replace(held, id="41"))).what == REFUSE
    assert fate(ROW, held=(replace(held, issued=date(2023, 3, 5)),)).what == MAKE
    assert fate(ROW, done=frozenset({key_of("f" * 64, "17")})).what == SKIP


def test_two_rows_of_one_list() -> None:
    second = replace(ROW, place="list.csv:3", content=replace(CONTENT, sha256="e" * 64))
    found = list(
        decide_fates([ROW, second, replace(ROW, place="list.csv:4", number="18")], Known(CLIENTS), TODAY)
    )
    assert [one.what for one in found] == [MAKE, LINK, SKIP]
    assert "list.csv:2" in found[2].why.ru


def test_a_deal_is_found_or_left_out() -> None:
    deals = {("11", "124"): ("124",), ("11", "Сайт"): ("7", "8")}
    assert fate(replace(ROW, deal="124"), deals=deals).deal == "124"
    several = fate(replace(ROW, deal="Сайт"), deals=deals)
    assert several.deal == ""
    assert any("несколько" in note.ru for note in several.notes)
    assert any("не найдена" in note.ru for note in fate(replace(ROW, deal="125"), deals=deals).notes)


HEADINGS = ["№ акта", "Дата", "Клиент", "ИНН", "Сумма, руб.", "Файл", "Подписан"]
HEADINGS_READ = ["Номер акта", "Дата акта", "Клиент", "ИНН", "Сумма", "Путь к файлу", "Акт подписан"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_of_any_kind(tmp_path: Path, encoding: str, delimiter: str) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    cells = ["17", "05.03.2024", "ООО Ёлочка и Ко", "5024093363", '"48 500,00"', "a.pdf", "да"]
    text = delimiter.join(HEADINGS_READ) + "\r\n" + delimiter.join(cells) + "\r\n\r\n"
    listed = tmp_path / "list.csv"
    listed.write_bytes(text.encode(encoding))
    (row,) = read_list(listed, tmp_path)
    assert (row.number, row.issued, row.inn, row.amount) == (
        "17",
        date(2024, 3, 5),
        "5024093363",
        Decimal(48500),
    )
    assert (row.signed, row.faults) == (True, ())
    assert row.content is not None
    assert row.content.kind == "pdf"


def test_an_xlsx_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    book = openpyxl.Workbook()
    book.active.append(HEADINGS_READ)
    book.active.append([17, date(2024, 3, 5), "ООО «Северный ветер»", 199004171, 48500.1, "a.pdf", "нет"])
    book.save(tmp_path / "list.xlsx")
    (row,) = read_list(tmp_path / "list.xlsx", tmp_path)
    assert (row.number, row.issued, row.inn, row.amount) == (
        "17",
        date(2024, 3, 5),
        "0199004171",
        Decimal("48500.10"),
    )
    assert (row.signed, row.faults, row.place) == (False, (), "list.xlsx:2")


def test_the_plan_written_is_a_list_again(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    row = replace(
        ROW, client='=HYPERLINK("http://x","ООО «Ёлочка и Ко»")', amount=Decimal("5.10"), signed=True
    )
    write_plan(tmp_path / "plan.csv", [Fate(row, REFUSE, fate(row).why)], "ru")
    written = (tmp_path / "plan.csv").read_text("utf-8-sig")
    assert not any(cell.startswith(("=", '"=')) for line in written.splitlines() for cell in line.split(";"))
    (again,) = read_list(tmp_path / "plan.csv", tmp_path)
    assert (again.number, again.issued, again.client) == (row.number, row.issued, row.client)
    assert (again.amount, again.signed) == (row.amount, True)


def test_a_tree_names_client_year_and_signature(tmp_path: Path) -> None:
    for path in (
        "2024/ООО Ромашка 5024093363/Акт 17/Акт 17 от 05.03.2024 не подписан.pdf",
        "2024/.x/Акт 1.pdf",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"%PDF-1.4")
    (row,) = read_folder(tmp_path, "acts")
    assert (row.number, row.client, row.inn, row.signed) == (
        "17",
        "ООО Ромашка 5024093363",
        "5024093363",
        False,
    )


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "")
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    return out.getvalue()


def workbook(sheet: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""), ("a.csv", b"\x00\x01\x02;\x00"), ("a.csv", b"a;b\n1;2\n"), ("a.csv", "Номер;Номер;Дата;ИНН;Файл".encode()),
        ("a.csv", b"\xff\xfe\x00"), ("a.csv", b'"' + b"x" * 200_000), ("a.csv", b"\x98\x98"), ("a.xlsx", b"PK\x03\x04"),
        ("a.xlsx", b"no zip"), ("a.xlsx", workbook(b"<worksheet><row>")), ("a.xlsx", workbook(LAUGHS)),
        ("a.xlsx", workbook(b"")),
    ],
)  # fmt: skip
def test_what_is_no_list_is_said_and_never_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ListError) as refused:
        list(read_list(tmp_path / name, tmp_path))
    assert refused.value.said.ru
    assert refused.value.said.en


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb.xlsx").write_bytes(bomb())
    with pytest.raises(ListError, match="zip bomb"):
        list(read_list(tmp_path / "bomb.xlsx", tmp_path))


@pytest.mark.parametrize(
    "path", ["../secret.pdf", "/etc/hostname", "..\\secret.pdf", "link.pdf", "a/../../secret.pdf"]
)
def test_a_list_reaches_no_file_outside_its_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.pdf").write_bytes(b"%PDF-1.4")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    text = f"Номер;Дата;ИНН;Файл\n1;05.03.2024;5024093363;{path}\n"
    (inner / "l.csv").write_text(text, "utf-8")
    (row,) = read_list(inner / "l.csv", inner)
    assert row.content is None
    assert "вне указанной папки" in row.faults[0].ru
