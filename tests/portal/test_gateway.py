"""Commands over real HTTP to the demo portal."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.action import Answer, Command, Ref
from engine.emulator.faultfile import parse_faults
from engine.language.values import File, Item, Money
from engine.portal.client import PortalClient
from engine.portal.contents import Contents
from engine.portal.errors import BatchFailure, PortalError
from engine.portal.estimate import Cost, estimate
from engine.portal.gateway import Gateway
from tests.portal.portal_case import MAP, Reply, Site, no_engine, running_stub

DEAL = Item("deal", "118")
NEW_ID = ("item", "id")


def creation(site: Site, title: str = "Акт", **fields) -> Command:
    return site.map.create(
        "add", "act", {"title": title, "deal": DEAL, "amount": Money(Decimal(5), "RUB"), **fields}
    )


def requests_of(site: Site) -> int:
    return site.gateway.cost.requests


def test_one_command_is_one_plain_request(site: Site):
    answers = site.gateway.send([site.map.read("deal", DEAL)])
    assert answers[0].command == "deal"
    assert answers[0].result["item"]["id"] == 118
    assert site.gateway.cost == Cost(requests=1, reads=1)


def test_references_travel_inside_one_batch(site: Site):
    add = creation(site)
    update = site.map.update(
        "mark", Item("act", "new-1"), {"title": "Акт & Ко = 100 % + «ёж»"}, target=Ref("add", NEW_ID)
    )
    read = Command("read", "crm.item.get", {"entityTypeId": 1044, "id": Ref("add", NEW_ID)})
    answers = site.gateway.send([add, update, read])
    assert site.gateway.cost == Cost(requests=1, reads=1, writes=2)
    act = site.map.item_from("act", answers[0].result)
    assert site.map.item_from("act", answers[2].result) == act
    assert site.map.decode("act", answers[2].result["item"])["title"] == "Акт & Ко = 100 % + «ёж»"


def test_a_field_of_every_type_comes_back_as_it_was_meant(site: Site):
    """Through a batch, so that numbers, money and empties pass the query as text."""
    from datetime import date, datetime

    from tests.portal.portal_case import ZONE

    fields = {
        "number": "А-2026/900",
        "date": date(2026, 3, 6),
        "stage_no": Decimal(2),
        "title": "0500100732",
        "amount": Money(Decimal("48500.10"), "RUB"),
        "vat": Money(Decimal("8745.92"), "RUB"),
        "deal": DEAL,
        "contract": Item("contract", "1"),
        "client": Item("company", "12"),
        "own_company": Item("company", "1"),
        "manager": Item("user", "6"),
        "form": "paper",
        "signed": True,
        "cancelled": False,
        "signed_at": datetime(2026, 3, 14, 16, 41, 7, tzinfo=ZONE),
        "refusal": None,
    }
    add = site.map.create("add", "act", fields)
    read = Command("read", "crm.item.get", {"entityTypeId": 1044, "id": Ref("add", NEW_ID)})
    found = site.map.decode("act", site.gateway.send([add, read])[1].result["item"])
    assert {name: found[name] for name in fields} == fields
    cleared = {
        name: None for name in fields if name not in ("deal", "title", "stage_no", "manager", "amount")
    }
    act = Item("act", str(found["id"]))
    site.gateway.send([site.map.update("clear", act, cleared), site.map.read("x", DEAL)])
    found = site.map.decode("act", site.gateway.send([site.map.read("r", act)])[0].result["item"])
    assert {name: found[name] or None for name in cleared} == dict.fromkeys(cleared)


def test_one_failure_hides_no_other_answer(site: Site):
    missing = site.map.read("missing", Item("act", "999999"))
    commands = [site.map.read("a", DEAL), missing, site.map.read("b", DEAL)]
    with pytest.raises(BatchFailure) as caught:
        site.gateway.send(commands)
    first, second, third = caught.value.outcomes
    assert isinstance(first, Answer)
    assert isinstance(third, Answer)
    assert isinstance(second, PortalError)
    assert (caught.value.code, caught.value.retry, caught.value.method) == (
        "NOT_FOUND",
        "never",
        "crm.item.get",
    )
    with pytest.raises(PortalError, match="NOT_FOUND"):
        site.gateway.send([missing])


def test_a_tolerated_error_is_an_answer_alone_and_in_a_batch(site: Site):
    gone = site.map.read("gone", Item("act", "999999"), tolerate=frozenset({"NOT_FOUND"}))
    for commands in ([gone], [gone, site.map.read("a", DEAL)]):
        answer = site.gateway.send(commands)[0]
        assert (answer.error, answer.result) == ("NOT_FOUND", None)
        assert answer.description


def test_a_command_after_a_failed_one_fails_in_the_portal_and_unsent_beyond_a_batch(site: Site):
    bad = Command("add", "crm.item.add", {"entityTypeId": 9999, "fields": {"title": "x"}}, writes=True)
    rows = Command(
        "rows", "crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": Ref("add", NEW_ID)}}
    )
    alone = Command("upload", "disk.folder.uploadFile", {"id": Ref("add", NEW_ID)}, writes=True)
    outcomes = site.gateway.outcomes([bad, site.map.read("x", DEAL), alone])
    assert isinstance(outcomes[1], Answer)
    assert isinstance(outcomes[2], PortalError)
    assert (outcomes[2].code, outcomes[2].retry) == ("NOT_SENT", "never")
    assert requests_of(site) == 1
    assert isinstance(site.gateway.outcomes([bad, rows])[0], PortalError)


def test_more_than_fifty_go_in_several_batches_and_references_cross_them(site: Site):
    reads = [site.map.read(f"r{at}", DEAL) for at in range(60)]
    last = Command("last", "crm.item.get", {"entityTypeId": 2, "id": Ref("r0", NEW_ID)})
    answers = site.gateway.send([*reads, last])
    assert [answer.command for answer in answers] == [*(f"r{at}" for at in range(60)), "last"]
    assert answers[-1].result["item"]["id"] == 118
    assert requests_of(site) == 2


def test_files_go_alone_and_arrive_whole(site: Site):
    scan = site.contents.keep("Скан.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 50)
    add = creation(site, scan=scan)
    read = Command("read", "crm.item.get", {"entityTypeId": 1044, "id": Ref("add", NEW_ID)})
    answers = site.gateway.send([add, read, site.map.read("x", DEAL)])
    assert requests_of(site) == 2
    found = site.map.decode("act", answers[1].result["item"])["scan"]
    assert site.contents.read(found) == site.contents.read(scan)
    looked = site.contents.look(found)
    assert (looked.name, looked.kind, looked.sha256) == ("Скан.pdf", "pdf", scan.sha256)


def test_keeping_a_file_by_its_id_does_not_send_it_again(site: Site):
    scan = site.contents.keep("a.pdf", b"%PDF-1.7")
    act = site.map.item_from("act", site.gateway.send([creation(site, scan=scan)])[0].result)
    held = site.map.decode("act", site.gateway.send([site.map.read("r", act)])[0].result["item"])["scan"]
    site.gateway.send(
        [site.map.update("u", act, {"scan": held, "title": "другой"}), site.map.read("x", DEAL)]
    )
    again = site.map.decode("act", site.gateway.send([site.map.read("r", act)])[0].result["item"])
    assert (again["scan"], again["title"]) == (held, "другой")


def test_a_file_that_cannot_be_read_fails_its_command_only(site: Site):
    lost = File("lost.pdf", source="kept:" + "0" * 64)
    outcomes = site.gateway.outcomes([creation(site, scan=lost), site.map.read("x", DEAL)])
    assert isinstance(outcomes[0], PortalError)
    assert outcomes[0].code == "NO_CONTENT"
    assert isinstance(outcomes[1], Answer)


def test_text_that_looks_like_a_reference_stays_text(site: Site):
    title = "$result[c_0][item][title]"
    add = creation(site, title=title)
    read = Command("read", "crm.item.get", {"entityTypeId": 1044, "id": Ref("add", NEW_ID)})
    answers = site.gateway.send([site.map.read("deal", DEAL), add, read])
    assert answers[2].result["item"]["title"] == title


def test_the_engine_answers_its_own_methods_with_references_filled_in(site: Site):
    asked: list[Command] = []

    def engine_methods(command: Command) -> object:
        asked.append(command)
        return "А-2026/001" if command.method == "engine.number.take" else None

    gateway = site.gateway_with(engine_methods)
    number = Command("number", "engine.number.take", {"series": "act"})
    remember = Command("keep", "engine.remember", {"key": "k", "value": Ref("add", NEW_ID)})
    answers = gateway.send([number, creation(site, number=Ref("number")), remember])
    assert answers[1].result["item"]["ufCrm12Number"] == "А-2026/001"
    assert asked[1].params == {"key": "k", "value": answers[1].result["item"]["id"]}
    assert gateway.cost == Cost(requests=1, writes=1)


def test_product_rows(site: Site):
    from tests.portal.test_map import line

    lines = (line("Обучение", "5490.00", "3", "2970.00"), line("Без НДС", "100.10", "1", None))
    target = Ref("add", NEW_ID)
    read = Command("rows", "crm.item.productrow.list", {"filter": {"=ownerType": "T414", "=ownerId": target}})
    answers = site.gateway.send(
        [creation(site), site.map.set_lines("set", Item("act", "new-1"), lines, target=target), read]
    )
    assert site.map.decode_lines(answers[2].result, "RUB") == lines
    assert requests_of(site) == 1
    act = site.map.item_from("act", answers[0].result)
    # The sum written by hand stands although the rows add up to another.
    found = site.map.decode("act", site.gateway.send([site.map.read("r", act)])[0].result["item"])
    assert found["amount"] == Money(Decimal(5), "RUB")
    site.gateway.send([site.map.set_lines("clear", act, ()), site.map.read("x", DEAL)])
    assert site.map.decode_lines(site.gateway.send([site.map.lines("l", act)])[0].result, "RUB") == ()


def issue(site: Site, title: str):
    answers = yield [creation(site, title)]
    act = site.map.item_from("act", answers[0].result)
    answers = yield [site.map.read("read", act)]
    assert site.map.decode("act", answers[0].result["item"])["title"] == title
    return act


CLOSED: list[str] = []


def broken(site: Site):
    try:
        yield [site.map.read("missing", Item("act", "999999"))]
    except GeneratorExit:
        CLOSED.append("broken")
        raise
    raise AssertionError("must not come here")


def faulty():
    yield []
    raise ZeroDivisionError("a plugin's fault")


def test_driving_one_step(site: Site):
    assert site.gateway.drive(issue(site, "один")).entity == "act"
    with pytest.raises(BatchFailure, match="NOT_FOUND"):
        site.gateway.drive(broken(site))
    with pytest.raises(ZeroDivisionError):
        site.gateway.drive(faulty())


def test_driving_several_shares_requests_and_keeps_their_fates_apart(site: Site):
    steps = [issue(site, "один"), broken(site), issue(site, "два"), faulty(), issue(site, "три")]
    CLOSED.clear()
    fates = site.gateway.drive_all(steps)
    assert CLOSED == ["broken"]
    assert requests_of(site) == 2
    assert [type(fate.error) for fate in fates] == [
        type(None),
        BatchFailure,
        type(None),
        ZeroDivisionError,
        type(None),
    ]
    assert len({fates[at].value for at in (0, 2, 4)}) == 3
    assert site.gateway.drive_all([]) == []


def test_the_estimate_is_what_is_sent(site: Site):
    def steps():
        return [look(site), look(site)]

    site.gateway.drive_all(steps())
    assert site.gateway.cost == estimate(*steps()) == Cost(requests=2, reads=6)


def look(site: Site):
    yield [site.map.read("a", DEAL), site.map.lines("b", DEAL)]
    yield [site.map.read("c", DEAL)]
    return ()


def test_a_batch_without_an_answer_is_unknown_for_writes_and_repeatable_for_reads(tmp_path: Path):
    with (
        running_stub(Reply(cut=True)) as stub,
        PortalClient(stub.webhook_url, sleep=lambda _: None) as client,
    ):
        gateway = Gateway(client, Contents(client, tmp_path), no_engine)
        outcomes = gateway.outcomes([MAP.read("r", DEAL), MAP.update("w", DEAL, {"title": "x"})])
        assert len(stub.asked) == 1
    assert [outcome.retry for outcome in outcomes] == ["later", "unknown"]
    assert [outcome.method for outcome in outcomes] == ["crm.item.get", "crm.item.update"]


def test_a_batch_that_says_nothing_of_a_command_is_no_success(tmp_path: Path):
    body = {"result": {"result": [], "result_error": [], "result_total": []}}
    with running_stub(Reply(body=body)) as stub, PortalClient(stub.webhook_url) as client:
        gateway = Gateway(client, Contents(client, tmp_path), no_engine)
        outcomes = gateway.outcomes([MAP.read("r", DEAL), MAP.update("w", DEAL, {"title": "x"})])
    assert [(outcome.code, outcome.retry) for outcome in outcomes] == [
        ("NO_ANSWER", "later"),
        ("NO_ANSWER", "unknown"),
    ]


def test_a_method_spent_inside_a_batch_says_how_long_it_rests(site: Site):
    plan = parse_faults(
        "seed: 1\ncalls:\n  - {fault: 429, method: crm.item.update, numbers: [2], seconds: 3}\n"
    )
    site.portal.use_faults(plan)
    write = Command(
        "w", "crm.item.update", {"entityTypeId": 2, "id": 118, "fields": {"title": "А"}}, writes=True
    )
    read = Command("r", "crm.item.get", {"entityTypeId": 2, "id": 118})
    assert all(isinstance(one, Answer) for one in site.gateway.outcomes([write, read]))
    refused, other = site.gateway.outcomes([write, read])
    assert isinstance(other, Answer)
    assert isinstance(refused, PortalError)
    assert (refused.code, refused.retry) == ("OPERATION_TIME_LIMIT", "later")
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 4
