"""The registers: saved filters with their counts, any condition, columns, sums, and what is done with a selection."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.language.formats import money_text
from engine.language.values import Item, Value
from engine.registers.export import write_export
from engine.registers.noting import EXPORTED, note_taken
from engine.registers.printing import UnfitPaper
from engine.registers.query import (
    Column,
    Page,
    Query,
    Register,
    RegisterRow,
    UnknownName,
    WrongQuery,
    in_language,
)
from engine.registers.shown import cell_text, word_of
from engine.runtime.accounts import INTEGRATOR, OFFICE
from engine.runtime.commands import COMMAND
from engine.web.console.condition import CONDITIONS, Asked, Unfit, read_condition
from engine.web.console.desk import Desk, is_part, language, say, who
from engine.web.console.door import needs
from engine.web.console.look import page
from engine.web.console.register_numbers import CARDS, Numbers
from engine.web.console.regulations import Found, found_of

SIZES = (25, 50, 100, 200)
_GOOD = frozenset({"signed", "in_force"})
_BAD = frozenset({"overdue", "refused", "paid_unsigned", "signed_unpaid", "expired", "terminated"})
# By what people call an item of another kind, the best first.
_NAMING = ("short_name", "title", "name", "number")
_MOST_PAPERS = 500
_MOST_ITEMS, _MOST_COLUMNS = 5000, 60
_UNFIT = {
    "sign": ("Такой знак к этому полю не подходит.", "This sign does not fit the field."),
    "number": ("Здесь нужно число: 100 000 или 99,5.", "A number is needed: 100000 or 99.5."),
    "date": ("Здесь нужна дата: 31.01.2026.", "A date is needed: 31.01.2026."),
    "choice": ("Такого значения у поля не бывает.", "The field has no such value."),
    "yes_no": ("Здесь нужно «да» или «нет».", "Yes or no is needed."),
    "value": ("Напишите значение.", "Write a value."),
    "field": ("Такого поля нет.", "There is no such field."),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its column's path and title, its text, a link to the portal, a tone for states; `is_figure` for sums."""

    path: str
    title: str
    text: str
    url: str = ""
    tone: str = ""
    is_figure: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row: the item's id, its page on the portal, its cells."""

    id: str
    url: str
    cells: tuple[Cell, ...]


def add_registers(app: Flask, desk: Desk) -> None:
    """Give `app` the registers."""
    numbers = Numbers(desk)

    @app.get("/registers")
    def registers() -> AnyResponse:
        return redirect("/registers/acts")

    @app.get("/registers/<name>")
    def register(name: str) -> str | Response | AnyResponse:
        return _page(desk, numbers, name)

    @app.get("/registers/<name>/cards")
    def cards(name: str) -> str:
        register, query = _register(desk, name), _query(desk, name, plain=True)
        numbers.refresh()
        made = numbers.cards(query, lambda one: _told(desk, one))
        titles = {one.name: in_language(one.title, language()) for one in register.presets}
        return page("register_cards.html", cards=made, titles=titles, name=name, bad=_BAD)

    @app.get("/registers/<name>/chips")
    def presets(name: str) -> str:
        register = _register(desk, name)
        numbers.refresh()
        counts = numbers.counts(_query(desk, name, plain=True))
        return page("register_chips.html", presets=_chips(register, counts), name=name, counts=counts)

    @app.get("/registers/<name>/export.<ending>")
    def export(name: str, ending: str) -> Response:
        _register(desk, name)
        if ending not in ("xlsx", "csv"):
            abort(404)
        return _export(desk, _query(desk, name), f".{ending}")

    @app.get("/registers/<name>/print.pdf")
    def printed(name: str) -> str | Response:
        return _print(desk, name)

    @app.get("/registers/<name>/papers.zip")
    def zipped(name: str) -> str | Response:
        return _zip(desk, name)

    _add_reminding(app, desk)
    _add_commands(app, desk)


def _register(desk: Desk, name: str) -> Register:
    try:
        return desk.counter.office.registers.register(name)
    except UnknownName:
        abort(404)


def _query(desk: Desk, name: str, *, plain: bool = False) -> Query:
    """Return the question that the address asks, with the reader's own eyes; `plain` leaves the filters out."""
    asked = request.values
    account = g.account
    viewer = desk.counter.viewer(account.portal_user, sees_all=account.role == INTEGRATOR)
    if plain:
        return Query(name, viewer=viewer)
    number, size = asked.get("page", "1"), asked.get("size", "50")
    return Query(
        name,
        where=asked.get("where", "")[:2000],
        preset=asked.get("preset", "")[:100],
        search=asked.get("q", "")[:200],
        viewer=viewer,
        sort=asked.get("sort", "")[:200],
        columns=tuple(one[:200] for one in dict.fromkeys(asked.getlist("column")))[:_MOST_COLUMNS],
        items=tuple(one[:40] for one in asked.getlist("item")[:_MOST_ITEMS]),
        page=int(number) if number.isdecimal() and len(number) < 9 and int(number) else 1,
        size=int(size) if size in map(str, SIZES) else 50,
    )


def _page(desk: Desk, numbers: Numbers, name: str) -> str | Response | AnyResponse:
    register, registers = _register(desk, name), desk.counter.office.registers
    query, found, trouble, answer = _query(desk, name), list[Found](), "", None
    if request.args.get("field"):
        try:
            return redirect(_with_condition(desk, register))
        except Unfit as unfit:
            trouble = say(*_UNFIT[unfit.why])
    numbers.refresh()
    try:
        answer = registers.select(replace(query, items=()))
    except WrongQuery as wrong:
        found = [found_of(one) for one in wrong.diagnostics]
    except UnknownName as unknown:
        trouble = in_language(unknown.said, language())
    counts = numbers.at_hand(_query(desk, name, plain=True)) if registers.is_ready else {}
    columns = answer.columns if answer else register.columns
    values = {
        "name": name, "register": register, "query": query, "found": found, "trouble": trouble, "answer": answer,
        "lines": [_line(desk, register, row, answer.columns) for row in answer.rows] if answer else [],
        "heads": _heads(columns, query.sort), "counts": counts, "presets": _chips(register, counts),
        "sums": _sums(answer) if answer else "", "pages": -(-answer.total // query.size) if answer else 0,
        "is_ready": registers.is_ready, "sizes": SIZES, "say": lambda said: in_language(said, language()),
        "commands": desk.counter.commands(register.entity), "conditions": CONDITIONS,
        "fields": [(one.path, in_language(one.title, language())) for one in _choosable(desk, register)],
        "shown": [one.path for one in columns], "filters": urlencode(_kept("page", "part")),
        "has_cards": name in CARDS, "is_blind": not _sees_anything(query),
    }  # fmt: skip
    return page("register_rows.html" if is_part() else "register.html", **values)


def _told(desk: Desk, query: Query) -> tuple[int, str]:
    answer = desk.counter.office.registers.select(query)
    return answer.total, _sums(answer)


def _chips(register: Register, counts: Mapping[str, int] | None) -> list[tuple[str, str, bool, int | None]]:
    """Return the saved filters: words, address, whether chosen, how many rows; the rest of the question stays."""
    rest, chosen = _kept("preset", "page", "part"), request.args.get("preset", "")
    return [
        (
            in_language(one.title, language()),
            f"/registers/{register.name}?" + urlencode([*rest, ("preset", one.name)]),
            one.name == chosen,
            counts.get(one.name, 0) if counts is not None else None,
        )
        for one in register.presets
    ]


def _sees_anything(query: Query) -> bool:
    """False where the person has no role that shows any row, which is said in place of an empty list."""
    owners = query.viewer.owners()
    return owners is None or bool(owners)


def _with_condition(desk: Desk, register: Register) -> str:
    """Return the address with one more condition, from the form's field, sign and value. Raises Unfit."""
    given, path = request.args, request.args.get("field", "")
    column = next((one for one in _choosable(desk, register) if one.path == path), None)
    if column is None:
        raise Unfit("field")
    words = {one: word_of(register.entity, column, one, language()) for one in column.type.options}
    name = ""
    if column.type.kind == "item":
        known = desk.status.in_force.edition.world.entities[column.type.entity].fields
        name = next((one for one in _NAMING if one in known), "")
    asked = Asked(path, column.type, words, name)
    condition, where = (
        read_condition(asked, given.get("sign", ""), given.get("value", "")),
        given.get("where", "").strip(),
    )
    rest = _kept("field", "sign", "value", "where", "page")
    both = f"({where}) and {condition}" if where else condition
    return f"/registers/{register.name}?" + urlencode([*rest, ("where", both)])


def _kept(*without: str) -> list[tuple[str, str]]:
    """Return the address's parameters but for some."""
    return [(key, value) for key, value in request.args.items(multi=True) if key not in without]


def _choosable(desk: Desk, register: Register) -> Sequence[Column]:
    """Return the columns that a person may choose: the register's own, then all fields of its item."""
    registers = desk.counter.office.registers
    fields = desk.status.in_force.edition.world.entities[register.entity].fields
    more = [name for name, spec in fields.items() if spec.type.kind not in ("list", "file")]
    paths = list(dict.fromkeys([*(one.path for one in register.columns), *more]))
    return registers.columns(register, paths)


def _heads(columns: Sequence[Column], sort: str) -> list[tuple[str, str, str, bool]]:
    """Return each column's title, the sort that a click on it asks for, and how it is sorted now."""
    heads = []
    for one in columns:
        now = "ascending" if sort == one.path else "descending" if sort == f"-{one.path}" else ""
        asked = f"-{one.path}" if now == "ascending" else one.path
        heads.append((in_language(one.title, language()), asked, now, one.type.kind in ("money", "number")))
    return heads


def _line(desk: Desk, register: Register, row: RegisterRow, columns: Sequence[Column]) -> Line:
    cells = []
    for column, value in zip(columns, row.cells, strict=True):
        text = cell_text(register.entity, column, value, language())
        is_state = column.path == "state"
        tone = ("good" if value in _GOOD else "bad" if value in _BAD else "wait") if is_state else ""
        cells.append(
            Cell(
                column.path, in_language(column.title, language()), text, _link(desk, row, column, value), tone,
                column.type.kind in ("money", "number"),
            )
        )  # fmt: skip
    return Line(row.item.id, desk.url(row.item), tuple(cells))


def _link(desk: Desk, row: RegisterRow, column: Column, value: Value) -> str:
    if isinstance(value, Item):
        return desk.url(value)
    return desk.url(row.item) if column.path in ("number", "title") else ""


def _sums(answer: Page) -> str:
    """Return the sum of the amounts, one a currency."""
    return " + ".join(money_text(one) for one in answer.sums.get("amount", ()))


def _export(desk: Desk, query: Query, ending: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="reglament-export-") as folder:
        file = Path(folder) / f"{query.register}{ending}"
        try:
            answer = write_export(
                desk.counter.office.registers, query, file, language(), desk.workshop.settings.company
            )
        except (WrongQuery, UnknownName):
            abort(400)
        note_taken(desk.status.store, EXPORTED, query, answer.total, file.name, desk.status.now)
        desk.look_again()
        return _download(file.read_bytes(), file.name)


def _download(content: bytes, name: str, *, kind: str = "", is_shown: bool = False) -> Response:
    kinds = {
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".csv": "text/csv; charset=utf-8",
        ".pdf": "application/pdf",
        ".zip": "application/zip",
    }
    response = Response(content, content_type=kind or kinds[Path(name).suffix])
    response.headers["Content-Disposition"] = f'{"inline" if is_shown else "attachment"}; filename="{name}"'
    return response


def _print(desk: Desk, name: str) -> str | Response:
    _register(desk, name)
    query, out = _query(desk, name), io.BytesIO()
    if len(desk.counter.items(query)) > _MOST_PAPERS:
        return _too_many(name)
    try:
        printed = desk.counter.print(query, out, are_signed=request.args.get("signed") == "1")
    except UnfitPaper as unfit:
        return page("papers.html", name=name, faults=[], trouble=in_language(unfit.why, language()))
    except Exception as error:  # noqa: BLE001 — the portal's refusals are not this room's to know; words are
        return page("papers.html", name=name, faults=[], trouble=str(error))
    if printed.faults and request.args.get("anyway") != "1":
        return page("papers.html", name=name, faults=printed.faults, taken=len(printed.taken), trouble="")
    return _download(out.getvalue(), f"{name}.pdf", is_shown=True)


def _zip(desk: Desk, name: str) -> str | Response:
    _register(desk, name)
    query, out = _query(desk, name), io.BytesIO()
    if len(desk.counter.items(query)) > _MOST_PAPERS:
        return _too_many(name)
    zipped = desk.counter.zip(query, out, are_signed=request.args.get("signed") == "1")
    if zipped.faults and request.args.get("anyway") != "1":
        return page("papers.html", name=name, faults=zipped.faults, taken=len(zipped.names), trouble="")
    return _download(out.getvalue(), f"{name}.zip")


def _too_many(name: str) -> str:
    text = say(
        f"За раз берётся не больше {_MOST_PAPERS} документов: сузьте отбор.",
        f"At most {_MOST_PAPERS} papers at once: narrow the selection.",
    )
    return page("papers.html", name=name, faults=[], trouble=text)


def _add_reminding(app: Flask, desk: Desk) -> None:
    @app.get("/registers/acts/remind")
    @needs(OFFICE)
    def plan_reminders() -> str:
        query = _query(desk, "acts")
        return page(
            "remind.html", plan=desk.counter.plan_reminders(query), query=query, is_sent=False, **_said()
        )

    @app.post("/registers/acts/remind")
    @needs(OFFICE)
    def send_reminders() -> str:
        query = _query(desk, "acts")
        plan = desk.counter.plan_reminders(query)
        ids = desk.counter.send(plan)
        letters = sum(len(one.letters) for one in plan.going)
        desk.accounts.note(who(), "sent reminders", plan.selection, f"{letters}: {', '.join(ids)}")
        return page("remind.html", plan=plan, query=query, is_sent=True, **_said())


def _said() -> dict[str, object]:
    return {
        "say": lambda said: in_language(said, language()) if said is not None else "",
        "asked": list(request.values.items(multi=True)),
    }


def _add_commands(app: Flask, desk: Desk) -> None:
    @app.get("/registers/<name>/run/<command>")
    @needs(OFFICE)
    def plan_command(name: str, command: str) -> str:
        register = _register(desk, name)
        if command not in dict(desk.counter.commands(register.entity)):
            abort(404)
        cases = desk.counter.plan_command(command, _query(desk, name))
        title = dict(desk.counter.commands(register.entity))[command]
        return page(
            "command.html", name=name, command=command, title=title, cases=cases, answer=None, **_said()
        )

    @app.post("/registers/<name>/run/<command>")
    @needs(OFFICE)
    def give_command(name: str, command: str) -> str:
        register = _register(desk, name)
        if command not in dict(desk.counter.commands(register.entity)):
            abort(404)
        title = dict(desk.counter.commands(register.entity))[command]
        cases = desk.counter.plan_command(command, _query(desk, name))
        items = tuple(str(one.item) for one in cases if one.why_not is None)
        answer = desk.ask(COMMAND, {"name": command, "items": items}) if items else {"events": 0}
        desk.accounts.note(who(), "gave command", command, ", ".join(items))
        return page(
            "command.html", name=name, command=command, title=title, cases=cases, answer=answer, **_said()
        )
