"""The pictures of the README and of docs/console.md, taken of the demo office after its story.

`python -m tests.browser.pictures` writes them anew into docs/pictures.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from engine.cli.office import open_office
from engine.cli.story import EVENTS
from engine.runtime.logs import open_log
from tests.browser.browser_case import open_page, running_browser
from tests.browser.conftest import demo_settings

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
# Name, page, height of the window in pixels.
CONSOLE = (
    ("run", "/runs/5", 900),
    ("register", "/registers/acts?preset=unsigned", 760),
    ("journal", "/journal", 760),
    ("sandbox", "/sandbox?run=5", 900),
    ("regulation", "/regulations/file/regulations/acts.yaml", 760),
    ("reports", "/reports/signed-unpaid", 520),
)


def main() -> None:
    """Play the story, take every picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "log").open("w", encoding="utf-8") as log,
        open_office(demo_settings(), Path(folder), log=open_log(log)) as office,
        running_browser() as browser,
    ):
        office.settle()
        for event in EVENTS[:-2]:
            event.do(office)
            office.settle()
        for name, path, height in CONSOLE:
            with open_page(browser, width=1360, height=height) as page:
                page.goto(office.entrance())
                page.goto(office.console_url + path, wait_until="networkidle")
                page.screenshot(path=str(FOLDER / f"{name}.png"))
        with open_page(browser, width=1360, height=860) as page:
            page.goto(office.portal_url, wait_until="networkidle")
            page.wait_for_timeout(1500)
            page.screenshot(path=str(FOLDER / "portal.png"))


if __name__ == "__main__":
    main()
