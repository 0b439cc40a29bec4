"""The demo company as clients written by others meet it: over HTTP, and over TLS with its own authority."""

from __future__ import annotations

import time

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer

ACTS, INVOICES = 1044, 31
COMMON_STORAGE = 1


@pytest.fixture
def portal():
    with open_portal(None, demo_company()) as found:
        yield found


@pytest.fixture
def server(portal):
    with PortalServer(portal) as found:
        yield found


@pytest.fixture
def secure(portal, tmp_path, monkeypatch):
    """The portal over TLS; whatever uses `requests` trusts its authority and no other."""
    ca = tmp_path / "ca.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    with PortalServer(portal, ca_file=ca) as found:
        yield found


def fill_bucket(portal):
    """Real limits from now on, and a bucket that others on this address have just filled to the brim.

    A little above it, so that a slow machine's first request still finds it full; that refusal evens it out.
    """
    portal.limits = "real"
    portal.bucket._levels["127.0.0.1"] = (57.0, time.monotonic())
