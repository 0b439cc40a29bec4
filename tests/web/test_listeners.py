"""The two listeners: what each answers, what bad input gets, and that the engine goes on."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httpx
import pytest

from engine.emulator.faults import Fault
from engine.runtime.brakes import pause
from engine.runtime.intake import Intake
from engine.runtime.metrics import METRICS
from engine.runtime.moments import WRITTEN, read_moment
from engine.web.public import create_public_app
from tests.runtime.service_case import DEAL, Live, delivery, running
from tests.web.console_case import console_page

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
    page = console_page(live.service)
    assert page.status_code == 200
    assert '/runs/1"' in page.text
    assert "&lt;b&gt;жирное&lt;/b&gt;" in page.text
    assert "<script>alert" not in page.text
    assert "<b>жир" not in page.text


def samples(text: str) -> dict[str, float]:
    """The metrics of an exposition, read as Prometheus reads them: every sample has a kind that was told before."""
    found: dict[str, float] = {}
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if told := re.fullmatch(r"# TYPE (\w+) (gauge|counter)", line):
            kinds[told[1]] = told[2]
        elif not line.startswith("# HELP "):
            sample = re.fullmatch(r'((\w+)(?:\{\w+="(?:[^"\\\n]|\\.)*"\})?) (-?[0-9.]+)', line)
            assert sample, line
            assert sample[2] in kinds
            found[sample[1]] = float(sample[3])
    return found


def test_readiness_and_metrics(live: Live) -> None:
    assert get(live.service.console_url + "/readyz").text == "ready\n"
    live.person.update(DEAL, 118, {"title": "никогда"})
    live.settle()
    live.post(delivery(118, token="wrong"))
    found = samples(get(live.service.console_url + "/metrics").text)
    assert found["reglament_rules"] == found["reglament_ready"] == found["reglament_worker_up"] == 1
    assert found["reglament_inbox_waiting"] == found["reglament_lanes_open"] == found["reglament_brakes"] == 0
    assert found['reglament_steps_total{outcome="done"}'] == found['reglament_runs_total{status="done"}'] == 1
    assert found['reglament_deliveries_total{fate="refused_403"}'] == 1
    assert found["reglament_portal_requests_total"] > 2
    assert time.time() - 60 < found["reglament_last_event_timestamp_seconds"] <= time.time() + 1
    assert found[f'reglament_edition_info{{hash="{live.service.editions.current.edition.hash}"}}'] == 1


def test_every_metric_is_shown_with_its_kind(live: Live) -> None:
    text = get(live.service.console_url + "/metrics").text
    for name, (kind, _) in METRICS.items():
        assert f"# TYPE {name} {kind}\n" in text


def test_a_portal_that_refuses_the_webhook_is_said(live: Live) -> None:
    live.portal.faults = lambda _: Fault(401, "NO_AUTH_FOUND", text="Wrong authorization data")
    live.post(delivery(118))
    answer = wait_for(live, 503)
    assert answer.startswith("not ready: the portal does not answer: ")
    assert "NO_AUTH_FOUND" in answer
    page = console_page(live.service).text
    assert "Портал не отвечает" in page
    found = samples(get(live.service.console_url + "/metrics").text)
    assert found['reglament_portal_refusals_total{code="NO_AUTH_FOUND"}'] >= 1
    assert found["reglament_ready"] == 0
    live.portal.faults = None
    live.person.update(DEAL, 118, {"title": "Другое имя"})
    live.settle()
    assert wait_for(live, 200) == "ready\n"


def wait_for(live: Live, status: int) -> str:
    """The text of `/readyz` once it answers with that status."""
    until = time.monotonic() + 20
    while (answer := get(live.service.console_url + "/readyz")).status_code != status:
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
    return answer.text


def test_health_is_proved_by_writing(live: Live) -> None:
    assert get(live.service.public_url + "/healthz").text == "ok\n"
    assert read_moment(live.service.store, WRITTEN) is not None
    app = create_public_app(cast("Intake", None), lambda: False)
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (507, "the state cannot be written\n")


def test_the_page_tells_of_brakes_late_runs_and_retries(live: Live) -> None:
    live.person.update(DEAL, 118, {"title": "никогда"})
    live.settle()
    now = live.service.status.now
    live.service.store.execute("UPDATE run SET late = 1, retry_of = 7, status = 'held'")
    live.service.store.execute(
        "INSERT INTO brake VALUES ('test/mark', 'слишком <часто>', 'too often', ?)", (now.isoformat(),)
    )
    pause(live.service.store, now, "Елена")
    page = console_page(live.service).text
    for text in (
        "узнали с опозданием", "повтор запуска 7", "Движок на паузе", "Елена", "engine resume</code>",
        "слишком &lt;часто&gt;", "engine resume test/mark", "задержано", "только что",
    ):  # fmt: skip
        assert text in page, text


def test_no_secret_on_any_page(live: Live) -> None:
    live.post(delivery(118, token="wrong"))
    for path in ("/", "/metrics"):
        text = console_page(live.service, path).text
        assert "demo-application-token" not in text
        assert "/rest/" not in text
