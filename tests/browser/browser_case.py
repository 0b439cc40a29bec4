"""A real Chromium on the demo office. A machine without one skips, by name; CI fails on such a skip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

# Other tests share the cores: what is waited for comes, though not always within the usual five seconds.
expect.set_options(timeout=20_000)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium, from the system or where `REGLAMENT_TEST_CHROMIUM` says."""
    found = os.environ.get("REGLAMENT_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        if os.environ.get("REGLAMENT_TEST_BROWSER") == "required":
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(
    browser: Browser, *, width: int = 1440, height: int = 900, scripts: bool = True, **more
) -> Iterator[Page]:
    """A tab of a fresh visitor; an error in its console or a failed script fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=scripts, **more
    )
    page, errors = context.new_page(), []
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
        assert not errors, errors
    finally:
        context.close()


def axe_faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA and good practice: each fault with the first place."""
    # A page of another origin in a frame is judged on its own.
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "iframes": False}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['help']} — {one['nodes'][0]['html'][:160]}" for one in found]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def screenshot(page: Page, name: str) -> None:
    """Keep a picture where `REGLAMENT_SCREENSHOTS` says; nothing where it is not set."""
    folder = os.environ.get("REGLAMENT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
