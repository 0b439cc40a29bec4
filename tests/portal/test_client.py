from __future__ import annotations

import json
import logging
import time

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.pace import Pace
from tests.portal.portal_case import Reply, Stub, running_stub

LIMIT = Reply(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"})


def client(stub: Stub, slept: list[float] | None = None, **settings) -> PortalClient:
    return PortalClient(stub.webhook_url, sleep=(slept if slept is not None else []).append, **settings)


def failure(call) -> PortalError:
    with pytest.raises(PortalError) as caught:
        call()
    return caught.value


def test_posts_json_and_returns_the_envelope():
    with running_stub(Reply(body={"result": [1], "total": 1})) as stub, client(stub) as portal:
        assert portal.call("crm.item.list", {"start": 0}) == {"result": [1], "total": 1}
        method, path, headers, body = stub.asked[0]
        assert (method, path) == ("POST", "/rest/1/topsecret/crm.item.list")
        assert json.loads(body) == {"start": 0}
        assert headers["User-Agent"].startswith("reglament/")
        assert headers["Content-Type"] == "application/json"


def test_a_refusal_for_the_rate_is_tried_again_even_for_a_write():
    slept: list[float] = []
    with running_stub(LIMIT, LIMIT, Reply()) as stub, client(stub, slept) as portal:
        assert portal.call("crm.item.add", {})["result"] is True
        assert len(stub.asked) == 3
    assert slept == [1.0, 2.0]


def test_refusals_without_end_come_to_an_end():
    slept: list[float] = []
    with running_stub(LIMIT) as stub, client(stub, slept) as portal:
        error = failure(lambda: portal.call("crm.item.get", {}))
    assert (error.code, error.retry) == ("QUERY_LIMIT_EXCEEDED", "later")
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_write_without_an_answer_is_sent_once():
    with running_stub(Reply(cut=True)) as stub, client(stub) as portal:
        error = failure(lambda: portal.call("crm.item.add", {}))
        assert len(stub.asked) == 1
    assert (error.code, error.retry) == ("NO_ANSWER", "unknown")


def test_a_read_without_an_answer_is_repeated():
    with running_stub(Reply(cut=True), Reply()) as stub, client(stub) as portal:
        assert portal.call("crm.item.get", {})["result"] is True
        assert len(stub.asked) == 2


def test_a_timeout_is_an_unknown_outcome_only_for_writes():
    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    portal = PortalClient(
        "https://p.example/rest/1/x/", sleep=lambda _: None, transport=httpx.MockTransport(slow)
    )
    with portal:
        assert failure(lambda: portal.call("crm.item.update", {})).retry == "unknown"
        assert failure(lambda: portal.call("crm.item.get", {})).retry == "later"


def test_nobody_at_the_address_is_tried_again_also_for_writes():
    with running_stub(Reply()) as stub:
        gone = stub.webhook_url
    slept: list[float] = []
    with PortalClient(gone, sleep=slept.append) as portal:
        error = failure(lambda: portal.call("crm.item.add", {}))
    assert (error.code, error.retry) == ("NO_CONNECTION", "later")
    assert len(slept) == 5
    assert "topsecret" not in str(error)


def test_a_renamed_portal_gets_the_same_post_at_its_new_address():
    with (
        running_stub(Reply(body={"result": "new"})) as new,
        running_stub(Reply(302, b"", {"Location": f"{new.webhook_url}crm.item.add"})) as old,
        client(old) as portal,
    ):
        assert portal.call("crm.item.add", {"fields": {"title": "x"}})["result"] == "new"
        method, path, _, body = new.asked[0]
        assert (method, path) == ("POST", "/rest/1/topsecret/crm.item.add")
        assert json.loads(body) == {"fields": {"title": "x"}}


@pytest.mark.parametrize("location", ["/auth/?backurl=x", "ftp://p.example/rest/1/x/m", ""])
def test_a_redirect_that_is_no_rest_address_is_refused(location):
    with running_stub(Reply(302, b"", {"Location": location})) as stub, client(stub) as portal:
        error = failure(lambda: portal.call("crm.item.get", {}))
        assert len(stub.asked) == 1
    assert (error.code, error.retry) == ("BAD_REDIRECT", "never")


def test_redirects_without_end_come_to_an_end():
    with running_stub(Reply(302, b"", {"Location": "/rest/1/x/m"})) as stub, client(stub) as portal:
        assert failure(lambda: portal.call("crm.item.add", {})).code == "BAD_REDIRECT"
        assert len(stub.asked) == 4


@pytest.mark.parametrize(
    ("reply", "method", "retry"),
    [
        (Reply(200, b"<html>log in</html>"), "crm.item.add", "unknown"),
        (Reply(200, b'{"result": [1, 2'), "crm.item.add", "unknown"),
        (Reply(404, b"<html>nginx</html>"), "crm.item.add", "never"),
        (Reply(504, b"<html>gateway</html>"), "crm.item.add", "unknown"),
        (Reply(504, b"<html>gateway</html>"), "crm.item.get", "later"),
        (Reply(200, [1]), "crm.item.get", "later"),
        (Reply(200, {"time": {}}), "crm.item.get", "later"),
        (Reply(400, {"error": "", "error_description": "Not found"}), "crm.item.add", "never"),
        (Reply(200, {"error": 0, "error_description": "No"}), "crm.item.add", "never"),
    ],
)
def test_answers_that_are_none(reply, method, retry):
    with running_stub(reply) as stub, client(stub) as portal:
        error = failure(lambda: portal.call(method, {}))
    assert error.retry == retry
    assert error.method == method


def test_a_spent_method_rests_as_long_as_the_portal_said():
    good = Reply(body={"result": 1, "time": {"finish": 1000.0, "operating_reset_at": 1240}})
    spent = Reply(429, {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"})
    with running_stub(good, spent) as stub, client(stub) as portal:
        portal.call("crm.item.list", {})
        error = failure(lambda: portal.call("crm.item.list", {}))
        assert len(stub.asked) == 2
    assert (error.retry, error.retry_after) == ("later", 240.0)


def test_the_secret_is_nowhere_in_logs_and_representations(caplog):
    with running_stub(Reply(400, {"error": "X", "error_description": "y"})) as stub, client(stub) as portal:
        with caplog.at_level(logging.INFO):
            failure(lambda: portal.call("crm.item.get", {}))
        assert "topsecret" not in caplog.text
        assert "topsecret" not in repr(portal)


def test_an_address_that_is_none_is_said():
    assert failure(lambda: PortalClient("portal.example/rest/1/x/")).code == "BAD_ADDRESS"


def test_download_sends_the_headers_and_reads_the_name():
    disposition = "attachment; filename=\"x.pdf\"; filename*=utf-8''%D0%90%D0%BA%D1%82%201.pdf"
    with (
        running_stub(Reply(200, b"%PDF-1.7", {"Content-Disposition": disposition})) as stub,
        client(stub) as portal,
    ):
        got = portal.fetch(f"{stub.url}/rest/download.json?auth=a&token=b")
        assert (got.name, got.content) == ("Акт 1.pdf", b"%PDF-1.7")
        method, _, headers, _ = stub.asked[0]
        assert method == "GET"
        assert headers["Accept"] == "*/*"
        assert headers["Referer"] == stub.url + "/"
        assert headers["User-Agent"]
        assert headers["Accept-Language"]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", ""),
        ('attachment; filename="акт.pdf"', "акт.pdf"),
        ('attachment; filename="..\\..\\evil.exe"', "evil.exe"),
        ("attachment; filename*=utf-8''..%2F..%2Fevil", "evil"),
    ],
)
def test_names_of_downloads(disposition, name):
    raw = disposition.encode().decode("latin-1")
    with running_stub(Reply(200, b"x", {"Content-Disposition": raw})) as stub, client(stub) as portal:
        assert portal.fetch(stub.url + "/f").name == name


def test_download_stops_at_the_limit_and_at_errors():
    with running_stub(Reply(200, b"x" * 1000)) as stub, client(stub) as portal:
        assert portal.download(stub.url + "/f", limit=1000) == b"x" * 1000
        assert failure(lambda: portal.download(stub.url + "/f", limit=999)).code == "TOO_LARGE"
    with running_stub(Reply(404, b"<html>nginx</html>")) as stub, client(stub) as portal:
        assert failure(lambda: portal.download(stub.url + "/f")).retry == "never"
    with (
        running_stub(Reply(200, {"error": "NO_AUTH_FOUND", "error_description": "x"})) as stub,
        client(stub) as portal,
    ):
        assert failure(lambda: portal.download(stub.url + "/f")).code == "NO_AUTH_FOUND"


def test_a_json_file_is_a_file():
    with (
        running_stub(
            Reply(200, {"error": "x"}, {"Content-Disposition": "attachment; filename=a.json"})
        ) as stub,
        client(stub) as portal,
    ):
        assert portal.download(stub.url + "/f") == b'{"error": "x"}'


def test_download_follows_a_redirect_and_repeats_a_broken_one():
    with running_stub(Reply(302, b"", {"Location": "/g"}), Reply(503, b""), Reply(200, b"ok")) as stub:
        with client(stub) as portal:
            assert portal.download(stub.url + "/f") == b"ok"
        assert [path for _, path, _, _ in stub.asked] == ["/f", "/g", "/f"]


def test_our_pace_keeps_the_portal_from_refusing():
    """The demo portal with its real limit refuses a burst; with our pace nobody is refused."""
    with open_portal(None, demo_company(), limits="real") as portal, PortalServer(portal) as server:
        slept: list[float] = []
        with PortalClient(
            server.webhook_url, sleep=lambda seconds: (slept.append(seconds), time.sleep(0.6))
        ) as burst:
            for _ in range(53):
                burst.call("server.time", {})
        assert slept
        time.sleep(0.5)
        slept.clear()
        pace = Pace()
        pace.fill()  # the burst above was ours too
        with PortalClient(server.webhook_url, pace=pace, sleep=slept.append) as paced:
            for _ in range(4):
                paced.call("server.time", {})
        assert slept == []


def test_pace_lets_two_less_than_fifty_go_and_then_two_a_second():
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(clock=lambda: now[0], sleep=sleep)
    assert [pace.wait() for _ in range(48)] == [0.0] * 48
    for _ in range(10):
        assert pace.wait() == pytest.approx(0.5)
    now[0] += 100
    assert [pace.wait() for _ in range(48)] == [0.0] * 48


def test_a_refusal_fills_the_bucket():
    now = [0.0]
    pace = Pace(clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    pace.fill()
    assert pace.wait() == pytest.approx(0.5)
