"""The regulations: each rule read aloud beside its source, what fired lately, editing with a judgement as one types."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.language.diagnostics import Diagnostic
from engine.language.rendering import tell
from engine.language.rules import ActionCall, Rule
from engine.language.wording import Wording
from engine.runtime.accounts import OFFICE
from engine.runtime.drafts import Drafts, Outdated, PastEdition, digest
from engine.web.console.desk import Desk, language, say, who
from engine.web.console.door import needs
from engine.web.console.look import page
from engine.web.console.run_view import Change, said_effects
from engine.web.console.source_view import SourceLine, rule_source, text_source
from engine.web.console.stage_graph import draw_stages

_DAYS = 30
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnostic for people: where, how grave, what, and the mend."""

    file: str
    line: int
    column: int
    severity: str
    code: str
    text: str
    help: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule read aloud: when, if, then; its source, and how often it fired lately."""

    rule: Rule
    when: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    then: tuple[tuple[str, str], ...]
    source: tuple[SourceLine, ...]
    times: int
    last: str


def add_regulations(app: Flask, desk: Desk) -> None:
    """Give `app` the regulations' pages."""
    drafts = Drafts(desk.workshop, desk.status.journal, desk.status.store)

    @app.get("/regulations")
    def regulations() -> str:
        edition = desk.status.in_force.edition
        fired = drafts.fired_since(desk.status.now - timedelta(days=_DAYS))
        letters = [name for name in drafts.files() if name.endswith(".txt")]
        return page(
            "regulations.html", edition=edition, fired=fired, letters=letters, in_force=desk.status.in_force,
            found=[found_of(one) for one in desk.status.in_force.diagnostics],
            graphs=draw_stages(edition, desk.status.in_force.edition.world),
        )  # fmt: skip

    @app.get("/regulations/file/<path:name>")
    def regulation(name: str) -> str:
        text = drafts.text(name)
        if text is None:
            abort(404)
        edition = desk.status.in_force.edition
        mine = next((one for one in edition.rule_sets if one.file == name), None)
        fired = drafts.fired_since(desk.status.now - timedelta(days=_DAYS))
        sources = {name.rpartition("/")[2]: text.decode("utf-8", "replace")}
        cards = [_card(rule, desk, sources, fired) for rule in mine.rules] if mine is not None else []
        return page(
            "regulation.html", name=name, rule_set=mine, cards=cards,
            source=text_source(sources[name.rpartition("/")[2]]),
            found=[found_of(one) for one in desk.status.in_force.diagnostics if one.span.file == name],
        )  # fmt: skip

    _add_editing(app, desk, drafts)
    _add_editions(app, desk, drafts)


def _add_editing(app: Flask, desk: Desk, drafts: Drafts) -> None:
    @app.get("/regulations/edit/<path:name>")
    @needs(OFFICE)
    def edit(name: str) -> str:
        text = drafts.text(name)
        if text is None:
            abort(404)
        return _editor(desk, drafts, name, text, base=digest(text))

    @app.post("/regulations/edit/<path:name>")
    @needs(OFFICE)
    def change(name: str) -> str | AnyResponse:
        before = drafts.text(name)
        if before is None:
            abort(404)
        text = _posted()
        base = request.form.get("base", "")
        if request.headers.get("HX-Request") == "true" and "save" not in request.form:
            return page("judgement.html", **_judgement(desk, drafts, {name: text}))
        judged = _judgement(desk, drafts, {name: text})
        if "save" not in request.form or judged["errors"]:
            return _editor(desk, drafts, name, text, base=base)
        try:
            is_commit = drafts.save(name, text, base, who().shown)
        except Outdated:
            trouble = say(
                "Пока вы правили, файл изменил кто-то другой. Ваш текст ниже цел; сравните и сохраните ещё раз.",
                "Somebody has changed the file meanwhile. Your text is below; compare and save again.",
            )
            return Response(
                _editor(desk, drafts, name, text, base=digest(before), trouble=trouble, other=before), 409
            )
        except OSError as error:
            trouble = say(f"Файл не записан: {error.strerror}.", f"Not written: {error.strerror}.")
            return Response(_editor(desk, drafts, name, text, base=base, trouble=trouble), 500)
        detail = "".join(_difference(before, text))
        desk.accounts.note(who(), "saved regulation", name, detail + ("\n(git)" if is_commit else ""))
        return redirect(f"/regulations/file/{name}?saved=1")


def _add_editions(app: Flask, desk: Desk, drafts: Drafts) -> None:
    @app.get("/regulations/editions")
    def editions() -> str:
        past = drafts.past()
        steps = [
            (one, _changes(past[at + 1], one) if at + 1 < len(past) else {}) for at, one in enumerate(past)
        ]
        return page("editions.html", steps=steps, present=desk.status.in_force.edition.hash)

    @app.post("/regulations/editions/<edition>")
    @needs(OFFICE)
    def give_back(edition: str) -> AnyResponse:
        wanted = next((one for one in drafts.past(200) if one.hash == edition), None)
        if wanted is None:
            abort(404)
        changed = 0
        for name, text in wanted.files.items():
            now = drafts.text(name)
            if now is None or now == text:
                continue
            try:
                drafts.save(name, text, digest(now), who().shown)
            except (Outdated, OSError):
                # Somebody saves at this very moment, or the disk is full: what was written so far is told.
                desk.accounts.note(who(), "restored edition", edition[7:19], f"{changed} files, not {name}")
                abort(409)
            changed += 1
        desk.accounts.note(who(), "restored edition", edition[7:19], f"{changed} files")
        return redirect("/regulations/editions?restored=1")


def _posted() -> bytes:
    """Return the posted text with the line ends that files have; browsers send CR LF."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    if len(text) > _LARGEST:
        abort(413)
    return text.encode()


def _editor(
    desk: Desk,
    drafts: Drafts,
    name: str,
    text: bytes,
    *,
    base: str,
    trouble: str = "",
    other: bytes | None = None,
) -> str:
    difference = list(_difference(other, text)) if other is not None else []
    return page(
        "editor.html", name=name, text=text.decode("utf-8", "replace"), base=base, trouble=trouble,
        difference=difference, **_judgement(desk, drafts, {name: text}),
    )  # fmt: skip


def _judgement(desk: Desk, drafts: Drafts, changed: Mapping[str, bytes]) -> dict[str, object]:
    """Return what templates show of a draft: its diagnostics, and what the last events would have done by it."""
    built = drafts.judge(changed)
    present = desk.status.in_force.edition
    others = list(drafts.otherwise(built.edition, present)) if built.edition is not None else []
    is_same = built.edition is not None and built.edition.hash == present.hash
    return {
        "found": [found_of(one) for one in built.diagnostics],
        "errors": [one for one in built.diagnostics if one.is_error],
        "is_same": is_same,
        "others": [(one, *(_said(desk, effects) for effects in (one.gone, one.new))) for one in others],
    }


def _said(desk: Desk, effects: object) -> tuple[Change, ...]:
    return tuple(said_effects(effects, desk.status.in_force.edition.world))


def found_of(one: Diagnostic) -> Found:
    """Return a diagnostic in the reader's words."""
    told = tell(one, language())
    return Found(
        one.span.file,
        one.span.line,
        one.span.column,
        one.severity,
        one.code,
        told.message,
        (told.label, *told.help),
    )


def _card(
    rule: Rule, desk: Desk, sources: Mapping[str, str], fired: Mapping[str, tuple[int, str]]
) -> RuleCard:
    words = Wording(desk.status.in_force.edition.world, language())
    times, last = fired.get(rule.id, (0, ""))
    return RuleCard(
        rule,
        tuple(words.trigger(one) for one in rule.triggers),
        tuple((words.condition(one), one.text) for one in rule.conditions),
        tuple(_action(one, words) for one in rule.actions),
        rule_source(f"{rule.span.file}:{rule.span.line}:{rule.span.column}", {}, sources),
        times,
        last,
    )


def _action(call: ActionCall, words: Wording) -> tuple[str, str]:
    """Return an action and, in words, the condition that it alone has."""
    return call.action, words.expression(call.when.text) if call.when is not None else ""


def _difference(before: bytes | None, after: bytes) -> list[str]:
    old, new = (
        (text or b"").decode("utf-8", "replace").splitlines(keepends=True) for text in (before, after)
    )
    return [line for line in difflib.unified_diff(old, new, n=2) if not line.startswith(("---", "+++"))]


def _changes(before: PastEdition, after: PastEdition) -> dict[str, list[str]]:
    """Return the differences between two editions by file."""
    names = sorted(before.files.keys() | after.files.keys())
    found = {name: _difference(before.files.get(name), after.files.get(name, b"")) for name in names}
    return {name: lines for name, lines in found.items() if lines}
