"""The portals that the checks run against: the twin always, a live test portal where one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer
from engine.portal.pace import Pace
from tests.contract.contract_case import CheckedPortal

WEBHOOK, MAY_WRITE = "BITRIX24_TEST_WEBHOOK", "BITRIX24_TEST_WEBHOOK_MAY_WRITE"


@contextmanager
def twin() -> Iterator[CheckedPortal]:
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        httpx.Client(trust_env=False, timeout=20) as http,
    ):
        yield CheckedPortal(server.webhook_url, http, is_live=False)


@contextmanager
def live() -> Iterator[CheckedPortal]:
    webhook = os.environ.get(WEBHOOK, "")
    if not webhook:
        pytest.skip(f"{WEBHOOK} is not set: no live test portal to check")
    if os.environ.get(MAY_WRITE) != "1":
        pytest.fail(f"{WEBHOOK} is set without {MAY_WRITE}=1: say that this portal is for tests, or unset it")
    if webhook.rstrip("/") == os.environ.get("BITRIX24_WEBHOOK_URL", "").rstrip("/"):
        pytest.fail(f"{WEBHOOK} is the company's own portal (BITRIX24_WEBHOOK_URL): these checks write")
    with httpx.Client(timeout=60) as http:
        yield CheckedPortal(webhook.rstrip("/") + "/", http, is_live=True, pace=Pace())


@pytest.fixture(scope="session", params=["twin", "live"])
def line(request: pytest.FixtureRequest) -> Iterator[CheckedPortal]:
    with twin() if request.param == "twin" else live() as found:
        yield found


@pytest.fixture
def portal(line: CheckedPortal) -> Iterator[CheckedPortal]:
    """The portal; what the check made is removed afterwards, also where it failed."""
    try:
        yield line
    finally:
        left = line.take_away()
    assert not left, f"remove these by hand: {left}"


@pytest.fixture
def process(portal: CheckedPortal) -> int:
    """The type id of the portal's first smart process."""
    types = portal.result("crm.type.list")["types"]
    if not types:
        pytest.skip("the portal has no smart process")
    return int(types[0]["entityTypeId"])
