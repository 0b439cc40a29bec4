"""The ladder of reminders about an act that does not come back: who is told what, when, once, and what stops it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import chain, combinations
from typing import Any

import pytest

from engine.language.values import Duration
from tests.regulations.golden import EVENT, EXAMPLES, bench, simulate_content, simulate_example

FIRST, SECOND, LAST = "acts/remind-unsigned", "acts/remind-unsigned-again", "acts/unsigned-too-long"
EXAMPLE = {FIRST: "remind", SECOND: "remind-again", LAST: "unsigned-too-long"}


def forms(name: str) -> dict[str, Any]:
    """Return the JSON of an example's simulation."""
    return simulate_example(name).form


def effects(form: dict[str, Any], kind: str) -> list[Any]:
    return [one for one in form["effects"] if one["kind"] == kind]


def changed(rule: str, time: str | None = None, **fields: Any) -> dict[str, Any]:
    """Decide the example of `rule` with other fields of its act, perhaps at another time."""
    event = json.loads((EXAMPLES / f"{EXAMPLE[rule]}{EVENT}").read_text("utf-8"))
    event["facts"]["act"].update(fields)
    event["time"] = time or event["time"]
    return simulate_content(EXAMPLE[rule], json.dumps(event).encode()).form


def outcome(form: dict[str, Any], rule: str) -> str:
    return str(next(one["outcome"] for one in form["rules"] if one["id"] == rule))


def delay_of(rule: str) -> Duration:
    """Return the deadline that the shipped regulation gives a rule."""
    [trigger] = next(one.triggers for one in bench()[1].rules if one.id == rule)
    assert (trigger.kind, trigger.entity, trigger.field) == ("deadline", "act", "sent_at")
    assert trigger.delay is not None
    return trigger.delay


def test_the_rungs_are_working_days_and_the_first_is_the_term_of_return() -> None:
    rungs = [delay_of(rule) for rule in (FIRST, SECOND, LAST)]
    assert rungs == [Duration(5, "workdays"), Duration(10, "workdays"), Duration(20, "workdays")]
    assert rungs[0] == bench()[0].settings.documents.due


@pytest.mark.parametrize(("name", "copies"), [("remind", 0), ("remind-again", 1)])
def test_r34_the_client_gets_the_act_again_and_the_manager_is_told(name: str, copies: int) -> None:
    form = forms(name)
    [mail], [notice] = effects(form, "mail"), effects(form, "notice")
    assert (mail["to"], mail["attachments"]) == ("dogovor@pzu-samara.example", ["Акт А-2026-020.pdf"])
    assert "А-2026/020" in mail["subject"]
    assert "Сам акт — во вложении" in mail["text"]
    assert "19.03.2026" in mail["text"]
    assert (notice["to"], len(effects(form, "feed"))) == ("user/6", copies)
    assert "напоминание" in notice["text"]
    assert [step["action"] for step in form["plan"]] == ["mail.send", "notify"]


def test_the_last_rung_speaks_to_the_manager_alone() -> None:
    form = forms("unsigned-too-long")
    assert [one["kind"] for one in form["effects"]] == ["notice"]
    assert "рабочих дней прошло — 20" in form["effects"][0]["text"]
    assert "не прошёл проверку" not in form["effects"][0]["text"]
    assert "не прошёл проверку" in forms("unsigned-too-long-scan-unchecked")["effects"][0]["text"]


@pytest.mark.parametrize("name", ["remind-no-email", "remind-again-no-email"])
def test_a_client_without_an_address_is_told_to_the_manager(name: str) -> None:
    form = forms(name)
    assert effects(form, "mail") == []
    [notice] = effects(form, "notice")
    assert "нет e-mail, письмо не отправлено" in notice["text"]
    assert "отправлено напоминание" not in notice["text"]


@pytest.mark.parametrize("name", ["remind-no-file", "remind-again-no-file"])
def test_an_act_without_its_file_or_term_is_reminded_of_and_no_attachment_promised(name: str) -> None:
    [mail] = effects(forms(name), "mail")
    assert mail["attachments"] == []
    assert "влож" not in mail["text"]
    assert "  " not in mail["text"].replace("\u00a0", "_")


def test_an_address_that_is_none_claims_nothing() -> None:
    event = json.loads((EXAMPLES / f"remind{EVENT}").read_text("utf-8"))
    event["facts"]["deal"]["client"]["email"] = "бухгалтерия"
    form: dict[str, Any] = simulate_content("remind", json.dumps(event).encode()).form
    assert [step["status"] for step in form["plan"]] == ["undecided", "skipped"]


GATES = {
    "signed": "уже подписан",
    "paper-original": "уже подписан",
    "cancelled": "аннулирован",
    "refused": "отказался подписать акт А-2026/020: не согласны с п. 2",
    "lost": "проигранных не трогает",
    "sent-again": "рабочих дней прошло 1",
}
CLIENT_GATES = {
    "scan-unchecked": "ждёт проверки менеджером",
    "term-extended": "02.04.2026",
    "late-by-weeks": "рабочих дней прошло",
}
SHUT = [
    *((rule, gate, why) for rule in EXAMPLE for gate, why in GATES.items()),
    *((rule, gate, why) for rule in (FIRST, SECOND) for gate, why in CLIENT_GATES.items()),
]


@pytest.mark.parametrize(("rule", "gate", "why"), SHUT)
def test_every_gate_stops_it_alone_and_in_words(rule: str, gate: str, why: str) -> None:
    form = forms(f"{EXAMPLE[rule]}-{gate}")
    assert (form["effects"], form["plan"]) == ([], [])
    assert outcome(form, rule) == "condition_false"
    [woken] = [one for one in form["rules"] if one["id"] == rule]
    [shut] = [one for one in woken["conditions"] if one["result"] is not True]
    assert why in shut["else"]
    assert why in form["verdict"]["ru"]


def test_what_nobody_knows_reminds_nobody() -> None:
    form = forms("remind-undecided-refusal")
    assert (outcome(form, FIRST), form["effects"]) == ("undecided", [])


ENDS: dict[str, tuple[str, object]] = {
    "signed": ("act", True),
    "cancelled": ("act", True),
    "original_received_at": ("act", "2026-03-18"),
    "refusal": ("act", "не согласны с п. 2"),
    "scan": ("act", {"name": "скан.pdf", "size": 28311552, "kind": "pdf", "sha256": "7e" * 32}),
    "stage": ("deal", "lost"),
}


@pytest.mark.parametrize("rule", EXAMPLE)
def test_it_speaks_where_nothing_ends_the_wait_and_never_else(rule: str) -> None:
    """All combinations of what ends the wait; a scan that failed its check ends the letters, not the last notice."""
    text = (EXAMPLES / f"{EXAMPLE[rule]}{EVENT}").read_text("utf-8")
    for chosen in chain.from_iterable(combinations(ENDS, count) for count in range(len(ENDS) + 1)):
        event = json.loads(text)
        for name in chosen:
            part, value = ENDS[name]
            event["facts"][part][name] = value
        form = simulate_content(EXAMPLE[rule], json.dumps(event).encode()).form
        may_speak = set(chosen) <= ({"scan"} if rule == LAST else set())
        assert (outcome(form, rule) == "fired", bool(form["effects"])) == (may_speak, may_speak), chosen


def keys(form: dict[str, Any]) -> list[str]:
    return [step["key"] for step in form["plan"]]


NEXT = dict(zip(EXAMPLE, (f"2026-{day}T10:00:00+03:00" for day in ("03-20", "03-27", "04-10")), strict=True))
"""When each rung comes if the act had left a working day later than the examples say."""


@pytest.mark.parametrize("rule", EXAMPLE)
def test_one_file_is_reminded_of_once_a_rung_and_a_mended_act_anew(rule: str) -> None:
    first = keys(changed(rule))
    assert None not in first
    assert len(set(first)) == len(first)
    other = (EXAMPLES / f"{EXAMPLE[rule]}{EVENT}").read_text("utf-8").replace("act/43", "act/44")
    other = other.replace('"id": 43', '"id": 44')
    assert not set(keys(simulate_content("other", other.encode()).form)) & set(first)
    resent = changed(rule, NEXT[rule], sent_at="2026-03-13T10:00:00+03:00")
    assert keys(resent) == first
    mended = {"name": "Акт А-2026-020.pdf", "size": 32001, "kind": "pdf", "sha256": "c3" * 32}
    assert not set(keys(changed(rule, document=mended))) & set(first)


def test_the_rungs_share_no_key() -> None:
    found = [key for rule in EXAMPLE for key in keys(changed(rule))]
    assert len(set(found)) == len(found) == 5


def test_no_moment_sends_a_client_two_letters() -> None:
    """However late the timers are: an engine that stood for months sends one letter at most, and then none."""
    sent = datetime.fromisoformat("2026-03-12T12:40:00+03:00")
    seen = set()
    for hours in range(24, 24 * 60, 13):
        at = (sent + timedelta(hours=hours)).isoformat()
        fired = [rule for rule in (FIRST, SECOND) if effects(changed(rule, at), "mail")]
        assert len(fired) <= 1, at
        seen.update(fired)
    assert seen == {FIRST, SECOND}
    assert effects(changed(LAST, "2026-09-01T09:00:00+03:00"), "notice")


@pytest.mark.parametrize(
    ("sent", "five", "ten"),
    [
        # 1 May is off; the Saturday 9 May is given back on Monday 11 May.
        ("2026-04-30T17:00", "2026-05-08T17:00", "2026-05-18T17:00"),
        # 31 December 2025 and 9 January 2026 are days off by transfer (Government decrees 1335 of 2024, 1466 of 2025).
        ("2025-12-29T17:00", "2026-01-15T17:00", "2026-01-22T17:00"),
        ("2026-01-03T12:00", "2026-01-16T12:00", "2026-01-23T12:00"),
        # Saturday 1 November 2025 is a working day, for Monday 3 November.
        ("2025-10-31T09:30", "2025-11-10T09:30", "2025-11-17T09:30"),
        # 12 June is off.
        ("2026-06-08T11:00", "2026-06-16T11:00", "2026-06-23T11:00"),
        ("2026-03-12T12:40", "2026-03-19T12:40", "2026-03-26T12:40"),
    ],
)
def test_the_rungs_fall_on_working_days_of_the_production_calendar(sent: str, five: str, ten: str) -> None:
    """And each rule, asked at its moment, fires; the first one asked at the second's moment leaves it to that."""
    calendar, start = bench()[0].calendar, datetime.fromisoformat(f"{sent}+03:00")
    for rule, due in ((FIRST, five), (SECOND, ten)):
        day = calendar.add_workdays(start.date(), delay_of(rule).amount)
        assert day == datetime.fromisoformat(due).date()
        assert calendar.is_workday(day)
        act = {"sent_at": f"{sent}:00+03:00", "due_at": f"{five[:10]}T23:59:59+03:00"}
        assert outcome(changed(rule, f"{due}:00+03:00", **act), rule) == "fired"
    assert outcome(changed(FIRST, f"{ten}:00+03:00", **act), FIRST) == "condition_false"
