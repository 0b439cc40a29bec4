"""The checks leave nothing on a portal, and say so where they could not."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.conftest import MAY_WRITE, WEBHOOK, live, twin
from tests.contract.contract_case import DEAL, CheckedPortal


def test_what_was_made_is_taken_away():
    with twin() as portal:
        deal, folder = portal.make(DEAL), portal.make_folder()
        portal.result("disk.folder.addsubfolder", id=folder["ID"], data={"NAME": "Акты"})
        assert portal.take_away() == []
        assert portal.refusal("crm.item.get", entityTypeId=DEAL, id=deal["id"]) == (400, "NOT_FOUND")
        assert portal.refusal("disk.folder.get", id=folder["ID"])[0] == 400
        assert portal.take_away() == []


def test_what_could_not_be_taken_away_is_named():
    def refuse(request: httpx.Request) -> httpx.Response:
        if b"13" in request.content:
            raise httpx.ConnectError("gone")
        return httpx.Response(403, json={"error": "ACCESS_DENIED", "error_description": ""})

    with httpx.Client(transport=httpx.MockTransport(refuse)) as http:
        portal = CheckedPortal("https://test.example/rest/1/k/", http, is_live=True)
        portal.remember("crm.item.delete", entityTypeId=DEAL, id=7)
        portal.remember("crm.item.delete", entityTypeId=DEAL, id=13)
        left = portal.take_away()
    assert [line.rpartition(": ")[2] for line in left] == ["ConnectError", "HTTP 403"]


def test_a_portal_that_nobody_called_a_test_portal_is_not_written_to(monkeypatch):
    monkeypatch.setenv(WEBHOOK, "https://test.example/rest/1/k/")
    monkeypatch.delenv(MAY_WRITE, raising=False)
    with pytest.raises(pytest.fail.Exception, match=MAY_WRITE), live():
        pass
    monkeypatch.setenv(MAY_WRITE, "1")
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", "https://test.example/rest/1/k")
    with pytest.raises(pytest.fail.Exception, match="company's own"), live():
        pass
