"""What is counted of the portal's answers, and when it is trouble."""

from __future__ import annotations

import httpx
import pytest

from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.spending import Spending, Spent

LOST = PortalError("crm.item.get", "NO_ANSWER", "silence", "unknown")


def test_one_lost_answer_is_no_trouble_two_are_and_an_answer_ends_it() -> None:
    spending = Spending()
    spending.failed(LOST)
    assert spending.now().trouble is None
    spending.failed(LOST)
    assert str(spending.now().trouble) == "crm.item.get: NO_ANSWER: silence"
    spending.answered()
    assert spending.now() == Spent(0, {"NO_ANSWER": 2})


def test_a_refusal_is_an_answer_and_a_dead_webhook_is_trouble_at_once() -> None:
    spending = Spending()
    spending.failed(LOST)
    spending.failed(PortalError("crm.item.get", "NOT_FOUND", "no such item"))
    spending.failed(LOST)
    assert spending.now().trouble is None
    spending.failed(PortalError("profile", "NO_AUTH_FOUND", "Wrong authorization data"))
    assert str(spending.now().trouble).startswith("profile: NO_AUTH_FOUND")


def test_the_client_counts_each_try() -> None:
    answers = iter(
        [
            httpx.Response(503, json={"error": "QUERY_LIMIT_EXCEEDED"}),
            httpx.Response(200, json={"result": 1}),
            httpx.Response(400, json={"error": "", "error_description": "nothing"}),
        ]
    )
    transport = httpx.MockTransport(lambda _: next(answers))
    with PortalClient("https://p.example/rest/1/x/", sleep=lambda _: None, transport=transport) as client:
        client.call("crm.deal.get", {})
        assert client.spending.now() == Spent(2, {"QUERY_LIMIT_EXCEEDED": 1})
        with pytest.raises(PortalError):
            client.call("crm.deal.get", {})
        assert client.spending.now() == Spent(3, {"ERROR": 1, "QUERY_LIMIT_EXCEEDED": 1})
