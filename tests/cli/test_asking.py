"""`engine runs retry|undo`, `engine pause|resume`: asked of a running engine from another process, or left for the next."""

from __future__ import annotations

from pathlib import Path

from engine.emulator.demo import set_receiver
from engine.emulator.faults import Fault
from engine.emulator.mailbox import Mailbox, read_mails
from tests.runtime.service_case import DEAL, TOKEN, Live, make_folder, open_service, running
from tests.runtime.test_retry_undo import RULES, plan_field, plan_of, statuses

MAILS = """
ruleset: test
title: Проверка
rules:
  - id: write
    title: Написать
    triggers:
      - changed: deal.title
    actions:
      - mail.send: {to: "buh@client.example", subject: "Сделка ${deal.title}", text: "Здравствуйте"}
"""


def engine(run, live: Live, *arguments: object):
    return run(*arguments, "--config", str(live.folder / "config.yaml"), cwd=live.folder)


def fail_once(live: Live) -> None:
    live.portal.faults = lambda seen: Fault(403, "ACCESS_DENIED") if "notify" in seen.method else None
    live.person.update(DEAL, 118, {"title": "Раз"})
    live.settle()
    live.portal.faults = None


def test_a_run_is_retried_from_another_process(run, tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        fail_once(live)
        ran = engine(run, live, "runs", "retry", 1, "--lang", "en")
        assert (ran.code, ran.is_plain) == (0, True), ran.err
        assert ran.out == "Fired test/plan.\n"
        assert statuses(live) == [("done", ["done", "done"])]
        again = engine(run, live, "runs", "retry", 1, "--lang", "en")
        assert (again.code, again.is_plain) == (1, True)
        assert "there is nothing to retry" in again.err
        assert "no run 77" in engine(run, live, "runs", "retry", 77, "--lang", "en").err


def test_a_run_that_stops_again_ends_with_1(run, tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        fail_once(live)
        live.portal.faults = lambda seen: Fault(403, "ACCESS_DENIED") if "notify" in seen.method else None
        ran = engine(run, live, "runs", "retry", 1, "--lang", "ru")
        assert ran.code == 1
        assert "Нужен человек" in ran.out


def test_undo_says_what_it_takes_back_and_what_stays(run, tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        was = live.person.get(DEAL, 118)[plan_field(live)]
        live.person.update(DEAL, 118, {"title": "Раз"})
        live.settle()
        asked = engine(run, live, "runs", "undo", 1, "--lang", "ru")
        assert asked.code == 130, "nobody answered the question"
        assert "будет возвращено: шаг 1, field.set" in asked.out
        assert "остаётся: шаг 2" in asked.out
        assert plan_of(live) == "50 %, 50 %"
        done = engine(run, live, "runs", "undo", 1, "--yes", "--lang", "en")
        assert (done.code, done.is_plain) == (1, True), (
            "the notice stays, and the code says that something did"
        )
        assert "taken back: step 1, field.set" in done.out
        assert live.person.get(DEAL, 118)[plan_field(live)] == was


def test_pause_and_resume(run, tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        assert "Paused" in engine(run, live, "pause", "--why", "переезд", "--lang", "en").err
        assert "already" in engine(run, live, "pause", "--lang", "en").err
        live.person.update(DEAL, 118, {"title": "Раз"})
        assert live.portal.deliveries.settle(10)
        assert not live.service.wait_idle(1.0)
        assert "released" in engine(run, live, "resume", "--lang", "en").err
        live.settle()
        assert statuses(live) == [("done", ["done", "done"])]
        assert engine(run, live, "resume", "--lang", "en").code == 1


def test_a_request_waits_for_the_next_start(run, tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        fail_once(live)
        live.service.stop()
        ran = engine(run, live, "runs", "retry", 1, "--lang", "en")
        assert (ran.code, ran.is_plain) == (0, True)
        assert "no engine is running" in ran.err
        with open_service(tmp_path / "config.yaml", live.server.webhook_url) as second:
            assert second.wait_idle(20)
            assert [one.status for one in second.journal.last_runs()] == ["done"]


def test_letters_to_one_address_stop_at_the_cap_before_the_next_is_sent(tmp_path: Path, run) -> None:
    config = make_folder(tmp_path, MAILS)
    with running(tmp_path, MAILS) as live, Mailbox(live.portal) as box:
        live.service.stop()
        text = config.read_text("utf-8").replace("${SMTP_PORT:-8028}", str(box.port))
        config.write_text(text + "brakes: {mails: 3}\n", "utf-8")
        with open_service(config, live.server.webhook_url) as service:
            assert service.wait_idle(30)
            live.service = service
            set_receiver(live.portal, service.public_url + "/portal/events", TOKEN)
            for number in range(5):
                live.person.update(DEAL, 118, {"title": f"Имя {number}"})
                live.settle()
            assert [one.status for one in live.runs()] == ["done"] * 3 + ["held"] * 2
            assert len(read_mails(live.portal.store)) == 3
            assert "buh@client.example" in live.runs()[-1].verdict_ru
            asked = run("resume", "test/write", "--config", str(config), "--lang", "en", cwd=tmp_path)
            assert (asked.code, asked.is_plain) == (0, True), asked.err
            assert "gone on with: 2" in asked.err
            live.settle()
            assert [one.status for one in live.runs()] == ["done"] * 5
            assert len(read_mails(live.portal.store)) == 5
