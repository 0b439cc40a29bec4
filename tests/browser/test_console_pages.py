"""Every page of the console in a real Chromium: reachable, without an axe fault, by keyboard, narrow and wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from engine.cli.office import Office
from engine.runtime.brakes import ALL, pause, release
from engine.runtime.questions import ask_person
from tests.browser.browser_case import axe_faults, open_page, overflow, screenshot

pytestmark = pytest.mark.browser

PAGES = (
    "/journal", "/journal?show=trouble", "/runs/1", "/runs/5", "/sandbox", "/sandbox?run=5", "/regulations",
    "/regulations/file/regulations/acts.yaml", "/regulations/edit/regulations/acts.yaml", "/regulations/editions",
    "/registers/acts", "/registers/acts?preset=unsigned&sort=-amount", "/registers/acts?where=amuont+%3E+1",
    "/registers/acts?q=%D0%BD%D0%B8%D1%87%D0%B5%D0%B3%D0%BE-%D1%82%D0%B0%D0%BA%D0%BE%D0%B3%D0%BE",
    "/registers/acts/remind?preset=unsigned", "/registers/contracts", "/reports", "/reports/paid-unsigned",
    "/reports/signed-unpaid", "/reports/ladder", "/queue", "/bank", "/health", "/people",
)  # fmt: skip
LARGEST_PAGE = 200_000


@pytest.mark.parametrize("width", [1440, 375])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound(office: Office, browser: Browser, path: str, width: int) -> None:
    with open_page(browser, width=width) as page:
        sizes: list[int] = []
        page.goto(office.entrance())
        page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", "0"))))
        answer = page.goto(office.console_url + path, wait_until="networkidle")
        assert answer
        assert answer.status == 200
        assert axe_faults(page) == []
        assert overflow(page) <= 0
        assert sum(sizes) <= LARGEST_PAGE
        screenshot(page, f"console{path.replace('/', '_').replace('?', '_')}_{width}")


@pytest.mark.parametrize("path", ["/sign-in", "/invitation/no-such-link"])
def test_the_door_is_sound(office: Office, browser: Browser, path: str) -> None:
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        page = context.new_page()
        page.goto(office.console_url + path)
        assert axe_faults(page) == []
        assert overflow(page) <= 0
        screenshot(page, f"console{path.replace('/', '_')}")


@pytest.mark.parametrize("width", [1440, 375])
def test_a_full_queue_and_a_stopped_engine_are_sound(office: Office, browser: Browser, width: int) -> None:
    store, now = office.service.store, office.service.status.now
    params = {
        "key": f"q{width}", "item": "act/1", "about": f"scan {width}", "asked": ("1",), "file": "Акт.pdf",
        "text": "Стоит ли подпись на скане?", "choices": ("да", "нет"), "link": "https://portal.example/file",
    }  # fmt: skip
    ask_person(store, params, now)
    store.execute("UPDATE run SET status = 'failed' WHERE n = 1")
    pause(store, now, "проверяем правила")
    try:
        with open_page(browser, width=width) as page:
            page.goto(office.entrance())
            for path in ("/queue", "/health", "/journal", "/journal?show=trouble", "/runs/1"):
                page.goto(office.console_url + path, wait_until="networkidle")
                assert axe_faults(page) == [], path
                assert overflow(page) <= 0, path
                screenshot(page, f"full{path.replace('/', '_').replace('?', '_')}_{width}")
            page.goto(office.console_url + "/queue")
            asked = page.locator("section.waiting", has_text="Стоит ли подпись")
            asked.get_by_label("Замечание").fill("видно печать")
            asked.get_by_role("button", name="да").click()
            expect(page.locator("section.waiting", has_text="Стоит ли подпись")).to_have_count(0)
            row = store.row("SELECT answer, comment, answered_by FROM question WHERE key = ?", (f"q{width}",))
            assert row
            assert tuple(row) == ("да", "видно печать", "user/1")
    finally:
        release(store, ALL)
        store.execute("UPDATE run SET status = 'done' WHERE n = 1")


def test_pages_read_without_scripts(office: Office, browser: Browser) -> None:
    with open_page(browser, scripts=False) as page:
        page.goto(office.entrance())
        page.get_by_role("link", name="Акт А-2026/019").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Акт А-2026/019")
        page.goto(office.console_url + "/journal")
        page.get_by_label("Правило").select_option("acts/close-finished-deal")
        page.get_by_role("button", name="Отобрать").click()
        expect(page.locator("article.run")).to_have_count(2)


def test_the_keyboard_alone_gets_everywhere(office: Office, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(office.entrance())
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("К содержанию")
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('href') || ''").startswith("/runs/"):
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Что произошло")).to_be_visible()


def test_the_journal_shows_a_new_run_without_reload(office: Office, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(office.entrance())
        first = page.locator("article.run").first
        before = first.get_attribute("id")
        office.tell("items/update", entityTypeId=2, id=120, fields={"stageId": "C4:UC_PAID"})
        expect(page.locator("article.run").first).not_to_have_attribute("id", before or "", timeout=20_000)
        expect(page.locator("article.run", has_text="Личный кабинет экспедитора").first).to_be_visible()


def test_english_by_a_switch_that_is_remembered(office: Office, browser: Browser) -> None:
    with open_page(browser) as page:
        page.goto(office.entrance())
        page.get_by_role("link", name="EN", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Journal")
        page.goto(office.console_url + "/regulations")
        expect(page.get_by_role("heading", level=1)).to_have_text("Regulations")
        assert page.locator("html").get_attribute("lang") == "en"
        assert axe_faults(page) == []
