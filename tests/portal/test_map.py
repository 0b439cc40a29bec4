from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.action import Content, Ref
from engine.language.types import EntitySpec, World
from engine.language.values import File, Item, Money, Row, Undecided
from engine.portal.lines import decode_line, encode_lines, vat_inside, vat_rate
from engine.portal.map import PortalMap
from engine.portal.requisites import Papers
from tests.portal.portal_case import MAP, WORLD

ACT, DEAL = Item("act", "43"), Item("deal", "118")
RUB = Money(Decimal("48500.00"), "RUB")


def test_reading_an_item_and_a_user():
    assert MAP.read("a", ACT).params == {"entityTypeId": 1044, "id": 43, "useOriginalUfNames": "N"}
    assert MAP.read("a", ACT).assume == {"item": {"id": 43}}
    user = MAP.read("u", Item("user", "5"))
    assert (user.method, user.params) == ("user.get", {"filter": {"ID": [5]}})
    assert not MAP.read("a", ACT).writes


def test_children_go_by_the_field_that_leads_back():
    command = MAP.children("acts", "act", DEAL)
    assert command.method == "crm.item.list"
    assert command.params["filter"] == {"parentId2": 118}
    assert {"id", "currencyId", "ufCrm12Scan", "opportunity"} <= set(command.params["select"])
    assert MAP.children("acts", "act", DEAL, after="90").params["filter"] == {"parentId2": 118, ">id": 90}


def test_creating_encodes_every_field():
    scan = File("scan.pdf", source="kept:" + "0" * 64)
    fields = {"number": Ref("number"), "date": date(2026, 3, 6), "amount": RUB, "vat": RUB, "deal": DEAL,
              "signed": False, "form": "scan", "scan": scan, "refusal": None}  # fmt: skip
    command = MAP.create("add", "act", fields)
    assert (command.method, command.writes, command.assume) == ("crm.item.add", True, {"item": {"id": 0}})
    assert command.params["fields"] == {
        "ufCrm12Number": Ref("number"),
        "ufCrm12Date": "2026-03-06",
        "opportunity": "48500.00",
        "isManualOpportunity": "Y",
        "currencyId": "RUB",
        "ufCrm12Vat": "48500.00|RUB",
        "parentId2": 118,
        "ufCrm12Signed": "N",
        "ufCrm12Form": "101",
        "ufCrm12Scan": ["scan.pdf", Content(scan)],
        "ufCrm12Refusal": "",
    }


def test_updating_keeps_a_file_that_is_there_already():
    held = File("", source="portal:1044/43/ufCrm12Scan/9")
    assert MAP.update("u", ACT, {"scan": held}).params["fields"] == {"ufCrm12Scan": {"id": 9}}
    other = MAP.update("u", Item("act", "44"), {"scan": held}, target=Ref("add", ("item", "id"))).params
    assert other["fields"] == {"ufCrm12Scan": ["file", Content(held)]}
    assert other["id"] == Ref("add", ("item", "id"))


@pytest.mark.parametrize("name", ["paid", "acts", "lines", "id", "url", "own_company", "nonsense"])
def test_what_cannot_be_written_is_refused(name):
    with pytest.raises(ValueError, match=f"deal.{name} cannot be written"):
        MAP.encode("deal", name, None)


def test_stages_go_by_their_names():
    assert MAP.encode("deal", "stage", "invoice_paid") == ("stageId", "C4:UC_PAID")
    assert MAP.stage_code("deal", "invoice_paid") == "C4:UC_PAID"
    assert MAP.stage_name("deal", "C4:UC_PAID") == "invoice_paid"
    assert isinstance(MAP.stage_name("deal", "C9:NEW"), Undecided)


def test_decoding_a_deal():
    row = {"id": 118, "title": "A", "categoryId": 4, "stageId": "C4:UC_GONE", "opportunity": 48500.0,
           "currencyId": "RUB", "assignedById": 5, "companyId": 0, "parentId1046": None}  # fmt: skip
    found = MAP.decode("deal", row)
    assert found["pipeline"] == "customisation"
    assert found["amount"] == RUB
    assert found["own_company"] == Item("company", "1")
    assert found["manager"] == Item("user", "5")
    assert found["client"] is None
    assert found["url"] == "https://demo.example/crm/deal/details/118/"
    assert "C4:UC_GONE" in found["stage"].reason
    assert "ufCrm_1747309879" in found["stage_plan"].reason
    assert not {"paid", "acts", "lines", "payment_summary"} & set(found)


def test_decoding_a_user_and_a_client():
    user = {"ID": "5", "NAME": "Анна", "LAST_NAME": "Ветрова", "EMAIL": "", "ACTIVE": True}
    assert MAP.decode("user", user) == {"id": "5", "name": "Анна Ветрова", "email": None, "active": True}
    fm = [{"typeId": "PHONE", "value": "1"}, {"typeId": "EMAIL", "valueType": "HOME", "value": "h@x"},
          {"typeId": "EMAIL", "valueType": "WORK", "value": "w@x"}]  # fmt: skip
    assert MAP.decode("company", {"id": 12, "title": "A", "fm": fm})["email"] == "w@x"
    assert MAP.decode("company", {"id": 12, "title": "A", "fm": []})["email"] is None
    assert (
        MAP.decode("company", {"id": 12, "title": "A"})["address"] is None
    )  # optional: blank, never undecided


REQUISITE = {
    "ID": "40",
    "ENTITY_ID": "12",
    "RQ_COMPANY_NAME": "ООО «А»",
    "RQ_INN": "0500100732",
    "RQ_KPP": "",
}


def papers(*namesakes: str, requisites=(REQUISITE,)) -> Papers:
    bank = {"ID": "7", "ENTITY_ID": "40", "RQ_BIK": "044525000"}
    return Papers(tuple(requisites), (bank,), tuple({"ENTITY_ID": one} for one in ("12", *namesakes)))


def company(found: Papers) -> dict:
    return MAP.decode("company", {"id": 12, "title": "A", "fm": []}, found)


def test_requisites():
    found = company(papers())
    assert (found["short_name"], found["folder_name"]) == ("ООО «А»", "ООО «А»")
    assert (found["inn"], found["kpp"], found["bik"], found["account"]) == (
        "0500100732",
        None,
        "044525000",
        None,
    )


def test_a_namesake_is_told_apart_by_its_inn():
    assert company(papers("13"))["folder_name"] == "ООО «А» (ИНН 0500100732)"


def test_without_requisites_required_fields_are_undecided_and_optional_ones_empty():
    found = company(papers(requisites=[{**REQUISITE, "ENTITY_ID": "13"}]))
    assert isinstance(found["inn"], Undecided)
    assert isinstance(found["folder_name"], Undecided)
    assert found["ogrn"] is None
    assert found["bik"] is None


def test_what_nobody_read_is_absent():
    found = company(Papers(requisites=(REQUISITE,)))
    assert "bik" not in found
    assert isinstance(found["folder_name"], Undecided)


@pytest.mark.parametrize(
    ("item", "url"),
    [
        (DEAL, "https://demo.example/crm/deal/details/118/"),
        (ACT, "https://demo.example/crm/type/1044/details/43/"),
        (Item("invoice", "3"), "https://demo.example/crm/type/31/details/3/"),
        (Item("company", "12"), "https://demo.example/crm/company/details/12/"),
        (Item("user", "5"), "https://demo.example/company/personal/user/5/"),
        (Item("folder", "5"), ""),
    ],
)
def test_pages(item, url):
    assert MAP.url(item) == url


def test_short_words_of_kinds():
    assert [MAP.abbreviation(name) for name in ("deal", "invoice", "act", "company")] == [
        "D",
        "SI",
        "T414",
        "CO",
    ]
    spec = EntitySpec("x", "x", 1054, {})
    assert PortalMap(World({"x": spec}, {}), "").abbreviation("x") == "T41e"


@pytest.mark.parametrize("result", [{"item": {"id": 43}}, 43, "43", {"ID": "43"}, {"id": 43}])
def test_the_item_of_an_answer(result):
    assert MAP.item_from("act", result) == ACT


@pytest.mark.parametrize("result", [None, {}, {"item": []}, "", True])
def test_an_answer_that_names_no_item(result):
    with pytest.raises(ValueError, match="names no act"):
        MAP.item_from("act", result)


def line(name: str, price: str, quantity: str, vat: str | None) -> Row:
    total = (Decimal(price) * Decimal(quantity)).quantize(Decimal("0.01"))
    values = (("name", name), ("quantity", Decimal(quantity)), ("unit", "час"), ("price", Money(Decimal(price), "RUB")),
              ("amount", Money(total, "RUB")), ("vat", Money(Decimal(vat), "RUB") if vat else None))  # fmt: skip
    return Row(values)


def test_lines_are_written_and_read_back():
    lines = (line("Обучение", "5490.00", "3", "2970.00"), line("Без НДС", "100.10", "1", None))
    rows = encode_lines(lines)
    assert rows[0]["taxRate"] == "22"
    assert rows[0]["measureCode"] == 356
    assert "taxRate" not in rows[1]
    assert tuple(decode_line(row, "RUB") for row in rows) == lines
    assert MAP.set_lines("s", ACT, lines).params["ownerType"] == "T414"
    assert MAP.lines("l", DEAL).params == {"filter": {"=ownerType": "D", "=ownerId": 118}}


@given(st.decimals(1, 10**9, places=2), st.sampled_from([0, 5, 7, 10, 20, 22]))
def test_the_rate_found_gives_the_same_vat(amount, rate):
    vat = vat_inside(amount, Decimal(rate))
    assert vat_inside(amount, vat_rate(amount, vat)) == vat


def test_a_row_without_numbers_is_undecided():
    assert isinstance(decode_line({"id": 1, "price": "много"}, "RUB"), Undecided)


def test_every_writable_field_of_the_shipped_map_takes_empty():
    for entity, spec in WORLD.entities.items():
        for name, field in spec.fields.items():
            if field.is_writable and not field.is_derived:
                key, _ = MAP.encode(entity, name, None)
                assert key == field.binding["field"]
