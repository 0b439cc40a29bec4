"""Reports of the paragraph on law: paid without a signed act, signed without payment, reminders sent and to come."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Flask, Response, abort, request

from engine.effects import Said
from engine.registers.query import UnknownName, WrongQuery
from engine.registers.report_reading import read_report
from engine.registers.report_sheet import write_sheet
from engine.registers.report_text import next_text, rung_text, sums_text, title_of
from engine.registers.reports import CLIENT, KINDS, MANAGER, Report
from engine.runtime.accounts import INTEGRATOR
from engine.web.console.desk import Desk, language, say, who
from engine.web.console.look import page

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def add_reports(app: Flask, desk: Desk) -> None:
    """Give `app` the reports, as pages and as workbooks."""

    @app.get("/reports")
    def reports() -> str:
        made = [_report(desk, name, CLIENT) for name in KINDS]
        return page("reports.html", reports=made, sums=sums_text, said=_said)

    @app.get("/reports/<name>")
    def report(name: str) -> str:
        by = MANAGER if request.args.get("by") == MANAGER else CLIENT
        made = _report(desk, name, by)
        title = _titles(desk)
        return page(
            "report.html", report=made, by=by, sums=sums_text, said=_said, url=desk.url,
            group_title=lambda group: title_of(group, by, language()),
            rung=lambda one: rung_text(one, title, language()), coming=lambda one: next_text(one, title, language()),
        )  # fmt: skip

    @app.get("/reports/<name>.xlsx")
    def sheet(name: str) -> Response:
        by, out = (MANAGER if request.args.get("by") == MANAGER else CLIENT), io.BytesIO()
        write_sheet(_report(desk, name, by), out, language(), _titles(desk))
        response = Response(out.getvalue(), content_type=_XLSX)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
        return response


def _report(desk: Desk, name: str, by: str) -> Report:
    account = who()
    viewer = desk.counter.viewer(account.portal_user, sees_all=account.role == INTEGRATOR)
    desk.counter.refresh()
    registers = desk.counter.office.registers
    if name not in KINDS or not registers.is_ready:
        abort(404)
    try:
        return read_report(registers, desk.status.store, name, desk.status.now.date(), by=by, viewer=viewer)
    except (WrongQuery, UnknownName):
        abort(404)


def _titles(desk: Desk) -> Callable[[str], str]:
    rules = desk.status.in_force.edition.by_id
    return lambda rule: rules[rule].title if rule in rules else rule


def _said(one: Said) -> str:
    return say(one.ru, one.en)
