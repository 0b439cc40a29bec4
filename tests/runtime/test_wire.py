"""Values come back from the journal exactly as they went in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.values import (
    Duration,
    File,
    Inside,
    Item,
    Mixed,
    Money,
    Path,
    Pending,
    Row,
    Segment,
    Undecided,
    Value,
)
from engine.runtime.wire import dump, item_of, load, load_map

MOSCOW = ZoneInfo("Europe/Moscow")
text = st.text(max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2)
pending = st.builds(Pending, text, text, text)
mixed = st.builds(Mixed, st.lists(text | pending, max_size=3).map(tuple))
numbers = st.none() | st.integers(0, 10**6)
answers = st.none() | st.booleans()
insides = st.builds(
    Inside, answers, numbers, answers, numbers, st.none() | st.lists(text, max_size=3).map(tuple)
)
files = st.builds(
    File,
    text,
    st.none() | st.integers(0, 10**12),
    st.none() | text,
    st.none() | text,
    st.none() | text,
    st.none() | insides,
)
plain = st.one_of(
    st.none(),
    st.booleans(),
    text,
    decimals,
    st.builds(Money, decimals, st.sampled_from(["", "RUB", "EUR"])),
    st.dates(),
    st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 — Hypothesis adds the zone
        max_value=datetime(2090, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([MOSCOW, UTC]),
    ).map(lambda moment: moment.astimezone(UTC).astimezone(moment.tzinfo)),
    st.builds(Duration, st.integers(-5, 500), st.sampled_from(["minutes", "workdays"])),
    st.builds(Item, text, text),
    files,
    pending,
    mixed,
    st.builds(Path, st.lists(st.builds(Segment, text | mixed, text), max_size=3).map(tuple)),
    st.builds(Undecided, text, st.booleans()),
)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.lists(st.tuples(text, inner), max_size=3).map(lambda pairs: Row(tuple(pairs)))
    ),
    max_leaves=8,
)


@given(values)
def test_round_trip(value: Value) -> None:
    again = load(dump(value))
    assert again == value
    assert type(again) is type(value)


@given(st.dictionaries(text, values, max_size=4))
def test_round_trip_of_named_values(given_values: dict[str, Value]) -> None:
    assert load_map(dump(given_values)) == given_values


def test_a_time_keeps_its_zone_and_a_sum_its_kopecks() -> None:
    moment = datetime(2026, 3, 28, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    again = load(dump(moment))
    assert isinstance(again, datetime)
    assert again.tzinfo is moment.tzinfo
    assert str(load(dump(Money(Decimal("48500.00"), "RUB")))) == "48500.00 RUB"
    assert load(dump(date(2026, 3, 6))) == date(2026, 3, 6)
    assert load(dump("0500100732")) == "0500100732"


@pytest.mark.parametrize("broken", ["1", "1.5", '{"z": 1}', '{"n": "1", "m": []}', "{}"])
def test_what_is_no_value_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="no value"):
        load(broken)


def test_item_names() -> None:
    assert item_of("act/43") == Item("act", "43")
    assert item_of("") is None


@given(files)
def test_what_was_seen_inside_a_file_comes_back(file: File):
    # Two files do not differ by it, so that the test above would not notice.
    back = load(dump(file))
    assert isinstance(back, File)
    assert back.inside == file.inside


def test_a_file_kept_before_files_were_looked_into():
    assert load('{"f":["a.pdf",1,"pdf","bb",null]}') == File("a.pdf", 1, "pdf", "bb")
