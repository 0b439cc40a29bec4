"""The watched folder: a statement put there is taken in once it is whole, and moved away with a report beside it.

Decides when a file is whole and where it goes: `done/` or `refused/`. What it says is the import's affair. Nothing is
remembered between two starts: a file still there is taken in again, which changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine.bank.decoding import LARGEST
from engine.bank.refusal import StatementRefused
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.map import PortalMap
from engine.runtime.bank_import import BankImport, OthersWrite, setup_of
from engine.runtime.bank_report import imported_text, remarks_text
from engine.runtime.duties import Duty
from engine.runtime.logs import Log
from engine.runtime.portal_payments import portal_payment_duties
from engine.runtime.store import Store
from engine.settings import Settings

DONE, REFUSED = "done", "refused"
_EVERY = 2.0
# A file that seems torn may still be on its way: a slow upload pauses between two blocks.
_PATIENCE = 60.0
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".partial", ".download")
_MANY = 1000


class BankFolder:
    """Looks at `folder` and takes what is whole in by `importer`; `found` is called after a file with new lines."""

    def __init__(
        self,
        folder: Path,
        importer: BankImport,
        language: str,
        log: Log,
        found: Callable[[], None] = lambda: None,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        self._folder, self._importer, self._language = folder, importer, language
        self._log, self._found, self._patience = log, found, patience
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self) -> None:
        """Take in every file whose size has not changed since the last look; one that fails does not stop others."""
        self._folder.mkdir(parents=True, exist_ok=True)
        seen: dict[str, tuple[int, int]] = {}
        for file in sorted(self._folder.iterdir()):
            if not is_statement(file):
                continue
            stat = file.stat()
            mark = (stat.st_size, stat.st_mtime_ns)
            if self._seen.get(file.name) != mark or not self._take(file, stat.st_mtime):
                seen[file.name] = mark
        self._seen = seen

    def _take(self, file: Path, changed: float) -> bool:
        """Take a file in and move it away; False where it stays for the next look."""
        try:
            with file.open("rb") as stream:
                content = stream.read(LARGEST + 1)
            imported = self._importer.take(content, file.name)
        except StatementRefused as error:
            if time.time() - changed < self._patience:
                return False
            self._log.warning("bank", file=file.name, refused=error.text(file.name, self._language))
            return self._move(file, REFUSED, error.text(file.name, self._language) + "\n")
        except (PortalError, OthersWrite, OSError) as error:
            self._log.warning("bank", file=file.name, reason=str(error))
            return False
        new = sum(one.is_new for one in imported.outcomes)
        self._log.info("bank", file=file.name, lines=len(imported.outcomes), new=new)
        if new:
            self._found()
        text = remarks_text(self._language, imported) + imported_text(self._language, imported)
        return self._move(file, DONE, text)

    def _move(self, file: Path, where: str, report: str) -> bool:
        """The report first: a file without its report is still here at the next look."""
        target = _free(self._folder / where, file.name)
        target.parent.mkdir(exist_ok=True)
        (target.parent / f"{target.name}.report.txt").write_text(report, "utf-8")
        file.replace(target)
        return True


def is_statement(file: Path) -> bool:
    """True for an ordinary file that no browser or uploader is still writing; links out of the folder are none."""
    name = file.name.lower()
    return (
        not name.startswith((".", "~"))
        and not name.endswith(_UNFINISHED)
        and file.is_file()
        and not file.is_symlink()
    )


def _free(folder: Path, name: str) -> Path:
    """Return a name that no file bears yet: a bank gives every statement the same one."""
    stem, dot, suffix = name.rpartition(".")
    for number in range(1, _MANY):
        tail = "" if number == 1 else f"-{number}"
        target = folder / (f"{stem}{tail}{dot}{suffix}" if stem else f"{name}{tail}")
        if not target.exists():
            return target
    return folder / f"{time.time_ns()}-{name}"


def bank_duties(
    settings: Settings,
    store: Store,
    gateway: Gateway,
    portal: PortalMap,
    clock: Callable[[], datetime],
    log: Log,
    found: Callable[[], None],
) -> list[Duty]:
    """Return the work of watching and of counting the portal's own payments, as far as the settings ask for it."""
    portal_work = portal_payment_duties(settings, store, gateway, portal, clock, found)
    if settings.bank.folder is None:
        return portal_work
    importer = BankImport(store, gateway, portal, setup_of(settings), clock)
    folder = BankFolder(settings.bank.folder, importer, settings.language, log, found)
    return [Duty("bank", _EVERY, folder.look, first=_EVERY), *portal_work]
