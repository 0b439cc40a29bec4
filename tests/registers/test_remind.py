"""One letter a client about all their unsigned acts: what the plan shows is what goes, once a day, to nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.effects import MailChange
from engine.emulator.company import story
from engine.language.values import Item
from engine.registers.remind import REMIND, RemindPlan, became_of
from engine.runtime.run_list import Wanted
from engine.setup import Caps
from tests.registers.selection_case import NOW, Office, office
from tests.runtime.service_case import ACT

NUMBER = re.compile(r"А-\d{4}/\d{3}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def acts_of(desk: Office) -> dict[str, Mapping[str, object]]:
    """The portal's own rows of acts by number, read past the engine."""
    return {str(row["ufCrm12Number"]): row for row in desk.rows()}


def shown(plan: RemindPlan) -> list[tuple[str, str, str]]:
    """What the plan says would go: address, subject, text."""
    letters = [letter for one in plan.going for letter in one.letters]
    return sorted((one.to, str(one.subject), str(one.text).strip()) for one in letters)


def sent(desk: Office) -> list[tuple[str, str, str]]:
    """What went: the same of the catcher's letters."""
    found = []
    for mail in desk.letters():
        to = mail["to"]
        assert isinstance(to, list)
        found.append((str(to[0]), str(mail["subject"]), str(mail["text"]).replace("\r\n", "\n").strip()))
    return sorted(found)


def test_what_the_plan_shows_is_what_goes_and_each_is_a_run(desk: Office) -> None:
    plan = desk.plan(desk.acts())
    assert desk.letters() == []
    assert len(plan.going) == 6
    ids = desk.send(plan)
    assert sent(desk) == shown(plan)
    for one in ids:
        became = became_of(desk.service.store, one)
        assert (became.status, became.is_over) == ("done", True)
    runs = desk.service.journal.list_runs(Wanted(event=REMIND), has_steps=True)
    assert len(runs) == len(plan.going)
    assert {run.status for run in runs} == {"done"}
    attached = [mail["attachments"] for mail in desk.letters()]
    for files in attached:
        assert isinstance(files, list)
        assert [file["type"] for file in files] == ["application/pdf"]


def test_a_second_time_the_same_day_sends_nothing_and_the_plan_says_so(desk: Office) -> None:
    first = desk.plan(desk.acts())
    desk.send(first)
    again = desk.plan(desk.acts(), NOW + timedelta(hours=3))
    assert again.going == ()
    words = [one.why_not.en for one in again.reminders if one.why_not is not None]
    assert words.count("written to today, 16.03.2026") == len(first.going)
    # Two people who press at once: both plans were made before either letter went.
    desk.send(first, NOW + timedelta(minutes=1))
    assert len(desk.letters()) == len(first.going)


def test_all_acts_of_a_client_go_in_one_letter_and_no_other_client_gets_them(desk: Office) -> None:
    rows = acts_of(desk)
    one, other = rows["А-2026/007"], rows["А-2026/011"]
    # Three acts of one client: the second client's act becomes theirs, and one more is unsigned again.
    signed = rows["А-2026/001"]
    person = desk.person()
    for row in (other, signed):
        person.update(
            ACT,
            int(str(row["id"])),
            {"companyId": one["companyId"], "ufCrm12Signed": "N", "ufCrm12Scan": "", "ufCrm12Signedat": ""},
        )
    person.update(ACT, int(str(signed["id"])), {"ufCrm12Originalreceivedat": ""})
    plan = desk.plan(desk.acts())
    client = Item("company", str(one["companyId"]))
    [mine] = [reminder for reminder in plan.going if reminder.client == client]
    assert len(mine.acts) >= 2
    desk.send(plan)
    told = {to: set(NUMBER.findall(text)) for to, _, text in sent(desk)}
    owners = {number: str(row["companyId"]) for number, row in acts_of(desk).items()}
    addresses = {reminder.letters[0].to: reminder.client.id for reminder in plan.going}
    for to, numbers in told.items():
        assert {owners[number] for number in numbers} == {addresses[to]}
    assert {"А-2026/007", "А-2026/011"} <= told[mine.letters[0].to]


def test_two_clients_of_one_name_get_two_letters(desk: Office) -> None:
    row = acts_of(desk)["А-2026/007"]
    desk.person().update(ACT, int(str(row["id"])), {"companyId": story.CLIENT_NAMESAKE_SIBERIA})
    plan = desk.plan(desk.acts())
    vectors = [one for one in plan.going if one.title == "ООО «Вектор»"]
    assert len(vectors) == 2
    assert len({one.client for one in vectors}) == 2
    assert len({letter.to for one in vectors for letter in one.letters}) == 2
    desk.send(plan)
    assert sent(desk) == shown(plan)


def test_what_changes_between_plan_and_deed_is_seen(desk: Office) -> None:
    plan = desk.plan(desk.acts())
    rows = acts_of(desk)
    desk.person().update(ACT, int(str(rows["А-2026/007"]["id"])), {"ufCrm12Signed": "Y"})
    ids = desk.send(plan)
    assert len(desk.letters()) == len(plan.going) - 1
    assert all("А-2026/007" not in text for _, _, text in sent(desk))
    gone = [one for one in plan.going if Item("act", str(rows["А-2026/007"]["id"])) in one.acts]
    became = became_of(desk.service.store, ids[plan.going.index(gone[0])])
    assert "нет таких" in became.verdict.ru


def test_each_act_left_out_and_each_client_without_a_letter_is_named(desk: Office) -> None:
    person, rows = desk.person(), acts_of(desk)
    ids = {number: int(str(row["id"])) for number, row in rows.items()}
    person.update(ACT, ids["А-2026/007"], {"ufCrm12Cancelled": "Y"})
    person.update(ACT, ids["А-2026/011"], {"companyId": 0})
    person.attach(ACT, ids["А-2026/015"], "ufCrm12Scan", "scan.pdf", b"%PDF-1.4 something")
    plan = desk.plan([*desk.acts(), Item("act", "99999")])
    left = {one.title: one.why.en for one in plan.left_out}
    assert left["Акт А-2026/007"] == "cancelled"
    assert left["Акт А-2026/011"] == "the act names no client"
    assert left["Акт А-2026/015"] == "its scan waits to be checked"
    assert left["Акт А-2026/012"] == "the client has refused to sign"
    assert left["Акт А-2026/018"] == "not sent to the client yet"
    assert left["act/99999"] == "the portal has no such act"
    silent = {one.title: one.why_not.en for one in plan.reminders if one.why_not is not None}
    assert silent == {"ООО «Мир окон»": "the client has no e-mail"}
    covered = [act for one in plan.reminders for act in one.acts] + [one.act for one in plan.left_out]
    assert sorted(covered, key=str) == sorted([*desk.acts(), Item("act", "99999")], key=str)


def test_the_text_is_a_list_with_sums_and_days(desk: Office) -> None:
    plan = desk.plan(desk.acts())
    [north] = [one for one in plan.going if one.title == "ООО «Северный ветер»"]
    text = str(north.letters[0].text).replace("\xa0", " ")
    line = "• Акт А-2026/007 от 16.02.2026 на сумму 130 015,85 ₽: отправлен 16.02.2026, срок возврата истёк 24.02.2026"
    assert line in text
    assert "просрочено рабочих дней: 13" in text
    assert isinstance(north.letters[0], MailChange)
    assert [file.name for file in north.letters[0].attachments] == ["Акт А-2026-007.pdf"]


def test_the_brakes_are_known_before_they_stop_anything(desk: Office) -> None:
    spent = "INSERT INTO spent (what, hour, number) VALUES (?, ?, ?)"
    hour = int(NOW.timestamp()) // 3600
    desk.service.store.execute(spent, ("mail office@severveter.example", hour, 20))
    plan = desk.plan(desk.acts())
    [north] = [one for one in plan.reminders if one.title == "ООО «Северный ветер»"]
    assert north.letters == ()
    assert north.why_not is not None
    assert north.why_not.en == "20 letters went to office@severveter.example this hour"
    assert plan.warning is None
    few = replace(desk.remind, caps=Caps(items=3)).plan(desk.acts(), NOW, "все акты")
    assert few.warning is not None
    assert "will stop at 3 firings an hour" in few.warning.en
