"""Moves deals along their pipeline: forward only, and never out of a final stage.

Decides whether a move is still ahead of the deal. It does not decide when to move: that is the regulation's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine import (
    Action,
    Commands,
    Discrepancy,
    Effect,
    Facts,
    Item,
    Param,
    Params,
    Said,
    Setup,
    StageChange,
    Undecided,
    Value,
    Verification,
    hookimpl,
    read_back,
)


class MoveDeal(Action):
    """Переводит сделку дальше по её направлению; назад и из завершённой стадии — никогда.

    Moves a deal to a later stage of its pipeline. A deal that already stands there or beyond, and one that is
    won or lost, is left alone: no automatic move goes backward.
    """

    name: ClassVar[str] = "deal.move"
    title: ClassVar[Said] = Said("Перевести сделку", "Move the deal")
    parameters: ClassVar[Mapping[str, Param]] = {
        "stage": Param("stage of deal", "The stage to reach, by its name in the portal map."),
        "deal": Param("deal", "The deal to move; by default the deal that the rule sees.", required=False),
    }
    example: ClassVar[str] = "- deal.move: {stage: documents_sent}"
    kinds: ClassVar[tuple[str, ...]] = ("stage",)
    result: ClassVar[str] = "deal"

    def __init__(self, setup: Setup) -> None:
        self.map = setup.map

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the move, or why there is none to make. Undecided where the deal's stage is not known."""
        deal, target = params.get("deal"), params.get("stage")
        if not isinstance(deal, Item):
            return deal if isinstance(deal, Undecided) else Undecided("deal")
        if not isinstance(target, str):
            return target if isinstance(target, Undecided) else Undecided("stage")
        before = facts.field(deal, "stage")
        if isinstance(before, Undecided):
            return before
        order = self._order(target)
        if target not in order or not isinstance(before, str):
            return Undecided(f"{deal.entity}.stage")
        if before not in order:
            return Undecided(f"стадия {target} — другого направления, сделка стоит на {before}")
        settled = self._settled(before, target)
        if settled is not None:
            is_there = (StageChange(deal, "stage", before, target),) if before == target else ()
            return Effect(params, result=deal, nothing_to_do=settled, kept=is_there)
        change = StageChange(deal, "stage", before, target)
        return Effect(params, (change,), deal, {"deal": deal, "before": before, "after": target})

    def commands(self, effect: Effect) -> Commands:
        """Move the deal, unless a person moved it to the target or beyond since the plan was made."""
        deal, target = effect.details["deal"], effect.details["after"]
        if not isinstance(deal, Item) or not isinstance(target, str):
            return deal if isinstance(deal, Item) else None
        answers = yield [self.map.read("stage", deal)]
        standing = self._stage_in(deal, answers[0].result)
        # The plan may be minutes old after a crash or a queue; "no automatic move backward, ever" is kept
        # here too.
        if standing is None or self._settled(standing, target) is None:
            yield [self.map.update("move", deal, {"stage": target})]
        return deal

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Read the stage back: the target or a later one, where a person moved the deal on, is right."""
        deal, target = effect.details.get("deal"), effect.details.get("after")
        if not isinstance(deal, Item) or not isinstance(target, str):
            return ()
        found = yield from read_back(self.map, deal, {"stage": target})
        return tuple(one for one in found if self._is_short_of(one, target))

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Put the deal back where it stood, if it still stands where this move left it."""
        deal, before, after = (effect.details.get(name) for name in ("deal", "before", "after"))
        if not isinstance(deal, Item) or not isinstance(before, str):
            return None
        return self._move_back(deal, before, after)

    def _move_back(self, deal: Item, before: str, after: Value) -> Commands:
        answers = yield [self.map.read("stage", deal, tolerate=frozenset({"NOT_FOUND"}))]
        standing = self._stage_in(deal, answers[0].result)
        if standing == before:
            return deal
        if standing != after:
            return Undecided(f"{deal} с тех пор перевели: теперь стадия {standing or 'неизвестна'}")
        yield [self.map.update("move", deal, {"stage": before})]
        left = yield from read_back(self.map, deal, {"stage": before})
        return Undecided(f"{deal} не вернулась на стадию {before}: {left[0].cause.ru}") if left else deal

    def _order(self, target: str) -> tuple[str, ...]:
        for pipeline in self.map.world.pipelines.values():
            if pipeline.entity == "deal" and target in pipeline.stages:
                return tuple(pipeline.stages)
        return ()

    def _settled(self, standing: str, target: str) -> Said | None:
        """Return why a deal standing at `standing` is not moved to `target`, None where it is."""
        stage = self.map.world.stages("deal").get(standing)
        title = stage.title if stage else standing
        if stage is not None and stage.final and standing != target:
            return Said(
                f"Сделка завершена («{title}»): завершённая сделка сама не переводится.",
                f"The deal is final (“{title}”): a final deal is never moved automatically.",
            )
        order = self._order(target)
        if standing in order and order.index(standing) >= order.index(target):
            return Said(
                f"Сделка уже на стадии «{title}»: назад она не переводится.",
                f"The deal already stands at “{title}”: it is never moved backward.",
            )
        return None

    def _stage_in(self, deal: Item, result: object) -> str | None:
        row = result.get("item") if isinstance(result, Mapping) else None
        stage = self.map.decode(deal.entity, row).get("stage") if isinstance(row, Mapping) else None
        return stage if isinstance(stage, str) else None

    def _is_short_of(self, found: Discrepancy, target: str) -> bool:
        return self._settled(found.found, target) is None


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `deal.move`."""
    return [MoveDeal(setup)]
