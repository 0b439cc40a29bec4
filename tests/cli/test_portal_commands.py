"""`engine portal doctor | pull | setup` as a person runs them, against the twin over HTTP."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.mailbox import Mailbox
from engine.emulator.serve import PortalServer
from engine.runtime.embedded import EmbeddedStore
from tests.cli.conftest import ROOT
from tests.portal.application_case import Case, running_case
from tests.portal.portal_case import Reply, running_stub
from tests.portal.twin_case import bare_company, change_stage, remove_field, remove_stage, webhook

TOKEN = "planted-application-token"
PASSWORD = "planted-mail-password"


@pytest.fixture
def site():
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        yield portal, server


@pytest.fixture
def full(company: Path) -> Path:
    """A company with the shipped regulations."""
    shutil.rmtree(company / "regulations")
    shutil.copytree(ROOT / "regulations", company / "regulations", ignore=shutil.ignore_patterns("examples"))
    return company


def variables(url: str, **more: str) -> dict[str, str]:
    return {"BITRIX24_WEBHOOK_URL": url, "BITRIX24_APPLICATION_TOKEN": TOKEN, **more}


def test_a_good_connection_is_clean_and_says_what_the_rules_need(run, full, site):
    with Mailbox(site[0]) as mailbox:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mailbox.port)}
        ran = run("portal", "doctor", "--lang", "ru", cwd=full, env=variables(site[1].webhook_url, **mail))
    assert (ran.code, ran.is_plain) == (0, True), ran.out + ran.err
    assert "✓ map: карта совпадает с порталом" in ran.out
    assert "✓ mail:" in ran.out
    assert "Права, нужные регламентам: crm, disk, im, log, user_basic." in ran.out
    assert "ещё не получил ни одного события" in ran.out


def test_json_names_methods_and_who_asks(run, full, site):
    ran = run("portal", "doctor", "--format", "json", cwd=full, env=variables(site[1].webhook_url))
    found = json.loads(ran.out)
    assert found["schema"] == "reglament/doctor/1"
    assert "act.issue" in found["needs"]["methods"]["crm.item.add"]
    assert found["needs"]["administrator"] == []
    assert ran.code == 1  # no mail server listens, and the rules send letters
    assert {one["area"] for one in found["findings"] if one["severity"] == "error"} == {"mail"}


def test_rows_of_a_department_ask_for_the_scope_that_tells_who_works_there(run, full):
    with (full / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("\nroles: {2: department}\n")
    poor = webhook(demo_company(), scopes=("crm", "disk", "im", "log", "user_basic"))
    with open_portal(None, poor) as portal, PortalServer(portal) as server:
        ran = run("portal", "doctor", "--lang", "ru", cwd=full, env=variables(server.webhook_url))
    assert ran.code == 1
    assert "department" in ran.out
    assert "roles" in ran.out


def test_no_secret_is_ever_printed(run, full, site):
    bad = site[1].webhook_url.replace("/demo/", "/planted-webhook-secret/")
    nowhere = "http://127.0.0.1:9/rest/1/planted-webhook-secret/"
    doctor, json_doctor = ("doctor",), ("doctor", "--format", "json")
    asked = [(bad, one) for one in (doctor, json_doctor, ("pull", "--format", "json"), ("setup", "--yes"))]
    for address, command in [*asked, (nowhere, doctor), (nowhere, ("pull",))]:
        env = variables(address, SMTP_USER="robot", SMTP_PASSWORD=PASSWORD)
        ran = run("portal", *command, "-v", cwd=full, env=env)
        assert ran.is_plain, ran.err
        assert ran.code == 1
        assert not [word for word in ("planted", TOKEN, PASSWORD) if word in ran.out + ran.err]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(200, b"<html>"), "a page or half a text"),
        (Reply(403, {"error": "ACCESS_DENIED", "error_description": "REST API is available only on commercial plans"}), "commercial plan"),
        (Reply(302, {}, {"Location": "https://login.example/"}), "no REST address"),
    ],
)  # fmt: skip
def test_nonsense_is_one_finding(run, company, reply, words):
    with running_stub(reply) as stub:
        ran = run("portal", "doctor", cwd=company, env=variables(stub.webhook_url))
        assert (ran.code, ran.is_plain) == (1, True), ran.err
        assert words in ran.out
        pulled = run("portal", "pull", "--write", cwd=company, env=variables(stub.webhook_url))
    assert (pulled.code, pulled.is_plain) == (1, True), pulled.err
    assert (company / "config.yaml").read_text("utf-8") == (ROOT / "config.example.yaml").read_text("utf-8")


def test_no_address_and_broken_rules(run, company, site):
    assert run("portal", "doctor", cwd=company).code == 2
    (company / "regulations" / "acts.yaml").write_text("ruleset: [", "utf-8")
    ran = run("portal", "doctor", cwd=company, env=variables(site[1].webhook_url))
    assert (ran.code, ran.is_plain) == (1, True)
    assert "rules: the regulations have errors" in ran.out


def test_waiting_sees_the_event_that_comes(run, company, site):
    store, is_over = EmbeddedStore(company / "state" / "engine.db"), threading.Event()

    def arrive() -> None:
        while not is_over.wait(1):
            now = datetime.now(UTC).isoformat()
            store.execute(
                "INSERT INTO event (kind, name, item, lane, time, received, origin) VALUES (?, ?, ?, ?, ?, ?, ?)",
                ("delivery", "deal.updated", "deal/1", "deal/1", now, now, "portal"),
            )

    person = threading.Thread(target=arrive)
    person.start()
    try:
        ran = run("portal", "doctor", "--wait", "60", cwd=company, env=variables(site[1].webhook_url))
    finally:
        is_over.set()
        person.join()
        store.close()
    assert "Change any deal on the portal" in ran.err
    assert "✓ events: the portal's last event" in ran.out


def test_waiting_in_vain_is_an_error(run, company, site):
    ran = run("portal", "doctor", "--wait", "1", cwd=company, env=variables(site[1].webhook_url))
    assert ran.code == 1
    assert "✗ events:" in ran.out


def test_pull_shows_first_writes_when_told_and_then_check_finds_the_rules_line(run, full, site):
    portal, server = site
    env, config = variables(server.webhook_url), full / "config.yaml"
    remove_field(portal, "UF_CRM_12_REFUSAL")
    change_stage(portal, "C4:UC_WORK", NAME="Делаем")
    before = config.read_bytes()
    shown = run("portal", "pull", cwd=full, env=env)
    assert shown.code == 0
    assert "- act.refusal: the field ufCrm12Refusal" in shown.out
    assert config.read_bytes() == before
    diff = run("portal", "pull", "--format", "diff", cwd=full, env=env)
    assert '+        in_work: {code: "C4:UC_WORK", title: Делаем}' in diff.out
    config.chmod(0o640)
    written = run("portal", "pull", "--write", cwd=full, env=env)
    assert written.code == 0
    assert "acts.yaml" in written.err  # what it breaks is said at once
    assert config.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in full.iterdir() if file.name.startswith(".config")] == []
    once = config.read_bytes()
    again = run("portal", "pull", "--write", cwd=full, env=env)
    assert "nothing to change" in again.out
    assert config.read_bytes() == once
    checked = run("check", cwd=full)
    assert checked.code == 1
    assert "act.refusal" in checked.out
    assert "regulations/acts.yaml" in checked.out


def test_a_stage_that_is_gone_is_an_error_of_check(run, company, site):
    portal, server = site
    remove_stage(portal, "C4:UC_WORK")
    run("portal", "pull", "--write", cwd=company, env=variables(server.webhook_url))
    checked = run("check", cwd=company)
    assert checked.code == 1
    assert "in_work" in checked.out


def test_setup_shows_asks_makes_and_numbers_the_map(run, full):
    with open_portal(None, bare_company()) as portal, PortalServer(portal) as server:
        env, config = variables(server.webhook_url), full / "config.yaml"
        before = config.read_bytes()
        asked = run("portal", "setup", cwd=full, env=env)  # nobody answers
        assert "+ the smart process “Акты”" in asked.out
        assert portal.store.rows("type") == []
        assert config.read_bytes() == before
        made = run("portal", "setup", "--yes", cwd=full, env=env)
        assert (made.code, made.is_plain) == (0, True), made.out + made.err
        assert len(portal.store.rows("type")) == 2
        assert run("check", cwd=full).code == 0
        again = run("portal", "setup", "--yes", cwd=full, env=env)
        assert "all that can be made" in again.out
        assert "✓ made" not in again.out
        doctor = run("portal", "doctor", cwd=full, env=env)
        assert "✓ map:" in doctor.out


def test_setup_without_rights_says_so_and_exits_1(run, company):
    poor = webhook(bare_company(), user="5")
    with open_portal(None, poor) as portal, PortalServer(portal) as server:
        address = server.webhook_url.replace("/rest/1/", "/rest/5/")
        ran = run("portal", "setup", "--yes", cwd=company, env=variables(address))
    assert (ran.code, ran.is_plain) == (1, True), ran.err
    assert "lacks the rights" in ran.out


def test_setup_without_a_scope_makes_nothing_at_all(run, company):
    poor = webhook(bare_company(), scopes=("crm", "disk"))
    with open_portal(None, poor) as portal, PortalServer(portal) as server:
        ran = run("portal", "setup", "--yes", cwd=company, env=variables(server.webhook_url))
        assert portal.store.rows("type") == []
    assert (ran.code, ran.is_plain) == (1, True), ran.err
    assert "the scope “userfieldconfig” is missing" in ran.out


def as_application(case: Case) -> dict[str, str]:
    client = {
        "BITRIX24_CLIENT_ID": str(case.row["code"]),
        "BITRIX24_CLIENT_SECRET": str(case.row["client_secret"]),
    }
    return {**client, "BITRIX24_OAUTH_SERVER": case.portal.base_url}


def test_an_application_is_looked_at_with_its_own_tokens(run, company):
    with running_case(company / "state") as case:
        ran = run("portal", "doctor", cwd=company, env=as_application(case))
        pulled = run("portal", "pull", cwd=company, env=as_application(case))
        tokens = case.shelf.read()
    assert ran.is_plain, ran.err
    assert "✓ access:" in ran.out
    assert "the application has no event bound" in ran.out
    assert "BITRIX24_APPLICATION_TOKEN" not in ran.out
    assert (pulled.code, pulled.is_plain) == (0, True), pulled.err
    assert "nothing to change" in pulled.out
    for secret in (tokens.access_token, tokens.refresh_token, str(case.row["client_secret"])):
        assert secret not in ran.out + ran.err + pulled.out + pulled.err


def test_an_application_that_is_not_installed_says_what_to_press(run, company):
    with running_case(company / "state", installed=False) as case:
        ran = run("portal", "doctor", cwd=company, env=as_application(case))
    assert (ran.code, ran.is_plain) == (1, True), ran.err
    assert "is not installed on the portal yet" in ran.out
    assert "press “Save”" in ran.out
