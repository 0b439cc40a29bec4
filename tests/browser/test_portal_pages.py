"""The demo portal in a real Chromium: the story by hand, what stands beside it, and every page of it sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from engine.cli.office import Office
from engine.emulator.company import story
from engine.emulator.company.documents import build_pdf
from tests.browser.browser_case import axe_faults, open_page, overflow, screenshot

pytestmark = pytest.mark.browser

DEAL = story.DEAL_FRESH
REPORT, SENT, WON = "C4:UC_REPORT", "C4:UC_DOCS", "C4:WON"
TITLE = "Кастомизация CRM: реестр актов"
PAGES = (
    "/", "/?category=0", f"/crm/deal/details/{DEAL}/", f"/crm/deal/details/{DEAL}/?tab=acts",
    f"/crm/deal/details/{DEAL}/?tab=invoices", f"/crm/deal/details/{DEAL}/?tab=history", "/feed", "/notices",
    "/disk", "/mails",
)  # fmt: skip
LARGEST_PAGE = 200_000


def card_in(page: Page, stage: str) -> Locator:
    return page.locator(f'[data-stage="{stage}"] [data-deal="{DEAL}"]')


def strip(page: Page) -> FrameLocator:
    return page.frame_locator('iframe[title="Что делает Регламент"]')


def drag(page: Page, stage: str) -> None:
    page.locator(f'[data-deal="{DEAL}"]').drag_to(page.locator(f'[data-stage="{stage}"] header'))


def signed_scan(folder: Path) -> Path:
    file = folder / "подписанный акт.pdf"
    file.write_bytes(build_pdf("Signed act, page by hand", is_scan=True))
    return file


def test_the_story_by_hand(fresh_office: Office, browser: Browser, tmp_path: Path) -> None:
    with open_page(browser) as page:
        page.goto(fresh_office.portal_url)
        expect(strip(page).get_by_text("Пока ничего.")).to_be_visible()
        expect(page.locator("#guide [aria-current]")).to_contain_text("Перетащите сделку")
        screenshot(page, "portal_before")
        _report(page)
        _sign(page, signed_scan(tmp_path))
        _pay(page)
        _look_around(page)
        _explain(page)


def _report(page: Page) -> None:
    drag(page, REPORT)
    # The engine makes act and invoice, sends them and moves the deal on; the board shows it without a reload.
    expect(card_in(page, SENT)).to_contain_text("Акты: ДА 0 из 1", timeout=30_000)
    expect(page.locator("#guide .past")).to_have_count(1)
    expect(page.locator("#guide [aria-current]")).to_contain_text("подписанный скан")
    expect(strip(page).get_by_role("link", name=f"Сделка «{TITLE}»")).to_be_visible()
    expect(strip(page).get_by_text("Отчёт отправлен — выпуск документов.")).to_be_visible()


def _sign(page: Page, scan: Path) -> None:
    page.get_by_role("link", name="её акт").click()
    expect(page.get_by_role("link", name="Акты выполненных работ")).to_have_attribute("aria-current", "page")
    expect(page.get_by_text("Подписан: НЕТ")).to_be_visible()
    screenshot(page, "portal_act")
    page.locator("[data-drop] input[type=file]").set_input_files(scan)
    expect(page.get_by_text("Подписан: ДА")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("link", name="подписанный акт.pdf")).to_be_visible()
    expect(strip(page).get_by_text("Клиент вернул подписанный акт.")).to_be_visible()


def _pay(page: Page) -> None:
    page.get_by_role("link", name="её счёта").click()
    page.get_by_role("button", name="Оплачен полностью").click()
    expect(page.locator(".stages [aria-current]")).to_have_text("Успешная, запрошен отзыв", timeout=30_000)
    expect(page.locator("#guide .past")).to_have_count(3)
    expect(page.get_by_text("Сделка закрыта сама.")).to_be_visible()
    screenshot(page, "portal_closed")


def _look_around(page: Page) -> None:
    finale = page.locator(".finale")
    finale.get_by_role("link", name="диске").click()
    fresh = page.locator(".leaf", has=page.get_by_text("новое")).get_by_role("link").first
    expect(fresh).to_be_visible()
    answer = page.request.get(page.url.replace("/disk", str(fresh.get_attribute("href"))))
    assert answer.body().startswith(b"%PDF-")
    screenshot(page, "portal_disk")
    page.locator(".finale").get_by_role("link", name="ленте").click()
    post = page.locator("article", has_text=TITLE).first
    expect(post.get_by_role("link", name=TITLE)).to_have_attribute(
        "href", re.compile(f"/crm/deal/details/{DEAL}/")
    )
    screenshot(page, "portal_feed")
    page.locator(".finale").get_by_role("link", name="почте").click()
    letter = page.locator("article", has_text=f"по работам «{TITLE}»").last
    expect(letter.get_by_role("link", name=".pdf")).to_have_count(2)
    screenshot(page, "portal_mails")
    bell = page.locator("#bell")
    before = int(bell.locator(".count").inner_text())
    bell.locator("summary").click()
    expect(bell.locator(".notice.new")).to_have_count(before)
    expect(bell.locator(".count")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(bell.locator(".pop")).to_be_hidden()


def _explain(page: Page) -> None:
    with page.context.expect_page() as opened:
        strip(page).get_by_role("link", name=f"Сделка «{TITLE}»").last.click()
    run = opened.value
    expect(run.get_by_role("heading", name="Что произошло")).to_be_visible()
    expect(run.get_by_role("heading", level=1)).to_contain_text(TITLE)
    screenshot(run, "portal_run")


@pytest.mark.parametrize("width", [1440, 375])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound(office: Office, browser: Browser, path: str, width: int) -> None:
    with open_page(browser, width=width) as page:
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", "0"))))
        answer = page.goto(office.portal_url + path, wait_until="load")
        assert answer
        assert answer.status == 200
        assert axe_faults(page) == []
        assert overflow(page) <= 0
        assert sum(sizes) <= LARGEST_PAGE
        screenshot(page, f"portal{path.replace('/', '_').replace('?', '_')}_{width}")


@pytest.mark.parametrize("width", [1440, 308])
def test_the_strip_is_sound(office: Office, browser: Browser, width: int) -> None:
    with open_page(browser, width=width) as page:
        page.goto(office.entrance("/strip"))
        expect(page.locator("li.glance")).to_have_count(8)
        assert axe_faults(page) == []
        assert overflow(page) <= 0


def test_a_newcomer_needs_no_file_and_no_scripts(fresh_office: Office, browser: Browser) -> None:
    with open_page(browser, scripts=False) as page:
        page.goto(f"{fresh_office.portal_url}/crm/deal/details/{DEAL}/")
        page.get_by_role("button", name="Перевести на стадию Отчет отправлен").click()
        fresh_office.settle()
        page.goto(f"{fresh_office.portal_url}/crm/deal/details/{DEAL}/?tab=acts")
        page.get_by_role("button", name="Взять готовый скан").click()
        fresh_office.settle()
        page.get_by_role("link", name="Счета").click()
        page.get_by_role("button", name="Оплачен частично").click()
        expect(page.get_by_text("оплачен частично").first).to_be_visible()
        page.get_by_role("button", name="Оплачен полностью").click()
        fresh_office.settle()
        page.goto(f"{fresh_office.portal_url}/crm/deal/details/{DEAL}/")
        expect(page.locator(".stages [aria-current]")).to_have_text("Успешная, запрошен отзыв")


@pytest.mark.parametrize("width", [1440, 375])
def test_a_page_that_is_not_there_is_sound(office: Office, browser: Browser, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{office.portal_url}/crm/deal/details/9999/")
        expect(page.get_by_role("heading", name="Не найдено")).to_be_visible()
        assert axe_faults(page) == []
        assert overflow(page) <= 0


def test_the_steps_are_put_away_and_taken_out_again(office: Office, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(office.portal_url)
        page.get_by_role("button", name="Убрать три шага").click()
        expect(page.locator("#guide")).to_have_count(0)
        page.get_by_role("button", name="Показать три шага").click()
        expect(page.locator("#guide")).to_be_visible()


def test_a_refused_move_puts_the_card_back(office: Office, browser: Browser) -> None:
    # The browser itself writes an answer of 400 to its console: no fault of the page.
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{office.portal_url}/?live=off")
        column = page.locator('[data-stage="C4:NEW"]')
        column.evaluate("column => { column.dataset.stage = 'C4:NONE'; }")
        page.locator(f'[data-deal="{DEAL}"]').drag_to(page.locator('[data-stage="C4:NONE"] header'))
        expect(page.locator("#told")).to_contain_text("Портал ответил")
        expect(card_in(page, WON)).to_be_visible()


def test_a_file_dropped_on_its_place_is_the_scan_and_beside_it_is_nothing(
    fresh_office: Office, browser: Browser
) -> None:
    deal = story.DEAL_UNSIGNED_UNPAID
    with open_page(browser) as page:
        page.goto(f"{fresh_office.portal_url}/crm/deal/details/{deal}/?tab=acts")
        held = page.evaluate_handle(
            "text => { const held = new DataTransfer();"
            " held.items.add(new File([text], 'из почты.pdf', {type: 'application/pdf'})); return held; }",
            build_pdf("Signed act, dropped by hand", is_scan=True).decode("latin-1"),
        )
        page.locator("h1").dispatch_event("drop", {"dataTransfer": held})
        expect(page.get_by_text("Подписан: НЕТ")).to_be_visible()
        zone = page.locator("[data-drop]")
        zone.dispatch_event("dragover", {"dataTransfer": held})
        expect(zone).to_have_class(re.compile("over"))
        screenshot(page, "portal_drop")
        zone.dispatch_event("drop", {"dataTransfer": held})
        expect(page.get_by_role("link", name="из почты.pdf")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Подписан: ДА")).to_be_visible(timeout=30_000)
