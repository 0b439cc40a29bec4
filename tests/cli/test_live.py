"""`engine simulate --live`: facts the file lacks are read from the emulated portal; nothing is written there."""

from __future__ import annotations

import json

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.serve import PortalServer

EVENT = '{"event": "deal.updated", "item": "deal/%s", "time": "2026-03-16T10:00:00+03:00", "before": {"stage": "new"}, "facts": %s}'


@pytest.fixture(scope="module")
def webhook():
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        yield server.webhook_url


def simulate(run, company, webhook, deal, facts="{}"):
    (company / "event.json").write_text(EVENT % (deal, facts), "utf-8")
    return run(
        "simulate",
        "event.json",
        "--live",
        "--format",
        "json",
        cwd=company,
        env={"BITRIX24_WEBHOOK_URL": webhook},
    )


def test_missing_facts_are_read_and_given_ones_stay(run, company, webhook):
    deal = httpx.post(f"{webhook}crm.deal.list", json={"filter": {"STAGE_ID": "C4:NEW"}}, timeout=30).json()[
        "result"
    ][0]
    given = json.dumps({"deal": {"id": deal["ID"], "stage": "in_work"}})
    ran = simulate(run, company, webhook, deal["ID"], given)
    assert ran.code == 0, ran.err
    form = json.loads(ran.out)
    assert form["rules"][0]["outcome"] == "fired"
    assert deal["TITLE"] in form["effects"][0]["text"]
    after = httpx.post(f"{webhook}crm.deal.get", json={"id": deal["ID"]}, timeout=30).json()["result"]
    assert after["STAGE_ID"] == "C4:NEW"


def test_an_item_the_portal_does_not_have(run, company, webhook):
    ran = simulate(run, company, webhook, "999999")
    assert (ran.code, ran.is_plain) == (2, True)
    assert ran.err.endswith("engine: the portal has no deal/999999\n")


def test_a_portal_that_does_not_let_us_in_is_one_line_without_the_secret(run, company, webhook):
    ran = simulate(run, company, webhook.replace("/demo/", "/wrongsecret/"), "118")
    assert (ran.code, ran.is_plain) == (1, True)
    assert "the portal did not do what was asked" in ran.err
    assert "wrongsecret" not in ran.err + ran.out
