"""The rule that is off as shipped: no act without a contract in force. Switched on by its own instruction."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.costs import simulation_costs
from engine.decision.event_file import read_event
from engine.decision.facts import Facts
from engine.decision.forms import simulation_json
from engine.decision.simulation import simulate
from engine.settings import read_settings
from engine.workshop import open_workshop
from tests.regulations.golden import EVENT, EXAMPLES, ROOT, bench

OPTIONAL = EXAMPLES / "act-needs-contract.yaml"
ISSUE, TELL = "acts/issue-documents", "acts-under-contract/no-contract"
CONTRACT = {
    "id": 1, "number": "К-2026/018", "date": "2026-01-20", "signed_by_us": True, "signed_by_them": True,
    "valid_to": "2026-12-31", "cancelled": False, "sent_at": None,
}  # fmt: skip


def condition() -> str:
    """Return the lines that the file's own instruction tells to add."""
    lines = OPTIONAL.read_text("utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("#      - if:"))
    return "\n".join(line.removeprefix("#") for line in lines[start : start + 2])


def switch_on(folder: Path) -> None:
    """Do what the instruction says, in a copy of the shipped regulations."""
    for file in (ROOT / "regulations").rglob("*"):
        if file.is_file() and "examples" not in file.parts:
            target = folder / file.relative_to(ROOT / "regulations")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    (folder / OPTIONAL.name).write_bytes(OPTIONAL.read_bytes())
    acts = folder / "acts.yaml"
    head, *rules = acts.read_text("utf-8").split("  - id: ")
    for place, rule in enumerate(rules):
        if rule.startswith(("issue-documents\n", "no-address\n")):
            rules[place] = rule.replace("    conditions:\n", f"    conditions:\n{condition()}\n", 1)
    acts.write_text("  - id: ".join([head, *rules]), "utf-8")


@pytest.fixture(scope="module")
def decide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what decides `issue-one-stage` with a contract of these fields (None for no contract)."""
    folder = tmp_path_factory.mktemp("on")
    switch_on(folder)
    settings, _ = read_settings(ROOT / "config.example.yaml", {}, is_example=True)
    assert settings is not None
    workshop, _ = open_workshop(replace(settings, regulations=folder))
    built = workshop.build()
    edition = built.edition
    assert edition is not None, built.diagnostics
    assert not built.diagnostics

    def simulated(**fields: object) -> dict[str, Any]:
        event = json.loads((EXAMPLES / f"issue-one-stage{EVENT}").read_text("utf-8"))
        event["facts"]["deal"]["contract"] = None if fields == {"none": True} else CONTRACT | fields
        given = read_event("e.json", json.dumps(event).encode(), settings.world, settings.zone, {})
        assert given.event is not None, given.diagnostics
        at = given.event.time
        facts = Facts(settings.world, workshop.derivations, workshop.calendar, at, given.items, given.roots)
        simulation = simulate(edition, given.event, facts)
        costs = simulation_costs(simulation, edition.actions)
        return dict(simulation_json(simulation, edition.hash, edition.actions, costs))

    return simulated


def outcome(form: dict[str, Any], rule: str) -> str:
    return str(next(one["outcome"] for one in form["rules"] if one["id"] == rule))


def test_as_shipped_it_is_off() -> None:
    rules = {rule.id for rule in bench()[1].rules}
    assert ISSUE in rules
    assert TELL not in rules


@pytest.mark.parametrize("fields", [{}, {"valid_to": None}, {"valid_to": "2026-03-20"}])
def test_under_a_contract_in_force_the_act_is_issued(decide: Any, fields: dict[str, object]) -> None:
    form = decide(**fields)
    assert (outcome(form, ISSUE), outcome(form, TELL)) == ("fired", "condition_false")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"signed_by_them": False}, "К-2026/018 не подписан обеими сторонами"),
        ({"valid_to": "2026-03-15"}, "К-2026/018 истёк"),
        ({"cancelled": True}, "К-2026/018 расторгнут"),
        ({"none": True}, "договора в сделке нет"),
    ],
)
def test_without_one_nothing_is_issued_and_the_manager_is_told_why(
    decide: Any, fields: dict[str, object], words: str
) -> None:
    form = decide(**fields)
    assert (outcome(form, ISSUE), outcome(form, TELL)) == ("condition_false", "fired")
    assert [one["kind"] for one in form["effects"]] == ["notice"]
    assert words in form["effects"][0]["text"]
    assert "нет действующего договора" in form["verdict"]["ru"]
