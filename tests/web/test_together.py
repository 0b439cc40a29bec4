"""Posts that come at the same moment share a transaction and have an answer each."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from engine.runtime.credential import Trust
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.inbox import Inbox
from engine.runtime.intake import LARGEST_BODY, Intake
from engine.runtime.logs import open_log
from engine.web.public import create_public_app
from engine.web.server import WebServer
from tests.portal.portal_case import WORLD, ZONE
from tests.runtime.service_case import TOKEN, delivery

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "engine.db")
    yield store
    store.close()


@pytest.fixture
def url(store: EmbeddedStore) -> Iterator[str]:
    inbox = Inbox(store, lambda: NOW, lambda _: None)
    intake = Intake(Trust(TOKEN).is_ours, inbox, store, WORLD, ZONE, open_log(io.StringIO()))
    server = WebServer(create_public_app(intake, lambda: True), "127.0.0.1", 0, name="public")
    server.start()
    yield server.url
    server.stop()


def post(url: str, body: bytes) -> int:
    return httpx.post(f"{url}/portal/events", content=body, trust_env=False, timeout=20).status_code


def form(number: int, **more: str) -> bytes:
    return urlencode(delivery(number, **more)).encode()


def test_each_post_has_its_own_answer(url: str, store: EmbeddedStore) -> None:
    def body(number: int) -> tuple[int, bytes]:
        kind = number % 4
        if kind == 0:
            return 403, form(number + 1, token="wrong")
        if kind == 1:
            return 400, b"no form"
        return (413, b"x" * (LARGEST_BODY + 1)) if kind == 2 and number < 8 else (200, form(number + 1))

    wanted = [body(number) for number in range(40)]
    got: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=number: got.update({n: post(url, wanted[n][1])}))  # type: ignore[misc]
        for number in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got[number] for number in range(40)] == [status for status, _ in wanted]
    counts = store.counts()
    assert counts["accepted"] == len(store.rows("SELECT n FROM event")) == 18
    assert {name: counts[name] for name in counts if name.startswith("refused")} == {
        "refused_400": 10, "refused_403": 10, "refused_413": 2,
    }  # fmt: skip


def test_a_connection_is_used_again_and_a_chunked_body_is_a_body(url: str) -> None:
    with httpx.Client(trust_env=False, timeout=20) as client:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for number in (1, 2):
            answer = client.post(f"{url}/portal/events", content=iter([form(number)]), headers=headers)
            assert (answer.status_code, answer.content) == (200, b"")
        assert client.get(f"{url}/healthz").text == "ok\n"
        assert client.post(f"{url}//portal/events", content=form(3)).status_code == 200
        assert client.post(f"{url}/portal/events?x=1", content=b"").status_code == 400


def test_nobody_is_told_yes_where_the_state_cannot_be_written(url: str, store: EmbeddedStore) -> None:
    with store.transaction() as connection:
        connection.execute("DROP TABLE intent")
        connection.execute("DROP TABLE snapshot")
    assert post(url, form(1)) == 500
    assert post(url, form(1, token="wrong")) == 403
