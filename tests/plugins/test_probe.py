"""`probe` on a portal over HTTP: an answer lost after the fact is found, one lost before is None, another's is not ours."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine import Action, Effect, Item, Undecided
from engine.emulator.faults import Fault, Request
from engine.portal.errors import PortalError
from tests.plugins.action_case import Table, rub
from tests.plugins.portal_case import DEAL, DOUBTFUL, LOST, World, facts_of, here

__all__ = ["here"]
ISSUED = [("act", "act.issue", 1044, {}), ("invoice", "invoice.issue", 31, {"stage_no": Decimal(1)})]


def issuing(here: World, entity: str, name: str, more: dict[str, Decimal]) -> tuple[Action, Effect, Table]:
    facts = facts_of(here)
    here.engine.key = "ours"
    action, effect = here.plan(entity, name, facts, deal=DEAL, **more)
    return action, effect, facts


@pytest.mark.parametrize(("entity", "name", "type_id", "more"), ISSUED)
def test_a_document_issued_though_the_answer_was_lost(
    here: World, entity: str, name: str, type_id: int, more: dict[str, Decimal]
) -> None:
    action, effect, _ = issuing(here, entity, name, more)
    here.break_off(action, effect, "batch", DOUBTFUL)
    found = here.probe(action, effect, "ours")
    assert isinstance(found, Item)
    assert here.gateway.drive(action.verify(effect, found)) == ()
    assert here.probe(action, effect, "ours") == found
    assert here.row(type_id, found)["parentId2"] == int(DEAL.id)
    # Another step, the same deal and stage: this one is not its own.
    assert here.probe(action, effect, "another") is None


@pytest.mark.parametrize(("entity", "name", "type_id", "more"), ISSUED)
def test_a_document_that_was_not_issued(
    here: World, entity: str, name: str, type_id: int, more: dict[str, Decimal]
) -> None:
    action, effect, _ = issuing(here, entity, name, more)
    here.break_off(action, effect, "batch", LOST)
    assert here.probe(action, effect, "ours") is None
    # The number taken before the failure is used, not burnt.
    result = here.gateway.drive(action.commands(effect))
    numbers = [number for (key, _), number in here.engine.numbers.items() if key == "ours"]
    assert isinstance(result, Item)
    assert here.setup.map.decode(entity, here.row(type_id, result))["number"].endswith(str(numbers[0]))  # type: ignore[union-attr]
    assert len(numbers) == 1


@pytest.mark.parametrize(("entity", "name", "type_id", "more"), ISSUED)
def test_a_persons_own_document_is_not_taken_for_ours(
    here: World, entity: str, name: str, type_id: int, more: dict[str, Decimal]
) -> None:
    action, effect, _ = issuing(here, entity, name, more)
    (change,) = effect.changes
    fields = {one: value for one, value in change.fields.items() if one not in ("number", "lines")}  # type: ignore[union-attr]
    theirs = {"act": "А-2026/012", "invoice": "СЧ-2026/012"}[entity]
    here.gateway.send([here.setup.map.create("theirs", entity, {**fields, "number": theirs})])
    assert here.probe(action, effect, "ours") is None
    here.gateway.send([here.setup.map.create("bare", entity, {**fields, "number": ""})])
    assert isinstance(here.probe(action, effect, "ours"), Undecided)


def test_an_act_whose_lines_were_not_reached_is_completed(here: World) -> None:
    action, effect, _ = issuing(here, "act", "act.issue", {})

    def plan(seen: Request) -> Fault | None:
        is_lines = seen.method == "crm.item.productrow.set"
        return Fault(status=400, code="ACCESS_DENIED") if is_lines else None

    here.portal.command_faults = plan
    with pytest.raises(PortalError):
        here.gateway.drive(action.commands(effect))
    here.portal.command_faults = None
    found = here.probe(action, effect, "ours")
    assert here.gateway.drive(action.verify(effect, found)) == ()


def test_a_feed_post_is_found_by_its_mark_alone(here: World) -> None:
    facts = facts_of(here)
    here.engine.key = "ours"
    action, effect = here.plan("notify", "feed.post", facts, text="Сделка закрыта", deal=DEAL)
    here.engine.key = "another"
    here.gateway.drive(action.commands(effect))  # the same words, somebody else's
    here.engine.key = "ours"
    here.break_off(action, effect, "log.blogpost.add", LOST)
    assert here.probe(action, effect, "ours") is None
    here.break_off(action, effect, "log.blogpost.add", DOUBTFUL)
    for at in range(120):  # colleagues go on writing meanwhile
        here.portal.call(
            here.portal.caller("1", here.portal.store.rows("webhook")[0]["secret"]),  # type: ignore[arg-type]
            "log.blogpost.add",
            {"POST_MESSAGE": f"Новость {at}"},
            base_url="http://portal.example",
        )
    before = here.gateway.cost.requests
    found = here.probe(action, effect, "ours")
    assert here.gateway.cost.requests == before + 1
    mine = [row for row in here.posts() if str(row["ID"]) == found]
    assert [row["DETAIL_TEXT"].splitlines()[0] for row in mine] == ["Сделка закрыта"]
    assert len([row for row in here.posts() if "закрыта" in row["DETAIL_TEXT"]]) == 2


def test_a_copy_for_a_department_is_found_too(here: World) -> None:
    facts = facts_of(here)
    here.engine.key = "ours"
    action, effect = here.plan("notify", "feed.post", facts, text="Отделу", to=("DR3",), deal=DEAL)
    here.break_off(action, effect, "log.blogpost.add", DOUBTFUL)
    found = here.probe(action, effect, "ours")
    assert isinstance(found, str)
    assert here.gateway.drive(action.verify(effect, found)) == ()


def test_notices_and_their_copy_are_not_doubled(here: World) -> None:
    facts = facts_of(here)
    here.engine.key = "ours"
    to = facts.field(DEAL, "manager")
    action, effect = here.plan("notify", "notify", facts, to=to, text="Готово", feed=True, deal=DEAL)
    here.break_off(action, effect, "im.notify.system.add", DOUBTFUL)
    assert here.probe(action, effect, "ours") is None
    here.break_off(action, effect, "log.blogpost.add", DOUBTFUL)
    found = here.probe(action, effect, "ours")
    assert isinstance(found, tuple)
    assert here.gateway.drive(action.verify(effect, found)) == ()
    notices = [row for row in here.portal.store.rows("notice") if "Готово" in str(row["MESSAGE"])]
    assert len(notices) == 1
    assert len([row for row in here.posts() if "Готово" in row["DETAIL_TEXT"]]) == 1


def test_what_only_ensures_a_state_is_repeated_without_harm(here: World) -> None:
    facts = facts_of(here)
    facts.rows[DEAL]["amount"] = rub("1.00")
    action, effect = here.plan("field", "field.set", facts, **{"deal.amount": rub("2.00"), "@deal": DEAL})
    here.break_off(action, effect, "crm.item.update", DOUBTFUL)
    assert here.probe(action, effect, "ours") is None
    here.gateway.drive(action.commands(effect))
    assert here.gateway.drive(action.verify(effect, DEAL)) == ()


def test_a_contract_created_though_the_answer_was_lost_is_found_by_its_match(here: World) -> None:
    facts = facts_of(here)
    wanted = {"entity": "contract", "match": {"number": "Д-999"}, "set": {"title": "Договор"}}
    action, effect = here.plan("item", "item.ensure", facts, **wanted)
    here.break_off(action, effect, "crm.item.add", DOUBTFUL)
    writes = here.gateway.cost.writes
    result = here.gateway.drive(action.commands(effect))
    assert here.gateway.cost.writes == writes
    assert here.row(1046, result)["title"] == "Договор"  # type: ignore[arg-type]
