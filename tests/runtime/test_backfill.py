"""A new rule over items in its state already: the plan first, then each item once; commands of people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.decision.backfill import in_state, is_reachable
from engine.decision.edition import Edition
from engine.decision.event import BACKFILL, Event
from engine.decision.event_file import read_event
from engine.decision.event_text import event_form
from engine.decision.facts import Facts
from engine.decision.follow_ups import seen_from
from engine.decision.forms import simulation_json, write_json
from engine.decision.simulation import simulate
from engine.language.values import Item, Undecided, Value
from engine.runtime.backfill import Backfill
from engine.runtime.commands import COMMAND, Commands
from engine.runtime.run import Carrier
from engine.runtime.service import Service
from engine.runtime.sweep import SWEEP, Sweep
from tests.cli.conftest import Ran, start
from tests.portal.portal_case import ZONE
from tests.runtime.service_case import ACT, DEAL, TOKEN, Live, running

RULES = """
ruleset: test
title: Новое правило
rules:
  - id: paid
    title: Счёт оплачен
    triggers:
      - changed: deal.stage
        to: invoice_paid
    conditions:
      - deal.amount > 0
    actions:
      - notify: {to: "${deal.manager}", text: "Оплачена: ${deal.title}"}
        key: paid ${deal.id}
  - id: overdue
    title: Акт не вернулся
    triggers:
      - deadline: {after: 1 day, since: act.sent_at}
    conditions:
      - not act.signed
      - not act.cancelled
    actions:
      - notify: {to: "${act.manager}", text: "Акт ${act.number} не вернулся"}
  - id: kinds
    title: Все виды
    triggers:
      - filled: act.scan
      - cleared: act.folder
      - changed: act.signed
        to: true
    actions:
      - notify: {to: "${act.manager}", text: "Вид"}
  - id: remind
    title: Напомнить
    triggers:
      - command: remind
        for_each: act
    actions:
      - notify: {to: "${act.manager}", text: "Напоминание: ${act.number}"}
  - id: morning
    title: Утро
    triggers:
      - command: morning
    actions:
      - notify: {to: user/1, text: "Утро"}
"""
NOW = datetime(2026, 3, 20, 9, 0, tzinfo=ZONE)


def register(service: Service) -> None:
    """Let the engine answer these requests."""
    carrier = service._lanes._advance.__self__  # type: ignore[attr-defined]
    assert isinstance(carrier, Carrier)
    sweep = Sweep(service.store, service._gateway, service._map, service.inbox, service._clock)
    carrier.answers = {
        **carrier.answers,
        BACKFILL: Backfill(carrier).answer,
        COMMAND: Commands(carrier).answer,
        SWEEP: sweep.answer,
    }


@contextmanager
def engine(folder: Path) -> Iterator[Live]:
    with running(folder, RULES, subscribed=False) as live:
        register(live.service)
        yield live


def ask(live: Live, *arguments: str, **more: Any) -> Ran:
    """Run the program beside the engine, as a person does."""
    env = {"BITRIX24_WEBHOOK_URL": live.server.webhook_url, "BITRIX24_APPLICATION_TOKEN": TOKEN}
    return start((*arguments, "--lang", "en"), live.folder, env, **more)


def edition_of(live: Live) -> Edition:
    return live.service.editions.current.edition


def facts_of(edition: Edition, fields: dict[str, Value]) -> tuple[Item, Facts]:
    item = Item("act", "43")
    bare = Facts(edition.world, edition.derivations, edition.calendar, NOW, {item: fields}, {})
    return item, seen_from(bare, item)


def notices(live: Live) -> list[str]:
    return [str(row["MESSAGE"]).partition("\n")[0] for row in live.portal.store.rows("notice")]


def paid_deals(live: Live) -> list[dict[str, Any]]:
    rows = live.call("crm.item.list", entityTypeId=DEAL, filter={"=stageId": "C4:UC_PAID"}, select=["*"])
    return [row for row in rows["items"] if float(row["opportunity"]) > 0]


def test_in_its_state(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        edition = edition_of(live)
        rules = edition.by_id

        def state(rule: str, **fields: Value) -> Value:
            return in_state(rules[rule], *facts_of(edition, fields))

        assert state("test/kinds", scan=None, folder="a", signed=False) is False
        assert state("test/kinds", scan=None, folder="", signed=False) is True
        assert state("test/kinds", scan=None, folder="a", signed=True) is True
        assert isinstance(state("test/kinds", scan=None, signed=False), Undecided)
        assert state("test/overdue", sent_at=NOW - timedelta(days=2)) is True
        assert state("test/overdue", sent_at=NOW - timedelta(hours=2)) is False
        assert state("test/overdue", sent_at=None) is False
        assert [rule.id for rule in edition.rules if not is_reachable(rule)] == [
            "test/morning",
            "test/remind",
        ][::-1]


def test_only_the_rule_named_is_decided_and_simulate_agrees(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        edition = edition_of(live)
        sent: dict[str, Value] = {
            "sent_at": NOW - timedelta(days=2), "signed": False, "cancelled": False, "manager": Item("user", "1"),
            "number": "А-1", "folder": "",
        }  # fmt: skip
        item, facts = facts_of(edition, sent)
        event = Event(BACKFILL, "b-1", NOW, item, detail="test/overdue")
        simulation = simulate(edition, event, facts)
        assert [rule.id for rule in simulation.decision.fired] == ["test/overdue"]
        text = write_json(event_form(event, facts))
        assert '"backfill": "test/overdue"' in text
        shop = live.service.workshop
        given = read_event("e.json", text.encode(), edition.world, shop.settings.zone, {})
        assert given.event == event, given.diagnostics
        again = Facts(edition.world, edition.derivations, edition.calendar, NOW, given.items, given.roots)
        form = simulation_json(simulate(edition, given.event, again), "x", edition.actions, {})
        assert form == simulation_json(simulation, "x", edition.actions, {})
        outcomes = {verdict.rule.id: verdict.outcome for verdict in simulation.verdicts}
        assert outcomes["test/overdue"] == "fired"
        assert set(outcomes.values()) == {"fired", "not_triggered"}
        signed = simulate(edition, event, facts_of(edition, {**sent, "signed": True})[1])
        assert signed.decision.fired == ()


def test_a_rule_over_deals_that_stand_there_already(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        paid = paid_deals(live)
        assert len(paid) > 1
        shown = ask(live, "backfill", "paid", "--where", f'deal.id == "{paid[0]["id"]}"', "--yes")
        assert (shown.code, shown.err) == (0, "")
        assert f"deal/{paid[0]['id']}" in shown.out
        assert "Оплачена: " in shown.out
        assert f"[key: paid {paid[0]['id']}]" in shown.out
        assert "Events put into the inbox: 1" in shown.out
        live.settle()
        assert notices(live) == [f"Оплачена: {paid[0]['title']}"]
        (run,) = live.runs()
        assert (run.event, run.is_late, run.status) == ("backfill", True, "done")
        # A second one leaves out what was done, and says so.
        rest = ask(live, "backfill", "test/paid", "--yes")
        assert f"done already: paid {paid[0]['id']}" in rest.out
        assert f"for {len(paid) - 1} items" in rest.out
        live.settle()
        assert sorted(notices(live)) == sorted(f"Оплачена: {row['title']}" for row in paid)
        third = ask(live, "backfill", "test/paid", "--yes")
        assert (third.code, third.err.strip()) == (0, "There is nothing to do.")


def test_the_plan_comes_first_and_changes_nothing(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        live.portal.store.rows("notice")
        before = live.service.store.row("SELECT count(*) FROM event")
        asked = ask(live, "backfill", "overdue")
        assert asked.code != 0  # nobody answered
        assert asked.is_plain
        assert "не вернулся" in asked.out
        assert "condition false" in asked.out
        after = live.service.store.row("SELECT count(*) FROM event")
        assert before is not None
        assert after is not None
        assert before[0] == after[0]
        limited = ask(live, "backfill", "overdue", "--limit", "2", "--yes")
        assert "for 2 items" in limited.out
        live.settle()
        assert len(live.runs()) == 2
        assert all(run.item.startswith("act/") for run in live.runs())
        # What a timer's own event would bear: so what that has done is not done again.
        ids = [row["id"] for row in live.service.store.rows("SELECT id FROM event WHERE name = 'backfill'")]
        assert all(one.startswith("timer test/overdue act/") for one in ids)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "there is no rule nothing"),
        (("test/payd",), "perhaps: test/paid"),
        (("morning",), "leaves no state behind"),
        (("paid", "--where", "deal.amuont > 1"), "amuont"),
        (("paid", "--where", "act.signed"), "act"),
    ],
)
def test_what_cannot_be_applied(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    with engine(tmp_path) as live:
        ran = ask(live, "backfill", *arguments, "--yes")
        assert ran.code in (1, 2)
        assert said in ran.err
        assert ran.is_plain


def test_regulations_that_changed_meanwhile(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        from engine.runtime.requests import ask as put
        from engine.runtime.requests import wait_for_answer

        params: dict[str, Value] = {
            "rule": "test/paid",
            "edition": "sha256:other",
            "items": (Item("deal", "118"),),
            "ids": ("b",),
        }
        store = live.service.store
        number = put(store, BACKFILL, params, datetime.now(UTC))
        live.service._lanes.look_again()
        answer = wait_for_answer(store, number, 20)
        assert answer is not None
        assert "changed since" in str(answer["error"])


def test_commands(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        acts = live.call("crm.item.list", entityTypeId=ACT, select=["*"])["items"][:2]
        ran = ask(live, "run", "remind", f"act/{acts[0]['id']}", str(acts[1]["id"]))
        assert (ran.code, ran.out.strip()) == (0, "Events put into the inbox: 2.")
        live.settle()
        assert {run.item for run in live.runs()} == {f"act/{one['id']}" for one in acts}
        assert notices(live) == [f"Напоминание: {acts[1]['ufCrm12Number']}"]  # the other's manager has left
        assert ask(live, "run", "morning").code == 0
        live.settle()
        assert [run.event for run in live.runs()] == ["command"] * 3
        for arguments, said in (
            (("remnid",), "perhaps: remind"),
            (("remind",), "name at least one item"),
            (("remind", "deal/118"), "no item of this command"),
        ):
            wrong = ask(live, "run", *arguments)
            assert wrong.code == 1
            assert said in wrong.err


def test_a_sweep_by_command(tmp_path: Path) -> None:
    with engine(tmp_path) as live:
        live.portal.clock.advance(timedelta(minutes=5))
        live.person.move(DEAL, 118, "C4:UC_PAID")
        ran = ask(live, "portal", "sweep")
        assert (ran.code, ran.err) == (0, "")
        assert "deal: changed 1, new 0, gone 0" in ran.out
        assert "Changed items found: 1" in ran.out
        live.settle()
        assert [(run.item, run.is_late) for run in live.runs()] == [("deal/118", True)]
        as_json = ask(live, "portal", "sweep", "--format", "json")
        assert '"schema": "reglament/sweep/1"' in as_json.out
        assert '"items": 0' in as_json.out
