"""The work that the gateway is measured with: many deals, a backlog of events of three kinds, what each asks for.

Decides nothing of how it is done: our engine, a batching client and one call an action are all held to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEALS, FIRST_DEAL = 250, 100_001
PLAN_FIELD, STORED_PLAN = "ufCrm_1747309879", "UF_CRM_1747309879"
MANAGER = "6"
KINDS = ("plan", "tell", "title")

RULES = """\
ruleset: bench
title: Замер

rules:
  - id: plan
    title: План этапов и уведомление
    triggers:
      - received: bench.plan
    actions:
      - field.set: {deal.stage_plan: "${note}"}
      - notify: {to: "${deal.manager}", text: "${note}"}
  - id: tell
    title: Уведомление
    triggers:
      - received: bench.tell
    actions:
      - notify: {to: "${deal.manager}", text: "${note}"}
  - id: title
    title: Название
    triggers:
      - received: bench.title
    actions:
      - field.set: {deal.title: "${note}"}
"""
PLUGIN = '''\
"""Events of three kinds about deals."""

from engine import hookimpl


@hookimpl
def reglament_events():
    return {f"bench.{kind}": {"note": "text", "deal": "deal"} for kind in ("plan", "tell", "title")}
'''


@dataclass(frozen=True, slots=True)
class Asked:
    """One event: its kind, the deal and what is to stand or be told there."""

    kind: str
    deal: int
    note: str

    @property
    def writes(self) -> int:
        """How many actions it asks for."""
        return 2 if self.kind == "plan" else 1


def asked(count: int) -> list[Asked]:
    """Return `count` events, each kind a third, the deals in turn."""
    return [
        Asked(KINDS[number % len(KINDS)], FIRST_DEAL + number % DEALS, f"Запись {number}")
        for number in range(count)
    ]


def wanted(events: Sequence[Asked]) -> Mapping[str, Mapping[str, str]]:
    """Return what is to stand in each deal once all is done in order."""
    result: dict[str, dict[str, str]] = {}
    for one in events:
        if one.kind != "tell":
            field = PLAN_FIELD if one.kind == "plan" else "title"
            result.setdefault(str(one.deal), {})[field] = one.note
    return result
