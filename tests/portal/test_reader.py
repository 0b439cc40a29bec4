from __future__ import annotations

from decimal import Decimal

import pytest

from engine.emulator.person import Person
from engine.language.values import File, Item, Money, Row, Undecided
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.portal.needs import need_of
from engine.portal.reader import Reader
from tests.portal.portal_case import MAP, WORLD, Reply, Site, no_engine, running_stub
from tests.scans.scan_case import NUMBER, printed

DEAL, ACT = Item("deal", "101"), Item("act", "1")
CLOSING = frozenset(
    {"deal.stage", "deal.acts.signed", "deal.acts.amount", "deal.invoices.paid", "deal.client.email"}
)


def entities(case) -> list[str]:
    return sorted({item.entity for item in case})


def test_a_deal_with_its_ties_takes_two_requests(site: Site):
    case = site.reader.read_case(
        DEAL, CLOSING | {"deal.manager.name", "deal.own_company.inn", "deal.lines.name"}
    )
    assert site.gateway.cost.requests == 2
    assert case.failures == []
    assert entities(case) == ["act", "company", "deal", "invoice", "user"]
    deal = case[DEAL]
    assert deal["acts"] == (Item("act", "1"), Item("act", "3"), Item("act", "7"))
    assert all(case[act]["deal"] == DEAL for act in deal["acts"])
    assert isinstance(deal["lines"][0], Row)
    assert isinstance(case[deal["client"]]["email"], str)
    assert case[Item("company", "1")]["inn"] == "7707083893"
    assert isinstance(case[deal["manager"]]["name"], str)
    assert not {"paid", "payment_summary"} & set(deal)


def test_an_act_takes_three_requests(site: Site):
    needs = CLOSING | {"act.signed", "act.contract.number", "act.lines.amount", "act.client.inn"}
    case = site.reader.read_case(ACT, needs)
    assert site.gateway.cost.requests <= 3
    assert entities(case) == ["act", "company", "contract", "deal", "invoice"]
    assert len(case[DEAL]["acts"]) == 3


def test_only_what_is_needed_is_read(site: Site):
    case = site.reader.read_case(DEAL, frozenset({"deal.stage"}))
    assert list(case) == [DEAL]
    assert "acts" not in case[DEAL]
    assert site.gateway.cost.requests == 1


def test_a_derived_field_stands_for_what_it_follows_from(site: Site):
    assert entities(site.reader.read_case(DEAL, frozenset({"deal.payment_summary"}))) == ["deal", "invoice"]
    assert entities(site.reader.read_case(DEAL, frozenset({"deal.next_stage_no"}))) == ["act", "deal"]


def test_everything_of_a_deal(site: Site):
    case = site.reader.read_case(DEAL, frozenset({"deal.*"}))
    assert entities(case) == ["act", "company", "contract", "deal", "invoice", "user"]


def test_an_item_that_is_gone_is_not_there(site: Site):
    assert dict(site.reader.read_case(Item("act", "999999"), frozenset({"act.signed", "deal.stage"}))) == {}
    Person(site.portal, 6).delete(1046, int(case_contract(site).id))
    case = site.reader.read_case(DEAL, frozenset({"deal.contract.number"}))
    assert "contract" not in entities(case)
    assert case.failures == []


def case_contract(site: Site) -> Item:
    found = site.reader.read_case(DEAL, frozenset({"deal.contract"}))[DEAL]["contract"]
    assert isinstance(found, Item)
    return found


def test_files_are_looked_into_only_where_a_rule_asks(site: Site):
    Person(site.portal, 6).attach(1044, 1, "ufCrm12Scan", "Скан.png", b"\x89PNG\r\n\x1a\n1234")
    plain = site.reader.read_case(ACT, frozenset({"act.scan"}))[ACT]["scan"]
    assert (plain.name, plain.kind) == ("", None)
    looked = site.reader.read_case(ACT, frozenset({"act.scan.kind"}))[ACT]["scan"]
    assert (looked.name, looked.kind, looked.size) == ("Скан.png", "png", 12)
    assert site.gateway.cost.requests == 2
    inside = site.reader.read_case(DEAL, frozenset({"deal.acts.scan.sha256"}))
    assert inside[ACT]["scan"] == looked


def test_a_file_is_looked_into_where_a_rule_asks_what_is_inside(site: Site):
    Person(site.portal, 6).attach(1044, 1, "ufCrm12Scan", "Скан.pdf", printed())
    plain = site.reader.read_case(ACT, frozenset({"act.scan.sha256"}))[ACT]["scan"]
    assert plain.inside is None
    for paths in ({"act.scan.pages"}, {"act.scan.size", "act.scan.numbers"}, {"act.scan.readable"}):
        looked = site.reader.read_case(ACT, frozenset(paths))[ACT]["scan"]
        assert looked.inside is not None
        assert (looked.inside.pages, looked.inside.numbers) == (1, (NUMBER, "Д-12/25"))
    there = site.reader.read_case(DEAL, frozenset({"deal.acts.scan.numbers"}))[ACT]["scan"]
    assert there.inside == looked.inside


def test_a_file_that_cannot_be_read_is_undecided_and_said(site: Site):
    Person(site.portal, 6).attach(1044, 1, "ufCrm12Scan", "Скан.png", b"x")

    class Lost(Contents):
        def _fetch(self, file, url):
            raise PortalError("download", "NO_CONTENT", "gone")

    reader = Reader(site.gateway, site.map, Lost(site.client, site.contents._folder / "none"))
    case = reader.read_case(ACT, frozenset({"act.scan.sha256", "act.signed"}))
    assert case[ACT]["scan"].sha256 is None
    assert [failure.what for failure in case.failures] == ["act/1.scan"]


def test_two_companies_of_one_name_have_two_folders(site: Site):
    portal = site.portal
    rows = {str(row["ENTITY_ID"]): row for row in portal.store.rows("requisite")}
    case = site.reader.read_case(DEAL, frozenset({"deal.client.folder_name"}))
    client = case[DEAL]["client"]
    name, inn = case[client]["short_name"], case[client]["inn"]
    assert case[client]["folder_name"] == name
    other = next(row for key, row in rows.items() if key not in (client.id, "1"))
    with portal.change():
        portal.store.put("requisite", int(str(other["ID"])), {**other, "RQ_COMPANY_NAME": name})
    case = site.reader.read_case(DEAL, frozenset({"deal.client.folder_name"}))
    assert case[client]["folder_name"] == f"{name} (ИНН {inn})"


def test_a_client_without_requisites_is_undecided_where_it_must_not_be(site: Site):
    client = site.reader.read_case(DEAL, frozenset({"deal.client"}))[DEAL]["client"]
    with site.portal.change():
        for row in site.portal.store.rows("requisite"):
            if str(row["ENTITY_ID"]) == client.id:
                site.portal.store.remove("requisite", int(str(row["ID"])))
    found = site.reader.read_case(DEAL, frozenset({"deal.client.inn"}))[client]
    assert isinstance(found["inn"], Undecided)
    assert isinstance(found["folder_name"], Undecided)
    assert found["ogrn"] is None
    assert isinstance(found["email"], str)


def test_lists_and_rows_longer_than_a_page(site: Site):
    person = Person(site.portal, 6)
    for at in range(120):
        person.add(
            1044,
            {
                "title": f"Акт {at}",
                "parentId2": 118,
                "assignedById": 7 if at == 119 else 6,
                "opportunity": 1,
                "currencyId": "RUB",
            },
        )
    lines = tuple(
        Row(
            (
                ("name", f"строка {at}"),
                ("quantity", Decimal(1)),
                ("unit", "шт"),
                ("price", Money(Decimal(at + 1), "RUB")),
            )
        )
        for at in range(70)
    )
    deal = Item("deal", "118")
    site.gateway.send([site.map.set_lines("s", deal, lines)])
    case = site.reader.read_case(deal, frozenset({"deal.acts.manager.name", "deal.lines.amount"}))
    assert len(case[deal]["acts"]) == 120
    assert len(set(case[deal]["acts"])) == 120
    assert all(act in case for act in case[deal]["acts"])
    assert [line.get("name") for line in case[deal]["lines"]] == [f"строка {at}" for at in range(70)]
    assert {Item("user", "6"), Item("user", "7")} <= set(case)


@pytest.mark.parametrize(
    ("entity", "path", "lists", "links"),
    [
        ("act", "act.signed", set(), {}),
        ("act", "deal.stage", set(), {"deal"}),
        ("act", "deal.acts.signed", set(), {"deal"}),
        ("deal", "deal.acts.signed", {"acts"}, {"acts"}),
        ("deal", "contract.number", set(), {"contract"}),
        ("act", "nonsense.path", set(), {}),
        ("act", "act.nonsense", set(), {}),
    ],
)
def test_needs(entity, path, lists, links):
    need = need_of(WORLD, entity, [path])
    assert (need.lists, set(need.links)) == (lists, set(links))


def test_an_item_that_cannot_be_read_raises(tmp_path):
    broken = Reply(500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "x"})
    with running_stub(broken) as stub, PortalClient(stub.webhook_url, sleep=lambda _: None) as client:
        contents = Contents(client, tmp_path)
        reader = Reader(Gateway(client, contents, no_engine), MAP, contents)
        with pytest.raises(PortalError, match="INTERNAL_SERVER_ERROR"):
            reader.read_case(ACT, frozenset({"act.signed"}))


def test_a_refused_tie_leaves_its_field_out(tmp_path):
    item = {"id": 101, "title": "A", "currencyId": "RUB", "companyId": 12}
    denied = {"error": "ACCESS_DENIED", "error_description": "Access denied"}
    body = {"result": {"result": {"c_0": {"item": item}}, "result_error": {"c_1": denied, "c_2": denied}}}
    with running_stub(Reply(body=body)) as stub, PortalClient(stub.webhook_url) as client:
        contents = Contents(client, tmp_path)
        case = Reader(Gateway(client, contents, no_engine), MAP, contents).read_case(
            DEAL, frozenset({"deal.acts", "deal.lines"})
        )
    assert case[DEAL]["title"] == "A"
    assert not {"acts", "lines"} & set(case[DEAL])
    assert sorted(failure.what for failure in case.failures) == ["deal/101.acts", "deal/101.lines"]


def test_files_of_the_case_are_files(site: Site):
    found = site.reader.read_case(ACT, frozenset({"act.document.sha256"}))[ACT]["document"]
    assert isinstance(found, File)
    assert found.kind == "pdf"
