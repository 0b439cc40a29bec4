"""The strip beside another page: what it shows, who may frame it, where its link leads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.emulator.company.story import DEAL_FRESH
from engine.runtime.accounts import INTEGRATOR
from tests.runtime.service_case import DEAL, Live, running
from tests.web.console_case import Visitor, visitor
from tests.web.test_listeners import RULES

NEIGHBOUR = "http://127.0.0.1:8025"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES) as found:
        yield found


@pytest.fixture
def framed(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES, framed_by=NEIGHBOUR) as found:
        yield found


def test_a_stranger_is_sent_to_the_door(live: Live) -> None:
    with Visitor(live.service.console_url) as stranger:
        assert stranger.get("/strip").url.path == "/sign-in"


def test_the_strip_shows_a_run_and_says_when_nothing_is_new(live: Live) -> None:
    with visitor(live.service) as found:
        assert "Пока ничего." in found.get("/strip").text
        live.person.update(DEAL, DEAL_FRESH, {"title": "Другое имя"})
        live.settle()
        text = found.get("/strip").text
        assert 'href="/runs/1" target="_blank"' in text
        assert "Ничего не сделано" in text
        assert "<script>alert" not in text
        again = text.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
        assert found.get(again, headers={"HX-Request": "true"}).status_code == 204
        part = found.get("/strip?part=rows&seen=older&last=0", headers={"HX-Request": "true"}).text
        assert part.startswith('<div id="glance"')
        assert " fresh" in part
        assert " fresh" not in text


@pytest.mark.parametrize("path", ["/strip", "/journal", "/health"])
def test_nobody_frames_the_console_of_an_engine_that_stands_alone(live: Live, path: str) -> None:
    with visitor(live.service) as found:
        headers = found.get(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_neighbour_frames_the_strip_and_nothing_else(framed: Live) -> None:
    with visitor(framed.service) as found:
        headers = found.get("/strip").headers
        assert "X-Frame-Options" not in headers
        assert headers["Content-Security-Policy"].endswith(f"frame-ancestors {NEIGHBOUR}")
        for path in ("/journal", "/regulations", "/health", "/sandbox", "/nothing-here"):
            headers = found.get(path).headers
            assert headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/strip", "/strip"), ("/journal?show=fired", "/journal"), ("//evil.example/", "/journal"),
     ("https://evil.example/", "/journal"), ("/\\evil.example", "/journal"), ("", "/journal")],
)  # fmt: skip
def test_a_sign_in_link_leads_to_a_page_of_ours_alone(live: Live, wanted: str, reached: str) -> None:
    secret = live.service.accounts.admit("Гость", INTEGRATOR, "1", uses=2)
    with Visitor(live.service.console_url) as guest:
        answer = guest.get(f"/sign-in/{secret}", params={"next": wanted})
        assert (answer.url.host, answer.url.path) == ("127.0.0.1", reached)


def test_a_link_with_a_place_to_go_begins_one_session_only(live: Live) -> None:
    secret = live.service.accounts.admit("Гость", INTEGRATOR, "1", uses=1)
    with Visitor(live.service.console_url) as guest:
        for _ in range(3):
            assert guest.get(f"/sign-in/{secret}", params={"next": "/strip"}).url.path == "/strip"
