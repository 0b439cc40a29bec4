"""The journal is read, and forgotten, the same way from both adapters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.portal.spending import Spent
from engine.runtime.brakes import pause
from engine.runtime.editions import Editions
from engine.runtime.journal import Journal
from engine.runtime.metrics import METRICS, exposition
from engine.runtime.retention import prune
from engine.runtime.run_list import Wanted
from engine.runtime.status import Status
from engine.runtime.store import Store
from engine.runtime.why_case import HAPPENED
from tests.runtime.journal_case import fill
from tests.runtime.test_journal import FILTERS, matches
from tests.runtime.test_retention import KEEP, NOW, age, numbers
from tests.runtime.test_why import RULES
from tests.runtime.why_case import ACT, Office, office


def test_every_filter_and_page(store: Store) -> None:
    fill(store, 1000)
    journal = Journal(store)
    for name, given in FILTERS.items():
        for wanted in (given, replace(given, before=600)):
            expected = [n for n in range(1000, 0, -1) if matches(wanted, n)][:50]
            assert [line.n for line in journal.list_runs(wanted, has_steps=True)] == expected, name
    assert journal.run(7) is not None
    assert journal.inbox().oldest is None


def test_what_is_over_is_forgotten(store: Store) -> None:
    age(store)
    assert prune(store, NOW, KEEP, {"sha256:force"}) == 4
    assert numbers(store, "run") == [3, 5, 6, 10]
    assert [line.n for line in Journal(store).list_runs(Wanted())] == [10, 6, 5, 3]


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "company", RULES, store) as found:
        yield found


def test_why_and_the_numbers(place: Office) -> None:
    assert place.ask().finding.gate == "no_event"
    assert place.why().questions.find_items("Акт 43") == [ACT]
    place.happen(number="5")
    assert place.ask().finding.gate == "no_trigger"
    place.happen(title="Н")
    assert place.ask().finding.gate == HAPPENED
    place.know(ACT, signed=True)
    place.happen(title="Н2")
    later = place.ask().later
    assert later is not None
    assert later.gate == "condition_false"
    pause(place.store, place.now, "Елена")
    place.put()
    assert place.ask("signed").finding.gate == "paused"
    status = _status(place)
    text = exposition(status)
    assert "reglament_inbox_waiting 1\n" in text
    assert "reglament_paused 1\n" in text
    assert all(f"# TYPE {name} " in text for name in METRICS)
    assert status.is_writable()


def _status(place: Office) -> Status:
    editions = Editions(place.store, place.workshop, place.built, place.now)
    return Status(
        "", "ru", place.workshop.settings.zone, Journal(place.store), editions, place.store, lambda: True, lambda: True,
        spent=Spent, clock=lambda: place.now + timedelta(seconds=5),
    )  # fmt: skip
