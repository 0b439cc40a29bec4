"""What people do in the console, by hand in a real Chromium: registers, regulations, bank, queue, people, pause."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from playwright.sync_api import Browser, Download, Page, expect

from engine.cli.office import STATEMENT, Office, open_office
from engine.cli.story import EVENTS
from engine.runtime.brakes import ALL, release
from engine.runtime.logs import open_log
from engine.web.console import register_numbers
from engine.workshop import shipped_folder
from tests.browser.browser_case import axe_faults, open_page, overflow, screenshot
from tests.browser.conftest import demo_settings

pytestmark = pytest.mark.browser
RULES = "regulations/acts.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


@pytest.fixture(scope="module")
def office(folder: Path) -> Iterator[Office]:
    """The demo office on regulations of its own, which a person may edit, after the first event of the story."""
    shutil.copytree(shipped_folder() / "regulations", folder / "company" / "regulations")
    settings = replace(demo_settings(), regulations=folder / "company" / "regulations")
    with (folder / "log").open("w") as log, open_office(settings, folder, log=open_log(log)) as found:
        found.settle()
        EVENTS[0].do(found)
        found.settle()
        yield found


@pytest.fixture
def page(office: Office, browser: Browser) -> Iterator[Page]:
    """An integrator's tab."""
    with open_page(browser) as found:
        found.goto(office.entrance())
        yield found


def taken(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_filter_search_condition_sort_tick_remind_and_the_letters_arrive(office: Office, page: Page) -> None:
    page.get_by_role("link", name="Реестры").click()
    page.get_by_role("link", name="Не подписаны").first.click()
    expect(page).to_have_url(office.console_url + "/registers/acts?preset=unsigned")
    page.get_by_text("+ Условие").click()
    page.get_by_label("Поле").select_option("amount")
    page.get_by_label("Знак").select_option("more")
    page.get_by_label("Значение").fill("50 000")
    page.get_by_role("button", name="Добавить").click()
    expect(page.locator(".set-chip")).to_contain_text('amount >= money(50000, "RUB")')
    page.get_by_role("searchbox").fill("ООО")
    page.get_by_role("button", name="Найти").click()
    page.get_by_role("link", name="Сумма").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Сумма")
    rows = page.locator("tbody tr")
    assert 2 <= rows.count() < 10
    screenshot(page, "flow_register")
    page.goto(office.console_url + "/registers/acts?where=awaited")
    boxes = page.locator("tbody input[name=item]")
    ids = [boxes.nth(0).get_attribute("value"), boxes.nth(1).get_attribute("value")]
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator("[data-picked]")).to_have_text("Отмечено: 2")
    page.get_by_role("button", name="Напомнить о подписании…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Напоминания о подписании")
    letters = page.locator("section.letter")
    subjects = [letters.nth(n).locator("b").first.inner_text() for n in range(letters.count())]
    assert 1 <= len(subjects) <= 2, ids
    assert axe_faults(page) == []
    before = len(office.ask("mails"))
    page.get_by_role("button", name="Отправить").click()
    expect(page.get_by_role("status").first).to_contain_text("Письма переданы движку")
    office.settle()
    fresh = [mail["subject"] for mail in office.ask("mails")]
    assert len(fresh) == before + len(subjects)
    assert set(subjects) <= set(fresh)
    page.goto(office.console_url + "/people")
    expect(page.locator("main")).to_contain_text("отправил напоминания")


def test_a_condition_that_does_not_fit_is_refused_in_words(office: Office, page: Page) -> None:
    page.goto(office.console_url + "/registers/acts?field=amount&sign=is&value=много")
    expect(page.get_by_role("alert")).to_have_text("Здесь нужно число: 100 000 или 99,5.")
    page.goto(office.console_url + "/registers/acts?where=amuont > 1")
    expect(page.get_by_role("alert")).to_contain_text("amount")
    page.goto(office.console_url + "/registers/acts?field=state&sign=is&value=просрочен")
    expect(page.locator("tbody tr").first).to_contain_text("Просрочен")


def test_what_is_ticked_is_exported_printed_and_packed(office: Office, page: Page) -> None:
    page.goto(office.console_url + "/registers/acts?preset=signed")
    boxes = page.locator("tbody input[name=item]")
    numbers = page.locator("tbody tr td:nth-child(2)")
    wanted = {numbers.nth(0).inner_text(), numbers.nth(1).inner_text()}
    boxes.nth(0).check()
    boxes.nth(1).check()
    with page.expect_download() as download:
        page.get_by_role("button", name=".xlsx").click()
    book = openpyxl.load_workbook(io.BytesIO(taken(download.value)))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {one for one in cells if one.startswith("А-2026/")} == wanted
    chosen = "&".join(f"item={boxes.nth(n).get_attribute('value')}" for n in (0, 1))
    answer = page.request.get(f"{office.console_url}/registers/acts/print.pdf?anyway=1&{chosen}")
    assert answer.body().startswith(b"%PDF-")
    packed = page.request.get(f"{office.console_url}/registers/acts/papers.zip?anyway=1&{chosen}")
    assert len(ZipFile(io.BytesIO(packed.body())).namelist()) >= 2


def test_in_a_large_register_the_counts_come_after_the_page(
    office: Office, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(office.console_url + "/registers/acts")
    told = page.locator("#presets").inner_text()
    # No register here is large: any counting is said to take long, and a change ends what is kept.
    monkeypatch.setattr(register_numbers, "_QUICK", -1.0)
    office.tell("items/update", entityTypeId=2, id=120, fields={"title": "Другое имя сделки"})
    office.settle()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(office.console_url + "/registers/acts?sort=-amount")
    expect(page.locator("#presets b").first).to_be_visible()
    assert page.locator("#presets").inner_text() == told
    assert [one for one in asked if "/registers/acts/chips" in one]
    page.locator("#presets a").nth(1).click()
    expect(page).to_have_url(office.console_url + "/registers/acts?sort=-amount&preset=unsigned")


def test_columns_stay_while_one_sorts_and_filters(office: Office, page: Page) -> None:
    page.goto(office.console_url + "/registers/acts?column=number&column=amount&column=deal.title")
    page.get_by_role("link", name="Сумма").click()
    page.get_by_role("link", name="Не подписаны").last.click()
    heads = [one.strip() for one in page.locator("thead th").all_inner_texts()]
    assert [one.rstrip(" ▲▼") for one in heads if one] == ["Номер", "Сумма", "Сделка"]


def test_on_a_phone_the_actions_are_one_button(office: Office, browser: Browser) -> None:
    with open_page(browser, width=375, height=800) as page:
        page.goto(office.entrance())
        page.goto(office.console_url + "/registers/acts?preset=unsigned")
        remind = page.get_by_role("button", name="Напомнить о подписании…")
        expect(remind).to_be_hidden()
        page.locator(".bulk").scroll_into_view_if_needed()
        assert overflow(page) <= 0
        box = page.locator(".bulk").bounding_box()
        assert box
        assert box["height"] < 800 / 3
        screenshot(page, "flow_phone_closed")
        page.locator(".bulk summary").click()
        expect(remind).to_be_visible()
        assert overflow(page) <= 0
        assert axe_faults(page) == []
        screenshot(page, "flow_phone_open")


def test_a_regulation_is_edited_judged_saved_decides_and_is_brought_back(
    office: Office, page: Page, folder: Path
) -> None:
    file = folder / "company" / RULES
    former = file.read_text("utf-8")
    page.goto(f"{office.console_url}/regulations/file/{RULES}")
    page.get_by_role("link", name="Править").click()
    field = page.get_by_label("Текст регламента")
    judged = page.locator("#judgement")
    field.fill(former.replace("deal.stage", "deal.stagge", 1))
    line = former[: former.index("deal.stage")].count("\n") + 1
    expect(judged).to_contain_text("stagge", timeout=20_000)
    expect(judged).to_contain_text(str(line))
    expect(judged).to_contain_text("имелось в виду `stage`")
    assert axe_faults(page) == []
    screenshot(page, "flow_editor_wrong")
    changed = edited(former)
    field.fill(changed)
    expect(judged).to_contain_text("Последние события прошли бы иначе", timeout=20_000)
    expect(judged).to_contain_text("НОВЫЕ СЛОВА")
    assert axe_faults(page) == []
    screenshot(page, "flow_editor_right")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("status").first).to_contain_text("Сохранено")
    assert file.read_text("utf-8") == changed
    wait_for_edition(page, office)
    EVENTS[7].do(office)
    office.settle()
    assert "НОВЫЕ СЛОВА" in str(office.ask("notices")) + str(office.ask("feed"))
    page.goto(office.console_url + "/regulations/editions")
    expect(page.locator(".patch .plus").first).to_contain_text("НОВЫЕ СЛОВА")
    page.get_by_role("button", name="Вернуть эту").first.click()
    expect(page.get_by_role("status").first).to_contain_text("Прежние файлы возвращены")
    assert file.read_text("utf-8") == former
    wait_for_edition(page, office)


def wait_for_edition(page: Page, office: Office) -> None:
    """Return once the files as they are now are the edition in force."""
    for _ in range(100):
        built = office.service.workshop.build()
        if built.edition is not None and office.service.status.in_force.edition.hash == built.edition.hash:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the edition did not come into force")


def edited(text: str) -> str:
    """The first notice of the rule that makes an act, in other words."""
    at = text.index("text: ", text.index("notify:"))
    start = text.index('"', at) + 1
    return text[:start] + "НОВЫЕ СЛОВА: " + text[start:]


def test_somebody_elses_change_meanwhile_is_not_written_over(
    office: Office, page: Page, folder: Path
) -> None:
    file = folder / "company" / RULES
    former = file.read_text("utf-8")
    page.goto(f"{office.console_url}/regulations/edit/{RULES}")
    field = page.get_by_label("Текст регламента")
    mine, theirs = former + "# моя правка\n", former + "# чужая правка\n"
    field.fill(mine)
    file.write_text(theirs, "utf-8")
    answer = page.request.post(
        f"{office.console_url}/regulations/edit/{RULES}",
        form={
            "csrf": page.locator("form.editing input[name=csrf]").input_value(),
            "base": page.locator("form.editing input[name=base]").input_value(),
            "text": mine,
            "save": "1",
        },
    )
    assert answer.status == 409
    assert "чужая правка" in answer.text()
    assert "моя правка" in answer.text()
    assert file.read_text("utf-8") == theirs
    file.write_text(former, "utf-8")
    wait_for_edition(page, office)


def test_a_statement_is_looked_at_taken_once_and_its_doubtful_line_decided(
    office: Office, page: Page, folder: Path
) -> None:
    page.get_by_role("link", name="Банк").click()
    choose = page.get_by_label("Выписка")
    choose.set_input_files(folder / STATEMENT)
    page.get_by_role("button", name="Посмотреть").click()
    expect(page.get_by_role("status").first).to_contain_text("ничего не записано")
    lines = page.locator("tbody tr").count()
    assert lines > 1
    assert axe_faults(page) == []
    screenshot(page, "flow_bank")
    for new in (lines, 0):
        choose.set_input_files(folder / STATEMENT)
        page.get_by_role("button", name="Загрузить").click()
        expect(page.locator("p.told")).to_contain_text(f"новых {new}")
    office.settle()
    page.goto(office.console_url + "/queue")
    doubtful = page.locator("section.waiting", has_text="платёж")
    count = doubtful.count()
    assert count > 0
    assert axe_faults(page) == []
    screenshot(page, "flow_queue")
    first = doubtful.first
    first.get_by_placeholder("почему не наш счёт").fill("возврат займа")
    first.get_by_role("button", name="Не по счёту").click()
    expect(doubtful).to_have_count(count - 1)
    page.goto(office.console_url + "/people")
    expect(page.locator("main")).to_contain_text("загрузил выписку")
    expect(page.locator("main")).to_contain_text("решил о платеже")


def test_somebody_is_invited_chooses_a_password_and_enters_by_it(
    office: Office, page: Page, browser: Browser
) -> None:
    page.get_by_role("link", name="Сотрудники").click()
    page.get_by_label("Пригласить").fill("Марина Ветрова")
    page.get_by_label("№ на портале").fill("6")
    page.get_by_role("button", name="Дать ссылку").click()
    link = page.locator(".told code").inner_text()
    screenshot(page, "flow_people")
    with open_page(browser) as hers:
        hers.goto(link)
        password = "совсем длинный пароль"
        hers.get_by_label("Пароль", exact=False).first.fill(password)
        hers.locator("input[name=again]").fill(password)
        assert axe_faults(hers) == []
        hers.locator("main form button").click()
        expect(hers.get_by_role("heading", level=1)).to_have_text("Журнал")
        hers.get_by_role("button", name="Выйти").click()
        hers.locator("input[name=name]").fill("марина ветрова")
        hers.locator("input[name=password]").fill(password)
        hers.locator("main form button").click()
        expect(hers.locator(".who .name")).to_have_text("Марина Ветрова")
        expect(hers.get_by_role("link", name="Сотрудники")).to_have_count(0)
        answer = hers.request.get(office.console_url + "/people")
        assert answer.status == 403


def test_the_engine_is_paused_and_goes_on(office: Office, page: Page) -> None:
    page.goto(office.console_url + "/health")
    page.get_by_label("Почему", exact=False).fill("проверяем правила")
    page.get_by_role("button", name="Поставить на паузу").click()
    expect(page.get_by_role("alert").first).to_contain_text("проверяем правила")
    assert axe_faults(page) == []
    screenshot(page, "flow_paused")
    try:
        page.goto(office.console_url + "/queue")
        expect(page.locator("section.waiting", has_text="проверяем правила")).to_have_count(1)
        page.goto(office.console_url + "/health")
        page.get_by_role("button", name="Продолжить").click()
        expect(page.get_by_role("alert")).to_have_count(0)
    finally:
        release(office.service.store, ALL)
    page.goto(office.console_url + "/people")
    expect(page.locator("main")).to_contain_text("снял тормоз")
