"""The actions on a portal over real HTTP: what they say they did is there, and a second time changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine import Effect, File, Item, Path, Segment
from engine.emulator.company import story
from engine.emulator.person import Person
from tests.plugins.action_case import action_of, line, rub
from tests.plugins.portal_case import DEAL, World, facts_of, here

__all__ = ["here"]


def test_an_act_and_its_invoice_are_issued(here: World) -> None:
    facts = facts_of(here)
    _, act_effect, act = here.do("act", "act.issue", facts, deal=DEAL)
    row = here.row(1044, act)
    assert row["ufCrm12Number"] == "А-2026/701"
    assert row["parentId2"] == story.DEAL_FRESH
    amount = facts.field(DEAL, "amount")
    assert rub(f"{Decimal(str(row['opportunity'])):.2f}") == amount
    rows = here.gateway.send([here.setup.map.lines("lines", act)])[0].result
    lines = here.setup.map.decode_lines(rows, "RUB")
    asked = act_effect.changes[0].fields["lines"]  # type: ignore[union-attr]
    assert lines == asked
    _, _, invoice = here.do("invoice", "invoice.issue", facts, deal=DEAL, stage_no=Decimal(1))
    assert here.row(31, invoice)["accountNumber"] == "СЧ-2026/702"


def test_issuing_costs_one_request(here: World) -> None:
    facts = facts_of(here)
    action = action_of("act", "act.issue", here.setup)
    effect = action.effect({"deal": DEAL}, facts)
    assert isinstance(effect, Effect)
    before = here.gateway.cost.requests
    here.gateway.drive(action.commands(effect))
    assert here.gateway.cost.requests == before + 1


def test_a_stage_of_two_has_one_line_of_its_part(here: World) -> None:
    facts = facts_of(here)
    facts.rows[DEAL] |= {
        "stage_plan": "30 %, 70 %",
        "amount": rub("100000.00"),
        "lines": (line("x", "100000.00"),),
    }
    _, _, act = here.do("act", "act.issue", facts, deal=DEAL)
    row = here.row(1044, act)
    assert Decimal(str(row["opportunity"])) == 30000
    assert row["ufCrm12Vat"] == "5409.84|RUB"
    assert row["title"].endswith("этап 1 из 2")


def test_a_deal_moves_and_a_person_is_not_set_back(here: World) -> None:
    facts = facts_of(here)
    action, effect, _ = here.do("deal", "deal.move", facts, deal=DEAL, stage="documents_sent")
    assert here.row(2, DEAL)["stageId"] == "C4:UC_DOCS"
    Person(here.portal, 6).move(2, story.DEAL_FRESH, "C4:UC_PAID")
    here.gateway.drive(action.commands(effect))
    assert here.row(2, DEAL)["stageId"] == "C4:UC_PAID"
    assert action.undo(effect, DEAL) is not None


def test_fields_of_every_type_are_set_and_read_back(here: World) -> None:
    facts = facts_of(here)
    _, _, act = here.do("act", "act.issue", facts, deal=DEAL)
    facts.rows[act] = {}
    params = {
        "act.signed": True,
        "act.signed_at": facts.now,
        "act.original_received_at": facts.today,
        "act.vat": rub("12.34"),
        "act.form": "paper",
        "act.refusal": "Строка\nи «кавычки» & знаки = +%",
        "act.stage_no": Decimal(7),
        "act.manager": Item("user", "6"),
        "act.scan": here.contents.keep("скан.pdf", b"%PDF-1.7 scan"),
        "@act": act,
    }
    action, effect, _ = here.do("field", "field.set", facts, **params)
    row = here.setup.map.decode("act", here.row(1044, act))
    assert (row["signed"], row["form"], row["vat"]) == (True, "paper", rub("12.34"))
    assert action.undo(effect, act) is None  # nobody read what was there before


def test_a_field_that_the_portal_lacks_is_found_on_reading_back(here: World) -> None:
    facts = facts_of(here)
    _, _, act = here.do("act", "act.issue", facts, deal=DEAL)
    for row in here.portal.store.rows("userfield"):
        if row["fieldName"] == "UF_CRM_12_REFUSAL":
            here.portal.store.remove("userfield", int(str(row["id"])))
    action = action_of("field", "field.set", here.setup)
    effect = action.effect({"act.refusal": "нет", "act.signed": True, "@act": act}, facts)
    assert isinstance(effect, Effect)
    here.gateway.drive(action.commands(effect))
    (found,) = here.gateway.drive(action.verify(effect, act))
    assert (found.field, "нет поля" in found.cause.ru) == ("refusal", True)


def test_invoices_are_marked_paid(here: World) -> None:
    facts = facts_of(here)
    _, _, invoice = here.do("invoice", "invoice.issue", facts, deal=DEAL, stage_no=Decimal(1))
    facts.rows[invoice] = here.setup.map.decode("invoice", here.row(31, invoice))
    facts.rows[DEAL]["invoices"] = (invoice,)
    here.do("invoice", "invoice.mark_paid", facts, deal=DEAL, source="manual")
    held = here.setup.map.decode("invoice", here.row(31, invoice))
    assert (held["paid"], held["paid_source"]) == (held["amount"], "manual")


def folders(*names: str) -> Path:
    return Path(tuple(Segment(name, "company/11" if at == 2 else "") for at, name in enumerate(names)))


def test_a_scan_is_filed_once_and_again_as_a_version(here: World) -> None:
    facts = facts_of(here)
    where = folders("Акты выполненных работ", "2026", "Ёлочка «с» кавычками & 100%", "Акт А-2026-701")
    _, effect, folder = here.do("disk", "disk.ensure_folder", facts, path=where)
    before = here.gateway.cost
    assert here.do("disk", "disk.ensure_folder", facts, path=where)[2] == folder
    # One batch of reads for the whole path, one read to verify, no write.
    assert (here.gateway.cost.requests - before.requests, here.gateway.cost.writes) == (2, before.writes)
    facts.rows[folder] = dict(effect.details)
    scan = here.contents.keep("скан.pdf", b"%PDF-1.7 one")
    stored = here.do("disk", "disk.save_file", facts, folder=folder, file=scan)[2]
    assert here.contents.read(stored) == b"%PDF-1.7 one"
    assert here.do("disk", "disk.save_file", facts, folder=folder, file=scan)[2] == stored
    other = here.contents.keep("скан.pdf", b"%PDF-1.7 two")
    version = here.do("disk", "disk.save_file", facts, folder=folder, file=other)[2]
    assert version.name == "скан (2).pdf"
    assert here.contents.read(stored) == b"%PDF-1.7 one"
    assert here.contents.read(version) == b"%PDF-1.7 two"


def test_a_renamed_client_does_not_fork_the_tree(here: World) -> None:
    facts = facts_of(here)
    first = here.do(
        "disk", "disk.ensure_folder", facts, path=folders("Акты выполненных работ", "2026", "Было", "Акт 1")
    )[2]
    second = here.do(
        "disk", "disk.ensure_folder", facts, path=folders("Акты выполненных работ", "2026", "Стало", "Акт 1")
    )[2]
    assert first == second


def test_a_scan_field_goes_from_the_portal_to_the_drive(here: World) -> None:
    facts = facts_of(here)
    _, _, act = here.do("act", "act.issue", facts, deal=DEAL)
    Person(here.portal, 6).attach(1044, int(act.id), "ufCrm12Scan", "подписан.pdf", b"%PDF-1.4 signed")
    scan = here.setup.map.decode("act", here.row(1044, act))["scan"]
    assert isinstance(scan, File)
    scan = here.contents.look(scan)
    folder = here.do("disk", "disk.ensure_folder", facts, path=folders("Акты выполненных работ"))[2]
    stored = here.do(
        "disk", "disk.save_file", facts, folder=folder, file=scan, name=Path((Segment("Скан.pdf"),))
    )[2]
    assert (stored.name, here.contents.read(stored)) == ("Скан.pdf", b"%PDF-1.4 signed")


def test_a_notice_is_replaced_and_a_post_is_made_once(here: World) -> None:
    facts = facts_of(here)
    manager = facts.field(DEAL, "manager")
    for _ in range(2):
        here.do("notify", "notify", facts, to=manager, text="Подписанный акт сохранён", feed=True, deal=DEAL)
    notices = [row for row in here.portal.store.rows("notice") if "сохранён" in str(row["MESSAGE"])]
    posts = [row for row in here.portal.store.rows("post") if "сохранён" in str(row["DETAIL_TEXT"])]
    assert (len(notices), len(posts)) == (1, 1)
    link = f"[URL={here.setup.map.url(DEAL)}"
    assert f"{link}]" in str(notices[0]["MESSAGE"])
    assert f"{link}#reglament-" in str(posts[0]["DETAIL_TEXT"])


def test_an_item_is_ensured(here: World) -> None:
    facts = facts_of(here)
    params: dict[str, Any] = {
        "entity": "contract",
        "match": {"number": "Д-2026/999", "counterparty": Item("company", str(story.CLIENT_YOLOCHKA))},
        "set": {"title": "Договор", "kind": "client", "signed_by_us": True, "valid_from": facts.today},
    }
    _, _, made = here.do("item", "item.ensure", facts, **params)
    writes = here.gateway.cost.writes
    assert here.do("item", "item.ensure", facts, **params)[2] == made
    assert here.gateway.cost.writes == writes
