"""A regulation edited in the console: judged before it is saved, saved whole, never over somebody else's change."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runtime.drafts import Drafts, Outdated, digest
from tests.runtime.service_case import DEAL, Live, running

RULES = """
ruleset: test
title: Проверка
rules:
  - id: mark
    title: Имя сделки изменилось
    triggers:
      - changed: deal.title
    conditions:
      - deal.title != "никогда"
    actions:
      - notify: {to: "${deal.manager}", text: "Имя: ${deal.title}"}
"""
NAME = "regulations/test.yaml"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES) as found:
        yield found


def drafts(live: Live) -> Drafts:
    service = live.service
    return Drafts(service.workshop, service.journal, service.store)


def change_title(live: Live, title: str) -> None:
    live.person.update(DEAL, 118, {"title": title})
    live.settle()


def test_a_draft_is_judged_and_nothing_of_it_is_in_force(live: Live) -> None:
    present = live.service.editions.current.edition
    [fault] = drafts(live).judge({NAME: RULES.replace("deal.title !=", "deal.titel !=").encode()}).diagnostics
    assert fault.is_error
    assert (fault.span.file, fault.span.line) == (NAME, 10)
    good = drafts(live).judge({NAME: RULES.replace("Имя: ", "Название: ").encode()})
    assert good.edition
    assert good.edition.hash != present.hash
    assert live.service.editions.current.edition is present
    assert drafts(live).text(NAME) == RULES.encode()


def test_what_the_last_events_would_have_done(live: Live) -> None:
    change_title(live, "Первое имя")
    change_title(live, "Второе имя")
    present = live.service.editions.current.edition
    same = drafts(live).judge({NAME: (RULES + "\n# примечание\n").encode()}).edition
    assert same
    assert list(drafts(live).otherwise(same, present)) == []
    other = drafts(live).judge({NAME: RULES.replace('"никогда"', '"Второе имя"').encode()}).edition
    assert other
    [found] = drafts(live).otherwise(other, present)
    assert [one["text"] for one in found.gone] == ["Имя: Второе имя"]
    assert found.new == ()
    assert "Ничего не сделано" in found.verdict["ru"]


def test_saved_whole_and_in_force_within_a_second(live: Live) -> None:
    found = drafts(live)
    text = RULES.replace("Имя: ", "Название: ").encode()
    assert found.save(NAME, text, digest(RULES.encode()), "Елена") is False
    until = time.monotonic() + 5
    while "Название" not in str(live.service.editions.current.sources.get(NAME, b"").decode()):
        assert time.monotonic() < until
        time.sleep(0.02)
    change_title(live, "Третье имя")
    [run] = live.runs()
    assert live.service.journal.run(run.n)["plan"][0]["params"]["text"] == "Название: Третье имя"
    assert [one.name for one in found.files()[NAME].parent.iterdir() if one.name.startswith(".")] == []


def test_somebody_elses_change_is_not_written_over(live: Live) -> None:
    found, file = drafts(live), drafts(live).files()[NAME]
    file.write_text(RULES + "# чужая правка\n", "utf-8")
    with pytest.raises(Outdated):
        found.save(NAME, b"ruleset: test\n", digest(RULES.encode()), "Елена")
    assert "чужая правка" in file.read_text("utf-8")
    with pytest.raises(KeyError):
        found.save("../../etc/passwd", b"", digest(b""), "Елена")


def test_a_save_is_a_commit_where_the_folder_is_a_repository(live: Live) -> None:
    found, folder = drafts(live), drafts(live).files()[NAME].parent
    other = folder / "other.txt"
    other.write_text("не тронут", "utf-8")
    git = ("git", "-C", str(folder.parent), "-c", "user.name=t", "-c", "user.email=t@t")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", NAME], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "start"], check=True)
    assert found.save(NAME, (RULES + "# правка\n").encode(), digest(RULES.encode()), "Елена Соколова")
    log = subprocess.run(
        [*git, "log", "--format=%s", "--name-only"], check=True, capture_output=True, text=True
    ).stdout
    assert log.split("\n")[:3] == ["test.yaml: Елена Соколова", "", NAME]
    status = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True).stdout
    assert "other.txt" in status
    assert "test.yaml" not in status


def test_which_rules_fired_and_the_past_editions(live: Live) -> None:
    change_title(live, "Имя для счёта")
    found = drafts(live)
    fired = found.fired_since(live.service.status.now.replace(year=2020))
    assert fired["test/mark"][0] == 1
    assert [one.hash for one in found.past()] == [live.service.editions.current.edition.hash]
    assert found.past()[0].files[NAME] == RULES.encode()
