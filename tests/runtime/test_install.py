"""An application is installed, reinstalled and removed, over real HTTP both ways; strangers are refused."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.application_auth import auth_block
from engine.emulator.applications import Registration, open_installation
from engine.emulator.company import demo_company
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.runtime.credential import CredentialShelf
from engine.runtime.logs import open_log
from engine.runtime.service import Service
from tests.portal.application_case import SCOPES
from tests.portal.portal_case import Reply, running_stub
from tests.runtime.service_case import delivery, make_folder, open_service

RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Название изменилось
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "Имя: ${deal.title}"}
"""
CLIENT, SECRET = "local.reglament", "client-secret-of-the-application"
PATH = "/portal/install"


class Setting:
    """The portal with our application registered, and an engine that is set up for it."""

    def __init__(self, portal: Portal, server: PortalServer, service: Service, log: io.StringIO) -> None:
        self.portal, self.server, self.service, self.log = portal, server, service, log
        self.shelf = CredentialShelf(service.store, service._clock)

    def install(self, *, has_pages: bool = False) -> dict[str, Any]:
        """The administrator saves the application's form on the portal."""
        form = Registration(
            SCOPES, install_url=self.service.public_url + PATH, client_id=CLIENT, client_secret=SECRET,
            has_pages=has_pages,
        )  # fmt: skip
        row = self.portal.install_application(form)
        assert self.portal.deliveries.settle(20)
        return dict(row)

    def form(self, row: dict[str, Any], user: int = 1, **more: object) -> dict[str, str]:
        block = auth_block(self.portal, row, user) | more
        form = {f"auth[{name}]": str(value) for name, value in block.items()}
        return {"event": "ONAPPINSTALL", "data[VERSION]": "1", "ts": "1773478800", **form}

    def post(self, form: dict[str, str], path: str = PATH) -> httpx.Response:
        return httpx.post(self.service.public_url + path, data=form, trust_env=False, timeout=30)

    def post_event(self, token: str, member: str, event: str = "ONCRMDEALUPDATE") -> int:
        form = delivery(118, event, token, **{"auth[member_id]": member})
        return self.post(form, "/portal/events").status_code


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Setting]:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        portal.install_application(Registration(SCOPES, client_id=CLIENT, client_secret=SECRET))
        log = io.StringIO()
        settings = {
            "BITRIX24_CLIENT_ID": CLIENT, "BITRIX24_CLIENT_SECRET": SECRET, "BITRIX24_OAUTH_SERVER": server.url,
            "BITRIX24_APPLICATION_TOKEN": "", "BITRIX24_PORTAL": server.url, **variables,
        }  # fmt: skip
        with open_service(make_folder(folder, RULES), "", variables=settings, log=open_log(log)) as service:
            yield Setting(portal, server, service, log)


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with running(tmp_path) as found:
        yield found


def test_an_engine_waits_for_its_install_says_so_and_then_reads_the_portal(setting: Setting) -> None:
    deadline = time.monotonic() + 20
    while not any("not installed" in one.en for one in setting.service.status.unready()):
        assert time.monotonic() < deadline, setting.service.status.unready()
        time.sleep(0.05)
    setting.install()
    assert setting.service.wait_idle(60)
    assert setting.service.status.unready() == []
    tokens = setting.shelf.read()
    assert tokens
    assert (tokens.member_id, tokens.state, tokens.user) == (setting.portal.member_id, "installed", "1")
    said = setting.log.getvalue()
    assert "application installed" in said
    assert not {tokens.access_token, tokens.refresh_token, tokens.application_token, SECRET} & set(
        said.split("'")
    )


def test_events_are_believed_by_token_and_portal(setting: Setting) -> None:
    row = setting.install()
    own, member = str(row["application_token"]), setting.portal.member_id
    assert setting.post_event(own, member) == 200
    assert setting.post_event(own, "another") == 403
    assert setting.post_event("wrong", member) == 403
    assert setting.post_event("", "") == 403
    assert setting.service.store.counts()["refused_403"] == 3


def test_before_any_install_no_event_is_believed(setting: Setting) -> None:
    assert setting.post_event("", "") == 403
    assert setting.post_event("x", "y") == 403


def test_the_page_in_the_frame_tells_the_portal_that_it_is_done(setting: Setting) -> None:
    row = setting.install(has_pages=True)
    assert setting.shelf.read() is None
    status, page = open_installation(setting.portal, int(row["id"]))
    assert status == 200
    assert "BX24.installFinish()" in page
    tokens = setting.shelf.read()
    assert tokens
    assert tokens.application_token == row["application_token"]
    assert tokens.access_token not in page


def test_a_reinstall_of_the_same_portal_replaces_the_tokens(setting: Setting) -> None:
    setting.install()
    first = setting.shelf.read()
    row = setting.install()
    second = setting.shelf.read()
    assert first
    assert second
    assert first.refresh_token != second.refresh_token
    assert second.application_token == row["application_token"]
    assert setting.service.wait_idle(60)


def test_another_portal_is_refused_though_its_tokens_are_good(tmp_path: Path) -> None:
    """Our client on a portal of somebody else's: its OAuth server vouches for it, and still it is not ours."""
    with running(tmp_path / "a") as setting:
        row = setting.install()
        before = setting.shelf.read()
        form = setting.form(row, member_id="another")
        assert setting.post(form).status_code == 403
        assert setting.shelf.read() == before
        assert setting.service.store.counts()["install_refused_403"] == 1
    with running(tmp_path / "b", BITRIX24_PORTAL="https://other.bitrix24.ru") as pinned:
        pinned.install()
        assert pinned.shelf.read() is None
        assert pinned.service.store.counts()["install_refused_403"] == 1


def test_a_stranger_who_brings_a_portal_and_an_oauth_server_of_his_own_is_refused(setting: Setting) -> None:
    yes = {
        "access_token": "a",
        "refresh_token": "r",
        "member_id": "m",
        "client_endpoint": "x",
        "result": {"ADMIN": True},
    }
    with running_stub(Reply(200, yes)) as stub:
        form = {
            "event": "ONAPPINSTALL", "auth[access_token]": "a", "auth[refresh_token]": "r", "auth[member_id]": "m",
            "auth[application_token]": "t", "auth[domain]": stub.url, "auth[client_endpoint]": stub.url + "/rest/",
            "auth[server_endpoint]": stub.url + "/rest/",
        }  # fmt: skip
        assert setting.post(form).status_code == 403
        assert stub.asked == []
    assert setting.shelf.read() is None


def test_an_employee_who_is_no_administrator_cannot_put_himself_in(setting: Setting) -> None:
    row = setting.install()
    before = setting.shelf.read()
    users = setting.portal.store.rows("user")
    ordinary = next(
        int(str(one["ID"])) for one in users if not one.get("ADMIN") and one.get("ACTIVE") is not False
    )
    assert setting.post(setting.form(row, ordinary)).status_code == 403
    assert setting.shelf.read() == before
    assert "no administrator" in setting.log.getvalue()


@pytest.mark.parametrize("form", [{}, {"event": "ONCRMDEALADD"}, {"event": "ONAPPINSTALL"}, {"AUTH_ID": "x"}])
def test_what_is_no_install_is_said_to_be_none(setting: Setting, form: dict[str, str]) -> None:
    assert setting.post(form).status_code == 400


def test_a_refused_page_finishes_nothing(setting: Setting) -> None:
    form = {
        "AUTH_ID": "a",
        "REFRESH_ID": "r",
        "member_id": "m",
        "APPLICATION_TOKEN": "t",
        "PLACEMENT": "DEFAULT",
    }
    answer = setting.post(form)
    assert answer.status_code == 403
    assert "installFinish" not in answer.text
    assert "не администратор" in answer.text


def test_an_oauth_server_that_is_down_asks_to_install_again(tmp_path: Path) -> None:
    with (
        running_stub(Reply(503, b"<html>")) as stub,
        running(tmp_path, BITRIX24_OAUTH_SERVER=stub.url) as setting,
    ):
        setting.install()
        assert setting.shelf.read() is None
        assert setting.service.store.counts()["install_refused_503"] == 1


def test_a_pinned_token_is_the_only_one(tmp_path: Path) -> None:
    with running(tmp_path, BITRIX24_APPLICATION_TOKEN="pinned") as setting:
        row = setting.install()
        assert row["application_token"] != "pinned"
        assert setting.shelf.read() is None


@pytest.mark.parametrize("path", [PATH, "/portal/events"])
def test_a_removal_is_believed_by_its_token_and_stops_the_calls(setting: Setting, path: str) -> None:
    row = setting.install()
    own, member = str(row["application_token"]), setting.portal.member_id
    form = {"event": "ONAPPUNINSTALL", "auth[application_token]": "wrong", "auth[member_id]": member}
    assert setting.post(form, path).status_code == 403
    assert setting.post(form | {"auth[application_token]": own}, path).status_code == 200
    tokens = setting.shelf.read()
    assert tokens
    assert (tokens.state, tokens.access_token, tokens.refresh_token) == ("gone", "", "")
    assert setting.post_event(own, member) == 403
    setting.install()
    again = setting.shelf.read()
    assert again
    assert again.state == "installed"


def test_without_an_application_there_is_no_such_address(tmp_path: Path) -> None:
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        open_service(make_folder(tmp_path, RULES), server.webhook_url) as service,
    ):
        answer = httpx.post(service.public_url + PATH, data={"event": "ONAPPINSTALL"}, trust_env=False)
        assert answer.status_code == 404
