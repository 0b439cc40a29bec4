"""What a connected application has inside the portal: events, robots, our page, the queue that loses nothing."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.applications import Registration
from engine.emulator.bizproc import Document, fire_robot
from engine.emulator.company import demo_company, story
from engine.emulator.person import Person
from engine.emulator.placements import open_placement
from engine.emulator.portal import Portal
from engine.emulator.rights import set_rights
from engine.emulator.serve import PortalServer
from engine.runtime.logs import open_log
from engine.runtime.service import Service
from tests.portal.application_case import SCOPES
from tests.runtime.service_case import ACT, DEAL, make_folder, open_service
from tests.web.console_case import console_page

CLIENT, SECRET = "local.reglament", "client-secret-of-the-application"
RULES = """
ruleset: test
title: Проверка
rules:
  - id: call
    title: Позвать менеджера
    triggers:
      - command: call-manager
        for_each: deal
    actions:
      - notify: {to: "${deal.manager}", text: "Вас зовут: ${deal.title}"}
  - id: mark
    title: Название изменилось
    triggers:
      - changed: deal.title
    actions:
      - notify: {to: "${deal.manager}", text: "Имя: ${deal.title}"}
"""
WITHOUT_COMMAND = RULES[: RULES.index("  - id: call")] + RULES[RULES.index("  - id: mark") :]


class Setting:
    def __init__(
        self, portal: Portal, server: PortalServer, service: Service, config: Path, log: io.StringIO
    ) -> None:
        self.portal, self.server, self.service, self.config, self.log = portal, server, service, config, log

    def install(self) -> None:
        url = self.service.public_url
        form = Registration(
            SCOPES, handler=url + "/portal/tab", install_url=url + "/portal/install", client_id=CLIENT,
            client_secret=SECRET,
        )  # fmt: skip
        self.portal.install_application(form)
        self.settle()

    def settle(self) -> None:
        assert self.portal.deliveries.settle(20)
        assert self.service.wait_idle(60)

    def until(self, ask: Any, seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := ask()):
            assert time.monotonic() < deadline, self.log.getvalue()
            time.sleep(0.05)
        return found

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [dict(row) for row in self.portal.store.rows(kind)]

    def texts(self) -> list[str]:
        return [str(row) for row in self.rows("notice")]


@contextmanager
def running(folder: Path, rules: str = RULES) -> Iterator[Setting]:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        portal.install_application(Registration(SCOPES, client_id=CLIENT, client_secret=SECRET))
        config = make_folder(folder, rules)
        port = _free_port()
        text = config.read_text("utf-8").replace("public: 127.0.0.1:0", f"public: 127.0.0.1:{port}")
        config.write_text(
            text.replace("listen:\n", f"listen:\n  address: http://127.0.0.1:{port}\n"), "utf-8"
        )
        log = io.StringIO()
        variables = {
            "BITRIX24_CLIENT_ID": CLIENT, "BITRIX24_CLIENT_SECRET": SECRET, "BITRIX24_OAUTH_SERVER": server.url,
            "BITRIX24_APPLICATION_TOKEN": "", "BITRIX24_WEBHOOK_URL": "", "BITRIX24_PORTAL": server.url,
        }  # fmt: skip
        with open_service(config, "", variables=variables, log=open_log(log)) as service:
            yield Setting(portal, server, service, config, log)


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with running(tmp_path) as found:
        found.install()
        found.until(lambda: "registered" in found.log.getvalue())
        found.until(lambda: found.rows("robot"))
        yield found


def test_events_robots_and_places_are_registered_once(setting: Setting) -> None:
    setting.until(lambda: len(setting.rows("placement")) == 2)
    before = [len(setting.rows(kind)) for kind in ("subscription", "placement", "robot")]
    setting.service._inside.presence.renew()
    assert [len(setting.rows(kind)) for kind in ("subscription", "placement", "robot")] == before
    [robot] = setting.rows("robot")
    assert robot["CODE"] == "reglament_call-manager"
    assert "Позвать менеджера" in str(robot["NAME"])
    assert "refus" not in setting.log.getvalue()


def test_an_event_reaches_the_rules_without_any_webhook(setting: Setting) -> None:
    Person(setting.portal, 2).update(DEAL, 118, {"title": "Новое имя"})
    setting.settle()
    assert any("Новое имя" in text for text in setting.texts())


def test_a_robot_runs_its_rule_and_is_told_what_came_of_it(setting: Setting) -> None:
    run = fire_robot(setting.portal, "reglament_call-manager", Document(DEAL, 118))
    assert run["status"] == 200
    setting.until(lambda: all(row["state"] != "waiting" for row in setting.rows("robotrun")))
    assert any("Вас зовут" in text for text in setting.texts())
    [row] = setting.rows("robotrun")
    assert row["values"]["ok"] == "Y"
    assert row["values"]["verdict"]
    [line] = [one for one in setting.service.journal.last_runs() if one.event == "command"]
    assert (line.item, line.by, line.status) == ("deal/118", "robot", "done")


def test_a_robot_whose_rule_is_gone_is_answered_no_and_is_taken_away(setting: Setting) -> None:
    (setting.config.parent / "regulations" / "test.yaml").write_text(WITHOUT_COMMAND, "utf-8")
    setting.until(lambda: not setting.rows("robot"), 40)


def test_a_call_that_comes_twice_is_one_and_a_stranger_is_refused(setting: Setting) -> None:
    run = fire_robot(setting.portal, "reglament_call-manager", Document(DEAL, 118))
    setting.until(lambda: [one for one in setting.service.journal.last_runs() if one.event == "command"])
    row = setting.service.store.row("SELECT token FROM robot_call")
    assert row is not None
    found = setting.service._connection.installing.shelf.read()
    form = {
        "code": "reglament_call-manager", "event_token": row["token"], "document_id[2]": "DEAL_118",
        "auth[application_token]": found.application_token, "auth[member_id]": found.member_id,
    }  # fmt: skip
    url = setting.service.public_url + "/portal/robot"
    assert httpx.post(url, data=form, trust_env=False).status_code == 200
    assert httpx.post(url, data={**form, "auth[member_id]": "x"}, trust_env=False).status_code == 403
    assert httpx.post(url, data={**form, "event_token": ""}, trust_env=False).status_code == 400
    setting.settle()
    assert len([one for one in setting.service.journal.last_runs() if one.event == "command"]) == 1
    assert run["status"] == 200


def test_the_tab_shows_the_deals_acts_and_what_was_done(setting: Setting) -> None:
    Person(setting.portal, 2).update(DEAL, 118, {"title": "Имя для вкладки"})
    setting.settle()
    page = open_placement(setting.portal, "CRM_DEAL_DETAIL_TAB", item=118, user=story.USER_VETROVA)
    assert page.status == 200
    assert "Имя для вкладки" in page.text
    assert "Что сделал Регламент" in page.text
    assert page.may_be_framed
    assert "frame-ancestors http://127.0.0.1" in page.headers["content-security-policy"]


def test_the_menu_shows_the_register_as_the_viewer_may_see_it(setting: Setting) -> None:
    until = time.monotonic() + 20
    while (
        "Реестр ещё читается"
        in (page := open_placement(setting.portal, "LEFT_MENU", user=story.USER_VETROVA)).text
    ):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert page.status == 200
    everything = re.search(r"Не подписаны: (\d+)", page.text)
    assert everything
    assert "А-2026/" in page.text
    # The portal judges by the viewer's own token: nothing of what is not listed for them is counted or summed.
    set_rights(setting.portal, story.USER_NO_RIGHTS, {"crm": {"*": "none"}})
    page = open_placement(setting.portal, "LEFT_MENU", user=story.USER_NO_RIGHTS)
    assert "А-2026/" not in page.text
    assert f"Не подписаны: {everything[1]}" not in page.text


def test_the_tab_is_refused_to_strangers_and_to_those_without_the_right(setting: Setting) -> None:
    url = setting.service.public_url + "/portal/tab"
    answer = httpx.post(url, data={"PLACEMENT": "CRM_DEAL_DETAIL_TAB"}, trust_env=False)
    assert answer.status_code == 403
    found = setting.service._connection.installing.shelf.read()
    form = {
        "APPLICATION_TOKEN": found.application_token, "member_id": found.member_id, "AUTH_ID": "stolen",
        "PLACEMENT": "CRM_DEAL_DETAIL_TAB", "PLACEMENT_OPTIONS": '{"ID":"118"}',
    }  # fmt: skip
    answer = httpx.post(url, data=form, trust_env=False)
    assert answer.status_code == 502
    assert "Имя" not in answer.text


def test_a_viewer_sees_what_the_portal_lets_them_see(setting: Setting) -> None:
    set_rights(setting.portal, story.USER_NO_RIGHTS, {"crm": {"deal": "none"}})
    page = open_placement(setting.portal, "CRM_DEAL_DETAIL_TAB", item=118, user=story.USER_NO_RIGHTS)
    assert page.status == 403
    assert "нет права" in page.text


def test_what_happened_while_the_engine_was_off_is_in_the_offline_queue(setting: Setting) -> None:
    setting.until(
        lambda: any(
            row.get("type") == "offline" or row.get("offline") for row in setting.rows("subscription")
        )
    )
    queue = setting.service._sweep._queue
    queue.empty(setting.service._gateway)
    [act, *_] = setting.rows(f"item_{ACT}")
    Person(setting.portal, 2).update(ACT, act["id"], {"title": "Изменён"})
    setting.settle()
    assert queue.empty(setting.service._gateway) >= 1
    assert queue.empty(setting.service._gateway) == 0


def test_no_token_is_in_log_pages_or_tables_of_the_journal(setting: Setting) -> None:
    fire_robot(setting.portal, "reglament_call-manager", Document(DEAL, 118))
    open_placement(setting.portal, "CRM_DEAL_DETAIL_TAB", item=118, user=story.USER_VETROVA)
    before = setting.service._connection.installing.shelf.read()
    # The next call finds its token expired, and renews it.
    setting.portal.clock.advance(timedelta(hours=2))
    Person(setting.portal, 2).update(DEAL, 118, {"title": "После обновления"})
    setting.settle()
    setting.until(lambda: all(row["state"] != "waiting" for row in setting.rows("robotrun")))
    found = setting.service._connection.installing.shelf.read()
    assert found.access_token != before.access_token
    [call] = setting.service.store.rows("SELECT token FROM robot_call")
    secrets = [
        SECRET, found.access_token, found.refresh_token, found.application_token, before.access_token,
        before.refresh_token, call["token"],
    ]  # fmt: skip
    written = [setting.log.getvalue()]
    written += [console_page(setting.service, path).text for path in ("/", "/metrics", "/readyz")]
    tables = setting.service.store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    for table in sorted({row["name"] for row in tables} - {"credential", "robot_call"}):
        rows = setting.service.store.rows(f"SELECT * FROM {table}")
        written += [str(tuple(row)) for row in rows]
    for text in written:
        assert not [one for one in secrets if one in text], text[:500]
