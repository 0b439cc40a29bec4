"""Event files read strictly: every form of a value, ids, links, ties, copies, places, limits, deliveries."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision.event_file import read_event
from engine.decision.given import MAX_FINDINGS
from engine.language.values import File, Item, Money, Row
from tests.decision.world_case import workshop

ACT, DEAL = Item("act", "43"), Item("deal", "118")
HEAD = {"event": "act.updated", "time": "2026-03-14T16:41:07+03:00", "item": "act/43"}
RECEIVED = {"bank.payment": {"payment": "any", "invoice": "invoice", "sum": "money"}}


def read(content, received=RECEIVED):
    shop = workshop()
    data = (
        content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False, indent=1).encode()
    )
    return read_event("e.json", data, shop.settings.world, shop.settings.zone, received)


def read_act(**fields):
    return read({**HEAD, "facts": {"act": {"id": 43, **fields}}})


def codes(found):
    return [one.code for one in found.diagnostics]


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("number", "А-2026/043", "А-2026/043"),
        ("number", 7, "7"),
        ("number", "", ""),
        ("number", None, None),
        ("amount", "48500.00 RUB", Money(Decimal("48500.00"), "RUB")),
        ("amount", "-0.10 USD", Money(Decimal("-0.10"), "USD")),
        ("amount", 0, Money(Decimal(0))),
        ("amount", None, None),
        ("amount", "", None),
        ("stage_no", 2, Decimal(2)),
        ("stage_no", 1.5, Decimal("1.5")),
        ("stage_no", "2", Decimal(2)),
        ("date", "2026-03-06", date(2026, 3, 6)),
        ("signed", True, True),
        ("signed", False, False),
        ("form", "paper", "paper"),
        ("deal", {"id": 118}, DEAL),
        ("deal", "deal/118", DEAL),
        ("deal", 118, DEAL),
        ("deal", None, None),
        ("sent_at", "2026-03-06T10:00:00+00:00", datetime.fromisoformat("2026-03-06T13:00:00+03:00")),
        ("sent_at", "2026-03-06T10:00:00", datetime.fromisoformat("2026-03-06T10:00:00+03:00")),
        ("lines", [], ()),
        ("lines", [{"name": "x", "quantity": "2"}], (Row((("name", "x"), ("quantity", Decimal(2)))),)),
    ],
)
def test_a_value_is_read_as_the_map_says(field, written, value):
    found = read_act(**{field: written})
    assert found.diagnostics == []
    assert found.items[ACT][field] == value
    assert type(found.items[ACT][field]) is type(value)


def test_a_time_is_in_the_companys_zone():
    sent = read_act(sent_at="2026-03-06T10:00:00Z").items[ACT]["sent_at"]
    assert isinstance(sent, datetime)
    assert str(sent.tzinfo) == "Europe/Moscow"


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("number", ["x"]), ("number", True), ("number", {"a": 1}),
        ("amount", 48500), ("amount", "48 500 RUB"), ("amount", "5 rub"), ("amount", True), ("amount", 1e25),
        ("stage_no", "two"), ("stage_no", True), ("stage_no", [1]),
        ("date", "06.03.2026"), ("date", "2026-02-30"), ("date", 20260306),
        ("signed", "true"), ("signed", 1), ("signed", "нет"),
        ("form", "papyrus"),
        ("deal", True), ("deal", [118]), ("deal", "act/43"), ("deal", "deal/"), ("deal", ""),
        ("sent_at", "soon"), ("sent_at", 5), ("sent_at", "0001-01-01T00:00:00+14:00"),
        ("sent_at", "9999-12-31T23:59:59-12:00"),
        ("lines", {"name": "x"}), ("lines", "x"), ("lines", ["x"]),
        ("scan", "scan.pdf"), ("scan", {"size": 5}), ("scan", {"name": 5}), ("scan", []),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_said_at_its_place(field, written):
    found = read_act(**{field: written})
    assert codes(found) == ["R305"]
    assert found.event is None
    line = json.dumps({**HEAD, "facts": {"act": {"id": 43, field: written}}}, indent=1).splitlines()
    assert f'"{field}"' in "\n".join(line[: found.diagnostics[0].span.line])
    assert f"facts.act.{field}" in found.diagnostics[0].values["field"]


@pytest.mark.parametrize("size", [-1, 1.5, "5", True, 10**40, 2**51])
def test_the_size_of_a_file_is_a_whole_number_of_bytes(size):
    found = read_act(scan={"name": "a.pdf", "size": size})
    assert [(one.code, one.values["field"]) for one in found.diagnostics] == [("R305", "facts.act.scan.size")]


def test_what_is_not_said_of_a_file_stays_unknown():
    scan = read_act(scan={"name": "a.pdf"}).items[ACT]["scan"]
    assert isinstance(scan, File)
    assert (scan.size, scan.kind, scan.sha256) == (None, None, None)


@pytest.mark.parametrize("identity", [True, {"a": 1}, [1], "", "a b", "deal/43"])
def test_an_id_is_a_number_or_a_word(identity):
    assert codes(read({**HEAD, "facts": {"act": {"id": identity}}})) == ["R305"]


def test_an_absent_key_is_undecided_and_null_is_empty():
    found = read_act(scan=None)
    assert found.items[ACT]["scan"] is None
    assert "signed" not in found.items[ACT]


def test_links_nest_and_name_one_item():
    deal = {
        "id": 118,
        "client": {"id": 12, "inn": "0500100732"},
        "acts": [{"id": 43, "number": "7"}, 44, "act/45"],
    }
    found = read({**HEAD, "facts": {"deal": deal, "act": {"id": 43, "signed": False}}})
    assert found.diagnostics == []
    assert found.items[DEAL]["acts"] == (ACT, Item("act", "44"), Item("act", "45"))
    assert found.items[Item("company", "12")]["inn"] == "0500100732"
    assert {"number": "7", "signed": False, "deal": DEAL}.items() <= found.items[ACT].items()


def test_an_act_beside_a_deal_is_tied_unless_it_names_another():
    beside = read({**HEAD, "facts": {"act": {"id": 43}, "deal": {"id": 118}}})
    assert beside.items[ACT]["deal"] == DEAL
    other = read({**HEAD, "facts": {"act": {"id": 43, "deal": 9}, "deal": {"id": 118}}})
    assert other.items[ACT]["deal"] == Item("deal", "9")
    inside = read({**HEAD, "facts": {"act": {"id": 43, "deal": {"id": 118, "title": "т"}}}})
    assert inside.roots["deal"] == DEAL


def test_an_act_of_no_deal_sees_an_empty_deal():
    for facts in ({"act": {"id": 43, "deal": None}}, {"act": {"id": 43}, "deal": None}):
        found = read({**HEAD, "facts": facts})
        assert found.diagnostics == []
        assert (found.items[ACT]["deal"], found.roots["deal"]) == (None, None)
    unknown = read({**HEAD, "facts": {"act": {"id": 43}}})
    assert "deal" not in unknown.roots
    assert "deal" not in unknown.items[ACT]


def test_a_file_that_stands_twice_is_one_file():
    scan = {"name": "a.pdf", "size": 5, "kind": "pdf", "sha256": "bb"}
    deal = {"id": 118, "acts": [{"id": 43, "scan": scan}]}
    found = read({**HEAD, "before": {"scan": scan}, "facts": {"act": {"id": 43, "scan": scan}, "deal": deal}})
    assert found.diagnostics == []
    assert found.event is not None
    assert found.event.before["scan"] == found.items[ACT]["scan"]


@pytest.mark.parametrize("order", [("act", "deal"), ("deal", "act")])
def test_of_three_copies_the_nearest_wins_field_by_field(order):
    facts = {
        "act": {"id": 43, "number": "top"},
        "deal": {
            "id": 118,
            "acts": [{"id": 43, "number": "low", "folder": "near", "deal": {"id": 118, "acts": [{"id": 43, "folder": "far"}]}}],
        },
    }  # fmt: skip
    found = read({**HEAD, "facts": {name: facts[name] for name in order}})
    assert (found.items[ACT]["number"], found.items[ACT]["folder"]) == ("top", "near")
    said = {(one.values["field"], one.severity) for one in found.diagnostics if one.code == "R307"}
    assert said == {("number", "warning"), ("folder", "warning")}
    assert found.event is not None
    for one in found.diagnostics:
        lines = json.dumps({**HEAD, "facts": {name: facts[name] for name in order}}, indent=1).splitlines()
        assert ("low" in lines[one.span.line - 1]) or ("far" in lines[one.span.line - 1])


def test_a_root_may_be_an_id_alone_or_empty():
    found = read({**HEAD, "facts": {"act": 43, "deal": "deal/118", "contract": None}})
    assert found.diagnostics == []
    assert (found.roots["act"], found.roots["deal"], found.roots["contract"]) == (ACT, DEAL, None)


def test_an_item_may_be_left_to_the_facts():
    found = read({"event": "act.created", "time": HEAD["time"], "facts": {"act": {"id": 43}}})
    assert found.event is not None
    assert found.event.item == ACT
    assert codes(read({"event": "act.created", "time": HEAD["time"]})) == ["R306"]


@pytest.mark.parametrize(
    "content",
    [
        {**HEAD, "facts": {"act": {"id": 44}}},
        {**HEAD, "item": "deal/118"},
        {**HEAD, "event": "deal.updated", "facts": {"act": {"id": 43}}},
    ],
)
def test_the_event_its_item_and_its_facts_are_about_one_thing(content):
    assert codes(read(content)) == ["R309"]


def test_a_plugins_event_brings_what_it_declares():
    facts = {
        "payment": {"purpose": "Счёт 7", "parts": [1, 2.50], "payer": {"inn": "05"}},
        "invoice": 7,
        "sum": "5.00 RUB",
    }
    found = read({"event": "bank.payment", "time": HEAD["time"], "facts": facts})
    assert found.diagnostics == []
    assert found.roots["invoice"] == Item("invoice", "7")
    assert found.roots["sum"] == Money(Decimal("5.00"), "RUB")
    payment = found.roots["payment"]
    assert isinstance(payment, Row)
    assert payment.get("parts") == (Decimal(1), Decimal("2.50"))
    assert payment.get("payer") == Row((("inn", "05"),))
    strange = read({"event": "bank.payment", "time": HEAD["time"], "facts": {"paiment": {}}})
    assert [(one.code, one.values["suggestion"]) for one in strange.diagnostics] == [("R303", "payment")]
    assert codes(read({**HEAD, "facts": {"payment": {}}})) == ["R303"], "an act's event brings no payment"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"event": None}, "R306"), ({"event": 5}, "R302"), ({"event": "act.upated"}, "R302"),
        ({"time": None}, "R306"), ({"time": 5}, "R305"), ({"time": "yesterday"}, "R305"),
        ({"item": 43}, "R303"), ({"item": "act"}, "R303"), ({"item": "act/"}, "R303"), ({"item": ["act/43"]}, "R303"),
        ({"before": []}, "R305"), ({"before": 0}, "R305"), ({"before": {"nosuch": 1}}, "R308"),
        ({"facts": "x"}, "R305"), ({"facts": {"act": []}}, "R305"), ({"facts": {"act": {}}}, "R306"),
        ({"facts": {"akt": {"id": 1}}}, "R303"), ({"facts": {"act": {"id": 43, "singed": True}}}, "R308"),
        ({"facts": {"act": {"id": 43, "scan": {"name": "a", "sice": 1}}}}, "R308"),
        ({"facts": {"act": {"id": 43, "lines": [{"nome": "x"}]}}}, "R308"),
        ({"id": {}}, "R305"), ({"by": ["user/5"]}, "R305"), ({"fakts": {}}, "R304"),
        ({"event": "timer"}, "R306"), ({"event": "command"}, "R306"), ({"event": "command", "command": []}, "R305"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_code(change, code):
    found = read({**HEAD, **change})
    assert code in codes(found)
    assert set(codes(found)) <= {code, "R306"}
    assert found.event is None


def test_the_nearest_name_is_offered():
    said = {
        one.code: one.values.get("suggestion")
        for one in read({**HEAD, "event": "act.upated", "fakts": {}}).diagnostics
    }
    assert said == {"R302": "act.updated", "R304": "facts"}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"event": "act.updated",\n "time": }', (2, 10)),
        (b'{"a": 1,}', (1, 9)),
        ('{"имя": "значение"\n'.encode(), (2, 1)),
        (b"", (1, 1)),
    ],
)
def test_broken_json_has_line_and_column(content, place):
    found = read(content)
    assert codes(found) == ["R301"]
    assert (found.diagnostics[0].span.line, found.diagnostics[0].span.column) == place


def nested(levels):
    inner = {"id": 43}
    for level in range(levels):
        inner = {"id": 1, "acts": [inner]} if level % 2 == 0 else {"id": 43, "deal": inner}
    return inner


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe\x00\x01", "R300"), (bytes(range(256)), "R300"), (b"[]", "R300"), (b"null", "R300"), (b'"a=b"', "R300"),
        (b'{"event": NaN}', "R301"), (b'{"time": 1e999999999}', "R301"), (b'{"time": ' + b"9" * 5000 + b"}", "R301"),
        (b'{"event": "\\ud800"}', "R301"), (b'{"\\udfff": 1}', "R301"),
        (b'{"facts":' * 5000 + b"1" + b"}" * 5000, "R300"), (b'{"a":' * 90 + b"1" + b"}" * 90, "R300"),
        (json.dumps({**HEAD, "facts": {"deal": nested(300)}}).encode(), "R300"),
    ],
    ids=lambda value: str(value[:20]) if isinstance(value, bytes) else value,
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_plain_words(content, code):
    found = read(content)
    assert codes(found) == [code]
    assert found.event is None


def test_a_whole_pair_of_escapes_is_one_character():
    found = read(b'{"event": "timer", "timer": "\\ud83d\\ude00", "time": "2026-03-14T10:00:00"}')
    assert found.event is not None
    assert found.event.detail == "😀"


def test_a_file_that_is_wrong_everywhere_is_answered_soon():
    wrong = {f"field_{number}": number for number in range(50_000)}
    found = read_act(**wrong)
    assert len(found.diagnostics) == MAX_FINDINGS
    warned = [{"id": 43, "number": str(number)} for number in range(200)]
    found = read(
        {**HEAD, "facts": {"act": {"id": 43, "number": "x"}, "deal": {"id": 1, "acts": warned}, "dael": 1}}
    )
    assert found.event is None, "an error after many warnings is an error still"


@pytest.mark.parametrize(
    ("delivery", "event", "item"),
    [
        ("event=ONCRMDEALUPDATE&data[FIELDS][ID]=118&ts=1773668467&auth[application_token]=x", "deal.updated", "deal/118"),
        ("event=OnCrmDealAdd&data[FIELDS][ID]=118&ts=1773668467", "deal.created", "deal/118"),
        ("event=ONCRMDEALDELETE&data[FIELDS][ID]=118&ts=1773668467", "deal.deleted", "deal/118"),
        ("event=ONCRMCOMPANYUPDATE&data[FIELDS][ID]=12&ts=1773668467", "company.updated", "company/12"),
        ("event=ONCRMDYNAMICITEMADD&data[FIELDS][ID]=7&data[FIELDS][ENTITY_TYPE_ID]=31&ts=1773668467", "invoice.created", "invoice/7"),
        ("event=ONCRMDYNAMICITEMUPDATE_1044&data[FIELDS][ID]=43&data[FIELDS][ENTITY_TYPE_ID]=1044&ts=1773668467", "act.updated", "act/43"),
    ],
)  # fmt: skip
def test_a_delivery_names_event_item_and_time(delivery, event, item):
    found = read(delivery.encode())
    assert found.diagnostics == []
    assert found.event is not None
    assert (found.event.name, str(found.event.item)) == (event, item)
    assert found.event.time.timestamp() == 1773668467
    assert found.needs_reading


def test_a_delivery_in_json_may_bring_facts():
    data = {"FIELDS": {"ID": "43", "ENTITY_TYPE_ID": "1044"}}
    extra = {"facts": {"act": {"id": 43, "signed": False}}, "before": {"scan": None}, "by": "user/5"}
    found = read({"event": "ONCRMDYNAMICITEMUPDATE", "ts": 1773668467, "data": data, **extra})
    assert found.event is not None, found.diagnostics
    assert (found.event.before, found.event.by, found.needs_reading) == ({"scan": None}, "user/5", False)


@pytest.mark.parametrize(
    ("delivery", "code"),
    [
        ("event=ONTASKADD&data[FIELDS][ID]=1&ts=1773668467", "R302"),
        ("event=ONCRMDEALUPDATE&data[FIELDS][ID]=x&ts=1773668467", "R306"),
        ("event=ONCRMDEALUPDATE&data[FIELDS][ID]=%D9%A3&ts=1773668467", "R306"),
        ("event=ONCRMDEALUPDATE&data[OTHER]=1&ts=1773668467", "R306"),
        (
            "event=ONCRMDYNAMICITEMUPDATE&data[FIELDS][ID]=1&data[FIELDS][ENTITY_TYPE_ID]=9999&ts=1773668467",
            "R303",
        ),
        (
            "event=ONCRMDYNAMICITEMUPDATE&data[FIELDS][ID]=1&data[FIELDS][ENTITY_TYPE_ID]=None&ts=1773668467",
            "R303",
        ),
        ("event=ONCRMDYNAMICITEMUPDATE&data[FIELDS][ID]=1&ts=1773668467", "R303"),
        ("event=ONCRMDEALUPDATE&data[FIELDS][ID]=118&ts=%C2%B2", "R306"),
        ("event=ONCRMDEALUPDATE&data[FIELDS][ID]=118", "R306"),
        ("a=1&a[b]=2&a[b][c]=3", "R304"),
    ],
)
def test_a_delivery_that_says_too_little_is_refused(delivery, code):
    found = read(delivery.encode())
    assert code in codes(found)
    assert found.event is None


pieces = st.lists(
    st.sampled_from(["event", "data", "[FIELDS]", "[ID]", "[", "]", "=", "&", "%5B", "%", "ts", "1773668467", "ONCRMDEALUPDATE", "\u00b2"]),
    max_size=14,
)  # fmt: skip


@given(pieces)
def test_any_form_body_gives_an_event_or_diagnostics(parts):
    found = read("".join(parts).encode())
    assert (found.event is None) == found.is_broken
    assert found.event is not None or found.diagnostics


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(
    scalars | st.sampled_from(["act/43", "deal/1", "5.00 RUB", "2026-03-06"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "deal", "act", "acts", "scan", "lines", "name", "size", "amount", "client"]), inner, max_size=4),
    max_leaves=14,
)  # fmt: skip
names = st.sampled_from(
    ["act.updated", "deal.created", "invoice.deleted", "timer", "command", "bank.payment", "x"]
)


@settings(max_examples=200, deadline=None)
@given(names, trees, trees, trees, trees)
def test_any_tree_gives_an_event_or_diagnostics(name, item, before, act, deal):
    content = {
        "event": name,
        "item": item,
        "time": HEAD["time"],
        "before": before,
        "timer": "a/b",
        "facts": {"act": act, "deal": deal},
    }
    found = read(json.dumps(content).encode())
    assert (found.event is None) == found.is_broken
    assert all(one.span.line >= 1 and one.span.column >= 1 for one in found.diagnostics)
