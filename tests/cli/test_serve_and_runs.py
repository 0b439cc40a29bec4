"""`engine serve` on the emulated portal, and the journal it leaves, read by `engine runs`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.serve import PortalServer
from tests.cli.conftest import BROKEN_RULES, environment, start

TOKEN = "test-token"
SECRETS = {
    "BITRIX24_WEBHOOK_URL": "https://portal.example/rest/1/secret/",
    "BITRIX24_APPLICATION_TOKEN": TOKEN,
}


@pytest.fixture
def quiet_company(company):
    """The same folder listening on free ports."""
    config = company / "config.yaml"
    text = (
        config.read_text("utf-8")
        .replace("127.0.0.1:8024", "127.0.0.1:0")
        .replace("127.0.0.1:8026", "127.0.0.1:0")
    )
    config.write_text(text, "utf-8")
    return company


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_serve_names_the_secret_that_is_not_set(run, quiet_company, missing):
    env = {name: value for name, value in SECRETS.items() if name != missing}
    ran = run("serve", cwd=quiet_company, env=env)
    assert (ran.code, ran.is_plain) == (2, True)
    assert f"{missing} is not set" in ran.err
    assert f"не задан {missing}" in run("serve", "--lang", "ru", cwd=quiet_company, env=env).err


def test_serve_refuses_broken_regulations(run, quiet_company):
    (quiet_company / "regulations" / "acts.yaml").write_text(BROKEN_RULES, "utf-8")
    ran = run("serve", cwd=quiet_company, env=SECRETS)
    assert ran.code == 1
    assert "error[R104]" in ran.err
    assert "do not come into force" in ran.err


def test_serve_refuses_what_is_no_webhook_address(run, quiet_company):
    ran = run("serve", cwd=quiet_company, env={**SECRETS, "BITRIX24_WEBHOOK_URL": "nonsense"})
    assert (ran.code, ran.is_plain) == (2, True)
    assert "not the address of a portal webhook" in ran.err


def test_runs_without_a_journal(run, company):
    ran = run("runs", "list", cwd=company, env={})
    assert (ran.code, ran.is_plain) == (1, True)
    assert "engine.db" in ran.err


def test_a_move_on_the_portal_is_a_run_in_the_journal(quiet_company):
    with (
        open_portal(None, demo_company()) as portal,
        PortalServer(portal) as server,
        (quiet_company / "log").open("w") as log,
    ):
        env = {"BITRIX24_WEBHOOK_URL": server.webhook_url, "BITRIX24_APPLICATION_TOKEN": TOKEN}
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", "serve", "--log-format", "json"], cwd=quiet_company, env=environment(env),
            stdout=subprocess.PIPE, stderr=log, encoding="utf-8",
        )  # fmt: skip
        try:
            found = re.search(r"Events: (\S+)  Console: (\S+)", process.stdout.readline())
            assert found
            set_receiver(portal, found[1], TOKEN)
            wait_for(lambda: httpx.get(f"{found[2]}readyz", timeout=10).status_code == 200)
            deal = deal_to_move(server)
            told = {"entityTypeId": 2, "id": deal, "fields": {"stageId": "C4:UC_WORK"}}
            httpx.post(f"{server.url}/_demo/items/update", json=told, timeout=30).raise_for_status()
            wait_for(lambda: '"done"' in start(("runs", "list", "--format", "json"), quiet_company).out)
            check_beside(quiet_company, f"deal/{deal}", env)
            second = start(("serve",), quiet_company, env)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()
            process.stdout.close()
    assert (second.code, second.is_plain) == (1, True)
    check_journal(quiet_company, f"deal/{deal}")
    lines = [json.loads(line) for line in (quiet_company / "log").read_text("utf-8").splitlines()]
    assert {"started", "step", "run", "stopped"} <= {line["event"] for line in lines}
    assert server.webhook_url not in (quiet_company / "log").read_text("utf-8")


def check_beside(folder, item, env):
    """`engine why` beside the running engine: it did happen; another rule was not woken; the portal is asked."""
    did = start(("why", item, "tell", "--lang", "ru"), folder)
    assert (did.code, did.is_plain) == (0, True)
    assert "это сделано: notify [happened]" in did.out
    assert "engine runs show" in did.out
    other = next(name for name in ("deal/1", "deal/2", "deal/3") if name != item)
    answer = json.loads(start(("why", other, "--format", "json", "--live"), folder, env).out)
    assert answer["schema"] == "reglament/why/1"
    assert [(one["stopped"]["gate"], one["live"]) for one in answer["answers"]] == [("no_event", True)]
    unknown = start(("why", item, "tall"), folder)
    assert (unknown.code, unknown.out) == (
        1, "✗ there is no such rule, action, field or stage: tall; perhaps tell\n",
    )  # fmt: skip
    nobody = start(("why", "Нет такой"), folder)
    assert (nobody.code, nobody.err) == (1, "engine: the engine knows no item Нет такой\n")


def check_journal(folder, item):
    listed = json.loads(start(("runs", "list", "--format", "json", "--item", item), folder).out)["runs"]
    assert [(one["item"], one["status"]) for one in listed] == [(item, "done")]
    assert start(("runs", "list", "--item", "deal/0", "--format", "json"), folder).out.count("verdict") == 0
    number = listed[0]["run"]
    wanted = ("--rule", "acts/tell", "--status", "done", "--since", "1d", "--event", "deal.updated")
    found = json.loads(start(("runs", "list", "--format", "json", *wanted), folder).out)["runs"]
    assert [one["run"] for one in found] == [number]
    for wanted in (("--until", "2020-01-01"), ("--late", "--before", number)):
        found = start(("runs", "list", *wanted), folder)
        assert (found.out, found.err) == ("", "There are no such runs.\n"), wanted
    bad = start(("runs", "list", "--since", "gestern"), folder)
    assert (bad.code, "--since: gestern is no moment" in bad.err) == (2, True)
    assert listed[0]["verdict"]["ru"] in start(("runs", "list", "--lang", "ru"), folder).out
    shown = json.loads(start(("runs", "show", number, "--format", "json"), folder).out)
    assert [(step["action"], step["status"]) for step in shown["plan"]] == [("notify", "done")]
    text = start(("runs", "show", number, "--lang", "ru"), folder).out
    assert "✓ 1. notify — готово" in text
    assert "acts/tell — Сделка в работе (regulations/acts.yaml:5:9)" in text
    exported = start(("runs", "export", number), folder)
    (folder / "again.event.json").write_text(exported.out, "utf-8")
    again = json.loads(start(("simulate", "again.event.json", "--format", "json"), folder).out)
    assert [(step["action"], step["params"]) for step in again["plan"]] == [
        (step["action"], step["params"]) for step in shown["plan"]
    ]
    missing = start(("runs", "show", "999"), folder)
    assert (missing.code, missing.err) == (1, "engine: the journal has no run 999\n")


def deal_to_move(server):
    answer = httpx.post(
        f"{server.webhook_url}crm.deal.list",
        json={"filter": {"STAGE_ID": "C4:NEW"}, "select": ["ID"]},
        timeout=30,
    ).json()
    return int(answer["result"][0]["ID"])


def wait_for(claim, seconds=60):
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.3)
