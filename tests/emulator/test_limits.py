"""Limits and planned faults."""

from __future__ import annotations

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.errors import RestError
from engine.emulator.faults import Fault
from engine.emulator.limits import Bucket, Meter
from engine.emulator.serve import PortalServer


class Hand:
    """A clock moved by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def refused(bucket, count):
    """How many of some requests are refused, each in the published words."""
    caught = []
    for _ in range(count):
        try:
            bucket.take("a")
        except RestError as error:
            caught.append((error.status, error.code))
    assert set(caught) <= {(503, "QUERY_LIMIT_EXCEEDED")}
    return len(caught)


def test_the_bucket_holds_fifty_and_leaks_two_a_second():
    hand = Hand()
    bucket = Bucket(hand)
    assert refused(bucket, 55) == 5
    hand.now = 2.0
    assert refused(bucket, 5) == 2
    bucket.take("another address")
    hand.now = 100.0
    assert refused(bucket, 50) == 0


def test_the_meter_blocks_one_method_and_recovers():
    hand = Hand()
    meter = Meter(hand)
    total, resets = meter.add("w", "slow", 481)
    assert (total, resets) == (481, 600)
    with pytest.raises(RestError) as caught:
        meter.check("w", "slow")
    assert caught.value.status == 429
    meter.check("w", "other")
    meter.check("another", "slow")
    hand.now = 601
    meter.check("w", "slow")


def test_real_limits_over_http(company):
    with (
        open_portal(None, company, limits="real") as portal,
        PortalServer(portal) as server,
        httpx.Client() as http,
    ):
        answers = [http.get(server.webhook_url + "server.time") for _ in range(75)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:50] == [200] * 50
    late = next(answer for answer in answers if answer.status_code == 503)
    assert late.json() == {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}


def test_without_limits_nothing_is_refused(api):
    assert {api.post("server.time").status_code for _ in range(70)} == {200}


def test_an_answer_lost_after_the_fact(api, portal):
    portal.faults = lambda request: Fault(executes=True) if request.method == "crm.deal.add" else None
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("crm.deal.add", fields={"TITLE": "дошла"})
    portal.faults = None
    assert api.result("crm.deal.list", filter={"TITLE": "дошла"}, select=["ID"]) == [{"ID": "61"}]


def test_a_request_lost_before(api, portal):
    portal.faults = lambda request: Fault() if request.number == 1 else None
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("crm.deal.add", fields={"TITLE": "не дошла"})
    assert api.result("crm.deal.list", filter={"TITLE": "не дошла"}) == []


def test_a_planned_refusal_and_a_delay(api, portal):
    portal.faults = lambda request: Fault(503, "QUERY_LIMIT_EXCEEDED", delay=0.05)
    answer = api.post("crm.deal.get", id=1)
    assert (answer.status_code, answer.json()["error"]) == (503, "QUERY_LIMIT_EXCEEDED")
    assert answer.elapsed.total_seconds() >= 0.05
