"""`engine bank` as a person runs it: fates printed, the queue decided, beside a running engine and without one."""

from __future__ import annotations

import json
from pathlib import Path

from engine.emulator.company.bank import statement as demo
from tests.bank.bank_case import PAID, SOURCE, bank_office, invoice_fields, statement
from tests.bank.test_once import PART
from tests.runtime.service_case import TOKEN, Live, open_service

ATTENTION = "\nbank:\n  accounts: [40702810900000012345]\n  attention: 6\n"


def bank(run, live: Live, *arguments: object, lang: str = "ru"):
    env = {"BITRIX24_WEBHOOK_URL": live.server.webhook_url, "BITRIX24_APPLICATION_TOKEN": TOKEN}
    config = live.folder / "config.yaml"
    return run("bank", *arguments, "--config", config, "--lang", lang, cwd=live.folder, env=env)


def test_import_queue_assign_and_dismiss_beside_a_running_engine(run, tmp_path: Path) -> None:
    with bank_office(tmp_path, bank=ATTENTION) as live:
        file = tmp_path / "kl_to_1c.txt"
        file.write_bytes(demo())
        dry = bank(run, live, "import", file, "--dry-run")
        assert (dry.code, dry.is_plain) == (0, True), dry.err
        assert "Ничего не записано" in dry.err
        done = bank(run, live, "import", file)
        assert done.out == dry.out
        lines = done.out.splitlines()
        assert len(lines) == 16
        assert lines[0].startswith("Дата        №")
        assert "СЧ-2026/013, deal/122" in lines[1]
        assert "Строк: 14, новых: 14" in lines[-1]
        again = bank(run, live, "import", file, "--format", "json")
        form = json.loads(again.out)
        assert form["schema"] == "reglament/bank/1"
        assert [one["is_new"] for one in form["lines"]] == [False] * 14
        assert "Новых строк нет" in again.err
        queue = json.loads(bank(run, live, "queue", "--format", "json").out)["lines"]
        assert [one["number"] for one in queue] == ["87", "3", "640"]
        line, other = queue[2]["line"], queue[0]["line"]
        too_much = bank(run, live, "assign", line, "invoice/29", "100000.01")
        assert (too_much.code, too_much.is_plain) == (1, True)
        assert "не больше остатка" in too_much.err
        assert bank(run, live, "assign", line, "СЧ-2026/999", lang="en").code == 1
        half = bank(run, live, "assign", line, "invoice/29", "40000,50", "--by", "Анна")
        assert "остаток строки 59 999,50" in half.out.replace("\u00a0", " ")
        assert "уже получил" in bank(run, live, "assign", line, "invoice/29").err
        assert bank(run, live, "assign", line, "СЧ-2026/015").code == 0
        assert "уже разобрана" in bank(run, live, "assign", line, "СЧ-2026/015").err
        assert bank(run, live, "dismiss", other, "чужие деньги").code == 0
        assert "no line 77" in bank(run, live, "dismiss", 77, lang="en").err
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/010")[PAID] == "40000.50|RUB"
        assert invoice_fields(live, "СЧ-2026/015")[PAID] == "59999.50|RUB"
        assert invoice_fields(live, "СЧ-2026/015")[SOURCE] == 201
        left = bank(run, live, "queue")
        assert len(left.out.splitlines()) == 2
        assert left.err == ""
        row = live.service.store.row("SELECT * FROM bank_line WHERE n = ?", (other,))
        assert row is not None
        assert (row["state"], row["note"]) == ("dismissed", "чужие деньги")


def test_without_an_engine_the_next_start_goes_on(run, tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        live.service.stop()
        (tmp_path / "state" / "engine.db").unlink()
        file = tmp_path / "kl.txt"
        file.write_bytes(statement(PART))
        done = bank(run, live, "import", file)
        assert (done.code, done.is_plain) == (0, True), done.err
        assert "при следующем запуске" in done.err
        assert "на портал ещё не записаны" in bank(run, live, "queue").err
        with open_service(tmp_path / "config.yaml", live.server.webhook_url) as service:
            assert service.wait_idle(30)
            assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"


def test_a_file_that_is_no_statement_is_refused_in_both_languages(run, tmp_path: Path) -> None:
    with bank_office(tmp_path) as live:
        file = tmp_path / "kl.txt"
        file.write_bytes(statement(PART)[:-20])
        ran = bank(run, live, "import", file)
        assert (ran.code, ran.is_plain, ran.out) == (1, True, "")
        assert "ничего из неё не взято" in ran.err
        assert "kl.txt:" in ran.err
        assert "refused whole" in bank(run, live, "import", file, lang="en").err
        assert live.service.store.rows("SELECT * FROM bank_line") == []
