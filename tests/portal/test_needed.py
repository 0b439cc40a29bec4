"""`engine.needed`: the methods, scopes and folders that regulations ask for, found from the actions themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.needed import ENGINE, Needed, find_needed
from engine.portal.scopes import is_granted, needs_administrator, needs_application, scope_of, scopes_of
from engine.settings import read_settings
from engine.workshop import open_workshop
from tests.portal.portal_case import ROOT

RULES = """\
ruleset: acts
title: Акты
rules:
  - id: tell
    title: Сделка в работе
    triggers: [{changed: deal.stage, to: in_work}]
    conditions: [deal.amount > 0]
    actions: [%s]
"""
PLUGIN = """
from engine import Action, CallChange, Command, Effect, Param, hookimpl


class Call(Action):
    name = "pbx.call"
    parameters = {"to": Param("text", "Whom.")}
    example = '- pbx.call: {to: "5"}'
    kinds = ("call",)

    def effect(self, params, facts):
        return Effect(params, (CallChange("pbx", "x"),), details={"to": params["to"]})

    def commands(self, effect):
        answers = yield [Command("a", "telephony.call.list", {}, assume=[1])]
        if answers[0].result:
            yield [Command("b", "telephony.externalcall.register", {"to": effect.details["to"]}, writes=True)]
        return None


@hookimpl
def reglament_actions(setup):
    return [Call()]
"""


def needed_of(folder: Path) -> Needed:
    settings, found = read_settings(folder / "config.yaml", {})
    assert settings is not None, found
    workshop, _ = open_workshop(settings)
    built = workshop.build()
    assert built.edition is not None, built.diagnostics
    return find_needed(built.edition, workshop.host.received)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "regulations").mkdir()
    (tmp_path / "plugins").mkdir()
    shutil.copy(ROOT / "config.example.yaml", tmp_path / "config.yaml")
    return tmp_path


def rules(company: Path, actions: str) -> Path:
    (company / "regulations" / "acts.yaml").write_text(RULES % actions, "utf-8")
    return company


def test_the_shipped_rules_need_five_scopes_and_no_action_is_unclear(company):
    shutil.rmtree(company / "regulations")
    shutil.copytree(ROOT / "regulations", company / "regulations")
    needed = needed_of(company)
    assert set(scopes_of(needed.methods)) == {"crm", "disk", "im", "log", "user_basic"}
    assert needed.unclear == ()
    assert needed.mails
    assert needed.folders == ("Акты выполненных работ", "Договоры")
    assert "act.issue" in needed.methods["crm.item.add"]
    assert "disk.save_file" in needed.methods["disk.folder.uploadFile"]


def test_a_rule_that_only_writes_a_field_needs_no_drive_and_no_feed(company):
    needed = needed_of(rules(company, '{field.set: {deal.title: "x"}}'))
    assert set(scopes_of(needed.methods)) == {"crm", "im"}
    assert needed.methods["crm.item.update"] == ("field.set",)
    assert not needed.mails


def test_reading_an_employee_needs_the_scope_of_employees(company):
    needed = needed_of(rules(company, '{field.set: {deal.title: "${deal.manager.name}"}}'))
    assert "user.get" in needed.methods


def test_a_plugin_of_the_companys_own_counts_with_what_follows_its_answers(company):
    (company / "plugins" / "pbx.py").write_text(PLUGIN, "utf-8")
    needed = needed_of(rules(company, '{pbx.call: {to: "5"}}'))
    assert needed.methods["telephony.externalcall.register"] == ("pbx.call",)
    assert "telephony" in scopes_of(needed.methods)


def test_an_action_that_never_plans_anything_is_named(company):
    plugin = PLUGIN.replace("return Effect(", "raise ValueError('no')\n        return Effect(")
    (company / "plugins" / "pbx.py").write_text(plugin, "utf-8")
    assert needed_of(rules(company, '{pbx.call: {to: "5"}}')).unclear == ("pbx.call",)


def test_no_rules_need_what_the_engine_itself_asks(company):
    (company / "regulations" / "acts.yaml").write_text("ruleset: acts\ntitle: Акты\nrules: []\n", "utf-8")
    settings, _ = read_settings(company / "config.yaml", {})
    workshop, _ = open_workshop(settings)
    built = workshop.build()
    if built.edition is not None:
        assert set(find_needed(built.edition).methods) == set(ENGINE)


def test_scopes_by_method():
    assert scope_of("crm.item.get") == "crm"
    assert scope_of("server.time") == scope_of("batch") == ""
    assert scope_of("somenew.thing.get") == "somenew"
    assert scopes_of(["userfieldconfig.add"]) == {
        "crm": ("userfieldconfig.add",),
        "userfieldconfig": ("userfieldconfig.add",),
    }
    assert is_granted("user_basic", ["user"])
    assert not is_granted("user_basic", ["user_brief"])
    assert needs_administrator("crm.type.add")
    assert not needs_administrator("crm.type.list")
    assert needs_application("placement.bind")
    assert needs_application("disk.storage.getForApp")
    assert not needs_application("disk.storage.getList")
