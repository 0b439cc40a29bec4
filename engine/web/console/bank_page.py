"""Bank statements: a file is looked at first, then taken; what became of every line stands in a table."""

from __future__ import annotations

from flask import Flask, Response, request

from engine.bank.fates import FATES
from engine.bank.refusal import StatementRefused
from engine.runtime.accounts import OFFICE
from engine.runtime.bank_import import Imported
from engine.runtime.bank_table import BankTable
from engine.web.console.desk import Desk, language, say, who
from engine.web.console.door import needs
from engine.web.console.look import page

_LARGEST = 20 << 20
_GOOD, _BAD = frozenset({"matched", "partial", "over"}), frozenset({"doubtful", "refund"})


def add_bank(app: Flask, desk: Desk) -> None:
    """Give `app` the page of statements."""

    def shown(
        found: Imported | None = None, trouble: str = "", *, is_taken: bool = False, name: str = ""
    ) -> str:
        table = BankTable(desk.status.store)
        return page(
            "bank.html", found=found, trouble=trouble, is_taken=is_taken, name=name, queued=table.queued(),
            unwritten=table.unwritten(), fate=_fate, tone=_tone,
        )  # fmt: skip

    @app.get("/bank")
    def bank() -> str:
        return shown()

    @app.post("/bank")
    @needs(OFFICE)
    def take() -> str | Response:
        file = request.files.get("file")
        if file is None or not file.filename:
            return Response(shown(trouble=say("Выберите файл выписки.", "Choose a statement.")), 400)
        content, is_taken = file.read(_LARGEST + 1), request.form.get("do") == "take"
        if len(content) > _LARGEST:
            return Response(shown(trouble=say("Файл больше 20 МБ.", "The file is over 20 MB.")), 413)
        try:
            found = desk.bank().take(content, file.filename) if is_taken else desk.bank().look(content)
        except StatementRefused as refused:
            return Response(shown(trouble=refused.text(file.filename, language())), 400)
        if is_taken:
            desk.look_again()
            new = sum(one.is_new for one in found.outcomes)
            desk.accounts.note(who(), "imported statement", file.filename, f"{new}/{len(found.outcomes)}")
        return shown(found, is_taken=is_taken, name=file.filename)


def _fate(name: str) -> str:
    return say(*FATES.get(name, (name, name)))


def _tone(name: str) -> str:
    return "good" if name in _GOOD else "bad" if name in _BAD else ""
