"""Numbers are gap-free, one a key, and an abandoned one is never given again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from engine.action import Command
from engine.portal.errors import PortalError
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.engine_methods import EngineMethods
from tests.portal.portal_case import ZONE

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)


@pytest.fixture
def methods(tmp_path: Path) -> Iterator[EngineMethods]:
    store = EmbeddedStore(tmp_path / "engine.db")
    yield EngineMethods(store, {("act", 2026): 18}, lambda: NOW)
    store.close()


def take(methods: EngineMethods, key: str, year: int = 2026, owner: str = "1") -> object:
    params = {"series": "act", "owner": owner, "year": year, "format": "А-{year}/{n:03}"}
    with methods.under(key):
        return methods(Command("n", "engine.number.take", params, writes=True))


def test_numbers_follow_the_last_given_and_stay_with_their_key(methods: EngineMethods) -> None:
    assert [take(methods, "a"), take(methods, "a"), take(methods, "b")] == [
        "А-2026/019",
        "А-2026/019",
        "А-2026/020",
    ]
    assert take(methods, "c", year=2027) == "А-2027/001"
    assert take(methods, "d", owner="2") == "А-2026/019"


def test_a_used_key_takes_a_new_number_when_it_is_free_again(methods: EngineMethods) -> None:
    take(methods, "act 118/1")
    methods.use_numbers("act 118/1", "act/43")
    assert take(methods, "act 118/1") == "А-2026/020"


def test_a_void_number_stays_a_row_and_is_never_given_again(methods: EngineMethods) -> None:
    take(methods, "a")
    methods.void_numbers("a")
    assert take(methods, "a") == "А-2026/020"


def test_things_are_remembered(methods: EngineMethods) -> None:
    assert methods(Command("r", "engine.recall", {"key": "drive"})) is None
    methods(Command("k", "engine.remember", {"key": "drive", "value": "17"}, writes=True))
    assert methods(Command("r", "engine.recall", {"key": "drive"})) == "17"
    with pytest.raises(PortalError, match="no such method"):
        methods(Command("x", "engine.forget", {}))


def test_an_own_company_may_have_its_own_start(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "engine.db")
    methods = EngineMethods(store, {("act", 2026): 18, ("act@2", 2026): 4}, lambda: NOW)
    assert [take(methods, "a"), take(methods, "b", owner="2"), take(methods, "c", owner="2")] == [
        "А-2026/019",
        "А-2026/005",
        "А-2026/006",
    ]
    store.close()


def test_many_at_once_leave_no_gap_and_share_no_number(methods: EngineMethods) -> None:
    def take_some(worker: int) -> list[object]:
        return [take(methods, f"{worker}/{turn}", owner=str(worker % 2)) for turn in range(20)]

    with ThreadPoolExecutor(8) as crew:
        taken = list(crew.map(take_some, range(8)))
    for owner in (0, 1):
        given = sorted(str(number) for some in taken[owner::2] for number in some)
        assert given == [f"А-2026/{n:03}" for n in range(19, 99)]
