"""The demo company: counts, links, sums, requisites, the story's deals, the bank file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader
from stdnum.ru import inn as ru_inn
from stdnum.ru import ogrn as ru_ogrn

from engine.emulator.company import bank, demo_company, empty_company, story, structure
from engine.emulator.company.plans import split_parts
from engine.emulator.seed import Company

Item = Mapping[str, object]

DEAL, FIRM, INVOICE, ACT, CONTRACT = 2, 4, 31, 1044, 1046
PAID = f"{structure.INVOICE_FIELD}01"
SOURCE = f"{structure.INVOICE_FIELD}02"


@pytest.fixture(scope="module")
def company() -> Company:
    return demo_company()


def by_id(company: Company, kind: int) -> dict[int, Item]:
    return {int(str(item["id"])): item for item in company.items[kind]}


def money(value: object) -> Decimal:
    return Decimal(str(value).removesuffix("|RUB"))


def papers(company: Company, kind: int, deal: int) -> list[Item]:
    return [item for item in company.items[kind] if item["parentId2"] == deal]


def payment_state(item: Item) -> str:
    paid, amount = money(item[PAID]), money(item["opportunity"])
    if not paid:
        return "none"
    return "part" if paid < amount else "full" if paid == amount else "over"


def file_of(item: Item, field: str) -> bytes:
    value = item[field]
    assert isinstance(value, Mapping)
    content = value["content"]
    assert isinstance(content, bytes)
    return content


# counts


def test_items_are_as_many_as_the_demo_promises(company: Company) -> None:
    counts = {kind: len(items) for kind, items in company.items.items()}
    assert counts == {DEAL: 30, FIRM: 19, INVOICE: 34, ACT: 41, CONTRACT: 18}


def test_one_own_company_twelve_clients_six_suppliers(company: Company) -> None:
    firms = by_id(company, FIRM)
    assert [i for i, firm in firms.items() if firm["isMyCompany"] == "Y"] == [story.OWN_COMPANY]
    assert len(story.CLIENTS) == 12
    assert set(story.CLIENTS) <= firms.keys()
    assert {deal["companyId"] for deal in company.items[DEAL]} == set(story.CLIENTS)


def test_six_users_one_admin_one_dismissed_one_without_work(company: Company) -> None:
    users = {int(str(user["ID"])): user for user in company.users}
    assert len(users) == 6
    assert [i for i, user in users.items() if user["ADMIN"]] == [story.USER_ROBOT]
    assert [i for i, user in users.items() if not user["ACTIVE"]] == [story.USER_DISMISSED]
    responsible = {item["assignedById"] for items in company.items.values() for item in items}
    assert story.USER_NO_RIGHTS not in responsible
    assert story.USER_DISMISSED in responsible


def test_deals_stand_on_every_stage(company: Company) -> None:
    stages = {row["STATUS_ID"] for row in company.statuses if str(row["ENTITY_ID"]).startswith("DEAL_STAGE")}
    assert {deal["stageId"] for deal in company.items[DEAL]} == stages
    funnels = Counter(deal["categoryId"] for deal in company.items[DEAL])
    assert funnels == {structure.CUSTOMISATION: 25, structure.SUPPORT: 5}


def test_nine_unsigned_acts_four_overdue_one_refused_one_being_sent(company: Company) -> None:
    unsigned = [act for act in company.items[ACT] if act["ufCrm12Signed"] == "N"]
    due = [act for act in unsigned if "ufCrm12Dueat" in act]
    overdue = [act for act in due if datetime.fromisoformat(str(act["ufCrm12Dueat"])) < company.start]
    refused = [act for act in company.items[ACT] if act["ufCrm12Refusal"]]
    assert (len(unsigned), len(overdue)) == (9, 4)
    assert len(refused) == 1
    assert refused[0] in overdue
    assert len([act for act in unsigned if "ufCrm12Sentat" not in act]) == 1


def test_invoices_of_all_four_states(company: Company) -> None:
    states = Counter(payment_state(item) for item in company.items[INVOICE])
    assert states == {"full": 22, "part": 4, "over": 2, "none": 6}


def test_eighteen_contracts_two_of_them_expiring(company: Company) -> None:
    kinds = Counter(item["ufCrm13Kind"] for item in company.items[CONTRACT])
    assert kinds == {structure.KIND_CLIENT: 12, structure.KIND_SUPPLIER: 6}
    today = company.start.date()
    ends = [
        date.fromisoformat(str(c["ufCrm13Validto"])) for c in company.items[CONTRACT] if c["ufCrm13Validto"]
    ]
    assert len([end for end in ends if today <= end <= today + timedelta(days=30)]) == 2
    assert all(end >= today for end in ends)


def test_drive_covers_2019_to_2026(company: Company) -> None:
    paths = [str(row["path"]).split("/") for row in company.files if "content" in row]
    acts = [path for path in paths if path[0] == structure.ACTS_ROOT]
    assert {path[1] for path in acts} == {str(year) for year in range(2019, 2027)}
    assert all(len(path) == 5 and path[3].startswith("Акт ") and path[4] == "скан.pdf" for path in acts)


# links


@pytest.mark.parametrize("kind", [ACT, INVOICE])
def test_papers_agree_with_their_deal(company: Company, kind: int) -> None:
    deals = by_id(company, DEAL)
    for paper in company.items[kind]:
        deal = deals[int(str(paper["parentId2"]))]
        assert (paper["companyId"], paper["assignedById"]) == (deal["companyId"], deal["assignedById"])
        assert paper["mycompanyId"] == story.OWN_COMPANY


def test_every_link_resolves(company: Company) -> None:
    users = {int(str(user["ID"])) for user in company.users}
    contracts, firms = by_id(company, CONTRACT), by_id(company, FIRM)
    for items in company.items.values():
        for item in items:
            assert item["assignedById"] in users
            if "companyId" in item:
                assert item["companyId"] in firms
            if "parentId1046" in item:
                assert contracts[int(str(item["parentId1046"]))]["companyId"] == item["companyId"]


def test_deals_begin_under_a_contract(company: Company) -> None:
    contracts = by_id(company, CONTRACT)
    for deal in company.items[DEAL]:
        contract = contracts[int(str(deal["parentId1046"]))]
        assert str(contract["ufCrm13Date"]) <= str(deal["begindate"]), deal["id"]


def test_requisites_and_accounts_belong_to_firms(company: Company) -> None:
    requisites = {row["ID"]: row["ENTITY_ID"] for row in company.requisites}
    assert sorted(int(str(i)) for i in requisites.values()) == sorted(by_id(company, FIRM))
    assert {row["ENTITY_ID"] for row in company.bank_details} == requisites.keys()


def test_stages_and_categories_exist(company: Company) -> None:
    entity = {0: "DEAL_STAGE", 4: "DEAL_STAGE_4", 11: "SMART_INVOICE_STAGE_11"}
    known = {(row["ENTITY_ID"], row["STATUS_ID"]) for row in company.statuses}
    for kind in (DEAL, INVOICE):
        for item in company.items[kind]:
            assert (entity[int(str(item["categoryId"]))], item["stageId"]) in known


def test_custom_fields_of_items_are_declared(company: Company) -> None:
    declared = {str(row["fieldName"]).replace("_", "").lower() for row in company.userfields}
    for items in company.items.values():
        for item in items:
            used = {key for key in item if key.startswith("ufCrm")}
            assert {key.replace("_", "").lower() for key in used} <= declared


# sums


def test_opportunity_is_the_sum_of_product_rows(company: Company) -> None:
    sums: dict[tuple[object, object], Decimal] = {}
    for row in company.product_rows:
        key = (row["ownerType"], row["ownerId"])
        sums[key] = sums.get(key, Decimal(0)) + Decimal(str(row["price"])) * int(str(row["quantity"]))
    owners = {"D": DEAL, "SI": INVOICE, "T414": ACT}
    for letter, kind in owners.items():
        for item in company.items[kind]:
            assert sums.pop((letter, item["id"])) == item["opportunity"], (letter, item["id"])
    assert not sums


def test_act_is_the_part_of_its_stage(company: Company) -> None:
    deals = by_id(company, DEAL)
    for act in company.items[ACT]:
        deal = deals[int(str(act["parentId2"]))]
        parts = split_parts(money(deal["opportunity"]), str(deal[structure.STAGE_PLAN]))
        assert act["opportunity"] == parts[int(str(act["ufCrm12Stageno"])) - 1]


def test_parts_of_a_deal_add_up_to_it(company: Company) -> None:
    for deal in company.items[DEAL]:
        amount = money(deal["opportunity"])
        parts = split_parts(amount, str(deal[structure.STAGE_PLAN]))
        assert sum(parts) == amount, deal["id"]
        assert all(part > 0 and part == part.quantize(Decimal("0.01")) for part in parts)


def test_rest_of_rounding_goes_to_the_last_part() -> None:
    assert split_parts(Decimal("100.01"), "33 %, 33 %, 34 %") == (
        Decimal("33.00"),
        Decimal("33.00"),
        Decimal("34.01"),
    )


def test_one_act_a_stage_and_no_stage_billed_twice(company: Company) -> None:
    stages = Counter((act["parentId2"], act["ufCrm12Stageno"]) for act in company.items[ACT])
    assert set(stages.values()) == {1}
    for deal_id, deal in by_id(company, DEAL).items():
        billed = sum((money(i["opportunity"]) for i in papers(company, INVOICE, deal_id)), Decimal(0))
        assert billed <= money(deal["opportunity"])


def test_vat_is_inside_by_the_day_of_the_act(company: Company) -> None:
    for act in company.items[ACT]:
        rate = 22 if str(act["ufCrm12Date"]) >= "2026" else 20
        expected = money(act["opportunity"]) * rate / (100 + rate)
        assert abs(money(act["ufCrm12Vat"]) - expected) <= Decimal("0.005")
    rates = {(row["taxRate"], row["taxIncluded"]) for row in company.product_rows}
    assert rates == {(20, "Y"), (22, "Y")}


def test_portal_payments_are_what_the_portal_marked(company: Company) -> None:
    portal = {i["id"]: money(i[PAID]) for i in company.items[INVOICE] if i[SOURCE] == structure.SOURCE_PORTAL}
    assert portal == {payment["entityId"]: payment["sum"] for payment in company.payments}
    assert portal


# uniqueness, order, files


@pytest.mark.parametrize(("kind", "field"), [(ACT, "ufCrm12Number"), (INVOICE, "accountNumber")])
def test_numbers_run_without_gaps_within_a_year(company: Company, kind: int, field: str) -> None:
    numbers: dict[str, list[int]] = {}
    for item in company.items[kind]:
        year, _, place = str(item[field]).partition("-")[2].partition("/")
        numbers.setdefault(year, []).append(int(place))
    assert numbers.keys() == {"2025", "2026"}
    assert all(places == list(range(1, len(places) + 1)) for places in numbers.values())


def test_ids_are_unique(company: Company) -> None:
    for items in company.items.values():
        assert len({item["id"] for item in items}) == len(items)
    for rows, key in ((company.requisites, "ID"), (company.bank_details, "ID"), (company.categories, "id")):
        assert len({row[key] for row in rows}) == len(rows)
    contracts = [item["ufCrm13Number"] for item in company.items[CONTRACT]]
    assert len(set(contracts)) == len(contracts)


def test_drive_paths_are_unique_and_safe(company: Company) -> None:
    paths = [str(row["path"]) for row in company.files]
    assert len(set(paths)) == len(paths)
    assert all(segment.strip() == segment and segment for path in paths for segment in path.split("/"))


def test_every_document_is_a_readable_pdf_of_its_own(company: Company) -> None:
    documents = [file_of(act, "ufCrm12Document") for act in company.items[ACT]]
    documents += [file_of(item, f"{structure.INVOICE_FIELD}04") for item in company.items[INVOICE]]
    documents += [file_of(act, "ufCrm12Scan") for act in company.items[ACT] if "ufCrm12Scan" in act]
    assert len({hashlib.sha256(content).digest() for content in documents}) == len(documents)
    for content in documents[:3] + documents[-3:]:
        page = PdfReader(BytesIO(content), strict=True).pages[0]
        assert "2025" in page.extract_text() or "2026" in page.extract_text()


def test_signed_acts_have_scan_day_and_the_same_file_on_the_drive(company: Company) -> None:
    drive = {str(row["path"]): row.get("content") for row in company.files}
    for act in company.items[ACT]:
        is_signed = act["ufCrm12Signed"] == "Y"
        assert is_signed == ("ufCrm12Scan" in act) == ("ufCrm12Signedat" in act)
        if is_signed:
            assert drive[f"{act['ufCrm12Folder']}/скан.pdf"] == file_of(act, "ufCrm12Scan")
            assert str(act["ufCrm12Sentat"]) < str(act["ufCrm12Signedat"])


def test_nothing_is_dated_after_the_clock(company: Company) -> None:
    now = company.start.isoformat()
    for items in company.items.values():
        for item in items:
            times = [
                str(item[k])
                for k in ("createdTime", "movedTime", "ufCrm12Signedat", "ufCrm12Sentat")
                if k in item
            ]
            assert all(time < now for time in times)


def test_papers_go_out_on_working_days(company: Company) -> None:
    for act in company.items[ACT]:
        assert date.fromisoformat(str(act["ufCrm12Date"])).weekday() < 5
        if "ufCrm12Dueat" in act:
            assert datetime.fromisoformat(str(act["ufCrm12Dueat"])).weekday() < 5


def test_due_day_jumps_the_holidays(company: Company) -> None:
    due = {
        str(act["ufCrm12Date"]): str(act["ufCrm12Dueat"])
        for act in company.items[ACT]
        if "ufCrm12Dueat" in act
    }
    # 23 February 2026 is a Monday off, 9 March is off for Sunday the 8th.
    assert due["2026-02-16"].startswith("2026-02-24")
    assert due["2026-03-05"].startswith("2026-03-13")


# firms


def test_requisites_pass_their_check_digits(company: Company) -> None:
    for row in company.requisites:
        inn, kpp, ogrn = str(row["RQ_INN"]), str(row["RQ_KPP"]), str(row["RQ_OGRN"])
        assert ru_inn.is_valid(inn), row["RQ_COMPANY_NAME"]
        assert ru_ogrn.is_valid(ogrn), row["RQ_COMPANY_NAME"]
        if len(inn) == 10:
            assert kpp[:4] == inn[:4]
            assert (len(kpp), kpp[4:]) == (9, "01001")
        else:
            assert (kpp, len(ogrn)) == ("", 15)
    assert len({row["RQ_INN"] for row in company.requisites}) == len(company.requisites)


def test_account_keys_are_right_for_all_but_the_printed_sample(company: Company) -> None:
    # Bank of Russia, regulation 515 of 1997: the weighted sum over БИК's last three digits and the account ends in 0.
    for row in company.bank_details:
        account, bik = str(row["RQ_ACC_NUM"]), str(row["RQ_BIK"])
        digits = [int(c) for c in bik[-3:] + account]
        assert sum(d * w for d, w in zip(digits, [7, 1, 3] * 8, strict=False)) % 10 == 0, account


def test_awkward_firms_are_there(company: Company) -> None:
    names = {int(str(row["ENTITY_ID"])): str(row["RQ_COMPANY_NAME"]) for row in company.requisites}
    inns = {int(str(row["ENTITY_ID"])): str(row["RQ_INN"]) for row in company.requisites}
    clients = {i: names[i] for i in story.CLIENTS}
    assert {'"', "/"} <= set(names[story.CLIENT_AWKWARD])
    assert names[story.CLIENT_NAMESAKE_MOSCOW] == names[story.CLIENT_NAMESAKE_SIBERIA]
    assert len(set(clients.values())) == 11
    assert [i for i in story.CLIENTS if inns[i].startswith("0")] == [story.CLIENT_LEADING_ZERO]
    assert names[story.CLIENT_RESERVED_NAME] == "CON"
    without = [i for i in story.CLIENTS if "fm" not in by_id(company, FIRM)[i]]
    assert without == [story.CLIENT_WITHOUT_EMAIL]


def test_renamed_client_keeps_its_old_folder(company: Company) -> None:
    paths = [str(row["path"]) for row in company.files if "авань" in str(row["path"])]
    acts = [path for path in paths if path.startswith(structure.ACTS_ROOT)]
    assert any("/2025/ООО «Гавань»/" in path for path in acts)
    assert any("/2026/ООО «Лесная гавань»/" in path for path in acts)
    assert not any("/2025/ООО «Лесная гавань»/" in path for path in acts)


def test_all_addresses_are_in_the_reserved_domain(company: Company) -> None:
    emails = [str(user["EMAIL"]) for user in company.users]
    for firm in company.items[FIRM]:
        contacts = firm.get("fm", [])
        assert isinstance(contacts, list)
        emails += [contact["value"] for contact in contacts]
    assert len(emails) == 6 + 18
    assert all(email.endswith(".example") for email in emails)


# the story


@pytest.mark.parametrize(
    ("deal", "stage", "acts", "invoices"),
    [
        (story.DEAL_FRESH, "C4:UC_WORK", [], []),
        (story.DEAL_TWO_STAGES, "C4:UC_WORK", [], []),
        (story.DEAL_UNSIGNED_UNPAID, "C4:UC_DOCS", ["N"], ["none"]),
        (story.DEAL_PAID_WAITING, "C4:UC_DOCS", ["N"], ["full"]),
        (story.DEAL_AWKWARD_CLIENT, "C4:UC_WORK", [], []),
        (story.DEAL_LOST, "C4:LOSE", ["N"], ["none"]),
        (story.DEAL_WON, "C4:WON", ["Y"], ["full"]),
    ],
)
def test_story_deal(company: Company, deal: int, stage: str, acts: list[str], invoices: list[str]) -> None:
    assert by_id(company, DEAL)[deal]["stageId"] == stage
    assert [act["ufCrm12Signed"] for act in papers(company, ACT, deal)] == acts
    assert [payment_state(item) for item in papers(company, INVOICE, deal)] == invoices


def test_details_of_the_story(company: Company) -> None:
    deals = by_id(company, DEAL)
    fresh = deals[story.DEAL_FRESH]
    assert (fresh["title"], fresh[structure.STAGE_PLAN]) == ("Кастомизация CRM: реестр актов", "")
    assert "fm" in by_id(company, FIRM)[int(str(fresh["companyId"]))]
    rows = [
        row for row in company.product_rows if (row["ownerType"], row["ownerId"]) == ("D", story.DEAL_FRESH)
    ]
    assert len(rows) == 3
    assert deals[story.DEAL_TWO_STAGES][structure.STAGE_PLAN] == "30 %, 70 %"
    assert deals[story.DEAL_AWKWARD_CLIENT]["companyId"] == story.CLIENT_AWKWARD


def test_won_customisation_deals_owe_nothing(company: Company) -> None:
    for deal in company.items[DEAL]:
        if deal["stageId"] in ("C4:WON", "WON"):
            acts = papers(company, ACT, int(str(deal["id"])))
            invoices = papers(company, INVOICE, int(str(deal["id"])))
            assert {act["ufCrm12Signed"] for act in acts} == {"Y"}
            assert sum(money(act["opportunity"]) for act in acts) == deal["opportunity"]
            assert {payment_state(item) for item in invoices} <= {"full", "over"}


def test_no_open_deal_is_already_done(company: Company) -> None:
    """Documents sent or invoice paid means that something is still missing: else it would have been closed."""
    for deal in company.items[DEAL]:
        if deal["stageId"] in ("C4:UC_DOCS", "C4:UC_PAID"):
            acts = papers(company, ACT, int(str(deal["id"])))
            invoices = papers(company, INVOICE, int(str(deal["id"])))
            are_signed = all(act["ufCrm12Signed"] == "Y" for act in acts)
            assert not (are_signed and all(payment_state(item) in ("full", "over") for item in invoices))


# the whole


def test_two_builds_are_equal() -> None:
    assert demo_company() == demo_company()
    assert bank.statement() == bank.statement()


def test_empty_company_has_structure_and_no_business(company: Company) -> None:
    empty = empty_company()
    assert [list(items) for items in empty.items.values()] == [[by_id(company, FIRM)[story.OWN_COMPANY]]]
    assert (empty.files, empty.product_rows, empty.payments) == ((), (), ())
    for part in (
        "users",
        "categories",
        "statuses",
        "types",
        "userfields",
        "storages",
        "webhooks",
        "outgoing",
    ):
        assert getattr(empty, part) == getattr(company, part) != ()


# the bank file


def sections() -> list[dict[str, str]]:
    """The documents of the file, read by this test's own eyes."""
    found: list[dict[str, str]] = []
    for line in bank.statement().decode("cp1251").split("\r\n"):
        key, _, value = line.partition("=")
        if key == "СекцияДокумент":
            found.append({key: value})
        elif found:
            found[-1].setdefault(key, value)
    return found


def test_bank_file_is_cp1251_with_crlf() -> None:
    content = bank.statement()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    text = content.decode("cp1251")
    assert text.startswith("1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\n")
    assert text.endswith("\r\nКонецФайла\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert text.count("СекцияДокумент=") == text.count("КонецДокумента") == 14


def test_bank_lines_have_one_direction_each() -> None:
    own = "40702810900000012345"
    for document in sections():
        is_incoming = "ДатаПоступило" in document
        assert is_incoming != ("ДатаСписано" in document)
        assert document["ПолучательСчет" if is_incoming else "ПлательщикСчет"] == own
        assert Decimal(document["Сумма"]) > 0
        assert document["НазначениеПлатежа"]


def test_bank_keys_are_unique_and_balance_agrees() -> None:
    documents = sections()
    keys = {(d["Дата"], d["Номер"], d["Сумма"], d["ПлательщикИНН"]) for d in documents}
    assert len(keys) == 14
    header = dict(line.partition("=")[::2] for line in bank.statement().decode("cp1251").split("\r\n")[:20])
    received = sum(Decimal(d["Сумма"]) for d in documents if "ДатаПоступило" in d)
    spent = sum(Decimal(d["Сумма"]) for d in documents if "ДатаСписано" in d)
    assert (Decimal(header["ВсегоПоступило"]), Decimal(header["ВсегоСписано"])) == (received, spent)
    assert Decimal(header["НачальныйОстаток"]) + received - spent == Decimal(header["КонечныйОстаток"])


def test_bank_lines_meet_the_invoices_as_intended(company: Company) -> None:
    inns = {str(row["RQ_INN"]): int(str(row["ENTITY_ID"])) for row in company.requisites}
    unpaid: dict[int, list[Decimal]] = {}
    for item in company.items[INVOICE]:
        rest = money(item["opportunity"]) - money(item[PAID])
        if rest > 0:
            unpaid.setdefault(int(str(item["companyId"])), []).append(rest)
    by_number = {d["Номер"]: d for d in sections()}

    def open_sums(number: str) -> list[Decimal]:
        return unpaid.get(inns.get(by_number[number]["ПлательщикИНН"], 0), [])

    def amount(number: str) -> Decimal:
        return Decimal(by_number[number]["Сумма"])

    assert open_sums("311") == [amount("311")]
    assert len(open_sums("58")) == 1
    assert amount("58") < open_sums("58")[0]
    assert open_sums("1027") == [amount("1027")]
    assert open_sums("204") == [amount("204")]
    assert len(open_sums("640")) == 2
    assert amount("640") not in open_sums("640")
    for number in ("770112", "770398", "419", "12", "87", "3"):
        assert open_sums(number) == []
