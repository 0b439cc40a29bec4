"""Every other door: the webhook's body, a bank file, a list of old documents. Refused in words, or taken as what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.bank import command as bank
from engine.cli.options import Options
from engine.emulator.mailbox import read_mails
from tests.bank.bank_case import PAID, Doc, bank_office, invoice_fields, statement
from tests.hostile.hostile_case import WILD_NAMES, WILD_TEXTS, bomb, is_harmless, new_in, tree
from tests.registers.legacy_case import office, pdf
from tests.runtime.service_case import TOKEN, Live, delivery

OPEN = "СЧ-2026/013"
PACKAGING = "6399002648"
BODIES = {
    "torn": b"event=ONCRMDEALUPDATE&data[FIELDS][ID",
    "another alphabet": "event=ОБНОВЛЕНИЕ&data[FIELDS][ID]=118".encode("cp1251"),
    "wide": "event=ONCRMDEALUPDATE".encode("utf-16"),
    "json": json.dumps({"event": "ONCRMDEALUPDATE", "data": {"FIELDS": {"ID": 118}}}).encode(),
    "a tower": b"a" + b"[x]" * 20_000 + b"=1",
    "many": b"&".join(b"a%d=1" % at for at in range(60_000)),
    "zip": bomb(size=1_000_000),
    "null": b"\x00" * 5_000,
    "percent": b"%" * 100_000,
}


def told(live: Live) -> int:
    return len(read_mails(live.portal.store)) + len(live.portal.store.rows("notice"))


def test_no_body_of_a_webhook_does_more_than_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        live = one.live
        answers = {name: live.post(body) for name, body in BODIES.items()}
        assert set(answers.values()) <= {400, 403, 413}, answers
        for wild in ("118 OR 1=1", "../118", "118\u202e", "9" * 400, "-1", "<script>"):
            form = {**delivery(118), "data[FIELDS][ID]": wild}
            assert live.post(form) in (200, 400), wild
        live.settle()
        assert told(live) == 0
        assert live.runs() == []
        live.person.move(2, 118, "C4:UC_REPORT")
        live.settle(60)
        assert len(read_mails(live.portal.store)) == 1


def take(live: Live, patch: pytest.MonkeyPatch, file: Path) -> Result:
    """Run `engine bank import`."""
    patch.setenv("BITRIX24_WEBHOOK_URL", live.server.webhook_url)
    patch.setenv("BITRIX24_APPLICATION_TOKEN", TOKEN)
    given = Options(live.folder / "config.yaml", "ru")
    return CliRunner().invoke(bank, ["import", str(file)], obj=given)


def paid(live: Live) -> dict[str, object]:
    return {str(row["accountNumber"]): row.get(PAID) for row in live.portal.store.rows("item_31")}


@pytest.mark.parametrize(
    "content",
    [
        b"", bomb(), b"\x00" * 1000, pdf("kl_to_1c"), statement(Doc())[:-40], statement(Doc()).replace(b"\r\n", b""),
        b"1CClientBankExchange\r\n" + b"=" * 2_000_000, "1CClientBankExchange".encode("utf-16"),
    ],
    ids=["empty", "bomb", "null", "pdf", "torn", "one line", "signs", "wide"],
)  # fmt: skip
def test_what_is_no_statement_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    with bank_office(tmp_path) as live:
        file, before = tmp_path / "kl_to_1c.txt", paid(live)
        file.write_bytes(content)
        done = take(live, monkeypatch, file)
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit) or getattr(done.exception, "code", None) == 1, (
            done.exception
        )
        live.settle()
        assert paid(live) == before
        assert told(live) == 0


def test_money_of_a_stranger_pays_nobodys_invoice_whatever_its_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        Doc("1", "100.00", f"Оплата по счету № {OPEN}", "5499007214", payer='ООО "Вектор"'),
        Doc("2", "100.00", f"Оплата по счету № {OPEN}", "0", payer='АО "Приволжский завод упаковки"'),
        Doc("3", "100.00", f"Оплата по счету № {OPEN}", "", payer="<script>alert(1)</script>"),
        *(Doc(str(10 + at), "1.00", wild, "", payer=wild) for at, wild in enumerate(WILD_TEXTS)),
    ]
    with bank_office(tmp_path) as live:
        file, before = tmp_path / "kl_to_1c.txt", paid(live)
        file.write_bytes(statement(*lines, encoding="utf-8"))
        done = take(live, monkeypatch, file)
        assert done.exit_code == 0, done.output
        live.settle(60)
        assert paid(live) == before
        assert "\u202e" not in done.output
        assert read_mails(live.portal.store) == []
        good = Doc("99", "1.00", f"Оплата по счету № {OPEN} {WILD_TEXTS[5]}", PACKAGING, payer=WILD_TEXTS[1])
        file.write_bytes(statement(good, encoding="utf-8"))
        done = take(live, monkeypatch, file)
        live.settle(60)
        assert invoice_fields(live, OPEN)[PAID] != before[OPEN], done.output
        assert {name: sum_ for name, sum_ in paid(live).items() if name != OPEN} == {
            name: sum_ for name, sum_ in before.items() if name != OPEN
        }


def test_old_documents_with_wild_names_lie_where_their_client_and_number_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [
        *(f"Н{at}{wild}"[:90] for at, wild in enumerate(WILD_TEXTS)),
        "../../7",
        "CON",
        "8\u202e",
        "=9",
    ]
    with office(tmp_path, monkeypatch) as one:
        rows = ["Номер\tДата\tИНН\tКлиент\tФайл\tПодписан"]
        for at, number in enumerate(numbers):
            one.file(f"{at}.pdf", pdf(str(at)))
            rows.append(f'"{number.replace(chr(34), chr(34) * 2)}"\t05.03.2021\t{PACKAGING}\t\t{at}.pdf\tда')
        stranger = one.file("чужой.pdf", pdf("x"))
        rows.append(f"77\t05.03.2021\t\tООО «Вектор»\t{stranger.name}\tда")
        listed, before = one.file("список.csv", "\n".join(rows).encode()), tree(one)
        done = one.run(listed, "--yes")
        assert "не ясно: 1" in done.output, done.output
        assert "\u202e" not in done.output
        one.live.settle(120)
        new = {path: names for path, names in new_in(before, tree(one)).items() if names}
        own = "/Акты выполненных работ/2021/АО «Приволжский завод упаковки»/"
        assert len(new) == len(numbers)
        assert all(path.startswith(own) and path.count("/") == 4 for path in new), new
        assert all(is_harmless(part) for path in new for part in path.split("/")[1:])
        assert all(run.status == "done" for run in one.live.runs())
        assert told(one.live) == 0


def test_a_folder_of_wild_files_is_planned_without_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        for name in (*WILD_NAMES, "Акт 5 от 05.03.2021.pdf", "Акт 6 от 06.03.2021.docx"):
            safe = name.replace("/", "_").replace("\0", "")[-120:]
            one.file(f"2021/ООО Ёлочка и Ко/{safe}", bomb(size=2_000_000) if "6" in name else pdf(name))
        (one.archive / "петля").symlink_to(one.archive)
        (one.archive / "чужое.pdf").symlink_to("/etc/hostname")
        plan = one.run(one.archive, language="en")
        assert plan.exit_code == 1
        assert "/etc/hostname" not in plan.output
        assert "чужое" not in plan.output
        assert "make: 2" in plan.output, plan.output
