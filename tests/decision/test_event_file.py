"""Event files: every code has a broken file and a golden rendering; nothing gives a traceback."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.event_file import read_event
from engine.decision.event_text import event_form
from engine.decision.facts import Facts
from engine.language.pages import list_codes
from engine.language.rendering import render_text
from engine.language.values import File, Inside, Item, Money, Row
from tests.decision.world_case import workshop

BAD = Path(__file__).parents[1] / "bad_events"
FILES = sorted(BAD.glob("*.json"))
RECEIVED = {"bank.payment": {"payment": "any"}}


def read(content: bytes | str, name="event.json"):
    shop = workshop()
    data = content.encode() if isinstance(content, str) else content
    return read_event(name, data, shop.settings.world, shop.settings.zone, RECEIVED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_broken_file_gives_its_code_and_its_golden_rendering(path):
    given_ = read(path.read_bytes(), path.name)
    code = path.name[:4]
    assert {one.code for one in given_.diagnostics} == {code}
    assert (given_.event is None) == (code != "R307")
    for language in ("ru", "en"):
        shown = render_text(given_.diagnostics, {path.name: path.read_bytes()}, language)
        golden = path.with_suffix(f".{language}.txt")
        if os.environ.get("REGENERATE"):
            golden.write_text(shown, encoding="utf-8")
        assert shown == golden.read_text(encoding="utf-8")
        assert "{" not in shown.replace('{"', "").replace("{\n", "") or code in (
            "R304",
            "R306",
            "R307",
            "R308",
            "R301",
        )


def test_every_event_code_has_a_broken_file():
    codes = {code for code in list_codes() if "R300" <= code < "R320"}
    assert codes == {path.name[:4] for path in FILES}


EVENT = {
    "event": "act.updated",
    "time": "2026-03-14T16:41:07+03:00",
    "item": "act/43",
    "before": {"scan": None},
}


def test_contract_sample_reads_whole():
    act = {
        "id": 43, "number": "А-2026/043", "date": "2026-03-06", "amount": "48500.00 RUB", "signed": False,
        "document": {"name": "act.pdf", "size": 30211, "kind": "pdf", "sha256": "aa"},
        "scan": {"name": "scan.pdf", "size": 412000, "kind": "pdf", "sha256": "bb"},
    }  # fmt: skip
    deal = {
        "id": 118,
        "title": "…",
        "stage": "documents_sent",
        "paid": "30000.00 RUB",
        "acts": [],
        "invoices": [],
    }
    found = read(json.dumps({**EVENT, "id": "e-1", "facts": {"act": act, "deal": deal}}))
    assert found.diagnostics == []
    assert found.event is not None
    assert (found.event.id, found.event.before, found.event.item) == (
        "e-1",
        {"scan": None},
        Item("act", "43"),
    )
    known = found.items[Item("act", "43")]
    assert known["amount"] == Money(__import__("decimal").Decimal("48500.00"), "RUB")
    assert known["deal"] == Item("deal", "118"), "items side by side are tied"
    scan = known["scan"]
    assert isinstance(scan, File)
    assert (scan.name, scan.size, scan.kind, scan.sha256) == ("scan.pdf", 412000, "pdf", "bb")
    assert "refusal" not in known, "an absent key stays undecided"


def test_a_file_says_what_is_inside_it():
    scan = {"name": "s.pdf", "readable": True, "pages": 2, "numbers": ["А-2026/043"]}
    found = read(json.dumps({**EVENT, "facts": {"act": {"id": 43, "scan": scan}}}))
    assert found.diagnostics == []
    file = found.items[Item("act", "43")]["scan"]
    assert isinstance(file, File)
    assert file.inside == Inside(True, 2, None, None, ("А-2026/043",))
    bad = {"name": "s.pdf", "readable": "yes", "pages": "two", "numbers": "А-2026/043", "page": 1}
    found = read(json.dumps({**EVENT, "facts": {"act": {"id": 43, "scan": bad}}}))
    assert [one.code for one in found.diagnostics if one.is_error]


def test_null_is_empty_and_the_copy_nearest_the_top_wins_with_a_warning():
    facts = {
        "act": {"id": 43, "scan": None, "number": "top"},
        "deal": {"id": 1, "acts": [{"id": 43, "number": "low"}]},
    }
    found = read(json.dumps({**EVENT, "facts": facts}))
    assert found.items[Item("act", "43")]["scan"] is None
    assert found.items[Item("act", "43")]["number"] == "top"
    assert [(one.code, one.severity) for one in found.diagnostics] == [("R307", "warning")]


def test_the_order_of_the_copies_does_not_matter():
    facts = {"deal": {"id": 1, "acts": [{"id": 43, "number": "low"}]}, "act": {"id": 43, "number": "top"}}
    assert read(json.dumps({**EVENT, "facts": facts})).items[Item("act", "43")]["number"] == "top"


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"ONCRMDYNAMICITEMUPDATE","data":{"FIELDS":{"ID":"43","ENTITY_TYPE_ID":"1044"}},"ts":"1773640000"}',
        "event=ONCRMDYNAMICITEMUPDATE&data%5BFIELDS%5D%5BID%5D=43&data%5BFIELDS%5D%5BENTITY_TYPE_ID%5D=1044&ts=1773640000",
        "event=ONCRMDYNAMICITEMUPDATE_1044&data[FIELDS][ID]=43&data[FIELDS][ENTITY_TYPE_ID]=1044&ts=1773640000",
    ],
)
def test_raw_deliveries_say_which_item(text):
    found = read(text)
    assert found.event is not None, found.diagnostics
    assert (found.event.name, found.event.item) == ("act.updated", Item("act", "43"))
    assert found.event.time.timestamp() == 1773640000
    assert found.needs_reading


def test_commands_timers_and_plugin_events():
    command = read(
        '{"event": "command", "command": "remind", "time": "2026-03-14T10:00:00", "item": "act/1", "facts": {"act": {"id": 1}}}'
    )
    assert command.event is not None
    assert command.event.detail == "remind"
    assert command.event.time.utcoffset() is not None, "a time without a zone is the company's"
    payment = read(
        '{"event": "bank.payment", "time": "2026-03-14T10:00:00+03:00", "facts": {"payment": {"sum": "5"}}}'
    )
    assert payment.event is not None
    assert payment.roots["payment"] == Row((("sum", "5"),))


def test_an_exported_event_reads_back_to_the_same_facts():
    facts = {
        "act": {"id": 43, "number": "А-1", "lines": [{"name": "x", "quantity": 2, "amount": "5.00 RUB"}]},
        "deal": {
            "id": 1,
            "title": "т",
            "client": {"id": 7, "email": None},
            "acts": [{"id": 43}, {"id": 44, "signed": True}],
        },
    }
    first = read(json.dumps({**EVENT, "facts": facts}))
    assert first.event is not None
    shop = workshop()
    whole = Facts(
        shop.settings.world, shop.derivations, shop.calendar, first.event.time, first.items, first.roots
    )
    second = read(json.dumps(event_form(first.event, whole)))
    assert second.diagnostics == []
    assert second.event == first.event
    assert second.roots == first.roots
    for item, fields in first.items.items():
        for name, value in fields.items():
            assert strip(second.items[item].get(name)) == strip(value), (item, name)


def strip(value):
    return (value.name, value.size, value.kind, value.sha256) if isinstance(value, File) else value


@given(st.binary(max_size=300))
def test_any_bytes_give_diagnostics_never_a_traceback(data):
    found = read(data)
    assert found.event is not None or found.diagnostics


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["act/43", "48500.00 RUB", "2026-03-06"])
)
keys = st.sampled_from(
    ["id", "deal", "act", "acts", "scan", "name", "lines", "amount", "client", "time", "event", "x"]
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(trees, trees, st.sampled_from(["act.updated", "deal.created", "timer", "x"]))
def test_any_json_gives_diagnostics_never_a_traceback(facts, before, name):
    read(json.dumps({"event": name, "time": "2026-03-14T10:00:00+03:00", "facts": facts, "before": before}))
    read(json.dumps(facts))


def test_a_deep_and_a_huge_file_are_refused_in_plain_words():
    assert read("[" * 100_000).diagnostics
    assert [one.code for one in read(b" " * (9 << 20)).diagnostics] == ["R300"]
