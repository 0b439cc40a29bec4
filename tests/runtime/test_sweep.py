"""The sweep on the twin: what happened without a webhook is found, processed once and marked late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.faults import Fault, Request
from engine.emulator.items import items_of_type
from engine.emulator.person import Person
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.language.values import Item
from engine.runtime.service import Service
from engine.runtime.snapshot import load_snapshot
from engine.runtime.sweep import ADOPTED, CHANGED, GONE, NEW, Sweep, Swept
from engine.settings import read_settings
from tests.runtime.service_case import ACT, DEAL, Live, delivery, make_folder, open_service, running

MINUTE = timedelta(minutes=1)
CONTRACT = 1046
RULES = """
ruleset: test
title: Свод
rules:
  - id: titled
    title: Название сделки изменилось
    triggers:
      - changed: deal.title
    actions:
      - field.set: {deal.stage_plan: "${deal.title}"}
  - id: made
    title: Сделка появилась
    triggers:
      - created: deal
    actions:
      - field.set: {deal.stage_plan: "${deal.title}"}
  - id: gone
    title: Договор удалён
    triggers:
      - deleted: contract
    actions:
      - notify: {to: "${contract.manager}", text: "Договор ${contract.number} удалён"}
  - id: sent
    title: Отчёт отправлен
    triggers:
      - changed: deal.stage
        to: report_sent
    actions:
      - field.set: {deal.stage_plan: "отчёт"}
"""


def sweep_of(service: Service) -> Sweep:
    """The sweep of a service."""
    return Sweep(service.store, service._gateway, service._map, service.inbox, service._clock)


def found(swept: Swept, entity: str) -> dict[str, int]:
    return {
        kind: swept.found[entity].count(kind)
        for kind in (CHANGED, NEW, GONE, ADOPTED)
        if swept.found[entity].count(kind)
    }


@contextmanager
def twin() -> Iterator[tuple[Portal, PortalServer, Person]]:
    """A portal that outlives the engine."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        portal.deliveries.delay = 0.0
        yield portal, server, Person(portal, 2)


def add_deals(person: Person, count: int, title: str = "Сделка") -> list[int]:
    fields = {"categoryId": 4}
    return [
        int(str(person.add(DEAL, {**fields, "title": f"{title} {n}"})["id"])) for n in range(1, count + 1)
    ]


def quiet_folder(folder: Path) -> Path:
    """A company's folder whose engine never sweeps by itself."""
    config = make_folder(folder, RULES)
    config.write_text("sweep: {every: 0}\n" + config.read_text("utf-8"), "utf-8")
    return config


def live_of(service: Service, portal: Portal, server: PortalServer, person: Person, folder: Path) -> Live:
    return Live(portal, server, service, person, folder)


def lines(service: Service) -> list[tuple[str, str, bool]]:
    return [(run.event, run.item, run.is_late) for run in service.journal.last_runs(10_000)]


def test_two_hundred_changes_while_the_engine_was_off(tmp_path: Path) -> None:
    with twin() as (portal, server, person):
        deals = add_deals(person, 170)
        config = make_folder(tmp_path, RULES)
        with open_service(config, server.webhook_url) as service:
            assert service.wait_idle(30)
        portal.clock.advance(5 * MINUTE)
        for number in deals[:150]:
            person.update(DEAL, number, {"title": f"Новое имя {number}"})
        made = add_deals(person, 30, "Новая")
        for number in deals[150:160]:
            person.move(DEAL, number, "C4:UC_REPORT")
            portal.clock.advance(MINUTE)
            person.move(DEAL, number, "C4:UC_DOCS")
        for row in items_of_type(portal, CONTRACT).rows()[:10]:
            person.delete(CONTRACT, int(str(row["id"])))
        with open_service(config, server.webhook_url) as service:
            assert service.wait_idle(60)
            live = live_of(service, portal, server, person, tmp_path)
            runs = lines(service)
            assert len(runs) == 200
            assert len({item for _, item, _ in runs}) == 200
            assert all(is_late for _, _, is_late in runs)
            for number in (*deals[:150], *made):
                plan = person.get(DEAL, number)["ufCrm_1747309879"]
                assert plan == person.get(DEAL, number)["title"]
            assert [person.get(DEAL, number)["ufCrm_1747309879"] for number in deals[150:160]] == [
                "отчёт"
            ] * 10
            assert len(portal.store.rows("notice")) == 10
            # Nothing is left, and the webhooks that come at last change nothing.
            again = sweep_of(service).run(is_whole=True)
            assert again.total == 0
            for number in (*deals[:3], *made[:3], deals[150]):
                assert live.post(delivery(number)) == 200
            assert service.wait_idle(30)
            assert lines(service) == runs


def test_what_is_found_and_what_it_costs(tmp_path: Path) -> None:
    with twin() as (portal, server, person):
        deals = add_deals(person, 170)
        with open_service(quiet_folder(tmp_path), server.webhook_url) as service:
            assert service.wait_idle(30)
            portal.clock.advance(5 * MINUTE)
            sweep = sweep_of(service)
            first = sweep.run()
            assert (first.is_whole, first.total) == (True, 0)
            assert (
                first.requests <= 5
            )  # more than 300 items by their ids, and the 170 deals of the last minutes
            portal.clock.advance(5 * MINUTE)
            for number in deals[:60]:
                person.update(DEAL, number, {"title": f"Новое имя {number}"})
            made = add_deals(person, 2, "Новая")
            person.delete(CONTRACT, 1)
            second = sweep.run()
            assert not second.is_whole
            assert found(second, "deal") == {CHANGED: 60, NEW: 2}
            assert second.requests == 2
            third = sweep.run(is_whole=True)
            assert found(third, "contract") == {GONE: 1}
            assert service.wait_idle(30)
            assert load_snapshot(service.store, Item("deal", str(made[0]))) is not None
            assert load_snapshot(service.store, Item("contract", "1")) is None


def test_a_webhook_before_and_after_the_sweep_is_one_event(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        sweep = sweep_of(live.service)
        assert sweep.run().total == 0
        live.portal.clock.advance(5 * MINUTE)
        live.person.update(DEAL, 118, {"title": "Раз"})
        assert live.post(delivery(118)) == 200
        live.settle()
        assert found(sweep.run(), "deal") == {}
        live.person.update(DEAL, 118, {"title": "Два"})
        assert found(sweep.run(), "deal") == {CHANGED: 1}
        assert live.post(delivery(118, ts="1773479000")) == 200
        live.settle()
        assert lines(live.service) == [
            ("deal.updated", "deal/118", True),
            ("deal.updated", "deal/118", False),
        ]
        # What the engine wrote itself is no news either.
        assert sweep.run(is_whole=True).total == 0


def test_a_sweep_cut_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    with twin() as (portal, server, person):
        deals = add_deals(person, 120)
        with open_service(quiet_folder(tmp_path), server.webhook_url, delays=()) as service:
            assert service.wait_idle(30)
            portal.clock.advance(5 * MINUTE)
            for number in deals:
                person.update(DEAL, number, {"title": f"Новое {number}"})
            pages: list[Request] = []

            def third(request: Request) -> Fault | None:
                if request.method == "crm.item.list":
                    pages.append(request)
                    # All entities begin in one batch; then only the deals go on.
                    return Fault(400, "ACCESS_DENIED") if len(pages) == 2 else None
                return None

            portal.faults = third
            swept = sweep_of(service).run(is_whole=False)
            portal.faults = None
            assert "ACCESS_DENIED" in swept.found["deal"].failure
            assert found(swept, "deal") == {CHANGED: 100}
            state = service.store.row("SELECT * FROM sweep WHERE entity = 'deal'")
            assert state is not None
            assert state["after"] == str(deals[99])
            assert state["since"] < state["upto"]
            person.update(DEAL, deals[0], {"title": "Ещё раз, за спиной"})
            assert service.wait_idle(60)
            again = sweep_of(service).run(is_whole=False)
            assert again.found["deal"].failure == ""
            assert {item.id for item, kind in again.found["deal"].items.items() if kind == CHANGED} <= {
                str(number) for number in (deals[0], *deals[100:])
            }
            assert service.wait_idle(60)
            assert len({item for _, item, _ in lines(service)}) == 120
            assert [person.get(DEAL, one)["title"] for one in deals] == [
                person.get(DEAL, one)["ufCrm_1747309879"] for one in deals
            ]


def test_a_right_that_is_lost_deletes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        acts = [int(str(row["id"])) for row in items_of_type(live.portal, ACT).rows()]
        for number in acts:
            live.person.delete(ACT, number)
        swept = sweep_of(live.service).run()
        assert "none of 41 known items" in swept.found["act"].failure
        assert swept.total == 0
        assert load_snapshot(live.service.store, Item("act", str(acts[0]))) is not None


def test_what_was_hidden_at_the_first_reading_wakes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, RULES, subscribed=False) as live:
        # As a deal out of the recycle bin, or one that the webhook's user was not let see.
        live.service.store.execute("DELETE FROM snapshot WHERE item IN ('deal/118', 'deal/119')")
        swept = sweep_of(live.service).run()
        assert found(swept, "deal") == {ADOPTED: 2}
        assert load_snapshot(live.service.store, Item("deal", "118")) is not None
        live.service.store.execute("DELETE FROM snapshot WHERE item = 'deal/118'")
        assert live.post(delivery(118)) == 200
        live.settle()
        assert live.runs() == []
        live.person.update(DEAL, 118, {"title": "Другое имя"})
        assert live.post(delivery(118, ts="1773479000")) == 200
        live.settle()
        assert len(live.runs()) == 1


def test_changes_made_during_the_first_reading_are_not_absorbed(tmp_path: Path) -> None:
    with twin() as (portal, server, person):
        deals = add_deals(person, 120)
        for number in deals:
            person.move(DEAL, number, "C4:UC_WORK")
        portal.clock.advance(MINUTE)
        made: list[int] = []
        pages: list[Request] = []

        def meanwhile(request: Request) -> None:
            pages.extend([request] if request.method == "crm.item.list" else [])
            if pages and not made:
                portal.faults = None
                portal.clock.advance(MINUTE)
                person.move(DEAL, deals[100], "C4:UC_REPORT")
                person.move(DEAL, deals[100], "C4:UC_DOCS")
                person.update(DEAL, deals[101], {"title": "Не узнать"})
                made.extend(add_deals(person, 1, "Новая"))

        portal.faults = meanwhile
        with open_service(quiet_folder(tmp_path), server.webhook_url) as service:
            assert service.wait_idle(30)
            assert made
            assert lines(service) == []
            assert load_snapshot(service.store, Item("deal", str(made[0]))) is None
            seen = load_snapshot(service.store, Item("deal", str(deals[100])))
            assert seen is not None
            assert seen["stage"] == "in_work"
            swept = sweep_of(service).run()
            assert found(swept, "deal") == {CHANGED: 1, NEW: 1}
            assert service.wait_idle(30)
            assert {item for _, item, _ in lines(service)} == {f"deal/{deals[100]}", f"deal/{made[0]}"}
            assert person.get(DEAL, deals[100])["ufCrm_1747309879"] == "отчёт"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 900.0), ("sweep: {every: 1 hour}\n", 3600.0), ("sweep: {every: 0}\n", 0.0)],
)
def test_how_often(tmp_path: Path, text: str, seconds: float) -> None:
    config = make_folder(tmp_path, RULES)
    config.write_text(text + config.read_text("utf-8"), "utf-8")
    settings, problems = read_settings(config, {})
    assert settings is not None, problems
    assert settings.sweep_seconds == seconds


@pytest.mark.parametrize("text", ["often", "2 workdays"])
def test_how_often_is_a_time(tmp_path: Path, text: str) -> None:
    config = make_folder(tmp_path, RULES)
    config.write_text(f"sweep: {{every: {text}}}\n" + config.read_text("utf-8"), "utf-8")
    settings, problems = read_settings(config, {})
    assert settings is None
    assert [(one.code, one.span.line) for one in problems] == [("R320", 1)]
