"""Taking a run back from its page: first what would be taken back and what stays and why, then the deed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.decision.forms import Json
from engine.language.values import Value
from engine.runtime.accounts import OFFICE
from engine.runtime.retry import lane_of_run
from engine.runtime.undo import UNDO
from engine.web.console.desk import Desk, who
from engine.web.console.door import needs
from engine.web.console.journal_sight import require_run
from engine.web.console.look import page


def add_undo(app: Flask, desk: Desk) -> None:
    """Give `app` the undoing of a run: asked without `sure`, it only says what would be."""

    @app.post("/runs/<int:number>/undo")
    @needs(OFFICE)
    def undo(number: int) -> str | AnyResponse:
        require_run(desk, number)
        if request.form.get("sure") != "1":
            return page("run_undo.html", number=number, answer=_ask(desk, number, is_dry=True), is_done=False)
        answer = _ask(desk, number, is_dry=False)
        about = f"run/{number}"
        desk.accounts.note(who(), "undid run", about, json.dumps(answer, ensure_ascii=False))
        if answer.get("left") or answer.get("error") or answer.get("waiting"):
            return page("run_undo.html", number=number, answer=answer, is_done=True)
        return redirect(f"/runs/{number}")


def _ask(desk: Desk, number: int, *, is_dry: bool) -> Mapping[str, Json]:
    stored = desk.run(number)
    if stored is None:
        abort(404)
    params: dict[str, Value] = {"run": str(number)}
    if is_dry:
        params["dry"] = True
    return desk.ask(UNDO, params, lane=lane_of_run(desk.status.store, stored), seconds=20.0)
