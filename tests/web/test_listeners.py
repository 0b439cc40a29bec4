"""The two listeners: what each answers, what bad input gets, and that the engine goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.runtime.service_case import DEAL, Live, delivery, running

RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Сделка <script>alert(1)</script>
    triggers:
      - changed: deal.title
    conditions:
      - if: deal.title == "никогда"
        else: "имя — ${deal.title}"
    actions:
      - notify: {to: "${deal.manager}", text: "Имя"}
"""


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES, inbox_limit=50) as found:
        yield found


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10)


def test_bad_input_is_refused_and_counted_and_the_engine_goes_on(live: Live) -> None:
    assert live.post(delivery(118, token="wrong")) == 403
    assert live.post({key: value for key, value in delivery(118).items() if "token" not in key}) == 403
    assert live.post(b"\xff\xfe\x00") == 400
    assert live.post(b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=x") == 400
    assert live.post(b"") == 400
    assert live.post(b"a=" + b"x" * (1 << 20)) == 413
    assert live.service.store.counts() == {"refused_400": 3, "refused_403": 2, "refused_413": 1}
    live.person.update(DEAL, 118, {"title": "Другое имя"})
    live.settle()
    assert len(live.runs()) == 1


def test_a_body_that_hides_its_size_is_refused(live: Live) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    url = live.service.public_url + "/portal/events"
    assert httpx.post(url, content=chunks(), trust_env=False, timeout=10).status_code == 413


def test_half_a_request_disturbs_nobody(live: Live) -> None:
    parts = urlsplit(live.service.public_url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as connection:
        connection.sendall(b"POST /portal/events HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nevent=")
        assert get(live.service.public_url + "/healthz").status_code == 200


def test_a_full_inbox_says_so(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False, inbox_limit=0) as live:
        assert live.post(delivery(118)) == 503
        assert live.service.store.counts() == {"refused_503": 1}


def test_the_public_address_knows_two_paths_only(live: Live) -> None:
    url = live.service.public_url
    assert get(url + "/healthz").status_code == 200
    assert get(url + "/portal/events").status_code == 405
    for path in ("/", "/metrics", "/readyz", "/static/x", "/portal"):
        answer = get(url + path)
        assert answer.status_code == 404
        assert "Traceback" not in answer.text


def test_the_page_shows_runs_escaped(live: Live) -> None:
    live.person.update(DEAL, 118, {"title": "<b>жирное</b>"})
    live.settle()
    page = get(live.service.console_url + "/")
    assert page.status_code == 200
    assert "deal/118" in page.text
    assert "&lt;b&gt;жирное&lt;/b&gt;" in page.text
    assert "<script>" not in page.text
    assert "<b>" not in page.text
    assert live.service.editions.current.edition.hash in page.text


def test_readiness_and_metrics(live: Live) -> None:
    assert get(live.service.console_url + "/readyz").text == "ready\n"
    text = get(live.service.console_url + "/metrics").text
    assert "reglament_rules 1\n" in text
    assert "reglament_inbox_waiting 0\n" in text


def test_no_secret_on_any_page(live: Live) -> None:
    live.post(delivery(118, token="wrong"))
    for path in ("/", "/metrics"):
        text = get(live.service.console_url + path).text
        assert "demo-application-token" not in text
        assert "/rest/" not in text
