"""Scans as strangers send them: wild names, wild bytes, namesakes, renamed clients. Nothing lies in a wrong folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.emulator.mailbox import read_mails
from tests.hostile.hostile_case import WILD_NAMES, act_in, bomb, is_harmless, new_in, rename, tree
from tests.registers.legacy_case import Office, office, pdf

ACT, SCAN = 1044, "ufCrm12Scan"


def notices(one: Office) -> list[str]:
    return [str(row["MESSAGE"]) for row in one.rows("notice")]


def test_wild_names_stay_in_the_acts_own_folder_and_each_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        act, before = act_in(one, 15), tree(one)
        for number, name in enumerate(WILD_NAMES):
            one.live.person.attach(ACT, act["id"], SCAN, name, pdf(f"{number}"))
            one.live.settle(60)
        new = new_in(before, tree(one))
        own = "/Акты выполненных работ/2026/АО «Приволжский завод упаковки»/Акт П-15"
        assert {path for path, names in new.items() if names} == {own}, new
        assert len(new[own]) == len(WILD_NAMES)
        assert [name for name in new[own] if not is_harmless(name)] == []
        assert all(run.status == "done" for run in one.live.runs())
        assert one.live.person.get(ACT, act["id"])["ufCrm12Signed"] == "Y"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("акт.pdf", b"MZ\x90\x00" + b"\x00" * 200, "это не PDF и не изображение"),
        ("акт.pdf", b"<html><script>alert(1)</script></html>", "это не PDF и не изображение"),
        ("акт.pdf", bomb(), "это не PDF и не изображение"),
        ("акт.pdf", b"%PDF-1.4\n" + b"\0" * (20 * 1024 * 1024 + 1), "файл больше 20 МБ"),
        ("акт.pdf.exe", b"#!/bin/sh\nrm -rf /\n", "это не PDF и не изображение"),
    ],
    ids=["program", "html", "bomb", "huge", "shell"],
)
def test_what_is_no_scan_is_refused_in_words_and_filed_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, why: str
) -> None:
    with office(tmp_path, monkeypatch) as one:
        act, before = act_in(one, 15), tree(one)
        one.live.person.attach(ACT, act["id"], SCAN, name, content)
        one.live.settle(60)
        assert new_in(before, tree(one)) == {}
        assert one.live.person.get(ACT, act["id"])["ufCrm12Signed"] != "Y"
        assert any(f"Скан акта П-15 не принят: {why}" in text for text in notices(one)), notices(one)


def test_namesakes_have_a_folder_each_with_their_own_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        for client in (13, 14):
            act, before = act_in(one, client), tree(one)
            one.live.person.attach(ACT, act["id"], SCAN, "скан.pdf", pdf(str(client)))
            one.live.settle(60)
            inn = {13: "7799031589", 14: "5499007214"}[client]
            (path,) = [path for path, names in new_in(before, tree(one)).items() if names]
            firm, act_folder = path.split("/")[-2:]
            assert firm.startswith("ООО «Вектор»")
            assert inn in firm
            assert act_folder == f"Акт П-{client}"


def test_a_client_renamed_between_two_acts_keeps_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(tmp_path, monkeypatch) as one:
        act, before = act_in(one, 16), tree(one)
        one.live.person.attach(ACT, act["id"], SCAN, "первый.pdf", pdf("1"))
        one.live.settle(60)
        rename(one, 16, "ИП Новое Имя")
        one.live.person.attach(ACT, act["id"], SCAN, "второй.pdf", pdf("2"))
        one.live.settle(60)
        new = {path: names for path, names in new_in(before, tree(one)).items() if names}
        assert list(new.values()) == [["первый.pdf", "второй.pdf"]], new
        assert read_mails(one.live.portal.store) == []
