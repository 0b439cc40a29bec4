"""The optional strict set: its examples are true, and on a running portal it files nothing that nobody confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from engine.emulator.company import story
from engine.emulator.demo import drive_tree
from engine.emulator.person import Person
from engine.runtime.questions import list_questions
from tests.cli.conftest import start
from tests.runtime.service_case import ACT, Live, running
from tests.scans.scan_case import heic, photo, saved, sheet
from tests.scans.strict_case import (
    FOLDER,
    PLAN,
    STRICT,
    names,
    plan_file,
    printed_plan,
    strict,
    switch_on,
)

SCAN, SIGNED = "ufCrm12Scan", "ufCrm12Signed"


def test_the_set_is_off_as_shipped_and_sound_when_switched_on() -> None:
    edition = strict()[1]
    mine = {rule.id for rule in edition.rules if rule.id.startswith("strict-scans/")}
    assert len(mine) == 6
    off = {rule.id for rule in edition.rules if rule.is_disabled}
    assert off == {"acts/store-signed-act", "acts/scan-refused", "acts/scan-replaced"}


def test_every_example_has_its_plan_and_every_rule_its_example() -> None:
    assert {file.name.removesuffix(PLAN) for file in FOLDER.glob(f"*{PLAN}")} == set(names())
    whole = "".join(plan_file(name).read_text("utf-8") for name in names())
    for rule in strict()[1].rules:
        if rule.id.startswith("strict-scans/"):
            assert f"✓ {rule.id}" in whole


@pytest.mark.parametrize("name", names())
def test_the_plan_is_what_the_simulation_prints(name: str) -> None:
    assert printed_plan(name) == plan_file(name).read_text("utf-8")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    switch_on(tmp_path / "regulations")
    (tmp_path / "regulations" / STRICT.name).unlink()
    with running(tmp_path, STRICT.read_text("utf-8")) as found:
        yield found


def act_of(live: Live) -> dict[str, object]:
    found = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": story.DEAL_UNSIGNED_UNPAID})[
        "items"
    ]
    return dict(live.call("crm.item.get", entityTypeId=ACT, id=found[0]["id"])["item"])


def attach(live: Live, name: str, content: bytes) -> None:
    Person(live.portal, 6).attach(ACT, int(str(act_of(live)["id"])), SCAN, name, content)
    live.settle()


def last_notice(live: Live) -> str:
    return str(dict(live.portal.store.rows("notice")[-1])["MESSAGE"])


def filed(live: Live, content: bytes) -> list[str]:
    digest = sha256(content).hexdigest()
    return [str(row["path"]) for row in drive_tree(live.portal) if row.get("sha256") == digest]


def queue(live: Live, *words: str) -> tuple[int, str, str]:
    ran = start(("queue", *words, "--config", live.folder / "config.yaml", "--lang", "ru"), live.folder)
    return ran.code, ran.out, ran.err


def test_from_a_phones_picture_to_a_signed_act_on_the_drive(live: Live) -> None:
    act = act_of(live)
    number = str(act["ufCrm12Number"])
    # Another act's, and a torn one: told why, nobody asked, nothing filed.
    attach(live, "не тот.jpg", saved(sheet("А-2026/999"), "JPEG"))
    assert "это другой документ, на нём номер А-2026/999" in last_notice(live)
    attach(live, "половина.jpg", saved(sheet(number), "JPEG")[:30_000])
    assert "повреждён или закрыт паролем" in last_notice(live)
    assert list_questions(live.service.store) == []
    # A phone's picture of the right act.
    picture = heic(photo(sheet(number)))
    attach(live, "IMG_2043.HEIC", picture)
    [question] = list_questions(live.service.store)
    assert "Номер акта на нём найден" in question.text
    assert f"engine queue answer {question.id} да" in last_notice(live)
    assert act_of(live)[SIGNED] == "N"
    assert filed(live, picture) == []

    code, out, _ = queue(live, "list", "--as", f"user/{question.asked[0]}", "--format", "json")
    assert code == 0
    assert [one["kind"] for one in json.loads(out)["waiting"]] == ["question"]
    code, out, _ = queue(live, "show", str(question.id))
    assert code == 0
    assert "ждёт ответа" in out
    assert "IMG_2043.HEIC" in out
    code, _, err = queue(live, "answer", str(question.id), "пожалуй")
    assert code == 1
    assert "можно: да, нет" in err
    code, out, _ = queue(live, "answer", str(question.id), "да", "--comment", "печать видна")
    assert code == 0
    assert "Принято" in out
    live.service._lanes.look_again()
    live.settle()
    assert act_of(live)[SIGNED] == "Y"
    [path] = filed(live, picture)
    assert path.startswith("Акты выполненных работ/2026/")
    assert path.endswith(f"/Акт {number.replace('/', '-')}/IMG_2043.HEIC")
    code, _, err = queue(live, "answer", str(question.id), "нет")
    assert code == 1
    assert "уже ответили «да»" in err
    code, out, _ = queue(live, "list")
    assert (code, out) == (0, "Никто ничего не ждёт.\n")


def test_no_files_nothing_and_a_better_scan_asks_again(live: Live) -> None:
    number = str(act_of(live)["ufCrm12Number"])
    attach(live, "скан.jpg", saved(sheet(number), "JPEG"))
    [first] = list_questions(live.service.store)
    assert queue(live, "answer", str(first.id), "нет", "--comment", "нет печати")[0] == 0
    live.service._lanes.look_again()
    live.settle()
    assert act_of(live)[SIGNED] == "N"
    assert "нет подписи или печати клиента (нет печати)" in last_notice(live)
    attach(live, "скан 2.jpg", saved(sheet(number), "JPEG", quality=95))
    [second] = list_questions(live.service.store)
    assert second.id != first.id
