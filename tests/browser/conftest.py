"""One office and one browser for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from engine.cli.office import Office, open_office
from engine.cli.story import EVENTS
from engine.runtime.logs import open_log
from engine.settings import Settings, environment, read_settings
from engine.workshop import shipped_folder
from tests.browser.browser_case import running_browser


def demo_settings() -> Settings:
    """The shipped example, whatever this machine's environment says."""
    folder = shipped_folder()
    settings, problems = read_settings(
        folder / "config.example.yaml", environment(folder, {}), is_example=True
    )
    assert settings is not None, problems
    return settings


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office after the ten events of its story."""
    with _opened(tmp_path_factory.mktemp("office")) as found:
        for event in EVENTS:
            event.do(found)
            found.settle()
        yield found


@pytest.fixture
def fresh_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office before anything happened."""
    with _opened(tmp_path_factory.mktemp("fresh")) as found:
        yield found


@contextmanager
def _opened(folder: Path) -> Iterator[Office]:
    with (folder / "log").open("w") as log, open_office(demo_settings(), folder, log=open_log(log)) as found:
        found.settle()
        yield found
