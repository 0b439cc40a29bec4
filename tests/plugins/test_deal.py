"""`deal.move`: forward only, at the plan and again at the portal."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Effect, StageChange, Undecided
from tests.plugins.action_case import DEAL, WORLD, Spoken, action_of, deal_facts, planned

CODES = {name: stage.code for name, stage in WORLD.stages("deal").items()}
move = action_of("deal", "deal.move")


def portal_at(stage: str) -> Spoken:
    row: dict[str, Any] = {"item": {"id": 118, "stageId": CODES[stage], "categoryId": 4}}
    return Spoken({"crm.item.get": row, "crm.item.update": row})


@pytest.mark.parametrize(
    ("stands", "target", "moves"),
    [
        ("report_sent", "documents_sent", True),
        ("new", "won_review_requested", True),
        ("in_work", "lost", True),
        ("documents_sent", "documents_sent", False),
        ("invoice_paid", "documents_sent", False),
        ("won_review_requested", "invoice_paid", False),
        ("won_review_requested", "lost", False),
        ("lost", "documents_sent", False),
        ("lost", "won_review_requested", False),
    ],
)
def test_a_deal_moves_forward_only(stands: str, target: str, *, moves: bool) -> None:
    effect = planned(move, deal_facts(stage=stands), deal=DEAL, stage=target)
    assert effect.changes == ((StageChange(DEAL, "stage", stands, target),) if moves else ())
    assert (effect.nothing_to_do is None) is moves


@pytest.mark.parametrize(
    ("fields", "params", "reason"),
    [
        ({"stage": Undecided("deal.stage")}, {"deal": DEAL, "stage": "lost"}, "deal.stage"),
        ({"stage": "support_new"}, {"deal": DEAL, "stage": "lost"}, "другого направления"),
        ({}, {"deal": DEAL, "stage": "no_such"}, "deal.stage"),
        ({}, {"stage": "lost"}, "deal"),
    ],
)
def test_what_is_not_known_is_undecided(fields: dict[str, Any], params: dict[str, Any], reason: str) -> None:
    found = move.effect(params, deal_facts(**fields))
    assert isinstance(found, Undecided)
    assert reason in found.reason


def effect() -> Effect:
    return planned(move, deal_facts(), deal=DEAL, stage="documents_sent")


def test_the_move_is_written() -> None:
    portal = portal_at("report_sent")
    assert portal.drive(move.commands(effect())) == DEAL
    (written,) = portal.params("crm.item.update")
    assert written["fields"] == {"stageId": CODES["documents_sent"]}


@pytest.mark.parametrize("stage", ["documents_sent", "invoice_paid", "won_review_requested", "lost"])
def test_a_person_who_was_faster_is_not_set_back(stage: str) -> None:
    portal = portal_at(stage)
    portal.drive(move.commands(effect()))
    assert portal.params("crm.item.update") == []
    assert portal_at(stage).drive(move.verify(effect(), DEAL)) == ()


def test_a_move_that_did_not_happen_is_found() -> None:
    (found,) = portal_at("report_sent").drive(move.verify(effect(), DEAL))
    assert (found.item, found.field, found.meant, found.found) == (
        "deal/118",
        "stage",
        "documents_sent",
        "report_sent",
    )


@pytest.mark.parametrize(("stands", "writes"), [("documents_sent", 1), ("invoice_paid", 0)])
def test_undo_returns_the_deal_only_from_where_it_was_put(stands: str, writes: int) -> None:
    portal = portal_at(stands)
    assert isinstance(portal.drive(move.undo(effect(), DEAL)), Undecided)
    assert len(portal.params("crm.item.update")) == writes
