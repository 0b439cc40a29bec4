"""The watched folder: taken in once whole, moved away with a report, partial uploads waited for, names used again."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

from engine.emulator.company.bank import statement as demo
from engine.emulator.faults import Fault
from engine.runtime.bank_folder import BankFolder
from engine.runtime.logs import open_log
from tests.bank.bank_case import PAID, Doc, bank_office, importer, invoice_fields, statement
from tests.bank.test_once import PART
from tests.runtime.service_case import Live


def watch(live: Live, folder: Path, patience: float = 60.0) -> BankFolder:
    """Return the folder's watch beside the running engine."""
    folder.mkdir(exist_ok=True)
    return BankFolder(folder, importer(live), "ru", open_log(io.StringIO()), patience=patience)


def names(folder: Path) -> list[str]:
    """Return every file below a folder."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def put(file: Path, content: bytes, age: float = 0.0) -> None:
    """Write a file that was last changed `age` seconds ago."""
    file.write_bytes(content)
    os.utime(file, (time.time() - age, time.time() - age))


def test_files_in_the_folder(tmp_path: Path) -> None:
    inbox = tmp_path / "bank"
    with bank_office(tmp_path / "office") as live:
        folder = watch(live, inbox)
        inbox.joinpath("kl_to_1c.txt").write_bytes(demo())
        folder.look()
        assert names(inbox) == ["kl_to_1c.txt"]  # seen once: it may still be growing
        folder.look()
        assert names(inbox) == ["done/kl_to_1c.txt", "done/kl_to_1c.txt.report.txt"]
        report = (inbox / "done" / "kl_to_1c.txt.report.txt").read_text("utf-8")
        assert "Строк: 14, новых: 14" in report
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"
        # The bank gives every statement the same name; this one overlaps the first.
        inbox.joinpath("kl_to_1c.txt").write_bytes(demo())
        folder.look()
        folder.look()
        assert "done/kl_to_1c-2.txt" in names(inbox)
        assert "новых: 0" in (inbox / "done" / "kl_to_1c-2.txt.report.txt").read_text("utf-8")
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"


def test_a_partial_upload_is_waited_for_and_a_torn_file_refused(tmp_path: Path) -> None:
    inbox, whole = tmp_path / "bank", statement(PART)
    with bank_office(tmp_path / "office") as live:
        folder = watch(live, inbox)
        put(inbox / "half.txt", whole[:400])
        put(inbox / "torn.txt", whole[:400], age=300)
        put(inbox / "other.txt", statement(Doc("900", purpose="за услуги")))
        put(inbox / "upload.txt.part", whole)
        put(inbox / ".hidden", whole)
        (inbox / "link.txt").symlink_to(tmp_path / "office" / "config.yaml")
        for _ in range(3):
            folder.look()
        assert names(inbox) == [
            ".hidden", "done/other.txt", "done/other.txt.report.txt", "half.txt", "link.txt",
            "refused/torn.txt", "refused/torn.txt.report.txt", "upload.txt.part",
        ]  # fmt: skip
        assert "оборван" in (inbox / "refused" / "torn.txt.report.txt").read_text("utf-8")
        put(inbox / "half.txt", whole)
        folder.look()
        folder.look()
        assert "done/half.txt" in names(inbox)
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"


def test_a_portal_that_is_away_leaves_the_file_where_it_is(tmp_path: Path) -> None:
    inbox = tmp_path / "bank"
    with bank_office(tmp_path / "office") as live:
        folder = watch(live, inbox)
        put(inbox / "kl.txt", statement(PART))
        live.portal.faults = live.portal.command_faults = lambda seen: (
            Fault(403, "ACCESS_DENIED") if "requisite" in seen.method or seen.method == "batch" else None
        )
        for _ in range(3):
            folder.look()
        assert names(inbox) == ["kl.txt"]
        live.portal.faults = live.portal.command_faults = None
        folder.look()
        assert "done/kl.txt" in names(inbox)


def test_the_running_engine_watches(tmp_path: Path) -> None:
    with bank_office(tmp_path, bank="\nbank:\n  folder: ./bank\n") as live:
        inbox = tmp_path / "bank"
        for _ in range(200):
            if inbox.exists():
                break
            time.sleep(0.05)
        put(inbox / "kl.txt", statement(PART))
        for _ in range(400):
            if (inbox / "done" / "kl.txt").exists():
                break
            time.sleep(0.05)
        live.settle(60)
        assert invoice_fields(live, "СЧ-2026/005")[PAID] == "65000.00|RUB"
