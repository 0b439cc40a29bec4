"""What counts as a change."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.language.values import File, Item, Money, Undecided, Value
from engine.runtime.embedded import READS, EmbeddedStore
from engine.runtime.snapshot import compare, lane_of, load_snapshot, own_fields, save_snapshot
from engine.runtime.store import StateError
from tests.portal.portal_case import WORLD, ZONE

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZONE)
SCAN = File("", source="portal:1044/43/ufCrm12Scan/7")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("a", "a", False),
        ("a", "b", True),
        (None, "a", True),
        ("a", None, True),
        (True, "1", True),
        (Money(Decimal("1.50"), "RUB"), Money(Decimal("1.5"), "RUB"), False),
        (Money(Decimal(0), ""), Money(Decimal(0), "RUB"), False),
        (SCAN, File("скан.pdf", 9, "pdf", "ab", SCAN.source), False),
        (SCAN, File("", source="portal:1044/43/ufCrm12Scan/8"), True),
        (File("a", 1, "pdf", "ab", "x:1"), File("b", 1, "pdf", "ab", "x:2"), False),
        ((SCAN,), (File("другое имя", source=SCAN.source),), False),
        ((SCAN,), (), True),
    ],
)
def test_change(old: Value, new: Value, *, changed: bool) -> None:
    assert bool(compare({"field": old}, {"field": new})) is changed


def test_a_field_that_one_side_lacks_is_no_change_and_an_unseen_item_is_new() -> None:
    assert not compare({"a": "1"}, {"a": "1", "b": "2"})
    assert compare(None, {"a": "1"}).is_new


def test_only_own_known_fields_are_kept() -> None:
    fields: dict[str, Value] = {
        "id": "118", "title": "Имя", "acts": (), "paid": Money(Decimal(1)), "url": "x", "stage": Undecided("?"),
        "own_company": Item("company", "1"), "lines": (), "amount": Money(Decimal(5), "RUB"),
    }  # fmt: skip
    assert set(own_fields(WORLD, "deal", fields)) == {"title", "amount"}


def test_fields_are_merged_and_the_lane_follows_the_deal(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "engine.db")
    act = Item("act", "43")
    assert load_snapshot(store, act) is None
    assert lane_of(store, act) == "act/43"
    save_snapshot(store, act, {"signed": False, "deal": Item("deal", "118")}, NOW)
    save_snapshot(store, act, {"signed": True}, NOW)
    assert load_snapshot(store, act) == {"signed": True, "deal": Item("deal", "118")}
    assert lane_of(store, act) == "deal/118"
    store.close()


def test_a_second_engine_on_one_state_is_refused_in_plain_words(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "engine.db")
    with pytest.raises(StateError, match="another engine is running"):
        EmbeddedStore(tmp_path / "engine.db")
    reader = EmbeddedStore(tmp_path / "engine.db", mode=READS)
    assert reader.rows("SELECT * FROM run") == []
    reader.close()
    store.close()
    EmbeddedStore(tmp_path / "engine.db").close()


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "engine.db").write_bytes(b"not a database at all, only some text" * 50)
    with pytest.raises(StateError):
        EmbeddedStore(tmp_path / "engine.db")
    with pytest.raises(StateError, match="no state"):
        EmbeddedStore(tmp_path / "missing.db", mode=READS)
