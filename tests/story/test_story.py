"""The ten-event story as a user runs it, and what it proves beside its own claims."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from engine.cli.demo import play
from engine.cli.office import open_office
from engine.decision.event_file import read_event
from engine.decision.event_text import event_form
from engine.decision.facts import Facts
from engine.decision.forms import step_json
from engine.decision.simulation import simulate
from engine.runtime.logs import open_log
from engine.settings import environment, read_settings
from engine.workshop import open_workshop, shipped_folder
from tests.web.console_case import console_page

pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "engine", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)


def test_story_exits_0_in_an_empty_folder_in_either_language(tmp_path):
    for language, last in (("ru", "верно"), ("en", "hold")):
        done = run(tmp_path, "--lang", language, "demo", "--story")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].endswith(f"{last}.")
        assert "✗" not in done.stdout
        assert done.stdout.count("\n   ") >= 10
    assert not list(tmp_path.iterdir())


def test_story_exits_1_where_the_regulation_does_not_close_deals(tmp_path):
    copy_regulations(tmp_path)
    acts = tmp_path / "regulations" / "acts.yaml"
    acts.write_text(
        acts.read_text().replace(
            "deal.move: {stage: won_review_requested}", "deal.move: {stage: invoice_paid}"
        )
    )
    done = run(tmp_path, "--lang", "en", "demo", "--story")
    assert done.returncode == 1
    assert "✗ deal 118 stands in C4:WON" in done.stdout


def copy_regulations(folder: Path) -> None:
    for file in (shipped_folder() / "regulations").rglob("*"):
        if file.suffix in (".yaml", ".txt") and "examples" not in file.parts:
            target = folder / "regulations" / file.relative_to(shipped_folder() / "regulations")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())


def shipped_settings(folder: Path):
    config = shipped_folder() / "config.example.yaml"
    settings, found = read_settings(config, environment(folder, {}), is_example=True)
    assert settings is not None, found
    return settings


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    with (
        (folder / "log").open("w") as log,
        open_office(shipped_settings(folder), folder, log=open_log(log)) as office,
    ):
        assert play(office, "ru")
        yield office


def test_simulation_and_live_run_of_each_event_give_the_same_plan(played):
    """The journal's own event, exported as an event file and simulated, plans the same steps with the same values."""
    workshop, _ = open_workshop(played.service.settings)
    edition = workshop.build().edition
    compared = 0
    for line in played.service.journal.last_runs(200):
        stored = played.service.journal.event_of(line.n, workshop)
        text = json.dumps(event_form(*stored), ensure_ascii=False)
        world, zone = workshop.settings.world, workshop.settings.zone
        given = read_event("run.json", text.encode(), world, zone, workshop.host.received)
        assert given.event is not None, given.diagnostics
        facts = Facts(
            world, workshop.derivations, workshop.calendar, given.event.time, given.items, given.roots
        )
        again = [masked(step_json(step)) for step in simulate(edition, given.event, facts).decision.plan]
        form = played.service.journal.run(line.n)
        assert form is not None
        live = [masked(step) for step in form["plan"]]
        assert again == live, line
        compared += len(live)
    assert compared >= 40


def masked(step):
    """Leave out what only carrying out can know: how a step ended, and the key's real ids."""
    kept = {name: step[name] for name in ("step", "rule", "action", "at", "params")}
    return json.loads(json.dumps(kept))


def test_a_second_delivery_of_every_event_changes_nothing(played):
    before = len(played.service.journal.last_runs(500))
    mails, feed = len(played.ask("mails")), len(played.ask("feed"))
    for deal in (118, 120, 122, 126):
        body = {
            "event": "ONCRMDEALUPDATE", "event_handler_id": "7", "data[FIELDS][ID]": str(deal), "ts": "1773640000",
            "auth[application_token]": "demo-application-token",
        }  # fmt: skip
        import httpx

        assert httpx.post(f"{played.public_url}/portal/events", data=body).status_code == 200
    played.settle()
    assert len(played.service.journal.last_runs(500)) == before
    assert (len(played.ask("mails")), len(played.ask("feed"))) == (mails, feed)


def test_editing_the_closing_rule_while_the_demo_runs_changes_the_next_event_and_breaking_it_does_not(
    tmp_path,
):
    copy_regulations(tmp_path)
    acts = tmp_path / "regulations" / "acts.yaml"
    good = acts.read_text()
    from dataclasses import replace

    settings = replace(shipped_settings(tmp_path), regulations=tmp_path / "regulations")
    with (tmp_path / "log").open("w") as log, open_office(settings, tmp_path, log=open_log(log)) as office:
        office.settle()
        first = office.service.editions.current.edition.hash
        acts.write_text(
            good.replace("«${deal.title}» закрыта, запрошен отзыв", "«${deal.title}» ЗАКРЫТА ПО-НОВОМУ")
        )
        took = wait_for(lambda: office.service.editions.current.edition.hash != first)
        assert took < timedelta(seconds=1)
        second = office.service.editions.current.edition.hash
        acts.write_text(good.replace("  - id: close-finished-deal", "  - id: [broken"))
        wait_for(lambda: office.service.editions.current.is_broken)
        assert office.service.editions.current.edition.hash == second
        finish_deal(office, 122)
        assert any("ЗАКРЫТА ПО-НОВОМУ" in str(row) for row in office.ask("notices"))
        run_line = office.service.journal.last_runs(1)[0]
        assert run_line.edition == second
        page = console_page(office.service).text
        assert "acts.yaml:" in page


def finish_deal(office, deal):
    from engine.cli.story import ACT, PAID, _update, child

    _update(office, 2, deal, {"stageId": PAID})
    _update(office, ACT, int(child(office, ACT, deal)["id"]), {"ufCrm12Originalreceivedat": "2026-03-16"})
    office.settle()


def wait_for(claim, timeout=10.0):
    import time

    start = time.monotonic()
    while not claim():
        assert time.monotonic() - start < timeout
        time.sleep(0.01)
    return timedelta(seconds=time.monotonic() - start)
