"""The examples beside the shipped regulations are true, and between them they use every rule both ways.

A plan that changed for a good reason is written anew by `python -m tests.regulations.rewrite_golden`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.conftest import ROOT, start
from tests.regulations.golden import EVENT, EXAMPLES, PLAN, bench, names, plan_file, simulate_example

EVERY = names()
OPEN = "undecided"
"""What the name of an example says that lacks a fact on purpose."""


def test_every_event_has_its_plan_and_every_plan_its_event() -> None:
    assert len(EVERY) >= 40
    assert {file.name.removesuffix(PLAN) for file in EXAMPLES.glob(f"*{PLAN}")} == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_the_plan_is_what_the_simulation_prints(name: str) -> None:
    assert simulate_example(name).text == plan_file(name).read_text("utf-8")


@pytest.mark.parametrize("name", EVERY)
def test_deciding_twice_gives_the_same_bytes(name: str) -> None:
    first, second = simulate_example(name), simulate_example(name)
    assert first.json_text == second.json_text
    assert json.loads(first.json_text) == first.form


@pytest.mark.parametrize("name", EVERY)
def test_only_an_example_named_so_leaves_a_step_or_a_rule_undecided(name: str) -> None:
    open_ends = [
        (form["event"], one)
        for form in simulate_example(name).walk()
        for one in (*_rows(form["plan"], "status"), *_rows(form["rules"], "outcome"))
        if one == "undecided"
    ]
    assert bool(open_ends) == (OPEN in name), open_ends


def test_every_rule_fires_in_one_example_and_is_shut_in_another() -> None:
    outcomes: dict[str, set[str]] = {rule.id: set() for rule in bench()[1].rules}
    for name in EVERY:
        for form in simulate_example(name).walk():
            for rule in _members(form["rules"]):
                outcomes[str(rule["id"])].add(str(rule["outcome"]))
    # A rule without conditions has nothing that could be shut.
    wanted = {
        rule.id: {"fired", "condition_false"} if rule.conditions else {"fired"} for rule in bench()[1].rules
    }
    never = {rule: seen for rule, seen in outcomes.items() if not wanted[rule] <= seen}
    assert never == {}


@pytest.mark.parametrize("name", EVERY)
def test_no_text_has_a_hole_or_names_this_machine(name: str) -> None:
    text = plan_file(name).read_text("utf-8")
    assert str(ROOT) not in text
    for hole in ("None", "Undecided", "${", "  |  ", ".. ", "»»»"):
        assert hole not in text
    assert not re.search(r"[а-я]\.\.$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["signed-part-paid", "paid-by-hand", "remind"])
def test_the_command_prints_the_plan(name: str) -> None:
    ran = start(("simulate", EXAMPLES / f"{name}{EVENT}", "--lang", "ru"), ROOT)
    assert (ran.code, ran.out) == (0, plan_file(name).read_text("utf-8")), ran.err


def test_a_timer_reads_in_english_too() -> None:
    ran = start(("simulate", EXAMPLES / f"remind{EVENT}", "--lang", "en"), ROOT)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(
        "Event: timer · Акт А-2026/020 (act/43) · acts/remind-unsigned · 19.03.2026 12:40\n"
    )
    assert "+ mail, to: dogovor@pzu-samara.example" in ran.out
    assert ran.out.endswith("Verdict: Fired acts/remind-unsigned.\n")


def test_the_english_verdict_speaks_no_russian_of_its_own() -> None:
    for name in EVERY:
        verdict = simulate_example(name).form["verdict"]
        assert isinstance(verdict, dict)
        assert not re.search("[а-яё]", re.sub(r"`.*?`", "", str(verdict["en"]))), name


def _members(listed: object) -> list[dict[str, object]]:
    assert isinstance(listed, list)
    return listed


def _rows(listed: object, key: str) -> Iterator[str]:
    yield from (str(member[key]) for member in _members(listed))
